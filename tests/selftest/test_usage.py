"""The grader in clumsy hands and strange places: a sentence, never a traceback."""
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

import support
from support import CourseTest, lesson_named, solution_files

NOBODY = 65534                      # a user with no rights and no files
# A sleep that ends some day: the grader waits for it as long as it has patience.
HANGS = "#include <unistd.h>\nint main(void) { for (;;) sleep(1000); }\n"
TCP_CLIENT = lesson_named(1)


class BadInput(CourseTest):
    """What cannot be done is said in one sentence; the exit status tells who errs."""

    def says(self, status, words, *arguments, **options):
        """The grader ends with this status, and its only words on stderr have these."""
        done = self.run_it(*arguments, **options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIn(words, done.stderr)
        self.assertEqual(done.stdout, "")
        return done

    def test_unknown_lesson(self):
        """a lesson that does not exist is refused by a sentence that names those"""
        known = ", ".join(str(int(n[:2])) for n in support.lessons())
        for number in ("77", "x", "4x", "0", "1e9", "", "4.0", "../lessons"):
            with self.subTest(number):
                self.says(2, f"there is no lesson {number}; the lessons are {known}",
                          number)

    def test_bad_options(self):
        """unknown options, checks and values are refused"""
        for words, *arguments in [
                ("which lesson", ), ("no check nonsense", 1, "--check", "nonsense"),
                ("--given", 1, "--given", "nonsense"), ("--build", 1, "--build", "x"),
                ("--frob", 1, "--frob"), ("not allowed", 1, "--hint", "--reset"),
                ("which lesson", "--hint"), ("which lesson", "--watch")]:
            with self.subTest(words):
                self.says(2, words, *arguments)

    def test_submission(self):
        """a submission that is no directory is refused"""
        self.says(2, "no such directory", 1, "--submission", "nowhere")
        self.says(2, "no such directory", 1, "--submission", "Makefile")

    def test_unwritable_json(self):
        """a document that cannot be written is the caller's mistake"""
        self.says(2, "no/where", 1, "--json", "no/where")

    def test_no_compiler(self):
        """without a compiler the machine is at fault"""
        self.says(3, "no C compiler", 1, "--submission", f"solutions/{TCP_CLIENT}",
                  CC="nonsense-cc")

    def test_no_hint_yet(self):
        """there is no hint before a check"""
        self.says(2, "run make check-lesson4 first", 4, "--hint")


class BadSources(CourseTest):
    """What is wrong with the files is the submitter's affair: exit status 1."""

    def is_refused(self, files, *words):
        """Grading these files as lesson 01 gives a BUILD page with these words."""
        directory = self.hand_in(files)
        done = self.run_it(1, "--submission", directory)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("BUILD", done.stdout)
        for word in words:
            self.assertIn(word, " ".join(done.stdout.split()))
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80, done.stdout)
        document = support.grade(1, directory, root=self.course)
        self.assertEqual(document["verdict"], "BUILD")
        self.assertEqual(document["points"]["earned"], 0)
        self.assertGreater(document["points"]["possible"], 0)

    def test_compiler_error(self):
        """the compiler's first error is shown unchanged, with a sentence of help"""
        self.is_refused({"tcpget.c": "int main(void)\n{\n    return 0\n}\n"},
                        "tcpget.c:3:", "expected", "Help", "semicolon")

    def test_missing(self):
        """a missing or renamed file is named, and so are those that are there"""
        self.is_refused({}, "tcpget.c is missing")
        self.is_refused({"client.c": "int x;\n"}, "tcpget.c is missing", "client.c")

    def test_not_text(self):
        """empty, UTF-16 and binary files are told apart"""
        source = solution_files(TCP_CLIENT)["tcpget.c"]
        self.is_refused({"tcpget.c": ""}, "is empty")
        self.is_refused({"tcpget.c": source.decode().encode("utf-16")}, "UTF-16")
        self.is_refused({"tcpget.c": source + b"\0"}, "zero bytes")

    def test_directory(self):
        """a directory in the place of the file is named"""
        directory = self.hand_in({})
        os.mkdir(os.path.join(directory, "tcpget.c"))
        done = self.run_it(1, "--submission", directory)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is a directory", done.stdout)

    def test_windows_and_bom(self):
        """lines that end in CR LF, and a byte order mark, do no harm"""
        source = solution_files(TCP_CLIENT)["tcpget.c"]
        for text in (source.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + source):
            directory = self.hand_in({"tcpget.c": text})
            with self.subTest(text[:3]):
                done = self.run_it(1, "--submission", directory)
                self.assertEqual(done.returncode, 0, done.stdout)


class Surroundings(CourseTest):
    """Where it is started, by whom, and with what."""

    where = "a course with blanks ü"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.solution = os.path.join(cls.course, "solutions", TCP_CLIENT)

    def passes(self, done):
        """The run passed."""
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def command(self, *arguments):
        """Return the command that grades the solution, with more arguments."""
        return [sys.executable, os.path.join(self.course, "tests", "run.py"), "1",
                "--submission", self.solution, *arguments]

    def popen(self, *arguments, **options):
        """Run the command, with options of subprocess.run; no traceback may come."""
        done = subprocess.run(self.command(*arguments), stderr=subprocess.PIPE,
                              timeout=support.PATIENCE, env=support.environment(),
                              **options)
        self.assertNotIn(b"Traceback", done.stderr + (done.stdout or b""))
        return done

    def test_elsewhere(self):
        """it runs from another directory, in a path with blanks"""
        done = self.popen(cwd="/", stdout=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_relative_submission(self):
        """a relative submission is meant from where one stands"""
        done = support.run_grader(1, "--submission", ".", root=self.course,
                                  cwd=self.solution)
        self.passes(done)

    def test_closed_stdin(self):
        """it runs with descriptors 0, 1 and 2 closed"""
        for closed in ("<&-", "<&- >&-", "<&- >&- 2>&-"):
            with self.subTest(closed):
                done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh",
                                       *self.command()], cwd=self.course,
                                      env=support.environment(), timeout=60)
                self.assertEqual(done.returncode, 0)

    def test_reader_gone(self):
        """when nobody reads the page any more it ends without a word"""
        ours, theirs = os.pipe()
        os.close(ours)
        done = self.popen(cwd=self.course, stdout=theirs)
        os.close(theirs)
        self.assertEqual(done.returncode, 3)
        self.assertEqual(done.stderr, b"")

    def test_two_at_once(self):
        """several runs at the same time in the same clone do not disturb each other"""
        shutil.rmtree(os.path.join(self.course, "build"), ignore_errors=True)
        runs = [subprocess.Popen(self.command(), cwd=self.course,
                                 env=support.environment(), stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT) for _ in range(4)]
        for run in runs:
            out, _ = run.communicate(timeout=support.PATIENCE)
            self.assertEqual(run.returncode, 0, out.decode())

    def test_poor_locale(self):
        """in a locale without other letters the page still comes"""
        directory = self.hand_in({"tcpget.c": '#error "gar böse" \\\n'})
        for env in ({"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}):
            with self.subTest(env):
                done = self.run_it(1, "--submission", directory, **env)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("BUILD", done.stdout)

    def test_document(self):
        """--json writes the same document to a file and to stdout; the page stays"""
        path = os.path.join(self.course, "document.json")
        done = self.run_it(1, "--submission", self.solution, "--json", path)
        self.passes(done)
        self.assertIn("All 15 checks passed.", done.stdout)
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        printed = support.grade(1, self.solution, root=self.course)
        for document in (kept, printed):
            for item in (document, *document["checks"]):
                item.pop("milliseconds")
        self.assertEqual(kept, printed)

    def test_build_is_a_file(self):
        """when nothing can be built the machine is at fault"""
        build = os.path.join(self.course, "build")
        shutil.rmtree(build, ignore_errors=True)
        with open(build, "w", encoding="utf-8"):
            pass
        self.addCleanup(os.remove, build)
        done = self.run_it(1, "--submission", self.solution)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("build", done.stderr)

    def test_full_disk(self):
        """when the disk is full the machine is at fault"""
        shutil.rmtree(os.path.join(self.course, "build"), ignore_errors=True)
        mount = ('mkdir -p build && mount -t tmpfs -o size=48k none build || exit 99\n'
                 'exec "$@"')
        done = subprocess.run(["unshare", "-rm", "sh", "-c", mount, "sh",
                               *self.command()], cwd=self.course, text=True,
                              env=support.environment(), timeout=support.PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode in (1, 99) and not done.stdout:
            self.skipTest("machine: nothing can be mounted here")
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)


@unittest.skipIf(os.getuid() != 0, "machine: only root can become another user")
class AnotherUser(CourseTest):
    """The grader as a user without any rights."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for directory, names, files in os.walk(cls.course):
            for name in (*names, *files):
                os.chown(os.path.join(directory, name), NOBODY, NOBODY)
        os.chown(cls.course, NOBODY, NOBODY)

    def run_as_nobody(self, *arguments):
        """Run the grader as that user."""
        def become():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        try:
            done = subprocess.run(
                [sys.executable, "tests/run.py", *map(str, arguments)], cwd=self.course,
                env=support.environment(HOME=self.course), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                timeout=support.PATIENCE, preexec_fn=become)
        except PermissionError:
            self.skipTest("machine: this Python is root's alone")
        if "Permission denied" in done.stderr and not done.stdout and \
                "run.py" not in done.stderr:
            self.skipTest("machine: this Python is root's alone")
        self.assertNotIn("Traceback", done.stderr + done.stdout)
        return done

    def test_passes(self):
        """it works without any privilege"""
        done = self.run_as_nobody(1, "--submission", f"solutions/{TCP_CLIENT}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_unreadable_file(self):
        """a file that may not be read is named"""
        directory = self.hand_in({"tcpget.c": "int main(void) { }\n"})
        os.chmod(os.path.join(directory, "tcpget.c"), 0)
        done = self.run_as_nobody(1, "--submission", directory)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("cannot be read", done.stdout)

    def test_read_only_course(self):
        """in a course that may not be written the machine is at fault"""
        shutil.rmtree(os.path.join(self.course, "build"), ignore_errors=True)
        os.chown(self.course, 0, 0)
        self.addCleanup(os.chown, self.course, NOBODY, NOBODY)
        done = self.run_as_nobody(1, "--submission", f"solutions/{TCP_CLIENT}")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("build", done.stderr)


class Interrupted(CourseTest):
    """Whoever ends the grader ends everything it has started."""

    def is_ended_by(self, number, status, to_group):
        """A signal in the middle of a check leaves nothing running."""
        directory = self.hand_in({"tcpget.c": HANGS})
        before = support.scratch_places()
        run = subprocess.Popen(
            [sys.executable, "tests/run.py", "1", "--submission", directory],
            cwd=self.course, env=support.environment(LOOPBACK_PATIENCE="60"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True)
        cache = os.path.join(self.course, "build", "cache")
        self.assertTrue(support.wait_for(lambda: support.running([cache])))
        mine = support.scratch_places() - before
        (os.killpg if to_group else os.kill)(run.pid, number)
        out, err = run.communicate(timeout=support.PATIENCE)
        self.assertEqual(run.returncode, status, out + err)
        self.assertNotIn("Traceback", err)
        support.wait_for(lambda: not support.running([cache]), 5)
        self.assertEqual(support.running([cache]), [])
        support.wait_for(lambda: not mine & support.scratch_places())
        self.assertEqual(mine & support.scratch_places(), set())

    def test_ctrl_c(self):
        """Ctrl-C"""
        self.is_ended_by(signal.SIGINT, 130, to_group=True)

    def test_sigterm(self):
        """SIGTERM"""
        self.is_ended_by(signal.SIGTERM, 143, to_group=False)

    def test_terminal_gone(self):
        """SIGHUP, when the terminal is closed"""
        self.is_ended_by(signal.SIGHUP, 129, to_group=True)


if __name__ == "__main__":
    unittest.main()
