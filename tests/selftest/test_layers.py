"""The harness is built in layers: no module knows of those above it."""
import ast
import os
import unittest

import measure
from support import files_below, shown, text_of

# Each line may import from the lines above it, never from its own or a later one.
LAYERS = """
kernel
failure procfs trace patience lines show compiler_help
layout describe spawn crash wire chart
bugs sources state timeline play program stage
build document report subject
doctor lesson grade
grading
commands
cli
"""
SHARED = ("hello",)                 # checks for more than one lesson
LONGEST_FUNCTION = 40               # lines
WIDTH = 88                          # columns


def layer_of():
    """Return {module: number of its layer}."""
    return {name: i for i, line in enumerate(LAYERS.strip().splitlines())
            for name in line.split()}


def imports(path):
    """Yield (line, name) for each module of the harness that the file imports."""
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.ImportFrom) and node.level:
            for name in [node.module] if node.module else [a.name for a in node.names]:
                yield node.lineno, name


def modules():
    """Return {name: path} of the modules of the harness."""
    return {os.path.basename(p)[:-3]: p
            for p in files_below("tests/harness", ends=(".py",))
            if not p.endswith("__init__.py")}


class Layers(unittest.TestCase):
    """Who may know whom."""

    def test_every_module_has_a_layer(self):
        """the table of layers names every module of the harness, and no other"""
        self.assertEqual(sorted(layer_of()), sorted(modules()))

    def test_imports_point_downwards(self):
        """a module imports only from lower layers"""
        layers = layer_of()
        for name, path in modules().items():
            for line, other in imports(path):
                with self.subTest(f"{shown(path)}:{line}"):
                    self.assertLess(layers[other], layers[name],
                                    f"{name} imports {other}")

    def test_checks_see_only_the_package(self):
        """a lesson's checks import nothing but what harness/__init__.py offers

        Checks that several lessons share lie beside them, under the same rule.
        """
        for path in files_below("tests", ends=(".py",)):
            name = os.path.basename(path)
            if not name.startswith("test_lesson") and name[:-3] not in SHARED:
                continue
            for node in ast.walk(ast.parse(text_of(path))):
                if isinstance(node, ast.ImportFrom):
                    with self.subTest(f"{shown(path)}:{node.lineno}"):
                        self.assertIn(node.module, ("harness", *SHARED))

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
        for path in files_below("tests/harness", "tests/selftest", ends=(".py",)):
            if path.endswith("test_interpose.py"):
                continue                # its tests' names are the sentences
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
