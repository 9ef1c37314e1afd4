"""Where a program first went wrong, as far as its trace can tell."""
import os

from ..bench.calls import describe
from ..bench.table import SENDING
from ..course import steps
from ..words.text import _
from . import timeline

NOT_ASKED = ("load", "thread_start", "exit", "_exit")


def first_wrong(failure, stage, directory):
    """Return the call that shows it first, its line and its step; a Text or None.

    That is the one that sent the first wrong byte; where none was sent, or it is not
    about bytes, the last call that has a line in the files of `directory`.
    """
    for program in reversed(stage.shown()):
        calls = [c for c in program.trace.calls() if c.name not in NOT_ASKED]
        where = timeline.sources(program, calls, directory)
        call = _that_sent(failure, calls) or \
            next((c for c in reversed(calls) if c.callers in where), None)
        if call and call.callers in where:
            file, __, line = where[call.callers].partition(":")
            step = steps.at(os.path.join(directory, file), int(line))
            words = "{where}, step {step}: {call}" if step else "{where}: {call}"
            return _(words, where=where[call.callers], step=step, call=describe(call))
    return None


def _that_sent(failure, calls):
    """Return the call that sent byte failure.at of the connection it is about."""
    peer, left = failure.of, failure.at
    if left is None or not hasattr(peer, "local"):
        return None
    fd = next((c.result if c.name != "connect" else c.fd for c in reversed(calls)
               if c.name in ("accept", "accept4", "connect")
               and c.address == peer.local[:2]), None)
    for call in calls:
        if call.name in SENDING and call.fd == fd and (call.result or 0) > 0:
            if left < call.result:
                return call
            left -= call.result
    return None
