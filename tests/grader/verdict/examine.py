"""What really ended a check, told from the programs themselves once it is over."""
import re

from ..bench import procfs
from ..bench.table import WAITING
from ..stage.failure import Failure, Skip, Unfinished
from ..words.trouble import Infra
from . import crash, shortage

TODO_STATUS = 86                    # exit status of todo(), see common/todo.h
PLAN_STATUS = 97                    # exit status of a plan that cannot be read


def examined(end, stage, method, directory):
    """Return what really ended the check, now that the programs can be looked at.

    directory  of the learner's files, for where a crash has happened
    Infra when a program could not be watched, or met a limit of the machine.
    """
    if isinstance(end, Skip):
        return end
    found = _found(end, stage, method, directory)
    if isinstance(found, Failure) and found.verdict != "LIMIT":
        shortage.raise_if_met(stage)
    return found


def _found(end, stage, method, directory):
    # One may be dying: it has closed all, or its report is half written.
    if end is not None or any(p.report() for p in stage.programs):
        stage.lets_the_dying_end()
    for program in stage.programs:
        program.look()
        if not program.is_watched():
            raise Infra(f"{program.name} could not be watched: the interposer was not "
                        f"loaded into it ({program.last_words()})")
    for program in stage.programs:
        try:
            _raise_if_unfinished(program)
        except Unfinished as unfinished:
            return unfinished
    for program in [*stage.shown(), *stage.programs]:
        trouble = _trouble(program, method, directory)
        if trouble:
            if program not in stage.shown():
                stage.is_about(program)
            return trouble
    if isinstance(end, Failure):
        if any(map(_gave_up_when_interrupted, stage.programs)):
            end.bug = "I4"
        elif end.verdict == "TIMEOUT":
            end.bug = next(filter(None, map(_locked_out, stage.programs)), end.bug)
    return end


def _locked_out(program):
    """Return the bug when a thread waits for a mutex that another does not let go.

    V10: its owner is gone, or is the one who waits; V9: the owner waits for something
    else; None: nobody waits so, or what he waits for cannot be known.
    """
    threads = {t.tid: t for t in procfs.threads(program.pid)} \
        if program.status is None else {}
    for thread in filter(procfs.waits_for_a_mutex, threads.values()):
        owner = procfs.owner_of_mutex(program.pid, thread)
        if owner and owner not in threads or owner == thread.tid:
            return "V10"
        if owner and threads[owner].call and \
                not procfs.waits_for_a_mutex(threads[owner]):
            return "V9"
    return None


def _gave_up_when_interrupted(program):
    """Say whether the program ended because a signal woke it from waiting."""
    if program.trace.calls("handler"):  # it wanted to be interrupted
        return False
    last = program.trace.calls(*WAITING)[-1:]
    return bool(program.status) and not program.was_killed and \
        bool(last) and last[0].error == "EINTR"


def _trouble(program, method, directory):
    """Return a Failure when the program crashed or broke a limit, whatever it did."""
    report = program.report()
    said = report + bytes(program.stderr).decode("utf-8", "replace")
    if "LeakSanitizer has encountered a fatal error" in said:
        return Skip("this machine does not let LeakSanitizer look at a program")
    if "ThreadSanitizer: unexpected memory mapping" in said:
        return Skip("ThreadSanitizer does not run with this machine's kernel")
    if program.limit:
        return Failure("a program of modest needs", program.limit, None, "LIMIT")
    signalled = not program.was_killed and (program.status or 0) < 0
    if not report and not signalled:
        return None
    actual = crash.sentence(report, directory, program.path) if report else \
        program.how_it_ended()
    return Failure("all memory is given back" if "LeakSanitizer" in report else
                   "the sanitizer finds nothing to report" if report else
                   "the program does not crash", actual,
                   _crash_bug(report, program.status, method), "CRASH")


def _crash_bug(report, status, method):
    told = crash.bug(report, status, method.crash)
    # A warning alone, such as one about a huge block, is told by what the check saw.
    return told if told not in ("U10", "U24") or told in method.bugs or status != 0 \
        else None


def _raise_if_unfinished(program):
    """Raise Unfinished when the program ended in a todo()."""
    if program.status == PLAN_STATUS and b"LOOPBACK_PLAN" in program.stderr:
        raise Infra(bytes(program.stderr).decode("utf-8", "replace"))
    if program.status != TODO_STATUS and not program.trace.entered_count("_exit"):
        return
    if program.status != TODO_STATUS and \
            not any(c.status == TODO_STATUS for c in program.trace.calls("_exit")):
        return                          # nor has a child of it
    said = re.search(rb"([^/\s]+:\d+): step (\d+) is still to do", program.stderr)
    if said:
        raise Unfinished(said[1].decode("utf-8", "replace"), int(said[2]))
    raise Unfinished(program.name, 1)
