"""The models of lesson 05: xfer recv, which takes LEN bytes, and xfer send."""
from grader.stage import (SERVER, UNNAMED, Conversation, Dice, Due, Outcome, Protocol,
                          Step, dealt, fails, pieces, sends, words)
from .arguments import NOT_PORTS, is_number, is_port

MOST = 1 << 20                      # bytes that can be moved
SMALL = 64                          # bytes when each may be a call
PORT = 40000                        # in the place of a port that is not known yet
LENGTHS = [0, 1, 2, 5, 10, 40, 256, 4095, 4096, 4097, 65536, 65537]
WHOLE = (0, 0, 0, 0, -1, 1)         # bytes more than LEN that are sent
NOT_LENGTHS = ["1048577", "4294967296", "4294967297", "18446744073709551616",
               "18446744073709551617", "-1", "+1", " 1", "1x", "", "ten", "0x10", "1.5"]
K = b"K"


def some_bytes(dice, count):
    """Return so many bytes of all values."""
    return (dice.bytes(min(count, 300)) * (count // 300 + 1))[:count]


def broken(sent, length):
    """Return (regular expression, in words) of what is said when it breaks."""
    text = f"xfer: socket connection broken after {sent} of {length} bytes"
    return f"^{text}$", f'"{text}"'


class Receiving(Protocol):
    """xfer recv: LEN bytes come out behind the ready line, and K goes back."""

    program = "xfer"

    @staticmethod
    def length(conversation):
        """Return LEN as it is given."""
        return words(conversation, PORT)[1]

    def refuses(self, conversation):
        """Say whether LEN or the port is wrong."""
        use = words(conversation, PORT)
        return not is_number(use[1], 0, MOST) or len(use) > 2 and not is_port(use[2])

    def alone(self, conversation):
        """Say that it needs a program of its own: it ends with its one client."""
        return True

    def state(self, conversation, heard):
        """Return "early", "whole" or "too much", by the piece that completes LEN."""
        length = int(self.length(conversation))
        sizes = [size for size, _ in heard.times if size >= length]
        if not length or sizes:
            return "too much" if length and sizes[0] > length else "whole"
        return "early"

    def due(self, conversation, heard):
        """Return K when LEN bytes are there, and no more; then the end."""
        kind = self.state(conversation, heard)
        if kind == "whole":
            return Due([("K", K)], "any")
        return Due([], "any" if kind == "too much" or heard.done else "open")

    def outcome(self, conversation, heard, met):
        """Return how it ends: with 0 when LEN bytes came, and the sender is there."""
        sender = next((h for h in heard.values() if not h.excused
                       or "ECONNABORTED" not in met), None)
        if sender is None:
            return None                 # it waits for one
        kind, length = self.state(conversation, sender), self.length(conversation)
        if kind == "whole":
            data = sender.sent[:int(length)]
            return Outcome((0,), [("the bytes", data)] if data else [])
        if kind == "too much":
            return Outcome((1,), (), sender.sent)
        return Outcome((1,), (), sender.sent, *broken(len(sender.sent), length))

    def bug(self, difference, conversation, heard):
        """Return the bug that a difference is for certain."""
        return UNNAMED

    def talk(self, seed, small=False):
        """Return the conversation of a seed: one sender, who may end too early."""
        dice = Dice(seed, "xfer recv")
        if seed % 4 == 3 and not small:
            return Conversation(self.program, (
                ("recv", dealt(NOT_LENGTHS, seed // 4, 1)[0]),))
        length = dealt([n for n in LENGTHS if not small or n < SMALL], seed, 1)[0]
        # With all bytes there no call waits, and none can be interrupted.
        more = dealt(WHOLE[:-1] if small else WHOLE, seed, 1)[0]
        data = some_bytes(dice, max(0, length + more))
        if more > 0:
            parts = [data]
        elif more < 0:
            parts = pieces(dice, data[:dice.below(length + 1)])
        else:
            parts = pieces(dice, data)
        end = "leaves" if more == 0 else dice.choose(("is done", "leaves", "resets"))
        return Conversation(self.program, (("recv", str(length)),), steps=(
            Step("alice", "connects"), *sends("alice", parts), Step("alice", end)))


class ReceivingRefused(Receiving):
    """xfer recv when accept fails for a reason that concerns one client alone."""

    def talk(self, seed, small=False):
        """Return the conversation of a seed: accept fails, then somebody is served."""
        error = ("ECONNABORTED", "EINTR")[seed % 2]
        lost = [Step("alice", "connects")] if error == "ECONNABORTED" else []
        return Conversation(self.program, (("recv", "1"),), plan=(
            fails("accept", error, at=1),), steps=(*lost, Step("bob", "connects"),
                                             Step("bob", "sends", b"a"),
                                             Step("bob", "leaves")))


class Sending(Protocol):
    """xfer send: LEN bytes of stdin go out, and it waits for K."""

    program = "xfer"
    listens = False

    def refuses(self, conversation):
        """Say whether the arguments are wrong."""
        use = words(conversation, PORT)
        return not is_port(use[2]) or not is_number(use[3], 0, MOST)

    def due(self, conversation, heard):
        """Return the bytes that must have come; it waits for K."""
        data = conversation.stdin[:int(words(conversation, PORT)[3])]
        is_over = heard.done or heard.sent
        return Due([("the bytes", data)] if data else [], "any" if is_over else "open")

    def outcome(self, conversation, heard, met):
        """Return how it ends: with 0 when the answer was K."""
        length = words(conversation, PORT)[3]
        if SERVER not in heard:
            return Outcome((1,))
        answer = heard[SERVER].sent[:1]
        if answer == K:
            return Outcome((0, 1) if heard[SERVER].done == "resets" else (0,))
        return Outcome((1,), (), b"", *(broken(length, length) if not answer
                                        else (None, "")))

    def talk(self, seed, small=False):
        """Return the conversation of a seed: some bytes, an answer or none."""
        dice = Dice(seed, "xfer send")
        length = dealt([n for n in LENGTHS if not small or n < SMALL], seed, 1)[0]
        data = some_bytes(dice, length) + dice.choose((b"", b"", b"and more"))
        args = ("send", "127.0.0.1", "{port}", str(length))
        if seed % 4 == 3 and not small:
            wrong = dealt(NOT_LENGTHS + NOT_PORTS, seed // 4, 1)[0]
            args = (*args[:2], wrong, "1") if wrong in NOT_PORTS else (*args[:3], wrong)
            return Conversation(self.program, (args,), b"abc")
        answer = dealt((K, K, K, b"", b"X", b"k", b"\0"), seed, 1)[0]
        end = dice.choose(("leaves", "leaves", "is done", "resets"))
        return Conversation(self.program, (args,), data, steps=(
            *sends(SERVER, [answer] if answer else []), Step(SERVER, end)))
