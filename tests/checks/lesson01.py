"""Lesson 01: a TCP client.  Run the checks with: make check-lesson1"""
import errno
import os
import re
import signal

from grader.stage import (Lesson, changes_errno, check, comes_short, fails,
                          few_at_a_time, is_interrupted, stops)
from .protocols.fetch import Fetch, FetchInTrouble

REQUEST = b"GET / HTTP/1.1\r\nHost: www.sina.com.cn\r\nConnection:close\r\n\r\n"
REPLY = b"HTTP/1.0 200 OK\r\n\r\n\0one\0two\0" + bytes(range(256))
LIMIT = 65536                       # bytes in a request

# The last but one would be an address if it were cut to 15 characters.
NOT_ADDRESSES = ["not-an-ip", "999.1.1.1", "127.1", "010.0.0.1", "127.0.0.1x", "",
                 " 127.0.0.1", "127.0.0.1 ", "0x7f.0.0.1", "2130706433", "::1",
                 "127.100.100.1000", "127.0.0.1.1"]
NOT_PORTS = ["80x", "-1", "", " 80", "80 ", "+80", "0x50", "8e1", "99999999999"]
BINARY = b"\0one\0" + bytes(range(256)) + b"\r\n\0\0"     # a request with NULs
# Calls that fail, and the error each meets; "@2" after a first one that came short.
FAILURES = [("socket", "EMFILE"), ("connect", "ENETUNREACH"), ("connect", "ETIMEDOUT"),
            ("transmit", "ENOBUFS"), ("transmit", "EHOSTUNREACH@2"),
            ("transmit", "EPIPE@2"), ("receive", "ETIMEDOUT"), ("receive", "ENOMEM@2"),
            ("receive", "EHOSTUNREACH@2"), ("stdout", "EIO"), ("stdout", "ENOSPC@2")]


class TcpClient(Lesson):
    number = 1
    title = "a TCP client"
    programs = ("tcpget",)
    question = ("the server closes when its reply is complete. How would your client "
                "know the end of the reply if the connection stayed open?")
    play = "against a web server"

    @check(points=2, bugs="A2 A9")
    def connects_where_told(self):
        """it connects to the address and the port it was told"""
        server, swapped = self.listeners_with_swapped_ports()
        client = self.run(server.host, server.port, stdin=REQUEST)
        self.stage.wait_for(lambda: server.is_visited() or swapped.is_visited()
                            or client.has_ended())
        swapped.has_no_visitor("A2", f"a connection to port {server.port}, not to "
                               f"{swapped.port}, which is that with its bytes swapped")
        server.accepts(bug="A9" if client.called("connect", "EINVAL") else None)

    @check(points=3, bugs="C7 C12")
    def request_arrives(self):
        """the 59 bytes of the request arrive, not one more, and no end"""
        server = self.listener()
        self.run(server.host, server.port, stdin=REQUEST)
        visitor = server.accepts()
        visitor.receives(REQUEST)
        visitor.has_nothing_more(bug="C7", end_bug="C12")

    @check(points=2, bugs="G4 C9 C10")
    def reply_is_exact(self):
        """the reply comes out on stdout byte for byte, zero bytes too"""
        client = self.gets(REPLY)
        noisy = REPLY in client.stdout and len(client.stdout) > len(REPLY)
        client.prints(REPLY, "C9" if noisy else "G4")
        client.exits_with(0, "C10")

    @check(points=3, bugs="C8 E15")
    def reply_in_single_bytes(self):
        """a reply that comes in pieces, some of one byte, is read to its end"""
        start, rest = b"x" * 40000, b"in single bytes"
        client = self.gets(start, rest)
        seen = len(client.stdout)
        client.prints(start + rest, "E15" if len(start) <= seen else "C8")
        client.exits_with(0, "C10")

    @check(points=2, bugs="E18 E6", crash="E6")
    def large_reply(self):
        """a reply of 1 MiB is complete"""
        reply = bytes(range(256)) * 4096
        client = self.gets(reply)
        client.prints(reply)
        client.exits_with(0, "C10")

    @check(points=1, bugs="C13", crash="G2")
    def longest_request(self):
        """65,536 bytes of request are sent; one more is refused with exit 2"""
        client = self.gets(REPLY, request=b"r" * LIMIT)
        client.exits_with(0)
        server = self.listener()
        client = self.run_alone(server.host, server.port, stdin=b"r" * (LIMIT + 1))
        client.exits_with(2)

    @check(points=3, bugs="C10 C1 U1 U2")
    def closed_port(self):
        """where nobody listens it says so on stderr and exits with 1"""
        # close(2) may change errno even when it succeeds.
        client = self.run("127.0.0.1", self.closed_port_number(), stdin=REQUEST,
                          plan=changes_errno("close", "EIO"))
        client.exits_with(1, lambda: "C1" if client.has_sent() else "C10")
        client.prints(b"", "U2")
        client.says(r"^tcpget: connect: Connection refused$",
                    '"tcpget: connect: Connection refused"',
                    lambda: "C1" if client.has_sent() else "U1")

    @check(points=2, bugs="A7 A5 A6")
    def bad_addresses(self):
        """what is not four decimal numbers with dots is refused with exit 2"""
        server = self.listener()
        for text, client in self.runs([[a, server.port] for a in NOT_ADDRESSES]):
            def bug(text=text, client=client):
                odd = "A6" if text[0] in ("127.1", "010.0.0.1") else "A7"
                return {"255.255.255.255": "A5",
                        "0.0.0.0": "A7"}.get(client.went_to(), odd)
            client.exits_with(2, bug)
            client.complains(bug)

    @check(points=1, bugs="A31")
    def leading_zero(self):
        """a port with a leading zero is decimal all the same"""
        server, octal = self.listeners_named_alike()
        client = self.run(server.host, f"0{server.port}", stdin=REQUEST)
        self.stage.wait_for(lambda: server.is_visited() or octal.is_visited()
                            or client.has_ended())
        octal.has_no_visitor("A31", f"0{server.port} is port {server.port}, or refused")
        if not server.is_visited():     # the contract does not say that it is one
            client.exits_with(2)
            client.complains()

    @check(points=2, bugs="A1 B9")
    def bad_ports(self):
        """a port other than 0 to 65535 in plain digits: exit status 2"""
        server = self.listener()
        wrapped = [str((1 << bits) + server.port) for bits in (16, 32, 64)]
        for (_, port), client in self.runs([[server.host, p]
                                            for p in [*wrapped, *NOT_PORTS]]):
            bug = "B9" if port in wrapped[1:] else "A1"
            self.stage.wait_for(lambda c=client: c.has_ended() or server.is_visited())
            server.has_no_visitor(bug, f"{port} is refused: it is above 65535"
                                  if port in wrapped else f"'{port}' is refused")
            client.exits_with(2, bug)
            client.complains()
        self.run(server.host, 0).exits_with(1)  # a port like any other: connect fails

    @check(points=1, bugs="A21")
    def usage(self):
        """fewer or more than two arguments are refused with exit 2"""
        for _, client in self.runs([[], ["127.0.0.1"], ["127.0.0.1", 9, "more"]]):
            client.exits_with(2)
            client.complains()

    @check(points=3, bugs="E2 E20 I4 I10 E3 E8", crash="E8")
    def short_and_interrupted(self):
        """short counts and interrupted calls change nothing"""
        short = [comes_short("transmit", 20), comes_short("receive", 100),
                 comes_short("stdout", 30), comes_short("stdin", 10)]
        interrupted = [is_interrupted(each)
                       for each in ("transmit", "receive", "stdout", "stdin")]
        for plan, lost, unprinted in ((short, "E2", "E20"), (interrupted, "I4", "I4"),
                                      (short + interrupted, "I10", "I10")):
            server = self.listener()
            client = self.run_alone(server.host, server.port, stdin=REQUEST, plan=plan)
            visitor = server.accepts()
            visitor.receives(REQUEST, lost)
            visitor.has_nothing_more("E3", lost)
            visitor.sends(REPLY)
            visitor.leaves()
            client.prints_in_time(REPLY, unprinted)     # one that goes on prints MiBs
            client.ends()
            client.prints(REPLY, unprinted)
            client.exits_with(0, lost)

    @check(points=3, bugs="E12 U2")
    def reset_in_the_middle(self):
        """a connection that breaks in the middle of the reply: exit 1"""
        server = self.listener()
        client = self.run(server.host, server.port, stdin=REQUEST)
        visitor = server.accepts()
        visitor.receives(REQUEST)
        visitor.sends(b"HTTP/1.0 200 OK\r\n")
        self.stage.wait_until_taken()
        visitor.resets()
        client.exits_with(1)
        client.says(r"^tcpget: [^:]+: .", '"tcpget: CALL: reason"', "U2")

    @check(points=2, bugs="E12 U2")
    def reset_before_the_reply(self):
        """a connection that breaks before any reply: exit 1"""
        server = self.listener()
        client = self.run(server.host, server.port, stdin=REQUEST)
        visitor = server.accepts()
        visitor.receives(REQUEST)
        self.stage.wait_until_taken()
        visitor.resets()
        client.exits_with(1)
        client.prints(b"", "U2")
        client.says(r"^tcpget: [^:]+: .", '"tcpget: CALL: reason"', "U2")

    @check(points=3, bugs="I1")
    def peer_leaves_early(self):
        """a server that leaves before the request is sent: exit 1"""
        server = self.listener()
        client = self.run(server.host, server.port, stdin=REQUEST,
                          plan=stops("transmit", at=1))
        visitor = server.accepts()
        if not client.is_stopped_by_plan():
            return                      # it sends by calls that no plan can stop
        visitor.is_done_sending()
        visitor.resets()
        client.goes_on()
        client.exits_with(1)

    @check(points=2, bugs="C16")
    def peer_is_done_first(self):
        """a server that is done early gets the whole request, or exit 1"""
        request = b"0123456789abcdef" * 1280    # more than fits on the way
        self.has_small_buffers(4096)
        server = self.listener()
        server.has_room_for(4096)
        client = self.run(server.host, server.port, stdin=request)
        visitor = server.accepts()
        client.freezes_at_rest()        # it has sent what fits
        visitor.sends(REPLY)
        visitor.is_done_sending()
        client.goes_on()
        self.stage.wait_for(lambda: client.rests() or client.has_ended(), patient=True)
        visitor.has_room_for(1 << 20)
        if visitor.waits_for(len(request)) != request:
            client.exits_with(1, "C16")     # it cannot know that we still read
            return
        client.prints_in_time(REPLY)
        client.exits_with(0)

    @check(points=3, bugs="C10 U1 U2 I1 I2 E12 E22")
    def each_failure(self):
        """whichever call fails: exit 1, and stderr says which one and why"""
        for call, error in FAILURES:
            name, _, second = error.partition("@")
            plan = [fails(call, name, at=2), comes_short(call, 20)] if second else \
                fails(call, name, at=1)
            server = self.listener()
            client = self.run_alone(server.host, server.port, stdin=REQUEST,
                                    leaks=True, plan=plan)
            self.answers_if_it_can(server, client)
            client.ends()
            if not client.met_from_plan(name) and client.status >= 0:
                continue                # it makes no such call
            bug = {"receive": "E12", "stdout": "E22"}.get(call, "C10")
            client.exits_with(1, bug)
            reason = os.strerror(getattr(errno, name))
            client.says(rf"^tcpget: [^:]+: {re.escape(reason)}$",
                        f'"tcpget: CALL: {reason}"', "U1")

    def answers_if_it_can(self, server, client):
        """If the client connects and asks, it is answered in two pieces."""
        if not self.stage.wait_for(lambda: server.is_visited() or client.has_ended()) \
                or not server.is_visited():
            return
        visitor = server.accepts()
        self.stage.wait_for(lambda: visitor.receive() or client.has_ended()
                            or len(visitor.got) >= len(REQUEST) or bool(visitor.end))
        visitor.sends(REPLY)
        self.stage.wait_until_taken()
        visitor.sends(b"and more of it")
        visitor.leaves()

    @check(points=3, bugs="E22 U2 C14")
    def output_cannot_be_written(self):
        """a reply that cannot be written: exit 1, and a message"""
        for options in ({"output": "full"}, {"output": "gone"}, {"closed": [1]},
                        {"output": "gone", "ignores": [signal.SIGPIPE]}):
            server = self.listener()
            client = self.run_alone(server.host, server.port, stdin=REQUEST,
                                    leaks=True, **options)
            visitor = server.accepts()
            visitor.receives(REQUEST)
            visitor.sends(REPLY)
            visitor.is_done_sending()
            client.ends()
            visitor.has_no_surplus("C14")
            client.may_have_died_of(signal.SIGPIPE)
            if options == {"output": "gone"} and client.status == -signal.SIGPIPE:
                continue                # as cat does
            client.exits_with(1, "E22")
            client.says(r"^tcpget: [^:]+: .", '"tcpget: CALL: reason"', "E22")

    @check(points=2, bugs="C14")
    def closed_descriptors(self):
        """started without stdin or stderr it still talks to the server alone"""
        for closed in ([2], [0], [0, 2]):
            server = self.listener()
            client = self.run_alone(server.host, server.port, stdin=REQUEST,
                                    closed=closed)
            self.stage.wait_for(lambda s=server, c=client: s.is_visited()
                                or c.has_ended())
            if not server.is_visited() and 0 in closed:
                client.exits_with(1, "C14")     # without stdin there is no request
                continue
            visitor = server.accepts(bug="C14")
            visitor.receives(REQUEST if 0 not in closed else b"", "C14")
            self.stage.wait_until_taken()
            visitor.has_no_surplus("C14")
            if client.has_ended() and 0 in closed:
                client.exits_with(1, "C14")
                continue
            visitor.sends(REPLY)
            visitor.leaves()
            client.ends()
            client.prints(REPLY, "C14")
            client.exits_with(0, "C14")

    @check(points=2, bugs="C15")
    def wherever_stdout_leads(self):
        """on a terminal, or appended to a file, the reply is the same"""
        reply = b"no newline behind this"
        for output in ("terminal", "appended"):
            client = self.gets(reply, output=output)
            client.exits_with(0, "C15")
            client.prints(reply, "C15")

    @check(points=2, bugs="G4 C12 C7")
    def any_request(self):
        """a request with NUL bytes arrives whole; an empty one is one as well"""
        for request in (BINARY, b"ends in NUL\0", b"\0", b""):
            server = self.listener()
            client = self.run_alone(server.host, server.port, stdin=request)
            visitor = server.accepts()
            visitor.receives(request, "G4")
            visitor.has_nothing_more("C7", "C12")
            visitor.sends(REPLY)
            visitor.leaves()
            client.ends()
            client.prints(REPLY)
            client.exits_with(0)

    @check(points=1, bugs="C10")
    def any_reply(self):
        """no byte at all is a reply, and so are 3 MiB: exit 0"""
        for reply in (b"", bytes(range(256)) * (3 << 12)):
            client = self.gets(reply)
            client.prints(reply)
            client.exits_with(0, "C10")

    @check(points=1, bugs="C13")
    def endless_request(self):
        """a request without an end is refused when the limit is passed"""
        server = self.listener()
        client = self.run(server.host, server.port, stdin="/dev/zero")
        client.exits_with(2)
        client.complains()
        if server.is_visited():
            server.accepts().has_no_surplus()

    @check(points=3, bugs="U4 E14 U9")
    def hygiene(self):
        """it never sleeps, gives back its memory, and leaves nothing behind"""
        self.has_no_call_to("sleep", "usleep", "nanosleep", bug="E14")
        client = self.gets(REPLY, leaks=True)
        client.exits_with(0)

    @check(points=1, bugs="")
    def conversations(self):
        """all it is given goes out, all it is answered comes out"""
        self.converses(Fetch(), range(15))

    @check(points=1, bugs="")
    def faults(self):
        """the same when calls move few bytes, are interrupted, or fail"""
        few = few_at_a_time(transmit=3, receive=2, stdout=1, stdin=5)
        self.converses(Fetch(), range(3), few)
        self.converses(FetchInTrouble(), range(5))

    # Sentences of this lesson

    def gets(self, reply, rest=b"", request=REQUEST, **options):
        """Serve reply, then rest in single bytes, to one run; return it at its end."""
        server = self.listener()
        client = self.run_alone(server.host, server.port, stdin=request, **options)
        visitor = server.accepts(bug="C13" if len(request) == LIMIT else None)
        visitor.receives(request, "C13" if len(request) == LIMIT else None)
        visitor.sends(reply)
        if rest:
            self.stage.wait_until_taken()
            visitor.sends_in_pieces(rest)
        visitor.leaves()
        client.ends()
        return client

    def runs(self, argument_lists):
        """Start a run for each list of arguments; yield (arguments, run)."""
        for arguments in argument_lists:
            yield arguments, self.run_alone(*arguments)

    def listeners_named_alike(self):
        """Return two listeners; a leading zero makes the one of the other in octal."""
        for number in range(0o20000, 0o177777):
            octal = int(f"{number:o}")  # its digits, taken for a decimal number
            if octal > 65535:
                break
            try:
                return self.listener(port=octal), self.listener(port=number)
            except OSError:
                continue                # one of them is taken
        raise OSError("no two ports are free")

    def listeners_with_swapped_ports(self):
        """Return two listeners; the ports differ only in the order of their bytes."""
        while True:
            server = self.listener()
            port = (server.port & 0xff) << 8 | server.port >> 8
            try:
                return server, self.listener(port=port)
            except OSError:
                server.closes()         # that port is taken: try another pair
