#!/usr/bin/env python3
"""Grades every mutant with every check and writes the matrix: docs/mutants.md.

    python3 tests/selftest/mutants.py [--first] [LESSON...]

With lessons, only their parts are made anew.  With --first the checks behind the one
that finds a mutant are not run: a third of the time.
"""
import concurrent.futures
import hashlib
import os
import re
import sys
from collections import namedtuple

import support
from support import ROOT, grade, lessons, sources_in, text_of

from grader.course import sources

MATRIX = os.path.join(ROOT, "docs", "mutants.md")

# bug, check  what the first line of the patch names; fault: its sentence
Mutant = namedtuple("Mutant", "lesson name bug check fault patch")

HEAD = """\
# The mutants: which check catches which mistake

Each row is a solution with one mistake put in (`tests/selftest/mutants/`), each
column a check of the lesson. **X** is the check that must find this mistake, and
name its bug; **x** is a check that fails as well, further down; **!** one that fails
before it, which must not be. Where nothing stands, the check was not run: the one
that finds the mistake had failed.

`make mutants` grades every mutant with every check and writes this file. `make
test` grades each again with the check that must find it, and looks whether the
rest of the table still holds: of the checks, the mutants and the solution that a
part was made of, it has the digest.
"""


def mutants(lesson):
    """Return the Mutants of a lesson, in order."""
    top = os.path.join(support.HERE, "mutants", lesson)
    files = sorted(os.listdir(top)) if os.path.isdir(top) else []
    return [read(lesson, f) for f in files if f.endswith(".patch")]


def read(lesson, file):
    """Return the Mutant of a patch; ValueError when its first line is not one."""
    patch = text_of(support.HERE, "mutants", lesson, file)
    first = patch.partition("\n")[0]
    found = re.fullmatch(r"([A-Z]\d+) (\w+): (.+)", first)
    if not found:
        raise ValueError(f"{lesson}/{file}: the first line is {first!r}")
    return Mutant(lesson, file[:-len(".patch")], *found.groups(), patch)


def place(mutant):
    """Return a directory with the mutant's sources; BadPatch when it does not fit."""
    solution = {n: t.decode() for n, t in sources_in(
        os.path.join(ROOT, "solutions", mutant.lesson)).items()}
    return support.submission(support.apply_patch(mutant.patch, solution))


def row(mutant, checks, how=("--all",)):
    """Grade a mutant with all checks; return its row of the table.

    how  (): the checks behind the first that fails are not run
    """
    document = grade(int(mutant.lesson[:2]), place(mutant), *how)
    marks = []
    for check in document["checks"]:
        failed = check["verdict"] not in ("PASS", "SKIP", None)
        if check["verdict"] is None:
            break                       # not run
        late = checks.index(check["id"]) > checks.index(mutant.check)
        marks.append("." if not failed else "X" if check["id"] == mutant.check
                     and check["bug"] == mutant.bug else "x" if late else "!")
    marks += [" "] * (len(checks) - len(marks))     # not run
    return key(mutant) + " ".join(f"{m} |" for m in marks)


def key(mutant):
    """Return the start of a mutant's row: what can be known without grading it."""
    patch = f"../tests/selftest/mutants/{mutant.lesson}/{mutant.name}.patch"
    return (f"| [{mutant.name}]({patch}) "
            f"| [{mutant.bug}](bugs/{mutant.bug}.md) | {mutant.check} | ")


def table(lesson, say, how):
    """Return the part of the file about one lesson; say(mutant) before each row."""
    checks = list(support.lesson_class(lesson).checks())
    parts = [f"## Lesson {lesson}\n", f"Made of {digest(lesson)}.\n"]
    parts += [f"{i}. {support.lesson_class(lesson).checks()[c].__doc__}"
              for i, c in enumerate(checks, 1)]
    parts += ["", "| Mutant | Bug | Check | "
              + " ".join(f"{i} |" for i in range(1, len(checks) + 1)),
              "|---|---|---|" + "---|" * len(checks)]

    def work(mutant):
        say(mutant)
        return row(mutant, checks, how)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        parts += pool.map(work, mutants(lesson))
    return "\n".join(parts) + "\n"


def digest(lesson):
    """Return the digest of all that a lesson's table depends on, the grader apart."""
    number = int(lesson[:2])
    paths = [os.path.join(ROOT, "tests", "checks", f"lesson{number:02}.py"),
             *(sys.modules[c.__module__].__file__
               for c in support.lesson_class(lesson).__mro__[1:-1]),
             *sources.given(number, "solutions")]
    for top in (os.path.join(support.HERE, "mutants", lesson),
                os.path.join(ROOT, "solutions", lesson), os.path.join(ROOT, "common")):
        paths += [os.path.join(top, n) for n in sorted(os.listdir(top))]
    made_of = hashlib.sha256()
    for path in paths:
        if os.path.basename(path) != "lesson.py":       # the verbs are the grader's
            made_of.update(text_of(path).encode())
    return made_of.hexdigest()[:16]


def digests():
    """Return {lesson: the digest that its part of the file was made of}."""
    return {lesson: re.search(r"^Made of ([0-9a-f]{16})\.$", part, re.MULTILINE)[1]
            for lesson, part in old_parts().items()}


def old_parts():
    """Return {lesson: its part of the file as it is}."""
    text = text_of("docs", "mutants.md") if os.path.exists(MATRIX) else ""
    parts = re.split(r"^(?=## Lesson )", text, flags=re.MULTILINE)[1:]
    return {p.split()[2]: p.rstrip("\n") + "\n" for p in parts}


def main(arguments):
    """Write docs/mutants.md; exit status 1 if a mutant was not caught as it must."""
    def say(mutant):
        print(f"  {mutant.lesson}  {mutant.name}", flush=True)
    how = () if "--first" in arguments else ("--all",)
    wanted = {int(a) for a in arguments if a != "--first"}
    old = old_parts() if wanted else {}
    text = "\n".join([HEAD, *(
        old[lesson] if lesson in old and int(lesson[:2]) not in wanted
        else table(lesson, say, how) for lesson in lessons())])
    with open(MATRIX, "w", encoding="utf-8") as file:
        file.write(text)
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    wrong = [line for line in rows if " X |" not in line or " ! |" in line]
    print("\n".join(wrong + [f"{len(rows)} mutants, {len(wrong)} not caught as they "
                             "must be; docs/mutants.md is new"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
