"""Where a program sits that does not go on: in which call of which thread."""
import time

from ..bench import procfs
from . import timeline

MOST_BLOCKED = 4                    # threads of which is said where they sit
SPIN = 1000                         # calls in a row without rest: spinning


def whereabouts(program, stage, directory):
    """Return where a program sits that does not go on: in which call, since when."""
    calls = [c for c in program.trace.calls() if c.name != "load"]
    if procfs.state(program.pid) == "T":
        return "stopped by a signal"
    rests = stage.wait_for(program.rests, patient=True, seconds=0.2)
    if program.is_in_a_loop() or not rests:
        return _spinning(program, stage)
    last = {(c.pid, c.tid): c for c in calls}
    family = procfs.family(program.pid)
    asleep = {(p, t.tid): t for p in family for t in procfs.threads(p)}
    every = timeline.threads(program)
    names = {thread: name for thread, name in every.items()
             if thread in asleep and thread in last
             and last[thread].name not in ("exit", "_exit")}
    if len(names) < 2:
        return "".join(_seat(program, last[thread], asleep.get(thread), directory)
                       for thread in names)
    found = [f"{name} is " + _seat(program, last[thread], asleep.get(thread), directory)
             .partition(" since ")[0] + _locked_by(thread[0], asleep[thread], every)
             for thread, name in names.items()]
    return "; ".join(found[:MOST_BLOCKED]) + ("; ..." if found[MOST_BLOCKED:] else "")


def _locked_by(pid, thread, names):
    """Return ", locked by thread 1" when this thread of `pid` waits for a mutex."""
    owner = procfs.owner_of_mutex(pid, thread) if procfs.waits_for_a_mutex(thread) \
        else 0
    return f", locked by {names[pid, owner]}" if (pid, owner) in names else ""


def _seat(program, call, thread, directory):
    """Say in which call a thread sits, at which line, since when.

    call    its last one in the trace; thread: what /proc tells of it, or None
    """
    waits = thread is not None and procfs.waits_for_a_mutex(thread)
    if not call.is_inside:
        return "waiting for a mutex" if waits else \
            f"asleep in {thread.call}()" if thread and thread.call else "at work"
    source = timeline.sources(program, [call], directory).get(call.callers)
    since = (time.monotonic_ns() - call.entered) / 1e6
    return ("waiting for the mutex in " if waits else "blocked in ") + \
        timeline.describe(call) + \
        (f" at {source}" if source else "") + f" since {since:.1f} ms"


def _spinning(program, stage):
    first, begin = program.trace.next, time.monotonic()
    stage.wait_for(lambda: program.trace.next - first > SPIN, patient=True, seconds=1)
    more, seconds = program.trace.next - first, time.monotonic() - begin
    if more <= SPIN:
        return "busy in its own code, almost without a system call"
    name = program.trace.calls()[-1].name
    return (f"spinning: {name}() is called again and again, "
            f"about {more / 2 / seconds:,.0f} times a second")
