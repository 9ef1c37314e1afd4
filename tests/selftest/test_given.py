"""GIVEN=lessons: later lessons on the learner's own modules, and whose fault it is."""
import json
import os
import unittest

from support import CourseTest

STREAM = "lessons/05-stream/stream.c"


class OwnModules(CourseTest):
    """Lesson 08, finished, on a stream.c of the learner's own."""

    def grade_with(self, stream):
        """Grade lesson 08 with this text as the learner's stream.c."""
        self.write(5, {"stream.c": stream})
        return self.graded("--given", "lessons")

    def graded(self, *options):
        """Grade the finished lesson 08 of the copy; return (document, page)."""
        directory = os.path.join(self.course, "solutions", "08-closing")
        file = os.path.join(self.course, "document.json")
        done = self.run_it(8, "--submission", directory, "--json", file, *options)
        with open(file, encoding="utf-8") as text:
            return json.load(text), done.stdout

    def read(self, path):
        """Return the text of a file of the copy."""
        with open(os.path.join(self.course, path), encoding="utf-8") as file:
            return file.read()

    def finished(self):
        """Return the text of the finished stream.c."""
        return self.read("solutions/05-stream/stream.c")

    def test_finished(self):
        """with a right module of the learner's all checks pass, and the page says so"""
        document, page = self.grade_with(self.finished())
        self.assertEqual(document["verdict"], "PASS", page)
        self.assertEqual(document["build"]["modules"], [STREAM])
        self.assertIn(f"linked with {STREAM}", page)

    def test_solutions_by_default(self):
        """without GIVEN the finished module is linked, and the page says so"""
        self.write(5, {"stream.c": "#error not this one\n"})
        document, page = self.graded()
        self.assertEqual(document["verdict"], "PASS", page)
        self.assertIn("linked with solutions/05-stream/stream.c (GIVEN=lessons", page)

    def test_unfinished(self):
        """a module with a todo left is named as the one to finish"""
        document, page = self.grade_with(self.read(
            STREAM.replace("lessons", "tests/selftest/skeletons")))
        self.assertEqual(document["exit_status"], 1)
        self.blamed(page)
        self.assertRegex(page, r"stream\.c:\d+: step \d is still to do")

    def test_wrong(self):
        """a module that loses bytes is blamed, not the lesson at hand"""
        wrong = self.finished().replace("while (done < len) {", "if (done < len) {", 1)
        document, page = self.grade_with(wrong.replace("            continue;", "", 1)
                                         .replace("            break;", "", 1))
        self.assertEqual(document["exit_status"], 1, page)
        self.blamed(page)

    def test_does_not_compile(self):
        """a module that does not compile is named, with the compiler's words"""
        document, page = self.grade_with(self.finished() + "int x = ;\n")
        self.assertEqual((document["verdict"], document["exit_status"]), ("BUILD", 1))
        self.assertIn("your stream.c from lesson 05", page)
        self.assertIn("error:", page)

    def blamed(self, page):
        """The page says whose fault it is, and what to do."""
        flat = " ".join(page.split())
        self.assertIn("no fault of lesson 8", flat)
        self.assertIn("your stream.c from lesson 05", flat)
        self.assertIn("make check-lesson5", flat)


if __name__ == "__main__":
    unittest.main()
