"""The model of the time protocol: what tsd owes for any bytes it is sent."""
import os
import re
import time

from grader.stage import (UNNAMED, Conversation, Dice, Due, Protocol, Step, dealt,
                          interleaved, pieces, sends, vanishes)

LIMIT = 8192                        # bytes of a line, with its ending
TOO_LONG = b"error: line too long\n"
STAMP = re.compile(rb"\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} "
                   rb"[0-9:]{8} [0-9]{4})\] ")
NOW = b"[the time] "                # in the place of a time that is right
LAG = 0.02                          # seconds that time(2) may lag behind the clock
LINES = [b"data", b"", b"exit", b" blanks \t", b"\0", b"a\0b", b"\xff", b"a\xffb",
         b"%s%n", b"100 %", b"\r", b"a\rb", b"a\r", bytes(range(128, 256)),
         b"\x01\x1b[31m", b"x" * 1023, b"x" * 1024, b"x" * 4095, b"x" * 4096,
         b"x" * 8189, b"x" * (LIMIT - 2), b"y" * (LIMIT - 1), b"[", b"error"]
LASTS = [b"half a line", b"half\0", b"x" * (LIMIT - 1), b"\r", b"x" * LIMIT + b"\n",
         b"x" * (LIMIT - 1) + b"\r\n", b"", b"x" * (2 * LIMIT) + b"\nmore\n", b"\xff"]
# With -m and -t in all ways; without -t the clock is the machine's.
OPTIONS = [(("-t", "0"),), (), (("-t", "0"), ("-m", "none")),
           (("-m", "7"), ("-t", "4294967296")), (("-t", "0"), ("-m", "line")),
           (("-m", "8192"), ("-t", "0"))]
SMALL = 64                          # bytes of a line when each may be a call
ZONES = ["UTC0", "EST5", "<+0545>-5:45"]


class Time(Protocol):
    """tsd: each line comes back behind the time."""

    program = "tsd"
    mentions_resets = True

    def due(self, conversation, heard):
        """Return what is due: an answer for each line, and when the end."""
        *lines, rest = heard.sent.split(b"\n")
        parts, stamp = [], self.stamp(conversation)
        for line in lines:
            if len(line) >= LIMIT:
                break
            parts.append((f"the answer to line {len(parts) + 1}",
                          stamp + line[:len(line) - line.endswith(b"\r")] + b"\n"))
        if len(parts) < len(lines) or len(rest) >= LIMIT:
            return Due(parts + [("the error", TOO_LONG)], "eof")
        return Due(parts, "eof" if heard.done == "is done" else "open")

    @staticmethod
    def stamp(conversation):
        """Return the time as each answer begins with it; NOW without -t."""
        options = options_of(conversation)
        return b"[%s] " % local(int(options["-t"]), conversation.zone) \
            if "-t" in options else NOW

    def seen(self, conversation, heard, got):
        """Return `got` with NOW for each time that was right when its line came."""
        if "-t" in options_of(conversation):
            return got
        lines = got.split(b"\n")
        ends = [m.end() for m in re.finditer(b"\n", heard.sent)]
        for at, (line, end) in enumerate(zip(lines, ends)):
            told = STAMP.match(line)
            sent = next(t for size, t in heard.times if size >= end)
            if told and any(told[1] == local(t, conversation.zone) for t in
                            range(int(sent - LAG), int(time.time()) + 1)):
                lines[at] = NOW + line[told.end():]
        return b"\n".join(lines)

    def bug(self, difference, conversation, heard):
        """Return the bug that a difference is for certain."""
        kinds = {"cut at NUL": "G4", "reset": "H1"}
        return kinds.get(difference.kind, UNNAMED)

    def talk(self, seed, small=False):
        """Return the conversation of a seed: two clients, one after the other."""
        dice = Dice(seed, self.program)
        options = OPTIONS[seed % len(OPTIONS)]
        zone = ZONES[seed // 2 % len(ZONES)]
        most = SMALL if small else 4 * LIMIT
        lines = dealt([x for x in LINES if len(x) < most], seed, 6)
        lasts = dealt([x for x in LASTS if len(x) < most], seed, 2)
        scripts = [self.script(dice, who, lines[at * 3:at * 3 + 3], lasts[at])
                   for at, who in enumerate(("alice", "bob"))]
        if "-t" not in dict(options) and seed % 12 == 1:
            scripts = [[Step("alice", "connects"), Step("alice", "sends", b"a\n"),
                        Step("", "waits for a new second"),
                        Step("alice", "sends", b"b\n")], []]
        return Conversation(self.program, (*options, ("0",)), b"", zone, (),
                            tuple(scripts[0] + scripts[1] if dice.happens(0.5)
                                  else interleaved(dice, scripts)))

    @staticmethod
    def script(dice, who, lines, last):
        """Return what one client does: some lines, a last one, and its end."""
        data = b"".join(line + dice.choose((b"\n", b"\n", b"\r\n")) for line in lines)
        end = dice.choose(("is done", "is done", "leaves", "resets"))
        if end == "resets" and dice.happens(0.6):
            return [Step(who, "connects"), *vanishes(who, data)]
        return [Step(who, "connects"), *sends(who, pieces(dice, data)),
                *sends(who, pieces(dice, last)), Step(who, end)]


def options_of(conversation):
    """Return the options as a dict of words."""
    return dict(group for group in conversation.args if len(group) == 2)


def local(seconds, zone):
    """Return the local time of a zone as ctime(3) writes it, without its newline."""
    os.environ["TZ"] = zone
    time.tzset()
    return time.ctime(seconds).encode()
