"""The model of upperd: what it owes for any bytes it is sent."""
import re

from grader.stage import (UNNAMED, Conversation, Dice, Due, Outcome, Protocol, Step,
                          dealt, fails, interleaved, pieces, sends, vanishes, words)
from .arguments import ACCEPT_FAILS, NOT_PORTS, is_port

SMALL = 64                          # bytes when each may be a call
PORT = 40000                        # in the place of a port that is not known yet
TEXTS = [b"hello world", b"\0", b"a\0b", bytes(range(256)), b"\xe4\xff", b"{|}`", b"",
         b"%s%n", b"a\nb\r\n", b"z" * 1023, b"z" * 4095, b"z" * 4096, b"z" * 4097,
         b"z" * 65537, b"A", b"exit\n"]


class Upper(Protocol):
    """upperd: a to z come back in upper case, all other bytes as they are."""

    program = "upperd"

    def refuses(self, conversation):
        """Say whether the arguments are wrong: here the port alone can be."""
        return not is_port(words(conversation, PORT)[-1])

    def due(self, conversation, heard):
        """Return what is due at once, and when the end."""
        return Due([("the answer", heard.sent.upper())] if heard.sent else [],
                   "eof" if heard.finished else "open")

    def outcome(self, conversation, heard, met):
        """Return how it ends with -1; without, it goes on."""
        served = [h for h in heard.values() if not h.excused
                  or "ECONNABORTED" not in met]
        return Outcome((0,)) if ("-1",) in conversation.args and served else None

    def alone(self, conversation):
        """Say whether it needs a program of its own: with -1 it ends."""
        return ("-1",) in conversation.args

    def log(self, conversation, heard):
        """Return the two lines about a peer."""
        who = re.escape("%s:%d" % heard.peer.local[:2])
        # Whoever has not heard all may have broken the connection with its end.
        is_whole = heard.done != "resets" and len(heard.got) == len(heard.sent)
        count = str(len(heard.sent)) if is_whole else r"\d+"
        return [(rf"^(?:\S+: )?client {who}$", '"client A:P"'),
                (rf"^(?:\S+: )?closed {who} {count} bytes$",
                 f'"closed A:P {count if is_whole else "N"} bytes"')]

    def bug(self, difference, conversation, heard):
        """Return the bug that a difference is for certain."""
        if difference.kind == "usage":
            return "A1"
        return {"reset": "H1"}.get(difference.kind, UNNAMED)

    def talk(self, seed, small=False):
        """Return the conversation of a seed: two clients, or one with -1."""
        dice = Dice(seed, self.program)
        if seed % 8 == 7 and not small:
            wrong = [p for p in NOT_PORTS if not p.startswith("-")]     # -1 is right
            return Conversation(self.program, ((dealt(wrong, seed // 8, 1)[0],),))
        texts = dealt([t for t in TEXTS if not small or len(t) < SMALL], seed, 4)
        scripts = [self.script(dice, "alice", texts[:2]),
                   self.script(dice, "bob", texts[2:])]
        if seed % 4 == 1:
            return Conversation(self.program, (("-1",), ("0",)),
                                steps=tuple(scripts[0]))
        return Conversation(self.program, (("0",),), steps=tuple(
            scripts[0] + scripts[1] if dice.happens(0.5) else
            interleaved(dice, scripts)))

    @staticmethod
    def script(dice, who, texts):
        """Return what one client does."""
        end = dice.choose(("is done", "is done", "leaves", "resets"))
        if end == "resets" and dice.happens(0.6):
            return [Step(who, "connects"), *vanishes(who, texts[0] or b"x")]
        return [Step(who, "connects"), *(step for text in texts for step in
                                         sends(who, pieces(dice, text))),
                Step(who, end)]


class UpperRefused(Upper):
    """upperd when accept fails for a reason that concerns one client, or a moment."""

    def talk(self, seed, small=False):
        """Return the conversation of a seed: accept fails, then two clients come."""
        error = ACCEPT_FAILS[seed % len(ACCEPT_FAILS)]
        plan = (fails("accept", error, at=1),)
        return Conversation(self.program, (("0",),), plan=plan,
                            steps=tuple(s for who in ("alice", "bob") for s in (
                                Step(who, "connects"), Step(who, "sends", b"a"),
                                Step(who, "leaves"))))
