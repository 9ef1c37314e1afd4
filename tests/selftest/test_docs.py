"""The documents are true: links lead somewhere, commands exist, pages have a shape."""
import ast
import os
import re
import subprocess
import tempfile
import unittest

import support
from support import ROOT, files_below, lessons, shown, text_of

from grader.course import bugs

RULE_LIMIT = 240                    # characters
SECTIONS = ["What you see", "Why it happens", "How the check catches it",
            "How to mend it", "Hints"]
# Commands shown in a README that are not run here, and why.
NOT_RUN = {
    r"make (test|flake|mutants|bench-grader)\b": "it would run these tests again",
    r"make compare$": "it takes most of a minute: see test_compare.py",
    r"make (watch|play)-": "it ends with Ctrl-C: see test_usage.py",
    r"(\./)?build/": "a server, or a client of one in a second terminal",
    r"(nc|socat|curl|printf|telnet|man)\b": "it talks to one in a second terminal",
    r"kill|jobs|fg": "it is about a program in a second terminal",
    r".*(SUBMISSION|--submission) ?=?DIR": "DIR stands for a directory of your own",
}
FOREIGN = re.compile(               # what no file of a course has to say
    r"/(root|home|work|workspace|Users)/\w|pyenv|\bsub-?agent|\bClaude\b|\bLLM\b"
    r"|issue tracker|/tmp/(bash|brief)", re.IGNORECASE)
BINARY = (".png", ".jpg", ".gif", ".ico")


def documents():
    """Return the paths of all Markdown files of the course."""
    return list(files_below("", ends=(".md",)))


def without_code(text):
    """Return Markdown without code: fenced, indented and between backquotes."""
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^(?: {4}|\t).*$", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(text):
    """Return the anchors of a Markdown text: its headings, as a web page names them."""
    found = []
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.append(re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-"))
    return found


def commands(text):
    """Yield the commands in the code blocks of a README."""
    blocks = re.findall(r"(?:^ {4}.*\n)+", text, re.MULTILINE)
    blocks += re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for line in "".join(blocks).splitlines():
        command = re.sub(r"\s+#.*|\s{3,}.*", "", line.strip())
        if command.startswith("$ "):
            yield command[2:]
        elif re.match(r"(make|python3|diff|\./build|build)\b", command):
            yield command


class Links(unittest.TestCase):
    """Whoever follows a link arrives."""

    def test_links(self):
        """every relative link leads to a file, and to a heading in it if it says so"""
        for path in documents():
            for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text_of(path))):
                if re.match(r"\w+:", target):
                    continue            # another site
                file, _, anchor = target.partition("#")
                there = os.path.normpath(os.path.join(os.path.dirname(path), file)) \
                    if file else path
                with self.subTest(f"{shown(path)}: {target}"):
                    self.assertTrue(os.path.exists(there), "no such file")
                    if anchor:
                        self.assertIn(anchor, anchors(text_of(there)))

    def test_readme_lists_the_lessons(self):
        """README.md's table names the lessons there are, in order"""
        listed = re.findall(r"\[(\d\d) [^\]]*\]\(lessons/([^)/]+)/README.md\)",
                            text_of("README.md"))
        self.assertEqual([name for _, name in listed], lessons())
        self.assertEqual([number for number, _ in listed], [n[:2] for n in lessons()])

    def test_every_lesson_has_a_readme(self):
        """every lesson has its README, titled with its number"""
        for lesson in lessons():
            with self.subTest(lesson):
                text = text_of("lessons", lesson, "README.md")
                self.assertRegex(text, rf"\A# Lesson {lesson[:2]}: ")

    def test_glossary_is_sorted(self):
        """the terms of the glossary are in alphabetical order, each once"""
        terms = [t.lower() for t in re.findall(r"^\*\*(.+?)\*\*:",
                                               text_of("docs", "glossary.md"), re.M)]
        self.assertEqual(terms, sorted(set(terms)))
        self.assertGreater(len(terms), 20)

    def test_nothing_foreign(self):
        """no file names a path of somebody's machine or the tools it was made with"""
        for path in files_below(""):
            if path == os.path.abspath(__file__) or path.endswith(BINARY) \
                    or os.path.basename(path) == "compile_commands.json":
                continue
            found = FOREIGN.search(text_of(path))
            with self.subTest(shown(path)):
                self.assertIsNone(found)


class BugPages(unittest.TestCase):
    """What a failing check says has a page behind it."""

    def test_every_bug_has_a_page(self):
        """every bug a check or the harness can name has a page that parses"""
        for bug in sorted(printable()):
            with self.subTest(bug):
                self.assertEqual(bugs.bug(bug).id, bug)

    def test_pages_have_a_shape(self):
        """every page has its sections, three hints and a rule of at most 240 letters"""
        for path in files_below("docs/bugs", ends=(".md",)):
            name = os.path.basename(path)[:-3]
            if name == "README":
                continue
            with self.subTest(name):
                bug = bugs.bug(name)
                self.assertLessEqual(len(bug.rule), RULE_LIMIT)
                self.assertNotRegex(bug.rule, r"[`*]|\]\(")
                self.assertTrue(all(bug.hints))
                self.assertEqual(re.findall(r"^## (.+)$", text_of(path), re.M),
                                 SECTIONS)

    def test_list_of_bugs(self):
        """docs/bugs/README.md links every page with its title"""
        listed = dict(re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (.*?) \|",
                                 text_of("docs", "bugs", "README.md"), re.M))
        for path in files_below("docs/bugs", ends=(".md",)):
            name = os.path.basename(path)[:-3]
            if name != "README":
                with self.subTest(name):
                    self.assertEqual(listed.get(name), bugs.bug(name).title)


def printable():
    """Return the IDs of bugs that stand in the checks and in the harness."""
    found = set()
    for path in [*files_below("tests/grader", ends=(".py",)),
                 *(os.path.join(ROOT, "tests", "checks", f"lesson{n[:2]}.py")
                   for n in lessons())]:
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and \
                    re.fullmatch(r"[A-Z]\d{1,2}( [A-Z]\d{1,2})*", node.value):
                found.update(node.value.split())
    return found


class Commands(unittest.TestCase):
    """What a reader is told to type can be typed."""

    def test_make_targets_exist(self):
        """every make command in a document names a target and a lesson that exist"""
        rules = re.findall(r"^([\w.%-]+):", text_of("Makefile"), re.MULTILINE)
        patterns = [re.escape(r).replace("%", r"0?(\d+|N)") for r in rules]
        numbers = {int(n[:2]) for n in lessons()}
        for path in documents():
            if "/bugs/" in path:
                continue                # they speak of all the lessons to come
            for target in re.findall(r"(?:`|^ {4}(?:\$ )?)make ([a-z][\w-]*)",
                                     text_of(path), re.MULTILINE):
                found = next(filter(None, (re.fullmatch(p, target)
                                           for p in patterns)), None)
                with self.subTest(f"{shown(path)}: make {target}"):
                    self.assertIsNotNone(found, "no such target")
                    if found.groups() and found[1] != "N":
                        self.assertIn(int(found[1]), numbers)

    def test_commands_run(self):
        """every command of a README that needs no second terminal runs"""
        with tempfile.TemporaryDirectory() as place:
            support.copy_course(place)
            for path in ["README.md", *(f"lessons/{n}/README.md" for n in lessons())]:
                if not os.path.exists(os.path.join(ROOT, path)):
                    continue            # another test says so
                for command in commands(text_of(path)):
                    if not any(re.match(p, command) for p in NOT_RUN):
                        with self.subTest(f"{path}: {command}"):
                            self.runs(command, place)

    def runs(self, command, place):
        """A shell finds all that the command names; that a check fails is no matter."""
        done = subprocess.run(["sh", "-c", command], cwd=place, text=True, timeout=60,
                              env=support.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertLess(done.returncode, 126, done.stdout)
        self.assertNotRegex(done.stdout, r"Traceback|: not found|No rule to make|"
                            r"No such file or directory")


if __name__ == "__main__":
    unittest.main()
