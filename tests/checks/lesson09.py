"""Lesson 09: stdio on a socket.  Run the checks with: make check-lesson9"""
import re
import time

from grader.stage import Failure, Lesson, Skip, check, short
from .protocols.timed import Time

DEFAULT_PORT = 21567
EPOCH = b"[Thu Jan  1 00:00:00 1970] "
LIMIT = 8192                        # bytes of a line, with its newline
TOO_LONG = b"error: line too long\n"
SENDING = ("send", "sendto", "sendmsg", "write", "writev")
BAD_USES = [["-m", "some", "0"], ["-m", "-1", "0"], ["-t", "now", "0"], ["-x", "0"],
            ["0", "0"], ["-b", "localhost", "0"]]


class Stdio(Lesson):
    number = 9
    title = "stdio on a socket"
    programs = ("tsd",)
    question = ("with -m none each answer is several packets, with -m full it is one. "
                "When would you still want a stream without a buffer?")

    @check(points=3, bugs="G10 F5 F15 J1")
    def puts_the_time_before(self):
        """each line comes back behind the time, \\r\\n or \\n, `exit` too"""
        self.serve("-t", 0, "0")
        alice = self.client("alice")
        for line, answer, bug in ((b"data\n", b"data\n", "G10"), (b"\r\n", b"\n", "F5"),
                                  (b" with blanks \r\n", b" with blanks \n", "F5"),
                                  (b"exit\n", b"exit\n", "F15"), (b"\n", b"\n", "G10")):
            alice.sends(line)
            alice.receives(EPOCH + answer,
                           lambda b=bug: b if alice.got or alice.end else "J1")

    @check(points=1, bugs="F18")
    def real_clock(self):
        """without -t the time is that of the clock"""
        self.serve("0")
        alice = self.client("alice")
        before = int(time.time())
        alice.sends(b"now\n")
        answer = alice.receives_a_line()
        found = re.fullmatch(rb"\[(.{24})\] now\n", answer)
        told = found and time.strptime(found[1].decode("ascii", "replace"))
        # time(2) may lag behind the clock by a tick, so by a second as it is printed.
        if not told or not before - 2 <= _seconds(told) <= time.time() + 2:
            raise Failure(f'"[{time.ctime(before)}] now" or a moment later',
                          f'"{answer.decode("utf-8", "replace").strip()}"')

    @check(points=3, bugs="J1")
    def answers_in_every_mode(self):
        """in every mode the answer is complete before the next line"""
        for mode in ("none", "line", "full", "0", "1", "7", "5000"):
            server = self.serve("-t", 0, "-m", mode, "0")
            alice = self.client("alice")
            for line in (b"first\n", b"second\n"):
                alice.sends(line)
                alice.receives(EPOCH + line)
            server.end()

    @check(points=2, bugs="J7")
    def writes_per_answer(self):
        """none and small buffers make several writes, line and full one"""
        for mode, several in (("none", True), ("0", True), ("7", True),
                              ("line", False), ("1", False), ("full", False),
                              ("5000", False)):
            server = self.serve("-t", 0, "-m", mode, "0")
            alice = self.client("alice")
            writes = []
            for line in (b"first\n", b"second\n"):
                before = self.writes_of(server)
                alice.sends(line)
                alice.receives(EPOCH + line)
                self.stage.wait_until_taken()
                writes.append(self.writes_of(server) - before)
            if any((n > 1) != several for n in writes):
                wanted = "at least 2 writes" if several else "1 write"
                raise Failure(f"-m {mode}: {wanted} for each answer",
                              " and ".join(map(str, writes)))
            server.end()

    @staticmethod
    def writes_of(server):
        """Return how often the server has written to a socket."""
        return sum(c.args[0] > 2 and (c.result or 0) > 0
                   for c in server.trace.calls(*SENDING))

    @check(points=2, bugs="F1 J4")
    def lines_together(self):
        """two lines in one piece are two answers; half a line waits"""
        server = self.serve("-t", 0, "0")
        alice = self.client("alice")
        alice.sends(b"one\ntwo\nthr")
        alice.receives(EPOCH + b"one\n" + EPOCH + b"two\n",
                       lambda: "J4" if server.called("recv") else "F1")
        alice.has_nothing_more("F2")
        alice.sends(b"ee\n")
        alice.receives(EPOCH + b"three\n", "F3")
        alice.sends_in_pieces(b"four\r\n")
        alice.receives(EPOCH + b"four\n", "F4")
        alice.has_nothing_more("F18")

    @check(points=2, bugs="J5 F12")
    def sees_the_end(self):
        """a client that is done sees the end; half a line is not answered"""
        server = self.serve("-t", 0, "0")
        alice = self.client("alice")
        server.freezes()
        alice.sends(b"whole\nhalf a line")
        alice.is_done_sending()
        server.goes_on()
        alice.receives(EPOCH + b"whole\n", "H10")
        alice.sees_the_end(lambda: "F12" if alice.got else "J5")

    @check(points=2, bugs="J2 H8")
    def closes_once(self):
        """the two streams close each descriptor once"""
        server = self.serve("-t", 0, "0")
        for name in ("alice", "bob"):
            self.is_answered(name)
        self.stage.wait_until_taken()
        for call in server.trace.calls():
            if call.error == "EBADF":
                raise Failure("every descriptor used is open",
                              f"{call.name}({call.args[0]}) failed: EBADF",
                              "J2" if call.name == "close" else "H8")

    def is_answered(self, name, bug=None):
        """A client of this name gets its answer and leaves."""
        peer = self.client(name, bug=bug)
        peer.sends(name.encode() + b"\n")
        peer.receives(EPOCH + name.encode() + b"\n", bug)
        peer.leaves()

    @check(points=3, bugs="J6 F7 H1", crash="F7")
    def long_lines(self):
        """8,192 bytes are a line; one more is refused, and then the end"""
        self.serve("-t", 0, "0")
        alice = self.client("alice")
        for size in (200, 4096, 4097, LIMIT):
            alice.sends(b"x" * (size - 1) + b"\n")
            alice.receives(EPOCH + b"x" * (size - 1) + b"\n")
        for size in (LIMIT + 1, 1 << 20):
            bob = self.client("bob") if size > LIMIT + 1 else alice
            bob.sends(b"x" * size + b"\nmore\n")
            bob.receives(TOO_LONG, lambda b=bob: "H1" if b.end == "reset" else "F7")
            bob.is_done_sending()
            bob.sees_the_end(lambda b=bob: "H1" if b.end == "reset" else "F7")

    @check(points=3, bugs="J8 H13")
    def reset_in_a_line(self):
        """a reset in the middle of a line is logged, the next is served"""
        server = self.serve("-t", 0, "0")
        alice = self.client("alice")
        alice.sends(b"half a li")
        self.stage.wait_until_taken()
        logged = len(server.stderr)
        alice.resets()
        self.is_answered("bob", "H13")
        server.has_more_to_say_than(logged, "about the reset", "J8")

    @check(points=3, bugs="J9 I2 H13", crash="I2")
    def vanished_before_the_answer(self):
        """a client that is gone before its answer is logged, no more"""
        server = self.serve("-t", 0, "0")
        alice = self.client("alice")
        server.freezes()
        logged = len(server.stderr)
        alice.sends(b"are you there?\n" * 3)
        alice.is_done_sending()
        alice.resets()
        server.goes_on()
        self.is_answered("bob", "H13")
        server.has_more_to_say_than(logged, "that the answer never left", "J9")

    @check(points=1, bugs="A21 A1 D21")
    def usage(self):
        """bad arguments: exit 2; the default port is 21567"""
        runs = [("A1", self.run(port)) for port in ("80x", "65536")]
        runs += [("A21", self.run(*use)) for use in BAD_USES]
        for bug, server in runs:
            server.exits_with(2, bug)
            server.complains(bug)
        if not self.is_free(DEFAULT_PORT):
            raise Skip(f"port {DEFAULT_PORT} is taken by another program")
        self.run().announces(unheard="D21", wrong="D21", port=DEFAULT_PORT)

    @check(points=3, bugs="D13 C9 E14")
    def hygiene(self):
        """50 clients leave nothing behind; idle, it rests; it never sleeps"""
        self.has_no_call_to("sleep", "usleep", "nanosleep", bug="E14")
        server = self.serve("-t", 0, "0")
        self.is_answered("the first client")
        before = server.comes_to_rest()
        for number in range(2, 51):
            self.is_answered(f"client {number}")
            if number % 5 == 0:
                self.client("a client who has second thoughts").resets()
        server.comes_to_rest(before)
        if bytes(server.stdout).count(b"\n") != 1:
            raise Failure("one line on stdout, the ready line",
                          "there is more on stdout", "C9")

    @check(points=1, bugs="")
    def conversations(self):
        """whatever lines come, in whatever pieces, the answers are right"""
        self.converses(Time(), range(10))

    @check(points=1, bugs="")
    def faults(self):
        """the same when every call moves few bytes"""
        self.converses(Time(), range(14, 18), [short("transmit", 3),
                                               short("receive", 2)])


def _seconds(clock):
    """Return the seconds since 1970 of a struct_time in UTC."""
    return int(time.mktime(clock)) - time.timezone
