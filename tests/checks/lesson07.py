"""Lesson 07: framed messages.  Run the checks with: make check-lesson7"""
import struct

from grader.stage import Failure, Lesson, Skip, check, few_at_a_time, _
from .protocols.framing import Framing, Messaging

DEFAULT_PORT = 6254
ECHO, UPPER, SUM, ERROR = 1, 2, 3, 255
LIMIT = 1 << 20                     # bytes of payload
BAD_USES = [["-x", "0"], ["0", "0"], ["-b", "localhost", "0"], ["-b"]]
BAD_CALLS = [[], ["127.0.0.1", "9"], ["127.0.0.1", "9", "echo"],
             ["127.0.0.1", "9", "shout", "x"], ["127.0.0.1", "80x", "echo", "x"],
             ["127.0.0.1", "9", "sum", "1", "two"]]
BAD_NUMBERS = ["99999999999", "2147483648", "-2147483649"]


def frame(kind, payload=b""):
    """Return a frame as it goes on the wire."""
    return struct.pack("!BI", kind, len(payload)) + payload


def numbers(*values):
    """Return the payload of a sum."""
    return struct.pack(f"!{len(values)}i", *values)


def signed_sums(values):
    """Return the sums (as sent) of a program that combines bytes as signed char."""
    def combined(value, join):
        number = 0
        for shift, byte in zip((24, 16, 8, 0), struct.pack("!i", value)):
            number = join(number, (byte - 256 if byte > 127 else byte) << shift)
        return number & 0xffffffff

    return {struct.pack("!Q", sum(combined(v, join) - (combined(v, join) >> 31 << 32)
                                  for v in values) & 0xffffffffffffffff)
            for join in (int.__or__, int.__add__)}


def layout_bug(got, right):
    """Return the bug that `got`, received instead of the frame `right`, points to."""
    kind, length = right[:1], len(right) - 5
    if got[:5] == kind + struct.pack("<I", length):
        return "B1"
    padded = [struct.pack(order + "I", length) for order in "<>"]
    if got[:1] == kind and len(got) > 8 and got[4:8] in padded:
        return "B3"                     # whatever lies in the three bytes between
    if got[:9] in (kind + struct.pack(order + "Q", length) for order in "<>"):
        return "B7"
    if got[:5] == kind + struct.pack("!I", length + 5) or \
            got[:5] == kind + struct.pack("!I", length + 4):
        return "B8"
    if got[1:3] + got[3:5] == struct.pack("!HH", length & 0xffff, 0) or \
            got[1:5] == struct.pack("!I", length & 0xffff):
        return "B2"
    return "F18"


class Frames(Lesson):
    number = 7
    title = "framed messages"
    programs = ("msgd", "msg")
    question = ("a frame may have a mebibyte. What could a thousand clients do to your "
                "server that each announce so much and then send nothing?")

    def asks(self, peer, request, answer, bug=None):
        """The peer sends a frame and receives this one."""
        peer.sends(request)
        self.gets(peer, answer, bug)

    @staticmethod
    def gets(peer, answer, bug=None):
        """The peer receives this frame next."""
        peer.receives(answer, lambda: bug or layout_bug(bytes(peer.got), answer))

    # The server

    @check(points=3, bugs="B1 B2 B3 B7 B8")
    def header_of_five_bytes(self):
        """258 and 65,793 bytes come back behind a header of five bytes"""
        self.serve("0")
        alice = self.client("alice")
        for size in (0x102, 0x10101):
            request = frame(ECHO, b"x" * size)
            self.asks(alice, request, request)

    @check(points=2, bugs="G4 G9")
    def echo_and_upper(self):
        """echo and upper change no byte but a to z, zero bytes included"""
        self.serve("0")
        alice = self.client("alice")
        self.asks(alice, frame(ECHO, b"a\0b\0"), frame(ECHO, b"a\0b\0"), "G4")
        every = bytes(range(256))
        self.asks(alice, frame(UPPER, b"a\0b"), frame(UPPER, b"A\0B"), "G4")
        self.asks(alice, frame(UPPER, every), frame(UPPER, every.upper()), "G9")

    @check(points=2, bugs="F1")
    def three_together(self):
        """three frames in one piece are three answers"""
        self.serve("0")
        alice = self.client("alice")
        three = frame(ECHO, b"one") + frame(ECHO, b"two") + frame(ECHO, b"three")
        alice.sends(three)
        alice.receives(three, "F1")

    @check(points=3, bugs="E1")
    def every_split(self):
        """a frame in two pieces is one frame, wherever it is split"""
        self.serve("0")
        alice = self.client("alice")
        request = frame(ECHO, b"12345678")
        for at in range(1, len(request)):
            alice.sends(request[:at])
            alice.has_nothing_more("E1")
            alice.sends(request[at:])
            alice.receives(request, "E1")

    @check(points=2, bugs="F9")
    def empty_payloads(self):
        """a payload of length 0 is a message like any other"""
        self.serve("0")
        alice = self.client("alice")
        for kind, answer in ((ECHO, b""), (UPPER, b""), (SUM, bytes(8)), (ECHO, b"")):
            self.asks(alice, frame(kind), frame(kind, answer), "F9")

    @check(points=3, bugs="B5 B1 B11")
    def sums(self):
        """sums of negative and large numbers are right, up to 64 bits"""
        self.serve("0")
        alice = self.client("alice")
        for values in ((1, 2, 3), (-1,), (-5, 3), (200 << 16, 0x80, 0xc8),
                       (-2147483648, -2147483648), (2147483647,) * 1000):
            right = struct.pack("!q", sum(values))

            def bug(right=right, values=values):
                came = bytes(alice.got[5:])
                unsigned = struct.pack("!q", sum(v & 0xffffffff for v in values))
                return {right[::-1]: "B1", unsigned: "B11"}.get(
                    came, "B5" if came in signed_sums(values) else "")
            alice.sends(frame(SUM, numbers(*values)))
            alice.receives(frame(SUM, right), bug)

    @check(points=2, bugs="F19")
    def errors_go_on(self):
        """what cannot be answered gets an error frame, and it goes on"""
        self.serve("0")
        alice = self.client("alice")
        for request in (frame(SUM, b"abc"), frame(9, b"what?"), frame(0), frame(ERROR),
                        frame(SUM, b"12345")):
            alice.sends(request)
            self.gets_an_error(alice)
            ordinary = frame(ECHO, b"still here")
            self.asks(alice, ordinary, ordinary, "F19")

    def gets_an_error(self, peer, text=None):
        """The peer receives an error frame, with this text or any."""
        if peer.waits_for(5)[:1] != bytes([ERROR]):
            peer.receives(frame(ERROR, text or b"..."), "F8" if text else "F19")
        if text is None:                # any: but all of what it announces
            length = int.from_bytes(peer.got[1:5], "big")
            text = peer.waits_for(5 + length)[5:]
        peer.receives(frame(ERROR, text), "F8")

    @check(points=3, bugs="F8 H1")
    def too_long(self):
        """1 MiB is a payload; more is refused, and then the end"""
        self.serve("0")
        alice = self.client("alice")
        request = frame(ECHO, bytes(range(256)) * 4096)
        self.asks(alice, request, request, "F8")
        alice.leaves()
        for length in (LIMIT + 1, 0xffffffff):
            bob = self.client("bob")
            bob.sends(struct.pack("!BI", ECHO, length) + b"payload " * 8000)
            self.gets_an_error(bob, b"too long")
            bob.is_done_sending()
            bob.sees_the_end(lambda b=bob: "H1" if b.end == "reset" else "F8")
            bob.is_not_reset("H1")
        self.is_answered("carol", "F8")

    def is_answered(self, name, bug=None):
        """A client of this name gets its answer and leaves."""
        peer = self.client(name, bug=bug)
        self.asks(peer, frame(ECHO, name.encode()), frame(ECHO, name.encode()), bug)
        peer.leaves()

    @check(points=2, bugs="E12 H13 D13")
    def ends_inside(self):
        """a client that leaves inside a frame is not answered, the next is"""
        server = self.serve("0")
        request = frame(ECHO, b"12345678")
        for at in (3, 9):
            alice = self.client("alice", bug="H13")
            alice.sends(request[:at])
            alice.is_done_sending()
            alice.sees_the_end(lambda a=alice: "E12" if a.got else
                               "H13" if server.has_ended() else "D13")
        bob = self.client("bob")
        bob.sends(request[:7])
        self.stage.wait_until_taken()
        bob.resets()
        self.is_answered("carol", "H13")
        server.freezes()
        dave = self.client("dave")
        dave.sends(request * 3)
        dave.is_done_sending()
        dave.resets()
        server.goes_on()
        self.is_answered("erin", "H13")
        server.is_alive("H13")

    @check(points=1, bugs="A21 A1 B9 D21")
    def usage(self):
        """bad arguments: exit 2; the default port is 6254"""
        runs = [("A1", self.run(port)) for port in ("80x", "65536")]
        runs += [("A21", self.run(*use)) for use in BAD_USES]
        runs += [("A21", self.run(*call, program="msg")) for call in BAD_CALLS]
        runs += [("B9", self.run("127.0.0.1", 9, "sum", n, program="msg"))
                 for n in BAD_NUMBERS]
        for bug, run in runs:
            run.exits_with(2, bug)
            run.complains(bug)
        if not self.is_free(DEFAULT_PORT):
            raise Skip(_("port {port} is taken by another program",
                         port=DEFAULT_PORT))
        self.run().announces(unheard="D21", wrong="D21", port=DEFAULT_PORT)

    # The client

    def calls(self, *words):
        """Start msg with these words; return it and its connection to the tester."""
        listener = self.listener()
        client = self.run(listener.host, listener.port, *words, program="msg")
        return client, listener.accepts()

    @check(points=3, bugs="B1 C7 F18 G4")
    def client_asks(self):
        """msg sends its frame, and prints the answer in each of three ways"""
        for words, request, answer, printed in (
                (("echo", "hello"), frame(ECHO, b"hello"), frame(ECHO, b"a\0b"),
                 b"a\0b\n"),
                (("upper", "hello you"), frame(UPPER, b"hello you"), frame(UPPER),
                 b"\n"),
                (("sum", 1, -2, 70000), frame(SUM, numbers(1, -2, 70000)),
                 frame(SUM, struct.pack("!q", -5_000_000_000)), b"-5000000000\n")):
            client, server = self.calls(*words)
            server.receives(request, lambda: self.request_bug(server, request))
            server.has_nothing_more("C7")
            server.sends(answer)
            server.leaves()
            client.ends()
            client.prints(printed, lambda c=client: self.print_bug(c))
            client.exits_with(0, "C10")

    @staticmethod
    def request_bug(server, request):
        told = layout_bug(bytes(server.got), request)
        swapped = request[0] == SUM and server.got[5:9] == request[5:9][::-1]
        return "B1" if swapped else told

    @staticmethod
    def print_bug(client):
        return "G4" if bytes(client.stdout) in (b"a\n", b"a") else "F18"

    @check(points=2, bugs="C8")
    def answer_in_pieces(self):
        """msg waits for the whole answer, though it comes byte by byte"""
        client, server = self.calls("echo", "x")
        server.receives(frame(ECHO, b"x"))
        server.sends_in_pieces(frame(ECHO, b"in pieces"))
        client.ends("C8")
        client.prints(b"in pieces\n", "C8")
        client.exits_with(0, "C10")

    @check(points=2, bugs="C10 E12 U2 C1")
    def bad_answers(self):
        """an error frame, or no whole frame: a word on stderr, exit 1"""
        for answer, bug in ((frame(ERROR, b"no such thing"), "C10"),
                            (b"", "E12"), (frame(ECHO, b"12345678")[:9], "E12"),
                            (struct.pack("!BI", ECHO, 0xffffffff), "F8")):
            client, server = self.calls("echo", "x")
            server.receives(frame(ECHO, b"x"))
            server.sends(answer)
            server.leaves()
            client.exits_with(1, bug)
            client.prints(b"", "U2")
            client.complains("U2")
            if answer[:1] == bytes([ERROR]):
                client.says("no such thing", 'the text of the error: "no such thing"',
                            "U2")
        lonely = self.run("127.0.0.1", self.closed_port_number(), "echo", "x",
                          program="msg")
        lonely.exits_with(1, "C1")
        lonely.says(r"^msg: connect: Connection refused$",
                    '"msg: connect: Connection refused"', "C1")

    @check(points=2, bugs="E14 C9 D13")
    def hygiene(self):
        """50 clients leave nothing behind; idle, it rests; it never sleeps"""
        self.has_no_call_to("sleep", "usleep", "nanosleep", bug="E14")
        server = self.serve("0")
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
        """both programs are right, whatever frames come, in any pieces"""
        self.converses(Framing(), range(8))
        self.converses(Messaging(), range(13))

    @check(points=1, bugs="")
    def faults(self):
        """the same when calls move few bytes, each after a signal"""
        few = few_at_a_time(transmit=3, receive=2)
        self.converses(Framing(), range(8, 10), few)
        self.converses(Messaging(), range(8, 11), few)
