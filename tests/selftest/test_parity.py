"""A skeleton and its solution are one text, and all C code keeps to the style."""
import os
import re
import unittest

import measure
import support
from support import ROOT, files_below, shown, text_of

LONGEST_FUNCTION = 40               # lines
WIDTH = 80                          # columns
C_TREES = ("common", "solutions", "tests/interposer", "tests/compare",
           "tests/selftest/known")
BESIDE = ("tests/selftest/skeletons", "tests/selftest/alternatives")


def pairs():
    """Yield (name, text of the skeleton, text of the solution)."""
    for path in files_below("tests/selftest/skeletons", ends=(".c", ".h")):
        name = os.path.relpath(path, os.path.join(support.HERE, "skeletons"))
        yield name, text_of(support.HERE, "skeletons", name), text_of("solutions", name)


def differs(skeleton, solution):
    """Return the first line of the skeleton that the solution lacks, or None.

    The lines between two todo lines must stand in the solution as they are; only
    in the place of a todo line may other lines be.
    """
    # A paragraph of its own, the #include of todo.h goes with its blank line.
    skeleton = re.sub(r'\n\n(#include "todo.h".*\n\n)', r"\n\1", skeleton)
    want, have = skeleton.splitlines(), solution.splitlines()
    blocks, at = [[]], 0
    for line in want:
        if "todo" in line:
            blocks.append([])
        else:
            blocks[-1].append(line)
    if len(blocks) == 1:
        have = have if have == want else []     # nothing is left to do in this file
    for i, block in enumerate(blocks):
        places = range(at, len(have) - len(block) + 1) if i else [0]
        if i == len(blocks) - 1:
            places = [len(have) - len(block)]
        found = next((p for p in places if p >= at and
                      have[p:p + len(block)] == block), None)
        if found is None:
            gone = [line for line in block if line not in have]
            return (gone or block)[0]
        at = found + len(block)
    return None


class Parity(unittest.TestCase):
    """What a learner is given and what we wrote are the same but for the steps."""

    def test_every_skeleton_has_a_solution(self):
        """lessons/, solutions/ and tests/selftest/skeletons/ hold the same C files"""
        def tree(top):
            return {os.path.relpath(p, os.path.join(ROOT, top))
                    for p in files_below(top, ends=(".c", ".h"))}
        self.assertEqual(tree("tests/selftest/skeletons"), tree("solutions"))
        self.assertLessEqual(tree("tests/selftest/skeletons"), tree("lessons"))
        self.assertTrue(tree("solutions"))

    def test_only_todo_lines_disappear(self):
        """every line of a skeleton that the solution lacks contains todo"""
        for name, skeleton, solution in pairs():
            with self.subTest(name):
                self.assertIsNone(differs(skeleton, solution))

    def test_difference_is_found(self):
        """the comparison itself sees a line that was changed, added or lost"""
        for skeleton, solution, answer in [
                ("a\ntodo(1);\nb", "a\nx\ny\nb", None),
                ("a\ntodo(1);\nb", "a\nb", None),
                ("a\nb", "a\nc\nb", "a"), ("b", "a\nb", "b"), ("a\nb", "a\nb", None),
                ("a\ntodo(1);\nb", "a\nx\nc", "b"),
                ("a\ntodo(1);\nb\nc\ntodo(2);", "a\nx\nb\ny\nc\nz", "b"),
                ("a\ntodo(1);\nb", "c\nb", "a")]:
            with self.subTest(skeleton=skeleton, solution=solution):
                self.assertEqual(differs(skeleton, solution), answer)

    def test_steps_are_announced_and_left_to_do_once(self):
        """steps are numbered 1 to n, each announced once and left to do once"""
        steps = {}
        for name, skeleton, _ in pairs():
            announced = sorted(map(int, re.findall(r"/\* Step (\d+)\.", skeleton)))
            left = sorted(map(int, re.findall(r"\btodo\((\d+)\)", skeleton)))
            with self.subTest(name):
                self.assertEqual(left, announced)
            steps.setdefault(os.path.dirname(name), []).append(left)
        for lesson, files in steps.items():
            together = sorted(n for numbers in files for n in numbers)
            # Either the lesson counts them, or each of its programs does.
            counted = [together] if len(set(together)) == len(together) else files
            for numbers in counted:
                with self.subTest(lesson):
                    self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
            self.assertTrue(together, lesson)

    def test_step_comments_are_the_same(self):
        """a step's comment is the same in both files and names a page or a header"""
        for name, skeleton, solution in pairs():
            comments = [re.findall(r"/\* Step .*?\*/", text, re.DOTALL)
                        for text in (skeleton, solution)]
            with self.subTest(name):
                self.assertEqual(*comments)
            for comment in comments[0]:
                with self.subTest(comment):
                    self.assertRegex(comment, r"\w+\(\d\)|\w+\.h")

    def test_solutions_have_no_todo(self):
        """no todo is left in a solution"""
        for path in files_below("solutions"):
            with self.subTest(shown(path)):
                self.assertNotIn("todo", text_of(path))

    @unittest.skipUnless(os.environ.get("CI"), "machine: lessons/ may hold a "
                         "learner's work; only CI compares it with the skeletons")
    def test_lessons_are_skeletons(self):
        """a fresh clone's lessons/ equals tests/selftest/skeletons/"""
        for name, skeleton, _ in pairs():
            with self.subTest(name):
                self.assertEqual(text_of("lessons", name), skeleton)


class Shape(unittest.TestCase):
    """Lines and functions are as long as the style allows."""

    def test_lines_fit(self):
        """no line of C is longer than 80 columns, has a tab or a blank at its end"""
        for path in files_below(*C_TREES, "tests/selftest", ends=(".c", ".h")):
            wrong = [n for n, line in enumerate(text_of(path).splitlines(), 1)
                     if len(line) > WIDTH or "\t" in line or line != line.rstrip()]
            with self.subTest(shown(path)):
                self.assertEqual(wrong, [], "lines")

    def test_functions_fit_on_a_screen(self):
        """no function of C is longer than 40 lines, main included"""
        for path in files_below(*C_TREES, *BESIDE, ends=(".c",)):
            for function in measure.c_functions(text_of(path)):
                if function.lines > LONGEST_FUNCTION:
                    with self.subTest(f"{shown(path)}:{function.line}"):
                        self.fail(f"{function.name} has {function.lines} lines")

    def test_measure(self):
        """the measurer of functions counts what it should"""
        text = ('#define F(x) { \\\n}\nstruct s {\n int a;\n};\nint t[] = { 1 };\n'
                'static int f(int a)\n{\n    if (a) {\n    }\n    return \'{\';\n}\n'
                'void g(void) { }\n__attribute__((x)) int h(int a,\n int b)\n{\n}\n')
        found = [(f.name, f.line, f.lines) for f in measure.c_functions(text)]
        self.assertEqual(found[:2], [("f", 8, 5), ("g", 13, 1)])
        self.assertEqual(len(found), 3)


class Patches(unittest.TestCase):
    """The mutants' patches are applied exactly."""

    FILE = {"x.c": "".join(f"line {i}\n" for i in range(1, 20))}
    PATCH = ("said\n--- a/x.c\n+++ b/x.c\n@@ -2,3 +2,3 @@\n line 2\n-line 3\n+three\n"
             " line 4\n@@ -18,2 +18,3 @@\n line 18\n+more\n line 19\n")

    def test_fits(self):
        """a patch that fits changes what it says and nothing else"""
        want = self.FILE["x.c"].replace("line 3\n", "three\n").replace(
            "line 18\n", "line 18\nmore\n")
        self.assertEqual(support.apply_patch(self.PATCH, self.FILE)["x.c"], want)

    def test_moved(self):
        """a hunk that has moved is found by its context"""
        moved = {"x.c": "more\n" * 5 + self.FILE["x.c"]}
        self.assertEqual(support.apply_patch(self.PATCH, moved)["x.c"],
                         "more\n" * 5 + support.apply_patch(self.PATCH,
                                                            self.FILE)["x.c"])

    def test_does_not_fit(self):
        """a patch whose context is elsewhere, or of another file, is refused"""
        for change in (("line 4", "line 5"), ("line 18", "line 17"), ("b/x.c", "b/y.c"),
                       ("\n line 18", "\nline 18")):
            with self.subTest(change), self.assertRaises(support.BadPatch):
                support.apply_patch(self.PATCH.replace(*change), self.FILE)


if __name__ == "__main__":
    unittest.main()
