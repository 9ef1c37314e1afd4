"""From sources to programs: how a program is compiled, each file of it once."""
import contextlib
import os
import re
from collections import namedtuple

from ..course import sources
from ..course.places import BUILD, COMMON, ROOT, build_dir, shown
from ..words.trouble import Infra
from . import cache, complaints
from .cache import Recipe

LANGUAGE = ["-std=c11", "-D_GNU_SOURCE", "-pthread"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wstrict-prototypes",
            "-Wmissing-prototypes"]
DEBUG = ["-g", "-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"]
VARIANTS = {
    "asan": ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
    "tsan": ["-fsanitize=thread"],
    "plain": [],
    "fast": ["-O2"],                # to be measured, not to be graded
}
NAMES = {"asan": "AddressSanitizer", "tsan": "ThreadSanitizer"}
GOLD = ["-fuse-ld=gold"]
STATIC = ["-static-libasan", "-static-libubsan"]
COMPILE_SECONDS = 120
# What tools say when it is not the source that is at fault.
MACHINE = re.compile(r"No space left on device|Read-only file system|"
                     r"v?fork: \w.*|posix_spawn: \w.*|virtual memory exhausted.*|"
                     r"out of memory allocating.*|Killed signal terminated program.*|"
                     r"[cC]annot allocate memory|memory exhausted")
OF_THE_LINKER = re.compile(r"ld\.gold|collect2:|linker command failed")
HERE = "{here}"                     # in kept warnings: the directory of the sources

# programs  {name: path of the executable}
# warnings  what the compiler had to say
# notes     what a reader of the verdict should know about this build
# variant   which of VARIANTS it is
# recipe    the other arguments of build(), see in_variant()
Built = namedtuple("Built", "programs warnings notes variant recipe")


class BuildFailure(Exception):
    """The compiler said no: its text, a sentence of help, and whose file it was."""

    def __init__(self, text, module=None):
        super().__init__(text)
        self.text = text
        self.help = complaints.sentence(text)
        self.module = module


def compiler():
    """Return the compiler as words, its path first; Infra if there is none."""
    words = (os.environ.get("CC") or "cc").split()
    path = _found(words[0])
    if not path:
        raise Infra(f"no C compiler: {words[0]} was not found. Install gcc or clang, "
                    "or name the one you have, as in: make check-lesson1 CC=clang")
    return [path, *words[1:]]


def _found(tool):
    """Return the path of a tool as the shell would find it, or None.

    shutil.which() does the same; to import that takes longer than a check.
    """
    places = [""] if "/" in tool else os.environ.get("PATH", os.defpath).split(":")
    paths = [os.path.join(place, tool) for place in places]
    return next((p for p in paths if os.path.isfile(p) and os.access(p, os.X_OK)), None)


def flags(variant):
    """Return the compiler's flags for one of VARIANTS, those for linking included."""
    return _compiling(variant) + (_quick(STATIC) if variant == "asan" else [])


def _compiling(variant):
    """Return the flags to compile a file with."""
    return LANGUAGE + ["-I" + shown_or_whole(COMMON)] + WARNINGS + DEBUG + \
        VARIANTS[variant]


def _quick(options):
    """Return these options to link with, which save time, if the compiler takes them.

    STATIC  gcc's sanitizers are shared libraries, looked for and bound at every
            start, which takes a third of it; both or neither are linked in, or
            else each has a report file of its own
    GOLD    a linker that takes two thirds of the time
    What a compiler takes is found out once, and kept in the cache.
    """
    source = os.path.join(COMMON, "todo.c")
    command = [*compiler(), *VARIANTS["asan"], *options, "-I", COMMON]

    def make(out):
        code, _ = run([*command, "-shared", "-fPIC", "-o", os.path.join(out, "probe"),
                       source])
        with open(os.path.join(out, "flags"), "w", encoding="ascii") as file:
            file.write("" if code else " ".join(options))

    entry = cache.entry(Recipe(cache.key_of(command, [source], extra="quick"), make))
    with open(os.path.join(entry, "flags"), encoding="ascii") as file:
        return file.read().split()


def shown_or_whole(path):
    """Return `path` relative to the course, where compilers start, if inside."""
    return shown(os.path.abspath(path))


def build(place, directory, programs, variant="asan", given="solutions", extras=()):
    """Build the lesson's `programs` from the files in `directory`.

    variant  one of VARIANTS; without its libraries on this machine, "plain"
    given    the tree that earlier modules come from
    extras   further programs, see extra(): built when they are asked for
    Returns a Built.  Raises SourceProblem, BuildFailure or Infra.
    """
    archive = _archive(sources.given(place.number, given), variant)
    own = _modules(directory, programs, extras)
    paths, warnings = {}, {}
    first = {p: [os.path.join(directory, p + ".c"), *own] for p in programs}
    try:
        with cache.helped(_first_recipes(first, archive, variant)):
            for program, files in first.items():
                paths[program], said = _program(program, files, archive, variant)
                warnings.update(said)
    except BuildFailure as e:
        if variant == "plain" or not complaints.lacks_sanitizer(e.text):
            raise
        built = build(place, directory, programs, "plain", given, extras)
        return built._replace(notes=[
            f"built without sanitizers: {compiler()[0]} has none on this machine"])
    built = Built(paths, "".join(warnings.values()), [], variant,
                  (place, directory, programs, given, extras))
    for name in extras:
        if _differs(name, place, directory):    # what does not compile is told now
            extra(built, name)
    return built


def in_variant(built, variant):
    """Return `built` made of the same sources as another of VARIANTS, if need be.

    Where this machine lacks the variant's libraries, the result is "plain".
    """
    if variant in (None, built.variant):
        return built
    place, directory, programs, given, extras = built.recipe
    return build(place, directory, programs, variant, given, extras)


def extra(built, name):
    """Return the path of one of the extra programs; None if it cannot be built.

    The course's own source stands in for one that the directory does not have;
    then the directory has to have the modules that it calls.
    """
    place, directory, programs, given, extras = built.recipe
    own = _modules(directory, programs, extras)
    source = os.path.join(directory, name + ".c")
    is_ours = not os.path.exists(source)
    if is_ours:
        source = os.path.join(place.solution, name + ".c")
        if not sources.has_modules_of(source, directory):
            return None
    archive = _archive(sources.given(place.number, given), built.variant)
    try:
        return _program(name, [source, *own], archive, built.variant)[0]
    except BuildFailure:
        if is_ours:
            return None
        raise


def _modules(directory, programs, extras):
    """Return the paths of the files that are linked into each program."""
    return [os.path.join(directory, f) for f in sources.c_files(directory)
            if f[:-2] not in programs and f[:-2] not in extras]


def _differs(name, place, directory):
    """Say whether `directory` has a source of an extra program that is not ours."""
    with contextlib.suppress(OSError):
        with open(os.path.join(directory, name + ".c"), "rb") as theirs, \
                open(os.path.join(place.solution, name + ".c"), "rb") as ours:
            return theirs.read() != ours.read()
    return os.path.exists(os.path.join(directory, name + ".c"))


def _program(name, files, archive, variant):
    """Return the path of a program, built if need be, and {file: its warnings}."""
    objects = _objects(files, variant) if files[1:] else []
    said = {file: _warnings(cache.entry(recipe), file)
            for recipe, file in zip(objects, files)}
    entry = cache.entry(_executable(name, files, archive, variant))
    said[files[0]] = said.get(files[0], "") + _warnings(entry, files[0])
    return os.path.join(entry, name), said


def _first_recipes(programs, archive, variant):
    """Return the Recipes to begin with, of {program: its files}."""
    return [recipe for name, files in programs.items()
            for recipe in (_objects(files, variant) if files[1:] else
                           [_executable(name, files, archive, variant)])]


def _executable(name, files, archive, variant):
    """Return the Recipe of a program.

    One file is compiled and linked in one go; of more, each is an object first.
    """
    command = compiler() + flags(variant) + _quick(GOLD)
    objects = [os.path.join(BUILD, "cache", recipe.key, "object.o")
               for recipe in _objects(files, variant)] if files[1:] else []
    made = [shown_or_whole(f) for f in objects or files] + [archive]
    key = cache.key_of(command, [] if objects else _inputs(files[0]), extra=made)
    return Recipe(key, lambda out: _compile(
        [*command, "-o", os.path.join(out, name), *made], out, files[0]))


def _inputs(path):
    """Return the paths of a C file and of all headers it might include."""
    return [path, *sources.headers(os.path.dirname(path)), *sources.headers(COMMON)]


def _objects(files, variant):
    """Return the Recipes of the objects of C files, in order.

    What lies below build/ is a copy, whose place means nothing: the same text in
    two places is compiled once.  Elsewhere a debugger has to find the source.
    """
    recipes = []
    for path in files:
        command, inputs, names = compiler() + _compiling(variant), _inputs(path), None
        mapped = []
        if os.path.abspath(path).startswith(BUILD + os.sep):
            names = [os.path.basename(f) for f in inputs]
            mapped = [f"-ffile-prefix-map={shown_or_whole(os.path.dirname(path))}=."]
        words = [*command, *mapped, "-c", shown_or_whole(path), "-o"]
        recipes.append(Recipe(
            cache.key_of(command, inputs, names, "object"),
            lambda out, words=words, path=path:
                _compile([*words, os.path.join(out, "object.o")], out, path)))
    return recipes


def _archive(modules, variant):
    """Return the path of a library of `modules`, built if need be."""
    objects = _objects(modules, variant)

    def make(out):
        members = []
        for path, recipe in zip(modules, objects):
            members.append(os.path.join(out, os.path.basename(path)[:-2] + ".o"))
            try:
                os.link(os.path.join(cache.entry(recipe), "object.o"), members[-1])
            except BuildFailure as e:
                e.module = shown(path)
                raise
        run(["ar", "rcs", os.path.join(out, "given.a"), *members])

    try:
        key = cache.key_of(compiler(), [], [r.key for r in objects], "archive")
        return os.path.join(cache.entry(Recipe(key, make)), "given.a")
    except BuildFailure as e:
        if variant != "plain" and complaints.lacks_sanitizer(e.text):
            return _archive(modules, "plain")
        raise


def interposer():
    """Return the path of interpose.so, built if need be; absent.so lies beside it."""
    directory = os.path.join(ROOT, "tests", "interposer")
    files = [os.path.join(directory, f) for f in sources.c_files(directory)]
    absent = os.path.join(directory, "absent", "absent.c")
    command = compiler() + LANGUAGE + ["-O2", "-fno-omit-frame-pointer", "-fPIC",
                                       "-shared", "-Wall", "-Wextra"]
    tables = [os.path.join(directory, f) for f in sorted(os.listdir(directory))
              if f.endswith(".def")]
    key = cache.key_of(command, files + [absent] + sources.headers(directory) + tables)

    def make(out):
        whole = [shown_or_whole(f) for f in files]
        needed = ["-Wl,--no-as-needed", "-L" + out, "-l:absent.so",
                  "-Wl,-rpath,$ORIGIN"]
        try:
            _compile([*command, "-o", os.path.join(out, "absent.so"),
                      "-Wl,-soname,absent.so", shown_or_whole(absent)], out)
            _compile([*command, "-o", os.path.join(out, "interpose.so"), *whole,
                      *needed, "-ldl"], out)
        except BuildFailure as e:
            raise Infra(f"the interposer does not compile here:\n{e.text}") from None

    return os.path.join(cache.entry(Recipe(key, make)), "interpose.so")


def _compile(command, out, source=""):
    """Run the compiler; keep its warnings in `out`; raise BuildFailure if it fails.

    source  the path of which the directory is not to be kept with the warnings
    """
    code, text = run(command)
    if OF_THE_LINKER.search(text):      # gold has other words, and warns of clang's
        code, text = run([word for word in command if word not in GOLD])
    if code != 0:
        raise BuildFailure(text)
    here = shown_or_whole(os.path.dirname(source)) + os.sep
    with open(os.path.join(out, "warnings"), "a", encoding="utf-8") as file:
        file.write(text.replace(here, HERE) if source else text)


def _warnings(entry, source):
    """Return the warnings kept in a cache's entry, about files beside `source`."""
    with open(os.path.join(entry, "warnings"), encoding="utf-8") as file:
        return file.read().replace(HERE, shown_or_whole(os.path.dirname(source))
                                   + os.sep)


def missing_sanitizer(variant):
    """Say whether this machine's compiler lacks what `variant` needs."""
    probe = os.path.join(ROOT, "common", "todo.c")
    code, text = run([*compiler(), *flags(variant), "-shared", "-fPIC", "-o",
                      os.devnull, probe])
    return code != 0 and complaints.lacks_sanitizer(text)


def does_not_start(variant):
    """Return why a program built as `variant` does not start here, "" if it does."""
    with _file_of("probe.c", "int main(void)\n{\n    return 0;\n}\n") as source:
        program = source[:-len(".c")]
        code, text = run([*compiler(), *flags(variant), "-o", program, source])
        if code == 0:
            code, text = run([program])
    lines = [line for line in text.splitlines() if line.strip("= ")]
    return "" if code == 0 else lines[0] if lines else f"exit status {code}"


@contextlib.contextmanager
def _file_of(name, text):
    """Write a file into a directory of its own; yield its path; remove both."""
    import tempfile  # slow to import, and seldom needed

    with tempfile.TemporaryDirectory(dir=build_dir("tmp")) as place:
        path = os.path.join(place, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        yield path


def run(command):
    """Run a tool of our own; return (exit status, what it printed)."""
    import subprocess
    env = {**os.environ, "LC_ALL": "C", "NO_COLOR": "1"}
    try:
        done = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=COMPILE_SECONDS)
    except subprocess.TimeoutExpired:
        return 1, f"the compiler was still at work after {COMPILE_SECONDS} s"
    except OSError as e:
        raise Infra(f"cannot run {command[0]}: {e.strerror}") from None
    text = done.stdout.decode("utf-8", "replace")
    trouble = MACHINE.search(text) if done.returncode != 0 else None
    if trouble:
        raise Infra(f"the compiler met a limit of this machine: {trouble[0]}")
    return done.returncode, text
