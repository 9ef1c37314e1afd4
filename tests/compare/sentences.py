"""What the figures mean: sentences that say no more than the figures do."""
from . import document as documents
from .contenders import POOL
from .figures import significant, verdict
from .table import kib

NOISE = 1.5                         # rates of one row differ by more: a busy machine


def sentences(document):
    """Return paragraphs about what to look at, each computed from the rows."""
    found = [_one_client(document), _many_without_work(document), _work(document),
             _pool(document), _queue(document), _memory(document), _noise(document)]
    return [text for text in found if text]


def _times(row):
    """Return "1.02 times the answers", with the rounds' range where they disagree."""
    text = f"{significant(row['ratio'])} times the answers"
    if verdict(row) == "alike" and row["rounds"] > 1:
        text += f" ({significant(row['lowest'])} to {significant(row['highest'])} in " \
                "single rounds)"
    return text


def _wait(row):
    return f"{significant(row['longest_greeting_us'] / 1000)} ms"


def _most_clients(document, work_ms, *servers):
    """Return (number, a row for each server): the most clients all have figures for.

    (None, ...) when there is no such number, or only 1.
    """
    for count in sorted(document["plan"]["clients"], reverse=True):
        rows = [documents.find(document, server, count, work_ms) for server in servers]
        if count > 1 and all(row and row["ratio"] for row in rows):
            return (count, *rows)
    return (None, *[None for _ in servers])


def _one_client(document):
    row = documents.find(document, "threaded", 1, 0)
    if not row or not row["ratio"]:
        return None
    start = f"1 client, no work time: the threaded server gives {_times(row)} of the " \
            "sequential one"
    if verdict(row) == "more":
        return f"{start}. With one client a thread more is no help, so look for " \
               "another reason: the programs differ in more than their threads."
    reason = "There is never a second client to serve meanwhile, so threads have " \
             "nothing to win."
    if verdict(row) == "alike":
        return f"{start}: no clear difference. {reason}"
    return f"{start}. {reason} What it does besides, for each client and each " \
           "answer, costs time."


def _many_without_work(document):
    count, forking, threaded = _most_clients(document, 0, "forking", "threaded")
    if not count:
        return None
    text = f"{count} clients, no work time: the forking server gives " \
           f"{significant(forking['ratio'])} times the answers of the sequential " \
           f"one, the threaded server {significant(threaded['ratio'])} times."
    if "more" not in (verdict(forking), verdict(threaded)):
        return f"{text} Where an answer costs next to nothing, there is little to " \
               "win by serving many at once, and a process or a thread for each " \
               "client is work on top."
    text += " One by one, server and client take turns, and each sleeps while the " \
            "other works; with many at once both find something to do when they " \
            "look, and several processors can work."
    if "fewer" in (verdict(forking), verdict(threaded)):
        text += " But each client costs a process or a thread, and here that can " \
                "weigh as much."
    return text


def _work(document):
    work_ms = max(document["plan"]["work_ms"])
    count, row = _most_clients(document, work_ms, "threaded")
    if not count or not work_ms:
        return None
    text = f"{count} clients, -d {work_ms}: the threaded server gives " \
           f"{_times(row)} of the sequential one"
    if verdict(row) != "more":
        return f"{text}: here serving many at once has won nothing."
    bare = documents.find(document, "threaded", count, 0)
    without = f" (without work time: {significant(bare['ratio'])})" \
        if bare and bare["ratio"] else ""
    return f"{text}{without}. While one answer is in the making, so are others; one " \
           "by one each client waits through the work for all before it. This work " \
           "is waiting, as for a disk: it keeps no processor busy."


def _pool(document):
    work_ms = max(document["plan"]["work_ms"])
    count, pool, free = _most_clients(document, work_ms, "pool", "threaded")
    if not work_ms or not count or count <= POOL:
        return None
    text = f"{count} clients, -d {work_ms}, a pool of {POOL}: {_times(pool)} of the " \
           f"sequential server. It serves {POOL} clients at a time, so about {POOL} " \
           f"times is the most to expect; the last in line waits {_wait(pool)} for " \
           "its welcome"
    if pool["longest_greeting_us"] > 2 * free["longest_greeting_us"]:
        text += f" ({_wait(free)} with a thread for each)"
    return text + "."


def _queue(document):
    work_ms = max(document["plan"]["work_ms"])
    count, row = _most_clients(document, work_ms, "sequential")
    if not count or row["longest_greeting_us"] < 10 * row["median_us"]:
        return None
    return "The sequential server's delays are those of the one client it serves; " \
           f"the others wait before that. Of {count} clients the last one waited " \
           f"{_wait(row)} for its welcome: read both columns."


def _memory(document):
    work_ms = document["plan"]["work_ms"][0]
    count, forking, threaded = _most_clients(document, work_ms, "forking", "threaded")
    if not count or not forking["bytes_per_client"] or \
            not threaded["bytes_per_client"]:
        return None
    ratio = forking["bytes_per_client"] / threaded["bytes_per_client"]
    return f"With {count} clients connected a process for each takes " \
           f"{kib(forking['bytes_per_client'])} a client, a thread " \
           f"{kib(threaded['bytes_per_client'])}: {significant(ratio)} times. What " \
           "the kernel itself keeps for them is not counted."


def _noise(document):
    wild = [row["spread"] for row in document["rows"]
            if not row["trouble"] and row["spread"] > NOISE]
    if not wild:
        return None
    return f"In {len(wild)} of {len(document['rows'])} rows the rounds differ by up " \
           f"to {significant(max(wild))} times: this machine had other work, or an " \
           "odd moment. Trust only large ratios, or run it again."
