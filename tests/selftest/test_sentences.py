"""Every sentence of a README that promises something is examined, or says why not."""
import unittest

import mutants
import sentences
import support
from support import lessons, text_of

COMPLETE = ("01", "09")             # lessons of which nothing is left unexamined


class Sentences(unittest.TestCase):
    """The rows of tests/checks/sentences and the READMEs fit each other."""

    def test_every_sentence_has_a_row(self):
        """each promise has a row, each row a promise"""
        for lesson in lessons():
            pairs, left = sentences.matched(lesson)
            with self.subTest(lesson):
                self.assertGreater(len(pairs), 5, "the README has its sections")
                self.assertEqual([p for p, row in pairs if row is None], [])
                self.assertEqual([row.beginning for row in left], [])

    def test_checks_exist(self):
        """a row names checks of its lesson, or the reason why there are none"""
        for lesson in lessons():
            there = support.lesson_class(lesson).checks()
            for row in sentences.rows(lesson):
                with self.subTest(f"{lesson}: {row.beginning}"):
                    self.assertEqual([c for c in row.checks if c not in there], [])
                    self.assertTrue(row.checks or row.reason)

    def test_nothing_is_left_out(self):
        """in complete lessons each promise has a check, and each of these a mutant"""
        for lesson in lessons():
            if lesson[:2] not in COMPLETE:
                continue
            shown = {m.check for m in mutants.mutants(lesson)}
            for row in sentences.rows(lesson):
                with self.subTest(f"{lesson}: {row.beginning}"):
                    self.assertTrue(row.checks)
                    self.assertTrue(shown.intersection(row.checks), "has a mutant")

    def test_table_is_fresh(self):
        """docs/sentences.md is what make sentences writes"""
        self.assertEqual(text_of("docs", "sentences.md"), sentences.document(),
                         "make sentences writes it anew")


if __name__ == "__main__":
    unittest.main()
