"""Lesson 11: a thread for each client.  Run the checks with: make check-lesson11"""
import errno
import functools
import os
import re
import signal

from grader.stage import Failure, check, fails, few_at_a_time, stops, wakes_up, _
from .protocols.greeting import Threading
from .protocols.hello import WELCOME, HelloToMany, hello, rebound

WARM = 10                           # clients until memory has found its size
MANY = 60                           # clients after those
LATE = 24                           # clients whose threads all start late
ROUNDS = 3                          # where two threads meet only most of the time
WRONG_REASON = os.strerror(errno.ENOTTY)    # what errno says after a pthread_create
ACCEPTED = rb"Accept new connection from"
SLEEPING = "pthread_cond_wait", "pthread_cond_timedwait"
NUMBER = re.compile(rb"Thread-(\d+): x\n")
# A result of pthread_create that is compared as if it were -1 for a failure.
TESTED = re.compile(rb"pthread_create\s*\([^;{]*\)\s*(?:[!=]=\s*-\s*1|<\s*0)|"
                    rb"(\w+)\s*=\s*pthread_create[^;]*;[^;{}]*?\b\1\s*"
                    rb"(?:[!=]=\s*-\s*1|<\s*0)")

USED_LATE = re.compile(r"heap-use-after-free|double-free")
RELEASES = re.compile(r"#\d+ (?:free|close|pthread_\w+_destroy|sem_destroy)\b")


def used_late(examine, bug):
    """Return the check `examine`, to which memory used after its release is `bug`."""
    @check(points=examine.points, bugs=" ".join(dict.fromkeys([*examine.bugs, bug])),
           crash=lambda report: bug if USED_LATE.search(report) else
           examine.crash(report) if callable(examine.crash) else examine.crash)
    @functools.wraps(examine)
    def method(self):
        examine(self)
    return method


def after_the_end(report):
    """Return the bug of a report on how the server stops: V14, or a plain race."""
    return "V3" if "data race" in report and not RELEASES.search(report) else "V14"


class Threads(HelloToMany):
    number = 11
    title = "a thread for each client"
    programs = ("hellod-threads",)
    waits = True
    variants = ("tsan", "plain")
    question = ("which bytes of your server does a thread share with the others, and "
                "for each of them: what keeps two threads from using it at once?")

    order = ("one_client", "next_please", "each_its_own", "last_one_first",
             "clients_apart", "clients_that_vanish", "takes_no_answer",
             "asks_and_does_not_read", "pauses_without_a_lock", "thread_numbers",
             "own_texts", "numbers", "counts_under_a_lock", "at_the_limit", "forty",
             "no_thread_to_be_had", "threads_given_back", "stop_alone",
             "stop_with_clients", "stop_while_busy", "nothing_used_after_its_end",
             "stop_unawares", "pool_all_woken", "pool", "pool_at_the_limit",
             "pool_wakes_the_right_one", "pool_woken_for_nothing",
             "queue_under_a_lock", "pool_after_a_reset", "pool_of_fewer",
             "pool_stops", "pool_used_after_its_end")
    FULL, COUNTS, STUCK = "V12", "F18", "V6"

    numbers = rebound(HelloToMany.numbers, "F18")
    at_the_limit = rebound(HelloToMany.at_the_limit, "V12 K14")
    forty = rebound(HelloToMany.forty, "V12")
    clients_that_vanish = rebound(HelloToMany.clients_that_vanish, "V5 V10 I1")
    takes_no_answer = rebound(HelloToMany.takes_no_answer, "V9 V5")
    stop_with_clients = rebound(HelloToMany.stop_with_clients, "V6")
    stop_while_busy = rebound(HelloToMany.stop_while_busy, "V6")

    @classmethod
    def checks(cls):
        """Return {ID: method}: what is used too late is V13, and V14 at the stop."""
        def named(name, examine):
            if name not in cls.order:
                return examine
            at_the_stop = re.search("stop|_its_end", name)
            return used_late(examine, "V14" if at_the_stop else "V13")

        return {name: named(name, examine)
                for name, examine in super().checks().items()}

    # What threads may do wrong where a process did not

    def kind_of_alone(self, server):
        """Return what finds out why the second client is not served."""
        def bug():
            if server.waiting_for_a_lock():
                return "V9"
            return "V11" if any(c.is_inside for c in server.trace.calls(*SLEEPING)) \
                else "D19"
        return bug

    def kind_of_loss(self, server, usual):
        """Return what finds out why nobody is served after a client's reset."""
        def bug():
            if server.has_ended():
                return "V5" if server.status >= 0 else usual
            return "V10" if server.waiting_for_a_lock() else usual
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
            raise Failure(_("{peer} can go on asking", peer=name),
                          "the connection breaks") from e

    # Threads and what they share

    @check(points=3, bugs="V1 V13 V4 H7", crash="V13")
    def each_its_own(self):
        """two dozen clients whose threads start late are not mixed up"""
        server = self.serve("0")
        self.stage.wait_until_taken()
        server.holds_back("new")
        peers = [self.client(f"client {n + 1}") for n in range(LATE)]
        server.lets_go()
        for peer in peers:
            peer.receives(WELCOME)
        for peer in reversed(peers):
            peer.sends(peer.name.encode() + b"\n")
            peer.receives(hello(peer.name.encode()), "V4")
        for peer in peers:
            peer.sends(b"exit\n")
            peer.sees_the_end()
            peer.leaves()
        self.stage.wait_until_taken()
        server.is_alive()
        self.closes_nothing_twice(server)

    @staticmethod
    def closes_nothing_twice(server):
        """No thread has closed what was closed: it might be another client's by now."""
        for _name, words in server.used_what_is_closed("close"):
            raise Failure("each descriptor is closed once", words, "H7")

    @check(points=3, bugs="V3", crash="V3")
    def counts_under_a_lock(self):
        """no two threads use the counts at the same time without a lock"""
        server = self.serve("0", variant="tsan")
        alice = self.visitor("alice")
        self.counts(server, alice, 0, 1)
        for number in range(ROUNDS):
            bob, carol = self.visitor("bob"), self.visitor("carol")
            server.freezes()
            alice.sends(b"stats\n")
            for peer in (bob, carol):
                peer.sends(b"exit\n")
                peer.is_done_sending()
            server.goes_on()
            dave = self.visitor("dave")
            alice.receives_a_line()
            for peer in (alice, dave):
                peer.sends(peer.name.encode() + b"\n")
                peer.receives(hello(peer.name.encode()))
            dave.leaves()
            self.counts(server, alice, 3 * number + 3, 1)

    @check(points=3, bugs="V2")
    def threads_given_back(self):
        """the memory of a thread that has ended is given back"""
        server = self.serve("0", variant="plain")
        self.crowd(WARM)
        before = server.mappings()
        self.crowd(MANY)
        most = before + MANY // 2
        if not self.stage.wait_for(lambda: server.mappings() <= most):
            raise Failure(_("as much memory after {late} clients as after {early}",
                            late=WARM + MANY, early=WARM),
                          _("{more} more mappings in /proc/PID/maps: probably the "
                            "stacks of ended threads", more=server.mappings() - before))

    def crowd(self, size):
        """So many clients come and go, one after the other."""
        for number in range(size):
            self.is_greeted(f"client {number + 1}")

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
        self.gives_the_reason(server)

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
        self.stage.begins_a_new_page()
        try:
            return self.serve(*args, plan=fails("pthread_create", "EAGAIN", at=number))
        finally:
            self.stage.is_about(self.program)

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
        """a client that requests stats but never reads them blocks nobody"""
        server = self.serve("0")
        self.greedy(server, "alice", b"stats\n" * 1000)
        bob = self.visitor("bob")
        bob.sends(b"Bob\nstats\n")
        bob.receives(hello(b"Bob"))
        bob.receives_a_line()

    @check(points=2, bugs="V9")
    def pauses_without_a_lock(self):
        """with -d 60000 two clients wait for answers, and no thread for a lock"""
        server = self.serve("-d", "60000", "0")
        alice, bob = self.client("alice"), self.client("bob")
        self.stage.wait_until_taken()
        before = server.waiting_for_a_lock()
        for peer in (alice, bob):
            peer.sends(peer.name.encode() + b"\n")
        self.stage.wait_until_taken()
        server.is_alive()
        if server.waiting_for_a_lock() > before:
            raise Failure("both threads pause at the same time",
                          "one of them waits for a mutex")

    @check(points=3, bugs="V1 V4 F18")
    def thread_numbers(self):
        """with -N each client gets the number of its thread, and its text"""
        server = self.serve("-N", "0")
        self.stage.wait_until_taken()
        server.holds_back("new")
        alice, bob = self.client("alice"), self.client("bob")
        server.lets_go()
        for peer in (alice, bob):
            peer.receives(WELCOME)
        numbers = [self.thread_of(peer) for peer in (alice, bob)]
        if numbers != [1, 2]:
            raise Failure("Thread-1 for alice and Thread-2 for bob",
                          _("Thread-{first} and Thread-{second}", first=numbers[0],
                            second=numbers[1]),
                          "V1" if numbers[0] == numbers[1] else "F18")
        for name in (b"Hello World 1", b"", b"stat"):
            for peer, number in ((bob, b"Thread-2: "), (alice, b"Thread-1: ")):
                peer.sends(name + b"\n")
                peer.receives(number + name + b"\n", "F18")
        self.keeps_its_text(bob)

    def keeps_its_text(self, bob):
        """An answer that is half sent is not changed by that of bob, the second."""
        carol = self.greedy(self.program, "carol")
        bob.sends(b"y" * 2000 + b"\n")
        bob.receives(b"Thread-2: " + b"y" * 2000 + b"\n", "V4")
        carol.takes_again()
        lines, rest = divmod(carol.sent, 1024)
        carol.sends(b"x" * (1023 - rest) + b"\n")
        carol.receives(WELCOME + (b"Thread-3: " + b"x" * 1023 + b"\n") * lines
                       + b"Thread-3: " + b"x" * 1023 + b"\n", "V4")

    @check(points=2, bugs="V4", crash="V4")
    def own_texts(self):
        """with -N no two threads put their answers together in one place"""
        self.serve("-N", "0", variant="tsan")
        for peer in (self.visitor("alice"), self.visitor("bob")):
            self.thread_of(peer)

    # The pool

    @staticmethod
    def thread_of(peer, bug=None):
        """Say x, and return the number of the thread that answers."""
        peer.sends(b"x\n")
        line = peer.receives_a_line(bug)
        number = NUMBER.fullmatch(line)
        if not number:
            raise Failure('"Thread-K: x"', _("{line:quoted}", line=line), "F18")
        return int(number[1])

    @check(points=2, bugs="V3", crash="V3")
    def queue_under_a_lock(self):
        """with -p, too, no two threads use anything at once without a lock"""
        server = self.serve("-p", "2", "0", variant="tsan")
        kind = self.kind_of_alone(server)
        if self.queues_in_the_kernel(server):
            return
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
        self.hand_over(server, bob, carol)

    def queues_in_the_kernel(self, server):
        """Say whether idle workers wait for a pipe or the like.

        What one thread writes there and another reads is in order, which the
        sanitizer, as we use it, does not know.
        """
        self.stage.wait_until_taken()
        return not server.waits_for_threads()

    def hand_over(self, server, bob, carol):
        """Both leave at the same time as two others come, a few times."""
        for number in range(ROUNDS):
            server.freezes()
            for peer in (bob, carol):
                peer.sends(b"exit\n")
                peer.is_done_sending()
            bob, carol = self.client("bob"), self.client("carol")
            server.goes_on()
            for peer in (carol, bob):
                peer.receives(WELCOME, self.kind_of_alone(server))
                peer.sends(peer.name.encode() + b"\n")
                peer.receives(hello(peer.name.encode()))
            self.counts(server, bob, 2 * number + 3, 2)

    @check(points=3, bugs="V12 V11 D19 F18")
    def pool(self):
        """-p 2 serves two at once, the third when one has left"""
        server = self.serve("-p", "2", "-N", "0")
        kind = self.kind_of_alone(server)
        self.stage.wait_until_taken()
        alice, bob = self.client("alice"), self.client("bob")
        bob.receives(WELCOME, kind)
        alice.receives(WELCOME, kind)
        numbers = [self.thread_of(bob, kind), self.thread_of(alice, kind)]
        if sorted(numbers) != [1, 2]:
            raise Failure("the numbers of the two workers, 1 and 2",
                          _("{first} and {second}", first=numbers[0],
                            second=numbers[1]), "F18")
        carol = self.client("carol")
        self.stage.wait_until_taken()
        carol.has_nothing_more("V12")
        bob.leaves()
        carol.receives(WELCOME, "V11")
        if self.thread_of(carol, "V11") != numbers[0]:
            raise Failure(_("Thread-{number}, the one that is free",
                            number=numbers[0]), "another number", "F18")

    @check(points=2, bugs="V5")
    def pool_after_a_reset(self):
        """a worker whose client resets goes on with the next one"""
        server = self.serve("-p", "1", "0")
        alice = self.visitor("alice")
        bob = self.client("bob")
        alice.sends(b"half a li")
        self.stage.wait_until_taken()
        alice.resets()
        bob.receives(WELCOME, self.kind_of_loss(server, "V5"))
        bob.leaves()
        self.is_greeted("carol", self.kind_of_loss(server, "V5"))
        server.is_alive()

    @check(points=3, bugs="V11", crash="V11")
    def pool_woken_for_nothing(self):
        """a thread that wakes up though nothing has happened sleeps on"""
        for use in (["-p", "2"], ["-n", "1"], ["-p", "2", "-n", "1"]):
            server = self.serve(*use, "0", plan=wakes_up())
            self.stage.wait_until_taken()
            server.is_alive()
            alice, bob = self.visitor("alice"), self.client("bob")
            if "-n" in use:
                bob.has_nothing_more()
                alice.leaves()
            bob.receives(WELCOME)
            bob.sends(b"x\n")
            bob.receives(hello(b"x"))
            bob.leaves()
            self.is_greeted("carol")
            server.is_alive()
            server.end()

    @check(points=2, bugs="V11", crash="V11")
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

    @check(points=2, bugs="V11", crash="V11")
    def pool_wakes_the_right_one(self):
        """-p 3 -n 2: when a client leaves the next one is greeted"""
        server = self.serve("-p", "3", "-n", "2", "0")
        self.stage.wait_until_taken()
        peers = [self.visitor("alice"), self.visitor("bob")]
        for name in ("carol", "dave", "erin", "frank"):
            peers.pop(0).leaves()
            self.stage.wait_until_taken()
            peers.append(self.visitor(name, self.kind_of_alone(server)))

    @check(points=2, bugs="V12")
    def pool_at_the_limit(self):
        """-p 1 -n 2 takes two clients, one of whom waits; the rest queue"""
        server = self.serve("-p", "1", "-n", "2", "0")
        alice = self.visitor("alice")
        bob, carol = self.client("bob"), self.client("carol")
        self.stage.wait_until_taken()
        came = len(re.findall(ACCEPTED, bytes(server.stderr)))
        if came > 2:
            raise Failure("its log tells of 2 clients, MAX",
                          _("it tells of {came}", came=came))
        alice.leaves()
        bob.receives(WELCOME)
        bob.leaves()
        carol.receives(WELCOME)
        server.end()
        self.serve("-p", "2", "-n", "1", "0")   # more workers than clients
        self.visitor("dave")
        self.client("erin").has_nothing_more()

    @check(points=2, bugs="V7 V8")
    def pool_of_fewer(self):
        """with fewer workers than asked it says so, and serves"""
        made = self.threads_made("-p", "4", "0")
        # Which of them are workers is its own affair: one of these must be.
        for number in range(max(2, made - 1), 1, -1):
            try:
                self.serves_with_fewer(number)
                break
            except Failure:
                if number == 2:
                    raise
            self.program.end()
        self.stage.begins_a_new_page()
        server = self.run("-p", "2", "0", plan=fails("pthread_create", "EAGAIN"))
        self.stage.is_about(server)
        self.stage.wait_until_taken()
        if server.called("pthread_create", "EAGAIN"):
            server.has_more_to_say_than(0, "that there is no worker")
            self.gives_the_reason(server)

    def serves_with_fewer(self, number):
        """With -p 4 and without this thread, from 1, it serves, and says why so few."""
        server = self.serve_short_of_threads(number, "-p", "4", "0")
        self.stage.wait_until_taken()
        if server.called("pthread_create", "EAGAIN"):
            server.has_more_to_say_than(0, "that a thread is missing")
        self.gives_the_reason(server)
        self.is_greeted("alice", self.kind_of_test)
        server.is_alive(self.kind_of_test)

    @staticmethod
    def gives_the_reason(server):
        """It does not say of a pthread_create what happens to be in errno."""
        if server.has_said(re.escape(WRONG_REASON)):
            raise Failure(_('on stderr "{reason}"', reason=os.strerror(errno.EAGAIN)),
                          _('"{reason}", which errno was before', reason=WRONG_REASON),
                          "V8")

    @check(points=3, bugs="V15 V6 V14", crash="V14")
    def pool_stops(self):
        """a pool stops, whether its workers are idle, busy or have a queue"""
        for clients, waker in ((0, False), (0, True), (1, False), (4, False)):
            server = self.serve("-p", "3", "0", leaks=True)
            peers = [self.client(f"client {n + 1}") for n in range(clients)]
            self.stage.wait_until_taken()
            server.is_alive()
            if waker:
                server.holds_back("waker")
            server.is_told_to_stop(signal.SIGTERM)
            if waker:
                server.lets_go()
            server.ends_in_order(self.kind_of_pool(server) if clients > 3 else "V15")
            for peer in peers:
                peer.leaves()

    @staticmethod
    def kind_of_pool(server):
        """Return what finds out why workers with clients do not end."""
        return lambda: "V15" if any(c.is_inside and c.tid != server.pid
                                    for c in server.trace.calls(*SLEEPING)) else "V6"

    @check(points=2, bugs="V14 V3", crash=after_the_end)
    def pool_used_after_its_end(self):
        """when a pool stops, no worker uses what was released"""
        server = self.serve("-p", "3", "0", variant="tsan")
        if not self.queues_in_the_kernel(server):
            self.stops_in_the_middle(server)

    @check(points=2, bugs="V14 V3", crash=after_the_end)
    def nothing_used_after_its_end(self):
        """when it stops, no thread uses what was released"""
        self.stops_in_the_middle(self.serve("0", variant="tsan"))

    def stops_in_the_middle(self, server):
        """Two clients talk to the server when it is told to stop."""
        alice, bob = self.visitor("alice"), self.visitor("bob")
        alice.sends(b"x\n")
        alice.receives(hello(b"x"))
        bob.sends(b"half a li")
        self.stage.wait_until_taken()
        server.is_told_to_stop(signal.SIGTERM)
        self.stage.wait_for(server.has_ended)   # whether it does is another question

    @check(points=1, bugs="")
    def conversations(self):
        """clients that do whatever they like all get the right answers"""
        self.converses(Threading(), range(12))

    @check(points=1, bugs="")
    def faults(self):
        """the same when calls move few bytes, each after a signal"""
        self.converses(Threading(), range(12, 14), few_at_a_time(transmit=3, receive=2))
