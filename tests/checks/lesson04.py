"""Lesson 04: a blocking TCP server.  Run the checks with: make check-lesson4"""
import re
import socket

from grader.stage import (RECEIVING, SENDING, Failure, Lesson, Skip, check, fails,
                          few_at_a_time, stops, _)
from .protocols.upper import Upper, UpperRefused

DEFAULT_PORT = 21577
BAD_PORTS = ["80x", "65536"]
BAD_USES = [["0", "0"], ["-x", "0"], ["-b", "localhost", "0"], ["-b", "127.1", "0"]]
NAME = "(?:upperd: )?"              # warnx(3) puts it before the log
SURVIVABLE = ["ECONNABORTED", "EINTR", "EPROTO", "EMFILE"]
ADDRESS_SIZE, STORAGE_SIZE = 16, 128    # bytes of sockaddr_in, sockaddr_storage


def swapped(port):
    """Return the port that these two bytes mean in the other order."""
    return (port & 255) << 8 | port >> 8


class UpperServer(Lesson):
    number = 4
    title = "a blocking server"
    programs = ("upperd",)
    question = ("a client connects, sends nothing and never leaves. Whom does it harm, "
                "and who could do something about it?")

    @check(points=2, bugs="D17 D16 D18 D6 D5 A2")
    def ready_line(self):
        """it prints the ready line, with the real port, once it is listening"""
        server = self.run("0", plan=stops("listen", at=1))
        if not server.is_stopped_by_plan():
            server.is_alive("D6")
            raise Failure("it calls listen(2)", "it never does", "D6", "TIMEOUT")
        server.prints(b"", "D18")
        server.goes_on()
        self.address = server.announces(unheard="D17",
                                        wrong=self.kind_of_address(server, "D16"))
        self.client("alice")

    @staticmethod
    def kind_of_address(server, usual, told=0):
        """Return what finds out why an announced address is not the one expected.

        told  the port it was to listen on; 0: any
        """
        def bug():
            said, truth = server.ready_line(), server.listens_at()
            if not said or not truth:
                return usual
            if swapped(truth[1]) in (said[1], told):
                return "A2"
            return "D5" if said[1] == truth[1] and truth[0] == "0.0.0.0" else usual
        return bug

    @check(points=2, bugs="F18 D6 D11 D15 E16 E15 A10")
    def hello_world(self):
        """a line comes back in upper case"""
        server = self.serve("0", bug="D6")
        alice = self.client("alice", bug="D6")
        for line in (b"hello world with TCP\r\n", b"python is nice\r\n"):
            alice.sends(line)
            alice.receives(line.upper(), lambda: self.silence(server, alice))

    @staticmethod
    def silence(server, peer):
        """Return the bug that the trace of a server without an answer points to."""
        listening = {c.fd for c in server.trace.calls("listen")}
        received = server.trace.calls(*RECEIVING)
        if server.called("accept", "EINVAL"):
            return "A10" if listening else "D6"
        talk = received + server.trace.calls(*SENDING)
        if any(c.fd in listening or c.error == "ENOTCONN" for c in talk):
            return "D15"
        if any(c.fd == 0 for c in server.trace.calls("recv", "read", "write")):
            return "D11"
        if peer.end and received and all(c.result for c in received) and \
                (received[-1].result or 0) < received[-1].length:
            return "E15"
        return "F18" if server.has_sent() else "E16"

    @check(points=2, bugs="E16 J1 F18")
    def answers_at_once(self):
        """the answer does not wait for a newline, nor for more bytes"""
        server = self.serve("0")
        alice = self.client("alice")
        for piece in (b"hello,i come from pythontik.com", b"x", b"yz"):
            alice.sends(piece)
            alice.receives(piece.upper(), lambda: "J1" if server.uses_stdio() else
                           "F18" if len(alice.got) >= len(piece) else "E16")

    @check(points=2, bugs="G4 G9 F18")
    def every_byte(self):
        """all 256 byte values come back, only a to z changed"""
        self.serve("0")
        alice = self.client("alice")
        alice.sends(b"a\0b")
        alice.receives(b"A\0B", "G4")
        alice.sends(bytes(range(128, 256)))
        alice.receives(bytes(range(128, 256)), "G9")
        alice.sends(bytes(range(128)) * 512)
        alice.receives(bytes(range(128)).upper() * 512, "F18")

    @check(points=2, bugs="D13 H10 E7 H11")
    def end_of_file(self):
        """a client that is done sending gets all its answers, then the end"""
        server = self.serve("0")
        alice = self.client("alice")
        server.freezes()
        alice.sends(b"one two three")
        alice.is_done_sending()
        server.goes_on()
        alice.receives(b"ONE TWO THREE", "H10")
        alice.sees_the_end(lambda: self.kind_of_end(server, alice))

    @staticmethod
    def kind_of_end(server, peer):
        """Return why this peer does not see the end of the stream."""
        if peer.end == "reset":
            options = {c.option for c in server.trace.calls("setsockopt")}
            return "H11" if socket.SO_LINGER in options else "H1"
        return "E7" if server.spins() else "D13"

    @check(points=2, bugs="D14 D13 H8")
    def next_clients(self):
        """after the first client leaves the second and third are served"""
        server = self.serve("0")
        for name in ("alice", "bob", "carol"):
            self.is_served(name, lambda: self.kind_of_loss(server))
            server.is_alive(lambda: self.kind_of_loss(server))

    @staticmethod
    def kind_of_loss(server):
        """Return why a server does not take the next client."""
        return "H8" if server.failed("accept", "EBADF") else "D14"

    def is_served(self, name, bug=None):
        """A client of this name is served and leaves."""
        peer = self.client(name, bug=bug)
        peer.sends(name.encode())
        peer.receives(name.upper().encode(), bug)
        peer.leaves()

    @check(points=1, bugs="D20 A8 A10 C9")
    def client_log(self):
        """it logs "client A:P", then "closed A:P N bytes\""""
        server = self.serve("0")
        for name, host in (("alice", "127.0.0.2"), ("bob", "127.0.0.3")):
            peer = self.client(name, source=host)
            self.is_logged(server, peer)
            for _time in range(2):
                peer.sends(b"hello")
                peer.receives(b"HELLO")
            peer.leaves()
            self.is_logged(server, peer, 10)
        if bytes(server.stdout).count(b"\n") > 1:
            raise Failure("one line on stdout, the ready line",
                          "there is more on stdout", "C9")

    def is_logged(self, server, peer, count=None):
        """Sooner or later the log says that the peer came.

        count  and that it has gone, having sent so many bytes
        """
        host, port = peer.local[:2]
        who = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        begin = "client" if count is None else "closed"
        line = f"{begin} {who}" + ("" if count is None else f" {count} bytes")
        if not self.stage.wait_for(
                lambda: server.has_said(rf"^{NAME}{re.escape(line)}$")):
            said = bytes(server.stderr).splitlines()
            like = [text for text in said
                    if begin.encode() in text and b":%d" % port in text]
            raise Failure(_('on stderr "{line}"', line=line),
                          _("{line:quoted}", line=like[-1]) if like else
                          _("the last line is {line:quoted}", line=said[-1]) if said
                          else "nothing on stderr",
                          self.kind_of_log(server, peer, count))

    @staticmethod
    def kind_of_log(server, peer, count):
        """Return why the log does not say what it should of this peer."""
        host, port = peer.local[:2]
        accepts = [c for c in server.trace.calls("accept", "accept4")
                   if c.room != -1]
        if any(not ADDRESS_SIZE <= c.room <= STORAGE_SIZE for c in accepts):
            return "A10"
        if any((c.filled or 0) > c.room for c in accepts):
            return "A19"
        other = rf"(?!{re.escape(host)})127[.][0-9.]+:{port}\b"
        if server.has_said(f"(client|closed) {other}"):
            return "A8"
        if any(c.result == -1 for c in server.trace.calls(*RECEIVING)) and \
                count and server.has_said(rf"closed \S+:{port} {count - 1} bytes"):
            return "E8"
        its = [c.result for c in accepts if c.address and c.address[1] == port]
        if count is not None and its and \
                not any(c.fd == its[-1] for c in server.trace.calls("close")):
            return "D13"
        return "A18" if ":" in host else "D20"

    @check(points=1, bugs="D5")
    def only_loopback(self):
        """without -b it listens on 127.0.0.1 and on no other address"""
        self.serve("0")
        port = self.address[1]
        self.client("alice")
        self.address = ("127.0.0.2", port)
        self.cannot_connect("bob, who asks for 127.0.0.2,", "D5")

    @check(points=1, bugs="D21")
    def bind_option(self):
        """-b 127.0.0.2 makes it listen there instead"""
        server = self.run("-b", "127.0.0.2", "0")
        self.address = server.announces(unheard="D21", wrong="D21", host="127.0.0.2")
        self.is_served("alice", "D21")

    @check(points=1, bugs="A11 A18 A19")
    def ipv6(self):
        """-b ::1 makes it an IPv6 server, and it logs [::1]:PORT"""
        if not self.has_ipv6():
            raise Skip("this machine has no IPv6 loopback address ::1")
        server = self.run("-b", "::1", "0")
        self.address = server.announces(unheard="A11", wrong="A18", host="::1")
        self.is_logged(server, self.client("alice"))

    @check(points=1, bugs="D21 A2")
    def default_port(self):
        """without PORT it listens on 21577"""
        if not self.is_free(DEFAULT_PORT):
            raise Skip(_("port {port} is taken by another program",
                         port=DEFAULT_PORT))
        server = self.run()
        wrong = self.kind_of_address(server, "D21", DEFAULT_PORT)
        self.address = server.announces(unheard="D21", wrong=wrong, port=DEFAULT_PORT)

    @check(points=2, bugs="A1 A21 A6")
    def bad_usage(self):
        """a bad port, address or option is refused with exit 2"""
        uses = [[p] for p in BAD_PORTS] + BAD_USES
        for arguments, server in [(u, self.run(*u)) for u in uses]:
            self.stage.is_about(server)
            bug = "A1" if arguments[0] in BAD_PORTS else "A21"
            told = _('exit status 2: "upperd {arguments}" is wrong usage',
                     arguments=" ".join(arguments))
            server.ends(self.kind_of_usage(server, bug), told)
            if server.status != 2:
                raise Failure(told, server.how_it_ended(),
                              self.kind_of_usage(server, bug))
            server.complains("A21")
            if server.called("socket"):
                raise Failure("no socket is made", "socket(2) was called first", "A21")

    @staticmethod
    def kind_of_usage(server, usual):
        """Return what finds out why wrong usage is not refused with status 2."""
        def bug():
            if server.status == 1 and not server.called("socket"):
                return "A21"                # refused, in the wrong way
            reads = server.called("inet_aton") or server.called("inet_addr")
            return "A6" if reads and usual != "A1" else usual
        return bug

    @check(points=2, bugs="D8 D7")
    def seven_clients(self):
        """seven clients at once: those who wait are served in their turn"""
        self.serve("0")
        names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace"]
        peers = [self.client(name, bug="D8") for name in names]
        for peer in peers:
            peer.sends(peer.name.encode())
            peer.receives(peer.name.upper().encode(), "D7")
            peer.leaves()

    @check(points=2, bugs="D3 D4")
    def second_instance(self):
        """a second server on the same port fails: bind, exit 1"""
        self.serve("0")
        second = self.run(self.address[1])
        self.stage.wait_for(lambda: second.has_ended() or second.ready_line())
        line = second.ready_line()
        if line:
            raise Failure("the second server fails",
                          _("it listens on port {port}", port=line[1]),
                          "D3" if line[1] == self.address[1] else "D4")
        second.exits_with(1, "D4")
        second.says(r"^upperd: bind\b", '"upperd: bind: ..."', "D4")

    @check(points=3, bugs="D1 D2")
    def restart(self):
        """stopped with a client connected, it can start again at once"""
        first = self.serve("0")
        alice = self.client("alice")
        alice.sends(b"a")
        alice.receives(b"A")
        first.is_killed()
        again = self.run(self.address[1])
        self.stage.wait_for(lambda: again.has_ended() or again.ready_line())
        order = [c.name for c in first.trace.calls("bind", "setsockopt")
                 if c.name == "bind" or c.option == socket.SO_REUSEADDR]
        if again.ready_line() is None:
            raise Failure("the server listens again", again.last_words(),
                          "D2" if order[-1:] == ["setsockopt"] else "D1")
        self.is_served("bob", "D1")

    @check(points=3, bugs="H13 D20 E8 D13")
    def survives_a_reset(self):
        """a client that resets its connection does not end the server"""
        server = self.serve("0")
        alice = self.client("alice")
        alice.sends(b"hello")
        alice.receives(b"HELLO")
        self.stage.wait_until_taken()
        alice.resets()
        self.is_served("bob", "H13")
        server.is_alive("H13")
        self.is_logged(server, alice, 5)
        server.freezes()
        carol = self.client("carol")
        carol.resets()
        server.goes_on()
        self.is_served("dave", "H13")
        server.is_alive("H13")

    @check(points=3, bugs="I1 I3 H13 D20 D13")
    def survives_a_vanished_client(self):
        """a client that leaves before its answer does not end the server"""
        server = self.serve("0")
        alice = self.client("alice")
        alice.sends(b"hello")
        alice.receives(b"HELLO")
        server.freezes()
        alice.sends(b"anybody there?")
        alice.is_done_sending()
        alice.resets()
        server.goes_on()
        self.is_served("bob", lambda: "I3" if server.spins() else "H13")
        server.is_alive("H13")
        server = self.serve("0", plan=fails("transmit", "EPIPE", at=1))
        carol = self.client("carol")
        carol.sends(b"x")
        carol.is_done_sending()
        carol.sees_the_end("D13")
        self.is_logged(server, carol, 1)

    @check(points=3, bugs="D9")
    def accept_errors(self):
        """when accept fails for a passing reason the next client is served"""
        for error in SURVIVABLE:
            server = self.serve("0", plan=fails("accept", error, at=2))
            self.is_served("alice", "D9")
            self.tries_to_connect("bob")
            self.is_served("carol", "D9")
            server.is_alive("D9")
            server.end()

    @check(points=2, bugs="D10 D9")
    def out_of_descriptors(self):
        """while no descriptor is free it pauses between two tries"""
        server = self.serve("0")
        self.is_served("alice")
        server.has_only_the_descriptors_it_holds()
        self.tries_to_connect("bob")    # an accept(2) that waits has one in reserve
        carol = self.client("carol")
        self.stage.wait_for(lambda: server.failed("accept", "EMFILE") > 300 or
                            server.failed("accept", "EMFILE") and server.rests(),
                            patient=True)
        server.is_alive("D9")
        tries = server.failed("accept", "EMFILE")
        if tries > 300:
            raise Failure("a pause between two tries",
                          _("accept(2) failed {tries:,} times in a row with EMFILE",
                            tries=tries))
        server.has_descriptors_again()
        carol.leaves()
        self.is_served("dave", "D9")

    @check(points=2, bugs="D22 D9")
    def one_client(self):
        """with -1 it serves one client and ends with status 0"""
        for ends in ("leaves", "resets"):
            server = self.serve("-1", "0")
            self.one_client_comes(server, ends)
        server = self.serve("-1", "0", plan=fails("accept", "ECONNABORTED", at=1))
        self.tries_to_connect("nobody")
        self.one_client_comes(server, "leaves")

    def one_client_comes(self, server, ends):
        """Alice is served; once she has gone the server ends."""
        alice = self.client("alice", bug="D22")
        alice.sends(b"hello")
        alice.receives(b"HELLO", "D22")
        getattr(alice, ends)()
        server.exits_with(0, "D22")

    @check(points=1, bugs="D12")
    def closed_stdin(self):
        """it works with stdin closed, when descriptor 0 becomes a socket"""
        self.serve("0", closed=[0], bug="D12")
        self.is_served("alice", "D12")
        self.is_served("bob", "D12")

    @check(points=3, bugs="D13 E14 U4 I3 H7 H8")
    def hygiene(self):
        """50 clients leave nothing behind; idle, it rests; it never sleeps"""
        self.has_no_call_to("sleep", "usleep", "nanosleep", bug="E14")
        server = self.serve("0")
        self.is_served("the first client")
        before = server.comes_to_rest()
        for number in range(2, 51):
            self.is_served(f"client {number}")
            if number % 5 == 0:
                self.client("a hasty client").resets()
        server.comes_to_rest(before)
        closed = server.used_what_is_closed()
        for name, words in sorted(closed, key=lambda pair: pair[0] != "close")[:1]:
            raise Failure("every descriptor used is open", words,
                          "H7" if name == "close" else "H8")
        self.gives_back_its_memory()

    def gives_back_its_memory(self):
        """A server that ends by itself has no memory left to give back."""
        server = self.serve("-1", "0", leaks=True)
        self.is_served("the last client")
        server.exits_with(0)

    @check(points=1, bugs="")
    def conversations(self):
        """whatever bytes come, in whatever pieces, all come back"""
        self.converses(Upper(), range(10))

    @check(points=1, bugs="")
    def faults(self):
        """the same when calls move few bytes, are interrupted, or fail"""
        self.converses(Upper(), range(10, 13), few_at_a_time(transmit=3, receive=2))
        self.converses(UpperRefused(), range(11))
