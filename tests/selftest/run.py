#!/usr/bin/env python3
"""Runs the course's own tests, in parallel, and says plainly how they ended.

    python3 tests/selftest/run.py [GROUP...]

A group is a file test_GROUP.py beside this one.  With CI set in the environment a
skipped test counts as failed unless its reason begins with "machine:".
"""
import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from grader.bench.patience import slowness  # noqa: E402

CHECKS = os.path.join(os.path.dirname(HERE), "checks")
LONGEST = 900                       # seconds for one group, on an idle machine
MOST_EXTENSIONS = 6                 # times as long on a busy one
BUSY = 1.5                          # slowness() of a busy machine
# Groups of which each lesson is a part that can run by itself.
SPLIT = ("mutants", "trees")
OF_A_LESSON = re.compile(r"\.test_(?:solution_|alternative_)?(\d\d)_")
# Groups that take long start first, so that none is left running alone at the end.
SLOW = ("mutants", "trees", "usage", "commands", "hostile", "pages", "words",
        "interposer")


class Result(unittest.TestResult):
    """Counts tests and their subtests' failures; keeps what is to be printed."""

    def __init__(self):
        super().__init__()
        self.passed, self.troubles, self.skips = 0, [], []

    def addSuccess(self, test):
        """Count a test that passed."""
        self.passed += 1

    def addFailure(self, test, err):
        """Keep a failure."""
        super().addFailure(test, err)
        self._trouble(test, self.failures[-1][1])

    def addError(self, test, err):
        """Keep an error: it counts as a failure."""
        super().addError(test, err)
        self._trouble(test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        """Keep the failure of a part of a test."""
        if err is not None:
            super().addSubTest(test, subtest, err)
            kept = self.failures if issubclass(err[0], test.failureException) \
                else self.errors
            self._trouble(subtest, kept[-1][1])

    def addSkip(self, test, reason):
        """Keep a skipped test by name."""
        super().addSkip(test, reason)
        self.skips.append([test.id(), reason])

    def addExpectedFailure(self, test, err):
        """Such a thing is not used here."""
        self._trouble(test, "no test is expected to fail")

    def addUnexpectedSuccess(self, test):
        """Such a thing is not used here."""
        self._trouble(test, "no test is expected to fail")

    def _trouble(self, test, text):
        self.troubles.append([test.id(), test.shortDescription() or "", text])


def groups():
    """Return the names of all groups, the slow ones first."""
    names = {f[5:-3] for f in os.listdir(HERE)
             if f.startswith("test_") and f.endswith(".py")}
    return [n for n in SLOW if n in names] + sorted(names - set(SLOW))


def parts(names):
    """Return the parts of these groups: "mutants/04", "mutants/rest", "docs", ..."""
    numbers = sorted(m[1] for f in os.listdir(CHECKS)
                     if (m := re.fullmatch(r"lesson(\d\d)\.py", f)))
    return [part for name in names for part in
            ([f"{name}/{n}" for n in (*numbers, "rest")] if name in SPLIT else [name])]


def tests_of(part):
    """Return the tests of a part, as a list."""
    name, _, which = part.partition("/")
    todo = [unittest.defaultTestLoader.loadTestsFromName(f"test_{name}")]
    if not which:
        return todo
    found = []
    while todo:
        test = todo.pop()
        if isinstance(test, unittest.TestSuite):
            todo += test
        else:
            lesson = OF_A_LESSON.search(test.id())
            if which == (lesson[1] if lesson else "rest"):
                found.append(test)
    return sorted(found, key=lambda test: test.id())


def run_group(name):
    """Run one part in this process; write its result to stdout as JSON."""
    sys.path.insert(0, HERE)
    answer = os.dup(1)
    os.dup2(2, 1)                       # whatever a test prints is not the result
    result = Result()
    start = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()):
        unittest.TestSuite(tests_of(name)).run(result)
    with os.fdopen(answer, "w") as out:
        json.dump({"passed": result.passed, "troubles": result.troubles,
                   "skips": result.skips, "seconds": time.monotonic() - start}, out)


class Group:
    """A part at work in a process of its own."""

    def __init__(self, name):
        self.name, self.start = name, time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), "--group", name],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", start_new_session=True)

    def result(self):
        """Wait for its end; return its result, which names what went wrong with it."""
        try:
            out, err = self._output()
            told = json.loads(out)
        except subprocess.TimeoutExpired:
            self.stop()
            told = self._lost("it was still running after "
                              f"{time.monotonic() - self.start:.0f} s")
        except ValueError:
            told = self._lost(f"exit status {self.process.returncode}\n{err}")
        told["name"] = self.name
        return told

    def _output(self):
        """Return what it wrote, at its end; TimeoutExpired when it takes too long.

        As long as the machine is busy it may take more, though not for ever.
        """
        for _ in range(MOST_EXTENSIONS):
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.communicate(timeout=LONGEST)
            if slowness() < BUSY:
                break
        return self.process.communicate(timeout=1)

    def _lost(self, why):
        return {"passed": 0, "skips": [], "seconds": time.monotonic() - self.start,
                "troubles": [[self.name, "the group runs to its end", why]]}

    def stop(self):
        """End it and everything it has started in its session."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            try:
                self.process.wait(10)   # the graders clean up after SIGTERM
                return
            except subprocess.TimeoutExpired:
                pass


def run_all(names):
    """Run the groups, one per processor and one more; return their results.

    One more: now and then a group only waits.
    """
    import concurrent.futures
    at_work = []

    def work(name):
        try:
            group = Group(name)
        except OSError as e:            # no further process: the others go on
            told = {"name": name, "passed": 0, "skips": [], "seconds": 0,
                    "troubles": [[name, "the group starts", str(e)]]}
        else:
            at_work.append(group)
            told = group.result()
        say(told)
        return told

    with concurrent.futures.ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        try:
            return list(pool.map(work, names))
        except BaseException as e:      # Ctrl-C, SIGTERM, or a mistake of ours
            pool.shutdown(wait=False, cancel_futures=True)
            for group in at_work:
                group.stop()
            print(f"\nstopped by {type(e).__name__}: {e}\n"
                  "0 passed, 1 failed: the run did not come to its end", flush=True)
            raise SystemExit(1) from e


def say(told):
    """Print the line of a group, and every failure whole."""
    lines = [f"{'FAIL' if told['troubles'] else 'ok':5} {told['name']:12} "
             f"{told['passed']:4} passed {told['seconds']:6.1f} s"]
    for test, fact, text in told["troubles"]:
        lines += ["", f"  {test}", f"  {fact}", "",
                  *("    " + line for line in text.splitlines()), ""]
    print("\n".join(lines), flush=True)


def is_failure(skip, strict):
    """Say whether a skipped test, [name, reason], counts as failed."""
    return strict and not skip[1].startswith("machine:")


def main(arguments):
    """Run the groups named, or all; return the exit status."""
    if arguments[:1] == ["--group"]:
        run_group(arguments[1])
        return 0
    unknown = [a for a in arguments if a not in groups()]
    if unknown:
        print(f"there is no group {unknown[0]}; the groups are {', '.join(groups())}",
              file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    start = time.monotonic()
    told = run_all(parts(g for g in groups() if not arguments or g in arguments))
    skips = [s for t in told for s in t["skips"]]
    strict = bool(os.environ.get("CI"))
    for name, reason in skips:
        print(f"{'FAIL' if is_failure([name, reason], strict) else 'skip'}  {name}: "
              f"{reason}")
    passed = sum(t["passed"] for t in told)
    failed = sum(len(t["troubles"]) for t in told) + \
        sum(is_failure(s, strict) for s in skips)
    skipped = sum(not is_failure(s, strict) for s in skips)
    print(f"\n{time.monotonic() - start:.0f} s")
    print(f"{passed} passed, {failed} failed"
          + (f", {skipped} skipped" if skipped else ""))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
