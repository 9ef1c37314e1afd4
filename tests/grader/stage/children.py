"""A server with children as the subject of sentences, and its orderly stop."""
import os
import signal
import time

from ..bench import procfs, spawn
from ..words.text import _
from .stage import TESTER

STOP_TIME = 1.2                     # seconds asleep: more than a stop may take


class Children:
    """What a Subject says and suffers when it has children, and when it is stopped."""

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
        self.stage.tell("stops the server, not its children", TESTER)
        os.kill(self.pid, signal.SIGSTOP)
        self._wait_until_stopped(any)

    def leaves_no_zombie(self, bug=None):
        """Each child that has ended is collected."""
        if not self.stage.wait_for(lambda: not self.zombies()):
            dead = len(self.zombies())
            raise self.failure("every child that has ended is collected",
                               _("{dead:zombie} left", dead=dead), bug)

    def has_processes(self, most, bug=None):
        """Sooner or later it and its descendants are at most so many processes."""
        if not self.stage.wait_for(lambda: self.processes() <= most):
            now, dead = self.processes(), len(self.zombies())
            words = "{now:process/processes}" + ", of which {dead:zombie}" * bool(dead)
            raise self.failure(_("{most:process/processes}, as before", most=most),
                               _(words, now=now, dead=dead), bug)

    def dies_alone(self):
        """Kill it, and not its children; return the pids of those that live on."""
        family = procfs.family(self.pid)[1:]
        self.stage.tell("kills the server, not its children", TESTER)
        os.kill(self.pid, signal.SIGKILL)
        self.was_killed = True
        self.stage.wait_for(self.has_ended)
        return family

    def is_told_to_stop(self, number):
        """Send it SIGTERM or SIGINT: to it alone, not to its children."""
        self.is_alive("I11")
        name = signal.Signals(number).name
        self.stage.tell(_("sends it {signal}", signal=name), TESTER)
        self._told = procfs.family(self.pid)[1:], number
        spawn.send_signal(self.pid, number)

    def may_have_died_of(self, number):
        """An end by this signal, which we have sent, is no crash."""
        self.was_killed = self.was_killed or self.status == -number

    def ends_in_order(self, bug=None):
        """Told to stop it exits within a second, status 0, and no child lives on.

        bug  when it does not end
        """
        children, number = self._told
        self.stage.wait_for(lambda: self.has_ended() or self._sleeps_on())
        if not self.has_ended():
            raise self.failure("the server ends within a second", "it goes on running",
                               bug, "TIMEOUT")
        if self.status == -number:
            self.was_killed = True      # by us: no crash
            raise self.failure("exit status 0", self.how_it_ended(), "I11")
        self.exits_with(0, "I11")
        if not self.stage.wait_for(lambda: self.are_gone(children), patient=True,
                                   seconds=STOP_TIME):
            left = sum(map(spawn.is_alive, children))
            raise self.failure("its children end with it",
                               _("{left:process/processes} left", left=left), "K12")

    def _sleeps_on(self):
        """Say whether all its threads have been in the same sleep for STOP_TIME.

        Time counts only while they sleep: a slow machine is not the program's fault.
        """
        threads = self._threads()
        then, before = self._sleep
        if not threads or not all(t.call for t in threads) or before != threads:
            self._sleep = (time.monotonic(), threads)
            return False
        return time.monotonic() - then >= STOP_TIME

    # One child

    def loses(self, child):
        """Kill this child (a pid) of it."""
        spawn.send_signal(child, signal.SIGKILL)

    def stops_child(self, child):
        """Stop this child (a pid) of it; lets_child_go_on() ends that."""
        spawn.send_signal(child, signal.SIGSTOP)
        self.stage.wait_for(lambda: procfs.state(child) == "T", patient=True)

    @staticmethod
    def lets_child_go_on(child):
        """Let this child (a pid) go on after a stop."""
        spawn.send_signal(child, signal.SIGCONT)

    @staticmethod
    def is_alive_still(pid):
        """Say whether this process lives."""
        return spawn.is_alive(pid)
