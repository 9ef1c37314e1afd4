"""The story and the trace as one list of entries in order of time."""
import os

from .describe import describe
from .lines import resolve

MOST = 200                          # entries kept, the last ones; the rest is counted
WAITING = ("poll", "ppoll", "select", "pselect", "epoll_wait", "epoll_pwait")


def entries(stage, directory):
    """Return (list of entries, number of entries left out at the beginning).

    An entry has "at_us" (microseconds since the first one), "lane" ("tester" or
    "program"), "who" (the peer, or the program), "text", "source" ("upperd.c:61"
    or "") and "times" (how often it came in a row).
    directory  where the learner's files lie: only these are sources
    """
    found = [(e.time, _entry("tester", e.who, e.text)) for e in stage.told()]
    for program in stage.shown():
        found += _calls(program, directory)
    found.sort(key=lambda pair: pair[0])
    folded = _fold(found)
    start = folded[0][0] if folded else 0
    for at, entry in folded:
        entry["at_us"] = (at - start) // 1000
    kept = [entry for _, entry in folded]
    return kept[-MOST:], max(0, len(kept) - MOST)


def _entry(lane, who, text, source=""):
    return {"at_us": 0, "lane": lane, "who": who, "text": text, "source": source,
            "times": 1}


def _calls(program, directory):
    program.look()
    calls = [c for c in program.trace.calls() if c.name not in ("load", "thread_start")]
    shown = calls[:20] + calls[-2 * MOST:] if len(calls) > 20 + 2 * MOST else calls
    where = sources(program, shown, directory)
    # A call is told when it has ended; one that has not, when it began.
    found = [(c.left or c.entered, _entry("program", program.name, describe(c),
                                          where.get(c.callers, ""))) for c in shown]
    if program.status is not None:
        found.append((program.ended,
                      _entry("program", program.name, f"({program.how_it_ended()})")))
    return found


def sources(program, calls, directory):
    """Return {callers: "upperd.c:61"}: the innermost frame in the learner's files."""
    names = {f for f in os.listdir(directory) if f.endswith((".c", ".h"))}
    base = program.trace.loaded or 0
    wanted = {a - base for c in calls for a in c.callers if a >= base}
    lines = resolve(program.path, wanted)
    found = {}
    for call in calls:
        for address in call.callers:
            file, number, _ = lines.get(address - base, ("", 0, ""))
            if os.path.basename(file) in names:
                found.setdefault(call.callers, f"{os.path.basename(file)}:{number}")
    return found


def _fold(found):
    """Join entries that repeat: a pattern of one or two lines that comes again."""
    folded = []
    for at, entry in found:
        for back in (1, 2):
            if len(folded) >= back and _same(folded[-back][1], entry) and \
                    all(e["lane"] == "program" for _, e in folded[-back:]):
                folded[-back][1]["times"] += 1
                break
        else:
            folded.append((at, entry))
    return folded


def _same(a, b):
    return all(a[key] == b[key] for key in ("lane", "who", "text", "source"))
