"""Runs checks: each on a stage and in a network of its own, several at a time."""
import json
import os
import time

from ..bench import machine, network
from ..course import bugs, steps
from ..stage.failure import Failure, Skip, Unfinished
from ..stage.stage import Stage
from ..words import show
from ..words.text import _
from ..words.trouble import Infra
from . import crash, shortage, timeline
from .because import Case, agrees
from .crew import Crew
from .examine import examined
from .origin import first_wrong
from .record import Record
from .whereabouts import whereabouts

MOST_WORKERS = 4                    # where checks do not wait, however many processors
WHY_LIMITS = ("The programs of these lessons need little of the machine. One that "
              "takes far more has lost control of a loop.")


# One check, in a worker

def run_check(lesson_class, name, submission, scratch):
    """Run the check `name` on a Submission; return its Record.

    scratch  a directory for the check's own files
    """
    method = lesson_class.checks()[name]
    start = time.monotonic()
    stage = None
    record = Record(name, method)
    try:
        network.enter_private_network()
        machine.end_with_parent()       # a new user has forgotten that
        stage = Stage(os.path.join(scratch, name))
        end = _play(lesson_class, method, stage, submission)
        end = examined(end, stage, method, submission.directory)
        _note(record, end, stage, submission)
        _note_strays(record, stage.end(), stage, submission)
    except Exception as e:              # whatever it is, it is not the learner's fault
        record.verdict = "INFRA"
        record.actual = str(e) if isinstance(e, Infra) else \
            isinstance(e, OSError) and shortage.of_the_tester(e) or _traceback()
    finally:
        if stage:
            stage.end()
            stage.forget_logs()
    if record.verdict == "PASS":
        record.points["earned"] = record.points["possible"]
    record.milliseconds = round((time.monotonic() - start) * 1000, 1)
    return record


def _traceback():
    import traceback  # slow to import, and seldom needed

    return traceback.format_exc()


def _play(lesson_class, method, stage, submission):
    """Run the method; return what ended it: None or one of the classes of failure."""
    try:
        method(lesson_class(stage, submission))
    except (Skip, Unfinished) as e:
        return e
    except Failure as e:
        stage.failing = e.of if e.of in stage.programs else None
        return e
    return None


def _note(record, end, stage, submission):
    """Write into the record how the check ended, with the evidence."""
    if end is None:
        record.verdict = "PASS"
        return
    if isinstance(end, Skip):
        record.verdict, record.reason = "SKIP", str(end)
        return
    if isinstance(end, Unfinished):
        record.verdict = "UNTOUCHED"
        record.step = steps.quoted(end.step, end.where, submission.directory,
                                   submission.modules)
        return
    _note_failure(record, end, stage, submission.directory)
    _note_timeline(record, stage, submission)
    for program in stage.shown():
        report = program.report()
        if report:
            record.report = report[:20000]
            record.frames = crash.frames(report, submission.directory, program.path)
        if end.verdict == "TIMEOUT" and program.status is None:
            record.where = whereabouts(program, stage, submission.directory)
        record.output = show.tail(program.stderr)


def _note_strays(record, strays, stage, submission):
    """Write into the record of a check that passed what outlived its programs."""
    if strays and record.verdict == "PASS":
        _note_timeline(record, stage, submission)
        _note_failure(record, Failure(
            "nothing outlives the program",
            _("{strays:process/processes} still alive after it had ended",
              strays=strays), "U9", "LEFTOVER"), stage, submission.directory)


def _note_timeline(record, stage, submission):
    record.timeline, record.left_out = timeline.entries(stage, submission.directory)


def _note_failure(record, failure, stage, directory):
    record.verdict = failure.verdict
    record.tells(expected=failure.expected, actual=failure.actual,
                 computed=failure.computed)
    if failure.verdict == "LIMIT" and not failure.bug:
        record.why = WHY_LIMITS         # no bug of the check: it got in its own way
        return
    usual = record.bugs[0] if record.bugs else ""
    bug = usual if failure.bug is None else failure.bug
    case = Case(failure, stage.shown())
    if failure.verdict == "CRASH" and not agrees(bug, case):
        bug = crash.bug(case.report, case.status)   # what it is where not as expected
    if bug and agrees(bug, case):
        record.bug, record.why = bug, bugs.bug(bug).rule
    else:
        record.tells(origin=first_wrong(failure, stage, directory))


# All checks, in parallel processes

def run_checks(lesson_class, names, submission, run_all, on_record, first=None):
    """Run the checks `names` on a Submission; return their Records in that order.

    run_all    False: none is started once one has failed, and what comes after
               the first that failed is not counted as run
    on_record  called with each Record, in order, as soon as it is known
    first      the one of them to start first, or None; the order of the rest, and
               of the Records, is the same
    """
    crew = Crew(lambda name, scratch: json.dumps(
        run_check(lesson_class, name, submission, scratch).as_dict()),
        _workers(lesson_class, len(names)))
    records, told = {}, 0
    waiting = sorted(names, key=lambda name: name != first)
    try:
        while waiting or crew.is_at_work():
            while waiting and crew.has_room():
                crew.start(waiting.pop(0))
            for name, text in crew.finished():
                records[name] = Record.from_dict(json.loads(text)) if text else \
                    _lost(lesson_class, name)
                if not run_all and records[name].stops():
                    before = names[:names.index(name)]
                    waiting = [n for n in waiting if n in before]
                    crew.stop_all_after(before)
            while told < len(names) and names[told] in records:
                on_record(records[names[told]])
                told += 1
                if not run_all and records[names[told - 1]].stops():
                    return [records[n] for n in names[:told]]
    finally:
        crew.end()
    return [records[n] for n in names]


def _workers(lesson_class, checks):
    """Return how many workers run the checks: more where checks mostly wait."""
    processors = min(MOST_WORKERS, os.cpu_count() or 1)
    return min(checks, processors * (2 if lesson_class.waits else 1))


def _lost(lesson_class, name):
    record = Record(name, lesson_class.checks()[name])
    record.verdict, record.actual = "INFRA", "the process that ran this check died"
    return record
