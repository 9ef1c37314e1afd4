"""The parts of a sanitizer's report: its blocks, and the frames of their stacks."""
import os
import re
from collections import namedtuple

from ..bench.symbols import resolve

# function  as the compiler named it, without what sanitizers put before it
# file      without its directory, "" when it is not known; line: 0 then
# is_own    whether the file is one of the learner's
Frame = namedtuple("Frame", "function file line is_own")

# heading  the lines before the stack, such as "freed by thread T0 here:"
# frames   Frames, innermost first
Block = namedtuple("Block", "heading frames")

# "#1 0x55d0 in serve /a/b.c:12:3", "#1 0x55d0 (/a/b+0x12)", "#1 serve /a/b.c:12"
FRAME = re.compile(r"\s+#\d+ (?:0x[0-9a-f]+ )?(?:in )?(.*)")
PLACE = re.compile(r"(?:^|\s)(\S*?)([^/\s]+\.[ch]):(\d+)(?::\d+)?(?:\s|$)")
DRESSED = re.compile(r"^(__interceptor_|__asan_|___interceptor_)"
                     r"|\.(part|constprop|cold)\.\d+$")
SYNONYMS = {"bcmp": "memcmp"}


def blocks(report, directory, path):
    """Return the Blocks of a report.

    directory  of the learner's files; path: the executable, for reports that only
               name addresses in it
    """
    own = {f for f in os.listdir(directory) if f.endswith((".c", ".h"))}
    places = _resolved(report, path)
    found, heading, frames = [], [], []
    for line in report.splitlines():
        frame = FRAME.match(line)
        if frame:
            frames.append(_frame(frame[1], own, places))
            continue
        if frames:
            found.append(Block("\n".join(heading), frames))
            heading, frames = [], []
        heading.append(line)
    return [*found, Block("\n".join(heading), frames)]


def _resolved(report, path):
    """Return {"0x12": (file, line, function)} of the addresses inside `path`."""
    inside = re.findall(rf"\({re.escape(path)}\+(0x[0-9a-f]+)\)", report)
    where = resolve(path, [int(a, 16) for a in inside]) if inside else {}
    return {a: where.get(int(a, 16)) for a in inside}


def _frame(text, own, places):
    """Return the Frame of what a line says behind its number."""
    module = re.search(r"\(\S+\+(0x[0-9a-f]+)\)", text)
    known = places.get(module[1]) if module else None
    place = PLACE.search(text)
    if place:
        function = text[:place.start()].strip()
        file, line = place[2], int(place[3])
    elif known:
        file, line, function = os.path.basename(known[0]), known[1], known[2]
    else:
        name = re.match(r"(\w[\w.]*)( |$)", text)
        function, file, line = name[1] if name else "", "", 0
    return Frame(_undressed(function), file, line, file in own)


def _undressed(function):
    """Return the name of a function as a manual page has it; "" for a C++ name."""
    while DRESSED.search(function):
        function = DRESSED.sub("", function)
    return SYNONYMS.get(function, function) if re.fullmatch(r"\w+", function) else ""


def own_frame(block):
    """Return the innermost Frame in a file of the learner's, or None."""
    return next((f for f in block.frames if f.is_own), None)


def actor(block):
    """Return who acts and where: "memcmp at hellod.c:78", "main at hellod.c:90".

    The function named is the one that the learner's line calls, if it calls one.
    """
    before = ""
    for frame in block.frames:
        if frame.is_own:
            return f"{before or frame.function} at {frame.file}:{frame.line}"
        before = frame.function
    named = [f for f in block.frames if f.function and f.function != "_start"
             and not f.function.startswith("__libc_start")]
    return named[0].function if named else "the program"


def place(block):
    """Return "hellod.c:78", the learner's line of a block, or "" if there is none."""
    frame = own_frame(block)
    return f"{frame.file}:{frame.line}" if frame else ""
