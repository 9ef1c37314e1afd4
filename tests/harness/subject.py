"""The program under test as the subject of sentences: it exits, prints, listens."""
import os
import re
import resource
import signal
import time

from . import procfs, show, spawn
from .describe import ONLY_IN_HANDLERS
from .failure import Failure
from .program import Program

STOP_TIME = 1.2                     # seconds asleep: more than a stop may take
SPIN = 1000                         # records of calls that show a loop without rest
SPIN_TIME = 1.5                     # when so many come in seconds: naps make fewer
READY = re.compile(rb"listening on (?:\[([0-9a-f:]+)\]|([0-9.]+)):(\d+)\n")


class Subject(Program):
    """A Program on a stage, whose sentences raise Failure when they are not true."""

    def __init__(self, stage, path, args, interposer, **options):
        super().__init__(path, args, stage.directory(), interposer, **options)
        self.stage = stage
        self._told, self._sleep = None, (0, None)
        stage.programs.append(self)
        stage.tell("$ " + " ".join([self.name, *map(show.argument, self.args)]),
                   at=self.started)

    # A program that ends by itself

    def ends(self, bug=None, expected="the program ends"):
        """It comes to its end; expected: with what, in words."""
        self.stage.wait_for(self.has_ended)
        if self.status is None:
            raise Failure(expected, "it does not end", bug, "TIMEOUT")

    def has_ended(self):
        """Say whether it has ended by now."""
        self.look()
        return self.status is not None

    def exits_with(self, status, bug=None):
        """It ends by itself with this exit status."""
        self.ends(bug, f"exit status {status}")
        if self.status != status:
            raise Failure(f"exit status {status}", self.how_it_ended(), bug)

    def how_it_ended(self):
        """Return in words how it ended, or that it runs."""
        if self.status is None:
            return "it is still running"
        if self.status < 0:
            return f"killed by {signal.Signals(-self.status).name}"
        return f"exit status {self.status}"

    def prints(self, expected, bug=None):
        """Its whole standard output so far is these bytes."""
        self.look()
        if bytes(self.stdout) != expected:
            want, have = show.difference(expected, bytes(self.stdout))
            raise Failure(f"on stdout {want}", have, bug)

    def says(self, pattern, words, bug=None):
        """Sooner or later a line on stderr matches `pattern` (in words: `words`)."""
        if not self.stage.wait_for(lambda: self.has_said(pattern)):
            first = bytes(self.stderr).strip().split(b"\n")[0]
            raise Failure(f"on stderr {words}", show.quoted(first, 60) if first
                          else "nothing on stderr", bug)

    def has_said(self, pattern):
        """Say whether a line on stderr matches `pattern` by now."""
        self.look()
        text = bytes(self.stderr).decode("utf-8", "replace")
        return re.search(pattern, text, re.MULTILINE) is not None

    def has_more_to_say_than(self, before, words, bug=None):
        """Sooner or later its stderr is longer than `before` bytes (words: of what)."""
        def has_said_more():
            self.look()
            return len(self.stderr) > before

        if not self.stage.wait_for(has_said_more):
            raise Failure(f"a word on stderr {words}", "nothing on stderr", bug)

    def complains(self, bug=None):
        """It has said something on stderr, and nothing on stdout."""
        self.prints(b"", bug)
        if not self.stderr.strip():
            raise Failure("a message on stderr", "nothing on stderr", bug)

    # What it asked of the kernel: evidence for the diagnosis, never the verdict

    def called(self, name, error=None):
        """Say whether it made this call (and met this error)."""
        return any(error in (None, c.error) for c in self.trace.calls(name))

    def has_sent(self):
        """Say whether it tried to send anything on a socket."""
        calls = "send", "sendto", "sendmsg", "writev"
        return any(self.called(name) for name in calls) \
            or any(c.args[0] > 2 for c in self.trace.calls("write"))

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
        return [c.name for c in self.trace.calls(*ONLY_IN_HANDLERS, "exit")
                if any(r.tid == c.tid and r.entered <= c.entered
                       and (r.is_inside or c.entered <= r.left) for r in runs)]

    def handlers_changed_errno(self):
        """Return the signals whose handlers left another errno than they found."""
        return [c.args[0] for c in self.trace.calls("handler")
                if c.after and c.after[1] != c.after[2]]

    # Stopped by its plan, and on again

    def is_stopped_by_plan(self, where):
        """Wait until its plan stops it (`where`: in words); False if it does not."""
        stopped = self.wait_until_frozen()
        if stopped:
            self.stage.tell(f"stops it {where}", "the tester")
        return stopped

    def goes_on(self):
        """Let it go on after a stop."""
        self.stage.tell("lets it go on", "the tester")
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
            raise Failure(f'the line "listening on {shown}"',
                          "the program listens, but its line does not come" if truth
                          else "it does not listen",
                          unheard, "TIMEOUT")
        line = bytes(self.stdout).partition(b"\n")[0]
        if line != f"listening on {shown}".encode():
            raise Failure(f'"listening on {shown}"', show.quoted(line, 60), wrong)
        return self.ready_line()

    def is_alive(self, bug=None):
        """It is still running."""
        if self.has_ended():
            raise Failure("the program goes on running", self.last_words(), bug)

    def last_words(self):
        """Return how it ended, and the last line it left on stderr."""
        lines = bytes(self.stderr).strip().splitlines()
        return f"it ended: {self.how_it_ended()}" + \
            (f", after {show.quoted(lines[-1], 72)}" if lines else "")

    def is_killed(self):
        """Kill it, as kill -9 would."""
        self.stage.tell("kills the server", "the tester")
        self.end()

    def freezes(self):
        """Stop it once it waits, as Ctrl-Z would; goes_on() lets it meet what came."""
        self.stage.wait_until_taken()
        self.stage.tell("stops the server for a moment", "the tester")
        self.freeze()

    def holds_back(self, whom):
        """Hold back threads from now on; lets_go() ends that.

        whom  "new" ones, at their start; at a condition "woken" ones, or a "waker"
        """
        words = {"new": "holds back each new thread at its start",
                 "woken": "holds back threads that are woken",
                 "waker": "holds back a thread that has woken another"}[whom]
        self.stage.tell(words, "the tester")
        self.trace.hold(whom)

    def lets_go(self):
        """Let those go on who were held back, once all else is done."""
        self.stage.wait_until_taken()
        self.stage.tell("lets them go on", "the tester")
        self.trace.hold(None)

    def has_only_the_descriptors_it_holds(self):
        """From now on every call for one more fails with EMFILE."""
        self.stage.wait_until_taken()
        open_now = procfs.descriptors(self.pid)
        held = next(fd for fd in range(len(open_now) + 1) if fd not in open_now)
        self.limits = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (held, self.limits[1]))
        self.stage.tell(f"allows it {held} descriptors, no more", "the tester")

    def has_descriptors_again(self):
        """Lift that limit."""
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.limits)
        self.stage.tell("allows it descriptors again", "the tester")

    def comes_to_rest(self, most=None):
        """Idle, it rests, and has no more than `most` descriptors open (None: any).

        Returns how many are open.
        """
        self.stage.wait_for(lambda: self.waits_for_input() and
                            (most is None or self.open_descriptors() <= most))
        if self.spins():
            raise Failure("a server at rest while nobody is there", "it never rests",
                          "I3", "TIMEOUT")
        now = self.open_descriptors()
        if most is not None and now > most:
            raise Failure(f"{most} open descriptors, as after the first client",
                          f"{now} are open", "D13")
        return now

    def open_descriptors(self):
        """Return how many descriptors it and its children have open."""
        return sum(len(procfs.descriptors(p)) for p in procfs.family(self.pid))

    # A server with children, and its stop

    def children(self):
        """Return the pids of its children, living or dead."""
        return procfs.children(self.pid)

    def zombies(self):
        """Return the pids of its children that nobody has collected."""
        return procfs.zombies(self.pid)

    def processes(self):
        """Return how many processes it and its descendants are."""
        return len(procfs.family(self.pid))

    def holds(self, kind=""):
        """Return how many descriptors of a kind ("socket") it has, without children."""
        return sum(name.startswith(kind)
                   for name in procfs.descriptors(self.pid).values())

    def waits_for_a_child(self):
        """Say whether it sits in wait or one of its kin."""
        return any(t.call in ("wait4", "waitid") for t in procfs.threads(self.pid))

    @staticmethod
    def are_idle(pids):
        """Say whether each of these processes has ended, or sleeps in a call."""
        return all(t.call for p in pids for t in procfs.threads(p))

    @staticmethod
    def are_gone(pids):
        """Say whether none of these processes is alive."""
        return not any(map(spawn.is_alive, pids))

    def freezes_alone(self):
        """Stop it, and not its children, once it waits; goes_on() ends that."""
        self.stage.wait_until_taken()
        self.stage.tell("stops the server, not its children", "the tester")
        os.kill(self.pid, signal.SIGSTOP)
        self._wait_until_stopped(any)

    def leaves_no_zombie(self, bug=None):
        """Each child that has ended is collected."""
        if not self.stage.wait_for(lambda: not self.zombies()):
            dead = len(self.zombies())
            raise Failure("every child that has ended is collected",
                          f"{show.count(dead, 'zombie')} left", bug)

    def has_processes(self, most, bug=None):
        """Sooner or later it and its descendants are at most so many processes."""
        if not self.stage.wait_for(lambda: self.processes() <= most):
            now, dead = self.processes(), len(self.zombies())
            raise Failure(f"{show.count(most, 'process', 'processes')}, as before",
                          f"{show.count(now, 'process', 'processes')}" +
                          (f", of which {show.count(dead, 'zombie')}" if dead else ""),
                          bug)

    def dies_alone(self):
        """Kill it, and not its children; return the pids of those that live on."""
        family = procfs.family(self.pid)[1:]
        self.stage.tell("kills the server, not its children", "the tester")
        os.kill(self.pid, signal.SIGKILL)
        self.was_killed = True
        self.stage.wait_for(self.has_ended)
        return family

    def is_told_to_stop(self, number):
        """Send it SIGTERM or SIGINT: to it alone, not to its children."""
        self.is_alive("I11")
        self.stage.tell(f"sends it {signal.Signals(number).name}", "the tester")
        self._told = procfs.family(self.pid)[1:], number
        spawn.send_signal(self.pid, number)

    def ends_in_order(self, bug=None):
        """Told to stop it exits within a second, status 0, and no child lives on.

        bug  when it does not end
        """
        children, number = self._told
        self.stage.wait_for(lambda: self.has_ended() or self._sleeps_on())
        if self.status is None:
            raise Failure("the server ends within a second", "it goes on running",
                          bug, "TIMEOUT")
        if self.status == -number:
            self.was_killed = True      # by us: no crash
            raise Failure("exit status 0", self.how_it_ended(), "I11")
        self.exits_with(0, "I11")
        if not self.stage.wait_for(lambda: self.are_gone(children), patient=True,
                                   seconds=STOP_TIME):
            left = sum(map(spawn.is_alive, children))
            raise Failure("its children end with it",
                          f"{show.count(left, 'process', 'processes')} left", "K12")

    def _sleeps_on(self):
        """Say whether all its threads have been in the same sleep for STOP_TIME.

        Time counts only while they sleep: a slow machine is not the program's fault.
        """
        threads = self._threads()
        then, before = self._sleep
        if not all(t.call for t in threads) or before != threads:
            self._sleep = (time.monotonic(), threads)
            return False
        return time.monotonic() - then >= STOP_TIME
