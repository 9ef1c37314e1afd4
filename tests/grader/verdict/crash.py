"""What a crash tells: which bug, in one line, and where in the learner's files."""
import os
import re
import signal

from ..bench.symbols import resolve

# (what the sanitizer says, the bug it is, whatever was looked for)
CERTAIN = [
    (r"LeakSanitizer", "U4"),
    (r"thread leak", "V2"),
    (r"data race(?:.|\n)*?Location is file descriptor", "V6"),
]
# (what the sanitizer says, the bug it most often is)
KINDS = [
    (r"memcpy-param-overlap|param-overlap", "F6"),
    (r"misaligned address", "B4"),
    (r"left shift of", "B6"),
    (r"dynamic-stack-buffer-overflow|stack-overflow", "G11"),
    (r"stack-use-after-return|stack-use-after-scope", "G12"),
    (r"data race", "V3"),
    (r"heap-use-after-free(?:.|\n)*thread T[1-9](?:.|\n)*freed by thread T0", "V13"),
    (r"WRITE of size.*\n(?:.*\n)?.*in (__interceptor_)?(recv|read)", "E6"),
]


def summary(report):
    """Return the report's own one-line summary, or ""."""
    for pattern in (r"runtime error: (.+)", r"SUMMARY: (?:\w+Sanitizer): (.+)",
                    r"ERROR: (?:\w+Sanitizer): (.+)", r"(\w+Sanitizer.*)"):
        found = re.search(pattern, report)
        if found:
            # Where it is, frames() tells better than a path inside the sanitizer.
            line = re.sub(r" \S*/\S+:\d+(:\d+)?(?= in )", "", found[1])
            line = line.replace("__interceptor_", "")
            line = re.sub(r" \(?/\S+\+0x[0-9a-f]+\)|\.part\.\d+", "", line)
            line = re.sub(r" \(?/\S+/", " ", line)
            line = re.sub(r" on (unknown )?address 0x.*", "", line)
            return re.sub(r"0x[0-9a-f]{6,}", "an address", line).strip()
    return ""


def bug(report, status, expected=None):
    """Return the ID of the bug a report (or the signal in `status`) points to.

    expected  the bug that a crash in this check means, or None; or a function that
              tells it from the report
    """
    if callable(expected):
        expected = expected(report)
    if not report and status == -signal.SIGPIPE and not expected:
        return "I1"
    for pattern, bug_id in CERTAIN + ([] if expected else KINDS):
        if re.search(pattern, report):
            return bug_id
    return expected or "U10"


def frames(report, directory, path):
    """Return at most two frames, "function file:line", in files of `directory`.

    Of a race one of each thread.  path: the executable, for reports that only
    name addresses in it
    """
    names = {f for f in os.listdir(directory) if f.endswith((".c", ".h"))}
    is_race = "data race" in report
    found = []
    for stack in report.split("\n\n") if is_race else [report]:
        places = [_place(line, names, path) for line in stack.splitlines()]
        found += [p for p in places if p][:1 if is_race else 2]
    return list(dict.fromkeys(found))[:2]


def _place(line, names, path):
    """Return "function file:line" of a line of a stack, "" if it is not theirs."""
    # "#1 0x55d0 in serve /a/b.c:12:3", "#1 0x55d0 (/a/b+0x12)", "#1 serve /a/b.c:12"
    frame = re.match(r"\s+#\d+ (?:0x[0-9a-f]+ )?(?:in )?(?:([^\s(]\S*) )?(.*)", line)
    if not frame:
        return ""
    function, place = frame[1], frame[2]
    module = re.search(rf"\({re.escape(path)}\+0x([0-9a-f]+)\)", place)
    source = re.match(r"(\S*?)([^/\s]+):(\d+)", place)
    if source is None and module:
        where = int(module[1], 16)
        file, number, function = resolve(path, [where]).get(where, ("", 0, ""))
        source = re.match(r"(.*?)([^/]+):(\d+)", f"{file}:{number}")
    return f"{function}() {source[2]}:{source[3]}" if source and source[2] in names \
        else ""
