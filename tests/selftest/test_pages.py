"""The page a learner reads, in every shape it has: kept in pages/, compared with runs.

pages/NAME.json is the document of a real run, pages/NAME.txt the page made of it.
GOLDEN=write python3 tests/selftest/test_pages.py makes them anew: read the diff.
"""
import json
import os
import re
import unittest

import mutants
import support
from support import HERE, ROOT, first_failure, lesson_named, solution_files, text_of

from grader.pages.page import page as page_of
from grader.verdict import document as documents
from grader.verdict.record import Record

PAGES = os.path.join(HERE, "pages")
WIDTH = 80                          # columns
KEPT = 1500                         # characters of a sanitizer's report
CHANGING = [                        # what differs from run to run
    (r"\d+\.\d s", "0.0 s"), (r"(127\.0\.0\.\d|\[::1\])([: ])\d{4,5}", r"\1\2PORT"),
    (r"since [\d.]+ ms", "since 0.0 ms"), (r"about [\d,]+ times", "about N times"),
    (r"called [\d,]+\s+times", "called N times"), (r"x [\d,]{3,}", "x N"),
    (r"selftest/[0-9a-f]{20}", "selftest/" + "0" * 20), (r"0x[0-9a-f]{6,}", "0x0"),
    (r"has \d+ processes", "has N processes"), (r"\.c:\d+", ".c:N"), (r" +", " ")]


def mutant(bug, number, name=""):
    """Return the sources of the first mutant of lesson `number` that shows `bug`.

    name  of the mutant, where it is not the first
    """
    lesson = lesson_named(number)
    found = next(m for m in mutants.mutants(lesson)
                 if m.bug == bug and name in m.name)
    return support.apply_patch(found.patch, {
        n: t.decode() for n, t in solution_files(lesson).items()})


def changed(number, old, new):
    """Return the sources of a solution, with one piece of its text changed."""
    files = {n: t.decode() for n, t in solution_files(lesson_named(number)).items()}
    name, = files
    if files[name].count(old) != 1:
        raise AssertionError(f"{old!r} is not once in {name}")
    return {name: files[name].replace(old, new)}


def skeleton(number):
    """Return the sources of a skeleton."""
    return support.sources_in(os.path.join(support.HERE, "skeletons",
                                           lesson_named(number)))


def hostile(name):
    """Return a hostile program as lesson 04's."""
    return {"upperd.c": text_of(support.HERE, "hostile", name + ".c")}


LEAVES_A_CHILD = ("int main(int argc, char *argv[])\n{\n",
                  "int main(int argc, char *argv[])\n{\n"
                  "    if (fork() == 0) {\n        setsid();\n        pause();\n"
                  "    }\n")

# name: (lesson, how to make the sources, verdict)
SHAPES = {
    "pass": (1, lambda: solution_files(lesson_named(1)), "PASS"),
    "failure": (4, lambda: mutant("D20", 4), "FAIL"),
    "failure-of-bytes": (1, lambda: mutant("G4", 1), "FAIL"),
    "untouched": (1, lambda: skeleton(1), "UNTOUCHED"),
    "build": (4, lambda: changed(4, "    close(conn_fd);", "    close(conn_fd)"),
              "BUILD"),
    "missing": (1, lambda: {"client.c": "int x;\n"}, "BUILD"),
    "hang": (4, lambda: mutant("E16", 4), "TIMEOUT"),
    "spin": (4, lambda: mutant("E7", 4), "TIMEOUT"),
    "crash": (1, lambda: mutant("E6", 1), "CRASH"),
    "abort": (4, lambda: hostile("aborts"), "CRASH"),
    "limit": (4, lambda: hostile("endless-output"), "LIMIT"),
    "infra": (4, lambda: hostile("kills-its-parent"), "INFRA"),
    "leftover": (1, lambda: changed(1, *LEAVES_A_CHILD), "LEFTOVER"),
    "children": (10, lambda: mutant("K3", 10), "TIMEOUT"),
    "unnamed": (9, lambda: changed(9, "int byte = getc(rfile);",
                                   "signed char byte = (signed char)getc(rfile);"),
                "FAIL"),
    "threads": (11, lambda: mutant("D19", 11, "joins-at-once"), "TIMEOUT"),
}


ALL = (*SHAPES, "skip", "own")      # two that are made of another one's document


def live(name):
    """Grade the sources of a shape; return the document."""
    number, make, _ = SHAPES[name]
    return support.grade(number, support.submission(make()))


def skipped(document):
    """Return a passed document as it is where one check could not be shown."""
    records = [Record.from_dict(c) for c in json.loads(json.dumps(document["checks"]))]
    records[2].verdict = "SKIP"
    records[2].reason = "this machine has no IPv6 loopback address ::1"
    records[2].points["earned"] = 0
    documents.fill_in(document, records, records)
    return document


def of_a_learner(document):
    """Return a document as it is when a learner checks the lesson's own files."""
    document["lesson"].update(own=True, file="lessons/04-tcp-server/upperd.c")
    document.update(hint_level=1, course={"passed": 3, "of": 24},
                    notes=["the compiler warns 1 times; first: upperd.c:9: warning"])
    return document


def steady(document):
    """Return a document without what is of this machine alone."""
    document["build"]["programs"] = {}
    document["milliseconds"] = 400
    for check in document["checks"]:
        check["milliseconds"] = 1
        check["report"] = check["report"][:KEPT]
        # Before lines are broken: a longer number would break them elsewhere.
        check["where"] = re.sub(r"[\d,]+ times", "500,000 times", check["where"])
        check["where"] = re.sub(r"since [\d.]+ ms", "since 0.5 ms", check["where"])
    text = json.dumps(document).replace(ROOT, "/course")
    return json.loads(re.sub(r"(?:/dev/shm|/tmp)/\S*?loopback-\w+", "/scratch", text))


def without_chart(page):
    """Return the lines of a page that do not depend on luck, what changes blanked."""
    text = re.sub(r"  What happened.*?\n\n", "  What happened\n\n", page,
                  flags=re.DOTALL)
    text = re.sub(r"\n  stderr .*(\n {12}.*)*", "\n  stderr", text)
    text = re.sub(r"\n  at .*", "\n  at", text)
    text = re.sub(r"\n  Next +make check.*", "\n  Next", text)     # lessons are added
    for pattern, steady_text in CHANGING:
        text = re.sub(pattern, steady_text, text)
    return text.split("\n")


class Pages(unittest.TestCase):
    """Every shape of the page."""

    maxDiff = None

    def test_kept_pages(self):
        """the page of each kept document is the page kept beside it"""
        for name in ALL:
            with self.subTest(name):
                page = page_of(json.loads(text_of(PAGES, name + ".json")))
                self.assertEqual(page, text_of(PAGES, name + ".txt"))

    def test_no_stray_files(self):
        """pages/ holds nothing but these"""
        self.assertEqual(sorted(os.listdir(PAGES)), sorted(
            name + end for name in ALL for end in (".json", ".txt")))

    def test_width(self):
        """no page has a line of more than 80 columns or a blank at the end of a line"""
        for name in ALL:
            page = page_of(json.loads(text_of(PAGES, name + ".json")), whole=True)
            for line in page.splitlines():
                with self.subTest(name, line=line):
                    # The compiler's own words are shown as they are.
                    if name != "build" or line.startswith("  ") and ".c:" not in line:
                        self.assertLessEqual(len(line), WIDTH)
                    self.assertEqual(line, line.rstrip())

    def test_colours_change_nothing(self):
        """with its colours taken out the coloured page is the plain one"""
        for name in ALL:
            with self.subTest(name):
                whole = json.loads(text_of(PAGES, name + ".json"))
                coloured = page_of(whole, colour=True)
                self.assertIn("\033[", coloured)
                self.assertEqual(re.sub(r"\033\[\d*m", "", coloured),
                                 page_of(whole))

    def is_as_kept(self, name):
        """A run gives the verdict, and but for the chart the page that is kept."""
        document = live(name)
        self.assertEqual(document["verdict"], SHAPES[name][2], support.told(document))
        kept = json.loads(text_of(PAGES, name + ".json"))
        self.assertEqual((first_failure(document) or {}).get("bug"),
                         (first_failure(kept) or {}).get("bug"))
        self.assertEqual(without_chart(page_of(steady(document))),
                         without_chart(text_of(PAGES, name + ".txt")))


def _add(name):
    """Add the test of a live page."""
    def test(self):
        self.is_as_kept(name)
    test.__doc__ = f"a run today gives the page kept as {name}"
    setattr(Pages, "test_live_" + name.replace("-", "_"), test)


for _name in SHAPES:
    _add(_name)


def write():
    """Make all documents and pages anew."""
    os.makedirs(PAGES, exist_ok=True)
    documents = {name: live(name) for name in SHAPES}
    documents["skip"] = skipped(live("pass"))
    documents["own"] = of_a_learner(live("failure"))
    for name, document in documents.items():
        document = steady(document)
        for end, text in ((".json", json.dumps(document, indent=1) + "\n"),
                          (".txt", page_of(document))):
            with open(os.path.join(PAGES, name + end), "w", encoding="utf-8") as file:
                file.write(text)
        print(f"{name:20} {document['verdict']}")


if __name__ == "__main__":
    if os.environ.get("GOLDEN") == "write":
        write()
    else:
        unittest.main()
