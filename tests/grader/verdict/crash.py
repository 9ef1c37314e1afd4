"""What a crash tells: which bug, in one sentence, and where in the learner's files."""
import re
import signal

from . import report as reports
from .accounts import account

# (what the sanitizer says, the bug it is, whatever was looked for)
CERTAIN = [
    (r"ERROR: LeakSanitizer", "U4"),
    (r"thread leak", "V2"),
    (r"data race(?:.|\n)*?Location is file descriptor", "V6"),
    (r"destroy of a locked mutex", "U33"),
    (r"lock-order-inversion", "U34"),
    (r"use of an invalid mutex|read lock of a write", "U35"),
    (r"unlock of an unlocked mutex|double lock of a mutex", "U32"),
    (r"signal-unsafe call", "I7"),
    (r"signal handler spoils errno", "I8"),
    (r"division by zero", "U27"),
]
# (what the sanitizer says, the bug it most often is)
KINDS = [
    (r"param-overlap", "F6"),
    (r"misaligned address", "B4"),
    (r"left shift of", "B6"),
    (r"shift exponent", "U26"),
    (r"dynamic-stack-buffer-overflow|variable length array bound", "G11"),
    (r"stack-overflow(?:.|\n)*?#(\d+) \S+ in (\w+) .*\n +#\d+ \S+ in \2 .*\n"
     r" +#\d+ \S+ in \2 ", "U22"),
    (r"stack-overflow", "G11"),
    (r"stack-use-after-return|stack-use-after-scope", "G12"),
    (r"data race(?:.|\n)*?#0 (?:__interceptor_)?(?:free|realloc) ", "V13"),
    (r"data race", "V3"),
    (r"heap-use-after-free(?:.|\n)*thread T[1-9](?:.|\n)*freed by thread T0", "V13"),
    (r"heap-use-after-free|use-after-poison", "U15"),
    (r"double-free", "U16"),
    (r"which was not malloc|bad-free|alloc-dealloc", "U17"),
    (r"negative-size-param", "U23"),
    (r"allocation-size-too-big|failed to allocate|calloc-overflow|out-of-memory",
     "U24"),
    (r"WRITE of size.*\n(?:.*\n)?.*in (__interceptor_)?(recv|read)", "E6"),
    (r"buffer-(over|under)flow(?:.|\n)*?WRITE of size", "U13"),
    (r"buffer-(over|under)flow", "U14"),
    (r"store to address .* insufficient space", "U13"),
    (r"address .* insufficient space", "U14"),
    (r"signed integer overflow|negation of .* cannot be", "U25"),
    (r"index .* out of bounds", "U28"),
    (r"not a valid value for type", "U29"),
    (r"null pointer passed|load of null pointer of type '<unknown>'", "U30"),
    (r"null pointer", "U18"),
    (r"offset to |pointer index expression", "U31"),
    (r"SEGV on unknown address 0x0{9,}[0-9a-f]{1,3} |points to the zero page", "U18"),
    (r"SEGV|BUS on unknown", "U19"),
    (r"FPE on unknown", "U27"),
]
# (what a report must say for the bug that a check expects of a crash)
MEANS = {
    "A14": r"addrinfo|use-after-free|double-free",
    "A23": r"null pointer|SEGV",
    "F7": r"WRITE of size|insufficient space|out of bounds",
    "G2": r"WRITE of size 1\b|insufficient space|out of bounds",
    "G6": r"printf|SEGV",
}
# What ended a program of which no sanitizer has said anything.
SIGNALS = {signal.SIGABRT: "U21", signal.SIGSEGV: "U20", signal.SIGBUS: "U20",
           signal.SIGFPE: "U27", signal.SIGPIPE: "I1"}
# Nobody's fault but the program's, whatever a check was after.
SIGNALS_ALONE = (signal.SIGABRT, signal.SIGFPE)


def bug(report, status, expected=None):
    """Return the ID of the bug a report (or the signal in `status`) points to.

    expected  the bug that a crash in this check means, or None; or a function that
              tells it from the report
    """
    if callable(expected):
        expected = expected(report)
    if report and not re.search(MEANS.get(expected, ""), report):
        expected = None                 # another crash than the check is made for
    number = -(status or 0)
    if not report and number in SIGNALS and \
            (not expected or number in SIGNALS_ALONE):
        return SIGNALS[number]
    for pattern, bug_id in CERTAIN + ([] if expected else KINDS):
        if re.search(pattern, report):
            return bug_id
    return expected or "U10"


def frames(report, directory, path):
    """Return at most two frames, "function file:line", in files of `directory`.

    Of a race one of each thread.  path: the executable, for reports that only
    name addresses in it
    """
    blocks = reports.blocks(report, directory, path)
    is_race = "data race" in report
    found = []
    for block in blocks if is_race else [b for b in blocks if b.frames][:1]:
        own = [f"{f.function}() {f.file}:{f.line}" for f in block.frames if f.is_own]
        found += own[:1 if is_race else 2]
    return list(dict.fromkeys(found))[:2]


def sentence(report, directory, path):
    """Return in one sentence what a report says; "" when it says nothing.

    directory  of the learner's files; path: the executable
    """
    return account(report, reports.blocks(report, directory, path)) or \
        summary(report)


def summary(report):
    """Return the report's own one-line summary, without what only experts read."""
    for pattern in (r"runtime error: (.+)", r"SUMMARY: (?:\w+Sanitizer): (.+)",
                    r"ERROR: (?:\w+Sanitizer): (.+)", r"(\w+Sanitizer.*)"):
        found = re.search(pattern, report)
        if found:
            # Where it is, frames() tells better than a path inside the sanitizer.
            line = re.sub(r" \S*/\S+:\d+(:\d+)?(?= in )", "", found[1])
            line = re.sub(r" \(?/\S+\+0x[0-9a-f]+\)| \(BuildId: \w+\)|\.part\.\d+"
                          r"|__interceptor_|__asan_", "", line)
            line = re.sub(r" \(?/\S+/", " ", line)
            line = re.sub(r" on (unknown )?address 0x.*| in \w+\(.*", "", line)
            return re.sub(r"0x[0-9a-f]{6,}", "an address", line).strip()
    return ""
