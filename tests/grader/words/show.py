"""Bytes, addresses and numbers as a person reads them on 80 columns."""
import os
import re

ESCAPES = {0: r"\0", 10: r"\n", 13: r"\r", 9: r"\t", 34: r"\"", 92: r"\\"}


def quoted(data, limit=40, length=None):
    """Return bytes in double quotes, C's way, at most about `limit` columns.

    length  of the whole, when `data` is only its beginning
    """
    text, room, last = "", limit - 2, (length or len(data)) - 1
    for i, byte in enumerate(data):
        piece = ESCAPES.get(byte) or \
            (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")
        if len(text) + len(piece) > room - (2 if i < last else 0):
            return f'"{text}..."'
        text += piece
    return f'"{text}"' if last < len(data) else f'"{text}..."'


def count(number, thing="byte", things=None):
    """Return "1 byte" or "5 bytes"."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def some(data, limit=40, length=None):
    """Return bytes with their number: 5 bytes "hello"; "nothing" for none.

    length  of the whole, when `data` is only its beginning
    """
    return f"{count(length or len(data))} {quoted(data, limit, length)}" if data \
        else "nothing"


def argument(text, limit=40):
    """Return an argument of a command as a shell would want it, long ones cut."""
    if len(text) > limit:
        return f'{quoted(text.encode("utf-8", "replace"), limit)} ({count(len(text))})'
    return text if re.fullmatch(r"[\w@%+=:,./~-]+", text) else f"'{text}'"


def tail(output, limit=2000):
    """Return the last `limit` bytes of an output as text, whole lines if it has any."""
    kept = bytes(output[-limit:])
    if len(output) > limit:
        kept = kept.partition(b"\n")[2] or kept
    return kept.decode("utf-8", "replace")


def address(sockaddr):
    """Return a Python socket address as "127.0.0.1:80" or "[::1]:80"."""
    host = f"[{sockaddr[0]}]" if ":" in sockaddr[0] else sockaddr[0]
    return f"{host}:{sockaddr[1]}"


def whose(module):
    """Return in words what earlier module this is: your stream.c from lesson 05."""
    file, lesson = os.path.basename(module), os.path.basename(os.path.dirname(module))
    own = "your " if "lessons" in module.split(os.sep)[:1] else ""
    return f"{own}{file} from lesson {lesson[:2]}"


def clean(text):
    """Return text without control characters and what a terminal could obey."""
    return "".join(c if c.isprintable() or c == "\n" else "?"
                   for c in text.replace("\t", "    "))
