"""What is compiled, how often, and what the machine's limits look like to it."""
import os
import unittest

import support
from support import ROOT, lesson_named

from grader import build
from grader.build import cache, compile as compiling

LINES = lesson_named(6)


def recipes(directory):
    """Return the keys of the objects of lesson 06's files in a directory."""
    names = sorted(n for n in os.listdir(directory) if n.endswith(".c"))
    files = [os.path.join(directory, n) for n in names]
    return dict(zip(names, (r.key for r in compiling._objects(files, "asan"))))


class Objects(unittest.TestCase):
    """A file is compiled once, wherever its copy lies below build/."""

    def setUp(self):
        self.files = support.solution_files(LINES)

    def test_copies_share(self):
        """of two copies, only the file that differs is compiled again"""
        changed = {**self.files, "line.c": self.files["line.c"] + b"/* else */\n"}
        one, other = map(recipes, map(support.submission, (self.files, changed)))
        self.assertEqual({n for n in one if one[n] != other[n]}, {"line.c"})

    def test_header_counts(self):
        """another header beside the files means other objects"""
        one, other = map(recipes, map(support.submission, (
            self.files, {**self.files, "mine.h": "#define MINE 1\n"})))
        self.assertFalse(set(one.values()) & set(other.values()))

    def test_own_place(self):
        """a learner's files keep their own paths: a debugger finds them"""
        here = recipes(os.path.join(ROOT, "solutions", LINES))
        copy = recipes(support.submission(self.files))
        self.assertFalse(set(here.values()) & set(copy.values()))

    def test_warning_names_its_file(self):
        """a warning from the cache names the file that is at hand"""
        text = self.files["line.c"].decode() + "static int unused;\n"
        for more in ("", "\n/* a second copy */\n"):
            files = {**self.files, "line.c": text,
                     "hello.c": self.files["hello.c"].decode() + more}
            directory = support.submission(files)
            document = support.grade_here(6, directory, only="usage")
            with self.subTest(more):
                self.assertIn(os.path.basename(directory) + "/line.c:",
                              document["build"]["warnings"])
                self.assertEqual(document["build"]["warnings"].count("warning:"), 1)


class Limits(unittest.TestCase):
    """What a tool meets of the machine's is not the source's fault."""

    def test_of_the_machine(self):
        """no process, no memory, no room: told apart from an error in the source"""
        for text in ("cc: fatal error: cannot execute 'cc1': vfork: Resource "
                     "temporarily unavailable", "virtual memory exhausted: Cannot "
                     "allocate memory", "out of memory allocating 65536 bytes",
                     "No space left on device"):
            self.assertTrue(compiling.MACHINE.search(text), text)
        for text in ("a.c:3:5: error: implicit declaration of function 'fork'",
                     "a.c:4:9: error: 'vfork' undeclared"):
            self.assertFalse(compiling.MACHINE.search(text), text)


class Ahead(unittest.TestCase):
    """Work in a child is stopped with the tools that it has started."""

    def test_stop(self):
        """a child that is stopped, or is long gone, leaves nothing"""
        made = []
        for work in (lambda: made.append(1), lambda: build.run(["sleep", "1000"])):
            ahead = build.Ahead(work)
            pid = ahead.pid
            ahead.stop()
            ahead.stop()
            with self.assertRaises(ProcessLookupError):
                os.kill(pid, 0)
        self.assertEqual(made, [])

    def test_helped(self):
        """entries that a helper makes meanwhile are there when asked for"""
        keys = [f"selftest{os.getpid()}x{n}" for n in range(3)]

        def make(out):
            with open(os.path.join(out, "made"), "w", encoding="ascii") as file:
                file.write(str(os.getpid()))

        found = [cache.Recipe(key, make) for key in keys]
        with cache.helped(found):
            entries = [cache.entry(recipe) for recipe in found]
        for entry in entries:
            self.assertTrue(os.path.exists(os.path.join(entry, "made")))
            os.unlink(os.path.join(entry, "made"))
            os.rmdir(entry)


if __name__ == "__main__":
    unittest.main()
