"""The model of hello: which names it sends, and what it prints."""
from grader.stage import (SERVER, UNNAMED, Conversation, Dice, Due, Outcome, Protocol,
                          Step, dealt, pieces, sends, words)
from .arguments import NOT_PORTS, is_port

LIMIT = 8191                        # bytes of a name
PORT = 40000                        # in the place of a port that is not known yet
WELCOME = b"Welcome!\n"
NAMES = ["Bob", "Michael", "a b", "%s%n", "EXIT", "exit ", "exiting", "\u00e4\u00f6",
         "x" * 100, "x" * (LIMIT - 1), "x" * LIMIT, "-x", ""]
TYPED = [b"", b"Bob\n", b"Bob", b"Tracy\nBob", b"Bob\n\nTracy\n", b"exit\n", b"exit",
         b"exiting\n", b"Exit\nexit\nBob\n", b"x" * LIMIT, b"a b\n", b"\n"]
ANSWERS = [None, None, None, b"\n", b"\0\n", b"%s%n\n", b"x" * 8191 + b"\n", b"\xff\n"]
WRONG = [(), ("127.0.0.1",), ("-x", "127.0.0.1", "{port}"),
         ("127.0.0.1", "{port}", "a\nb"), ("127.0.0.1", "{port}", "x" * (LIMIT + 1)),
         *(("127.0.0.1", port, "Bob") for port in NOT_PORTS)]
SAYS = r"hello: [^:]+: ."


class Naming(Protocol):
    """hello: the greeting, a line for each name, then exit."""

    program = "hello"
    listens = False

    def refuses(self, conversation):
        """Say whether the arguments are wrong."""
        use = [w for w in words(conversation, PORT) if w != "-i"]
        return len(use) < 2 or use[0] == "-x" or not is_port(use[1]) or any(
            "\n" in name or len(name.encode()) > LIMIT for name in use[2:])

    @staticmethod
    def names(conversation):
        """Return the names that it is to send, as bytes."""
        asks = ("-i",) in conversation.args
        use = [w.encode() for w in words(conversation, PORT) if w != "-i"][2:]
        typed = conversation.stdin.split(b"\n") if asks else []
        for line in typed:
            if line in (b"", b"exit"):
                break
            use.append(line)
        return use

    def due(self, conversation, heard):
        """Return a name for each line of the server's, then exit, then any end."""
        names, lines = self.names(conversation), heard.sent.count(b"\n")
        every = [(f"name {at + 1}", name + b"\n") for at, name in enumerate(names)]
        every.append(("exit", b"exit\n"))
        more = b"".join(part for _, part in every[lines:])
        is_over = heard.done or lines > len(names)
        return Due(every[:lines], "any" if is_over else "open", more)

    def outcome(self, conversation, heard, met):
        """Return how it ends: with 0 when every name is answered, else with 1."""
        if SERVER not in heard:
            return Outcome((1,), says=SAYS)
        server, names = heard[SERVER], self.names(conversation)
        *lines, rest = server.sent.split(b"\n")
        wanted = [line + b"\n" for line in lines[:len(names) + 1]]
        parts = [(f"line {at + 1} of the server", line)
                 for at, line in enumerate(wanted)]
        if met:
            return Outcome((0, 1), (), b"".join(wanted))
        if len(lines) > len(names):
            return Outcome((0, 1) if server.done == "resets" else (0,), parts)
        if server.done == "resets":     # it may take what is unread with it
            return Outcome((1,), (), b"".join(wanted) + rest, SAYS,
                           '"hello: CALL: reason"')
        return Outcome((1,), parts, rest, SAYS, '"hello: CALL: reason"')

    def bug(self, difference, conversation, heard):
        """Return the bug that a difference is for certain."""
        return UNNAMED

    def talk(self, seed, small=False):
        """Return the conversation of a seed: the server answers, or ends too early."""
        dice = Dice(seed, self.program)
        if seed % 4 == 3 and not small:
            return Conversation(self.program, (dealt(WRONG, seed // 4, 1)[0],))
        pool = [n for n in NAMES if not small or len(n) < 64]
        names = dealt(pool, seed, 2)[:dice.below(3)]
        if names[:1] == ["-x"]:
            names = names[::-1] + ["a"]
        args = (("127.0.0.1", "{port}"), *((n,) for n in names))
        stdin = b""
        if dice.happens(0.6):
            args = (("-i",), *args)
            stdin = dealt([t for t in TYPED if not small or len(t) < 64], seed, 1)[0]
        talk = Conversation(self.program, args, stdin)
        return talk._replace(steps=tuple(self.answers(dice, talk, seed, small)))

    def answers(self, dice, talk, seed, small):
        """Return what the server does: it greets, answers, and ends, perhaps early."""
        names = self.names(talk)
        odd = dealt([a for a in ANSWERS if not small or not a or len(a) < 64], seed, 3)
        lines = [WELCOME] + [(odd[at % 3] or b"Hello, " + name + b"!\n")
                             for at, name in enumerate(names)]
        if dice.happens(0.25):          # all in one go, before it is asked
            return [*sends(SERVER, pieces(dice, b"".join(lines))),
                    Step(SERVER, "leaves")]
        if dice.happens(0.3):
            data = b"".join(lines)
            lines = [data[:dice.below(len(data))]]
        steps = [s for line in lines for s in sends(SERVER, pieces(dice, line))]
        end = dice.choose(("leaves", "leaves", "is done", "resets"))
        return [*steps, Step(SERVER, end)]
