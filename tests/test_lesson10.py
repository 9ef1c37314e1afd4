"""Lesson 10: a forking server.  Run the checks with: make check-lesson10"""
import re
import signal

from harness import Failure, check
from hello import HelloToMany, hello, rebound

TEN = [f"client {number}" for number in range(1, 11)]
SA_RESTART = 0x10000000


class ForkingServer(HelloToMany):
    number = 10
    title = "a forking server"
    programs = ("hellod-fork",)
    question = ("a child that crashes harms one client only. What would a crash do to "
                "the others if every client had a thread in place of a process?")
    order = ("one_client", "next_please", "last_one_first", "clients_apart",
             "processes", "ended_together", "takes_no_answer", "numbers",
             "at_the_limit", "no_child", "nothing_twice", "successor")

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
                            if c.args[0] == signal.SIGCHLD and c.args[2] & SA_RESTART]
                return "I6" if restarts else "K11"
            return "K3" if server.waits_for_a_child() else "D19"
        return bug

    def kind_of_counts(self, server):
        """Return the bug of wrong numbers: children that nobody collects, or K10."""
        return self.kind_of_zombies(server) if server.zombies() else "K10"

    @staticmethod
    def kind_of_zombies(server):
        """Return the bug of children that have ended and were not collected."""
        collected = [c for c in server.trace.calls("wait", "waitpid")
                     if c.pid == server.pid and (c.result or 0) > 0]
        return "K2" if collected else "K1"

    def kind_of_stuck(self, server):
        """Return what finds out why the server does not end when told to."""
        return lambda: "K12" if server.children() else "I5"

    def kind_of_missing_end(self, server, peer):
        """Return what finds out why a client does not see the end."""
        def bug():
            return "H1" if peer.end == "reset" else \
                "K4" if server.holds("socket") > 1 else "D13"
        return bug

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
            raise Failure(f"{held} descriptors in the parent, as after the first",
                          f"{server.holds()} are open", "K4")

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
        server.leaves_no_zombie(lambda: self.kind_of_zombies(server))
        self.is_greeted("the next one", "K2")

    @check(points=2, bugs="K8")
    def no_child(self):
        """if fork fails, that client sees the end, the next is served"""
        server = self.serve("0", plan="fork:fail=EAGAIN@1")
        self.stage.tell("lets its first fork fail", "the tester")
        self.stage.wait_until_taken()
        if not server.failed("fork", "EAGAIN"):     # it has made no child in advance
            alice = self.client("alice")
            self.stage.wait_until_taken()
            if server.failed("fork", "EAGAIN"):
                alice.sees_the_end("K8")
            alice.leaves()
        server.is_alive("K8")
        bob = self.visitor("bob", "K8")
        bob.sends(b"bob\n")
        bob.receives(hello(b"bob"), "K8")
        self.counts(server, bob, None, 1, "K8")     # no place is lost
        server.is_alive("K8")

    @check(points=2, bugs="J10 K7")
    def nothing_twice(self):
        """its log and its ready line are written once, not by each child"""
        server = self.serve("0")
        peers = [self.visitor(name) for name in TEN[:3]]
        for peer in peers:
            peer.sends(b"exit\n")
            peer.sees_the_end("K4")
            peer.leaves()
        self.counts(server, self.visitor("alice"), 3, 1)
        self.stage.look()
        written = bytes(server.stdout + server.stderr)
        lines = written.decode("utf-8", "replace").split("\n")
        exits = [c for c in server.trace.calls("exit") if c.pid != server.pid]
        for line in lines:
            times = lines.count(line)
            if times > 1 and re.search(r"onnection from \S+:\d|^listening on ", line):
                raise Failure(f'"{line}" once', f"it is written {times} times",
                              "K7" if exits else "J10")

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
                          f"a handler calls {'() or '.join(names)}()", "I7")
        changed = server.handlers_changed_errno()
        if changed:
            name = signal.Signals(changed[0]).name
            raise Failure("errno is the same after a handler as before",
                          f"the handler of {name} changed it", "I8")
