"""The checks of the hello protocol, for every server that speaks it."""
import functools
import re
import signal
import socket
import time

from grader.stage import Failure, Lesson, Skip, _, check, comes_short, fails, stops

DEFAULT_PORT = 9999
LIMIT = 8192                        # bytes of a line, with its ending
WELCOME = b"Welcome!\n"
TOO_LONG = b"error: line too long\n"
NAMES = (b"Michael", b"Tracy", b"Sarah")
BAD_PORTS = ["80x", "+80", "65536", "http"]
BAD_USES = [["0", "0"], ["-x", "0"], ["-b"], ["-b", "localhost", "0"]]
STATS_LAG = 2.0                     # seconds that stats may lag behind
STATS_TRIES = 5                     # and times to ask, on a slow machine
SLEEPING = "sleep", "usleep", "nanosleep"
LAST = "conversations", "faults"    # checks that find what the others do not list
LOG_NAME = r"(?:\S+: )?"            # warnx(3) puts it before the log


def hello(name):
    """Return the line that answers the line `name`."""
    return b"Hello, " + name + b"!\n"


def rebound(inherited, bugs):
    """Return a check that examines what `inherited` does, and names these bugs.

    For a lesson in which the same failure is another mistake; the usual bug first.
    """
    @check(points=inherited.points, bugs=bugs, crash=inherited.crash)
    @functools.wraps(inherited)
    def examine(self):
        inherited(self)
    return examine


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

    @check(points=2, bugs="F18 F17 F15 C11 C7 G1 E11 D13")
    def three_names(self):
        """Michael, Tracy and Sarah are greeted by name, exit ends it"""
        server = self.serve("0")
        alice = self.client("alice")
        alice.receives(WELCOME, self.kind_of_line(alice, WELCOME, lambda: "C11"))

        def nothing():
            waiting = [c for c in server.trace.calls("recv") if c.is_inside]
            return "E11" if any(c.flags & socket.MSG_WAITALL for c in waiting) \
                else "F18"

        for name in NAMES:
            alice.sends(name + b"\n")
            alice.receives(hello(name), self.kind_of_line(alice, hello(name), nothing))
        alice.sends(b"exit\n")
        alice.sees_the_end(lambda: "F15" if alice.got == hello(b"exit") else
                           "F18" if alice.got else "D13")

    @staticmethod
    def kind_of_line(peer, line, nothing):
        """Return what finds out why this line is not what came.

        nothing  finds it out when no byte came
        """
        def bug():
            came, text = bytes(peer.got), line[:-1]
            if came == text or came.startswith(text + b"Hello"):
                return "F17"
            if came[:1] == b"\0":       # it belongs to the line before
                return "C7"
            if line.endswith(b"!\n") and len(came) > len(line) and \
                    came.startswith(line[:-2]) and came != text[:-1] + b"\n!\n":
                return "G1"
            return "F18" if came else nothing()
        return bug

    @check(points=3, bugs="F2 E5")
    def lines_in_pieces(self):
        """a line in pieces is one line, wherever it was split"""
        self.serve("0")
        alice = self.visitor("alice")
        alice.sends_in_pieces(b"Michael\n")
        alice.receives(hello(b"Michael"), lambda: "E5" if not alice.got else
                       "F2" if len(alice.got) > 16 else "F18")
        alice.has_nothing_more()
        for at in range(1, 6):
            alice.sends(b"Sarah\n"[:at])
            alice.has_nothing_more()
            alice.sends(b"Sarah\n"[at:])
            alice.receives(hello(b"Sarah"))

    @check(points=2, bugs="G1 G8 F7 F18", crash="G8")
    def short_after_long(self):
        """after Michael, Bob is greeted as Bob"""
        self.serve("0")
        alice = self.visitor("alice")
        for name in (b"Michael", b"Bob", b"x" * 3000, b"Al", b""):
            alice.sends(name + b"\n")
            alice.receives(hello(name), lambda: "F18" if not alice.got else
                           "F7" if alice.got.startswith(b"error") else "G1")

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

    @check(points=2, bugs="F15 F14")
    def the_word_exit(self):
        """only exit ends it, not exiting, Exit or blank exit"""
        self.serve("0")
        for ending in (b"\n", b"\r\n"):
            alice = self.visitor("alice")
            for name in (b"exiting", b"exi", b"Exit", b"EXIT", b" exit", b"exit "):
                alice.sends(name + ending)
                alice.receives(hello(name), "F14" if name == b"exiting" and
                               ending == b"\r\n" else "F15")
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
        alice.tells("stays connected, and says nothing more")
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
        alice.tells("begins a line of 8,192 bytes: all but its \\n")
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
            ending = "\\r\\n" if b"\r" in line else "\\n"
            peer.tells(_("will send {n:byte} as one line, its {ending} included",
                         n=line.index(10) + 1, ending=ending))
            peer.sends(line)
            peer.receives(TOO_LONG, self.kind_of_limit(server, peer))
            peer.sees_the_end(self.kind_of_end(peer, "F7"))
            peer.is_done_sending()
            peer.is_not_reset("H1")

    @check(points=2, bugs="E6 F7", crash="E6")
    def long_line_in_pieces(self):
        """a line that is too long is refused in whatever pieces it comes"""
        self.serve("0")
        for sizes in ((1, 9000), (LIMIT // 2, LIMIT // 2, LIMIT // 2)):
            alice = self.visitor("alice")
            for size in sizes:
                self.stage.wait_until_taken()
                alice.sends(b"y" * size)
            alice.receives(TOO_LONG, "F7")
            alice.leaves()

    @staticmethod
    def kind_of_limit(server, peer):
        """Return what finds out what a server did wrong with a long line."""
        def bug():
            if peer.end == "reset" and bytes(peer.got) in TOO_LONG:
                return "H1"
            asked = [c.length for c in server.trace.calls("recv", "read")]
            return "E18" if 0 in asked else "F7"
        return bug

    @check(points=2, bugs="E2 I4 E8", crash="E8")
    def short_counts(self):
        """short counts and signals in recv and send change nothing"""
        for plan in ([comes_short("transmit", 3), comes_short("receive", 2)],
                     [comes_short("transmit", 7), fails("receive", "EINTR", at=1),
                      fails("receive", "EINTR", at=3),
                      fails("transmit", "EINTR", at=2)]):
            server = self.serve("0", plan=plan)
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
        self.is_greeted("bob", self.kind_of_loss(server, "H13"))
        carol = self.visitor("carol", self.kind_of_loss(server, "H13"))
        server.freezes()
        carol.sends(b"are you there?\n" * 3)
        carol.is_done_sending()
        carol.resets()
        server.goes_on()
        self.stage.wait_until_taken()
        self.is_greeted("dave", self.kind_of_loss(server, "I1"))
        server.is_alive(self.kind_of_loss(server, "I1"))

    def kind_of_loss(self, server, usual):
        """Return what finds out what the loss of one client did to the server.

        usual  the bug it most often is
        """
        return lambda: "E7" if server.spins() else usual

    @check(points=2, bugs="E9 H13", crash="E9")
    def broken_connection(self):
        """a connection that breaks while it is read harms nobody"""
        server = self.serve("0", plan=fails("receive", "ECONNRESET", at=1))
        alice = self.visitor("alice")
        alice.sends(b"Michael\n")
        self.stage.wait_until_taken()
        alice.leaves()
        bob = self.visitor("bob", "E9")
        self.stage.wait_until_taken()
        bob.leaves()
        server.is_alive("E9")

    @check(points=1, bugs="D20 C9")
    def client_log(self):
        """its log says from where a client came, and that it has gone"""
        server = self.serve("0")
        for name, host in (("alice", "127.0.0.2"), ("bob", "127.0.0.3")):
            peer = self.client(name, source=host)
            peer.receives(WELCOME)
            who = f"{host}:{peer.local[1]}"
            client = LOG_NAME + "Accept new connection from " + re.escape(who)
            server.says(rf"^{client}\.\.\.$",
                        _('"Accept new connection from {client}..."',
                          client=peer.local), "D20")
            peer.leaves()
            self.end_is_logged(server, peer, "D20")
        lines = bytes(server.stdout).split(b"\n")
        if len(lines) > 2:
            raise Failure("one line on stdout, the ready line",
                          _("{n:line}, the second: {line:quoted}", n=len(lines) - 1,
                            line=lines[1]), "C9")

    @staticmethod
    def end_is_logged(server, peer, bug=None):
        """The log says that this client, who has left, has gone."""
        host, port = peer.local
        server.says(rf"^{LOG_NAME}Connection from {re.escape(host)}:{port} closed\.$",
                    _('"Connection from {client} closed."', client=peer.local), bug)

    @check(points=1, bugs="A21 A1 D21")
    def usage(self):
        """bad arguments: exit 2; -b moves it; the default port is 9999"""
        runs = [("A1", self.run(port)) for port in BAD_PORTS]
        runs += [("A21", self.run(*use)) for use in BAD_USES]
        for bug, server in runs:
            self.stage.is_about(server)
            server.ends(bug, "exit status 2: this is wrong usage")
            server.exits_with(2, bug)
            server.complains(bug)
        self.stage.is_about()
        server = self.run("-b", "127.0.0.2", "0")
        server.announces(unheard="D21", wrong="D21", host="127.0.0.2")
        if not self.is_free(DEFAULT_PORT):
            raise Skip(_("port {port} is taken by another program",
                         port=DEFAULT_PORT))
        self.run().announces(unheard="D21", wrong="D21", port=DEFAULT_PORT)

    @check(points=3, bugs="D13 E14")
    def hygiene(self):
        """50 clients leave nothing behind; idle, it rests; it never sleeps"""
        self.never_sleeps_in_its_text()
        server = self.serve("0")
        self.is_greeted("the first client")
        before = server.comes_to_rest()
        for number in range(2, 51):
            self.is_greeted(f"client {number}")
            if number % 5 == 0:
                self.client("a hasty client").resets()
        server.comes_to_rest(before)

    def never_sleeps_in_its_text(self):
        """No file of the learner's calls a function that only sleeps."""
        self.has_no_call_to(*SLEEPING, bug="E14")


class HelloToMany(HelloServer):
    """The promises of a hello server that serves many clients at the same time.

    Where the same failure is another mistake in another lesson, the lesson says so
    by a check that is rebound(), and by the bugs that its checks share:

    ALONE    who comes second is not served
    FULL     more clients than MAX are served, or fewer
    COUNTS   the numbers of stats are wrong
    STUCK    told to stop while clients are there, it does not end
    LEFT     what a client leaves behind
    """

    order = ()                          # the checks that come first
    ALONE, FULL, COUNTS, STUCK, LEFT = "D19", "K9", "K10", "K12", "D13"

    @classmethod
    def checks(cls):
        """Return {ID: method}: many clients first, then what lesson 06 examined.

        What is generated comes last.
        """
        found = super().checks()
        known = HelloServer.checks()
        own = (name for name in found if name not in known)
        names = dict.fromkeys(n for n in [*cls.order, *own, *known] if n not in LAST)
        names.update(dict.fromkeys(n for n in LAST if n in found))
        return {name: found[name] for name in names}

    # How it may have failed; a lesson that can say it better does

    def kind_of_alone(self, server):
        """Return what finds out why the second client is not served."""
        return lambda: "K11" if server.has_ended() else self.ALONE

    def kind_of_counts(self, server):
        """Return the bug of wrong numbers."""
        return self.COUNTS if server else None

    def kind_of_stuck(self, server):
        """Return what finds out why the server does not end when told to."""
        return lambda: self.STUCK if server else None

    def kind_of_missing_end(self, server, peer):
        """Return what finds out why a client does not see the end."""
        return lambda: "H1" if peer.end == "reset" else \
            self.LEFT if server else None

    # One after the other, and together

    @check(points=2, bugs="D13 C11")
    def one_client(self):
        """a client is greeted by name; after exit it sees the end"""
        server = self.serve("0")
        alice = self.client("alice")
        alice.receives(WELCOME, "C11")
        alice.sends(b"Michael\n")
        alice.receives(hello(b"Michael"), "C11")
        alice.sends(b"exit\n")
        alice.sees_the_end(self.kind_of_missing_end(server, alice))

    @check(points=2, bugs="D19")
    def next_please(self):
        """when one client leaves, the next is served while another stays"""
        server = self.serve("0")
        kind = self.kind_of_alone(server)
        alice = self.visitor("alice", kind)
        bob = self.visitor("bob", kind)
        bob.sends(b"exit\n")
        bob.sees_the_end(self.kind_of_missing_end(server, bob))
        bob.leaves()
        self.stage.wait_until_taken()
        server.is_alive(kind)
        carol = self.visitor("carol", kind)
        for peer in (carol, alice):
            peer.sends(b"x\n")
            peer.receives(hello(b"x"), kind)
        server.is_alive(kind)

    @check(points=3, bugs="D19")
    def last_one_first(self):
        """three clients are served at once, the last one first"""
        server = self.serve("0")
        kind = self.kind_of_alone(server)
        peers = [self.client(name) for name in ("alice", "bob", "carol")]
        for peer in reversed(peers):
            peer.receives(WELCOME, kind)
            peer.sends(peer.name.encode() + b"\n")
            peer.receives(hello(peer.name.encode()), kind)
        for peer in peers:
            peer.sends(b"again\n")
            peer.receives(hello(b"again"), kind)

    @check(points=3, bugs="F13 D19")
    def clients_apart(self):
        """two clients talking at once each get their own answers"""
        self.serve("0")
        alice = self.visitor("alice")
        bob = self.visitor("bob", self.ALONE)
        alice.sends(b"he")
        self.stage.wait_until_taken()
        bob.sends(b"x\n")
        bob.receives(hello(b"x"), "F13")
        alice.sends(b"llo\n")
        alice.receives(hello(b"hello"), "F13")

    # The numbers

    def counts(self, server, peer, served, active, bug=None):
        """Asked for stats often enough, the server says these numbers.

        served  None: whatever it says
        """
        pattern = rf"served {r'[0-9]+' if served is None else served} active {active}\n"
        end = time.monotonic() + STATS_LAG
        mark, tries = self.stage.mark(), 0
        while tries < STATS_TRIES or time.monotonic() < end:
            tries += 1
            self.stage.rewinds_to(mark)     # a page tells of the last time
            if tries > 1:
                peer.tells(_("asks again, {tries} times by now", tries=tries))
            peer.sends(b"stats\n")
            line = peer.receives_a_line("F18")
            said = re.fullmatch(rb"served (\d+) active \d+\n", line)
            if said and re.match(pattern.encode(), line):
                return
            if not said:
                break
            self.stage.wait_until_taken()
        raise Failure(_('"served {served} active {active}" for {peer}', active=active,
                        served="N" if served is None else served, peer=peer.name),
                      _("{line:quoted}", line=line[:-1]),
                      bug or self.kind_of_counts(server) if said else "F18")

    @check(points=3, bugs="K10 F18")
    def numbers(self):
        """stats tells every client how many have left and are here"""
        server = self.serve("0")
        alice = self.visitor("alice")
        self.counts(server, alice, 0, 1)
        bob, carol = self.visitor("bob"), self.visitor("carol")
        self.counts(server, carol, 0, 3)
        carol.sends(b"exit\n")
        carol.sees_the_end(self.LEFT)
        carol.leaves()
        self.counts(server, bob, 1, 2)
        bob.resets()
        self.counts(server, alice, 2, 1)
        alice.leaves()
        self.counts(server, self.visitor("dave"), 3, 1)

    @check(points=2, bugs="D9")
    def accept_errors(self):
        """when accept fails for a passing reason the next one is served"""
        for error in ("EMFILE", "ECONNABORTED"):
            server = self.serve("0", plan=fails("accept", error, at=1))
            self.stage.wait_until_taken()
            if server.processes() > 1 and error == "ECONNABORTED":
                return                  # each of them would lose a client of its own
            self.tries_to_connect("alice")
            self.is_greeted("bob", "D9")
            server.is_alive("D9")
            server.end()

    # The limit

    @check(points=3, bugs="K9 K14")
    def at_the_limit(self):
        """with -n 2 the third client waits until one has left"""
        server = self.serve("-n", "2", "0")
        alice, bob = self.visitor("alice"), self.visitor("bob")
        carol = self.client("carol")
        if server.spins():
            raise Failure("a server that rests while it is full", "it never rests",
                          "K14", "TIMEOUT")
        for peer in (alice, bob):
            peer.sends(b"x\n")
            peer.receives(hello(b"x"), self.ALONE)
            carol.has_nothing_more(self.FULL)
        alice.leaves()
        carol.receives(WELCOME, self.FULL)
        dave = self.client("dave")
        carol.sends(b"x\n")
        carol.receives(hello(b"x"), self.FULL)
        dave.has_nothing_more(self.FULL)
        bob.sends(b"exit\n")
        bob.sees_the_end(self.LEFT)
        bob.leaves()
        dave.receives(WELCOME, self.FULL)

    @check(points=1, bugs="K9")
    def forty(self):
        """without -n it serves 40 clients at a time, and no more"""
        self.serve("0")
        peers = [self.visitor(f"client {n}", self.FULL) for n in range(1, 41)]
        last = self.client("client 41")
        last.has_nothing_more(self.FULL)
        peers[0].leaves()
        last.receives(WELCOME, self.FULL)

    # A client that takes nothing

    def greedy(self, server, name, line=b"x" * 1023 + b"\n"):
        """Return a client that has sent this line very often and takes no answer."""
        self.has_small_buffers()
        peer = self.client(name)
        peer.has_room_for(1 << 14)
        peer.pours(line, server.rests)
        return peer

    @check(points=2, bugs="D19 H13")
    def takes_no_answer(self):
        """a client that takes no answers, then resets, hinders nobody"""
        server = self.serve("0")
        alice = self.greedy(server, "alice")
        self.is_greeted("bob", self.kind_of_alone(server))
        carol = self.visitor("carol")
        alice.resets()
        self.stage.wait_until_taken()   # who dies of it has died, and is noticed
        loss = self.kind_of_loss(server, "H13")
        self.is_greeted("dave", loss)
        carol.sends(b"carol\n")
        carol.receives(hello(b"carol"), loss)
        server.is_alive(loss)

    # The options

    @check(points=1, bugs="A21 A30")
    def options(self):
        """-n and -d want numbers, or exit 2; -d 200 delays an answer"""
        for use in (["-n"], ["-n", "x", "0"], ["-n", "2x", "0"], ["-n", "-1", "0"],
                    ["-d"], ["-d", "soon", "0"], ["-d", "-1", "0"]):
            server = self.run(*use)
            self.stage.is_about(server)
            server.ends("A21", "exit status 2: this is wrong usage")
            server.exits_with(2, "A21")
            server.complains("A21")
        self.stage.is_about()
        self.serve("-d", "200", "0")
        alice = self.client("alice")
        alice.receives(WELCOME)
        begin = time.monotonic()
        alice.sends(b"Bob\n")
        alice.receives(hello(b"Bob"))
        if time.monotonic() - begin < 0.2:
            raise Failure("with -d 200 the answer comes after 200 ms",
                          "it comes earlier", "A30")

    # The stop

    def stops(self, server, number=signal.SIGTERM):
        """Told to stop, the server ends in order."""
        server.is_told_to_stop(number)
        server.ends_in_order(self.kind_of_stuck(server))

    @check(points=2, bugs="I11 I5")
    def stop_alone(self):
        """SIGTERM or SIGINT ends it within a second, exit status 0"""
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.serve("0", leaks=True)
            self.is_greeted("alice")
            self.stage.wait_until_taken()
            self.stops(server, number)

    @check(points=3, bugs="K12 I5")
    def stop_with_clients(self):
        """it stops in spite of silent clients, and of one that waits"""
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.serve("-n", "2", "0", leaks=True)
            alice, bob = self.visitor("alice"), self.visitor("bob")
            carol = self.client("carol")
            alice.sends(b"half a li")
            self.stage.wait_until_taken()
            self.stops(server, number)
            for peer in (alice, bob, carol):
                peer.leaves()

    @check(points=3, bugs="K12 I5")
    def stop_while_busy(self):
        """it stops in spite of -d 60000, and of answers nobody takes"""
        server = self.serve("-d", "60000", "0", leaks=True)
        alice = self.client("alice")
        alice.sends(b"Michael\n")
        self.stage.wait_until_taken()
        self.stops(server)
        alice.leaves()
        server = self.serve("0", leaks=True)
        bob = self.greedy(server, "bob")
        self.stops(server, signal.SIGINT)
        bob.leaves()

    @check(points=2, bugs="I9")
    def stop_unawares(self):
        """a signal just before it begins to wait is not lost"""
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.serve("0", plan=[stops("wait", at=1), stops("accept", at=1)])
            server.is_stopped_by_plan()
            server.is_told_to_stop(number)
            server.goes_on()
            while server.wait_until_frozen():       # another thread, another wait
                server.thaw()
            server.ends_in_order("I9")

    def never_sleeps_in_its_text(self):
        """Behind -d it may sleep; without that option it never does."""
        server = self.serve("0")
        self.is_greeted("alice")
        for name in (*SLEEPING, "clock_nanosleep"):
            if server.times(name):
                raise Failure("no sleep without -d", _("it calls {name}()", name=name),
                              "E14")
        server.end()
