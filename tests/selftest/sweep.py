#!/usr/bin/env python3
"""Lets every call of right programs fail in every way the kernel could.

    python3 tests/selftest/sweep.py [LESSON...]

A scenario is a short conversation with one program.  It is played once to see what
calls it makes.  Then the 1st, 2nd, 3rd ... call of each class comes out short, fails,
or finds its peer gone, one fault a run, until a run passes untouched: then there is
no such call any more.  Each time the program must keep what it has promised.
"""
import importlib
import inspect
import json
import os
import signal
import sys
import traceback
from collections import Counter

import support
from support import ROOT, lessons
from test_trees import alternatives

from grader import build
from grader.bench import network
from grader.course.places import place_of
from grader.stage import Protocol, comes_short, fails, later
from grader.stage.search import Search
from grader.stage.stage import Stage
from grader.verdict.crew import Crew
from grader.verdict.grade import Submission

SCENARIOS = (2, 5)                  # the seeds of those that are played
MOST = 300                          # faults of one kind, in a scenario
ACCEPT = ("EINTR", "ECONNABORTED")
MOMENTS = ("EPERM", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EPROTO")
LONGEST = 600                       # seconds for one program


def protocols(number):
    """Return the models of a lesson's programs, {name: class}."""
    module = importlib.import_module(f"checks.lesson{number:02}")
    return {name: each for name, each in vars(module).items()
            if inspect.isclass(each) and issubclass(each, Protocol)
            and "Trouble" not in name and "Refused" not in name}


def ways(protocol, number):
    """Yield (what it is called, function of k that returns Faults).

    number  of the lesson: what a lesson does not promise is not asked
    """
    for kind in ("receive", "transmit", "stdin", "stdout"):
        yield f"{kind} short", lambda k, c=kind: [
            comes_short(c, 1, at=k)]
        yield f"{kind} EINTR", lambda k, c=kind: [fails(c, "EINTR", at=k)]
    yield "receive ECONNRESET", lambda k: [fails("receive", "ECONNRESET", at=k)]
    yield "transmit EPIPE", lambda k: [fails("transmit", "EPIPE", at=k)]
    yield "transmit ECONNRESET", lambda k: [fails("transmit", "ECONNRESET", at=k)]
    yield "stdout ENOSPC", lambda k: [fails("stdout", "ENOSPC", at=k)]
    if protocol.listens:
        errors = ACCEPT if number == 5 and protocol.program == "xfer" \
            else ACCEPT + MOMENTS
        for error in errors:
            yield f"accept {error}", lambda k, e=error: [fails("accept", e, at=k)]
    making = getattr(protocol, "making", "")
    if making:
        yield f"{making} EAGAIN", lambda k: [later(making, "EAGAIN", k)]


class Sweep:
    """One program's scenarios under all faults; the figures of it."""

    def __init__(self, lesson, protocol, number):
        self.search, self.stage = Search(lesson, protocol), lesson.stage
        self.protocol, self.number = protocol, number
        self.figures, self.broken = Counter(), []
        self.there = 0                  # calls in the scenario at hand

    def sweeps(self, take=lambda number: True):
        """Play all; take: which of the faults, by their number, are tried."""
        for seed in SCENARIOS:
            talk = self.protocol.talk(seed, True)
            talk = talk._replace(steps=tuple(
                s for s in talk.steps if s.does != "waits for a new second"))
            failure = self.search.failure(talk)
            self.note(talk, "no fault", failure)
            self.figures["scenarios"] += 1
            self.figures["calls met"] += len(self.calls())
            self.there = len(self.calls())
            for name, faults in ways(self.protocol, self.number):
                self._one_way(talk, name, faults, take)

    def calls(self):
        """Return the calls that the program played last has made."""
        return [c for p in self.stage.programs for c in p.trace.calls()
                if c.name not in ("load", "thread_start")]

    def _one_way(self, talk, name, faults, take):
        for k in range(1, MOST):
            plan = tuple(faults(k))
            if plan[0].rule.startswith(self.protocol.unpromised):
                return
            self.figures["considered"] += 1
            if not take(self.figures["considered"]):
                if k > self.there // 4:         # there are no more, most likely
                    return
                continue
            failure = self.search.failure(talk._replace(plan=plan))
            if not any(c.by_tester for c in self.calls()):
                return                  # there is no such call any more
            self.figures["faults tried"] += 1
            self.note(talk, f"{name}, the call number {k}", failure)

    def note(self, talk, name, failure):
        """Keep what a failure says of a promise that was broken."""
        if failure:
            self.broken.append(f"{' '.join([talk.program, *map(' '.join, talk.args)])}:"
                               f" {name}: {failure}")


def sweep(number, directory, name, scratch, take=lambda number: True):
    """Sweep one program of a directory; return {figures, broken}.

    name  of the class of its model
    """
    place, lesson_class = place_of(number), support.lesson_class(
        support.lesson_named(number))
    built = build.build(place, directory, lesson_class.programs, "asan", "solutions",
                        lesson_class.extras)
    stage = Stage(scratch)
    try:
        lesson = lesson_class(stage, Submission(directory, built, build.interposer(),
                                                [], False))
        work = Sweep(lesson, protocols(number)[name](), number)
        work.sweeps(take)
        return {"figures": work.figures, "broken": work.broken}
    finally:
        stage.end()


def run(parts, say, take=lambda number: True):
    """Sweep these parts, (number, directory, name of a model); return the sum.

    say  called with a part and the promises broken in it
    """
    def work(key, scratch):
        network.enter_private_network()
        signal.alarm(LONGEST)           # in place of that of a check
        try:
            return json.dumps(sweep(*parts[int(key)], os.path.join(scratch, key), take))
        except Exception:               # an error of ours; it must be seen
            return json.dumps({"figures": {}, "broken": [traceback.format_exc()]})

    crew = Crew(work, os.cpu_count() or 1)
    waiting = [str(at) for at in range(len(parts))]
    figures, broken = Counter(), 0
    try:
        while waiting or crew.is_at_work():
            while waiting and crew.has_room():
                crew.start(waiting.pop(0))
            for key, text in crew.finished():
                found = json.loads(text) if text else \
                    {"figures": {}, "broken": ["the process that ran this part died"]}
                figures.update(found["figures"])
                broken += len(found["broken"])
                say(parts[int(key)], found["broken"])
    finally:
        crew.end()
    return figures, broken


def parts_of(numbers, with_alternatives=True):
    """Return the parts of these lessons (all if there is none)."""
    found = []
    for lesson in lessons():
        number = int(lesson[:2])
        if numbers and number not in numbers:
            continue
        places = [os.path.join(ROOT, "solutions", lesson)]
        places += alternatives(lesson) if with_alternatives else []
        found += [(number, place, name) for place in places
                  for name in protocols(number)
                  if number != 5 or name in ("Receiving", "Sending")]
    return found


def main(arguments):
    """Sweep the lessons named, or all; return 0 only when no promise was broken."""
    def say(part, broken):
        number, directory, name = part
        print(f"  {'FAIL' if broken else 'ok':5} {number:02} "
              f"{os.path.relpath(directory, ROOT)} {name}", flush=True)
        for text in broken:
            print(f"        {text}")

    figures, broken = run(parts_of([int(a) for a in arguments]), say)
    print(f"\n{figures['scenarios']:,} scenarios, {figures['calls met']:,} calls met, "
          f"{figures['faults tried']:,} faults tried, {broken} promises broken")
    return 1 if broken or not figures["faults tried"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
