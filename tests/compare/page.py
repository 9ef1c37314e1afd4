"""From the document to the page: tables, plots, sentences; 80 columns."""
import os
import textwrap

from grader.words import show

from . import document as documents, plot, table
from .sentences import sentences

WIDTH = 80


def page(document, is_plain=False, has_colours=False):
    """Return the page as text.

    is_plain     ASCII alone; has_colours: for a terminal
    """
    strokes = plot.PLAIN if is_plain else plot.DRAWN
    paint = (lambda text, code: f"\033[{code}m{text}\033[0m") if has_colours else \
        (lambda text, code: text)
    parts = [_who(document)]
    for work_ms in document["plan"]["work_ms"]:
        parts.append("\n".join(table.table(document, work_ms, paint)))
    parts.append(_legend(document))
    parts += ["\n".join(lines) for lines in _plots(document, strokes)]
    parts += [_wrapped(text, "* ") for text in sentences(document)]
    parts += [_wrapped(text) for text in document["notes"]]
    parts.append(_end(document))
    return "\n\n".join(parts) + "\n"


def _wrapped(text, mark=""):
    return textwrap.fill(table.clean(text), WIDTH, initial_indent="  " + mark,
                         subsequent_indent="  " + " " * len(mark))


def _who(document):
    lines = ["One protocol, four servers, the same load", ""]
    for server in document["servers"]:
        name = server["title"]
        for program in server["programs"]:
            whose = "yours" if program["own"] else "ours"
            place = os.path.dirname(program["file"])
            lines.append(f"  {name:12}{program['command']:29}{whose}: {place}")
            name = ""
    return "\n".join(lines)


def _legend(document):
    """Return what the columns of the tables mean."""
    plan = document["plan"]
    rounds = f"Median of {plan['rounds']} rounds. " if plan["rounds"] > 1 else ""
    memory = "Memory: what the server and its children have of their own with all " \
        "clients connected, less what the idle server has, over the clients" + \
        ("." if plan["memory_is"] == "Pss" else
         "; shared pages count for each process: this kernel does not tell shares.")
    work = "hellod has no -d: with work time hellod-threads -n 1 plays its part. " \
        if any(plan["work_ms"]) else ""
    return _wrapped(
        f"{rounds}Ratio: to the sequential server in the same round; in parentheses "
        "answers per second here. Delay: from sending a name to the last byte of its "
        "answer. Longest wait: from connecting to the welcome. "
        f"{work}{memory} Every byte of every reply was compared.")


def _plots(document, strokes):
    """Return the plots, as lists of lines: two side by side where there is room."""
    drawn = []
    for name, title, unit in (("rate", "answers per second", 1),
                              ("p99_us", "p99 delay, ms", 1000)):
        for work_ms in document["plan"]["work_ms"]:
            groups = []
            for clients in document["plan"]["clients"]:
                rows = [documents.find(document, s["id"], clients, work_ms)
                        for s in document["servers"]]
                groups.append((clients, [
                    (s["mark"], row[name] / unit if row else None)
                    for s, row in zip(document["servers"], rows)]))
            drawn.append(plot.plot(f"{title}, -d {work_ms}", groups, strokes))
    marks = "  ".join(f"{s['mark']} {s['title']}" for s in document["servers"])
    found = []
    while drawn:
        left = drawn.pop(0)
        if drawn and len(left[0]) + 4 + len(drawn[0][0]) <= WIDTH:
            left = plot.beside(left, drawn.pop(0))
        found.append([line.rstrip() for line in left])
    return [*found, [f"  {marks}", "  From left to right: clients at once. "
                     "Upwards: a logarithmic scale."]]


def _end(document):
    plan, machine = document["plan"], document["machine"]
    short = "" if plan["rounds"] == plan["rounds_planned"] else \
        f" of {plan['rounds_planned']}, for want of time"
    return _wrapped(f"{show.count(plan['rounds'], 'round')}{short}, "
                    f"{show.count(len(document['runs']), 'run')} in "
                    f"{document['seconds']:.0f} s on "
                    f"{show.count(machine['processors'], 'processor')}, Linux "
                    f"{machine['kernel']}. Ratios carry over to another machine "
                    "better than figures do; neither is a law.")
