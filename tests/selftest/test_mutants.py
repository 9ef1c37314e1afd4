"""Every mistake a check is bound to is caught: by this check, with this name."""
import os
import unittest

import mutants
import support
from support import ROOT, first_failure, grade_here, lessons, told

from grader.verdict import crash

LEAST = 8                           # mutants in a lesson
# (lesson, bug): why no mutant shows this bug, which a check of the lesson can name.
KNOWN_WITHOUT_MUTANT = {
    **dict.fromkeys([("01-tcp-client", "E3"), ("01-tcp-client", "E8"),
                     ("01-tcp-client", "I2")],
                    "mutants of lesson 05 and of other checks show it"),
    **dict.fromkeys([("09-stdio", "F13"), ("09-stdio", "F14"), ("09-stdio", "I1")],
                    "mutants of lessons 06 and 04 show it")}
# What every check can find without being bound to it: crashes, and what is left over.
OF_THE_HARNESS = {"U9", "U10", "U12", *crash.SIGNALS.values(),
                  *(bug for _, bug in crash.CERTAIN + crash.KINDS)}


class Mutants(unittest.TestCase):
    """The grader tells every mutant from the solution, and says what is wrong."""

    def caught(self, mutant):
        """The check it names fails, with exactly its bug.

        That the checks before it pass is in the table: test_matrix_is_fresh().
        """
        document = grade_here(int(mutant.lesson[:2]), mutants.place(mutant),
                              only=mutant.check)
        failed = first_failure(document)
        self.assertIsNotNone(failed, "it passes every check")
        self.assertEqual((failed["bug"], failed["id"]), (mutant.bug, mutant.check),
                         told(document))
        self.assertNotIn(failed["verdict"], ("INFRA", "UNTOUCHED"))
        self.assertEqual(document["exit_status"], 1)

    def test_enough(self):
        """every lesson has at least eight mutants"""
        for lesson in lessons():
            with self.subTest(lesson):
                self.assertGreaterEqual(len(mutants.mutants(lesson)), LEAST)

    def test_no_stray_files(self):
        """tests/selftest/mutants holds patches of lessons and nothing else"""
        self.assertEqual(sorted(os.listdir(os.path.join(support.HERE, "mutants"))),
                         lessons())
        for lesson in lessons():
            for file in os.listdir(os.path.join(support.HERE, "mutants", lesson)):
                with self.subTest(f"{lesson}/{file}"):
                    self.assertTrue(file.endswith(".patch"))

    def test_names_are_known(self):
        """a mutant names a check of its lesson, and a bug bound to this check"""
        for lesson in lessons():
            checks = support.lesson_class(lesson).checks()
            for mutant in mutants.mutants(lesson):
                with self.subTest(f"{lesson}/{mutant.name}"):
                    self.assertIn(mutant.check, checks)
                    method = checks[mutant.check]
                    self.assertIn(mutant.bug, [*method.bugs, method.crash,
                                               *OF_THE_HARNESS])

    def test_every_bug_has_a_mutant(self):
        """each bug that a lesson's checks are bound to has a mutant in this lesson"""
        for lesson in lessons():
            shown = {m.bug for m in mutants.mutants(lesson)}
            known = {bug for name, bug in KNOWN_WITHOUT_MUTANT if name == lesson}
            with self.subTest(lesson):
                self.assertEqual([b for b in bound(lesson) if b not in shown | known],
                                 [], "without a mutant")
                self.assertEqual(sorted(known & shown), [], "has a mutant after all")

    def test_exceptions_are_bound(self):
        """what needs no mutant is still a bug of the lesson"""
        for lesson, bug in KNOWN_WITHOUT_MUTANT:
            with self.subTest(f"{lesson} {bug}"):
                self.assertIn(bug, bound(lesson))

    def test_matrix_is_fresh(self):
        """docs/mutants.md has a row for each mutant, caught where it must be first"""
        try:
            lines = support.text_of("docs", "mutants.md").splitlines()
        except OSError:
            self.fail("docs/mutants.md is missing: make mutants")
        for lesson, made_of in mutants.digests().items():
            with self.subTest(lesson):
                self.assertEqual(made_of, mutants.digest(lesson),
                                 f"make mutants, or mutants.py {int(lesson[:2])}")
        rows = [line for line in lines if line.startswith("| [")]
        there = [m for lesson in lessons() for m in mutants.mutants(lesson)]
        self.assertEqual(len(rows), len(there), "make mutants")
        for line, mutant in zip(rows, there):
            with self.subTest(mutant.name):
                self.assertTrue(line.startswith(mutants.key(mutant)), "make mutants")
                self.assertIn(" X |", line)
                self.assertNotIn(" ! |", line)


def bound(lesson):
    """Return the bugs that the checks of a lesson are bound to, in order.

    Where a check is the very one of an earlier lesson, its mutants are there.
    """
    earlier = {method for name in lessons() if name < lesson
               for method in support.lesson_class(name).checks().values()}
    methods = set(support.lesson_class(lesson).checks().values()) - earlier
    return sorted({b for m in methods for b in [*m.bugs, m.crash]
                   if isinstance(b, str)})


def _add(mutant):
    """Add the test of one mutant."""
    def test(self):
        self.caught(mutant)
    test.__doc__ = f"{mutant.lesson}/{mutant.name} is {mutant.bug} in {mutant.check}"
    name = f"test_{mutant.lesson}_{mutant.name}".replace("-", "_")
    setattr(Mutants, name, test)


for _lesson in lessons():
    for _mutant in mutants.mutants(_lesson):
        _add(_mutant)

if __name__ == "__main__":
    unittest.main()
