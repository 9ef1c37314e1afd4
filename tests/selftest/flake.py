#!/usr/bin/env python3
"""Repeats every check of right programs on a busy machine: none may ever fail.

    python3 tests/selftest/flake.py RUNS [LESSON...]

Grades solutions and alternatives RUNS times beside two busy processes per
processor.  The page of each failure goes to build/flake/.
"""
import contextlib
import os
import subprocess
import sys
import time

import support
from support import ROOT, grade, lessons, shown, told
from test_trees import alternatives

from harness import layout

BUSY = "while True: pass"


@contextlib.contextmanager
def load(per_processor=2):
    """Keep all processors busy meanwhile."""
    burners = [subprocess.Popen([sys.executable, "-c", BUSY])
               for _ in range(per_processor * (os.cpu_count() or 1))]
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
    path = os.path.join(layout.build_dir("flake"), f"{name}-{number}.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return shown(path)


def main(arguments):
    """Run the hunt; return 0 only when nothing failed."""
    runs = int(arguments[0]) if arguments else 20
    todo = subjects([int(a) for a in arguments[1:]])
    checks = failed = 0
    start = time.monotonic()
    with load():
        for number in range(1, runs + 1):
            for lesson, directory in todo:
                document = grade(int(lesson[:2]), directory, "--all")
                checks += len(document["checks"])
                if failure(document):
                    failed += 1
                    name = f"{lesson}-{os.path.basename(directory)}"
                    path = keep(told(document), name, number)
                    print(f"  FAIL  {name}: {failure(document)}, see {path}",
                          flush=True)
            print(f"  run {number} of {runs}: {checks} checks so far, {failed} failed, "
                  f"{time.monotonic() - start:.0f} s", flush=True)
    print(f"\n{checks} checks in {runs} runs of {len(todo)} programs")
    print(f"{runs * len(todo) - failed} passed, {failed} failed")
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
