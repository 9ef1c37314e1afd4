"""What a crash tells: which bug, in one line, and where in the learner's files."""
import os
import re
import signal

from .lines import resolve

# (what the sanitizer says, the bug it most often is)
KINDS = [
    (r"memcpy-param-overlap|param-overlap", "F6"),
    (r"LeakSanitizer", "U4"),
    (r"misaligned address", "B4"),
    (r"left shift of", "B6"),
    (r"dynamic-stack-buffer-overflow|stack-overflow", "G11"),
    (r"stack-use-after-return|stack-use-after-scope", "G12"),
    (r"data race", "V3"),
    (r"WRITE of size.*\n(?:.*\n)?.*in (__interceptor_)?(recv|read)", "E6"),
]
LIMIT = r"hard rss limit|rss limit"


def summary(report):
    """Return the report's own one-line summary, or ""."""
    for pattern in (r"runtime error: (.+)", r"SUMMARY: (?:\w+Sanitizer): (.+)",
                    r"ERROR: (?:\w+Sanitizer): (.+)", r"(\w+Sanitizer.*)"):
        found = re.search(pattern, report)
        if found:
            # Where it is, frames() tells better than a path inside the sanitizer.
            line = re.sub(r" \S*/\S+:\d+(:\d+)?(?= in )", "", found[1])
            line = re.sub(r" \(?/\S+/", " ", line.replace("__interceptor_", ""))
            return re.sub(r"0x[0-9a-f]{6,}", "an address", line).strip()
    return ""


def bug(report, status):
    """Return the ID of the bug a report (or the signal in `status`) points to."""
    if not report and status == -signal.SIGPIPE:
        return "I1"
    for pattern, bug_id in KINDS:
        if re.search(pattern, report):
            return bug_id
    return "U10"


def frames(report, directory, path):
    """Return at most two frames, "function file:line", in files of `directory`.

    path  the executable, for reports that only name addresses in it
    """
    names = {f for f in os.listdir(directory) if f.endswith((".c", ".h"))}
    found = []
    for line in report.splitlines():
        frame = re.match(r"\s+#\d+ 0x[0-9a-f]+ (?:in (\S+) )?(.*)", line)
        if not frame:
            continue
        function, place = frame[1], frame[2]
        module = re.search(rf"\({re.escape(path)}\+0x([0-9a-f]+)\)", place)
        source = re.match(r"(\S*?)([^/\s]+):(\d+)", place)
        if source is None and module:
            where = int(module[1], 16)
            file, number, function = resolve(path, [where]).get(where, ("", 0, ""))
            source = re.match(r"(.*?)([^/]+):(\d+)", f"{file}:{number}")
        if source and source[2] in names:
            found.append(f"{function}() {source[2]}:{source[3]}")
    return list(dict.fromkeys(found))[:2]
