"""Lesson 08: closing a connection.  Run the checks with: make check-lesson8"""
import re
import socket

from grader.stage import (Failure, Lesson, Skip, check, comes_short, few_at_a_time,
                          stops, _)
from .protocols.counting import Asking, Counting

DEFAULT_PORT = 44444
LINE = b"3 7 42\n"
TEXTS = [b"", b"one\n", b"two words\nand more\n no newline",
         b"\0 zero\tbytes\v\f\r\nare \xff\x80 words\0\n\na\vb\fc\rd",
         b"many words in lines\n" * 15000]
BAD_PORTS = ["80x", "65536"]
BAD_USES = [["-k", "ten", "0"], ["-k", "10x", "0"], ["-k"], ["-x", "0"],
            ["-b", "localhost", "0"], ["0", "0"]]
BAD_CALLS = [[], ["127.0.0.1"], ["127.0.0.1", "80x"]]


def counts(data):
    """Return the line that wcd should answer to data."""
    words = re.findall(rb"[^ \t\n\v\f\r]+", data)
    return b"%d %d %d\n" % (data.count(b"\n"), len(words), len(data))


class Closing(Lesson):
    number = 8
    title = "closing a connection"
    programs = ("wcd", "wcc")
    question = ("your server reads what is left before it closes. What would happen to "
                "it if a client never stopped sending?")

    # The server

    @check(points=2, bugs="E15 D13 H11 F17 F18 C7")
    def waits_for_the_end(self):
        """wcd answers when the client is done sending, not before, and ends"""
        self.serve("0")
        alice = self.client("alice")
        for piece in (b"one two", b" three\n"):
            alice.sends(piece)
            alice.has_nothing_more("E15")
        alice.is_done_sending()
        alice.receives(counts(b"one two three\n"),
                       self.kind_of_answer(b"one two three\n"))
        alice.sees_the_end(self.kind_of_end())

    def kind_of_end(self, usual="D13"):
        """Return what finds out why an end is missing, or a reset."""
        server, peer = self.program, self.peer

        def bug():
            if peer.got:
                return "C7" if peer.got.startswith(b"\0") else "F18"
            if socket.SO_LINGER in {c.option
                                    for c in server.trace.calls("setsockopt")}:
                return "H11"
            if any(c.how != socket.SHUT_WR
                   for c in server.trace.calls("shutdown")):
                return "H4"
            if any(c.count == 0 and c.timeout > 0
                   for c in server.trace.calls("poll")):
                return "H12"
            if peer.end == "reset":
                return "H1"
            return "E7" if usual == "D13" and server.spins() else usual
        return bug

    def kind_of_answer(self, data, usual="F18"):
        """Return what finds out why wcd does not answer to data as it should."""
        server, peer = self.program, self.peer

        def bug():
            came, due = bytes(peer.got), counts(data)
            if came == due[:-1]:
                return "F17"
            told = re.fullmatch(rb"\d+ \d+ (\d+)\n", came)
            few = int(told[1]) if told else len(data)
            if few < len(data) and came == counts(data[:few]):
                return "E15"
            if came:
                return "F18"
            if peer.end:
                return self.kind_of_end(usual)()
            return "E7" if server.spins() else "E16"
        return bug

    @check(points=2, bugs="H10")
    def half_closed_client(self):
        """a client whose end comes with its data gets its answer"""
        server = self.serve("0")
        alice = self.client("alice")
        server.freezes()
        alice.sends(b"data and the end together\n")
        alice.is_done_sending()
        server.goes_on()
        alice.receives(counts(b"data and the end together\n"), "H10")

    @check(points=3, bugs="F18 E15 E7")
    def counts_of_five_texts(self):
        """wcd counts lines, words and bytes of five texts, in pieces too"""
        self.serve("0")
        for number, text in enumerate(TEXTS):
            alice = self.client("alice")
            if number == 2:
                alice.sends_in_pieces(text, 3)
            else:
                alice.sends(text)
            alice.is_done_sending()
            alice.receives(counts(text), self.kind_of_answer(text))
            alice.leaves()

    @check(points=3, bugs="H1 F18 H4 H12 E15 E16")
    def early_answer(self):
        """with -k 10 the answer to 1 MiB arrives, then the end, no reset"""
        data = b"ab cd\nef ghijklmnop" + b"x" * (1 << 20)
        server = self.serve("-k", 10, "0")
        idle = server.comes_to_rest()
        alice = self.client("alice")
        alice.sends(data)
        alice.receives(counts(data[:10]), self.kind_of_answer(data[:10], "H1"))
        for piece in (b"more", b"and more"):
            self.is_taken(alice, idle)
            self.stage.wait_for(lambda: server.open_descriptors() <= idle)
            alice.tells("pauses, until wcd waits")
            alice.sends(piece)
        self.is_done(alice, idle)
        bob = self.client("bob")
        bob.sends(b"few\n")
        bob.is_done_sending()
        bob.receives(counts(b"few\n"), self.kind_of_answer(b"few\n"))
        carol = self.client("carol")
        carol.sends_in_pieces(b"a bc\nd ef gh", 3)
        carol.receives(counts(b"a bc\nd ef "), self.kind_of_answer(b"a bc\nd ef "))

    def is_done(self, peer, idle):
        """The peer is done sending, and then the connection ends, without a reset."""
        peer.is_done_sending()
        self.is_taken(peer, idle)
        peer.sees_the_end(self.kind_of_end())
        peer.is_not_reset(self.kind_of_end("H1"))

    def is_taken(self, peer, idle):
        """All that a peer has sent goes through, unless its connection is reset.

        idle  how many descriptors wcd has open while nobody is there
        """
        server = self.program
        self.stage.wait_for(lambda: peer.is_acknowledged() or
                            server.open_descriptors() <= idle, patient=True)
        if not self.stage.wait_for(peer.is_acknowledged, patient=True, seconds=1):
            raise Failure(_("wcd reads all that {peer} sends", peer=peer.name),
                          "it reads no more", self.kind_of_end("H1"), "TIMEOUT")

    @check(points=3, bugs="H5 H6 A30")
    def copy_is_held(self):
        """with -D a copy is held open, and yet the client sees the end"""
        server = self.serve("-D", "0")
        open_then = 0
        for name in ("alice", "bob", "carol", "dave"):
            peer = self.client(name)
            peer.sends(name.encode())
            peer.is_done_sending()
            peer.receives(counts(name.encode()))
            peer.sees_the_end("H5")
            self.stage.wait_until_taken()
            open_then = open_then or server.open_descriptors()
        if server.open_descriptors() > open_then:
            raise Failure(_("{n} open descriptors, as after the first client",
                            n=open_then),
                          _("{n} after the fourth", n=server.open_descriptors()), "H6")
        if open_then < 5:               # stdin, stdout, stderr, the listener, the copy
            raise Failure("a copy of the connection is held until the next client",
                          "the connection is not held",
                          "H5" if server.called("dup") else "A30")

    @check(points=2, bugs="H11 H1")
    def ends_without_reset(self):
        """every connection ends in the usual way, none with a reset"""
        self.serve("0")
        for text in TEXTS[1:4]:
            alice = self.client("alice")
            alice.sends(text)
            alice.is_done_sending()
            alice.receives(counts(text), self.kind_of_answer(text))
            alice.sees_the_end(self.kind_of_end())
            alice.is_not_reset(self.kind_of_end("H1"))

    @check(points=2, bugs="H15 H13 I1")
    def client_has_gone(self):
        """a client that has gone before wcd ends its side is no trouble"""
        server = self.serve("0", plan=stops("shutdown", at=1))
        alice = self.client("alice")
        alice.sends(b"hello\n")
        alice.is_done_sending()
        alice.receives(counts(b"hello\n"))
        if server.is_stopped_by_plan():
            alice.resets()
            server.goes_on()
        else:
            alice.resets()
        self.is_counted("bob", "H15")
        self.resets_early("carol")
        self.is_counted("dave", "H13")
        server.is_alive("H13")
        self.resets_unanswered(server, "erin")
        self.is_counted("frank", "I1")
        server.is_alive("I1")

    def resets_early(self, name):
        """A client of this name resets before it is done sending."""
        peer = self.client(name)
        peer.sends(b"x")
        self.stage.wait_until_taken()
        peer.resets()

    def resets_unanswered(self, server, name):
        """A client of this name is done sending, and resets before the answer."""
        peer = self.client(name)
        server.freezes()
        peer.sends(b"hello\n")
        peer.is_done_sending()
        peer.resets()
        server.goes_on()

    def is_counted(self, name, bug=None):
        """A client of this name is served and leaves."""
        peer = self.client(name, bug=bug)
        peer.sends(name.encode())
        peer.is_done_sending()
        peer.receives(counts(name.encode()), bug)
        peer.leaves()

    @check(points=2, bugs="H7 H8")
    def closes_once(self):
        """no descriptor is closed twice, or used after it was closed"""
        for options in ([], ["-D"], ["-k", 99]):
            server = self.serve(*options, "0")
            self.is_counted("alice")
            self.resets_early("bob")
            self.resets_unanswered(server, "carol")
            self.is_counted("dave")
            self.stage.wait_until_taken()
            for name, words in server.used_what_is_closed():
                raise Failure("every descriptor used is open", words,
                              "H7" if name == "close" else "H8")
            server.end()

    @check(points=2, bugs="A21 A1")
    def bad_usage(self):
        """both programs refuse bad arguments with exit 2"""
        runs = [("A1", self.run(port)) for port in BAD_PORTS]
        runs += [("A21", self.run(*use)) for use in BAD_USES]
        runs += [("A1" if "80x" in use else "A21", self.run(*use, program="wcc"))
                 for use in BAD_CALLS]
        for bug, run in runs:
            self.stage.is_about(run)
            told = _('exit status 2: "{command}" is wrong usage',
                     command=" ".join([run.name, *run.args]))
            run.ends(bug, told)
            if run.status != 2:
                raise Failure(told, run.how_it_ended(),
                              bug if run.called("socket") else "A21")
            run.complains("A21")

    @check(points=1, bugs="D21")
    def listens_where_told(self):
        """without PORT wcd listens on 44444; -b moves it elsewhere"""
        server = self.run("-b", "127.0.0.2", "0")
        server.announces(unheard="D21", wrong="D21", host="127.0.0.2")
        if not self.is_free(DEFAULT_PORT):
            raise Skip(_("port {port} is taken by another program",
                         port=DEFAULT_PORT))
        server = self.run()
        server.announces(unheard="D21", wrong="D21", port=DEFAULT_PORT)

    # The client

    @check(points=3, bugs="H2 H3 H4 C7")
    def client_half_closes(self):
        """wcc sends its data, says that it is done, and hears the answer"""
        client, server = self.client_at_work(b"some words\nto count\n")
        server.receives(b"some words\nto count\n")
        server.sees_the_end(lambda: "C7" if server.got else "H2")
        server.sends(LINE)
        server.leaves()
        client.ends()
        client.prints(LINE, lambda: "H4" if client.called("shutdown") else "H3")
        client.exits_with(0, "C10")

    def client_at_work(self, data, **options):
        """Start wcc with this data; return it and its connection to the tester."""
        listener = self.listener()
        client = self.run(listener.host, listener.port, program="wcc", stdin=data,
                          **options)
        return client, listener.accepts()

    @check(points=2, bugs="E2 C8 E6", crash="E6")
    def much_data(self):
        """1 MiB is sent whole in short pieces; an answer in pieces is whole"""
        data = bytes(range(256)) * 4096
        client, server = self.client_at_work(data, plan=comes_short("transmit", 3000))
        server.receives(data, "E2")
        server.sees_the_end("H2")
        server.sends_in_pieces(LINE)
        server.leaves()
        client.ends()
        client.prints(LINE, "C8")
        client.exits_with(0, "C10")
        client, server = self.client_at_work(b"data\n")
        server.receives(b"data\n")
        server.sends(LINE[:3])
        self.stage.wait_until_taken()
        server.sends(b"9" * 500)        # no line, and more than a line takes
        server.leaves()
        client.ends()

    @check(points=2, bugs="E12 C1 E7 I1")
    def no_answer(self):
        """without a whole line of answer wcc says so and exits with 1"""
        for answer, ends in ((b"", "leaves"), (b"3 7", "leaves"), (b"3", "resets")):
            client, server = self.client_at_work(b"data\n")
            server.receives(b"data\n")
            server.sees_the_end("H2")
            server.sends(answer)
            self.stage.wait_until_taken()
            getattr(server, ends)()
            client.exits_with(1, lambda: "E7" if client.spins() else "E12")
            client.says(r"^wcc: [^:]+: .", '"wcc: CALL: reason"')
        lonely = self.run("127.0.0.1", self.closed_port_number(), program="wcc")
        lonely.exits_with(1, "C1")
        lonely.says(r"^wcc: connect: Connection refused$",
                    '"wcc: connect: Connection refused"', "C1")
        self.server_vanishes()

    def server_vanishes(self):
        """A server that resets between two sends is no reason to die of a signal."""
        client, server = self.client_at_work(b"data\n" * 1000,
                                             plan=[comes_short("transmit", 9),
                                                   stops("transmit", at=2)])
        if client.is_stopped_by_plan():
            server.is_done_sending()
            server.resets()
            client.goes_on()
            client.exits_with(1, "I1")
            client.says(r"^wcc: [^:]+: .", '"wcc: CALL: reason"', "I1")

    @check(points=2, bugs="D13 H12")
    def hygiene(self):
        """50 clients leave nothing behind; idle, it rests; it never sleeps"""
        self.has_no_call_to("sleep", "usleep", "nanosleep", bug="H12")
        server = self.serve("0")
        self.is_counted("the first client")
        before = server.comes_to_rest()
        for number in range(2, 51):
            self.is_counted(f"client {number}")
            if number % 5 == 0:
                self.client("a client who has second thoughts").resets()
        server.comes_to_rest(before)

    @check(points=1, bugs="")
    def conversations(self):
        """both programs are right, whatever comes, in whatever pieces"""
        self.converses(Counting(), range(10))
        self.converses(Asking(), range(10))

    @check(points=1, bugs="")
    def faults(self):
        """the same when few bytes come at a time, each after a signal"""
        few = few_at_a_time(("receive",), receive=2, stdin=5)
        self.converses(Counting(), range(10, 13), few)
        self.converses(Asking(), range(10, 12), [*few, comes_short("transmit", 3)])
