"""The C examples in hints and bug pages, and how they are compiled: wrapped.

An example is a fragment that uses names as if they were declared above it.  The
usual ones are in BEFORE, those of one bug page in OF_A_PAGE; a fragment becomes the
body of a function.
"""
import os
import re
import subprocess
import tempfile

import support

from grader import build

CODE = re.compile(r"(?:^ {4,}\S.*\n(?:\s*\n(?= {4}))*)+", re.MULTILINE)
# What an example leaves out is not what it is about.
QUIET = ["-Wno-unused", "-Wno-shadow", "-Wno-missing-prototypes",
         "-Wno-missing-declarations", "-Wno-unused-result", "-Wno-strict-prototypes",
         "-Wno-unknown-warning-option", "-Wno-deprecated-non-prototype"]
# A definition of a function, a directive: it cannot stand in a function.
TOP_LEVEL = re.compile(r"^(\{|#)|^(static )?[\w ]+\*?\w+\(.*\)\n\{", re.MULTILINE)
BEFORE = support.text_of(support.HERE, "examples.h")
OF_A_PAGE = dict(re.findall(r"^=== (\w+)\n((?:(?!===).*\n?)*)",
                            support.text_of(support.HERE, "examples.txt"), re.M))


def fragments(path):
    """Yield (line, code) of each example in the hints of a Markdown file."""
    text = support.text_of(path)
    for hint in re.finditer(r"^3\. (?:.*\n)(?:(?: {3}.*)?\n)*", text, re.MULTILINE):
        plain = re.sub(r"^   ", "", hint[0], flags=re.MULTILINE)
        for code in CODE.finditer(plain):
            line = text.count("\n", 0, hint.start()) + plain.count("\n", 0,
                                                                    code.start()) + 1
            yield line, re.sub(r"^    ", "", code[0], flags=re.MULTILINE)


def wrapped(name, line, code, number):
    """Return (C text that an example becomes, whether it needs a file of its own)."""
    declared = OF_A_PAGE.get(os.path.basename(name)[:-3], "")
    place = f'{declared}#line {line} "{name}"\n'
    if TOP_LEVEL.search(code):
        return place + code, True
    kind = "void *" if re.search(r"return (NULL|\w+ == NULL \?)", code) else \
        "void " if re.search(r"return;", code) else "long "
    last = "" if kind == "void " else "return 0;\n"
    head = f"{kind}example{number}(int argc, char *argv[])"
    # What is a function of one type here may be one of another type elsewhere.
    return f"{head};\n{head}\n{{\n{place}{code}{last}}}\n", \
        bool(re.search(r"\w\([^)]+\);|#", declared))


def complaints(compiler, paths):
    """Return what `compiler` says of the examples in these files."""
    together, alone = [], []
    for path in paths:
        for line, code in fragments(path):
            text, is_alone = wrapped(support.shown(path), line, code, len(together))
            (alone if is_alone else together).append(text)
    with support.compiler(compiler), tempfile.TemporaryDirectory() as place:
        files = []
        for text in ["\n".join(together), *alone]:
            files.append(os.path.join(place, f"example{len(files)}.c"))
            with open(files[-1], "w", encoding="utf-8") as file:
                file.write(BEFORE + text)
        done = subprocess.run(
            [*build.compiler(), *build.flags("plain"), *QUIET, "-O0", "-fsyntax-only",
             *files], cwd=support.ROOT, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=300,
            env=support.environment(LC_ALL="C"))
    return done.stdout.replace(place + "/", "")
