"""The interposer's tables: which calls it knows (calls.def), and which errors."""
import os
import re
from collections import namedtuple

from ..course.places import TESTS

DIRECTORY = os.path.join(TESTS, "interposer")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CALL = re.compile(r"^CALL\((\w+), (\w+), (\w+), (\w+), ([^)]*)\)$", re.MULTILINE)

# number   its place in calls.def, from 0: what the log calls it
# group    the class of calls the plan counts it to, such as "RECEIVE"; or "NONE"
# outcome  how its result tells of failure, such as "NUMBER"
# shape    how its arguments are shown
# plain    names of the arguments that the shape "plain" shows
# places   {name of a field: (in the leave record?, place among the arguments)}
Kind = namedtuple("Kind", "number name group outcome shape plain places")


def _without_comments(file):
    with open(os.path.join(DIRECTORY, file), encoding="ascii") as table:
        return COMMENT.sub("", table.read())


def _kind(number, name, group, outcome, shape, fields):
    """Return the Kind of one line of calls.def."""
    plain, more, leaving = (fields.split("|") + ["", ""])[:3]
    entering = plain.split() + more.split()
    places = {word: (True, n) for n, word in enumerate(leaving.split())}
    places.update((word, (False, n)) for n, word in enumerate(entering))
    places.pop("_", None)
    return Kind(number, name, group, outcome, shape, tuple(plain.split()), places)


LINES = CALL.findall(_without_comments("calls.def"))
KINDS = tuple(_kind(number, *words) for number, words in enumerate(LINES))
BY_NAME = {kind.name: kind for kind in KINDS}
FIELDS = {field for kind in KINDS for field in kind.places}


def names_of(*groups):
    """Return the names (tuple of str) of the calls of these classes."""
    return tuple(kind.name for kind in KINDS if kind.group in groups)


# What a plan can name: errors.def.
ERRORS = frozenset(re.findall(r"^ERROR\((\w+)\)", _without_comments("errors.def"),
                              re.MULTILINE))
LOOKUP_ERRORS = frozenset(re.findall(r"^LOOKUP_ERROR\((\w+)\)",
                                     _without_comments("errors.def"), re.MULTILINE))
RECEIVING = names_of("RECEIVE")
SENDING = names_of("TRANSMIT")
WAITING = names_of("WAIT")
UNSAFE_IN_HANDLERS = names_of("UNSAFE")
