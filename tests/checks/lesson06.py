"""Lesson 06: lines in a stream.  Run the checks with: make check-lesson6"""
from grader.stage import (DRIPPING, RECEIVING, SENDING, Failure, check, comes_short,
                          fails, few_at_a_time, stops, _)
from .protocols.greeting import Greeting
from .protocols.hello import LIMIT, NAMES, WELCOME, HelloServer, hello
from .protocols.naming import Naming

BAD_USES = [[], ["127.0.0.1"], ["127.0.0.1", "80x"], ["-x", "127.0.0.1", "80"]]
TYPED = [name.decode() for name in NAMES]


class Lines(HelloServer):
    number = 6
    title = "lines in a stream"
    programs = ("hellod", "hello")
    question = ("a name cannot hold a newline. How could the protocol be changed so "
                "that it can, and what would the reader have to know then?")

    @check(points=2, bugs="H14")
    def drips(self):
        """a client that keeps sending after exit is cut off within a second"""
        self.serve("0")
        alice = self.visitor("alice")
        alice.sends(b"exit\n")
        alice.sees_the_end(self.kind_of_end(alice))
        alice.tells("stays, and sends a byte now and then")
        bob = self.client("bob")

        def is_bobs_turn():
            bob.receive()
            alice.drips()               # it may have been closed, as it should
            return bool(bob.got or bob.end)

        if not self.stage.wait_for(is_bobs_turn, patient=True, seconds=DRIPPING):
            raise Failure("bob is greeted, whatever alice still sends",
                          "he waits as long as she sends", verdict="TIMEOUT")
        bob.receives(WELCOME)

    # The client

    def client_at_work(self, *args, **options):
        """Start hello with these names; return it and its connection to the tester."""
        listener = self.listener()
        before = ["-i"] if "stdin" in options else []
        client = self.run(*before, listener.host, listener.port, *args,
                          program="hello", **options)
        if not self.stage.wait_for(lambda: listener.is_visited() or
                                   client.has_ended()) or listener.is_visited():
            return client, listener.accepts()
        raise Failure("it connects, and reads the greeting", client.last_words())

    @check(points=2, bugs="C7 C8 F17 F18 C10 C11 H3")
    def client_greets(self):
        """hello sends three names and exit, and prints what is answered"""
        client, server = self.client_at_work(*TYPED)
        self.talks(client, server, NAMES)

    def talks(self, client, server, names, size=None):
        """Play the server for a client with these names; answers in pieces of size."""
        for line, answer in [(b"", WELCOME), *((n + b"\n", hello(n)) for n in names)]:
            server.receives(line, lambda ll=line: self.kind_of_name(server, ll))
            if size:
                server.sends_in_pieces(answer, size)
            else:
                server.sends(answer)
        server.receives(b"exit\n", lambda: self.kind_of_name(server, b"exit\n"))
        server.leaves()
        client.ends()
        printed = WELCOME + b"".join(map(hello, names))

        def bug():
            moved = [c.name for c in client.trace.calls(*SENDING, *RECEIVING)
                     if c.fd > 2]
            if moved and moved[0] in SENDING:
                return "C11"
            return "H3" if client.stdout and not size and \
                bytes(client.stdout) + hello(names[-1]) == printed else "C8"

        client.prints(printed, bug)
        client.exits_with(0, "C10")

    @staticmethod
    def kind_of_name(server, line):
        """Return the bug of a line that the client should have sent."""
        came = bytes(server.got)
        if not came and line == b"exit\n":
            return "F18"
        if came == line[:-1]:
            return "F17"
        return "C7" if came[:1] == b"\0" or came.startswith(line[:-1]) else \
            "E2" if line.startswith(came) and came else "C8"

    @check(points=3, bugs="C8 F3")
    def client_in_pieces(self):
        """answers in single bytes, or two lines at once, are read right"""
        client, server = self.client_at_work(*TYPED)
        self.talks(client, server, NAMES, size=1)
        client, server = self.client_at_work("Bob")
        server.sends(WELCOME + hello(b"Bob"))
        server.receives(b"Bob\nexit\n", "F3")
        server.leaves()
        client.ends()
        client.prints(WELCOME + hello(b"Bob"), "F3")
        client.exits_with(0, "C10")

    @check(points=2, bugs="E2 I4")
    def client_short_counts(self):
        """short counts and signals in send, recv and write change nothing"""
        for plan, bug in (([comes_short("transmit", 2), comes_short("receive", 3),
                            comes_short("stdout", 3)], "E2"),
                          ([fails("receive", "EINTR", at=1),
                            fails("transmit", "EINTR", at=1)], "I4")):
            client, server = self.client_at_work("Michael", plan=plan)
            server.sends(WELCOME)
            self.stage.wait_until_taken()
            if client.uses_stdio() and bug == "I4":
                return                  # stdio loses what an interrupted write held
            server.receives(b"Michael\n", bug)
            server.sends(hello(b"Michael"))
            server.receives(b"exit\n", bug)
            server.leaves()
            client.ends()
            client.prints(WELCOME + hello(b"Michael"), bug)
            client.exits_with(0, bug)

    @check(points=1, bugs="A21 A1")
    def client_usage(self):
        """hello refuses bad arguments with exit 2"""
        for use in BAD_USES:
            bug = "A1" if "80x" in use else "A21"
            client = self.run(*use, program="hello")
            self.stage.is_about(client)
            client.ends(bug, "exit status 2: this is wrong usage")
            client.exits_with(2, bug)
            client.complains(bug)

    @check(points=2, bugs="C13 E18")
    def client_longest_name(self):
        """a name of 8,191 bytes is greeted; a longer one: exit 2"""
        name = "x" * (LIMIT - 1)
        client, server = self.client_at_work(name)
        self.talks_long(client, server, name.encode())
        longer = self.run("127.0.0.1", self.closed_port_number(), name + "x",
                          program="hello")
        self.stage.is_about(longer)
        longer.ends("C13", "exit status 2: the name is too long")
        if longer.status != 2:
            raise Failure("exit status 2: a name of 8,192 bytes is too long",
                          longer.how_it_ended(), "C13")
        longer.complains("C13")

    @staticmethod
    def talks_long(client, server, name):
        """Play the server for a client with one long name."""
        server.sends(WELCOME)
        server.receives(name + b"\n", "C13")
        server.tells("knows no limit for its answers")
        server.sends(hello(name))

        def bug():
            asked = [c.length for c in client.trace.calls("recv", "read")]
            return "E18" if 0 in asked else "C13"

        server.receives(b"exit\n", bug)
        server.leaves()
        client.ends()
        client.prints(WELCOME + hello(name), bug)
        client.exits_with(0, "C10")

    @check(points=2, bugs="F18 C9")
    def client_asks(self):
        """with -i names come from stdin, until exit, a blank line or the end"""
        for typed in (b"Tracy\n", b"Tracy\n\nBob\n", b"Tracy\nexit\nBob\n"):
            self.stage.tell(_("types {typed:quoted}", typed=typed), "the tester")
            client, server = self.client_at_work("Michael", stdin=typed)
            server.sends(WELCOME)
            for name in (b"Michael", b"Tracy"):
                server.receives(name + b"\n", "F18")
                server.sends(hello(name))
            server.receives(b"exit\n", "F18")
            server.leaves()
            client.ends("F18", "after Tracy it says exit, and ends")
            client.prints(WELCOME + hello(b"Michael") + hello(b"Tracy"), "C9")
            client.exits_with(0, "F18" if b"exit" in typed else "C10")

    @check(points=1, bugs="F18")
    def client_without_a_name(self):
        """without NAME hello prints the greeting and ends"""
        client, server = self.client_at_work()
        server.sends(WELCOME)
        self.stage.wait_for(lambda: server.receive() or b"\n" in server.got
                            or server.end
                            or client.has_ended())
        if bytes(server.got) not in (b"", b"exit\n"):
            raise Failure('it sends "exit", and nothing else',
                          _("it sends {data:quoted}", data=bytes(server.got)))
        server.leaves()
        client.ends(expected="no NAME is given: it says exit, and ends")
        client.prints(WELCOME)
        client.exits_with(0, "C10")

    @check(points=2, bugs="I1 E12")
    def client_cut_off(self):
        """a server that resets before its next name: exit 1, and a word"""
        client, server = self.client_at_work(*TYPED, plan=stops("transmit", at=2))
        server.sends(WELCOME + hello(NAMES[0]))
        if not client.is_stopped_by_plan():
            return                      # it sends all at once
        server.is_done_sending()
        server.resets()
        client.goes_on()
        client.exits_with(1)
        client.says(r"^hello: [^:]+: .", '"hello: CALL: reason"', "E12")

    @check(points=2, bugs="E12 C1")
    def client_left_alone(self):
        """a server that closes too early: exit status 1 and a message"""
        for answers in ((), (b"Welc",), (WELCOME,), (WELCOME, b"Hello, Mich")):
            names = ["Michael"] if WELCOME in answers else []
            client, server = self.client_at_work(*names)
            for answer in answers:
                server.sends(answer)
                if answer == WELCOME:
                    server.receives(b"Michael\n")
            server.leaves()
            client.exits_with(1)
            client.says(r"^hello: [^:]+: .", '"hello: CALL: reason"')
        lonely = self.run("127.0.0.1", self.closed_port_number(), program="hello")
        lonely.exits_with(1, "C1")
        lonely.says(r"^hello: connect: Connection refused$",
                    '"hello: connect: Connection refused"', "C1")

    @check(points=1, bugs="")
    def conversations(self):
        """whatever lines come, in whatever pieces, the answers are right"""
        self.converses(Greeting(), range(10))

    @check(points=1, bugs="")
    def conversations_of_hello(self):
        """hello is right, whatever names it has and whatever it is answered"""
        self.converses(Naming(), range(12))

    @check(points=1, bugs="")
    def faults(self):
        """the same when calls move few bytes, each after a signal"""
        few = few_at_a_time(transmit=3, receive=2, stdout=2)
        self.converses(Greeting(), range(10, 13), few)
        self.converses(Naming(), range(12, 15), few)
