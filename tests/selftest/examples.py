"""The C examples in hints and bug pages, and how they are compiled: wrapped.

An example is a fragment that uses names as if they were declared above it.  The
usual ones are in BEFORE; a fragment becomes the body of a function.
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
         "-Wno-missing-declarations", "-Wno-unused-result"]
# A definition of a function, a directive: it cannot stand in a function.
TOP_LEVEL = re.compile(r"^(\{|#)|^(static )?[\w ]+\*?\w+\(.*\)\n\{", re.MULTILINE)
BEFORE = support.text_of(support.HERE, "examples.h")


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
    """Return the C text that an example becomes."""
    place = f'#line {line} "{name}"\n'
    if TOP_LEVEL.search(code):
        return place + code
    kind = "void *" if re.search(r"return (NULL|\w+ == NULL \?)", code) else \
        "void " if re.search(r"return;", code) else "long "
    last = "" if kind == "void " else "return 0;\n"
    return f"{kind}example{number}(int argc, char *argv[]);\n{kind}example{number}" \
        f"(int argc, char *argv[])\n{{\n{place}{code}{last}}}\n"


def complaints(compiler, paths):
    """Return what `compiler` says of the examples in these files."""
    bodies, wholes = [], []
    for path in paths:
        for line, code in fragments(path):
            text = wrapped(support.shown(path), line, code, len(bodies))
            (wholes if TOP_LEVEL.search(code) else bodies).append(text)
    with support.compiler(compiler), tempfile.TemporaryDirectory() as place:
        files = []
        for text in ["\n".join(bodies), *wholes]:
            files.append(os.path.join(place, f"example{len(files)}.c"))
            with open(files[-1], "w", encoding="utf-8") as file:
                file.write(BEFORE + text)
        done = subprocess.run(
            [*build.compiler(), *build.flags("plain"), *QUIET, "-O0", "-fsyntax-only",
             *files], cwd=support.ROOT, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=300,
            env=support.environment(LC_ALL="C"))
    return done.stdout.replace(place + "/", "")
