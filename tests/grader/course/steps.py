"""The steps of a skeleton: where each todo() stands, and what its comment says."""
import os
import re

from . import sources
from .places import ROOT


def quoted(number, where, directory, modules=()):
    """Return {"number", "where", "text"} of a step that a program has reached.

    where    "upperd.c:61", a line of a file in `directory` or of one of `modules`
    """
    file = where.rpartition(":")[0]
    path = os.path.join(directory, file)
    if not os.path.exists(path):
        path = next((m for m in modules if os.path.basename(m) == file), path)
    return {"number": number, "where": where, "text": text(path, number)}


def text(source, number):
    """Return what the comment of step `number` says in the file `source`, or ""."""
    try:
        with open(os.path.join(ROOT, source), encoding="utf-8",
                  errors="replace") as file:
            code = file.read()
    except OSError:
        return ""
    found = re.search(rf"/\* Step {number}\. (.*?)\*/", code, re.DOTALL)
    return " ".join(found[1].replace("*", " ").split()) if found else ""


def at(source, line):
    """Return the number of the step that this line of the file `source` is part of.

    Finished programs keep the comments of their steps.  0 when it is part of none.
    """
    try:
        with open(source, encoding="utf-8", errors="replace") as file:
            before = file.read().split("\n")[:line]
    except OSError:
        return 0
    for text_of_line in reversed(before):
        found = re.search(r"/\* Step (\d+)\.", text_of_line)
        if found or text_of_line.startswith("}"):
            return int(found[1]) if found else 0
    return 0


def first(directory):
    """Return (file, line, step) of the first step left to do in `directory`.

    Of steps with the same number those in a module come first: programs use it.
    """
    left = []
    for file in sources.c_files(directory):
        with open(os.path.join(directory, file), encoding="utf-8",
                  errors="replace") as code:
            left += [(int(m[1]), not sources.is_module(file), file, number)
                     for number, line in enumerate(code, 1)
                     if (m := re.search(r"\btodo\((\d+)\)", line))]
    step, _, file, line = min(left, default=(1, False, "", 0))
    return file, line, step


def is_skeleton(skeleton, directory):
    """Say whether the C files in `directory` are those of `skeleton`, untouched."""
    names = sources.c_files(skeleton)
    return bool(names) and all(
        _contents(os.path.join(skeleton, n)) == _contents(os.path.join(directory, n))
        for n in names)


def _contents(path):
    """Return the bytes of a file, however its lines end; None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read().replace(b"\r\n", b"\n")
    except OSError:
        return None
