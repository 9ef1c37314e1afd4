"""Conversations of new seeds, until one goes wrong: make fuzz-lessonN."""
import os
import sys
import time

from ..pages.page import page
from ..verdict.grade import Request, grade, load
from ..words.trouble import Usage

BATCH = 10                          # seeds that one check plays
SPAN = 1 << 30                      # seeds there are


def fuzz(number, directory, runs, seed, given):
    """Play `runs` seeds from `seed` on; print the page of the first failure.

    seed  None: one that depends on the time
    Returns an exit status.  Raises Usage when the lesson has no conversations.
    """
    if directory and not os.path.isdir(directory):
        raise Usage(f"--submission {directory}: there is no such directory")
    _, lesson_class = load(number)
    names = [n for n in lesson_class.checks() if n.startswith(("conversations",
                                                               "faults"))]
    if not names:
        raise Usage(f"lesson {number} has no conversations")
    first = time.time_ns() % SPAN if seed is None else seed
    request = Request(number, directory, given=given)
    print(f"seeds {first} to {first + runs - 1}", flush=True)
    for at in range(first, first + runs, BATCH):
        seeds = range(at, min(at + BATCH, first + runs))
        for name in names:
            if _failed(document := grade(request._replace(only=name, seeds=seeds))):
                return _tell(request._replace(only=name), seeds, document)
    print(f"{runs} seeds, {len(names)} checks of each: nothing found")
    return 0


def _failed(document):
    return document["exit_status"] != 0


def _tell(request, seeds, document):
    """Print the page of a failure, and which of these seeds shows it alone."""
    for seed in seeds if document["verdict"] not in ("BUILD", "UNTOUCHED") else ():
        alone = grade(request._replace(seeds=range(seed, seed + 1)))
        if _failed(alone):
            print(f"seed {seed}, check {request.only}")
            document = alone
            break
    else:
        print(f"seeds {seeds[0]} to {seeds[-1]} together, check {request.only}")
    sys.stdout.write(page(document))
    return document["exit_status"]
