"""Hostile programs get a verdict, in time, and nothing of them is left behind."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time
import unittest

import support
from grader.bench.patience import slowness
from support import HERE, ROOT, first_failure, running, scratch_places, text_of, told

PROGRAMS = {"01": "tcpget.c", "04": "upperd.c"}
BOUND = 60                          # seconds for a verdict, more on a busy machine
HEAD = re.compile(r"Graded as lesson (\d\d), with the verdict ([A-Z, ]+)\.")


def names():
    """Return the names of the hostile programs."""
    return sorted(f[:-2] for f in os.listdir(os.path.join(HERE, "hostile")))


class Verdict:
    """What the grader said of one hostile program, and what it left."""

    def __init__(self, name):
        text = text_of(support.HERE, "hostile", name + ".c")
        lesson, self.expected = HEAD.search(text).groups()
        directory = support.submission({PROGRAMS[lesson]: text})
        start = time.monotonic()
        # In a session of its own: some of them kill whole process groups.
        grader = subprocess.Popen(
            [sys.executable, os.path.join(ROOT, "tests", "run.py"), lesson,
             "--submission", directory, "--json", "-"], cwd=ROOT,
            env=support.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        out, err = grader.communicate(timeout=4 * BOUND * slowness())
        self.seconds = (time.monotonic() - start) / slowness()
        self.status, self.err = grader.returncode, err.decode("utf-8", "replace")
        self.document = json.loads(out) if out else None
        self.scratch = scratch_places(grader.pid)
        self.alive = [] if not self.document else \
            running(self.document["build"]["programs"].values())


class Hostile(unittest.TestCase):
    """No program passes by force or by fraud, and none harms the grader."""

    @classmethod
    def setUpClass(cls):
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            cls.verdicts = dict(zip(names(), pool.map(Verdict, names())))

    def is_withstood(self, name):
        """It does not pass, gets the verdict it deserves, in time, as clean text."""
        verdict = self.verdicts[name]
        self.assertNotIn("Traceback", verdict.err)
        self.assertIsNotNone(verdict.document, f"{verdict.status}: {verdict.err}")
        document, page = verdict.document, told(verdict.document)
        self.assertIn(document["verdict"], verdict.expected.split(", "), page)
        self.assertEqual(verdict.status, 3 if document["verdict"] == "INFRA" else 1)
        self.assertLess(verdict.seconds, BOUND, page)
        self.assertEqual(verdict.alive, [])
        self.assertTrue(all(c.isprintable() or c == "\n" for c in page), page)
        self.assertLessEqual(max(map(len, page.splitlines())), 80, page)
        if document["verdict"] == "INFRA":
            self.assertNotIn("Traceback", first_failure(document)["actual"])

    def test_nothing_left_in_scratch(self):
        """no directory of a check is left, however its program behaved"""
        for name, verdict in self.verdicts.items():
            with self.subTest(name):
                self.assertEqual(verdict.scratch, set())

    def test_there_are_enough(self):
        """there are at least twenty hostile programs"""
        self.assertGreaterEqual(len(names()), 20)


def _add(name):
    """Add the test of one hostile program."""
    def test(self):
        self.is_withstood(name)
    text = text_of(support.HERE, "hostile", name + ".c")
    test.__doc__ = re.search(r" - (.*)", text)[1] + " does not pass"
    setattr(Hostile, "test_" + name.replace("-", "_"), test)


for _name in names():
    _add(_name)

if __name__ == "__main__":
    unittest.main()
