"""What a program asked of the kernel: evidence for the diagnosis, never the verdict."""
import signal

from ..bench import procfs
from ..bench.table import SENDING, UNSAFE_IN_HANDLERS

SPIN = 1000                         # records of calls that show a loop without rest
SPIN_TIME = 1.5                     # when so many come in seconds: naps make fewer


class Evidence:
    """Questions about a Subject's trace and its threads; each returns data."""

    def called(self, name, error=None):
        """Say whether it made this call (and met this error)."""
        return any(error in (None, c.error) for c in self.trace.calls(name))

    def has_sent(self):
        """Say whether it tried to send anything on a socket."""
        return any(c.fd > 2 for c in self.trace.calls(*SENDING))

    def met_from_plan(self, error):
        """Say whether a plan let one of its calls fail with this error."""
        return any("fail" in c.by_tester and c.error == error
                   for c in self.trace.calls())

    def has_met_nobody(self):
        """Say whether it has ended without ever having been connected."""
        return self.status is not None and not any(
            c.result is not None and c.result >= 0
            for c in self.trace.calls("accept", "accept4", "connect"))

    def times(self, *names):
        """Return how often it made these calls."""
        return sum(self.trace.entered_count(name) for name in names)

    def uses_stdio(self):
        """Say whether it wrapped a descriptor of a socket in a FILE."""
        return self.called("fdopen")

    def spins(self):
        """Say whether it makes calls on and on without ever coming to rest."""
        start = self.trace.next
        self.stage.wait_for(lambda: self.trace.next - start > SPIN or self.rests()
                            or self.has_ended(), patient=True, seconds=SPIN_TIME)
        return self.trace.next - start > SPIN

    def failed(self, name, error):
        """Return how often calls of this name (accept4 is accept) met this error."""
        return sum(c.error == error for c in self.trace.calls(name, name + "4"))

    def went_to(self):
        """Return the host it tried to connect to last, "" if it did not try."""
        calls = self.trace.calls("connect")
        return calls[-1].address[0] if calls and calls[-1].address else ""

    def unsafe_in_handlers(self):
        """Return the names of the calls its signal handlers made and must not make."""
        runs = self.trace.calls("handler")
        return [c.name for c in self.trace.calls(*UNSAFE_IN_HANDLERS, "exit")
                if any(r.tid == c.tid and r.entered <= c.entered
                       and (r.is_inside or c.entered <= r.left) for r in runs)]

    def handlers_changed_errno(self):
        """Return the signals whose handlers left another errno than they found."""
        return [c.signal for c in self.trace.calls("handler")
                if c.errno_before != c.errno_after]

    def used_what_is_closed(self, *names):
        """Return (name, words) of the calls that met EBADF but were not handed -1."""
        return [(c.name, f"{c.name}({'' if c.fd is None else c.fd}) failed: EBADF")
                for c in self.trace.calls(*names)
                if c.error == "EBADF" and (c.fd is None or c.fd >= 0)]

    # Its threads

    def waiting_for_a_lock(self):
        """Return how many of its threads wait for a mutex that another has locked."""
        return sum(map(procfs.waits_for_a_mutex, procfs.threads(self.pid)))

    def waits_for_threads(self):
        """Say whether one of its threads waits for another: futex(2), as locks do."""
        return any(t.call == "futex" for t in procfs.threads(self.pid))

    def memory(self):
        """Return the bytes of memory of its own that it has asked for, used or not."""
        return procfs.data_bytes(self.pid)

    def mappings(self):
        """Return of how many pieces its memory consists; it must be alive."""
        self.is_alive()
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as file:
            return sum(1 for _ in file)

    def is_deaf(self):
        """Say whether SIGTERM or SIGINT waits outside: it is blocked."""
        return any(number in procfs.pending_signals(self.pid)
                   for number in (signal.SIGTERM, signal.SIGINT))
