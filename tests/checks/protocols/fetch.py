"""The model of tcpget: what it owes to a server, and to whoever reads its stdout."""
from grader.stage import (SERVER, UNNAMED, Conversation, Dice, Due, Outcome, Protocol,
                          Step, comes_short, dealt, fails, pieces, sends, stops, words)
from .arguments import NOT_IPV4, NOT_PORTS, is_ipv4, is_port

LIMIT = 65536                       # bytes of a request
PORT = 40000                        # in the place of a port that is not known yet
REQUESTS = [b"GET / HTTP/1.0\r\n\r\n", b"", b"a", b"\0", b"a\0b", bytes(range(256)),
            b"\xff\xff", b"%s%n", b"r" * 4096, b"r" * 4097, b"r" * (LIMIT - 1),
            b"r" * LIMIT, b"\n", b"r" * 1023, b"\x04\x1a"]
REPLIES = [b"HTTP/1.0 200 OK\r\n\r\n", b"", b"\0", b"one\0two", bytes(range(256)),
           b"\xff", b"%s%n", b"x" * 4095, b"x" * 4096, b"x" * 4097, b"x" * 65537,
           b"\n\n", b"a"]
WRONG = [(h, "{port}") for h in NOT_IPV4] + [("127.0.0.1", p) for p in NOT_PORTS] + \
    [(), ("127.0.0.1",), ("127.0.0.1", "{port}", "more")]
SAYS = r"^tcpget: [^:]+: ."
CALLED = '"tcpget: CALL: reason"'


class Fetch(Protocol):
    """tcpget: all of stdin goes out; all that comes goes to stdout."""

    program = "tcpget"
    listens = False

    def refuses(self, conversation):
        """Say whether arguments or request are wrong."""
        use = words(conversation, PORT)
        return len(use) != 2 or not is_ipv4(use[0]) or not is_port(use[1]) or \
            len(conversation.stdin) > LIMIT

    def due(self, conversation, heard):
        """Return what the server must have got: the request, and no end."""
        return Due([("the request", conversation.stdin)],
                   "any" if heard.done else "open")

    def outcome(self, conversation, heard, met):
        """Return how it ends: with 0 when the server was done, else with 1."""
        if SERVER not in heard:
            return Outcome((1,), (), b"", SAYS, CALLED)
        server = heard[SERVER]
        if server.done == "resets" and server.finished and not met and \
                server.got == conversation.stdin:
            return Outcome((0, 1), (), server.sent)     # it may have seen the end first
        if server.done == "resets" or met:
            return Outcome((1,), (), server.sent, SAYS, CALLED)
        return Outcome((0,), [("the reply", server.sent)])

    def bug(self, difference, conversation, heard):
        """Return the bug that a difference is for certain."""
        use = words(conversation, PORT)
        if difference.kind == "eof" and difference.who:
            return "C12"
        if difference.kind == "usage" and len(use) == 2 and not is_port(use[1]):
            return "A1"
        return UNNAMED

    def talk(self, seed, small=False):
        """Return the conversation of a seed: every third is refused."""
        dice = Dice(seed, self.program)
        if seed % 3 == 2 and not small:
            return Conversation(self.program, (dealt(WRONG, seed // 3, 1)[0],))
        request, reply = (dealt([x for x in all_of if not small or len(x) < 64], seed,
                                1)[0] for all_of in (REQUESTS, REPLIES))
        if dice.happens(0.1) and not small:
            request = b"r" * (LIMIT + dice.between(1, 2))
        end = dice.choose(("leaves", "leaves", "is done", "resets"))
        return Conversation(self.program, (("127.0.0.1", "{port}"),), request, steps=(
            *sends(SERVER, pieces(dice, reply)), Step(SERVER, end)))


# A server that is gone before the second send, and outputs that cannot be written.
GONE = [Step("", "is stopped", b"before its 2nd send"), Step(SERVER, "is done"),
        Step(SERVER, "resets"), Step("", "goes on")]
TROUBLES = [((comes_short("transmit", 7), stops("transmit", at=2)), GONE),
            ((fails("stdout", "ENOSPC", at=1),), None),
            ((comes_short("stdout", 2), fails("stdout", "ENOSPC", at=2)), None),
            ((fails("receive", "ECONNRESET", at=1),), None),
            ((comes_short("receive", 3), fails("receive", "ECONNRESET", at=2)), None)]


class FetchInTrouble(Fetch):
    """tcpget when a call of it fails."""

    def talk(self, seed, small=False):
        """Return the conversation of a seed: one of a few troubles each."""
        plan, steps = TROUBLES[seed % len(TROUBLES)]
        steps = steps or [Step(SERVER, "sends", b"HTTP/1.0 200 OK\r\n\r\n"),
                          Step(SERVER, "leaves")]
        return Conversation(self.program, (("127.0.0.1", "{port}"),),
                            b"GET / HTTP/1.0\r\n\r\n", "UTC0", plan, tuple(steps))
