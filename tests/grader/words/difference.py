"""How what came differs from what should have: shown, and explained where sure.

Everything here computes; nothing guesses.  explained() says what turns one text into
the other, and says nothing when no such thing is found.
"""
import os
import re

from .text import _

SHORT = 64                          # bytes that are quoted whole
AROUND = 24                         # bytes quoted of long ones, around the difference
FEW = 16                            # bytes that are still quoted as "the last ones"
NEWLINE = 10
NUMBER = re.compile(rb"-?\d+")


# Shown

def between(expected, actual):
    """Return (expected, actual) as Texts: whole if short, else where they part."""
    if max(len(expected), len(actual)) <= SHORT:
        return _whole(expected), _whole(actual)
    at = first(expected, actual)
    if at == len(actual):
        return _("{n:byte}", n=len(expected)), \
            _("the first {n:byte}, and then nothing", n=at) if at else _("nothing")
    if at == len(expected):
        return _("{n:byte}", n=len(expected)), \
            _("these, and then {more} too much", more=actual[at:])
    start = _start_of_word(expected, at)
    words = "{n:byte}, from byte {start:,}: {part:quoted}"
    return tuple(_(words, n=len(data), start=start, part=data[start:start + AROUND])
                 for data in (expected, actual))


def _whole(data):
    return _("{data}", data=data) if data else _("nothing")


def first(a, b):
    """Return the index of the first byte in which two byte strings differ."""
    for at in range(0, min(len(a), len(b)), 4096):      # bytes compare quickly
        if a[at:at + 4096] != b[at:at + 4096]:
            return at + len(os.path.commonprefix([a[at:at + 4096], b[at:at + 4096]]))
    return min(len(a), len(b))


def _start_of_word(data, at):
    """Return where to begin to quote: the line or word in which `at` lies, if near."""
    for mark in (b"\n", b" ", b"\0"):
        found = data.rfind(mark, max(0, at - AROUND // 2), at)
        if found >= 0:
            return found + 1
    return max(0, at - 4) if at > AROUND // 2 else 0


# Explained

def explained(expected, actual):
    """Return a Text that says what makes `actual` of `expected`, None if unknown."""
    if expected == actual or not actual:
        return None
    return next(filter(None, (find(expected, actual) for find in KINDS)), None)


def _twice(expected, actual):
    return _("the same text came twice") if actual == expected * 2 else None


def _cut_at_nul(expected, actual):
    if b"\0" not in expected:
        return None
    if actual == expected[:expected.index(b"\0")]:
        return _("it ends where the first NUL byte stands: strlen(3) and %s end there")
    if actual == re.sub(rb"\0[^\n]*", b"", expected):
        return _("what is missing lies between a NUL byte and the newline: "
                 "strlen(3) and %s end at a NUL")
    return _("the NUL bytes are missing") \
        if actual == expected.replace(b"\0", b"") else None


def _turned(expected, actual):
    """Bytes of a binary number in another order, at one place."""
    if len(expected) != len(actual):
        return None
    at = first(expected, actual)
    for size in (8, 4, 2):
        for start in range(max(0, at - size + 1), at + 1):
            end = start + size
            want, have = expected[start:end], actual[start:end]
            if expected[:start] + have + expected[end:] != actual or len(want) < size:
                continue
            number, read = (int.from_bytes(b, "big") for b in (want, have))
            if have == want[::-1]:
                return _("{size} bytes stand in the other byte order: {number:,} would "
                         "be read as {read:,}", size=size, number=number, read=read)
            if size > 2 and have == want[size // 2:] + want[:size // 2]:
                return _("the two halves of {size} bytes are exchanged", size=size)
    return None


def _numbers_differ(expected, actual):
    """The same text but for one decimal number."""
    if NUMBER.sub(b"0", expected) != NUMBER.sub(b"0", actual):
        return None
    pairs = [(int(a), int(b)) for a, b in
             zip(NUMBER.findall(expected), NUMBER.findall(actual)) if a != b]
    return number_explained(*pairs[0]) if len(pairs) == 1 else None


def number_explained(expected, actual):
    """Return a Text that says what makes one int of the other, or None."""
    for bits in (32, 64, 16):
        left = expected % (1 << bits)
        if actual != expected and actual in (left, left - (1 << bits)):
            return _("{actual} is what is left of {expected} in {bits} bits",
                     actual=actual, expected=expected, bits=bits)
    for size in (2, 4, 8):
        if 0 <= expected < 1 << 8 * size and actual != expected and \
                actual == int.from_bytes(expected.to_bytes(size, "big"), "little"):
            return _("{actual} is {expected} with its {size} bytes in the other order",
                     actual=actual, expected=expected, size=size)
    if abs(expected - actual) == 1:
        return _("one too many") if actual > expected else _("one too few")
    return None


def _lacks_its_end(expected, actual):
    missing = len(expected) - len(actual)
    if not expected.startswith(actual) or missing > FEW:
        return None
    words = "it lacks its last {n} bytes, {data:quoted}" if missing > 1 else \
        "it lacks its last byte, {data:quoted}"
    return _(words, n=missing, data=expected[-missing:])


def _zeros_behind(expected, actual):
    more = actual[len(expected):]
    if not actual.startswith(expected) or not more or more.strip(b"\0"):
        return None
    return _("a NUL byte too many: the one that ends a string in C") if len(more) == 1 \
        else _("{n:byte} too many, all of them NUL", n=len(more))


def _returns_and_line_ends(expected, actual):
    for mark, name in ((b"\r", "\\r"), (b"\n", "\\n")):
        if expected.replace(mark, b"") == actual.replace(mark, b""):
            more = actual.count(mark) - expected.count(mark)
            return _("it has {n} {mark} too many", n=more, mark=name) if more > 0 else \
                _("it has {n} {mark} too few", n=-more, mark=name) if more < 0 else \
                _("only the place of {mark} differs", mark=name)
    return None


def _letters(expected, actual):
    return _("only upper and lower case differ") \
        if expected.lower() == actual.lower() else None


def _high_bytes(expected, actual):
    if bytes(b for b in expected if b < 0x80) == actual:
        return _("the bytes from 0x80 on are missing")
    if len(expected) == len(actual) and all(
            a == b or a >= 0x80 for a, b in zip(expected, actual)):
        return _("only bytes from 0x80 on differ")
    return None


def _block(expected, actual):
    """One block is missing, too many, or there twice; all else is as it should be."""
    start = first(expected, actual)
    if start in (len(expected), len(actual)):
        return None                     # only its end: that is seen without a word
    shorter = min(len(expected), len(actual))
    back = first(expected[start:][::-1], actual[start:][::-1])
    if start + back < shorter:
        return None
    size = abs(len(expected) - len(actual))
    if len(actual) < len(expected):
        return _("{n:byte} from byte {at:,} on are missing", n=size, at=start)
    while start > 0 and actual[start - 1] == actual[start + size - 1] and \
            actual[start - 1] != NEWLINE:
        start -= 1                      # the same block, but from a line's beginning on
    block = actual[start:start + size]
    if actual[:start].endswith(block) or expected[start:].startswith(block):
        return _("{n:byte} came twice: {block:quoted}", n=size, block=block)
    return _("{n:byte} too many from byte {at:,} on: {block:quoted}", n=size,
             at=start, block=block)


KINDS = (_twice, _cut_at_nul, _turned, _numbers_differ, _lacks_its_end, _zeros_behind,
         _returns_and_line_ends, _letters, _high_bytes, _block)
