"""The chart of a check: what the tester did beside what the program asked of the
kernel.  Clients that overlap, and threads or children, have a lane each:

      What happened                     hellod-fork (your program)
                                        m main   1 2 children
        a |  alice connects             m    accept(4) = 5       hellod-fork.c:214
        | |                             m    fork() = 4711 (child 1)
        | b  bob connects               | 1  send(5, 9) = 9      hellod-fork.c:97

A lane is drawn from the first to the last row on which somebody acts; the one
who acts is there by the letter or number that stands above.
"""
import re
import textwrap

from ..words.show import clean
from ..words.text import Text

WIDTH = 80
LEFT, RIGHT = 36, 42                # columns of the two sides
DATA = 26                           # columns of bytes on the left
HAND = "by the tester"              # what the plan of a check did to a call
LEGEND = f"({HAND}): the kernel could have done this; here the tester made it so"
ROWS = 24                           # lines of the chart, the last ones
MOST = 5                            # lanes on each side; who comes later shares one


class _Row:
    """One line: what is said on each side, and by whom ("" for nobody)."""

    def __init__(self, left="", client="", right="", source="", thread=""):
        self.left, self.client = left, client
        self.right, self.source, self.thread = right, source, thread


def chart(check, whole=False):
    """Return the chart of a check's record, its last ROWS lines or the whole."""
    entries = check["timeline"]
    clients = _clients(entries)
    left_room = LEFT - 3 - (_columns(min(MOST, len(clients))) + 1 if clients else 0)
    rows = _rows(entries, left_room, clients)
    left_out = 0 if whole else max(0, len(rows) - ROWS)
    shown = rows[left_out:]
    left = _Lanes([r.client for r in shown], clients and (lambda name: name[0]))
    threads = {r.thread for r in shown} - {""}
    right = _Lanes([r.thread for r in shown], len(threads) > 1 and _mark)
    name = next((e["who"] for e in entries if e["lane"] == "program"), "the program")
    lines = ["  " + "What happened".ljust(LEFT) + f"{name} (your program)"]
    if right.width:
        lines.append(" " * (LEFT + 2) + _legend(threads))
    if left_out or check["left_out"]:
        lines.append("    ...")
    for number, row in enumerate(shown):
        said = left.marks(number) + row.left
        call = _call(row, RIGHT - 1 - right.width)
        lines.append(("    " + said.ljust(LEFT - 2) + right.marks(number) +
                      call).rstrip())
    if any(HAND in row.right for row in shown):
        lines.append(f"    {LEGEND}")
    return "\n".join(lines)


# Who has a lane

def _clients(entries):
    """Return the names of the clients if two of them are there at the same time."""
    first, last = {}, {}
    for number, entry in enumerate(entries):
        if entry["lane"] == "tester" and _is_client(entry["who"]):
            first.setdefault(entry["who"], number)
            last[entry["who"]] = number
    names = list(first)
    overlap = any(first[b] < last[a] for a, b in zip(names, names[1:]))
    return names if overlap else []


def _is_client(who):
    return bool(who) and not who.startswith(("the tester", "the server"))


def _mark(thread):
    """Return "m" for "main", "3" for "child 3" or "thread 13"."""
    return "m" if thread == "main" else thread[-1]


def _legend(threads):
    """Say in a line what the marks of these threads mean."""
    words = ["m main"] if "main" in threads else []
    for kind, plural in (("child", "children"), ("thread", "threads")):
        numbers = sorted(int(t.split()[-1]) for t in threads if t.startswith(kind))
        if len(numbers) > MOST:
            words.append(f"{numbers[0]} to {numbers[-1]} {plural}")
        elif numbers:
            words.append(" ".join(map(str, numbers)) + " " +
                         (kind if len(numbers) == 1 else plural))
    return "   ".join(words)


class _Lanes:
    """The lanes on one side: which row has which marks."""

    def __init__(self, actors, mark):
        """actors: who acts on each row, "" for nobody; mark: who -> letter, or None."""
        self.actors, self.mark = actors, mark
        self.alive = {}                 # who -> (first row, last row)
        for row, who in enumerate(actors):
            if who:
                self.alive[who] = (self.alive.get(who, (row,))[0], row)
        self.lane = self._assigned() if mark else {}
        count = max(self.lane.values(), default=-1) + 1
        self.width = _columns(count) + 1 if mark else 0

    def _assigned(self):
        """Return {who: lane}: a new one each; beyond MOST that which ended first.

        The first one is for the main thread.
        """
        lane, until = {}, []
        for who in sorted(self.alive, key=lambda who: who != "main"):
            last = self.alive[who][1]
            if len(until) < MOST:
                until.append(-1)
                lane[who] = len(until) - 1
            else:
                lane[who] = until.index(min(until))
            until[lane[who]] = max(last, until[lane[who]])
        return lane

    def marks(self, row):
        """Return the marks of a row with a gap behind them; "" without lanes."""
        if not self.width:
            return ""
        columns = [" "] * ((self.width - 1) // 2)
        for who, (first, last) in self.alive.items():
            if first <= row <= last and columns[self.lane[who]] == " ":
                columns[self.lane[who]] = "|"
        if self.actors[row]:
            columns[self.lane[self.actors[row]]] = self.mark(self.actors[row])
        return " ".join(columns).ljust(self.width)


def _columns(lanes):
    return 2 * lanes


# What stands on the rows

def _rows(entries, room, clients):
    """Put entries on rows: the tester's on the left, the program's on the right."""
    rows = []
    for entry in entries:
        if entry["lane"] == "tester":
            client = entry["who"] if entry["who"] in clients else ""
            pieces = _on_the_left(entry, room)
            rows += [_Row(piece, client if piece is pieces[0] else "")
                     for piece in pieces]
            continue
        if not rows or rows[-1].right:
            rows.append(_Row())
        rows[-1].right = clean(entry["text"]) + \
            (f"  x {entry['times']:,}" if entry["times"] > 1 else "")
        rows[-1].source = entry["source"]
        rows[-1].thread = entry.get("thread", "")
        if entry.get("by_tester"):
            rows.append(_Row(right=f"  ({entry['by_tester']}, {HAND})",
                             thread=rows[-1].thread))
    return rows


def _on_the_left(entry, room):
    """Break a sentence of the tester to the side's width; data has its own line."""
    said = Text.from_dict(entry["words"]).english(min(DATA, room - 2)) \
        if entry.get("words") else entry["text"]
    text = clean(f"{entry['who']} {said}".strip())
    words, quote, data = text.partition(' "')
    if len(text) <= room or not quote:
        return textwrap.wrap(text, room, subsequent_indent="  ")
    return textwrap.wrap(words, room, subsequent_indent="  ") + \
        textwrap.wrap('"' + data, room, initial_indent="  ", subsequent_indent="  ")


def _call(row, room):
    """Return a call and, where there is room, its source line at the right."""
    text, source = row.right, row.source
    if len(text) > room:                # the result is what must be seen
        head, equals, result = text.rpartition(") = ")
        if not equals or len(result) > room - 8:
            return text[:room - 3] + "..."
        return head[:room - len(result) - 7] + "..." + equals + result
    left = room - len(source)
    return text.ljust(left) + source if source and len(text) < left else text
