"""The tables of the page: a line for each load and server."""
import textwrap

from . import document as documents
from .figures import significant

WIDTH = 80
HEAD = """\
 clients  server        answers per second      delay, ms     longest   memory
                        ratio               median      p99   wait, ms  a client"""
NAMES = 21                          # columns before the figures


def heading(work_ms):
    """Return in words what a work time means."""
    return f"{work_ms} ms of work for each answer (-d {work_ms})" if work_ms else \
        "No work time: an answer is made at once"


def _names(document, work_ms):
    """Return how many names each client sends, in the order of the table."""
    turns = [f"{load['turns']:,}" for load in document["plan"]["turns"]
             if load["work_ms"] == work_ms]
    return "Names that each client sends: " + "; ".join(turns)


def table(document, work_ms, paint=lambda text, code: text):
    """Return the lines of the table for a work time.

    paint(text, code)  returns the text in a terminal's colour, or as it is
    """
    lines = [f"{heading(work_ms)}. {_names(document, work_ms)}", "",
             *HEAD.splitlines()]
    if len(lines[0]) > WIDTH:
        lines[:1] = [heading(work_ms), _names(document, work_ms)]
    before = None
    for row in documents.rows(document, work_ms):
        if row["clients"] != before:
            lines.append("")
        shown = row["clients"] if row["clients"] != before else ""
        before = row["clients"]
        lines += _line(document, row, f"{shown:8}" if shown else " " * 8, paint)
    return lines


def _line(document, row, clients, paint):
    start = f"{clients}  {documents.title(document, row['server']):11}"
    if row["trouble"]:
        words = textwrap.wrap(clean(row["trouble"]), WIDTH - NAMES - 3)
        first, *others = [" " * 3 + word for word in words]
        return [start + paint(first, "31"),
                *(" " * NAMES + paint(other, "31") for other in others)]
    ratio = f"{significant(row['ratio']):>8}" if row["ratio"] else f"{'-':>8}"
    rate = f"({row['rate']:,.0f})".rjust(11)
    delays = (f"{significant(row['median_us'] / 1000):>8}"
              f"{significant(row['p99_us'] / 1000):>9}"
              f"{significant(row['longest_greeting_us'] / 1000):>10}")
    return [f"{start}{paint(ratio, '1')}{paint(rate, '2')}{delays}"
            f"{kib(row['bytes_per_client']):>11}".rstrip()]


def kib(size):
    """Return bytes as "12.3 KiB", "-" for None."""
    if size is None:
        return "-"
    return f"{size / 1024:,.0f} KiB" if size >= 9950 else f"{size / 1024:.1f} KiB"


def clean(text):
    """Return text without what a terminal could obey."""
    return "".join(c if c.isprintable() else "?" for c in text)
