"""The story and the trace as one list of entries in order of time."""
import os
import re

from ..bench.symbols import resolve
from ..bench.calls import describe

MOST = 200                          # entries kept, the last ones; the rest is counted
# A transfer whose length alone changes from turn to turn, as of what is left.
TRANSFER = re.compile(r"((?:recv|read|send|write)\(\d+, )(\d+)(?:\.\.\.\d+)?(\).*)")
SAME_IN_A_ROW = ("lane", "who", "thread", "source", "by_tester")
ABOUT_A_CHILD = ("fork", "wait", "waitpid", "waitid", "wait3", "wait4")


def entries(stage, directory):
    """Return (list of entries, number of entries left out at the beginning).

    An entry has "at_us" (microseconds since the first one), "lane" ("tester" or
    "program"), "who" (the peer, or the program), "thread" (of the program: "main",
    "thread 2", "child 1"), "text", "words" (the same as words.text.Text has it, or
    None), "source" ("upperd.c:61" or ""), "times" (how often it came in a row) and
    "by_tester": what the tester's plan did to the call, in words, or "".
    directory  where the learner's files lie: only these are sources
    """
    found = [(e.time, _entry("tester", e.who, str(e.text), words=e.text.as_dict()))
             for e in stage.told()]
    for program in stage.shown():
        found += _calls(program, directory)
    found.sort(key=lambda pair: pair[0])
    folded = _fold(found)
    start = folded[0][0] if folded else 0
    for at, entry in folded:
        entry["at_us"] = (at - start) // 1000
    kept = [entry for _, entry in folded]
    return kept[-MOST:], max(0, len(kept) - MOST)


def _entry(lane, who, text, source="", thread="", words=None, by_tester=""):
    return {"at_us": 0, "lane": lane, "who": who, "thread": thread, "text": text,
            "source": source, "times": 1, "words": words, "by_tester": by_tester}


def _calls(program, directory):
    program.look()
    calls = [c for c in program.trace.calls() if c.name not in ("load", "thread_start")]
    shown = calls[:20] + calls[-2 * MOST:] if len(calls) > 20 + 2 * MOST else calls
    where = sources(program, shown, directory)
    names = threads(program)
    sizes = {int(n) for plan in program.plans
             for n in re.findall(r"short=(\d+)", plan.rule)}
    # A call is told when it has ended; one that has not, when it began.  What a
    # handler calls comes after the handler, and the call that it broke off later.
    found = [(c.entered if c.name == "handler" else c.left or c.entered,
              _entry("program", program.name, _with_child(c, names),
                     where.get(c.callers, ""), names[c.pid, c.tid],
                     by_tester=_hand(c, sizes)))
             for c in shown]
    if program.status is not None:
        found.append((program.ended, _entry("program", program.name,
                                            f"({program.how_it_ended()})", "", "main")))
    return found


def threads(program):
    """Return {(pid, tid): "main", "thread 1", "child 2", "child 2 thread 1"}.

    Threads and children are numbered in the order in which they were created.
    """
    names, born = {(program.pid, program.pid): "main"}, {}
    # A sanitizer's own thread makes no call that could be seen.
    seen = {(c.pid, c.tid) for c in program.trace.calls() if c.name != "thread_start"}
    for call in program.trace.calls():
        if (call.pid, call.tid) not in seen:
            continue
        if call.name == "fork" and (call.result or 0) > 0:
            names.setdefault((call.result,) * 2, _next("child", born, program.pid))
        if (call.pid, call.tid) in names:
            continue
        if call.pid == call.tid:        # its parent's fork is not over yet
            names[call.pid, call.pid] = _next("child", born, program.pid)
            continue
        of = names.get((call.pid,) * 2, "main")
        name = _next("thread", born, call.pid)
        names[call.pid, call.tid] = name if of == "main" else f"{of} {name}"
    return names


def _next(kind, born, pid):
    """Return the name of one more thread or child of `pid`; born: how many are."""
    born[kind, pid] = born.get((kind, pid), 0) + 1
    return f"{kind} {born[kind, pid]}"


def _hand(call, sizes):
    """Return in words what the tester did to a call, "" for nothing.

    sizes  those to which plans cut transfers: one that is shorter still was not cut
    """
    did = call.by_tester.split()
    if "fail" in did and call.error:
        return f"fails: {call.error}"
    if "short" in did and call.result in sizes:
        return f"cut to {call.result}"
    return {"errno": "errno is changed", "ready": "said to be ready", "slow": "slow"} \
        .get(next((each for each in did if each != "stop"), ""), "")


def _with_child(call, names):
    """Describe a call; fork and wait say which child they are about."""
    text = describe(call)
    pid = call.child if call.name == "waitid" else call.result
    child = names.get((pid, pid), "")
    if child.startswith("child") and call.name in ABOUT_A_CHILD:
        return f"{text} ({child})"
    return text


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
    folded, at = [], 0
    while at < len(found):
        length = next((n for n in (1, 2) if _repeats(folded[-n:], found[at:at + n], n)),
                      0)
        for old, (_, new) in zip(folded[-length:] if length else [], found[at:]):
            old[1]["times"] += 1
            old[1]["text"] = _both(old[1]["text"], new["text"])
        if not length:
            folded.append(found[at])
        at += length or 1
    return folded


def _repeats(last, coming, length):
    """Say whether the next `length` entries are those that came last, once more."""
    return len(last) == len(coming) == length and \
        all(a["lane"] == b["lane"] == "program" and _same(a, b)
            for (_, a), (_, b) in zip(last, coming))


def _same(a, b):
    return _shape(a["text"]) == _shape(b["text"]) and \
        all(a[key] == b[key] for key in SAME_IN_A_ROW)


def _shape(text):
    """Return the text of a call without the length of a transfer."""
    return TRANSFER.sub(r"\1\3", text)


def _both(first, last):
    """Return "send(4, 147...7) = 7" for calls that differ in the length alone."""
    if first == last:
        return first
    return TRANSFER.sub(rf"\g<1>\g<2>...{TRANSFER.match(last)[2]}\g<3>", first)
