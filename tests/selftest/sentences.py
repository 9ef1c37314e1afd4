#!/usr/bin/env python3
"""Writes docs/sentences.md: what each README promises, and what examines it.

    python3 tests/selftest/sentences.py

A promise is a bullet under "What can go wrong", or a sentence of the contract: of
the section "The contract", or of the paragraph under "Your work" that begins so.
tests/checks/sentences/NN.txt says, line by line, `checks | first words`; in place of
checks it may say `(why nothing examines it)`.
"""
import os
import re
import sys
from collections import namedtuple

import mutants
import support
from support import ROOT, lessons, text_of

TABLE = os.path.join(ROOT, "docs", "sentences.md")
DATA = os.path.join(ROOT, "tests", "checks", "sentences")
END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*])")

# checks  IDs, a list; reason: why there are none, or ""; beginning: first words
Row = namedtuple("Row", "checks reason beginning")

HEAD = """\
# The sentences: what a README promises, and what examines it

A row for each bullet under "What can go wrong" and for each sentence of the contract,
with the checks that examine it and the mutants that break it. `make sentences`
writes this file from `tests/checks/sentences/`; `make test` fails where a sentence
has no row, or a row no sentence.
"""


def promises(lesson):
    """Return the promises of a lesson's README, in order, each on one line."""
    text = text_of("lessons", lesson, "README.md")
    wrong = bullets(section(text, "What can go wrong"))
    contract = section(text, "The contract") or _paragraphs(section(text, "Your work"))
    return [*wrong, *(one for item in bullets(contract) for one in END.split(item))]


def section(text, title):
    """Return what stands under a heading, "" if there is none."""
    found = re.search(rf"^## {title}.*?\n(.*?)(?=^## |\Z)", text,
                      re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def _paragraphs(text):
    """Return the contract in "Your work": from its paragraph on, as one bullet each."""
    parts = re.split(r"\n\n+", text.strip())
    start = next((i for i, p in enumerate(parts) if p.startswith("The contract")),
                 len(parts))
    return "\n\n".join(p if p.startswith("- ") else "- " + p for p in parts[start:])


def bullets(text):
    """Return the bullets of a text, each on one line without its mark."""
    found = re.findall(r"^- (.*?)(?=^- |^\S|\Z|\n\n(?! ))", text + "\n",
                       re.MULTILINE | re.DOTALL)
    return [" ".join(each.split()) for each in found]


def rows(lesson):
    """Return the Rows of a lesson."""
    path = os.path.join(DATA, lesson[:2] + ".txt")
    lines = text_of(path).splitlines() if os.path.exists(path) else []
    found = []
    for line in filter(None, (each.partition("#")[0].strip() for each in lines)):
        left, _, beginning = (part.strip() for part in line.partition(" | "))
        reason = left if left.startswith("(") else ""
        found.append(Row([] if reason else left.split(), reason, beginning))
    return found


def matched(lesson):
    """Return [(promise, Row or None)], and the Rows that no promise begins with."""
    left = rows(lesson)
    pairs = []
    for promise in promises(lesson):
        row = next((r for r in left if promise.startswith(r.beginning)), None)
        pairs.append((promise, row))
        if row:
            left.remove(row)
    return pairs, left


def table(lesson):
    """Return the part of the file about one lesson."""
    by_check = {}
    for mutant in mutants.mutants(lesson):
        by_check.setdefault(mutant.check, []).append(mutant.name)
    lines = [f"## Lesson {lesson}\n", "| Sentence | Checks | Mutants |",
             "|---|---|---|"]
    for promise, row in matched(lesson)[0]:
        checks = row.checks if row else []
        broken = [name for check in checks for name in by_check.get(check, [])]
        cell = promise.replace("|", "\\|")
        lines.append(f"| {cell} | {', '.join(checks) or (row and row.reason) or '-'} "
                     f"| {', '.join(broken) or '-'} |")
    return "\n".join(lines) + "\n"


def document():
    """Return the whole text of docs/sentences.md."""
    return "\n".join([HEAD, *map(table, lessons())])


def main():
    """Write the file; exit status 1 where a sentence has no row."""
    with open(TABLE, "w", encoding="utf-8") as file:
        file.write(document())
    lacking = 0
    for lesson in lessons():
        pairs, left = matched(lesson)
        for promise, row in pairs:
            if row is None:
                lacking += 1
                print(f"{lesson}: no row for: {promise}")
        for row in left:
            lacking += 1
            print(f"{lesson}: no sentence begins with: {row.beginning}")
    print(f"docs/sentences.md is new; {lacking} rows or sentences lack the other")
    return 1 if lacking else 0


if __name__ == "__main__":
    support.lessons()
    sys.exit(main())
