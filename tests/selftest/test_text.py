"""Sentences apart from their values, and differences that are shown and explained."""
import json
import unittest

import support  # noqa: F401  (the path to the grader)

from grader.words import difference
from grader.words.text import Text, _

LONG = bytes(range(256)) * 4


class Sentences(unittest.TestCase):
    """A template and its values, until somebody reads it."""

    def test_english(self):
        """values are written as their kind and their format say"""
        for text, english in [
                (_("{who} sends {data}", who="alice", data=b"hello"),
                 'alice sends 5 bytes "hello"'),
                (_("{data:quoted}", data=b"a\0"), '"a\\0"'),
                (_("{n:byte}, {m:process/processes}", n=1, m=2),
                 "1 byte, 2 processes"),
                (_("{n:,} at {where}", n=4096, where=("::1", 80)), "4,096 at [::1]:80"),
                (_("{inner}, then", inner=_("{n} of 3", n=2)), "2 of 3, then"),
                (Text("{no values}, as it stands"), "{no values}, as it stands")]:
            with self.subTest(english):
                self.assertEqual(str(text), english)

    def test_room(self):
        """the reader says how wide bytes may be; their number is that of all of them"""
        text = _("sends {data}", data=b"x" * 1000)
        self.assertEqual(text.english(10), 'sends 1,000 bytes "xxxxxx..."')
        self.assertLess(len(text.english(60)), 90)

    def test_as_json(self):
        """a sentence is the same after it was written and read, long bytes too"""
        for text in (_("{a} {b} {c}", a=b"\xff" * 500, b=("127.0.0.1", 1), c=None),
                     _("{a}", a=_("{n:byte}", n=3)), Text("plain")):
            with self.subTest(text.template):
                again = Text.from_dict(json.loads(json.dumps(text.as_dict())))
                self.assertEqual(again, text)
                self.assertEqual(str(again), str(text))


class Shown(unittest.TestCase):
    """Two byte strings beside each other."""

    def test_short_ones_whole(self):
        """short answers are quoted whole, whatever differs"""
        want, have = difference.between(b"[Thu Jan  1 00:00:00 1970] one two\n",
                                        b"[Thu Jan  1 00:00:00 1970] one\n")
        self.assertEqual(want.english(130),
                         '35 bytes "[Thu Jan  1 00:00:00 1970] one two\\n"')
        self.assertEqual(have.english(130),
                         '31 bytes "[Thu Jan  1 00:00:00 1970] one\\n"')
        self.assertEqual(str(difference.between(b"abc", b"")[1]), "nothing")

    def test_long_ones_from_the_beginning_of_a_word(self):
        """long ones are quoted from a line or word on, never from the middle of one"""
        before = b"Hello, Michael!\n" * 20
        want, have = difference.between(before + b"Hello, Tracy!\n",
                                        before + b"Hello, Trany!\n")
        self.assertIn('from byte 320: "Hello, Tracy!\\n"', str(want))
        self.assertIn('from byte 320: "Hello, Trany!\\n"', str(have))

    def test_what_is_missing_or_too_much(self):
        """a beginning, and a beginning with more behind it, are called so"""
        for actual, words in [(LONG[:500], "the first 500 bytes, and then nothing"),
                              (LONG + b"more", 'these, and then 4 bytes "more"'),
                              (b"", "nothing")]:
            with self.subTest(words):
                self.assertIn(words, str(difference.between(LONG, actual)[1]))


class Explained(unittest.TestCase):
    """What makes one of the other, where that is sure."""

    def test_explained(self):
        """each kind of difference has its sentence"""
        for expected, actual, words in [
                (b"Hello\n", b"Hello\nHello\n", "the same text came twice"),
                (b"a\0b\nc\n", b"a\nc\n", "between a NUL byte and the newline"),
                (b"ab\0cd", b"ab", "where the first NUL byte stands"),
                (b"ab\0cd", b"abcd", "the NUL bytes are missing"),
                (b"\3\0\0\1\2x", b"\3\2\1\0\0x", "258 would be read as 33,619,968"),
                (b"\0\0\0\1\0\0\0\2", b"\0\0\0\2\0\0\0\1", "two halves of 8 bytes"),
                (b"-4294967296\n", b"0\n",
                 "0 is what is left of -4294967296 in 32 bits"),
                (b"port 65616\n", b"port 80\n",
                 "80 is what is left of 65616 in 16 bits"),
                (b"1 2 11\n", b"1 2 12\n", "one too many"),
                (b"1 2 11\n", b"1 2 10\n", "one too few"),
                (b"port 8000\n", b"port 16415\n", "2 bytes in the other order"),
                (b"Hello, Bob!\n", b"Hello, Bob", 'its last 2 bytes, "!\\n"'),
                (b"abc", b"abc\0", "a NUL byte too many"),
                (b"abc", b"abc\0\0", "2 bytes too many, all of them NUL"),
                (b"x\r\ny\n", b"x\ny\n", "1 \\r too few"),
                (b"x\ny\n", b"x\r\ny\r\n", "2 \\r too many"),
                (b"Hello", b"HELLO", "upper and lower case"),
                (b"a\xffb\x80", b"ab", "0x80 on are missing"),
                (b"a\xff", b"a?", "from 0x80 on differ"),
                (b"one two three four\n", b"one four\n", "10 bytes from byte 4 on"),
                (b"one\ntwo\n", b"one\none\ntwo\n", '4 bytes came twice: "one\\n"'),
                (b"one\ntwo\n", b"one\nbad\ntwo\n", "4 bytes too many from byte 4 on")]:
            with self.subTest(words):
                self.assertIn(words, str(difference.explained(expected, actual)))

    def test_not_explained(self):
        """where nothing is sure, nothing is said"""
        for expected, actual in [(b"abc", b"abc"), (b"abc", b""), (b"abc", b"xyz"),
                                 (b"12 34\n", b"56 78\n"), (LONG, LONG[:100])]:
            with self.subTest(actual[:5]):
                self.assertIsNone(difference.explained(expected, actual))


if __name__ == "__main__":
    unittest.main()
