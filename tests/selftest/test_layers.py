"""The house is built in layers: no package knows of those above it."""
import ast
import os
import unittest

import measure
from support import TESTS, files_below, shown, text_of

# What each package may import from: itself, and these.
MAY_IMPORT = {
    "words": "",
    "course": "words",
    "build": "words course",
    "bench": "words course",
    "wire": "words bench",
    "stage": "words course build bench wire",
    "verdict": "words course build bench wire stage",
    "pages": "words",
    "desk": "words course build bench wire stage verdict pages",
    "checks": "stage",
    "compare": "words course build bench",
}
TREES = {name: f"tests/grader/{name}" for name in MAY_IMPORT}
TREES.update(checks="tests/checks", compare="tests/compare")
LONGEST_FUNCTION = 40               # lines
WIDTH = 88                          # columns


def files_of(package):
    """Return the paths of the Python files of a package."""
    return files_below(TREES[package], ends=(".py",))


def imports(path):
    """Yield (line, package, name) of what a file imports of the house, as written.

    name  what is imported from the package: a name or a module of it; None for
          the package itself
    """
    parts = os.path.relpath(path, TESTS).split(os.sep)[:-1]
    for node in ast.walk(ast.parse(text_of(path))):
        names = [(a.name, None) for a in node.names] if isinstance(node, ast.Import) \
            else []
        if isinstance(node, ast.ImportFrom):
            above = parts[:len(parts) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            names = [(module, a.name) for a in node.names]
        for module, name in names:
            words = [w for w in (*module.split("."), name) if w]
            if words[0] == "grader" and len(words) > 1:
                yield node.lineno, words[1], words[2:]
            elif words[0] in ("checks", "compare"):
                yield node.lineno, words[0], words[1:]


def modules_of(package):
    """Return the names of the modules of a package of the grader."""
    return {os.path.basename(p)[:-3] for p in files_of(package)} - {"__init__"}


class Layers(unittest.TestCase):
    """Who may know whom."""

    def test_every_package_has_its_line(self):
        """the table names every package of the grader, and no other"""
        there = {shown(p).split("/")[2] for p in files_below("tests/grader",
                                                             ends=(".py",))}
        self.assertEqual(there - {"__init__.py"},
                         set(MAY_IMPORT) - {"checks", "compare"})

    def test_imports_point_downwards(self):
        """a package imports only what the table allows it"""
        for package, allowed in MAY_IMPORT.items():
            for path in files_of(package):
                for line, other, _ in imports(path):
                    with self.subTest(f"{shown(path)}:{line}"):
                        self.assertIn(other, {package, *allowed.split()})

    def test_checks_see_names_alone(self):
        """a lesson's checks import names that grader.stage offers, and no module"""
        for path in files_of("checks"):
            for line, package, words in imports(path):
                if package == "stage":
                    with self.subTest(f"{shown(path)}:{line}"):
                        self.assertEqual(len(words), 1)
                        self.assertNotIn(words[0], modules_of("stage"))

    def test_nothing_through_a_neighbours_pocket(self):
        """no file says a.b.c where a and b are modules of the house"""
        houses = {p: modules_of(p) for p in MAY_IMPORT if p not in ("checks",)}
        every = set().union(*houses.values())
        for package in MAY_IMPORT:
            for path in files_of(package):
                own = {words[-1] for _, _, words in imports(path) if words} & every
                for node in ast.walk(ast.parse(text_of(path))):
                    if isinstance(node, ast.Attribute) and \
                            isinstance(node.value, ast.Attribute) and \
                            isinstance(node.value.value, ast.Name) and \
                            node.value.value.id in own:
                        with self.subTest(f"{shown(path)}:{node.lineno}"):
                            self.assertNotIn(node.value.attr, every)

    def test_no_sleep(self):
        """nothing sleeps in order to wait"""
        for path in files_below("tests", ends=(".py",)):
            calls = [n for n in ast.walk(ast.parse(text_of(path)))
                     if isinstance(n, ast.Attribute) and n.attr == "sleep"]
            with self.subTest(shown(path)):
                self.assertEqual([n.lineno for n in calls], [])


class Shape(unittest.TestCase):
    """Python code keeps to the style."""

    def test_documented(self):
        """every module, class and public function says what it is, every test too"""
        for path in files_below("tests/grader", "tests/selftest", ends=(".py",)):
            with self.subTest(shown(path)):
                self.assertEqual(measure.undocumented(text_of(path)), [])

    def test_functions_and_lines_fit(self):
        """no function is longer than 40 lines, no line longer than 88 columns"""
        for path in files_below("tests", ends=(".py",)):
            text = text_of(path)
            with self.subTest(shown(path)):
                self.assertEqual([f for f in measure.python_functions(text)
                                  if f.lines > LONGEST_FUNCTION], [])
                self.assertEqual([n for n, line in enumerate(text.splitlines(), 1)
                                  if len(line) > WIDTH], [])


if __name__ == "__main__":
    unittest.main()
