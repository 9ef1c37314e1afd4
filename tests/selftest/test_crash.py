"""Reports of sanitizers in plain words: each kind, from gcc and from clang."""
import re
import signal
import tempfile
import unittest

import crashes
import support

from grader.course import bugs
from grader.verdict import crash

# What no sentence for a learner has: C++ names, addresses, what sanitizers call things.
FOREIGN = re.compile(r"::|0x[0-9a-f]|interceptor|__|tid=|\bT\d\b|<null>|\.part\.|/|"
                     r"[Ss]anitizer|\(\)|\.cpp\b")
LONGEST = 190                       # characters of a sentence
LEAST = 50                          # kinds that are tried


class Kept(unittest.TestCase):
    """What is made of the reports that are kept."""

    def test_there_are_enough(self):
        """every program has its report and its sentence for both compilers"""
        self.assertGreaterEqual(len(crashes.names()), LEAST)
        expected = {(n, c) for n in crashes.names() for c in ("gcc", "clang")}
        self.assertEqual(set(crashes.sentences()), expected)
        for compiler in ("gcc", "clang"):
            self.assertEqual(sorted(crashes.kept(compiler)), crashes.names())

    def test_sentences(self):
        """each report becomes its sentence and its bug, and none is left to U10"""
        for (name, compiler), expected in crashes.sentences().items():
            report = crashes.kept(compiler)[name]
            with self.subTest(f"{name} {compiler}"):
                self.assertEqual(crashes.told(name, report, f"build/{name}"), expected)
                self.assertNotIn("U10", expected)

    def test_words(self):
        """a sentence has the learner's line and no word of the sanitizer's own"""
        for (name, compiler), text in crashes.sentences().items():
            bug, _, sentence = text.partition(" ")
            with self.subTest(f"{name} {compiler}"):
                self.assertNotRegex(sentence, FOREIGN)
                self.assertLessEqual(len(sentence), LONGEST)
                self.assertEqual(bugs.bug(bug).id, bug)
                if name not in ("null-function", "huge-allocation"):  # nobody knows
                    self.assertRegex(sentence, rf"\b{name}\.c:\d+")

    def test_every_kind_is_shown(self):
        """each pattern that names a bug is met by a report that is kept"""
        reports = [r for c in ("gcc", "clang") for r in crashes.kept(c).values()]
        for pattern, bug in crash.CERTAIN + crash.KINDS:
            first = re.split(r"\|(?![^(]*\))", pattern)[0]
            if bug in ("I8",) or pattern.startswith("FPE"):
                continue            # errno in a handler, and /0 without UBSan
            with self.subTest(pattern):
                self.assertTrue(any(re.search(pattern, r) for r in reports), first)

    def test_signals(self):
        """without a report the signal tells the bug, unless a check knows better"""
        for number, bug in [(signal.SIGABRT, "U21"), (signal.SIGSEGV, "U20"),
                            (signal.SIGPIPE, "I1"), (signal.SIGBUS, "U20"),
                            (signal.SIGFPE, "U27"), (signal.SIGILL, "U10")]:
            with self.subTest(number.name):
                self.assertEqual(crash.bug("", -number), bug)
        self.assertEqual(crash.bug("", -signal.SIGSEGV, "E9"), "E9")
        self.assertEqual(crash.bug("", -signal.SIGABRT, "E9"), "U21")

    def test_expected(self):
        """what a check expects of a crash is told only where the report agrees"""
        written = "ERROR: AddressSanitizer: heap-buffer-overflow\nWRITE of size 1 at\n"
        read = written.replace("WRITE of size 1", "READ of size 9")
        for report, expected, bug in (
                (written, "G2", "G2"), (read, "G2", "U14"), (written, "F7", "F7"),
                (read, "F7", "U14"), (read, "G6", "U14"), (read, "A23", "U14"),
                (written, "A14", "U13"), (read, "A19", "A19")):
            with self.subTest(f"{expected}, {report}"):
                self.assertEqual(crash.bug(report, 99, expected), bug)

    def test_unknown_report(self):
        """of a report of no known kind the summary is left, cleaned"""
        text = ("==7==ERROR: AddressSanitizer: odd-new-kind on address 0x602000000018 "
                "at pc 0x55 bp 0x7f\n    #0 0x4f in main /some/where/x.c:9\n"
                "SUMMARY: AddressSanitizer: odd-new-kind (/some/where/x+0x12) "
                "(BuildId: 12ab) in __interceptor_odd.part.0\n")
        self.assertEqual(crash.sentence(text, crashes.PLACE, "x"),
                         "odd-new-kind in odd")
        self.assertEqual(crash.bug(text, 99), "U10")
        self.assertEqual(crash.sentence("", crashes.PLACE, "x"), "")


class Live(unittest.TestCase):
    """The compilers of this machine still report what is kept."""

    def test_without_symbols_in_the_report(self):
        """where a report has only addresses, the lines are found all the same"""
        for compiler in support.compilers():
            with self.subTest(compiler), tempfile.TemporaryDirectory() as directory:
                path = crashes.built("use-after-free", compiler, directory)
                text, _ = crashes.report("use-after-free", path, ":symbolize=0")
                self.assertNotIn("use-after-free.c", text)
                self.assertIn("use-after-free.c:19",
                              crash.sentence(text, crashes.PLACE, path))


def _add(compiler, name):
    """Add the test of one program with one compiler."""
    def test(self):
        known = crashes.sentences()
        with tempfile.TemporaryDirectory() as directory:
            path = crashes.built(name, compiler, directory)
            text, _ = crashes.report(name, path)
            if "LeakSanitizer has encountered a fatal error" in text:
                self.skipTest("machine: LeakSanitizer cannot look at a program")
            if "unexpected memory mapping" in text:
                self.skipTest("machine: ThreadSanitizer does not run with this kernel")
            self.assertIn(crashes.told(name, text, path),
                          [known[name, "gcc"], known[name, "clang"]], text)
    test.__doc__ = f"{name} crashes as it did, with {compiler}"
    setattr(Live, f"test_{compiler}_{name.replace('-', '_')}", test)


for _compiler in support.compilers():
    for _name in crashes.names():
        _add(_compiler, _name)

if __name__ == "__main__":
    unittest.main()
