"""Plans: what Python lets through the interposer reads, and a sweep ends by itself."""
import os
import subprocess
import tempfile
import unittest

import support  # noqa: F401  (the path to the grader)

from grader import build
from grader.bench.table import ERRORS, KINDS, LOOKUP_ERRORS
from grader.stage import plan
from grader.bench import scratch
from grader.stage.stage import Stage
from grader.stage.subject import Subject
from grader.words.trouble import Infra

SCENES = os.path.join(support.HERE, "known", "scenes.c")
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-pthread", "-g", "-fno-omit-frame-pointer"]
MOST_RULES = 32                     # of one plan
# What the kernel never does, or what is no such call: (function, arguments).
REFUSED = [
    (plan.fails, ("acept", "EMFILE")), (plan.fails, ("accept", "EMFILES")),
    (plan.fails, ("printf", "EIO")), (plan.fails, ("load", "EIO")),
    (plan.fails, ("heap", "EIO")), (plan.fails, ("malloc", "EIO")),
    (plan.fails, ("dup2", "EMFILE")), (plan.fails, ("recv", "EAI_NONAME")),
    (plan.fails, ("accept", "EMFILE", 0)), (plan.fails, ("accept", "EMFILE", 3, 2)),
    (plan.fails, ("accept", "EMFILE", None, 2)), (plan.comes_short, ("accept", 1)),
    (plan.comes_short, ("receive", 0)), (plan.comes_short, ("receive", "1")),
    (plan.changes_errno, ("close", "EI0")), (plan.says_ready, ("recv",)),
    (plan.wakes_up, ("poll",)), (plan.stops, ("receives",)), (plan.answers, ()),
    (plan.names, ()), (plan.names, ("",)), (plan.is_slow, ("nobody",)),
]
# The sentence goes on from "the tester".
SENTENCES = [
    (plan.fails("accept", "EMFILE", at=2), "accept:fail=EMFILE@2",
     "lets the second accept(2) fail: EMFILE"),
    (plan.fails("pthread_create", "EAGAIN"), "pthread_create:fail=EAGAIN",
     "lets each pthread_create(3) fail: EAGAIN"),
    (plan.fails("receive", "EINTR", at=4), "receive:fail=EINTR@4",
     "interrupts recv(2) number 4 (EINTR)"),
    (plan.fails("transmit", "EINTR", at=1, to=5, step=2), "transmit:fail=EINTR@1..5+2",
     "interrupts send(2) 1 to 5, one of 2 (EINTR)"),
    (plan.is_interrupted("receive"), "receive:fail=EINTR@1+2",
     "interrupts each recv(2) once (EINTR)"),
    (plan.comes_short("receive", 3), "receive:short=3",
     "lets each recv(2) give 3 bytes at most"),
    (plan.comes_short("write", 2, at=3, to=plan.ALL), "write:short=2@3+",
     "lets the third write(2) and all later ones take 2 bytes at most"),
    (plan.changes_errno("close", "EIO"), "close:errno=EIO",
     "lets each close(2) change errno to EIO"),
    (plan.stops("transmit", at=1), "transmit:stop@1",
     "stops it before the first send(2)"),
    (plan.says_ready(), "wait:ready", "lets each wait say ready where nothing is"),
    (plan.wakes_up(), "pthread_cond_wait:ready",
     "wakes threads in each pthread_cond_wait(3) for nothing"),
    (plan.answers("127.0.0.2", "::1", port=80), "getaddrinfo:list=127.0.0.2/80,::1/80",
     "gives the name the addresses 127.0.0.2, ::1"),
    (plan.names(None, "b.example"),
     "getnameinfo:fail=EAI_NONAME@1 getnameinfo:name=b.example@2+",
     "gives the addresses the names no name, b.example"),
    (plan.names(None), "getnameinfo:fail=EAI_NONAME@1+", "gives no address a name"),
]


def setUpModule():
    """Build the scenes once."""
    global directory, interposer
    directory = tempfile.TemporaryDirectory()
    subprocess.run([*build.compiler(), *FLAGS, "-o",
                    os.path.join(directory.name, "scenes"), SCENES], check=True)
    interposer = build.interposer()


def tearDownModule():
    """Remove what was built."""
    directory.cleanup()


def every_plan():
    """Yield a Plan of each kind for each call and class it can be about."""
    calls = [k.name for k in KINDS if k.group not in plan.NO_HAND]
    for call in [*calls, *plan.CLASSES]:
        yield plan.stops(call, at=1000)
        yield plan.is_slow(call, at=1000)
        for error in ("EIO", "EMFILE", "ENOMEM"):
            for make in (lambda c, e: plan.fails(c, e, at=1000),
                         lambda c, e: plan.changes_errno(c, e, at=1000),
                         lambda c, _: plan.comes_short(c, 9, at=1000),
                         lambda c, _: plan.says_ready(c, at=1000),
                         lambda c, _: plan.wakes_up(c, at=1000)):
                try:
                    yield make(call, error)
                except ValueError:
                    pass                # refused by name above
    yield from (plan.fails("accept", error, at=1000) for error in sorted(ERRORS))
    yield from (plan.fails("getaddrinfo", error, at=1000)
                for error in sorted(ERRORS | LOOKUP_ERRORS))


class Plans(unittest.TestCase):
    """A plan and its sentence."""

    def setUp(self):
        """Give the test a stage."""
        self.stage = Stage(scratch.new())
        self.addCleanup(self.stage.end)

    def play(self, scene, given=()):
        """Play a scene to its end under a plan; return the program."""
        run = Subject(self.stage, os.path.join(directory.name, "scenes"), [scene],
                      interposer, plan=given)
        run.ends()
        return run

    def test_sentences(self):
        """each plan has the rule of its sentence"""
        for given, rule, words in SENTENCES:
            with self.subTest(rule):
                self.assertEqual((given.rule, str(given.words)), (rule, words))

    def test_misspelt_plans(self):
        """what the interposer does not know is refused where it is written"""
        for make, arguments in REFUSED:
            with self.subTest(make.__name__, arguments=arguments):
                self.assertRaises(ValueError, make, *arguments)

    def test_what_python_lets_through_the_interposer_reads(self):
        """no Plan is refused by the interposer"""
        plans = list(every_plan())
        self.assertGreater(len(plans), 500)
        for start in range(0, len(plans), MOST_RULES):
            with self.subTest(plans[start]):
                run = self.play("datagram", plans[start:start + MOST_RULES])
                self.assertEqual(run.status, 0, bytes(run.stderr))

    def test_the_story_tells_each_plan(self):
        """a line for each plan where the program starts; a stop when it comes"""
        given = [plan.comes_short("receive", 1), plan.stops("recvfrom", at=1),
                 plan.fails("read", "EIO", at=1)]
        run = Subject(self.stage, os.path.join(directory.name, "scenes"), ["receive"],
                      interposer, plan=given)
        self.assertTrue(run.is_stopped_by_plan())
        self.assertFalse(run.has_met(given[2]))
        run.goes_on()
        run.ends()
        self.assertEqual([str(e.text) for e in self.stage.told()][1:], [
            "lets each recv(2) give 1 byte at most", "lets the first read(2) fail: EIO",
            "stops it before the first recvfrom(2)", "lets it go on"])
        self.assertEqual([run.has_met(p) for p in given], [True] * 3)

    def test_a_string_is_no_plan(self):
        """a plan written by hand is refused"""
        self.assertRaises(ValueError, self.play, "datagram", "recv:fail=EINTR")

    def test_a_sweep_meets_every_call(self):
        """it lets the first call fail, then the second ..., and ends untouched"""
        said, errors = [], []
        for each in plan.every(self.stage.programs, "receive", fails="EINTR"):
            run = self.play("receive", each)
            said.append(bytes(run.stdout).count(b"EINTR"))
            errors += [c.name for c in run.trace.calls() if c.by_tester]
        self.assertEqual(said, [1, 1, 1, 1, 1, 0])
        self.assertEqual(errors, ["recv", "recvfrom", "recvmsg", "read", "readv"])

    def test_a_sweep_counts_beside_other_plans(self):
        """the rule asked about is that of the sweep, wherever it stands"""
        names = plan.names("a.example", "b.example")
        for count, each in enumerate(plan.every(self.stage.programs, "transmit",
                                                comes_short=1), 1):
            self.play("transmit", [names, plan.comes_short("receive", 1), each])
        self.assertEqual(count, 6)

    def test_a_sweep_without_its_plan_is_an_error(self):
        """a loop that forgets to hand the plan on does not run for ever"""
        def forgetful():
            for _ in plan.every(self.stage.programs, "receive", fails="EINTR"):
                self.play("receive")
        self.assertRaises(ValueError, forgetful)

    def test_a_sweep_has_an_end(self):
        """more calls than a sweep may try are the check's fault, and said"""
        def endless():
            for each in plan.every(self.stage.programs, "receive", most=2,
                                   fails="EINTR"):
                self.play("receive", each)
        self.assertRaises(Infra, endless)


if __name__ == "__main__":
    unittest.main()
