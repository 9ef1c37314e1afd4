"""Where what came differs from what is due, in words: in which answer, and how."""
from collections import namedtuple

from ..words import show

# parts     what must have come by now: (what it is, bytes) each, in order
# end       "open", "eof", "no reset" (either), or "any": how the stream is to stand
# more      what may have come beyond that, bytes; None: nothing
Due = namedtuple("Due", "parts end more", defaults=(b"",))

# who    the peer; "" for the program's stdout
# kind   "missing", "short", "cut at NUL", "changed", "extra"; or how the stream stands
#        and should not: "eof", "reset", "open"
# what   it is, in words, such as "the greeting"; due, got: bytes of this part
Difference = namedtuple("Difference", "who kind what due got")


def due_bytes(due):
    """Return the bytes of all parts."""
    return b"".join(part for _, part in due.parts)


def between(who, due, got):
    """Return the first Difference of the bytes `got` from what is `due`, or None."""
    rest = got
    for what, part in due.parts:
        if rest.startswith(part):
            rest = rest[len(part):]
        else:
            return Difference(who, _kind(part, rest), what, part, rest)
    if rest and not due.more.startswith(rest):
        return Difference(who, "extra", "", b"", rest)
    return None


def _kind(part, rest):
    if not rest:
        return "missing"
    if part.startswith(rest):
        return "short"
    nul, end = part.find(b"\0"), rest.find(b"\n") + 1
    if nul >= 0 and end and rest[:nul] == part[:nul] and \
            part.endswith(rest[nul:end]) and end < len(part):
        return "cut at NUL"
    return "changed"


def in_words(found):
    """Return (expected, actual) of a Difference of bytes."""
    subject = f"{found.who} receives" if found.who else "on stdout"
    if found.kind == "extra":
        return f"{subject} nothing more", \
            f"{found.who or 'there'} {'receives' if found.who else 'is'} " + \
            show.some(found.got, 50)
    expected = f"{subject} {found.what}: {show.some(found.due, 50)}"
    if found.kind == "missing":
        return expected, "nothing comes" if found.who else "it is not there"
    if found.kind == "short":
        lost = len(found.due) - len(found.got)
        return expected, f"{show.some(found.got, 40)}: its last " \
            f"{show.count(lost)} {'is' if lost == 1 else 'are'} missing"
    if found.kind == "cut at NUL":
        return expected, f"{_line(found.got, found.due)}: the bytes from NUL to the " \
            "newline are missing"
    return expected, _changed(found)


def _line(got, due):
    """Return the line that came in the place of `due`, quoted."""
    line, newline, _ = got[:len(due) + 40].partition(b"\n")
    return show.quoted(line + newline, 44)


def _changed(found):
    """Say where the first byte differs, and whether bytes are left out or put in."""
    due, got = found.due, found.got
    at = next(i for i, (a, b) in enumerate(zip(due, got)) if a != b)
    for count in range(1, 9):
        if due[at + count:] and got.startswith(due[at + count:], at):
            return f"{_line(got, due)}: {show.quoted(due[at:at + count])} is " \
                f"missing, at byte {at:,}"
        if got.startswith(due[at:], at + count):
            return f"{_line(got, due)}: {show.quoted(got[at:at + count])} is too " \
                f"much, at byte {at:,}"
    return f"{show.some(got, 40)}: byte {at:,} is {show.quoted(got[at:at + 1])}, " \
        f"not {show.quoted(due[at:at + 1])}"
