"""What the Makefile offers a learner does what it says: hints, reset, watch, ..."""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import unittest

import mutants
import support
from support import CourseTest, lesson_named, lessons, solution_files, text_of

LESSON = lesson_named(4)


def h13():
    """Return the sources of a server with the bug H13."""
    mutant = next(m for m in mutants.mutants(LESSON) if m.bug == "H13")
    files = {n: t.decode() for n, t in solution_files(LESSON).items()}
    return support.apply_patch(mutant.patch, files)


def skeleton_files():
    """Return {name: bytes} of lesson 04's skeleton."""
    return support.sources_in(os.path.join(support.HERE, "skeletons", LESSON))


class Commands(CourseTest):
    """One command each, in a copy of the course."""

    def setUp(self):
        self.write(4, skeleton_files())

    def make(self, *words, status=0, **env):
        """Run make in the copy; return what it printed on stdout."""
        done = subprocess.run(["make", f"PYTHON={sys.executable}", *words],
                              cwd=self.course, env=support.environment(**env),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True,
                              timeout=support.PATIENCE)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stdout + done.stderr)
        return done.stdout

    def test_make_alone(self):
        """make alone lists every target that is meant for people"""
        text = self.make()
        for target in re.findall(r"^([\w.%-]+):.*##", text_of("Makefile"), re.M):
            with self.subTest(target):
                self.assertIn("make " + target.replace("%", "N"), text)

    def test_status(self):
        """make fails when a check fails, and succeeds when all pass"""
        self.make("check-lesson4", status=2)
        self.make("check-lesson77", status=2)
        self.make("check-lesson4", f"SUBMISSION=solutions/{LESSON}")
        self.make("check-lesson04", f"SUBMISSION=solutions/{LESSON}",
                  "CHECK=hello_world")

    def test_values_with_blanks(self):
        """make hands on a SUBMISSION and a JSON with blanks and quotes in them"""
        directory = self.hand_in(solution_files(LESSON), "it's \"mine\" $x ")
        document = os.path.join(self.course, "a 'document'.json")
        self.make("check-lesson4", "CHECK=hello_world",
                  "SUBMISSION=" + directory.replace("$", "$$"), "JSON=" + document)
        self.assertTrue(os.path.exists(document))

    def test_hints(self):
        """make hint gives the three hints of the bug found, one at a time"""
        self.write(4, h13())
        page = self.make("check-lesson4", status=2)
        self.assertIn("hint 1 of 3 for H13", page)
        for level in ("Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"):
            text = self.make("hint-lesson4")
            self.assertIn(level, text)
            self.assertIn("H13:", text)
        self.assertIn("docs/bugs/H13.md", text)
        page = self.make("check-lesson4", status=2)
        self.assertIn("hint 3 of 3 for H13", page)

    def test_nothing_to_hint_at(self):
        """after a pass there is nothing to hint at, and progress counts the lesson"""
        self.write(4, solution_files(LESSON))
        self.make("check-lesson4")
        self.assertIn("no mistake", self.make("hint-lesson4"))
        text = self.make("progress")
        self.assertRegex(text, rf"ok +{LESSON}")
        self.assertIn("1 of 24", text)

    def test_trace(self):
        """make trace runs the check that failed alone and shows all of its chart"""
        self.write(4, h13())
        self.make("check-lesson4", status=2)
        page = self.make("trace-lesson4", status=2)
        self.assertIn("[H13]", page)
        self.assertNotIn("  ok  ", page)
        self.assertIn("socket(", page)
        page = self.make("trace-lesson4", "CHECK=hello_world")
        self.assertIn("  ok  ", page)

    def test_trace_does_not_forget(self):
        """a single check is not taken for the state of the lesson"""
        self.write(4, h13())
        self.make("check-lesson4", status=2)
        self.make("check-lesson4", "CHECK=hello_world")
        self.assertIn("H13:", self.make("hint-lesson4"))

    def test_all(self):
        """ALL=1 goes on after the first failure"""
        self.write(4, h13())
        page = self.make("check-lesson4", "ALL=1", status=2)
        self.assertNotIn("not run", page)
        self.assertGreater(page.count("  ok  "), 10)

    def test_reset(self):
        """make reset brings the skeleton back, and keeps every old file"""
        for text in (b"/* first */\n", b"/* second */\n"):
            directory = self.write(4, {"upperd.c": text})
            said = self.make("reset-lesson4")
            kept = re.search(r"is now (\S+)", said)[1]
            with open(os.path.join(self.course, kept), "rb") as file:
                self.assertEqual(file.read(), text)
        self.assertEqual(support.sources_in(directory), skeleton_files())
        self.assertIn("UNTOUCHED", support.run_grader(
            4, "--json", "-", root=self.course).stdout)

    def test_every(self):
        """make check says one line for each lesson"""
        text = self.make("check", status=2)
        self.assertEqual(len(text.splitlines()), len(lessons()))

    def test_doctor(self):
        """make doctor names what this machine has; without a compiler it fails"""
        text = self.make("doctor")
        for word in ("compiler", "python", "kernel", "IPv6", "asan"):
            self.assertIn(word, text)
        self.make("doctor", "CC=nonsense-cc", status=2)

    def test_build_by_hand(self):
        """make lesson4 leaves a program to run by hand, and shows the compiler's no"""
        self.write(4, solution_files(LESSON))
        path = re.search(r"built (\S+)", self.make("lesson4"))[1]
        done = subprocess.run([os.path.join(self.course, path), "nonsense"],
                              stderr=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.write(4, {"upperd.c": "int main(void)\n{\n    return 0\n}\n"})
        self.assertIn("upperd.c:3", self.make("lesson4", status=2))

    def test_editor(self):
        """make compile_commands.json describes the files to an editor"""
        self.make("compile_commands.json")
        self.assertTrue(os.path.exists(os.path.join(self.course,
                                                    "compile_commands.json")))


class Long(CourseTest):
    """Commands that run until Ctrl-C."""

    def start(self, *words):
        """Start run.py with these words; it ends with the test."""
        process = subprocess.Popen(
            [sys.executable, "-u", "tests/run.py", *words], cwd=self.course,
            env=support.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        """Press Ctrl-C, if need be harder."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()

    def reads(self, process, words):
        """Read from the process until these words come; return all of it."""
        text, end = b"", time.monotonic() + support.PATIENCE
        while words not in text and time.monotonic() < end:
            if select.select([process.stdout], [], [], 1)[0]:
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    break
                text += chunk
        self.assertIn(words, text)
        return text

    def test_watch(self):
        """watch checks again after each change, until Ctrl-C, which is not an error"""
        self.write(4, skeleton_files())
        watch = self.start("4", "--watch")
        self.assertIn(b"Step 1 is still to do", self.reads(watch, b"watching"))
        self.write(4, solution_files(LESSON))
        self.assertIn(b"checks passed", self.reads(watch, b"watching"))
        os.killpg(watch.pid, signal.SIGINT)
        self.assertIn(watch.wait(support.PATIENCE), (0, 130))
        self.assertNotIn(b"Traceback", watch.stdout.read())

    def test_play(self):
        """play starts the finished server, or a server for the finished client"""
        for number, words in (("4", b"listening on"), ("1", b"Ctrl-C")):
            with self.subTest(number):
                play = self.start(number, "--play")
                self.reads(play, words)
                os.killpg(play.pid, signal.SIGINT)
                self.assertIn(play.wait(support.PATIENCE), (0, 130))
                self.assertNotIn(b"Traceback", play.stdout.read())


class Colours(CourseTest):
    """Colour only on a terminal, and only when it is wanted."""

    def on_a_terminal(self, *words, **env):
        """Return what the grader prints on a terminal."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "tests/run.py", "4", *words], cwd=self.course,
            env=support.environment(**env), stdin=subprocess.DEVNULL, stdout=theirs,
            stderr=subprocess.STDOUT)
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(ours, 65536):
                text += chunk
        except OSError:
            pass                        # how Linux says that the other end is closed
        os.close(ours)
        process.wait()
        return text

    def test_colours(self):
        """a terminal gets colours; a pipe, NO_COLOR and --plain get none"""
        self.write(4, skeleton_files())
        self.assertIn(b"\033[", self.on_a_terminal())
        self.assertNotIn(b"\033[", self.on_a_terminal("--plain"))
        self.assertNotIn(b"\033[", self.on_a_terminal(NO_COLOR="1"))
        self.assertNotIn("\033[", self.run_it(4).stdout)


if __name__ == "__main__":
    unittest.main()
