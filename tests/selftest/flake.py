#!/usr/bin/env python3
"""Repeats every check of right programs on a busy machine: none may ever fail.

    python3 tests/selftest/flake.py RUNS [LESSON...]

Grades solutions and alternatives RUNS times, several at a time, beside a busy
process for each processor.  The page of each failure goes to build/flake/.
"""
import concurrent.futures
import contextlib
import os
import subprocess
import sys
import time

import support
from support import ROOT, grade, lessons, shown, told
from test_trees import alternatives

from grader.course import places

BUSY = "while True: pass"
PROCESSORS = os.cpu_count() or 1
AT_ONCE = 3 * PROCESSORS  # gradings beside each other: they are most of the load


@contextlib.contextmanager
def load():
    """Keep all processors busy meanwhile."""
    burners = [subprocess.Popen([sys.executable, "-c", BUSY])
               for _ in range(PROCESSORS)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def subjects(numbers):
    """Return (lesson, directory) of each right program; numbers: of lessons, or all."""
    return [(lesson, directory) for lesson in lessons()
            if not numbers or int(lesson[:2]) in numbers
            for directory in [os.path.join(ROOT, "solutions", lesson),
                              *alternatives(lesson)]]


def failure(document):
    """Return the ID of the first check that did not pass, or None."""
    failed = support.first_failure(document)
    return failed and failed["id"]


def keep(text, name, number):
    """Write the page of a failure to a file of its own; return its path."""
    path = os.path.join(places.build_dir("flake"), f"{name}-{number}.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return shown(path)


def one(subject, number):
    """Grade one right program; return how many checks ran, and the line of a failure.

    number: of the run, for the name of the page that is kept.
    """
    lesson, directory = subject
    document = grade(int(lesson[:2]), directory, "--all")
    wrong = failure(document)
    if wrong:
        name = f"{lesson}-{os.path.basename(directory)}"
        wrong = f"{name}: {wrong}, see {keep(told(document), name, number)}"
    return len(document["checks"]), wrong


def main(arguments):
    """Run the hunt; return 0 only when nothing failed."""
    runs = int(arguments[0]) if arguments else 20
    todo = subjects([int(a) for a in arguments[1:]])
    all_of_it = [(subject, number) for number in range(1, runs + 1)
                 for subject in todo]
    checks = failed = 0
    start = time.monotonic()
    with load(), concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for at, (done, wrong) in enumerate(pool.map(one, *zip(*all_of_it)), 1):
            checks += done
            if wrong:
                failed += 1
                print(f"  FAIL  {wrong}", flush=True)
            if at % len(todo) == 0:
                print(f"  run {at // len(todo)} of {runs}: {checks} checks so far, "
                      f"{failed} failed, {time.monotonic() - start:.0f} s", flush=True)
    print(f"\n{checks} checks in {runs} runs of {len(todo)} programs")
    print(f"{len(all_of_it) - failed} passed, {failed} failed")
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
