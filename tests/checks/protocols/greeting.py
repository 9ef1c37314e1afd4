"""The models of the hello protocol: of its servers, and of hello, its client."""
import re

from grader.stage import (SERVER, UNNAMED, Conversation, Dice, Due, Outcome, Protocol,
                          Step, dealt, interleaved, later, pieces, sends, vanishes,
                          words)
from .arguments import NOT_PORTS, is_number, is_port

LIMIT = 8192                        # bytes of a line, with its ending
SMALL = 64                          # bytes of a line when each may be a call
PORT = 40000                        # in the place of a port that is not known yet
WELCOME = b"Welcome!\n"
TOO_LONG = b"error: line too long\n"
LOG_NAME = r"(?:\S+: )?"
LINES = [b"Bob", b"", b"exit ", b"EXIT", b"exiting", b" exit", b"exi", b"\0", b"a\0b",
         b"exit\0", b"\xff", b"%s%n", b"\r", b"a\rb", b"a\r", b"exit\r", b" a \t",
         bytes(range(128, 256)), b"x" * 1023, b"x" * 4095, b"x" * 4096, b"Welcome!",
         b"x" * (LIMIT - 2), b"y" * (LIMIT - 1), b"Hello, a!", b"Michael", b"!"]
LASTS = [b"exit\n", b"exit\r\n", b"exit\nBob\nmore\n", b"half a line", b"exit",
         b"x" * (LIMIT - 1), b"x" * LIMIT + b"\n", b"x" * (LIMIT - 1) + b"\r\n",
         b"x" * (2 * LIMIT) + b"\nmore\n", b"\r", b"half\0", b"exit\n\nexit\n"]


class Greeting(Protocol):
    """hellod: a greeting, an answer for each line, the end after exit."""

    program = "hellod"
    options = ((),)                 # groups of options to be dealt

    def refuses(self, conversation):
        """Say whether the arguments are wrong: here the port alone can be."""
        return not is_port(words(conversation, PORT)[-1])

    def due(self, conversation, heard):
        """Return the greeting, the answers to all whole lines, and when the end."""
        *lines, rest = heard.sent.split(b"\n")
        parts = [("the greeting", WELCOME)]
        for line in lines:
            if len(line) >= LIMIT:
                return Due(parts + [("the error", TOO_LONG)], "eof")
            name = line[:len(line) - line.endswith(b"\r")]
            if name == b"exit":
                return Due(parts, "eof")
            parts.append((f"the answer to line {len(parts)}",
                          self.answer(conversation, name)))
        if len(rest) >= LIMIT:
            return Due(parts + [("the error", TOO_LONG)], "eof")
        return Due(parts, "eof" if heard.finished else "open")

    def answer(self, conversation, name):
        """Return the line that answers the line `name`."""
        return b"Hello, " + name + b"!\n"

    def log(self, conversation, heard):
        """Return the two lines about a peer."""
        who = re.escape("%s:%d" % heard.peer.local[:2])
        return [(rf"^{LOG_NAME}Accept new connection from {who}\.\.\.$",
                 '"Accept new connection from A:P..."'),
                (rf"^{LOG_NAME}Connection from {who} closed\.$",
                 '"Connection from A:P closed."')]

    def bug(self, difference, conversation, heard):
        """Return the bug that a difference is for certain."""
        if difference.kind == "usage":
            return "A1" if not is_port(words(conversation, PORT)[-1]) else UNNAMED
        who = heard.get(difference.who)
        if difference.kind == "extra" and who and self.answers_behind_exit(
                conversation, who).startswith(difference.got):
            return "F16"
        return {"cut at NUL": "G4", "reset": "H1"}.get(difference.kind, UNNAMED)

    def answers_behind_exit(self, conversation, heard):
        """Return what would answer the lines behind `exit`, b"" when there are none."""
        behind = re.split(rb"(?m)^exit\r?\n", heard.sent, 1)[1:]
        return b"".join(self.answer(conversation, line) for line in
                        (behind[0].split(b"\n")[:-1] if behind else ()))

    def talk(self, seed, small=False):
        """Return the conversation of a seed."""
        dice = Dice(seed, self.program)
        if seed % 8 == 7 and not small:
            return Conversation(self.program, ((dealt(NOT_PORTS, seed // 8, 1)[0],),))
        options = self.options[seed % len(self.options)]
        most = SMALL if small else 4 * LIMIT
        lines = dealt([x for x in self.lines() if len(x) < most], seed, 6)
        lasts = dealt([x for x in LASTS if len(x) < most], seed, 2)
        scripts = [self.script(dice, who, lines[at * 3:at * 3 + 3], lasts[at])
                   for at, who in enumerate(("alice", "bob"))]
        return Conversation(self.program, (*options, ("0",)), b"", "UTC0", (), tuple(
            self.order(dice, scripts)))

    def lines(self):
        """Return lines that a server must get right."""
        return LINES

    @staticmethod
    def order(dice, scripts):
        """Return what the clients do as one list of steps."""
        return scripts[0] + scripts[1] if dice.happens(0.4) \
            else interleaved(dice, scripts)

    @staticmethod
    def script(dice, who, lines, last):
        """Return what one client does: some lines, a last one, and its end."""
        data = b"".join(line + dice.choose((b"\n", b"\n", b"\r\n")) for line in lines)
        end = dice.choose(("is done", "is done", "leaves", "resets"))
        if end == "resets" and dice.happens(0.6):
            return [Step(who, "connects"), *vanishes(who, data)]
        if dice.happens(0.3):
            return [Step(who, "connects"), *sends(who, pieces(dice, data + last)),
                    Step(who, end)]
        return [Step(who, "connects"), *sends(who, pieces(dice, data)),
                *sends(who, pieces(dice, last)), Step(who, end)]


class GreetingToMany(Greeting):
    """hellod-fork and hellod-threads: many at once, stats, and a stop in order."""

    making = "fork"                 # the call that makes who serves a client

    def lines(self):
        """Return lines that a server must get right: stats, and what looks like it."""
        return LINES + [b"stats", b"stats ", b"STATS", b"stat", b"statss", b"stats\0"]

    def answer(self, conversation, name):
        """Return the answer to a line; numbers that may lag are N."""
        if name == b"stats":
            return b"served N active N\n"
        if ("-N",) in conversation.args:
            return b"Thread-K: " + name + b"\n"
        return super().answer(conversation, name)

    def seen(self, conversation, heard, got):
        """Return `got` with N for the numbers of stats, K for the peer's number."""
        got = re.sub(rb"(?m)^served \d+( active)? \d+", rb"served N\1 N", got)
        got = re.sub(rb"(?m)^(served) \d+", rb"\1 N", got)
        if ("-N",) in conversation.args:
            first = re.search(rb"(?m)^Thread-(\d+): ", got)
            number = first[1] if self.option(conversation, "-p", 0) and first \
                else b"%d" % heard.number
            got = re.sub(rb"(?m)^Thread-%s: " % number, b"Thread-K: ", got)
        return got

    @staticmethod
    def option(conversation, name, missing):
        """Return the number that an option gives, `missing` without it."""
        given = dict(group for group in conversation.args if len(group) == 2)
        return int(given[name]) if name in given and given[name].isdigit() else missing

    def served(self, conversation):
        """Return how many are served at the same time: MAX, or the pool's size."""
        most = self.option(conversation, "-n", 40)
        return min(most, self.option(conversation, "-p", most))

    def refuses(self, conversation):
        """Say whether the port or a number of an option is wrong."""
        given = dict(group for group in conversation.args if len(group) == 2)
        return super().refuses(conversation) or any(
            not is_number(text, 0 if name == "-d" else 1, 1 << 20)
            for name, text in given.items())

    def alone(self, conversation):
        """Say whether it needs a server of its own: -N counts clients."""
        return ("-N",) in conversation.args

    def order(self, dice, scripts):
        """Return the steps: at any of them the server may be told to stop."""
        steps = interleaved(dice, scripts)
        if dice.happens(0.5):
            at = dice.between(1, len(steps))
            steps = [s for s in steps[:at] if s.does not in ("freezes", "goes on")]
            steps.append(Step("", "stops", dice.choose((b"TERM", b"INT"))))
        return steps

    def talk(self, seed, small=False):
        """Return the conversation of a seed: some one after the other, at the limit."""
        talk = super().talk(seed, small)
        dice = Dice(seed, "many")
        if seed % 8 == 3 and not small:
            steps = [s for who in ("alice", "bob", "carol") for s in (
                Step(who, "connects"), Step(who, "sends", b"exit\n"),
                Step(who, "leaves"))]
            return talk._replace(args=(("-n", "2"), ("0",)), stdin=None, steps=(
                *steps, Step("dave", "connects"), Step("", "stops", b"TERM")))
        if seed % 8 == 5 and not small:
            return talk._replace(args=(*self.options[-1], ("0",)), steps=tuple(
                s for who in ("alice", "bob", "carol") for s in (
                    Step(who, "connects"), Step(who, "sends", b"x\n"))),
                plan=(later(self.making, "EAGAIN", dice.between(1, 3)),))
        if seed % 16 == 6 and not small:
            return talk._replace(steps=(Step("alice", "connects"),
                                        Step("alice", "sends", b"exit\n"),
                                        Step("alice", "drips")))
        return talk


class Forking(GreetingToMany):
    """hellod-fork."""

    program = "hellod-fork"
    options = ((), (("-n", "2"),), (("-d", "3"),))


class Threading(GreetingToMany):
    """hellod-threads."""

    program = "hellod-threads"
    making = "pthread_create"
    options = ((), (("-n", "2"),), (("-p", "2"),), (("-d", "3"),), (("-N",),))
