"""Lesson 10: a forking server.  Run the checks with: make check-lesson10"""
import os
import re
import signal
import time

from grader.stage import RECEIVING, Failure, check, fails, few_at_a_time, stops, _
from .protocols.greeting import Forking
from .protocols.hello import WELCOME, HelloToMany, hello, rebound

TEN = [f"client {number}" for number in range(1, 11)]
SA_RESTART = 0x10000000
COLLECTING = "wait", "waitpid", "waitid", "wait3", "wait4"


class ForkingServer(HelloToMany):
    number = 10
    title = "a forking server"
    programs = ("hellod-fork",)
    waits = True
    question = ("a child that crashes harms one client only. What would a crash do to "
                "the others if every client had a thread in place of a process?")
    order = ("one_client", "next_please", "last_one_first", "clients_apart",
             "processes", "ended_together", "takes_no_answer", "killed_children",
             "numbers", "at_the_limit", "no_child", "nothing_twice", "successor")

    one_client = rebound(HelloToMany.one_client, "K4 D13 C11")
    next_please = rebound(HelloToMany.next_please, "K11 D19 K3 I6")
    last_one_first = rebound(HelloToMany.last_one_first, "D19 K3")
    numbers = rebound(HelloToMany.numbers, "K10 K1 K2 F18")

    # How it may have failed

    def kind_of_alone(self, server):
        """Return what finds out why another client is not served."""
        def bug():
            if server.has_ended():
                restarts = [c for c in server.trace.calls("sigaction")
                            if c.signal == signal.SIGCHLD and c.flags & SA_RESTART]
                return "I6" if restarts else "K11"
            return "K3" if server.waits_for_a_child() else "D19"
        return bug

    def kind_of_counts(self, server):
        """Return the bug of wrong numbers: children that nobody collects, or K10."""
        return self.kind_of_zombies(server) if server.zombies() else "K10"

    @staticmethod
    def kind_of_zombies(server):
        """Return the bug of children that have ended and were not collected."""
        collected = [c for c in server.trace.calls(*COLLECTING)
                     if c.pid == server.pid and (c.result or 0) > 0]
        return "K2" if collected else "K1"

    def kind_of_stuck(self, server):
        """Return what finds out why the server does not end when told to.

        To be called when that is the last thing told.
        """
        told = self.stage.story[-1].time

        def bug():
            goes_on = any(c.pid == server.pid and c.name != "handler"
                          and c.entered > told for c in server.trace.calls())
            return "K12" if server.children() and goes_on \
                and not server.is_deaf() else "I5"
        return bug

    def kind_of_missing_end(self, server, peer):
        """Return what finds out why a client does not see the end."""
        def bug():
            return "H1" if peer.end == "reset" else \
                "K4" if server.holds("socket") > 1 else "D13"
        return bug

    def child_of(self, server, peer):
        """Return the pid of the child that serves this client.

        None where it cannot be told: not by a child, or by more than one process.
        """
        begin = time.monotonic_ns()
        peer.sends(b"x\n")
        peer.receives(hello(b"x"), "D19")
        self.stage.wait_until_taken()
        heard = {c.pid for c in server.trace.calls(*RECEIVING)
                 if c.left and c.left > begin and (c.result or 0) > 0}
        if len(heard) != 1 or not heard <= {*server.children()}:
            return None
        return heard.pop()

    # Parent and child

    @check(points=3, bugs="K6 K4 K1")
    def processes(self):
        """when a client has left, its process has ended, and nothing stays"""
        server = self.serve("0")
        self.stage.wait_until_taken()
        before, held = server.processes(), None
        for name in TEN[:5]:
            self.is_greeted(name)
            server.has_processes(before, lambda: self.kind_of_zombies(server)
                                 if server.zombies() else "K6")
            held = held or server.holds()
        if not self.stage.wait_for(lambda: server.holds() <= held):
            raise Failure(_("{n} descriptors in the parent, as after the first",
                            n=held),
                          _("{n} are open", n=server.holds()), "K4")

    @check(points=2, bugs="K13 K4 H13")
    def killed_children(self):
        """a client whose process is killed sees the end, no other does"""
        server = self.serve("0")
        self.stage.wait_until_taken()
        held = server.holds("socket")

        def kind_of_holder():
            return "H13" if server.has_ended() else \
                "K4" if server.holds("socket") > held else "K13"

        for names in (("bob", "alice"), ("carol", "dave")):     # in order of death
            server.freezes()
            peers = {name: self.client(name) for name in sorted(names)}
            server.goes_on()
            for peer in peers.values():
                peer.receives(WELCOME)
            children = {name: self.child_of(server, peers[name]) for name in names}
            if None in children.values() or len({*children.values()}) == 1:
                return                  # its processes are not of this kind
            for name in names:
                self.stage.tell(_("kills the process that serves {peer}", peer=name),
                                "the tester")
                server.loses(children[name])
                peers[name].gets_nothing(kind_of_holder)
                peers.pop(name).leaves()
                for other in peers.values():
                    other.sends(b"x\n")
                    other.receives(hello(b"x"))

    @check(points=3, bugs="K2 K1")
    def ended_together(self):
        """ten children that end at the same moment are all collected"""
        server = self.serve("0")
        peers = [self.visitor(name) for name in TEN]
        server.freezes_alone()
        for peer in peers:
            peer.sends(b"exit\n")
            peer.sees_the_end(self.kind_of_missing_end(server, peer))
            peer.leaves()
        self.stage.wait_for(lambda: server.are_idle(server.children()), patient=True)
        server.goes_on()
        server.leaves_no_zombie(lambda: "K2" if len(server.zombies()) < len(TEN)
                                else self.kind_of_zombies(server))
        self.is_greeted("the next one", "K2")

    @check(points=2, bugs="K8 K4")
    def no_child(self):
        """if fork fails, that client sees the end, the next is served"""
        server = self.serve("0", plan=fails("fork", "EAGAIN", at=1))
        self.stage.wait_until_taken()
        if not server.failed("fork", "EAGAIN"):     # it has made no child in advance
            alice = self.client("alice")
            self.stage.wait_until_taken()
            if server.failed("fork", "EAGAIN"):
                alice.sees_the_end(lambda: self.kind_of_kept(alice))
            alice.leaves()
        server.is_alive("K8")
        bob = self.visitor("bob", "K8")
        bob.sends(b"bob\n")
        bob.receives(hello(b"bob"), "K8")
        self.counts(server, bob, None, 1, "K8")     # no place is lost
        server.is_alive("K8")

    def kind_of_kept(self, peer):
        """Return the bug of a connection without a child that stays open.

        K4 when it ends with the next client: so it was only kept for a while.
        """
        self.tries_to_connect("another client")
        self.stage.wait_until_taken()
        peer.receive()
        return "K4" if peer.end else "K8"

    @check(points=2, bugs="J10 K7")
    def nothing_twice(self):
        """its log and its ready line are written once, not by each child"""
        server = self.serve("0")
        self.stage.wait_until_taken()
        before = server.processes()
        peers = [self.visitor(name) for name in TEN[:3]]
        for peer in peers:
            peer.sends(b"exit\n")
            peer.sees_the_end("K4")
            peer.leaves()
        alice = self.visitor("alice")
        self.counts(server, alice, 3, 1)
        lines = self.lines_of(server)
        exits = [c for c in server.trace.calls("exit") if c.pid != server.pid]
        for line in lines:
            times = lines.count(line)
            if times > 1 and re.search(rb"onnection from \S+:\d|^listening on ", line):
                raise Failure(_("{line:quoted} once", line=line),
                              _("it is written {times} times", times=times),
                              "K7" if exits else "J10")
        alice.leaves()
        if self.stage.wait_for(lambda: server.processes() <= before):
            self.says_farewell_once(server)

    def lines_of(self, server):
        """Return the lines (bytes) that server and children have written by now."""
        self.stage.look()
        return bytes(server.stdout + server.stderr).split(b"\n")

    def says_farewell_once(self, server):
        """Its last words are not those of each of the four children that were."""
        before = self.lines_of(server)
        server.is_told_to_stop(signal.SIGTERM)
        self.stage.wait_for(server.has_ended)   # whether, and how, is another question
        server.may_have_died_of(signal.SIGTERM)
        after = self.lines_of(server)
        for line in set(before) - {b""}:
            if before.count(line) == 4 and after.count(line) == 5:
                raise Failure(_("{line:quoted} once, when the server ends", line=line),
                              "each child has written it as well", "K7")

    @check(points=2, bugs="K5")
    def successor(self):
        """killed, its port is free, though a child serves its last client"""
        server = self.serve("0")
        alice = self.visitor("alice")
        children = server.dies_alone()
        self.stage.wait_for(lambda: server.are_idle(children), patient=True)
        server = self.run(self.address[1])
        if server.is_ready() is None:
            raise Failure("a new server listens on the same port",
                          server.last_words(), "K5")
        self.is_greeted("bob", "K5")
        alice.leaves()
        self.stage.wait_for(lambda: server.are_gone(children), patient=True)

    @check(points=1, bugs="I1")
    def client_log(self):
        """its log says from where a client came, and that it has gone"""
        super().client_log()
        server = self.serve("0")
        alice = self.visitor("alice")
        server.freezes()
        alice.sends(b"x\n" * 3)         # answers that nobody waits for
        alice.leaves()
        server.goes_on()
        self.end_is_logged(server, alice)

    @check(points=2, bugs="K12")
    def stop_that_takes_time(self):
        """told to stop, it ends after its children, also after a slow one"""
        server = self.serve("0")
        alice = self.visitor("alice")
        child = self.child_of(server, alice)
        if child is None:
            return                      # its processes are not of this kind
        self.stage.tell("stops the process that serves alice", "the tester")
        server.stops_child(child)
        server.is_told_to_stop(signal.SIGTERM)
        kind = self.kind_of_stuck(server)
        self.stage.wait_for(lambda: server.has_ended() or server.rests(), patient=True)
        is_left = server.has_ended() and server.is_alive_still(child)
        self.stage.tell("lets it go on", "the tester")
        server.lets_child_go_on(child)
        if is_left:
            raise Failure("the server ends when its children have ended",
                          "it has ended, and a child of it has not", "K12")
        server.ends_in_order(kind)

    @check(points=2, bugs="I7 I8")
    def handlers(self):
        """a signal handler calls nothing unsafe, and leaves errno alone"""
        server = self.serve("0")
        for name in TEN[:3]:
            self.is_greeted(name)
        self.stage.wait_until_taken()
        server.is_told_to_stop(signal.SIGTERM)
        self.stage.wait_for(server.has_ended)
        unsafe = server.unsafe_in_handlers()
        if unsafe:
            # The sanitizer makes vfprintf of fprintf: the text may have either.
            names = dict.fromkeys([unsafe[0].lstrip("v"), unsafe[0]])
            raise Failure("handlers call async-signal-safe functions only",
                          _("a handler calls {names}()", names="() or ".join(names)),
                          "I7")
        changed = server.handlers_changed_errno()
        if changed:
            name = signal.Signals(changed[0]).name
            raise Failure("errno is the same after a handler as before",
                          _("the handler of {signal} changed it", signal=name), "I8")

    @check(points=1, bugs="")
    def conversations(self):
        """clients that do whatever they like all get the right answers"""
        self.converses(Forking(), range(12))

    @check(points=1, bugs="")
    def faults(self):
        """the same when calls move few bytes, each after a signal"""
        self.converses(Forking(), range(12, 14), few_at_a_time(transmit=3, receive=2))
