"""Hints in threes, as docs/ keeps them: a question, the concept, an example."""
import os
import re

from ..words.trouble import Infra
from .places import ROOT

PLACE = os.path.join(ROOT, "docs", "hints")
COMPILER = os.path.join(PLACE, "compiler.md")
COUNT = 3


def three(text):
    """Return the hints "1. ... 2. ... 3. ..." of a piece of Markdown, as plain text."""
    parts = re.split(r"^[123]\. ", text, flags=re.MULTILINE)[1:]
    return [re.sub(r"^   ", "", p.strip(), flags=re.MULTILINE) for p in parts]


def sections(path):
    """Return {heading: three hints} of a file; Infra when it is not as it should be."""
    try:
        with open(path, encoding="utf-8") as file:
            parts = re.split(r"^## (.+)\n", file.read(), flags=re.MULTILINE)[1:]
    except OSError:
        raise Infra(f"{os.path.relpath(path, ROOT)} is missing") from None
    found = {head: three(text) for head, text in zip(parts[::2], parts[1::2])}
    for head, hints in found.items():
        if len(hints) != COUNT:
            raise Infra(f"{os.path.relpath(path, ROOT)}: {head} has {len(hints)} hints")
    return found


def of_compiler(section):
    """Return the three hints about a kind of complaint, see build.found()."""
    return sections(COMPILER)[section]


def of_step(number, file, step):
    """Return the three hints for a step that lesson `number` has reached.

    file  that the step is in, such as "upperd.c"; it may be of an earlier lesson
    """
    name = f"{file if file.endswith('.c') else file + '.c'}, step {step}"
    for lesson in range(number, 0, -1):
        path = os.path.join(PLACE, f"{lesson:02}.md")
        if os.path.exists(path) and name in (known := sections(path)):
            return known[name]
    raise Infra(f"docs/hints has no section \"{name}\"")
