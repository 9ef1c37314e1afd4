#!/usr/bin/env python3
"""Measures how long a check takes, beside the bare compiler, and judges the goals.

    python3 tests/selftest/bench.py [RUNS]

The goals: after an edit at most 2.7 times the compile at the median and twice that
at p95; without an edit at most 2.0 times the compile; the grader's own share (neither
compiler nor checks) at most 0.12 s.
"""
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import support
from support import ROOT, lessons, sources_in

from grader import build
from grader.course import sources

RUNS = 15


def seconds(work):
    """Return how long work() took, by the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def p95(values):
    """Return the value that one of twenty exceeds."""
    return sorted(values)[max(0, round(len(values) * 0.95) - 1)]


class Bench:
    """The measurements of one lesson: lists of seconds by name."""

    def __init__(self, lesson, place):
        """place: an empty directory"""
        self.lesson, self.place = lesson, place
        self.files = sources_in(os.path.join(ROOT, "solutions", lesson))
        self.results = {name: [] for name in ("compile", "edit", "again", "empty",
                                              "python")}
        self.own = []
        self.given = self.make_given()
        self.write("")
        self.check()                    # warm: interposer and given modules are built

    def write(self, comment):
        """Write the solution, with a comment behind it, as a learner who saves."""
        for name, text in self.files.items():
            with open(os.path.join(self.place, name), "wb") as file:
                file.write(text + comment.encode())

    def cc(self, *arguments):
        """Run the compiler with the grader's flags."""
        subprocess.run([*build.compiler(), *build.flags("asan"), *arguments], cwd=ROOT,
                       check=True, stdout=subprocess.DEVNULL)

    def make_given(self):
        """Compile what the lesson is given; return the paths of the objects."""
        objects = []
        for path in sources.given(int(self.lesson[:2]), "solutions"):
            name = os.path.basename(path)
            if name not in self.files:
                objects.append(os.path.join(self.place, name[:-2] + ".o"))
                self.cc("-c", "-o", objects[-1], path)
        return objects

    def compile(self):
        """Compile and link the first program, and nothing else."""
        lesson = support.lesson_class(self.lesson)
        first, *others = *lesson.programs, *lesson.extras
        own = [os.path.join(self.place, f) for f in self.files
               if f.endswith(".c") and f[:-2] not in others]
        self.cc("-o", os.path.join(self.place, first), *own, *self.given)

    def check(self, *options):
        """Run the check as make does; return the document."""
        json_file = os.path.join(self.place, "document.json")
        done = support.run_grader(int(self.lesson[:2]), "--submission", self.place,
                                  "--json", json_file, *options)
        if done.returncode != 0:
            sys.exit(f"lesson {self.lesson} does not pass:\n{done.stdout}{done.stderr}")
        with open(json_file, encoding="utf-8") as file:
            return json.load(file)

    def round(self, number):
        """Measure everything once; mixed, so that a slow moment hits all alike."""
        self.results["python"].append(seconds(lambda: subprocess.run(
            [sys.executable, "-c", "pass"], check=True)))
        self.results["compile"].append(seconds(self.compile))
        self.write(f"\n/* edit {number} of {time.time_ns()} */\n")
        self.results["edit"].append(seconds(self.check))
        self.results["again"].append(seconds(self.check))
        first = next(iter(support.lesson_class(self.lesson).checks()))
        self.results["empty"].append(self.share(first))

    def share(self, check):
        """Return the time of a run of one check that is neither build nor check."""
        document = {}
        whole = seconds(lambda: document.update(self.check("--check", check)))
        record = next(c for c in document["checks"] if c["id"] == check)
        return whole - record["milliseconds"] / 1000

    def goals(self):
        """Yield (words, value, limit) for each goal."""
        base = statistics.median(self.results["compile"])
        edit, again = self.results["edit"], self.results["again"]
        yield "after an edit, median / compile", statistics.median(edit) / base, 2.7
        yield "after an edit, p95 / compile", p95(edit) / base, 5.4
        yield "without an edit, median / compile", statistics.median(again) / base, 2.0
        yield "the grader's own share, seconds", \
            statistics.median(self.results["empty"]), 0.12


WORDS = {"compile": "bare compile, same flags", "edit": "check after an edit",
         "again": "check without an edit", "empty": "the grader's own share",
         "python": "python3 -c pass"}


def report(bench):
    """Print the table of one lesson; return how many goals it misses."""
    base = statistics.median(bench.results["compile"])
    print(f"\nlesson {bench.lesson}\n\n  {'':32}{'median':>9}{'p95':>9}{'ratio':>8}")
    for name, words in WORDS.items():
        values = bench.results[name]
        middle = statistics.median(values)
        print(f"  {words:32}{middle:8.3f} {p95(values):8.3f} {middle / base:7.2f}")
    print()
    missed = 0
    for words, value, limit in bench.goals():
        missed += value > limit
        print(f"  {'met   ' if value <= limit else 'missed'}  {words:36}"
              f"{value:7.2f}  (goal {limit})")
    return missed


def main(arguments):
    """Measure and print; return 1 when a goal is missed.

    arguments  the number of runs, and of the lessons (1 and 4 when missing)
    """
    runs = int(arguments[0]) if arguments else RUNS
    wanted = [int(a) for a in arguments[1:]] or [1, 4]
    with tempfile.TemporaryDirectory() as top:
        benches = []
        for lesson in (n for n in lessons() if int(n[:2]) in wanted):
            os.mkdir(os.path.join(top, lesson))
            benches.append(Bench(lesson, os.path.join(top, lesson)))
        for number in range(runs):
            for bench in benches:
                bench.round(number)
    missed = sum(report(bench) for bench in benches)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\n{runs} runs; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} "
          f"processors; {used.ru_utime + used.ru_stime:.0f} s of processor time")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
