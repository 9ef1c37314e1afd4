"""When a diagnosis may be told: what the evidence must show for each bug.

A check names the bug that it usually finds, and a page explains it with confidence.
Here stands, for each bug, what must be true of the trace, of /proc or of a sanitizer's
report before that explanation is printed.  Where it is not true, the page explains
nothing: it shows where the program first went wrong, and by how much.
"""
import re
import signal

from ..bench.table import RECEIVING, SENDING

OVERFLOW = re.compile(r"WRITE of size.*\n(?:.*\n)?.* in "
                      r"(?:__interceptor_)?(?:recv|read)")


class Case:
    """What a diagnosis can be held against.

    failure   the stage.Failure
    programs  those that the page shows
    report    what sanitizers had to say about them, or "" (while they have files)
    """

    def __init__(self, failure, programs):
        self.failure = failure
        self.programs = programs

    @property
    def status(self):
        """The exit status, or -signal, of the first that did not end well; or 0."""
        return next((p.status for p in self.programs if p.status), 0)

    @property
    def report(self):
        """What sanitizers had to say."""
        return "\n".join(p.report() for p in self.programs)

    def calls(self, *names):
        """Yield the calls of these names in all programs."""
        for program in self.programs:
            yield from program.trace.calls(*names)


def agrees(bug, case):
    """Say whether the evidence agrees with a diagnosis; True where nothing is known."""
    return BECAUSE.get(bug, lambda case: True)(case)


def _some_receive_without_room(case):
    return any(c.length == 0 for c in case.calls(*RECEIVING))


def _some_send_not_repeated(case):
    """A send came out short and the rest was not offered next; or none was made."""
    return any(_loses_a_rest(p) or _answers_some_only(p) for p in case.programs)


def _loses_a_rest(program):
    left = {}
    for call in program.trace.calls(*SENDING):
        owed = left.pop((call.tid, call.fd), 0)
        if owed and call.length != owed:
            return True
        if call.error == "EAGAIN" or 0 <= (call.result or 0) < call.length:
            left[call.tid, call.fd] = call.length - max(0, call.result or 0)
    return bool(left)


def _answers_some_only(program):
    """Say whether it sent something once, and later received twice without sending."""
    sent = received = 0
    for call in program.trace.calls(*RECEIVING, *SENDING):
        if call.name in SENDING:
            sent, received = sent + 1, 0
        elif (call.result or 0) > 0:
            received += 1
            if sent and received > 1:
                return True
    return False


def _overflow_in_a_receive(case):
    return bool(OVERFLOW.search(case.report))


def _parent_keeps_a_connection(case):
    """A process that forks has not closed what it accepted before it accepts again."""
    for program in case.programs:
        forking, held = {c.pid for c in program.trace.calls("fork")}, {}
        for call in program.trace.calls("accept", "accept4", "close"):
            if call.name == "close":
                held.get(call.pid, set()).discard(call.fd)
            elif call.pid in forking:
                if held.get(call.pid):
                    return True
                if (call.result or -1) >= 0:
                    held[call.pid] = {call.result}
        if any(held.values()):
            return True
    return False


def _written_and_not_sent(case):
    """A stream on a socket holds bytes while its program waits for more."""
    return any(p.trace.unflushed for p in case.programs)


def _buffer_set_late(case):
    return any(c.trouble & 1 for c in case.calls("setvbuf"))


def _size_without_memory(case):
    return any(c.trouble & 2 for c in case.calls("setvbuf"))


def _waits_for_more(case):
    """A program that waits for more than it needs gives no answer, or a late one."""
    return case.failure.verdict == "TIMEOUT"


def _never_listens(case):
    return not any(c.result == 0 for c in case.calls("listen"))


def _ready_line_names_another_port(case):
    return any(p.ready_line() and p.listens_at() and
               p.ready_line()[1] != p.listens_at()[1] for p in case.programs)


def _a_thread_outlives_it(case):
    """A report that names another thread than main, or threads that nobody joined."""
    made = sum(c.result == 0 for c in case.calls("pthread_create"))
    ended = sum(c.result == 0 for c in case.calls("pthread_join", "pthread_detach"))
    return bool(re.search(r"\bT[1-9]\d*\b|thread", case.report)) or made > ended


def _died_of_sigpipe(case):
    """Where it is about a crash at all, the crash is that signal."""
    return case.failure.verdict != "CRASH" or \
        any(p.status == -signal.SIGPIPE for p in case.programs)


BECAUSE = {
    "I1": _died_of_sigpipe,
    "I2": _died_of_sigpipe,
    "E16": _waits_for_more,
    "E18": _some_receive_without_room,
    "E2": _some_send_not_repeated,
    "E6": _overflow_in_a_receive,
    "K4": _parent_keeps_a_connection,
    "J1": _written_and_not_sent,
    "J7": _buffer_set_late,
    "J11": _size_without_memory,
    "D6": _never_listens,
    "D16": _ready_line_names_another_port,
    "U10": lambda case: bool(case.report),
    "V14": _a_thread_outlives_it,
}
