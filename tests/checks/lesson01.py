"""Lesson 01: a TCP client.  Run the checks with: make check-lesson1"""
from grader.stage import Lesson, check, interrupted, short
from .protocols.fetch import Fetch, FetchInTrouble

REQUEST = b"GET / HTTP/1.1\r\nHost: www.sina.com.cn\r\nConnection:close\r\n\r\n"
REPLY = b"HTTP/1.0 200 OK\r\n\r\n\0one\0two\0" + bytes(range(256))
LIMIT = 65536                       # bytes in a request

NOT_ADDRESSES = ["not-an-ip", "999.1.1.1", "127.1", "010.0.0.1", "127.0.0.1x", ""]
NOT_PORTS = ["80x", "-1", "", " 80", "99999999999"]


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
        self.run(server.host, server.port, stdin=b"r" * (LIMIT + 1)).exits_with(2)

    @check(points=3, bugs="C10 C1 U1 U2")
    def closed_port(self):
        """where nobody listens it says so on stderr and exits with 1"""
        # close(2) may change errno even when it succeeds: the plan makes it do so.
        client = self.run("127.0.0.1", self.closed_port_number(), stdin=REQUEST,
                          plan="close:errno=EIO")
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

    @check(points=2, bugs="A1")
    def bad_ports(self):
        """what is not 0 to 65535 in digits alone is refused with exit 2"""
        server = self.listener()
        too_big = str(65536 + server.port)  # cut to 16 bits this is the server's port
        for _, client in self.runs([[server.host, p] for p in [too_big, *NOT_PORTS]]):
            self.stage.wait_for(lambda c=client: c.has_ended() or server.is_visited())
            server.has_no_visitor("A1", f"{too_big} is refused, not cut to 16 bits")
            client.exits_with(2)
            client.complains()
        self.run(server.host, 0).exits_with(1)  # a port like any other: connect fails

    @check(points=1, bugs="A21")
    def usage(self):
        """fewer or more than two arguments are refused with exit 2"""
        for _, client in self.runs([[], ["127.0.0.1"], ["127.0.0.1", 9, "more"]]):
            client.exits_with(2)
            client.complains()

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

    @check(points=3, bugs="I1")
    def peer_leaves_early(self):
        """a server that leaves before the request is sent: exit 1"""
        server = self.listener()
        client = self.run(server.host, server.port, stdin=REQUEST,
                          plan="transmit:stop@1")
        visitor = server.accepts()
        client.is_stopped_by_plan("before it sends")
        visitor.is_done_sending()
        visitor.resets()
        client.goes_on()
        client.exits_with(1)

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
        self.converses(Fetch(), range(3), [short("transmit", 3), short("receive", 2),
                                           short("stdout", 1), short("stdin", 5),
                                           interrupted("transmit", "receive")])
        self.converses(FetchInTrouble(), range(5))

    # Sentences of this lesson

    def gets(self, reply, rest=b"", request=REQUEST, **options):
        """Serve reply, then rest in single bytes, to one run; return it at its end."""
        server = self.listener()
        client = self.run(server.host, server.port, stdin=request, **options)
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
        """Start a run for each list of arguments; return [(arguments, run)]."""
        return [(arguments, self.run(*arguments)) for arguments in argument_lists]

    def listeners_with_swapped_ports(self):
        """Return two listeners; the ports differ only in the order of their bytes."""
        while True:
            server = self.listener()
            port = (server.port & 0xff) << 8 | server.port >> 8
            try:
                return server, self.listener(port=port)
            except OSError:
                server.closes()         # that port is taken: try another pair
