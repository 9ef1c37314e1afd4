"""The C files that make up a lesson's programs, and what can be wrong with them
before a compiler has seen them."""
import os
import re

from .places import COMMON, ROOT, shown


class SourceProblem(Exception):
    """A source file is missing or is not C text; the text says what to do."""


def read_source(directory, program, advice):
    """Return the bytes of PROGRAM.c in `directory`; raise SourceProblem if unusable.

    advice  what to do when the file has gone, a sentence
    """
    path = os.path.join(directory, program + ".c")
    name = shown(path)
    if os.path.isdir(path):
        raise SourceProblem(f"{name} is a directory; it should be a C file")
    if not os.path.exists(path):
        others = [f for f in c_files(directory) if f != program + ".c"]
        found = f"found {', '.join(others)}; is one of them it, under another name? " \
            if others else ""
        raise SourceProblem(f"{name} is missing; {found}{advice}")
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as e:
        raise SourceProblem(f"{name} cannot be read: {e.strerror}") from None
    _check_text(name, text)
    return text


def _check_text(name, text):
    if text[:2] in (b"\xff\xfe", b"\xfe\xff") or text[1:40:2].count(0) > 15:
        raise SourceProblem(f"{name} is saved as UTF-16, which a C compiler cannot "
                            "read; save it as UTF-8 in your editor")
    if not text.strip():
        raise SourceProblem(f"{name} is empty")
    if b"\0" in text:
        raise SourceProblem(f"{name} holds zero bytes: it is not a text file")


def is_source(name, *ends):
    """Say whether a file's name is one of a source that ends in one of `ends`.

    What begins with a dot is hidden and belongs to a tool: a lock of Emacs (.#x.c),
    the other half of a file of a Mac (._x.c).
    """
    return name.endswith(ends) and not name.startswith(".")


def c_files(directory):
    """Return the names of the .c files in `directory`, in order."""
    try:
        return sorted(f for f in os.listdir(directory) if is_source(f, ".c")
                      and os.path.isfile(os.path.join(directory, f)))
    except OSError:
        return []


def programs(directory):
    """Return the names, without ".c", of the C files in `directory` with a main()."""
    return [f[:-2] for f in c_files(directory)
            if any(re.match(r"int main\(", line) for line in _lines(directory, f))]


def _lines(directory, file):
    with open(os.path.join(directory, file), encoding="utf-8",
              errors="replace") as text:
        return text.readlines()


def headers(directory):
    """Return the paths of the headers in `directory`, in order."""
    try:
        return sorted(os.path.join(directory, f) for f in os.listdir(directory)
                      if is_source(f, ".h"))
    except OSError:
        return []


def given(number, tree):
    """Return the paths of the modules that earlier lessons give to lesson `number`.

    A module is a .c file of an earlier lesson whose header lies in common/;
    it comes from `tree`, "solutions" or "lessons".  What has both files in
    common/ is given to every lesson.
    """
    modules = [os.path.join(COMMON, f) for f in c_files(COMMON)]
    declared = {os.path.basename(h)[:-2] for h in headers(COMMON)}
    for name in sorted(os.listdir(os.path.join(ROOT, tree))):
        if name[:2].isdigit() and int(name[:2]) < number:
            directory = os.path.join(ROOT, tree, name)
            modules += [os.path.join(directory, f) for f in c_files(directory)
                        if f[:-2] in declared]
    return modules


def is_module(file):
    """Say whether a header in common/ promises what this .c file holds."""
    return os.path.exists(os.path.join(COMMON, file[:-2] + ".h"))


def used_modules(directory, number, tree):
    """Return the paths of the earlier lessons' modules that the files here build on.

    A file builds on the modules whose headers it includes, and on theirs.
    """
    modules = {os.path.basename(m)[:-2]: m for m in given(number, tree)
               if os.path.dirname(m) != COMMON}
    reading = [os.path.join(directory, f) for f in c_files(directory)]
    used = {}
    while reading:
        for name in _included(reading.pop()):
            if name in modules and name not in used:
                used[name] = modules[name]
                reading += [modules[name], os.path.join(COMMON, name + ".h")]
    return [used[name] for name in sorted(used)]


def has_modules_of(program, directory):
    """Say whether `directory` has the modules that the file `program` is waiting for.

    Those are its headers in common/ that have no .c file there.  A module counts
    when it includes that very header, and has none of its own beside it.
    """
    for name in _included(program):
        path = os.path.join(COMMON, name)
        if not os.path.exists(path + ".h") or os.path.exists(path + ".c"):
            continue
        mine = os.path.join(directory, name)
        if os.path.exists(mine + ".h") or name not in _included(mine + ".c"):
            return False
    return True


def _included(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return re.findall(r'^\s*#\s*include\s+"(\w+)\.h"', file.read(),
                              re.MULTILINE)
    except OSError:
        return []


def calls_to(directory, names):
    """Yield (file, line, name) for each call of a function in `names`."""
    call = re.compile(r"(?<![\w.>])(" + "|".join(map(re.escape, names)) + r")\s*\(")
    for file in c_files(directory):
        with open(os.path.join(directory, file), encoding="utf-8",
                  errors="replace") as source:
            text = source.read()
        if not any(name in text for name in names):
            continue                    # to take the comments out takes its time
        code = without_comments(text)
        for number, line in enumerate(code.splitlines(), 1):
            for found in call.finditer(line):
                yield file, number, found[1]


def without_comments(code):
    """Return C code with comments and the insides of strings blanked, lines kept."""
    token = r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
    return re.sub(token, lambda m: re.sub(r"[^\n]", " ", m[0]), code, flags=re.DOTALL)
