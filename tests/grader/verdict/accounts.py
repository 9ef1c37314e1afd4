"""A sanitizer's report retold: one sentence for each kind, and no word of its own."""
import re

from ..words import show
from . import report as reports
from .report import actor, place


def account(report, blocks):
    """Return in one sentence what a report says; "" when its kind is not known.

    blocks  of the report, see report.blocks()
    """
    for pattern, words in SENTENCES:
        found = re.search(pattern, report)
        text = words(report, blocks, found) if found else ""
        if text:
            return text
    return ""


# What the memory is called that was touched

def _object(report):
    """Return the object that an address belongs to, in words, and its size in bytes.

    ("", 0) when the report does not know it.
    """
    for find in (_global_object, _heap_object, _stack_object):
        name, size = find(report)
        if name:
            return name, size
    return "", 0


def _near_globals(report):
    """Return [(is it before the object?, bytes, name, size)], the likeliest first.

    A report names the neighbours on both sides: that which was left at its end was
    meant.
    """
    found = re.findall(r"is located (\d+) bytes? (to the right of|to the left of|after|"
                       r"before) global variable '([^']*)' .*of size (\d+)", report)
    return sorted((side in ("to the left of", "before"), int(count), name, int(size))
                  for count, side, name, size in found)


def _global_object(report):
    near = _near_globals(report)
    found = near[0][2:] if near else \
        (re.findall(r"global variable '([^']*)' .*of size (\d+)", report) or [None])[0]
    if not found:
        return "", 0
    name, size = found[0], int(found[1])
    text = re.search(rf"'{re.escape(name)}' is ascii string '(.*)'", report)
    return (f'"{text[1]}"' if text else name), size


def _heap_object(report):
    found = re.search(r"(\d+)-byte region", report)
    if not found:
        return "", 0
    return f"a block of {show.count(int(found[1]))}", int(found[1])


def _stack_object(report):
    found = _on_the_stack(report)
    return (found[0], found[2] - found[1]) if found else ("", 0)


def _on_the_stack(report):
    """Return (name, start, end, offset) of the variable that was left, or None.

    The last three are bytes from the start of the function's frame.  An access just
    behind a variable was meant for this one, even if the report, which measures to the
    next one, thinks otherwise.
    """
    chosen = re.search(r"<== Memory access at offset (\d+) ", report)
    if not chosen:
        return None
    at = int(chosen[1])
    lines = re.findall(r"\[(\d+), (\d+)\) '([^']*)'(.*)", report)
    left = [v for v in lines if int(v[1]) == at] or [v for v in lines if "<==" in v[3]]
    start, end, name, _ = left[0]
    return re.sub(r"[:.].*$", "", name), int(start), int(end), at


def _declared(report, blocks):
    """Return where the object comes from: ", from malloc at hellod.c:9", or ""."""
    for block in blocks:
        if re.search(r"allocated by thread", block.heading) and place(block):
            return f", from {actor(block)}"
    return ""


def _distance(report):
    """Return (bytes between the object and the address, which side), or None."""
    near = _near_globals(report)
    if near:
        return near[0][1], "before" if near[0][0] else "behind"
    found = re.search(r"is located (\d+) bytes? (to the right of|to the left of|after|"
                      r"before)", report)
    if found:
        return int(found[1]), "behind" if found[2] in ("to the right of", "after") \
            else "before"
    found = _on_the_stack(report)
    if not found:
        return None
    _, start, end, at = found
    return (at - end, "behind") if at >= end else (start - at, "before")


def _thread(name):
    """Return what the chart calls a thread that the sanitizer calls T1, or main."""
    number = re.search(r"T(\d+)", name or "")
    return "main" if not number or number[1] == "0" else f"thread {number[1]}"


# One function for each kind: (report, blocks, match) to a sentence, "" if it cannot

def _outside(report, blocks, found):
    """Say which access leaves which object, by how much and on which side."""
    verb, size = ("writes" if found[2] == "WRITE" else "reads"), int(found[3])
    name, has = _object(report)
    distance = _distance(report)
    if not name or distance is None:
        return f"{actor(blocks[0])} {verb} {show.count(size)} outside of any object"
    from_where = _declared(report, blocks)
    if distance[1] == "before":
        gap = f"{show.count(distance[0])} before the start of"
        return f"{actor(blocks[0])} {verb} {show.count(size)}, {gap} {name}{from_where}"
    is_a_call = not blocks[0].frames[0].is_own
    joint = "of" if verb == "reads" else "to"
    if is_a_call and distance[0] == 0:
        which = name if name.startswith("a block") else f"{name}, which has {has:,}"
        if size <= has:
            return (f"{actor(blocks[0])} {verb} {show.count(size)} and goes past the "
                    f"end of {which}{from_where}")
        return (f"{actor(blocks[0])} {verb} {show.count(size)} {joint} {which}"
                f"{from_where}")
    gap = "directly behind" if distance[0] == 0 else \
        f"{show.count(distance[0])} behind the end of"
    which = name if name.startswith("a block") else f"{name}, which has {has:,}"
    return f"{actor(blocks[0])} {verb} {show.count(size)} {gap} {which}{from_where}"


def _after_free(report, blocks, found):
    """Say who uses which block, and who has freed it."""
    verb = "writes to" if "WRITE of" in found[0] else "reads"
    name, _ = _object(report)
    thread = re.search(r"at 0x[0-9a-f]+ thread (T[1-9]\d*)", blocks[0].heading)
    who = actor(blocks[0]) + (f" ({_thread(thread[1])})" if thread else "")
    return f"{who} {verb} {name or 'memory'}{_freed(blocks)}"


def _freed(blocks):
    """Return " that free at hellod.c:9 (thread 1) has given back", as far as known."""
    freed = next((b for b in blocks if "freed by thread" in b.heading), None)
    if freed is None:
        return " that has been given back"
    thread = _thread(re.search(r"freed by thread (T\d+)", freed.heading)[1])
    who = "" if thread == "main" else f" ({thread})"
    return f" that {actor(freed)}{who} has given back"


def _double_free(report, blocks, found):
    name, _ = _object(report)
    freed = next((b for b in blocks if "freed by thread" in b.heading), None)
    before = f": {actor(freed)} has done so before" if freed else ""
    return f"{actor(blocks[0])} gives back {name or 'a block'} again{before}"


def _bad_free(report, blocks, found):
    name, _ = _object(report)
    inside = re.search(r"is located (\d+) bytes inside of (\d+)-byte region", report)
    if inside:
        name = (f"an address {show.count(int(inside[1]))} behind the start of {name}"
                + _declared(report, blocks))
    elif re.search(r"located in stack|global variable", report) and name:
        name = f"{name}, which no malloc gave"
    else:
        name = "an address that no malloc gave"
    return f"{actor(blocks[0])} is asked to give back {name}"


def _after_scope(report, blocks, found):
    name, _ = _object(report)
    line = re.search(r"'[^']*' \(line (\d+)\) <==", report)
    which = f"{name} (declared in line {line[1]})" if line else name or "a variable"
    what = "after the function that owns it has returned" if "return" in found[0] else \
        "after the block that it is declared in has ended"
    verb = "writes to" if "WRITE of" in report else "reads"
    return f"{actor(blocks[0])} {verb} {which} {what}"


def _stack_overflow(report, blocks, found):
    own = [f for f in blocks[0].frames if f.is_own]
    names = [f.function for f in own[:3]]
    if len(names) == 3 and len(set(names)) == 1:
        return (f"{names[0]} calls itself at {own[1].file}:{own[1].line} until the "
                "stack is full")
    return f"{actor(blocks[0])} needs more memory than the stack has"


def _overlap(report, blocks, found):
    bounds = [int(n, 16) for n in re.findall(r"[\[ ](0x[0-9a-f]+)[,)]", found[0])]
    ranges = re.findall(r"\[(0x[0-9a-f]+), ?(0x[0-9a-f]+)\)", found[0])
    if len(ranges) != 2 or not bounds:
        return ""
    (a, b), (c, _) = ([int(x, 16) for x in r] for r in ranges)
    name, _ = _object(report)
    inside = f" inside {name}" if name and not name.startswith("a block") else \
        f" in {name}" if name else ""
    return (f"{actor(blocks[0])} copies {show.count(b - a)}{inside} between places "
            f"that are {show.count(abs(a - c))} apart: they overlap")


def _negative_size(report, blocks, found):
    return f"{actor(blocks[0])} gets the size {found[1]}, as a size_t a huge number"


def _huge(report, blocks, found):
    size = int(found[1], 16)
    who = actor(blocks[0]) if blocks[0].frames else "malloc"
    return f"{who} is asked for {show.count(size)}"


def _leak(report, blocks, found):
    total = re.search(r"SUMMARY: .*?(\d+) byte\(s\) leaked in (\d+) alloc", report)
    first = next((b for b in blocks if "leak of" in b.heading and place(b)), None)
    size, count = (int(total[1]), int(total[2])) if total else (0, 0)
    text = f"{show.count(size)} in {show.count(count, 'block')} " \
        f"{'is' if count == 1 else 'are'} never given back"
    if first is None:
        return text
    blocks_there = re.search(r"leak of (\d+) byte\(s\) in (\d+) object", first.heading)
    number = int(blocks_there[2])
    part = "" if number == count else f"{show.count(number)} of them ".replace(
        " bytes", "").replace(" byte", "")
    return f"{text}; {part or ''}{'come' if count > 1 and number > 1 else 'comes'} " \
        f"from {actor(first)}"


def _segv(report, blocks, found):
    address = int(found[1], 16) if found[1] else 0
    verb = "writes to" if "caused by a WRITE" in report else "reads from"
    if re.search(r"pc 0x0+ ", report):
        return "the program calls a function through a pointer that is NULL"
    who = actor(blocks[0])
    if address < 4096 or "points to the zero page" in report:
        far = f", {show.count(address)} behind it" if address else ""
        return f"{who} {verb} NULL{far}"
    if "high value address" in report or "unknown address (" in report:
        return f"{who} {verb} an address that cannot be one"
    return f"{who} {verb} an address where the program has no memory" \
        + (" to write" if verb == "writes to" else "")


# UBSan

def _said(words):
    """Return a function that fills the match's groups into `words`.

    {who} is the learner's function and line.
    """
    def told(report, blocks, found):
        groups = [g or "" for g in found.groups()]
        line = re.search(r"([^/\s]+:\d+):\d+: runtime error", report)
        frame = reports.own_frame(blocks[0]) if blocks[0].frames else None
        who = f"{frame.function} at {frame.file}:{frame.line}" if frame else \
            line[1] if line else "the program"
        return words.format(*groups, who=who)
    return told


def _misaligned(report, blocks, found):
    kind = {"load of": "reads", "store to": "writes",
            "member access within": "uses", "reference binding to": "uses"}
    return _said("{who} " + kind.get(found[1], "uses") + " a {1} at an address that is "
                 "not a multiple of {2}")(report, blocks, found)


def _insufficient(report, blocks, found):
    verb = "writes" if found[1] == "store to" else "reads"
    return _said("{who} " + verb + " a {1} outside of the object that its pointer "
                 "leads to")(report, blocks, found)


def _null(report, blocks, found):
    if found[2] == "<unknown>":
        return _said("{who} hands NULL to a call that needs memory")(report, blocks,
                                                                     found)
    verb = {"load of": "reads a {1} through", "store to": "writes a {1} through",
            "member access within": "uses a field of a {1} through"}.get(
                found[1], "uses")
    return _said("{who} " + verb + " a pointer that is NULL")(report, blocks, found)


# TSan

def _sides(blocks):
    """Return the two accesses of a race: [(verb, size, thread, Block)]."""
    pattern = (r"(?:Previous )?(?:atomic )?(read|write) of size (\d+) at 0x[0-9a-f]+ "
               r"by (main thread|thread T\d+)")
    found = []
    for block in blocks:
        side = re.search(pattern, block.heading, re.IGNORECASE)
        if side:
            verb = "reads" if side[1].lower() == "read" else "writes"
            found.append((verb, int(side[2]), _thread(side[3]), block))
    return found[:2]


def _race(report, blocks, found):
    """Say which variable two threads use at once, where, and how each does."""
    sides = _sides(blocks)
    if len(sides) != 2:
        return ""
    for (_, _, thread, block), (verb, _, other, there) in (sides, sides[::-1]):
        if _is_free(block):
            done = "gives it back again" if _is_free(there) else f"{verb} it"
            return (f"{_at(thread, block)} gives back a block of memory, and "
                    f"{_at(other, there)} {done}, with nothing to order the two")
    (verb, _, thread, block), (other_verb, _, other, there) = sides
    return (f"{_variable(report, blocks)}: {thread} {verb} it at {place(block)} while "
            f"{other} {other_verb} it at {place(there)}")


def _is_free(block):
    return any(f.function in ("free", "realloc") for f in block.frames[:2])


def _at(thread, block):
    return f"{thread} at {place(block)}"


def _variable(report, blocks):
    """Return what two threads share: a global by name, a block, a stack, a file."""
    found = re.search(r"Location is global '(\w+)' of size (\d+) at (0x[0-9a-f]+)",
                      report)
    address = re.search(r" at (0x[0-9a-f]+) by ", report)
    if found:
        offset = int(address[1], 16) - int(found[3], 16)
        return f"byte {offset} of {found[1]}" if offset > 0 else found[1]
    found = re.search(r"Location is heap block of size (\d+) at (0x[0-9a-f]+)", report)
    if found:
        offset = int(address[1], 16) - int(found[2], 16)
        made = next((b for b in blocks if "Location is heap block" in b.heading), None)
        where = f" from {actor(made)}" if made and place(made) else ""
        return f"byte {offset} of a block of {show.count(int(found[1]))}{where}"
    found = re.search(r"Location is stack of (main thread|thread T\d+)", report)
    if found:
        return f"a variable on the stack of {_thread(found[1])}"
    found = re.search(r"Location is file descriptor (\d+)", report)
    return f"descriptor {found[1]}" if found else "a variable"


def _descriptor(report, blocks, found):
    """Say which thread closes a descriptor that another one uses."""
    sides = _sides(blocks)
    if len(sides) != 2:
        return ""
    (_, _, thread, block), (_, _, other, there) = sides
    return (f"{_variable(report, blocks)}: {actor(block)} ({thread}) and "
            f"{actor(there)} ({other}) use it at the same time")


def _tsan_after_free(report, blocks, found):
    sides = _sides(blocks)
    if len(sides) != 2:
        return ""
    (verb, _, thread, block), (_, _, other, there) = sides
    return (f"{_at(thread, block)} {verb} a block of memory that {_at(other, there)} "
            "has given back")


def _mutex(words):
    """Return a function that says what is done to which mutex."""
    def told(report, blocks, found):
        name = re.search(r"Location is global '(\w+)'", report)
        made = next((b for b in blocks if re.search(r"Mutex M\d+ .*created at",
                                                    b.heading) and place(b)), None)
        locked = next((b for b in blocks if b.heading.strip().startswith("and:")), None)
        which = name[1] if name else \
            f"the mutex of {place(made)}" if made else "a mutex"
        where = f", locked at {place(locked)}" if locked else ""
        return words.format(who=actor(blocks[0]), mutex=which, where=where)
    return told


def _lock_order(report, blocks, found):
    """Say who locks in which order, and who in the other."""
    sides = []
    for block in blocks:
        side = re.search(r"Mutex (M\d+) acquired here while holding mutex (M\d+) in "
                         r"(main thread|thread T\d+)", block.heading)
        if side:
            sides.append((_thread(side[3]), place(block), side[1], side[2]))
    if len(sides) < 2:
        return ""
    (one, here, _, _), (other, there, _, _) = sides[:2]
    return (f"{one} at {here} locks two mutexes in one order, {other} at {there} in "
            "the other order: both can wait for ever")


def _thread_leak(report, blocks, found):
    more = re.search(r"And (\d+) more similar thread leaks", report)
    count = 1 + (int(more[1]) if more else 0)
    made = next((b for b in blocks if place(b)), blocks[0])
    verb = "is" if count == 1 else "are"
    return (f"{show.count(count, 'thread')} made by {actor(made)} {verb} neither "
            "joined nor detached")


def _in_handler(report, blocks, found):
    return f"{actor(blocks[0])} is called in a signal handler, where it is not safe"


# (what the report says, the function that says it plainly), the first that can
SENTENCES = [
    (r"(stack-use-after-(?:return|scope))", _after_scope),
    (r"AddressSanitizer: heap-use-after-free[^\n]*\n(?:READ|WRITE) of", _after_free),
    (r"attempting double-free", _double_free),
    (r"which was not malloc", _bad_free),
    (r"AddressSanitizer: stack-overflow", _stack_overflow),
    (r"\w+-param-overlap:[^\n]*", _overlap),
    (r"negative-size-param: \(size=(-\d+)\)", _negative_size),
    (r"(?:failed to allocate|requested allocation size) (0x[0-9a-f]+)", _huge),
    (r"ERROR: LeakSanitizer: detected", _leak),
    (r"(\w+)-buffer-(?:over|under)flow[^\n]*\n(READ|WRITE) of size (\d+)", _outside),
    (r"(?:SEGV|BUS) on unknown address (?:(0x[0-9a-f]+))?", _segv),
    (r"signed integer overflow: (.*) cannot be represented in type '([^']*)'",
     _said("{who} computes {0}, which does not fit in {1}")),
    (r"negation of (\S+) cannot be represented in type '([^']*)'",
     _said("{who} computes -({0}), which does not fit in {1}")),
    (r"left shift of (\S+) by (\d+) places cannot be represented in type '([^']*)'",
     _said("{who} shifts {0} left by {1}, which does not fit in {2}")),
    (r"left shift of negative value (\S+)",
     _said("{who} shifts {0}, a negative number, to the left")),
    (r"shift exponent (\S+) is (?:too large for (\d+)-bit type '([^']*)'|negative)",
     _said("{who} shifts by {0}; the type {2} has {1} bits")),
    (r"division by zero", _said("{who} divides by zero")),
    (r"(load of|store to|member access within|reference binding to) misaligned address "
     r"\S+ for type '([^']*)'.*requires (\d+) byte", _misaligned),
    (r"index (\S+) out of bounds for type '([^']*)'",
     _said("{who} uses the index {0} of an array of type {1}")),
    (r"load of value (\S+), which is not a valid value for type '([^']*)'",
     _said("{who} reads the value {0} as a {1}, which it cannot be")),
    (r"null pointer passed as argument (\d+)",
     _said("{who} hands NULL to a call as argument {0}, which must not be NULL")),
    (r"(load of|store to|member access within) null pointer of type '([^']*)'", _null),
    (r"(load of|store to) address \S+ with insufficient space for an object of type "
     r"'([^']*)'", _insufficient),
    (r"variable length array bound evaluates to non-positive value (\S+)",
     _said("{who} makes an array of {0} elements")),
    (r"applying (?:non-)?zero offset(?: \S+)? to (?:non-)?null pointer",
     _said("{who} adds a number to a pointer that is NULL")),
    (r"(?:addition|subtraction) of unsigned offset to \S+ overflowed|pointer index "
     r"expression with base \S+ overflowed",
     _said("{who} moves a pointer out of its array: a negative or huge index")),
    (r"runtime error: execution reached an unreachable",
     _said("{who} reaches a place that cannot be reached")),
    (r"data race(?:.|\n)*?Location is file descriptor", _descriptor),
    (r"ThreadSanitizer: data race", _race),
    (r"ThreadSanitizer: heap-use-after-free", _tsan_after_free),
    (r"unlock of an unlocked mutex", _mutex("{who} unlocks {mutex}, which this thread "
                                            "has not locked")),
    (r"destroy of a locked mutex", _mutex("{who} destroys {mutex} while it is locked"
                                          "{where}")),
    (r"use of an invalid mutex", _mutex("{who} uses {mutex}, which is not initialised "
                                        "or already destroyed")),
    (r"double lock of a mutex", _mutex("{who} locks {mutex}, which this thread has "
                                       "locked already")),
    (r"lock-order-inversion", _lock_order),
    (r"ThreadSanitizer: thread leak", _thread_leak),
    (r"signal-unsafe call inside of a signal", _in_handler),
]
