"""What the tests of the grader share: running it, copying the course, patches."""
import contextlib
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
ROOT = os.path.dirname(TESTS)
sys.path.insert(0, TESTS)

from grader import build  # noqa: E402
from grader.bench import scratch  # noqa: E402
from grader.course import places  # noqa: E402
from grader.bench.patience import Deadline, Pauses, slowness  # noqa: E402
from grader.pages.page import page  # noqa: E402
from grader.verdict import grade as verdict  # noqa: E402

PATIENCE = 120 * slowness()         # seconds for one run of the grader
OPTIONS_OF_MAKE = ("CC", "PLAIN", "GIVEN", "SUBMISSION", "JSON", "ALL", "CHECK",
                   "QUICK", "CLIENTS", "WORK", "SVG", "MAKEFLAGS", "MAKELEVEL",
                   "MFLAGS", "NO_COLOR")
PARTS = ("lessons", "solutions", "common", "docs", "tests/checks", "tests/grader",
         "tests/interposer", "tests/compare", "tests/selftest/skeletons")


# Running the grader

def environment(**changes):
    """Return the environment for a run: ours without make's options, then `changes`.

    A change to None takes the variable away.
    """
    env = {k: v for k, v in os.environ.items() if k not in OPTIONS_OF_MAKE}
    env.update(changes)
    return {k: v for k, v in env.items() if v is not None}


def run_grader(*arguments, root=ROOT, seconds=PATIENCE, cwd=None, **env):
    """Run tests/run.py of the course in `root`; return the CompletedProcess."""
    return subprocess.run(
        [sys.executable, "-ESs", os.path.join(root, "tests", "run.py"),
         *map(str, arguments)],
        cwd=cwd or root, env=environment(**env), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        timeout=seconds)


def grade(number, directory, *options, root=ROOT, **env):
    """Grade the files in `directory` as lesson `number`; return the document.

    AssertionError when there is no document, with what was said instead.
    """
    done = run_grader(number, "--submission", directory, "--json", "-", *options,
                      root=root, **env)
    try:
        document = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"no document, exit status {done.returncode}:\n"
                             f"{done.stdout}{done.stderr}") from None
    if done.returncode != document["exit_status"]:
        raise AssertionError(f"exit status {done.returncode}, the document says "
                             f"{document['exit_status']}")
    return document


def grade_here(number, directory, variant="asan", compiler_name=None, **options):
    """Grade files in this process, as grade() does in one of its own; the document.

    For what is about the checks: to start Python costs as much as some lessons.
    options are those of verdict.grade.Request.
    """
    with compiler(compiler_name) if compiler_name else contextlib.nullcontext():
        return verdict.grade(verdict.Request(number, directory, variant, **options))


def first_failure(document):
    """Return the record of the first check that did not pass, or None."""
    return next((c for c in document["checks"]
                 if c["verdict"] not in (None, "PASS", "SKIP")), None)


def told(document):
    """Return the page of a document, for the message of a test that fails."""
    return "\n" + page(document, whole=True)


# What there is to test

def lessons():
    """Return the names of the lessons, such as "04-tcp-server"."""
    return places.lesson_names()


def lesson_class(name):
    """Return the class of checks of the lesson `name`."""
    return verdict.load(int(name[:2]))[1]


def compilers():
    """Return those of gcc and clang that are on this machine."""
    return [c for c in ("gcc", "clang") if shutil.which(c)]


@contextlib.contextmanager
def compiler(name):
    """Let grader.build in this process use the compiler `name`."""
    before = os.environ.get("CC")
    os.environ["CC"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["CC"]
        else:
            os.environ["CC"] = before


def lacks(compiler_name, variant):
    """Say whether a compiler of this machine has not what `variant` needs."""
    with compiler(compiler_name):
        return variant != "plain" and build.missing_sanitizer(variant)


def files_below(*tops, ends=("",)):
    """Yield the paths of all files below the directories `tops`, in order.

    tops  relative to the course; ends: what their names may end with
    """
    for top in tops:
        for directory, names, files in os.walk(os.path.join(ROOT, top)):
            names[:] = sorted(n for n in names if n not in (".git", "__pycache__")
                              and os.path.join(directory, n) != places.BUILD)
            for file in sorted(files):
                if file.endswith(tuple(ends)):
                    yield os.path.join(directory, file)


def shown(path):
    """Return a path relative to the course."""
    return os.path.relpath(path, ROOT)


def text_of(*path):
    """Return the text of a file of the course."""
    with open(os.path.join(ROOT, *path), encoding="utf-8",
              errors="replace") as file:
        return file.read()


# Places to work in

def submission(files):
    """Return a directory that holds `files`, {name: text or bytes}, and nothing else.

    It lies below build/, named after its contents, so that a second run of the
    tests finds programs built already.
    """
    data = {n: t.encode() if isinstance(t, str) else t for n, t in files.items()}
    name = hashlib.sha256(repr(sorted(data.items())).encode()).hexdigest()[:20]
    directory = os.path.join(places.build_dir("selftest"), name)
    if not os.path.isdir(directory):
        aside = tempfile.mkdtemp(dir=places.build_dir("selftest"))
        for file, contents in data.items():
            with open(os.path.join(aside, file), "wb") as out:
                out.write(contents)
        try:
            os.rename(aside, directory)
        except OSError:                 # another process was faster
            shutil.rmtree(aside)
    return directory


def sources_in(directory):
    """Return {name: bytes} of the C files and headers in `directory`."""
    found = {}
    for name in sorted(os.listdir(directory)):
        if name.endswith((".c", ".h")):
            with open(os.path.join(directory, name), "rb") as file:
                found[name] = file.read()
    return found


def copy_course(place):
    """Copy what a learner has of the course into the directory `place`."""
    for part in PARTS:
        shutil.copytree(os.path.join(ROOT, part), os.path.join(place, part),
                        ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("Makefile", "README.md", "tests/run.py"):
        shutil.copy(os.path.join(ROOT, file), os.path.join(place, file))
    for name in lessons():              # lessons/ may hold somebody's work
        for file, text in sources_in(os.path.join(place, "tests", "selftest",
                                                  "skeletons", name)).items():
            with open(os.path.join(place, "lessons", name, file), "wb") as out:
                out.write(text)


# Patches: what diff -u writes; a hunk may have moved, but its context must be there

class BadPatch(Exception):
    """A patch is malformed or does not fit."""


def apply_patch(patch, files):
    """Return {name: text}: `files` after the unified diff `patch` (patch -p1).

    Raises BadPatch when a hunk's old lines are nowhere behind the hunk before.
    """
    result = dict(files)
    for part in re.split(r"^--- .*\n(?=\+\+\+ )", patch, flags=re.MULTILINE)[1:]:
        head, *hunks = re.split(r"^@@ -(?=\d)", part, flags=re.MULTILINE)
        name = head.split()[1].partition("/")[2]
        if name not in files or not hunks:
            raise BadPatch(f"there is no {name}, or nothing changes in it")
        lines, done, new = files[name].splitlines(keepends=True), 0, []
        for hunk in hunks:
            start, before, after = _hunk(hunk)
            at = _place_of(before, lines, start, done)
            new += lines[done:at] + after
            done = at + len(before)
        result[name] = "".join(new + lines[done:])
    if result == files:
        raise BadPatch("it changes nothing")
    return result


def _hunk(text):
    """Return (line it says it starts at, from 0; its old lines; its new lines)."""
    head, *body = text.splitlines(keepends=True)
    body = [line if line != "\n" else " \n" for line in body]
    if any(line[0] not in " -+" for line in body):
        raise BadPatch(f"a line of the hunk @@ -{head.strip()} has no mark")
    return (int(re.match(r"\d+", head)[0]) - 1,
            [line[1:] for line in body if line[0] != "+"],
            [line[1:] for line in body if line[0] != "-"])


def _place_of(before, lines, start, done):
    """Return where the lines `before` are, as near to `start` as possible."""
    found = [at for at in range(done, len(lines) - len(before) + 1)
             if lines[at:at + len(before)] == before]
    if not found:
        raise BadPatch(f"what should be changed near line {start + 1} is not there")
    return min(found, key=lambda at: abs(at - start))


# A course of its own, for tests that write into it

def solution_files(lesson):
    """Return {name: bytes} of the solution of `lesson`."""
    return sources_in(os.path.join(ROOT, "solutions", lesson))


def lesson_named(number):
    """Return the name of lesson `number`, such as "04-tcp-server"."""
    return next(n for n in lessons() if int(n[:2]) == number)


class CourseTest(unittest.TestCase):
    """A test class that works in a copy of the course: self.course is its path."""

    where = "course"                    # name of the directory of the copy

    @classmethod
    def setUpClass(cls):
        cls._top = tempfile.TemporaryDirectory()
        os.chmod(cls._top.name, 0o755)  # so that another user may look at it
        cls.course = os.path.join(cls._top.name, cls.where)
        os.mkdir(cls.course)
        copy_course(cls.course)

    @classmethod
    def tearDownClass(cls):
        cls._top.cleanup()

    def run_it(self, *arguments, **options):
        """Run the grader of the copy; it must not print a traceback."""
        done = run_grader(*arguments, root=self.course, **options)
        self.assertNotIn("Traceback", done.stdout + done.stderr)
        return done

    def write(self, number, files):
        """Replace the learner's files of lesson `number`: {name: text or bytes}."""
        directory = os.path.join(self.course, "lessons", lesson_named(number))
        for name, text in files.items():
            with open(os.path.join(directory, name), "wb") as file:
                file.write(text.encode() if isinstance(text, str) else text)
        return directory

    def hand_in(self, files, name="handed-in"):
        """Return a new directory in the copy that holds `files`."""
        directory = tempfile.mkdtemp(prefix=name, dir=self.course)
        os.chmod(directory, 0o755)
        for file, text in files.items():
            with open(os.path.join(directory, file), "wb") as out:
                out.write(text.encode() if isinstance(text, str) else text)
        return directory


def running(programs):
    """Return the pids of the processes that run one of these executables."""
    found = []
    for link in glob.glob("/proc/[0-9]*/exe"):
        try:
            if os.readlink(link).startswith(tuple(programs)):
                found.append(int(link.split("/")[2]))
        except OSError:
            pass                        # ended meanwhile, or not ours to see
    return found


def scratch_places(pid="*"):
    """Return the scratch directories there are now, of the run `pid` or of all."""
    return {found for place in scratch.PLACES
            for found in glob.glob(os.path.join(place, f"{scratch.PREFIX}{pid}-*"))}


def wait_for(done, seconds=60):
    """Ask done() until it is true; return what it said last."""
    deadline, pauses = Deadline(seconds), Pauses()
    while not (answer := done()) and not deadline.is_over():
        pauses.wait()
    return answer
