"""From a lesson number to the directories that belong to it."""
import os
import re
from collections import namedtuple

from ..words.trouble import Infra, Usage

TESTS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOT = os.path.dirname(TESTS)
BUILD = os.path.join(ROOT, "build")
COMMON = os.path.join(ROOT, "common")
COURSE_LENGTH = 24                  # numbered lessons, without the extra one

TREES = ("lessons", "solutions", "tests/selftest/skeletons")

# number    as an int; name as in "04-tcp-server"
# lesson    directory the learner edits; solution, skeleton: its twins
Place = namedtuple("Place", "number name lesson solution skeleton")


def lesson_names():
    """Return the names of all lessons that have checks, in order."""
    numbers = {m.group(1) for f in os.listdir(os.path.join(TESTS, "checks"))
               if (m := re.fullmatch(r"lesson(\d\d)\.py", f))}
    names = os.listdir(os.path.join(ROOT, "lessons"))
    return sorted(n for n in names if n[:2] in numbers and n[2:3] == "-")


def place_of(number):
    """Return the Place of lesson `number` (text or int).

    Raises Usage, which names the lessons that do exist.
    """
    names = lesson_names()
    for name in names:
        if str(number).isdecimal() and int(number) == int(name[:2]):
            return Place(int(name[:2]), name,
                         *(os.path.join(ROOT, top, name) for top in TREES))
    known = ", ".join(str(int(n[:2])) for n in names)
    raise Usage(f"there is no lesson {number}; the lessons are {known}")


def shown(path):
    """Return `path` as a learner would type it: relative to the course if inside."""
    inside = os.path.relpath(os.path.abspath(path), ROOT)
    return path if inside.startswith("..") else inside


def build_dir(*parts):
    """Return a directory below build/, making it where it is missing.

    Raises Infra with a sentence when the disk does not allow it.
    """
    path = os.path.join(BUILD, *parts)
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as e:
        raise Infra(f"cannot write to {shown(e.filename or path)}: {e.strerror}; "
                    "the checks keep what they build there") from None
    return path
