#!/usr/bin/env python3
"""Small programs that crash, each in one way, and the reports that this makes.

    python3 tests/selftest/crashes.py      writes crashes/*.txt anew

crashes/NAME.c          the program; tsan-NAME.c is built with ThreadSanitizer
crashes/COMPILER.txt    the report of each, without paths of the machine
crashes/sentences.txt   the bug and the sentence that are made of it: read what changes
"""
import os
import re
import subprocess
import tempfile

import support

from grader import build
from grader.bench.program import SANITIZER
from grader.verdict import crash

PLACE = os.path.join(support.HERE, "crashes")
SENTENCES = os.path.join(PLACE, "sentences.txt")
OPTIONS = {"leak": "detect_leaks=1", "tsan-signal": "report_signal_unsafe=1",
           "use-after-return": "detect_stack_use_after_return=1"}
LONGEST = 12                        # frames kept of a stack


def names():
    """Return the names of the programs."""
    return sorted(f[:-2] for f in os.listdir(PLACE) if f.endswith(".c"))


def built(name, compiler, directory):
    """Build a program with `compiler`, as a learner's is; return its path."""
    path = os.path.join(directory, name)
    variant = "tsan" if name.startswith("tsan-") else "asan"
    with support.compiler(compiler):
        code, text = build.run([*build.compiler(), *build.flags(variant), "-w", "-o",
                                path, os.path.join(PLACE, name + ".c")])
    if code != 0:
        raise AssertionError(f"{name} does not compile with {compiler}:\n{text}")
    return path


def report(name, path, more=""):
    """Run a program that was built; return (its report, its status).

    more  further options for the sanitizer
    """
    with tempfile.TemporaryDirectory() as scratch:
        options = f"{SANITIZER}:log_path={scratch}/report:detect_leaks=0:" \
            f"{OPTIONS.get(name, 'detect_leaks=0')}{more}"
        env = {"PATH": "/usr/bin:/bin", "LANG": "C", "ASAN_OPTIONS": options,
               "UBSAN_OPTIONS": options, "TSAN_OPTIONS": options}
        done = subprocess.run([path], env=env, stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        text = "".join(support.text_of(scratch, f) for f in sorted(os.listdir(scratch)))
    return text or done.stderr.decode("utf-8", "replace"), done.returncode


def told(name, text, path):
    """Return "ID sentence", what is made of a report."""
    return f"{crash.bug(text, 99)} {crash.sentence(text, PLACE, path)}"


def neutral(text, path):
    """Return a report without paths of this machine and what is not looked at."""
    text = re.sub(r"(?s)\nShadow bytes.*?(?=\n==|\Z)", "", text)
    text = text.replace(path, f"build/{os.path.basename(path)}")
    text = re.sub(rf"{re.escape(PLACE)}/", "crashes/", text)
    return "\n".join(line for line in text.splitlines()
                     if not (re.match(r"\s+#(\d+) ", line)
                             and int(line.split()[0][1:]) > LONGEST)) + "\n"


def sections(text):
    """Return {name: text} of a file whose parts begin with "=== name"."""
    parts = re.split(r"^=== (\S+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2]))


def kept(compiler):
    """Return {name: report} of what is kept of a compiler."""
    return sections(support.text_of(PLACE, f"{compiler}.txt"))


def sentences():
    """Return {(name, compiler): "ID sentence"} of what is kept."""
    lines = [line.split(None, 2) for line in support.text_of(SENTENCES).splitlines()]
    return {(name, compiler): text for name, compiler, text in lines}


def main():
    """Write everything anew."""
    lines = []
    for compiler in support.compilers():
        with tempfile.TemporaryDirectory() as directory, \
                open(os.path.join(PLACE, f"{compiler}.txt"), "w",
                     encoding="utf-8") as file:
            for name in names():
                path = built(name, compiler, directory)
                text = neutral(report(name, path)[0], path)
                file.write(f"=== {name}\n{text}")
                lines.append(f"{name} {compiler} {told(name, text, 'build/' + name)}\n")
    with open(SENTENCES, "w", encoding="utf-8") as file:
        file.writelines(sorted(lines))


if __name__ == "__main__":
    main()
