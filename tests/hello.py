"""The checks of the hello protocol, for every server that speaks it."""
import re

from harness import Failure, Lesson, Skip, check

DEFAULT_PORT = 9999
LIMIT = 8192                        # bytes of a line, with its ending
WELCOME = b"Welcome!\n"
TOO_LONG = b"error: line too long\n"
NAMES = (b"Michael", b"Tracy", b"Sarah")
BAD_PORTS = ["80x", "+80", "65536", "http"]
BAD_USES = [["0", "0"], ["-x", "0"], ["-b"], ["-b", "localhost", "0"]]
LOG_NAME = r"(?:\S+: )?"            # warnx(3) puts it before the log


def hello(name):
    """Return the line that answers the line `name`."""
    return b"Hello, " + name + b"!\n"


class HelloServer(Lesson):
    """The promises of a hello server; its program is the first of `programs`.

    A lesson that has such a server derives from this class, and its programs are
    put to these checks, those of its own after them.
    """

    def visitor(self, name, bug=None):
        """Connect, and hear the greeting; return the connection."""
        peer = self.client(name, bug=bug)
        peer.receives(WELCOME, bug)
        return peer

    def is_greeted(self, name, bug=None):
        """A client of this name is greeted and leaves."""
        peer = self.visitor(name, bug)
        peer.sends(name.encode() + b"\n")
        peer.receives(hello(name.encode()), bug)
        peer.leaves()

    @staticmethod
    def kind_of_end(peer, other="D13"):
        """Return what finds out why a peer's end is missing: a reset is H1."""
        return lambda: "H1" if peer.end == "reset" else other

    @check(points=2, bugs="F18 F17 C11 G1 D13")
    def three_names(self):
        """Michael, Tracy and Sarah are greeted by name, exit ends it"""
        self.serve("0")
        alice = self.client("alice")
        alice.receives(WELCOME, self.kind_of_line(alice, WELCOME, "C11"))
        for name in NAMES:
            alice.sends(name + b"\n")
            alice.receives(hello(name), self.kind_of_line(alice, hello(name)))
        alice.sends(b"exit\n")
        alice.sees_the_end(lambda: "F18" if alice.got else "D13")

    @staticmethod
    def kind_of_line(peer, line, nothing="F18"):
        """Return what finds out why this line is not what came.

        nothing  the bug when no byte came
        """
        def bug():
            came, text = bytes(peer.got), line[:-1]
            if came == text or came.startswith(text + b"Hello"):
                return "F17"
            if line.endswith(b"!\n") and len(came) > len(line) and \
                    came.startswith(line[:-2]):
                return "G1"
            return "F18" if came else nothing
        return bug

    @check(points=3, bugs="F2 E5")
    def lines_in_pieces(self):
        """a line in pieces is one line, wherever it was split"""
        self.serve("0")
        alice = self.visitor("alice")
        alice.sends_in_pieces(b"Michael\n")
        alice.receives(hello(b"Michael"), lambda: "F2" if len(alice.got) > 16 else "E5")
        alice.has_nothing_more()
        for at in range(1, 6):
            alice.sends(b"Sarah\n"[:at])
            alice.has_nothing_more()
            alice.sends(b"Sarah\n"[at:])
            alice.receives(hello(b"Sarah"))

    @check(points=2, bugs="G1 G8 F18", crash="G8")
    def short_after_long(self):
        """after Michael, Bob is greeted as Bob"""
        self.serve("0")
        alice = self.visitor("alice")
        for name in (b"Michael", b"Bob", b"x" * 3000, b"Al", b""):
            alice.sends(name + b"\n")
            alice.receives(hello(name), lambda: "G1" if alice.got else "F18")

    @check(points=3, bugs="F1 F3 F6")
    def lines_together(self):
        """lines that come in one piece are answered one by one, in order"""
        self.serve("0")
        alice = self.visitor("alice")
        alice.sends(b"Sarah\nTra")
        alice.receives(hello(b"Sarah"))
        alice.has_nothing_more("F2")
        alice.sends(b"cy\n")
        alice.receives(hello(b"Tracy"), "F3")
        names = [b"client %d" % number for number in range(1, 101)]
        alice.sends(b"\n".join(names) + b"\n")
        alice.receives(b"".join(map(hello, names)))
        alice.sends(b"a\n" + b"b" * 5000)
        alice.receives(hello(b"a"))
        alice.sends(b"\n")
        alice.receives(hello(b"b" * 5000), "F6")

    @check(points=2, bugs="F5 F4 F18")
    def line_ends(self):
        """\\n or \\r\\n ends a line; blanks and any other \\r stay in it"""
        self.serve("0")
        alice = self.visitor("alice")
        for line, name in ((b"Bob\r\n", b"Bob"), (b"\r\n", b""), (b"\n", b""),
                           (b"Bob\r\r\n", b"Bob\r"), (b"B\rob\n", b"B\rob"),
                           (b" Bob Jones \t\n", b" Bob Jones \t")):
            alice.sends(line)
            alice.receives(hello(name), "F5" if b"\r" in line else "F18")
        alice.sends(b"Tracy\r")
        alice.has_nothing_more("F4")
        alice.sends(b"\n")
        alice.receives(hello(b"Tracy"), "F4")
        alice.has_nothing_more("F4")

    @check(points=2, bugs="F15")
    def the_word_exit(self):
        """only exit ends it, not exiting, Exit or blank exit"""
        self.serve("0")
        for ending in (b"\n", b"\r\n"):
            alice = self.visitor("alice")
            for name in (b"exiting", b"exi", b"Exit", b"EXIT", b" exit", b"exit "):
                alice.sends(name + ending)
                alice.receives(hello(name))
            alice.sends(b"exit" + ending)
            alice.sees_the_end("F15")
            alice.leaves()

    @check(points=2, bugs="G4 G6 F18", crash="G6")
    def every_byte(self):
        """a name may hold any bytes: NUL, %x%n, those from 0x80 on"""
        self.serve("0")
        alice = self.visitor("alice")
        for name, bug in ((b"%x%n%s", "G6"), (b"100 %", "G6"), (b"a\0b", "G4"),
                          (b"\0", "G4"), (b"exit\0", "G4"),
                          (bytes(range(128, 256)), "F18")):
            alice.sends(name + b"\n")
            alice.receives(hello(name), bug)

    @check(points=2, bugs="F12 H10 E7 D13")
    def end_of_file(self):
        """a client that is done gets its answers; half a line gets none"""
        server = self.serve("0")
        alice = self.visitor("alice")
        server.freezes()
        alice.sends(b"Michael\nTracy\nSarah\nhalf a line")
        alice.is_done_sending()
        server.goes_on()
        for name in NAMES:
            alice.receives(hello(name), "H10")
        alice.sees_the_end(lambda: "F12" if alice.got else
                           "E7" if server.spins() else "D13")

    @check(points=3, bugs="F14")
    def fresh_start(self):
        """what one client left unfinished is not given to the next"""
        self.serve("0")
        alice = self.visitor("alice")
        alice.sends(b"Ali\npar")
        alice.receives(hello(b"Ali"))
        self.stage.wait_until_taken()
        alice.leaves()
        bob = self.visitor("bob")
        bob.sends(b"tial\n")
        bob.receives(hello(b"tial"))
        bob.sends(b"exit\nnot finished")
        bob.sees_the_end(self.kind_of_end(bob, "F14"))
        bob.leaves()
        self.is_greeted("carol", "F14")

    @check(points=3, bugs="F16 H1 H14")
    def after_exit(self):
        """what comes after exit is not answered, and harms nobody"""
        self.serve("0")
        alice = self.visitor("alice")
        alice.sends(b"Sarah\nexit\nTracy\n" + b"more\n" * 3000)
        alice.receives(hello(b"Sarah"), self.kind_of_end(alice, "F1"))
        alice.sees_the_end(lambda: "F16" if alice.got else
                           "H1" if alice.end == "reset" else "D13")
        alice.is_not_reset("H1")
        self.is_greeted("bob", "H14")

    @check(points=3, bugs="F7 E18 G2 H1", crash="G2")
    def long_lines(self):
        """8,192 bytes are a line; one more is refused, and then the end"""
        server = self.serve("0")
        alice = self.visitor("alice")
        for size in (LIMIT - 1, LIMIT):
            alice.sends(b"x" * (size - 1) + b"\n")
            alice.receives(hello(b"x" * (size - 1)),
                           self.kind_of_limit(server, alice))
        alice.sends(b"z" * (LIMIT - 1))
        alice.has_nothing_more("F7")
        alice.sends(b"\n")
        alice.receives(hello(b"z" * (LIMIT - 1)), self.kind_of_limit(server, alice))
        alice.sends(b"Bob\n" + b"y" * (LIMIT - 2) + b"\r\n")
        alice.receives(hello(b"Bob") + hello(b"y" * (LIMIT - 2)), "F7")
        for name, line in (("alice", b"x" * LIMIT + b"\n"),
                           ("bob", b"x" * (LIMIT - 1) + b"\r\n"),
                           ("carol", b"x" * (1 << 20) + b"\nmore\n")):
            peer = alice if name == "alice" else self.visitor(name)
            peer.sends(line)
            peer.receives(TOO_LONG, self.kind_of_limit(server, peer))
            peer.sees_the_end(self.kind_of_end(peer, "F7"))
            peer.is_not_reset("H1")

    @staticmethod
    def kind_of_limit(server, peer):
        """Return what finds out what a server did wrong with a long line."""
        def bug():
            if peer.end == "reset" and bytes(peer.got) in TOO_LONG:
                return "H1"
            asked = [c.args[1] for c in server.trace.calls("recv", "read")]
            return "E18" if 0 in asked else "F7"
        return bug

    @check(points=2, bugs="E2 I4 E8", crash="E8")
    def short_counts(self):
        """short counts and signals in recv and send change nothing"""
        for plan in ("transmit:short=3 receive:short=2", "transmit:short=7 "
                     "receive:fail=EINTR@1 receive:fail=EINTR@3 transmit:fail=EINTR@2"):
            server = self.serve("0", plan=plan)
            self.stage.tell("makes recv and send return early", "the tester")
            alice = self.client("alice")
            alice.receives(WELCOME, self.kind_of_trouble(server))
            for name in NAMES:
                alice.sends(name + b"\r\n")
                alice.receives(hello(name), self.kind_of_trouble(server))
            server.end()
            if server.uses_stdio():
                return                  # it loses what an interrupted write held

    @staticmethod
    def kind_of_trouble(server):
        """Return what finds out which early return a server did not take well."""
        def bug():
            met = [c for c in server.trace.calls() if c.error == "EINTR"]
            return "I4" if met else "E2"
        return bug

    @check(points=3, bugs="H13 I1")
    def clients_that_vanish(self):
        """a client that resets, even before its answer, harms nobody"""
        server = self.serve("0")
        alice = self.visitor("alice")
        alice.sends(b"half a li")
        self.stage.wait_until_taken()
        alice.resets()
        self.is_greeted("bob", "H13")
        carol = self.visitor("carol")
        server.freezes()
        carol.sends(b"are you there?\n" * 3)
        carol.is_done_sending()
        carol.resets()
        server.goes_on()
        self.is_greeted("dave", "I1")
        server.is_alive("I1")

    @check(points=1, bugs="D20 C9")
    def client_log(self):
        """its log says from where a client came, and that it has gone"""
        server = self.serve("0")
        for name, host in (("alice", "127.0.0.2"), ("bob", "127.0.0.3")):
            peer = self.client(name, source=host)
            peer.receives(WELCOME)
            who = f"{host}:{peer.local[1]}"
            client = LOG_NAME + "Accept new connection from " + re.escape(who)
            server.says(rf"^{client}\.\.\.$", f'"Accept new connection from {who}..."')
            peer.leaves()
            server.says(rf"^{LOG_NAME}Connection from {re.escape(who)} closed\.$",
                        f'"Connection from {who} closed."')
        if bytes(server.stdout).count(b"\n") > 1:
            raise Failure("one line on stdout, the ready line",
                          "there is more on stdout", "C9")

    @check(points=1, bugs="A21 A1 D21")
    def usage(self):
        """bad arguments: exit 2; -b moves it; the default port is 9999"""
        runs = [("A1", self.run(port)) for port in BAD_PORTS]
        runs += [("A21", self.run(*use)) for use in BAD_USES]
        for bug, server in runs:
            server.exits_with(2, bug)
            server.complains(bug)
        server = self.run("-b", "127.0.0.2", "0")
        server.announces(unheard="D21", wrong="D21", host="127.0.0.2")
        if not self.is_free(DEFAULT_PORT):
            raise Skip(f"port {DEFAULT_PORT} is taken by another program")
        self.run().announces(unheard="D21", wrong="D21", port=DEFAULT_PORT)

    @check(points=3, bugs="D13 E14")
    def hygiene(self):
        """50 clients leave nothing behind; idle, it rests; it never sleeps"""
        self.has_no_call_to("sleep", "usleep", "nanosleep", bug="E14")
        server = self.serve("0")
        self.is_greeted("the first client")
        before = server.comes_to_rest()
        for number in range(2, 51):
            self.is_greeted(f"client {number}")
            if number % 5 == 0:
                self.client("a client who has second thoughts").resets()
        server.comes_to_rest(before)


class HelloToMany(HelloServer):
    """The promises of a hello server that serves many clients at the same time."""

    @check(points=3, bugs="F13 D19")
    def clients_apart(self):
        """of two clients that talk at once each gets its own answers"""
        self.serve("0")
        alice = self.visitor("alice")
        bob = self.visitor("bob", "D19")
        alice.sends(b"he")
        self.stage.wait_until_taken()
        bob.sends(b"x\n")
        bob.receives(hello(b"x"), "F13")
        alice.sends(b"llo\n")
        alice.receives(hello(b"hello"), "F13")
