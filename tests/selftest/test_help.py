"""Hints: each step has its three, every example compiles, and hint says what to do."""
import os
import re
import shutil
import subprocess
import unittest

import examples
import support
from support import CourseTest, compilers, files_below, lesson_named, lessons, text_of

from grader.course import hints

STEP = re.compile(r"/\* Step (\d+)\.")


def steps(lesson):
    """Return the sections that a lesson's hints must have, "FILE, step N"."""
    directory = os.path.join(support.HERE, "skeletons", lesson)
    return sorted(f"{name}, step {number}"
                  for name, text in support.sources_in(directory).items()
                  for number in STEP.findall(text.decode()))


class Steps(unittest.TestCase):
    """Every step of every skeleton."""

    def test_each_has_hints(self):
        """each step has three hints, and no hint is about a step that does not exist"""
        for lesson in lessons():
            with self.subTest(lesson):
                path = os.path.join(hints.PLACE, f"{lesson[:2]}.md")
                self.assertEqual(sorted(hints.sections(path)), steps(lesson))

    def test_each_todo_is_a_step(self):
        """each todo() of a skeleton has its comment, so the test above counts it"""
        for lesson in lessons():
            directory = os.path.join(support.HERE, "skeletons", lesson)
            for name, text in support.sources_in(directory).items():
                code = text.decode()
                with self.subTest(f"{lesson}/{name}"):
                    self.assertEqual(sorted(re.findall(r"\btodo\((\d+)\)", code)),
                                     sorted(STEP.findall(code)))

    def test_a_concept_names_where_to_read(self):
        """the second hint names a manual page, a header of the course, or the rule"""
        for lesson in lessons():
            path = os.path.join(hints.PLACE, f"{lesson[:2]}.md")
            for section, three in hints.sections(path).items():
                with self.subTest(f"{lesson} {section}"):
                    self.assertRegex(three[0], r"\?")
                    self.assertRegex(three[1], r"\(\d\)|\b\w+\.h\b")
                    self.assertRegex(three[2], r"\n    ")

    def test_no_hint_is_the_answer(self):
        """no line of an example is a line that the solution adds to the skeleton"""
        for lesson in lessons():
            path = os.path.join(hints.PLACE, f"{lesson[:2]}.md")
            before = self.lines(os.path.join(support.HERE, "skeletons", lesson))
            added = self.lines(os.path.join(support.ROOT, "solutions", lesson)) - before
            for section, three in hints.sections(path).items():
                for line in three[2].splitlines():
                    code = " ".join(line.split())
                    if re.search(r"\w\(.*\w.*\);$", code) and "errno" not in code:
                        with self.subTest(f"{lesson} {section}"):
                            self.assertNotIn(code, added - COMMON)

    @staticmethod
    def lines(directory):
        """Return the lines of the C files in `directory`, blanks made one."""
        return {" ".join(line.split()) for text in
                support.sources_in(directory).values()
                for line in text.decode().splitlines()}


# Lines that stand in many programs and give nothing away.
COMMON = {"pthread_mutex_lock(&lock);", "pthread_mutex_unlock(&lock);", "close(fd);",
          'warn("fork");'}


class Examples(unittest.TestCase):
    """What a learner copies is right."""


def _add(compiler, name, paths):
    """Add the test of the examples in some files with one compiler."""
    def test(self):
        self.assertTrue(any(list(examples.fragments(p)) for p in paths))
        said = examples.complaints(compiler, paths)
        self.assertEqual(said, "", said)
    test.__doc__ = f"the examples of {name} compile without a warning: {compiler}"
    setattr(Examples, f"test_{name}_{compiler}", test)


for _compiler in compilers():
    for _name in ("bugs", "hints"):
        _add(_compiler, _name, [p for p in files_below(f"docs/{_name}", ends=(".md",))
                                if not p.endswith("README.md")])


class Hint(CourseTest):
    """What make hint says after each kind of end."""

    def hint(self, number=4):
        """Run the hint command; return what it says."""
        done = self.run_it(number, "--hint")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def three(self, number=4):
        """Ask three times and once more; return the three different answers."""
        said = [self.hint(number) for _ in range(4)]
        for level in (1, 2, 3):
            self.assertIn(f"Hint {level} of 3\n", said[level - 1])
        self.assertEqual(said[2], said[3])
        return said[:3]

    def test_untouched(self):
        """an untouched skeleton gives the hints of its first step"""
        for lesson in lessons():
            with self.subTest(lesson):
                number = int(lesson[:2])
                self.write(number, support.sources_in(
                    os.path.join(support.HERE, "skeletons", lesson)))
                self.run_it(number)
                said = self.three(number)
                self.assertRegex(said[0], r"Step 1, \S+\.c:\d+\n")
                for text, hint in zip(said, hints.of_step(
                        number, re.search(r"(\S+\.c):\d", said[0])[1], 1)):
                    self.assertIn(hint, text)

    def test_a_later_step(self):
        """a program that stops at a later step gives the hints of that one"""
        files = support.solution_files(lesson_named(4))
        text = files["upperd.c"].decode()
        done = re.sub(r"        for \(ssize_t i = 0; i < n; i\+\+\)\n.*\n",
                      "        todo(8);\n", text).replace(
            "#include <unistd.h>\n", '#include <unistd.h>\n\n#include "todo.h"\n')
        self.assertIn("todo(8)", done)
        self.write(4, {"upperd.c": done})
        self.assertIn("Step 8 is still to do", self.run_it(4).stdout)
        said = self.three()
        self.assertIn("toupper(3)", said[1])

    def test_build(self):
        """a compiler error gives the hints of its kind, and the page shows the types"""
        text = support.solution_files(lesson_named(4))["upperd.c"].decode()
        self.write(4, {"upperd.c": text.replace("(struct sockaddr *)&options.addr",
                                                "&options.addr")})
        page = self.run_it(4).stdout
        self.assertIn("(struct sockaddr *)", page)
        said = self.three()
        for text, hint in zip(said, hints.of_compiler("address-cast")):
            self.assertIn(hint, text)

    def test_without_hints(self):
        """where there is no hint it says why, and never that there is no mistake"""
        for source, words in [("endless-output.c", "8 MiB"), (None, "upperd.c")]:
            with self.subTest(words):
                if source:
                    self.write(4, {"upperd.c": text_of(support.HERE, "hostile",
                                                       source)})
                else:
                    os.unlink(os.path.join(self.course, "lessons", lesson_named(4),
                                           "upperd.c"))
                self.run_it(4)
                said = self.hint()
                self.assertIn(words, said)
                self.assertNotIn("no mistake", said)

    def test_under_a_debugger(self):
        """a program of make lesson4 runs under strace and gdb as the page says"""
        self.write(4, support.solution_files(lesson_named(4)))
        path = re.search(r"built (\S+)", self.run_it(4, "--make").stdout)[1]
        commands = {"strace": ["strace", "-o", "/dev/null", path, "nonsense"],
                    "gdb": ["gdb", "-q", "-nx", "-batch", "-ex", "run",
                            "--return-child-result", "--args", path, "nonsense"]}
        tried = 0
        for tool, command in commands.items():
            if shutil.which(tool):
                done = subprocess.run(
                    command, cwd=self.course, capture_output=True, text=True,
                    env=support.environment(ASAN_OPTIONS="detect_leaks=0"), timeout=60,
                    stdin=subprocess.DEVNULL, check=False)
                if "ptrace" in done.stderr and "not permitted" in done.stderr:
                    continue
                with self.subTest(tool):
                    self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                    tried += 1
        if not tried:
            self.skipTest("machine: neither strace nor gdb can be used")


if __name__ == "__main__":
    unittest.main()
