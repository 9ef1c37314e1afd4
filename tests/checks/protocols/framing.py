"""The models of lesson 07: msgd, which answers frames, and msg, its client."""
import re
import struct

from grader.stage import (COMPLAINT, SERVER, UNNAMED, Conversation, Dice, Due, Outcome,
                          Protocol, Step, dealt, interleaved, pieces, sends, vanishes,
                          words)
from .arguments import NOT_PORTS, is_port

ECHO, UPPER, SUM, ERROR = 1, 2, 3, 255
HEADER = 5                          # bytes: the type, and the length of the payload
LIMIT = 1 << 20                     # bytes of payload
SMALL = 64                          # bytes when each may be a call
PORT = 40000                        # in the place of a port that is not known yet
TOO_LONG = b"too long"


def frame(kind, payload=b""):
    """Return a frame as it goes on the wire."""
    return struct.pack("!BI", kind, len(payload)) + payload


def numbers(*values):
    """Return the payload of a sum."""
    return struct.pack(f"!{len(values)}i", *values)


ANY_ERROR = frame(ERROR, b"(any text)")
REQUESTS = [frame(ECHO, b"hello"), frame(ECHO), frame(ECHO, b"\0"),
            frame(UPPER, b"a\0b"), frame(UPPER, bytes(range(256))), frame(SUM),
            frame(SUM, numbers(1, -2)),
            frame(SUM, numbers(-1)), frame(SUM, numbers(-(1 << 31), -(1 << 31))),
            frame(SUM, numbers((1 << 31) - 1, 1)), frame(SUM, b"abc"),
            frame(SUM, b"12345"), frame(0), frame(4, b"what?"),
            frame(ERROR, b"x"), frame(128), frame(254),
            frame(ECHO, b"\n"), frame(UPPER, b"%s%n"), frame(ECHO, b"x" * 255),
            frame(ECHO, b"x" * 256), frame(ECHO, b"x" * 4091), frame(ECHO, b"x" * 4096),
            frame(UPPER, b"z" * 65536), frame(SUM, numbers(*[1 << 30] * 16))]
LASTS = [b"", b"\x01", b"\x01\0\0\0", b"\x01\0\0\0\x05hell", struct.pack("!BI", ECHO,
         LIMIT + 1), b"\x02\xff\xff\xff\xff" + b"more" * 99, frame(ECHO, b"y" * LIMIT),
         struct.pack("!BI", 9, 1 << 31),
         struct.pack("!BI", SUM, LIMIT + 4) + b"x" * 20000]


def upper(data):
    """Return data with the letters a to z in upper case, all else as it is."""
    return data.upper()


def answer(kind, payload):
    """Return the frame that answers one; ANY_ERROR for any error."""
    if kind in (ECHO, UPPER):
        return frame(kind, payload if kind == ECHO else upper(payload))
    if kind == SUM and len(payload) % 4 == 0:
        values = struct.unpack(f"!{len(payload) // 4}i", payload)
        return frame(SUM, struct.pack("!q", sum(values)))
    return ANY_ERROR


def frames(data):
    """Yield (kind, length, payload) of each frame; None is one that is incomplete."""
    while len(data) >= HEADER:
        kind, length = struct.unpack_from("!BI", data)
        whole = len(data) >= HEADER + length
        yield kind, length, data[HEADER:HEADER + length] if whole else None
        if not whole:
            return
        data = data[HEADER + length:]


class Framing(Protocol):
    """msgd: a frame for each frame."""

    program = "msgd"

    def refuses(self, conversation):
        """Say whether the arguments are wrong: here the port alone can be."""
        return not is_port(words(conversation, PORT)[-1])

    def due(self, conversation, heard):
        """Return an answer for each whole frame, and when the end."""
        parts = []
        for kind, length, payload in frames(heard.sent):
            if length > LIMIT:
                return Due(parts + [("the error", frame(ERROR, TOO_LONG))], "eof")
            if payload is not None:
                parts.append((f"the answer to frame {len(parts) + 1}",
                              answer(kind, payload)))
        return Due(parts, "eof" if heard.finished else "open")

    def seen(self, conversation, heard, got):
        """Return `got` with ANY_ERROR for each error frame but that of the limit."""
        found, at = b"", 0
        for kind, length, payload in frames(got):
            if payload is None:
                break
            whole = frame(kind, payload)
            found += ANY_ERROR if kind == ERROR and payload != TOO_LONG else whole
            at += HEADER + length
        rest = got[at:]
        return found + (b"" if rest[:1] == b"\xff" else rest)

    def bug(self, difference, conversation, heard):
        """Return the bug that a difference is for certain."""
        if difference.kind == "usage":
            return "A1"
        return {"reset": "H1"}.get(difference.kind, UNNAMED)

    def talk(self, seed, small=False):
        """Return the conversation of a seed: two clients with three frames each."""
        dice = Dice(seed, self.program)
        if seed % 8 == 7 and not small:
            return Conversation(self.program, ((dealt(NOT_PORTS, seed // 8, 1)[0],),))
        requests = dealt([r for r in REQUESTS if not small or len(r) < SMALL], seed, 6)
        lasts = dealt([x for x in LASTS if not small or len(x) < SMALL], seed, 2)
        scripts = [self.script(dice, who, b"".join(requests[at * 3:at * 3 + 3]),
                               lasts[at]) for at, who in enumerate(("alice", "bob"))]
        return Conversation(self.program, (("0",),), steps=tuple(
            scripts[0] + scripts[1] if dice.happens(0.5) else
            interleaved(dice, scripts)))

    @staticmethod
    def script(dice, who, data, last):
        """Return what one client does."""
        end = dice.choose(("is done", "is done", "leaves", "resets"))
        if end == "resets" and dice.happens(0.6):
            return [Step(who, "connects"), *vanishes(who, data)]
        return [Step(who, "connects"), *sends(who, pieces(dice, data)),
                *sends(who, pieces(dice, last)), Step(who, end)]


CALLS = [("echo", "hello"), ("echo", ""), ("upper", "aZ{\u00e4"), ("sum",),
         ("sum", "1"), ("sum", "-2147483648", "-1"), ("sum", "2147483647", "1"),
         ("echo", "%s%n"),
         ("echo", "x" * 4096), ("sum", "0", "-0"), ("upper", "a b"), ("echo", "1\n2")]
WRONG = [("sum", "2147483648"), ("sum", "-2147483649"), ("sum", "4294967296"),
         ("sum", "4294967297"), ("sum", "18446744073709551617"), ("sum", "1x"),
         ("sum", ""), ("sum", "two"), ("sum", "1", "1.5"), ("shout", "x"), ("echo",),
         ("echo", "a", "b"), ("upper",), (), ("Echo", "x")]


class Messaging(Protocol):
    """msg: one request, one answer, which is printed."""

    program = "msg"
    listens = False

    def refuses(self, conversation):
        """Say whether the arguments are wrong."""
        use = words(conversation, PORT)
        if len(use) < 3 or not is_port(use[1]):
            return True
        if use[2] == "sum":
            return not all(re.fullmatch(r"-?[0-9]+", n)
                           and -(1 << 31) <= int(n) < 1 << 31 for n in use[3:])
        return use[2] not in ("echo", "upper") or len(use) != 4

    @staticmethod
    def request(conversation):
        """Return (kind, payload) of the frame that it must send."""
        verb, *rest = words(conversation, PORT)[2:]
        if verb == "sum":
            return SUM, numbers(*map(int, rest))
        return (ECHO if verb == "echo" else UPPER), rest[0].encode()

    def due(self, conversation, heard):
        """Return the request; it waits for the answer."""
        return Due([("the request", frame(*self.request(conversation)))],
                   "any" if heard.done or heard.sent else "open")

    def outcome(self, conversation, heard, met):
        """Return how it ends, and what it prints, by the first frame of the server."""
        if SERVER not in heard:
            return Outcome((1,))
        kind, _ = self.request(conversation)
        first = next(frames(heard[SERVER].sent), (0, 0, None))
        if kind == SUM == first[0] and first[1] != 8:
            return Outcome((0, 1), None)        # no server of this course says that
        late = (0, 1) if heard[SERVER].done == "resets" else (0,)
        if first[0] == kind and first[2] is not None:
            text = first[2] if kind != SUM else \
                b"%d" % struct.unpack("!q", first[2])
            return Outcome(late, [("the answer", text + b"\n")])
        says = COMPLAINT if first[0] != ERROR or first[2] else None
        return Outcome((1,), (), b"", says, "a message")

    def talk(self, seed, small=False):
        """Return the conversation of a seed: a right answer, or a strange one."""
        dice = Dice(seed, self.program)
        if seed % 4 == 3 and not small:
            wrong = dealt(WRONG, seed // 4, 1)[0]
            return Conversation(self.program, (("127.0.0.1", "{port}", *wrong),))
        call = dealt([c for c in CALLS if not small or len(c[-1]) < SMALL], seed, 1)[0]
        talk = Conversation(self.program, (("127.0.0.1", "{port}", *call),))
        kind, payload = self.request(talk)
        right = answer(kind, payload)
        reply = dealt((right, right, right, frame(ERROR, b"no"), right[:-1], b"",
                       frame(kind % 3 + 1, right[HEADER:]), right[:HEADER - 1],
                       frame(9, b"x"), struct.pack("!BI", kind, LIMIT + 1),
                       frame(ERROR),
                       frame(kind, b"a\0b"), right + b"more"), seed, 1)[0]
        end = dice.choose(("leaves", "leaves", "is done", "resets"))
        return talk._replace(steps=(*sends(SERVER, pieces(dice, reply)),
                                    Step(SERVER, end)))
