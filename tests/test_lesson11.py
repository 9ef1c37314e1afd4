"""Lesson 11: a thread for each client.  Run the checks with: make check-lesson11"""
import os
import re
import signal
import socket

from harness import Failure, check, procfs
from hello import WELCOME, HelloToMany, hello, rebound

WARM = 10                           # clients until memory has found its size
MANY = 60                           # clients after those
ACCEPTED = rb"Accept new connection from"
SLEEPING = "pthread_cond_wait", "pthread_cond_timedwait"
NUMBER = re.compile(rb"Thread-(\d+): x\n")
# A result of pthread_create that is compared as if it were -1 for a failure.
TESTED = re.compile(rb"pthread_create\s*\([^;{]*\)\s*(?:==\s*-\s*1|<\s*0)|"
                    rb"(\w+)\s*=\s*pthread_create[^;]*;[^;{}]*?\b\1\s*"
                    rb"(?:==\s*-\s*1|<\s*0)")


class Threads(HelloToMany):
    number = 11
    title = "a thread for each client"
    programs = ("hellod-threads",)
    question = ("which bytes of your server does a thread share with the others, and "
                "for each of them: what keeps two threads from using it at once?")

    order = ("one_client", "next_please", "each_its_own", "last_one_first",
             "clients_apart", "clients_that_vanish", "takes_no_answer",
             "asks_and_does_not_read", "numbers", "counts_under_a_lock",
             "at_the_limit", "forty", "no_thread_to_be_had", "threads_given_back",
             "stop_alone", "stop_with_clients", "stop_while_busy",
             "nothing_used_after_its_end", "stop_unawares", "thread_numbers",
             "pool_all_woken", "queue_under_a_lock", "pool", "pool_woken_for_nothing",
             "pool_at_the_limit", "pool_of_fewer", "pool_stops", "options")
    FULL, COUNTS, STUCK = "V12", "F18", "V6"

    numbers = rebound(HelloToMany.numbers, "F18")
    at_the_limit = rebound(HelloToMany.at_the_limit, "V12 K14")
    forty = rebound(HelloToMany.forty, "V12")
    clients_that_vanish = rebound(HelloToMany.clients_that_vanish, "V5 V10 I1")
    takes_no_answer = rebound(HelloToMany.takes_no_answer, "V9 V5")
    stop_with_clients = rebound(HelloToMany.stop_with_clients, "V6")
    stop_while_busy = rebound(HelloToMany.stop_while_busy, "V6")

    # What threads may do wrong where a process did not

    def kind_of_alone(self, server):
        """Return what finds out why the second client is not served."""
        def bug():
            if any(map(procfs.waits_for_a_mutex, procfs.threads(server.pid))):
                return "V9"
            return "V11" if any(c.is_inside for c in server.trace.calls(*SLEEPING)) \
                else "D19"
        return bug

    def kind_of_loss(self, server, usual):
        """Return what finds out why nobody is served after a client's reset."""
        def bug():
            if server.has_ended():
                return "V5" if server.status >= 0 else usual
            threads = procfs.threads(server.pid)
            return "V10" if any(map(procfs.waits_for_a_mutex, threads)) else usual
        return bug

    def kind_of_stuck(self, server):
        """Return what finds out why the server does not end when told to."""
        return lambda: self.STUCK if any(
            c.is_inside and c.tid != server.pid for c in server.trace.calls()) else "I5"

    def greedy(self, server, name, line=b"x" * 1023 + b"\n"):
        """Return a client that has sent this line very often and takes no answer."""
        try:
            return super().greedy(server, name, line)
        except ConnectionError as e:
            raise Failure(f"{name} can go on asking", "the connection breaks") from e

    # Threads and what they share

    @check(points=3, bugs="V1 V13", crash="V13")
    def each_its_own(self):
        """three clients whose threads start late are not mixed up"""
        server = self.serve("0", plan="pthread_create:hold@1 pthread_create:hold@2")
        self.stage.tell("holds each new thread back until the next", "the tester")
        peers = [self.client(name) for name in ("alice", "bob", "carol")]
        for peer in peers:
            peer.receives(WELCOME)
        for peer in reversed(peers):
            peer.sends(peer.name.encode() + b"\n")
            peer.receives(hello(peer.name.encode()))
        for peer in peers:
            peer.sends(b"exit\n")
            peer.sees_the_end()
        server.is_alive()

    @check(points=3, bugs="V3", crash="V3")
    def counts_under_a_lock(self):
        """no two threads use the counts at the same time without a lock"""
        server = self.serve("0", variant="tsan")
        alice, bob, carol = map(self.visitor, ("alice", "bob", "carol"))
        self.counts(server, alice, 0, 3)
        for peer in (bob, carol):
            peer.sends(b"exit\n")
            peer.sees_the_end()
            peer.leaves()
        self.counts(server, alice, 2, 1)

    @check(points=3, bugs="V2")
    def threads_given_back(self):
        """the memory of a thread that has ended is given back"""
        server = self.serve("0", variant="plain")
        self.crowd(WARM)
        before = self.mappings(server)
        self.crowd(MANY)
        most = before + MANY // 2
        if not self.stage.wait_for(lambda: self.mappings(server) <= most):
            more = self.mappings(server) - before
            raise Failure(f"as much memory after {WARM + MANY} clients as after {WARM}",
                          f"{more} more mappings in /proc/PID/maps: probably the "
                          "stacks of ended threads")

    def crowd(self, size):
        """So many clients come and go, one after the other."""
        for number in range(size):
            self.is_greeted(f"client {number + 1}")

    @staticmethod
    def mappings(server):
        """Return of how many pieces its memory consists."""
        server.is_alive()
        with open(f"/proc/{server.pid}/maps", encoding="utf-8") as file:
            return sum(1 for _ in file)

    @check(points=3, bugs="V7 V8")
    def no_thread_to_be_had(self):
        """a client for whom no thread can be made sees the end"""
        made = self.threads_made("-n", "2", "0", clients=1)
        server = self.serve_short_of_threads(made + 1, "-n", "2", "0")
        alice = self.visitor("alice")
        bob = self.client("bob")
        self.stage.wait_until_taken()
        if not server.called("pthread_create", "EAGAIN"):
            return                      # it makes no thread for a client
        server.is_alive(self.kind_of_test)
        bob.sees_the_end(self.kind_of_test)
        bob.leaves()
        carol = self.visitor("carol")   # the second of two: bob does not count
        for peer in (carol, alice):
            peer.sends(b"x\n")
            peer.receives(hello(b"x"))

    def threads_made(self, *args, clients=0):
        """Return how many threads a server makes for so many clients."""
        server = self.serve(*args)
        peers = [self.visitor(f"client {n + 1}") for n in range(clients)]
        self.stage.wait_until_taken()
        made = server.times("pthread_create")
        server.end()
        for peer in peers:
            peer.leaves()
        return made

    def serve_short_of_threads(self, number, *args):
        """Serve, and let this pthread_create fail, from 1; the page begins here."""
        self.stage.story.clear()
        self.stage.tell(f"lets pthread_create number {number} fail", "the tester")
        try:
            return self.serve(*args, plan=f"pthread_create:fail=EAGAIN@{number}")
        finally:
            self.stage.is_about(self.stage.programs[-1])

    def kind_of_test(self):
        """Return V8 when the text compares the result with -1 or 0, else V7."""
        for name in os.listdir(self.directory):
            if name.endswith(".c"):
                with open(os.path.join(self.directory, name), "rb") as file:
                    if TESTED.search(file.read()):
                        return "V8"
        return "V7"

    @check(points=3, bugs="V9")
    def asks_and_does_not_read(self):
        """one that asks for stats, and does not read them, hinders nobody"""
        server = self.serve("0")
        self.greedy(server, "alice", b"stats\n" * 1000)
        bob = self.visitor("bob")
        bob.sends(b"Bob\nstats\n")
        bob.receives(hello(b"Bob"))
        bob.receives_a_line()

    @check(points=3, bugs="V4 F18")
    def thread_numbers(self):
        """with -N each client gets the number of its thread, and its text"""
        server = self.serve("-N", "0")
        alice, bob = self.visitor("alice"), self.visitor("bob")
        for name in (b"Hello World 1", b"", b"stat"):
            for peer, number in ((bob, b"Thread-2: "), (alice, b"Thread-1: ")):
                peer.sends(name + b"\n")
                peer.receives(number + name + b"\n", "F18")
        carol = self.greedy(server, "carol")
        bob.sends(b"y" * 2000 + b"\n")
        bob.receives(b"Thread-2: " + b"y" * 2000 + b"\n")
        carol.stuffed = False
        # With room again the kernel need not probe for it, which takes its time.
        carol.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        lines, rest = divmod(carol.sent, 1024)
        carol.sends(b"x" * (1023 - rest) + b"\n")
        carol.receives(WELCOME + (b"Thread-3: " + b"x" * 1023 + b"\n") * lines
                       + b"Thread-3: " + b"x" * 1023 + b"\n")

    # The pool

    @staticmethod
    def thread_of(peer, bug=None):
        """Say x, and return the number of the thread that answers."""
        peer.sends(b"x\n")
        line = peer.receives_a_line(bug)
        number = NUMBER.fullmatch(line)
        if not number:
            raise Failure('"Thread-K: x"', repr(line)[1:], "F18")
        return int(number[1])

    @check(points=2, bugs="V3", crash="V3")
    def queue_under_a_lock(self):
        """with -p, too, no two threads use anything at once without a lock"""
        server = self.serve("-p", "2", "0", variant="tsan")
        kind = self.kind_of_alone(server)
        self.stage.wait_until_taken()
        server.holds_back("waker")      # and so far from any lock that would help it
        alice = self.client("alice", bug=kind)
        server.lets_go()
        alice.receives(WELCOME, kind)
        bob = self.visitor("bob", kind)
        carol = self.client("carol")
        self.stage.wait_until_taken()
        alice.leaves()
        carol.receives(WELCOME, kind)
        self.counts(server, bob, 1, 2)

    @check(points=3, bugs="V12 V11 D19 F18")
    def pool(self):
        """-p 2 serves two at once, the third when one has left"""
        server = self.serve("-p", "2", "-N", "0")
        kind = self.kind_of_alone(server)
        alice, bob = self.client("alice"), self.client("bob")
        bob.receives(WELCOME, kind)
        alice.receives(WELCOME, kind)
        numbers = [self.thread_of(bob, kind), self.thread_of(alice, kind)]
        if sorted(numbers) != [1, 2]:
            raise Failure("the numbers of the two workers, 1 and 2",
                          " and ".join(map(str, numbers)), "F18")
        carol = self.client("carol")
        self.stage.wait_until_taken()
        carol.has_nothing_more("V12")
        bob.leaves()
        carol.receives(WELCOME, "V11")
        if self.thread_of(carol, "V11") != numbers[0]:
            raise Failure(f"Thread-{numbers[0]}, the one that is free",
                          "another number", "F18")

    @check(points=3, bugs="V11", crash="V11")
    def pool_woken_for_nothing(self):
        """a worker that wakes up though nobody came sleeps on"""
        server = self.serve("-p", "2", "0", plan="pthread_cond_wait:ready@1 "
                                                 "pthread_cond_wait:ready@2")
        self.stage.tell("wakes two waiting threads for nothing", "the tester")
        self.stage.wait_until_taken()
        server.is_alive()
        alice, bob = self.visitor("alice"), self.visitor("bob")
        for peer in (alice, bob):
            peer.sends(b"x\n")
            peer.receives(hello(b"x"))
            peer.leaves()
        self.is_greeted("carol")
        server.is_alive()

    @check(points=2, bugs="V11")
    def pool_all_woken(self):
        """two clients wake two workers, who may be slow, or very quick"""
        for whom in ("woken", "waker"):
            server = self.serve("-p", "2", "0")
            self.stage.wait_until_taken()
            server.holds_back(whom)
            peers = [self.client("alice"), self.client("bob")]
            server.lets_go()
            for peer in peers:
                peer.receives(WELCOME, self.kind_of_alone(server))
            server.end()

    @check(points=2, bugs="V12")
    def pool_at_the_limit(self):
        """-p 1 -n 2 takes two clients, one of whom waits; the rest queue"""
        server = self.serve("-p", "1", "-n", "2", "0")
        alice = self.visitor("alice")
        bob, carol = self.client("bob"), self.client("carol")
        self.stage.wait_until_taken()
        came = len(re.findall(ACCEPTED, bytes(server.stderr)))
        if came > 2:
            raise Failure("its log tells of 2 clients, MAX", f"it tells of {came}")
        alice.leaves()
        bob.receives(WELCOME)
        bob.leaves()
        carol.receives(WELCOME)

    @check(points=2, bugs="V7")
    def pool_of_fewer(self):
        """with fewer workers than asked it says so, and serves"""
        made = self.threads_made("-p", "4", "0")
        server = self.serve_short_of_threads(max(1, made - 1), "-p", "4", "0")
        self.stage.wait_until_taken()
        if server.called("pthread_create", "EAGAIN"):
            server.has_more_to_say_than(0, "that a thread is missing")
        self.is_greeted("alice")
        server.is_alive()

    @check(points=3, bugs="V15 V6")
    def pool_stops(self):
        """a pool ends: idle workers, one at work, and who queues"""
        for clients in (0, 1, 4):
            server = self.serve("-p", "3", "0", leaks=True)
            peers = [self.client(f"client {n + 1}") for n in range(clients)]
            self.stage.wait_until_taken()
            server.is_alive()
            server.is_told_to_stop(signal.SIGTERM)
            server.ends_in_order("V6" if clients > 3 else "V15")
            for peer in peers:
                peer.leaves()

    @check(points=2, bugs="V14", crash="V14")
    def nothing_used_after_its_end(self):
        """when it stops, no thread uses what was released"""
        server = self.serve("0", variant="tsan")
        alice, bob = self.visitor("alice"), self.visitor("bob")
        alice.sends(b"x\n")
        alice.receives(hello(b"x"))
        bob.sends(b"half a li")
        self.stage.wait_until_taken()
        server.is_told_to_stop(signal.SIGTERM)
        self.stage.wait_for(server.has_ended)   # whether it does is another question
