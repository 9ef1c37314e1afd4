"""The grader under pressure: dying workers, small machines, slow programs."""
import json
import os
import pty
import random
import re
import resource
import select
import signal
import subprocess
import sys
import time
import types
import unittest

import support
from support import CourseTest, ROOT, lesson_named, solution_files, wait_for

from grader.bench import procfs, scratch
from grader.bench.patience import slowness
from grader.verdict import run, shortage
from grader.words.trouble import Infra

NOBODY = 65534                      # a user who has no other processes
TCP_CLIENT, FORKING = lesson_named(1), lesson_named(10)
SHORT = 1.5                         # seconds: less than ONE_BYTE takes for 1 MiB
KILLS = 12                          # workers killed at random moments

# Sends what it is told, and takes the reply one byte at a time: slow, but right.
ONE_BYTE = """\
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    char buf[65536];
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (argc != 3 || fd == -1)
        return 2;
    to.sin_port = htons((in_port_t)atoi(argv[2]));
    inet_pton(AF_INET, argv[1], &to.sin_addr);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == -1)
        return 1;
    ssize_t n = read(0, buf, sizeof buf);
    if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
        return 1;
    while (recv(fd, buf, 1, 0) == 1)
        if (write(1, buf, 1) != 1)
            return 1;
    close(fd);
    return 0;
}
"""


class Workers(unittest.TestCase):
    """Whatever becomes of a worker, no check passes that was not seen to pass."""

    def grader(self, number, *options, **env):
        """Start the grader on a solution, all checks; return the Popen."""
        directory = os.path.join(ROOT, "solutions", lesson_named(number))
        return subprocess.Popen(
            [sys.executable, "-ESs", os.path.join(ROOT, "tests", "run.py"), str(number),
             "--submission", directory, "--all", "--json", "-", *options],
            env=support.environment(**env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def test_killed_at_random_moments(self):
        """checks of workers that are killed are INFRA, all others pass"""
        dice = random.Random(26)
        grader, killed = self.grader(1), 0
        while killed < KILLS and grader.poll() is None:
            wait_for(lambda moment=time.monotonic() + dice.random() / 20:
                     time.monotonic() > moment)
            workers = procfs.children(grader.pid)
            if workers and is_python(victim := dice.choice(workers)):
                os.kill(victim, signal.SIGKILL)
                killed += 1
        out, err = grader.communicate(timeout=support.PATIENCE)
        self.assertEqual(err, b"")
        document = json.loads(out)
        verdicts = [check["verdict"] for check in document["checks"]]
        self.assertLessEqual(set(verdicts), {"PASS", "INFRA"})
        self.assertEqual(document["exit_status"], 3 if "INFRA" in verdicts else 0)
        self.assertEqual(document["points"]["earned"],
                         sum(check["points"]["possible"]
                             for check in document["checks"]
                             if check["verdict"] == "PASS"))
        self.assertEqual(support.scratch_places(grader.pid), set())

    def test_dead_run_is_swept(self):
        """what a run leaves that is killed at once, the next one removes"""
        grader = self.grader(1)
        self.assertTrue(wait_for(lambda: support.scratch_places(grader.pid)))
        for pid in [*procfs.family(grader.pid)[::-1]]:
            os.kill(pid, signal.SIGKILL)
        grader.communicate()
        scratch.sweep()
        wait_for(lambda: scratch.sweep() or not support.scratch_places(grader.pid))
        self.assertEqual(support.scratch_places(grader.pid), set())

    def test_living_run_is_not_swept(self):
        """a run's directory stays as long as it lives"""
        path = scratch.new()
        self.addCleanup(scratch.remove, path)
        subprocess.run([sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv"
                        "[1]); from grader.bench import scratch; scratch.sweep()",
                        support.TESTS], check=True)
        self.assertTrue(os.path.isdir(path))

    def test_failed_first(self):
        """the check that failed last time starts first, and is told in its place"""
        started, told = [], []
        start = run.Crew.start

        def noted(crew, name):
            started.append(name)
            return start(crew, name)

        checks = list(support.lesson_class(TCP_CLIENT).checks())
        directory = os.path.join(ROOT, "solutions", TCP_CLIENT)
        run.Crew.start = noted
        try:
            support.verdict.grade(
                support.verdict.Request(1, directory, first=checks[7]),
                lambda record: told.append(record.id))
        finally:
            run.Crew.start = start
        self.assertEqual(started, [checks[7], *checks[:7], *checks[8:]])
        self.assertEqual(told, checks)


def is_python(pid):
    """Say whether a process is one of the grader's own, not a program under test."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith("python")
    except OSError:
        return False


class Slowness(CourseTest):
    """A slow program that gets on is not one that hangs."""

    def test_one_byte_at_a_time(self):
        """a reader of single bytes that takes longer than the patience passes"""
        directory = self.hand_in({"tcpget.c": ONE_BYTE})
        done = self.run_it(1, "--submission", directory, "--check", "large_reply",
                           LOOPBACK_PATIENCE=str(SHORT * slowness()))
        self.assertEqual(done.returncode, 0, done.stdout)


def call(name, error, by_tester="", fd=None):
    """Return what stands for a Call that failed."""
    return types.SimpleNamespace(name=name, error=error, by_tester=by_tester, fd=fd)


def stage(calls, clients=0, output="pipe", said=b""):
    """Return what stands for a Stage with one program that made these calls."""
    trace = types.SimpleNamespace(
        calls=lambda: calls,
        entered_count=lambda name: sum(c.name == name for c in calls))
    program = types.SimpleNamespace(name="upperd", trace=trace, output=output,
                                    stderr=said, report=lambda: "")
    return types.SimpleNamespace(programs=[program], peers=[None] * clients)


class Limits(unittest.TestCase):
    """A limit of the machine is nobody's fault; that of a program is its own."""

    def is_met(self, *arguments, **options):
        """Say whether the machine is at fault."""
        try:
            shortage.raise_if_met(stage(*arguments, **options))
        except Infra:
            return True
        return False

    def test_met(self):
        """no process, no thread, no memory, no room on the disk"""
        for name, error in (("fork", "EAGAIN"), ("pthread_create", "EAGAIN"),
                            ("fork", "ENOMEM"), ("recv", "ENOMEM"),
                            ("socket", "ENFILE"), ("write", "ENOSPC")):
            with self.subTest(f"{name} {error}"):
                self.assertTrue(self.is_met([call(name, error, fd=1)]))
                self.assertFalse(self.is_met([call(name, error, "fail", fd=1)]))

    def test_of_the_program(self):
        """what never waits, a file that is full on purpose, more than it needs"""
        self.assertFalse(self.is_met([call("recv", "EAGAIN")]))
        self.assertFalse(self.is_met([call("write", "ENOSPC", fd=1)], output="full"))
        many = [call("fork", "EAGAIN") for _ in range(shortage.POOL + 5)]
        self.assertFalse(self.is_met(many))
        self.assertTrue(self.is_met(many, clients=5))

    def test_no_address_space(self):
        """a sanitizer that gets no memory has met a limit of the machine"""
        self.assertTrue(self.is_met([], said=b"==7==ERROR: AddressSanitizer failed to "
                                    b"allocate 0xdfff0001000 (15392894357504) bytes"))


def is_for_all(python):
    """Say whether every user may start this Python, in a version that will do."""
    test = "import sys; sys.exit(sys.version_info < (3, 9))"
    try:
        return subprocess.run([python, "-ESs", "-c", test], cwd="/", user=NOBODY,
                              stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


@unittest.skipIf(os.getuid() != 0, "machine: only root can become another user")
class SmallMachine(CourseTest):
    """As a user who may have few processes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.python = next(filter(is_for_all, (sys.executable, "/usr/bin/python3")), "")
        if not cls.python:
            raise unittest.SkipTest("machine: this Python is root's alone")
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", cls.course], check=True)

    def grade_with(self, most, number, directory):
        """Grade as that user, who may have `most` processes; return CompletedProcess.

        What has to be built is built before that, without the limit.
        """
        def become():
            os.setgroups([])
            os.setgid(NOBODY)
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
            os.setuid(NOBODY)

        subprocess.run([self.python, "-ESs", "tests/run.py", str(number),
                        "--submission", directory], cwd=self.course,
                       env=support.environment(), stdout=subprocess.DEVNULL)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.course], check=True)
        done = subprocess.run(
            [self.python, "-ESs", "tests/run.py", str(number), "--submission",
             directory, "--all"], cwd=self.course, preexec_fn=become, text=True,
            env=support.environment(HOME=self.course), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=support.PATIENCE)
        self.assertNotIn("Traceback", done.stdout + done.stderr)
        return done

    def test_right_program(self):
        """a right server is not said to be wrong, however few processes there are"""
        for most in (2, 12, 40):
            with self.subTest(most):
                done = self.grade_with(most, 10, f"solutions/{FORKING}")
                self.assertIn(done.returncode, (0, 3), done.stdout)
                self.assertNotRegex(done.stdout, r"(?m)^  (FAIL|TIMEOUT|CRASH)")

    def test_fork_bomb(self):
        """a program that forks without end has itself to blame"""
        text = support.text_of(support.HERE, "hostile", "fork-loop.c")
        done = self.grade_with(40, 4, self.hand_in({"upperd.c": text}))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)


class Sources(CourseTest):
    """What else lies beside the sources."""

    def test_hidden_files(self):
        """a lock of Emacs and what a Mac adds are no sources"""
        directory = self.hand_in({**solution_files(TCP_CLIENT),
                                  "._tcpget.c": b"\0\5\26\7 Mac OS X"})
        os.symlink("somebody@somewhere.1234", os.path.join(directory, ".#tcpget.c"))
        done = self.run_it(1, "--submission", directory)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_watch_survives(self):
        """watch goes on when the files vanish and come back"""
        directory = self.hand_in({"tcpget.c": "int main(void) { return 3; }\n"})
        watch = subprocess.Popen(
            [sys.executable, "-ESs", "tests/run.py", "1", "--watch", "--submission",
             directory], cwd=self.course, env=support.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        for number, change in enumerate((
                lambda: os.rename(directory, directory + ".aside"),
                lambda: os.rename(directory + ".aside", directory))):
            self.assertTrue(self.says(watch, b"watching"), number)
            change()
        self.assertTrue(self.says(watch, b"watching"))
        self.assertIsNone(watch.poll())

    def says(self, process, words):
        """Read until these words come; say whether they do."""
        said = b""
        while words not in said:
            if not select.select([process.stdout], [], [], support.PATIENCE)[0]:
                return False
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                return False
            said += chunk
        return True


class Terminal(unittest.TestCase):
    """On a terminal the lines come as the checks end."""

    def test_lines_come_early(self):
        """the first line comes while checks run, and no line comes twice"""
        ours, theirs = pty.openpty()
        directory = os.path.join(ROOT, "solutions", TCP_CLIENT)
        grader = subprocess.Popen(
            [sys.executable, "-ESs", os.path.join(ROOT, "tests", "run.py"), "1",
             "--submission", directory], env=support.environment(NO_COLOR="1"),
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
        os.close(theirs)
        said, alive = b"", None
        while (chunk := self.read(ours)):
            said += chunk
            if alive is None and b"  ok  " in said:
                alive = grader.poll() is None and b"checks," not in said
        os.close(ours)
        self.assertEqual(grader.wait(), 0, said.decode())
        self.assertTrue(alive, "the first line came with all the rest")
        text = said.decode().replace("\r", "")
        titles = [" ".join(c.__doc__.split("\n")[0].split()) for c in
                  support.lesson_class(TCP_CLIENT).checks().values()]
        self.assertEqual(len(re.findall(r"(?m)^  ok  ", text)), len(titles))
        self.assertEqual(text.count("lesson 01"), 1)
        places = [" ".join(text.split()).index(title) for title in titles]
        self.assertEqual(places, sorted(places))

    def read(self, fd):
        """Return what comes next, b"" at the end."""
        try:
            return os.read(fd, 65536)
        except OSError:                 # nobody has the terminal open any more
            return b""


if __name__ == "__main__":
    unittest.main()
