"""The models of lesson 08: wcd, which counts, and wcc, its client."""
import re

from grader.stage import (SERVER, UNNAMED, Conversation, Dice, Due, Outcome, Protocol,
                          Step, dealt, interleaved, pieces, sends, vanishes, words)
from .arguments import NOT_PORTS, is_number, is_port

SMALL = 64                          # bytes when each may be a call
PORT = 40000                        # in the place of a port that is not known yet
MOST = (1 << 64) - 1                # bytes that -k can name for certain
TEXTS = [b"", b"one\n", b"two words", b"\n\n", b" a  b ", b"\0", b"a\0b c\n",
         b"\xa0 \xff\x85", b"a\tb\vc\fd\re\n", bytes(range(256)), b"\x1c \x1f",
         b"w" * 4096, b"w " * 2048, b"w" * 4095 + b" w", b"\n" * 8193, b"w w\n" * 20000]
LIMITS = ["0", "1", "2", "10", "4096", "4097", "65536", "2147483648", "4294967296",
          "4294967297"]
NOT_LIMITS = ["ten", "10x", "-1", "1.5", ""]


def counts(data):
    """Return the line that wcd should answer to data."""
    found = re.findall(rb"[^ \t\n\v\f\r]+", data)
    return b"%d %d %d\n" % (data.count(b"\n"), len(found), len(data))


class Counting(Protocol):
    """wcd: at the end, or after N bytes, the three numbers; then the end."""

    program = "wcd"
    unpromised = ("transmit:short", "transmit:fail=EINTR")

    @staticmethod
    def limit(conversation):
        """Return what -k says, as text; None without it."""
        return dict(g for g in conversation.args if len(g) == 2).get("-k")

    def refuses(self, conversation):
        """Say whether the port or the number of -k is wrong."""
        limit = self.limit(conversation)
        return not is_port(words(conversation, PORT)[-1]) or \
            limit is not None and not is_number(limit, 0, MOST)

    def due(self, conversation, heard):
        """Return nothing until the end, or N bytes; then the answer."""
        limit = self.limit(conversation)
        many = len(heard.sent) if limit is None else int(limit)
        if not heard.finished and (limit is None or len(heard.sent) < many):
            return Due([], "open")
        answer = [("the answer", counts(heard.sent[:many]))]
        return Due(answer, "eof" if heard.finished else "no reset")

    def bug(self, difference, conversation, heard):
        """Return the bug that a difference is for certain."""
        if difference.kind == "usage":
            return UNNAMED if is_port(words(conversation, PORT)[-1]) else "A1"
        return {"reset": "H1"}.get(difference.kind, UNNAMED)

    def talk(self, seed, small=False):
        """Return the conversation of a seed: two clients, with or without -k."""
        dice = Dice(seed, self.program)
        if seed % 8 == 7 and not small:
            return Conversation(self.program, ((dealt(NOT_PORTS, seed // 8, 1)[0],),))
        if seed % 8 == 6 and not small:
            wrong = dealt(NOT_LIMITS, seed // 8, 1)[0]
            return Conversation(self.program, (("-k", wrong), ("0",)))
        args = (("0",),)
        if seed % 2:
            args = (("-k", dealt(LIMITS, seed // 2, 1)[0]), *args)
        if seed % 4 > 1:
            args = (("-D",), *args)
        texts = dealt([t for t in TEXTS if not small or len(t) < SMALL], seed, 2)
        scripts = [self.script(dice, who, text)
                   for who, text in zip(("alice", "bob"), texts)]
        return Conversation(self.program, args, steps=tuple(
            scripts[0] + scripts[1] if dice.happens(0.5) else
            interleaved(dice, scripts)))

    @staticmethod
    def script(dice, who, text):
        """Return what one client does: it sends, and is done, seldom anything else."""
        end = dice.choose(("is done", "is done", "is done", "leaves", "resets"))
        if end == "resets" and dice.happens(0.6):
            return [Step(who, "connects"), *vanishes(who, text or b"x")]
        ends = [Step(who, end)] + ([Step(who, "leaves")] if end == "is done" else [])
        return [Step(who, "connects"), *sends(who, pieces(dice, text)), *ends]


ANSWERS = [b"3 7 42\n", b"1 2 3\nm", b"18446744073709551615 1 1\n", b"1 2 3\nmore",
           b"1 2 3\n4 5 6\n", b"3 7", b"", b"3 7 42", b"\n"]


class Asking(Protocol):
    """wcc: stdin goes out, with an end; the line of the answer is printed."""

    program = "wcc"
    listens = False
    unpromised = ("transmit:fail=EINTR", "stdout:short", "stdout:fail=EINTR")

    def refuses(self, conversation):
        """Say whether the arguments are wrong."""
        use = words(conversation, PORT)
        return len(use) != 2 or not is_port(use[1])

    def due(self, conversation, heard):
        """Return what the server must have got: all of stdin, and the end."""
        data = [("stdin", conversation.stdin)] if conversation.stdin else []
        return Due(data, "any" if heard.done or b"\n" in heard.sent else "eof")

    def outcome(self, conversation, heard, met):
        """Return how it ends: with 0 when there was a whole line."""
        says = r"^wcc: [^:]+: ."
        if SERVER not in heard:
            return Outcome((1,), says=says)
        line, newline, _ = heard[SERVER].sent.partition(b"\n")
        if not newline:
            return Outcome((1,), (), line, says, '"wcc: CALL: reason"')
        if heard[SERVER].done == "resets":
            return Outcome((0, 1), (), line + newline)
        return Outcome((0,), [("the answer", line + newline)])

    def talk(self, seed, small=False):
        """Return the conversation of a seed: one text, one answer."""
        dice = Dice(seed, self.program)
        if seed % 6 == 5 and not small:
            return Conversation(self.program, (
                ("127.0.0.1", dealt(NOT_PORTS, seed // 6, 1)[0]),))
        text = dealt([t for t in TEXTS if not small or len(t) < SMALL], seed, 1)[0]
        answer = dealt(ANSWERS, seed, 1)[0]
        end = dice.choose(("leaves", "leaves", "is done", "resets"))
        return Conversation(self.program, (("127.0.0.1", "{port}"),), text, steps=(
            *sends(SERVER, pieces(dice, answer)), Step(SERVER, end)))
