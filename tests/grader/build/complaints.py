"""What the compiler complains about: its first error, and one sentence of help."""
import re
import textwrap

from .messages import ROWS

# Said in a warning, before an error that only follows from it.
NOT_CLOSED = (r"missing terminating", "A string or character is not closed.", "comment")

NO_SANITIZER = re.compile(
    r"cannot find .*lib[atu]+bsan|cannot find -l[atu]+b?san|libclang_rt\.[atu]+b?san"
    r"|unsupported option '-fsanitize|unrecognized .*-fsanitize"
    r"|cannot find .*lib[at]san")


WIDTH = 76                          # columns of what is shown
LINES = 8                           # of it
HEAD = re.compile(r"\b(?:fatal )?error:|undefined reference|multiple definition")
WARNING = re.compile(r"\bwarning:")
END = re.compile(r"\S.*: (?:fatal )?(?:error|warning):|\S+: (?:In function|At top)|"
                 r"\d+ (?:warning|error)s? (?:and|generated)|collect2|\S*ld(\.\w+)?: |"
                 r"\S*clang\S*: ")
# Of a note only what compares the two types tells more than the error.
TELLING = re.compile(r"note: (expected|each|candidate|passing argument to|'\w+' is "
                     r"defined|did you|use '==')")
MESSAGE = re.compile(r"^\S+:\d+(?::\d+)?: |undefined reference|multiple definition")
PATH = re.compile(r"^/\S*/(?=[^/\s]+:\d)")


def sentence(text):
    """Return a sentence of help for the first error in the compiler's `text`, or ""."""
    return found(text)[0]


def found(text):
    """Return (sentence of help, section of docs/hints/compiler.md) for an error.

    It is the first error in the compiler's `text`, or the first warning where there
    is no error; ("", "other") when it is not one of the usual ones.
    """
    message = "\n".join(_message(text)).replace("‘", "'").replace("’", "'")
    rows = ROWS
    if re.search(NOT_CLOSED[0], text):
        rows = [(".", *NOT_CLOSED[1:])]
    for pattern, help_text, section in rows:
        if re.search(pattern, message):
            return help_text, section
    return "", "other"


def _message(text):
    """Return the lines of the first error, or warning, with its notes."""
    lines = text.splitlines()
    for head in (HEAD, WARNING):
        start = next((i for i, line in enumerate(lines) if head.search(line)), None)
        if start is not None:
            end = next((i for i in range(start + 1, len(lines))
                        if END.match(lines[i])), len(lines))
            return lines[start:end]
    return lines[:4]


def first_error(text):
    """Return the first error in `text` as a page shows it, at most LINES lines.

    That is the message, the line of source with its mark, and what the compiler
    adds about types: "expected ... but argument is of type ...".
    """
    shown, keeps = [], True
    for line in _message(text):
        if re.match(r"In file included|\s+from ", line):
            keeps = False
        elif MESSAGE.search(line):
            is_note = "note:" in line
            keeps = not is_note
            if not is_note or TELLING.search(line):
                shown += _fitted(PATH.sub("", line))
        elif keeps and line.strip(" |") and len(shown) < LINES:
            shown.append(line[:WIDTH].rstrip())
    return "\n".join(shown[:LINES])


def _fitted(line):
    """Return a message in lines of WIDTH columns."""
    return textwrap.wrap(line, WIDTH, subsequent_indent="    ",
                         break_on_hyphens=False) or [""]


def lacks_sanitizer(text):
    """Say whether the build failed only because a sanitizer's library is missing."""
    return bool(NO_SANITIZER.search(text))
