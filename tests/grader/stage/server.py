"""A server as the subject of sentences: it listens, announces, rests, goes on."""
import resource
import signal

from ..bench import procfs
from ..bench.program import READY
from ..words import show
from ..words.text import _
from .stage import TESTER


class Server:
    """What a Subject says and suffers when it is a server."""

    # Stopped by its plan, and on again

    def is_stopped_by_plan(self):
        """Wait until a Plan stops it, and tell so; False if that does not come."""
        stopped = self.wait_until_frozen()
        for plan in filter(self.has_met, self._stops if stopped else []):
            self.stage.tell(plan.words, TESTER)
            self._stops.remove(plan)
            break
        return stopped

    def goes_on(self):
        """Let it go on after a stop."""
        self.stage.tell("lets it go on", TESTER)
        self.thaw()

    # A server

    def is_ready(self):
        """Wait until it listens; return its address, by its own word or the kernel's.

        None when it does not come that far.
        """
        self.stage.wait_for(lambda: self.has_ended() or self.ready_line())
        return self.ready_line() or self.listens_at()

    def ready_line(self):
        """Return the (host, port) of its ready line, None while there is none."""
        line = READY.match(self.stdout)
        return ((line[1] or line[2]).decode(), int(line[3])) if line else None

    def listens_at(self):
        """Return the (host, port) of its listening socket, by the trace; or None."""
        listening = [c for c in self.trace.calls("listen") if c.result == 0]
        return listening[-1].address if listening else None

    def announces(self, unheard, wrong, host="127.0.0.1", port=None):
        """Its first line is the ready line, with its true address; return that.

        unheard  the bug when it listens but says nothing
        wrong    the bug when the line is not what it should be
        port     the one it was told; None: any that is the truth
        """
        self.stage.wait_for(lambda: self.has_ended() or b"\n" in self.stdout)
        truth = self.listens_at()
        shown = show.address((host, port or (truth or (0, "PORT"))[1]))
        if b"\n" not in self.stdout:
            self.is_alive(unheard)
            raise self.failure(
                _('the line "listening on {address}"', address=shown),
                "the program listens, but its line does not come" if truth
                else "it does not listen", unheard, "TIMEOUT")
        line = bytes(self.stdout).partition(b"\n")[0]
        if line != f"listening on {shown}".encode():
            raise self.failure(_('"listening on {address}"', address=shown),
                               _("{line:quoted}", line=line), wrong)
        return self.ready_line()

    def is_alive(self, bug=None):
        """It is still running."""
        if self.has_ended():
            raise self.failure("the program goes on running", self.last_words(), bug)

    def last_words(self):
        """Return how it ended, and the last line it left on stderr."""
        lines = bytes(self.stderr).strip().splitlines()
        return _("it ended: {how}" + ", after {line:quoted}" * bool(lines),
                 how=self.how_it_ended(), line=bytes(lines[-1]) if lines else b"")

    def is_killed(self):
        """Kill it, as kill -9 would."""
        self.stage.tell("kills the server", TESTER)
        self.end()

    def freezes_at_rest(self):
        """Stop it once it sleeps, in whatever call; goes_on() lets it go on."""
        self.stage.wait_for(lambda: self.rests() or self.has_ended(), patient=True)
        self.stage.tell("stops it for a moment", TESTER)
        self.freeze()

    def freezes(self):
        """Stop it once it waits, as Ctrl-Z would; goes_on() lets it meet what came."""
        self.stage.wait_until_taken()
        self.stage.tell("stops the server for a moment", TESTER)
        self.freeze()

    def clock_moves_on(self, seconds):
        """Move the clock that it sees on, by so many seconds in all."""
        self.stage.tell(_("moves the clock on by {seconds} s", seconds=seconds), TESTER)
        self.trace.move_clock(seconds)

    def holds_back(self, whom):
        """Hold back threads from now on; lets_go() ends that.

        whom  "new" ones, at their start; at a condition "woken" ones, or a "waker"
        """
        words = {"new": "holds back each new thread at its start",
                 "woken": "holds back threads that are woken",
                 "waker": "holds back a thread that has woken another"}[whom]
        self.stage.tell(words, TESTER)
        self.trace.hold(whom)

    def lets_go(self):
        """Let those go on who were held back, once all else is done."""
        self.stage.wait_until_taken()
        self.stage.tell("lets them go on", TESTER)
        self.trace.hold(None)

    def has_only_the_descriptors_it_holds(self):
        """From now on every call for one more fails with EMFILE."""
        self.stage.wait_until_taken()
        open_now = procfs.descriptors(self.pid)
        held = next(fd for fd in range(len(open_now) + 1) if fd not in open_now)
        self.limits = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (held, self.limits[1]))
        self.stage.tell(_("allows it {held} descriptors, no more", held=held), TESTER)

    def has_descriptors_again(self):
        """Lift that limit."""
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.limits)
        self.stage.tell("allows it descriptors again", TESTER)

    def comes_to_rest(self, most=None):
        """Idle, it rests, and has no more than `most` descriptors open (None: any).

        Returns how many are open.
        """
        self.stage.wait_for(lambda: self.waits_for_input() and
                            (most is None or self.open_descriptors() <= most))
        if self.spins():
            raise self.failure("a server at rest while nobody is there",
                               "it never rests",
                               "I3", "TIMEOUT")
        now = self.open_descriptors()
        if most is not None and now > most:
            raise self.failure(_("{most} open descriptors, as after the first client",
                                 most=most), _("{now} are open", now=now), "D13")
        return now

    def open_descriptors(self):
        """Return how many descriptors it and its children have open."""
        return sum(len(procfs.descriptors(p)) for p in procfs.family(self.pid))
