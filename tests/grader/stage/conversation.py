"""A conversation as data: with which arguments, and what the peers do, step by step."""
import random
import re
from collections import namedtuple

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")
SERVER = "server"                   # the tester's part when the program is a client
# What a peer can do: the last three end what it sends; "waits" lets a second begin.
ENDS = ("is done", "leaves", "resets")
HERE = re.compile(r"\{port([+-]\d+)?\}")

# who   a peer; "" for the tester itself
# does  "connects", "sends" (data), "drips", one of ENDS; of the tester "freezes" or "is
#       stopped" (by its plan; data: where), "goes on", "stops" (data: the name of a
#       signal), "waits for a new second"
Step = namedtuple("Step", "who does data", defaults=(b"",))

# program   its name
# args      groups of words that belong together, such as ("-m", "7"); {port} stands
#           for the tester's port, {port+65536} for that number
# stdin     bytes, or None when it is closed
# zone      the time zone of the program, as TZ has it
# plan      the faults of its calls, see faults.py
# steps     Steps, in order
Conversation = namedtuple("Conversation", "program args stdin zone plan steps",
                          defaults=((), b"", "UTC0", (), ()))


def words(conversation, port):
    """Return the arguments as a list of words; port: of the tester's socket."""
    return [HERE.sub(lambda found: str(port + int(found[1] or 0)), word)
            for group in conversation.args for word in group]


def is_sound(conversation):
    """Say whether each step can follow those before it."""
    here, done, frozen = {SERVER}, set(), False
    for who, does, _ in conversation.steps:
        if does == "connects":
            if who in here or who in done:
                return False
            here.add(who)
        elif who and (who not in here or who in done and does != "leaves"
                      and does != "resets"):
            return False
        elif does in ("freezes", "is stopped", "goes on"):
            if frozen != (does == "goes on"):
                return False
            frozen = not frozen
        elif does == "stops" and frozen:
            return False
        if does in ENDS:
            done.add(who)
            here -= {who} if does != "is done" else set()
    stops = [fault for fault in conversation.plan if ":stop@" in fault.rule]
    return not frozen and len(stops) == sum(s.does == "is stopped"
                                            for s in conversation.steps)


def joined(conversations):
    """Return one conversation that consists of several, its peers named anew."""
    steps, number = [], 0
    for each in conversations:
        names = dict.fromkeys(s.who for s in each.steps if s.who not in ("", SERVER))
        for name in names:
            number += 1
            names[name] = NAMES[number - 1] if number <= len(NAMES) \
                else f"client {number}"
        steps += [s._replace(who=names.get(s.who, s.who)) for s in each.steps]
    return conversations[0]._replace(steps=tuple(steps))


class Dice:
    """Chance that is the same on every machine, and in every version of Python."""

    def __init__(self, *seed):
        """seed: what it depends on."""
        self._random = random.Random(repr(seed)).random

    def below(self, limit):
        """Return a number from 0 to limit - 1."""
        return int(self._random() * limit)

    def between(self, low, high):
        """Return a number from low to high."""
        return low + self.below(high - low + 1)

    def choose(self, things):
        """Return one of these."""
        return things[self.below(len(things))]

    def happens(self, chance):
        """Return True as often as `chance` says, from 0 to 1."""
        return self._random() < chance

    def shuffled(self, things):
        """Return these in another order, as a list."""
        left = list(things)
        return [left.pop(self.below(len(left))) for _ in things]

    def bytes(self, count):
        """Return so many bytes of any value."""
        return bytes(self.below(256) for _ in range(count))


def dealt(things, seed, count, *salt):
    """Return `count` of these, such that consecutive seeds meet all of them.

    They are dealt from a pack that is shuffled anew whenever it is empty.
    """
    packs, found = {}, []
    for at in range(seed * count, (seed + 1) * count):
        number, place = divmod(at, len(things))
        if number not in packs:
            packs[number] = Dice("pack", number, *salt).shuffled(things)
        found.append(packs[number][place])
    return found


def pieces(dice, data):
    """Return data cut into pieces: as a whole, at its newlines, anywhere, or small."""
    kind = dice.below(5)
    if kind == 0 or len(data) < 2:
        return [data] if data else []
    places = {dice.between(1, len(data) - 1) for _ in range(3)}
    if kind == 1 and len(data) <= 24:
        places = set(range(1, len(data)))
    elif kind <= 3:
        ends = [found.start() for found in re.finditer(b"\n", data)][:12]
        places = {e + (kind == 2) for e in ends} - {0, len(data)}
    cuts = [0, *sorted(places), len(data)]
    return [data[a:b] for a, b in zip(cuts, cuts[1:])]


def sends(who, parts):
    """Return the steps in which this peer sends these pieces."""
    return [Step(who, "sends", part) for part in parts]


def vanishes(who, data):
    """Return the steps in which this peer is gone before the server has looked."""
    return [Step("", "freezes"), Step(who, "sends", data), Step(who, "is done"),
            Step(who, "resets"), Step("", "goes on")]


def interleaved(dice, scripts):
    """Return lists of steps as one, each in its own order; nobody joins a freeze."""
    scripts, found, frozen = [list(s) for s in scripts if s], [], False
    script = None
    while scripts:
        script = script if frozen else dice.choose(scripts)
        found.append(script.pop(0))
        frozen = found[-1].does in ("freezes", "is stopped") or \
            frozen and found[-1].does != "goes on"
        scripts = [s for s in scripts if s]
    return found
