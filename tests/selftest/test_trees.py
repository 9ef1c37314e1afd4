"""Solutions and alternatives pass, skeletons are unfinished, in every build."""
import os
import unittest

import support
from support import ROOT, compilers, grade_here, lessons, shown, sources_in, told

from grader import build

VARIANTS = ("asan", "plain", "tsan")


def skeleton(lesson):
    """Return the directory of the pristine skeleton."""
    return os.path.join(support.HERE, "skeletons", lesson)


class Skeletons(unittest.TestCase):
    """What a learner starts from."""

    def test_compile_without_warning(self):
        """every skeleton compiles without a warning with every compiler"""
        for lesson in lessons():
            for compiler in compilers():
                for file in sources_in(skeleton(lesson)):
                    if file.endswith(".h"):
                        continue
                    with self.subTest(f"{compiler} {lesson}/{file}"):
                        self.compile(compiler, os.path.join(skeleton(lesson), file))

    def compile(self, compiler, path):
        """Compile one file as the grader does; warnings are errors."""
        with support.compiler(compiler):
            code, text = build.run([*build.compiler(), *build.flags("plain"), "-Werror",
                                    "-c", "-o", os.devnull, path])
        self.assertEqual((code, text), (0, ""))

    def test_untouched(self):
        """an untouched skeleton is UNTOUCHED at its first step, and is not built"""
        for lesson in lessons():
            with self.subTest(lesson):
                document = grade_here(int(lesson[:2]), skeleton(lesson))
                self.stops_at_first_step(document, lesson)
                self.assertEqual(document["build"]["programs"], {})

    def test_comment_changed(self):
        """a skeleton with one more comment runs into todo(1), and is UNTOUCHED there"""
        for lesson in lessons():
            with self.subTest(lesson):
                files = {n: t + b"\n/* mine */\n"
                         for n, t in sources_in(skeleton(lesson)).items()}
                document = grade_here(int(lesson[:2]), support.submission(files))
                self.stops_at_first_step(document, lesson)
                self.assertTrue(document["build"]["programs"])

    def stops_at_first_step(self, document, lesson):
        """The verdict is UNTOUCHED, at the line where todo(1) stands."""
        self.assertEqual((document["verdict"], document["exit_status"]),
                         ("UNTOUCHED", 1), told(document))
        step = document["checks"][0]["step"]
        self.assertEqual(step["number"], 1)
        file, _, line = step["where"].partition(":")
        text = sources_in(skeleton(lesson))[file].decode().splitlines()
        self.assertIn("todo(1)", text[int(line) - 1], "the first step of the lesson")
        self.assertTrue(step["text"], step)


class Grading(unittest.TestCase):
    """Right programs pass every check."""

    def passes(self, lesson, directory, variant, compiler):
        """All checks pass; what this machine cannot show is skipped by name."""
        if compiler not in compilers() or \
                support.lacks(compiler, variant):
            self.skipTest(f"machine: {compiler} has no {variant}")
        document = grade_here(int(lesson[:2]), directory, variant, run_all=True,
                              compiler_name=compiler)
        skips = [f"{c['id']}: {c['reason']}" for c in document["checks"]
                 if c["verdict"] == "SKIP"]
        for check in document["checks"]:
            self.assertIn(check["verdict"], ("PASS", "SKIP"), told(document))
        self.assertEqual(document["build"]["warnings"], "")
        self.assertEqual([n for n in document["notes"]
                          if not n.startswith("linked with solutions/")], [])
        points = document["points"]
        if skips:
            self.skipTest("machine: " + "; ".join(skips))
        self.assertEqual((document["verdict"], points["earned"]),
                         ("PASS", points["possible"]), told(document))

    def test_every_alternative_is_there(self):
        """every lesson has at least three right programs of another design"""
        for lesson in lessons():
            with self.subTest(lesson):
                self.assertGreaterEqual(len(alternatives(lesson)), 3)

    def test_alternatives_say_what_differs(self):
        """every alternative begins with a comment"""
        for lesson in lessons():
            for directory in alternatives(lesson):
                for name, text in sources_in(directory).items():
                    with self.subTest(f"{shown(directory)}/{name}"):
                        self.assertTrue(text.startswith(b"/*"))


def variants(lesson):
    """Return the builds to try: ThreadSanitizer's where there are threads."""
    texts = sources_in(os.path.join(ROOT, "solutions", lesson)).values()
    return [v for v in VARIANTS
            if v != "tsan" or any(b"pthread_create(" in text for text in texts)]


def alternatives(lesson):
    """Return the directories of the alternatives of a lesson."""
    top = os.path.join(support.HERE, "alternatives", lesson)
    return [os.path.join(top, n) for n in sorted(os.listdir(top))] \
        if os.path.isdir(top) else []


def _add(name, fact, *arguments):
    """Add a test to Grading."""
    def test(self):
        self.passes(*arguments)
    test.__doc__ = fact
    setattr(Grading, "test_" + name.replace("-", "_"), test)


def _add_all():
    for lesson in lessons():
        solution = os.path.join(ROOT, "solutions", lesson)
        for compiler in ("gcc", "clang"):
            for variant in variants(lesson):
                _add(f"solution_{lesson}_{compiler}_{variant}",
                     f"the solution of {lesson} passes: {compiler}, {variant}",
                     lesson, solution, variant, compiler)
        for directory in alternatives(lesson):
            name = os.path.basename(directory)
            _add(f"alternative_{lesson}_{name}",
                 f"the alternative {name} of {lesson} passes: gcc, asan",
                 lesson, directory, "asan", "gcc")


_add_all()

if __name__ == "__main__":
    unittest.main()
