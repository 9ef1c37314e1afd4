"""The parts of the grader that only compute: words, pages, documents, help, memory."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import support
import wrong_programs
from support import CourseTest, compilers, lesson_named, solution_files

from grader import build
from grader.bench import procfs
from grader.build import complaints, messages
from grader.course import hints, places, sources
from grader.pages.page import page
from grader.stage import failure
from grader.bench import scratch
from grader.stage.stage import Stage
from grader.verdict import crash, document, timeline
from grader.verdict.grade import Request
from grader.verdict.record import Record
from grader.words import show

PERMITTED = (                       # what some compilers say nothing about
    "wide blank", "printf-var", "self-compare-unsigned", "prototype",
    # glibc's headers make a cast of these needless, others do not
    "cast-bind", "cast-connect", "cast-accept")


class Show(unittest.TestCase):
    """Bytes and numbers in words."""

    def test_quoted(self):
        """bytes are quoted as in C, within the room there is"""
        for data, limit, text in [
                (b"", 40, '""'), (b"hello", 40, '"hello"'),
                (b'\0\n\r\t"\\', 40, r'"\0\n\r\t\"\\"'),
                (b"\x7f\xff", 40, r'"\x7f\xff"'),
                (b"a" * 100, 10, '"aaaaaa..."')]:
            with self.subTest(data[:9]):
                self.assertEqual(show.quoted(data, limit), text)

    def test_quoted_fits(self):
        """no quotation is wider than the room, give or take the three dots"""
        for size in range(64):
            for limit in (12, 30, 40):
                data = bytes(range(size))
                self.assertLessEqual(len(show.quoted(data, limit)), limit + 3)

    def test_count(self):
        """numbers agree with their nouns"""
        self.assertEqual(show.count(1), "1 byte")
        self.assertEqual(show.count(0), "0 bytes")
        self.assertEqual(show.count(1048576), "1,048,576 bytes")
        self.assertEqual(show.count(2, "process", "processes"), "2 processes")

    def test_address(self):
        """addresses of both families are written as everybody does"""
        self.assertEqual(show.address(("127.0.0.1", 80)), "127.0.0.1:80")
        self.assertEqual(show.address(("::1", 80, 0, 0)), "[::1]:80")


class Sources(unittest.TestCase):
    """C code without its comments, and the calls in it."""

    def test_without_comments(self):
        """comments and strings are blanked, and every line stays where it is"""
        code = 'a(); /* b();\n c(); */ d("e();"); // f();\ng(\'"\'); h();\n'
        clean = sources.without_comments(code)
        self.assertEqual(clean.count("\n"), code.count("\n"))
        for name, there in zip("abcdefgh", (1, 0, 0, 1, 0, 0, 1, 1)):
            self.assertEqual(f"{name}(" in clean, bool(there), name)

    def test_calls(self):
        """a call is found where it stands; a word in a comment is none"""
        with tempfile.TemporaryDirectory() as place:
            with open(os.path.join(place, "x.c"), "w", encoding="utf-8") as file:
                file.write("/* sleep(1) */\nint nosleep(int);\nint f(void)\n{\n"
                           "    return x.sleep(1) + (int)sleep (2);\n}\n")
            self.assertEqual(list(sources.calls_to(place, ["sleep"])),
                             [("x.c", 5, "sleep")])


class Threads(unittest.TestCase):
    """Where the threads of a program sit, as /proc tells."""

    def test_stopped_and_continued(self):
        """what a program waits in is known, and for how long, after SIGSTOP too"""
        for wait, is_poll, for_ever in [
                ("p = select.poll(); p.register(0); p.poll()", True, True),
                ("p = select.poll(); p.register(0); p.poll(99000)", True, False),
                ("threading.Event().wait(99)", False, False)]:  # by futex(2)
            with self.subTest(wait), subprocess.Popen(
                    [sys.executable, "-c", f"import select, threading; {wait}"],
                    stdin=subprocess.PIPE) as child:
                def sleeps(pid=child.pid):      # futex is a "nanosleep" afterwards
                    return procfs.state(pid) == "S" and procfs.threads(pid)[0].call \
                        in ("poll", "futex", "nanosleep")
                self.assertTrue(support.wait_for(sleeps))
                child.send_signal(signal.SIGSTOP)
                self.assertTrue(support.wait_for(
                    lambda pid=child.pid: procfs.state(pid) == "T"))
                child.send_signal(signal.SIGCONT)
                self.assertTrue(support.wait_for(sleeps))
                thread, = procfs.threads(child.pid)
                self.assertEqual(thread.call == "poll", is_poll)
                self.assertEqual(procfs.waits_for_ever(thread), for_ever)
                child.kill()


class CompilerHelp(unittest.TestCase):
    """The sentence of help fits what the compiler says."""

    def test_there_are_enough(self):
        """a hundred mistakes are tried, and each row of the table knows its hints"""
        self.assertGreaterEqual(len(wrong_programs.WRONG), 100)
        sections = hints.sections(hints.COMPILER)
        for _, help_text, section in [*messages.ROWS, complaints.NOT_CLOSED]:
            with self.subTest(help_text):
                self.assertEqual(len(sections[section]), 3)
        used = {section for _, _, section in messages.ROWS}
        self.assertEqual(used | {"other", "comment"}, set(sections))

    def test_lacking_sanitizer(self):
        """a missing sanitizer library is not taken for the learner's mistake"""
        for text in ("/usr/bin/ld: cannot find -lasan: No such file or directory",
                     "/usr/bin/ld: cannot find /usr/lib/libclang_rt.asan-x86_64.a",
                     "/usr/bin/ld: cannot find libtsan_preinit.o"):
            with self.subTest(text):
                self.assertTrue(complaints.lacks_sanitizer(text))
        self.assertFalse(complaints.lacks_sanitizer("undefined reference to `asan'"))

    def said(self, compiler, program):
        """Return (exit status, what the compiler says) of a program."""
        with support.compiler(compiler), tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "program.c")
            with open(path, "w", encoding="utf-8") as file:
                file.write(program)
            code, text = build.run([*build.compiler(), *build.flags("plain"), "-o",
                                    os.path.join(place, "program"), path])
            return code, text.replace(place + "/", "")

    def gets_help(self, compiler, program, words):
        """This compiler says something, and the sentence has these words."""
        _, text = self.said(compiler, program)
        if not text.strip():
            return False
        self.assertIn(words, complaints.sentence(text), text)
        shown = complaints.first_error(text)
        self.assertLessEqual(len(shown.splitlines()), complaints.LINES)
        self.assertLessEqual(max(map(len, shown.splitlines())), complaints.WIDTH + 2)
        self.assertNotRegex(shown, "In file included|/usr/")
        return True

    def test_types_are_shown(self):
        """the compiler's own line about the two types stays, beside the source"""
        program = next(p for n, p, _ in wrong_programs.WRONG if n == "cast-storage")
        for compiler, line in [("gcc", "note: expected '__SOCKADDR_ARG' but argument "
                                       "is of type"),
                               ("clang", "note: passing argument to parameter")]:
            if compiler in compilers():
                with self.subTest(compiler):
                    shown = complaints.first_error(self.said(compiler, program)[1])
                    self.assertIn(line, " ".join(shown.split()))
                    self.assertIn("getsockname(3, &addr, &len);", shown)
                    self.assertIn("^~~~~", shown)


def _add_mistakes():
    """Add a test for each compiler: all mistakes."""
    for compiler in ("gcc", "clang"):
        def test(self, compiler=compiler):
            for name, program, words in wrong_programs.WRONG:
                with self.subTest(name):
                    refused = self.gets_help(compiler, program, words)
                    self.assertTrue(refused or name in PERMITTED)
        test.__doc__ = f"every mistake of wrong_programs.py gets its help: {compiler}"
        setattr(CompilerHelp, f"test_mistakes_{compiler}", unittest.skipUnless(
            compiler in compilers(), f"{compiler} is not installed")(test))


_add_mistakes()


class Reports(unittest.TestCase):
    """A sanitizer's report in one line."""

    def test_summary(self):
        """the summary has no path and no address"""
        text = ("==7==ERROR: AddressSanitizer: heap-buffer-overflow on 0x602000\n"
                "    #0 0x4f in main /some/where/upperd.c:9\n"
                "SUMMARY: AddressSanitizer: heap-buffer-overflow "
                "/some/where/upperd.c:9 in main\n")
        self.assertIn("heap-buffer-overflow", crash.summary(text))
        self.assertNotIn("/", crash.summary(text))
        self.assertEqual(crash.summary(""), "")


class Documents(unittest.TestCase):
    """From records to a verdict and an exit status."""

    def concluded(self, *verdicts):
        """Return the document of a run whose checks ended so (None: not run)."""
        place = places.place_of(4)
        lesson = support.lesson_class(place.name)
        whole = document.new(place, lesson, place.solution,
                             Request(4, place.solution))
        planned = [self.record(i, None) for i in range(len(verdicts))]
        document.fill_in(whole, [self.record(i, v) for i, v in enumerate(verdicts)
                                 if v], planned)
        return whole

    @staticmethod
    def record(number, verdict):
        """Return the Record of the check of this number, worth two points."""
        return Record.from_dict({
            "id": f"check{number}", "verdict": verdict, "bug": None, "reason": "",
            "points": {"earned": 2 * (verdict == "PASS"), "possible": 2}})

    def test_exit_status(self):
        """0 only when every check passed; what was skipped never counts as passed"""
        for status, verdict, *verdicts in [
                (0, "PASS", "PASS", "PASS"), (1, "FAIL", "PASS", "FAIL", None),
                (1, "UNTOUCHED", "UNTOUCHED", None), (1, "CRASH", "CRASH"),
                (3, "INFRA", "INFRA", None), (3, "SKIP", "PASS", "SKIP"),
                (1, "FAIL", "SKIP", "FAIL"), (3, "INFRA", None, None)]:
            with self.subTest(verdicts=verdicts):
                whole = self.concluded(*verdicts)
                self.assertEqual((whole["exit_status"], whole["verdict"]),
                                 (status, verdict))
                self.assertEqual(whole["points"]["earned"], 2 * verdicts.count("PASS"))
                self.assertEqual(whole["points"]["possible"], 2 * len(verdicts))
                self.assertEqual(len(whole["checks"]), len(verdicts))

    def test_one_id_twice(self):
        """a plan in which two checks have the same ID is no pass"""
        whole = self.concluded("PASS", "PASS")
        planned = [Record.from_dict({**c, "id": "same"}) for c in whole["checks"]]
        document.fill_in(whole, planned, planned)
        self.assertEqual(whole["verdict"], "INFRA")


class Page(CourseTest):
    """The page says what the document says, and nothing else."""

    def test_from_the_document_alone(self):
        """the page printed is the page of the document, written and read back"""
        broken = solution_files(lesson_named(4))["upperd.c"].replace(
            b"toupper", b"tolower")
        for name, text in (("right", None), ("wrong", broken), ("no C", b"x")):
            files = solution_files(lesson_named(4)) if text is None else \
                {"upperd.c": text}
            path = os.path.join(self.course, name)
            done = self.run_it(4, "--submission", self.hand_in(files), "--json", path)
            with self.subTest(name):
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(page(json.load(file)), done.stdout)

    def test_orders_to_the_terminal(self):
        """control characters never reach the page"""
        self.assertEqual(show.clean("a\x1b[2J\r\u202e\tb\n"), "a?[2J??    b\n")


class State(CourseTest):
    """What is remembered between two runs."""

    def test_broken_state(self):
        """a broken memory is as good as none"""
        self.write(4, solution_files(lesson_named(4)))
        self.assertEqual(self.run_it(4, "--check", "hello_world").returncode, 0)
        directory = os.path.join(self.course, "build", "state")
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        for file in ("lesson04.json", "hints.json"):
            with open(os.path.join(directory, file), "w", encoding="utf-8") as out:
                out.write('{"half": ')
        self.assertEqual(self.run_it(4, "--hint").returncode, 2)
        self.assertEqual(self.run_it("--progress").returncode, 0)


class Words(unittest.TestCase):
    """Small promises between the parts."""

    def test_failure_finds_out(self):
        """a failure may be told its bug by a function, which is asked at once"""
        self.assertEqual(failure.Failure("a", "b", lambda: "H13").bug, "H13")

    def test_places(self):
        """a lesson is found by its number, however it is written"""
        for number in (4, "4", "04", "004"):
            with self.subTest(number):
                self.assertEqual(places.place_of(number).name, lesson_named(4))
        self.assertEqual(places.shown(os.path.join(places.ROOT, "a", "b")), "a/b")
        self.assertEqual(places.shown("/nowhere/x"), "/nowhere/x")

    def test_entries_of_a_quiet_stage(self):
        """a check in which nothing happened has an empty chart"""
        stage = Stage(scratch.new())
        self.addCleanup(stage.end)
        self.assertEqual(timeline.entries(stage, "."), ([], 0))


if __name__ == "__main__":
    unittest.main()
