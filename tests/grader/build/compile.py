"""From sources to programs: how a program is compiled, and a cache by content."""
import contextlib
import fcntl
import glob
import os
import shutil
import time
from collections import namedtuple

from ..course import sources
from ..course.places import BUILD, COMMON, ROOT, build_dir, shown
from ..words.trouble import Infra
from . import complaints

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
COMPILE_SECONDS = 120
CACHE_SIZE = 400                    # entries kept
CACHE_AGE = 600                     # seconds: what was used since is kept as well

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
    path = shutil.which(words[0])
    if not path:
        raise Infra(f"no C compiler: {words[0]} was not found. Install gcc or clang, "
                    "or name the one you have, as in: make check-lesson1 CC=clang")
    return [path, *words[1:]]


def flags(variant):
    """Return the compiler's flags for one of VARIANTS."""
    return LANGUAGE + ["-I" + shown_or_whole(COMMON)] + WARNINGS + DEBUG + \
        VARIANTS[variant] + (_quick_start() if variant == "asan" else [])


def _quick_start():
    """Return flags that save a program built with gcc a third of its start.

    Its sanitizers are shared libraries, looked for and bound at every start; both
    or neither are linked in, or else each has a report file of its own.
    What a compiler takes is found out once, and kept in the cache.
    """
    options, probe = ["-static-libasan", "-static-libubsan"], "todo.c"
    command = [*compiler(), *VARIANTS["asan"], *options, "-I", COMMON]
    source = os.path.join(COMMON, probe)

    def make(out):
        code, _ = run([*command, "-shared", "-fPIC", "-o", os.path.join(out, "probe"),
                       source])
        with open(os.path.join(out, "flags"), "w", encoding="ascii") as file:
            file.write("" if code else " ".join(options))

    entry = _cached(_key(command, [source], "quick start"), make)
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
    paths, warnings, notes = {}, "", []
    for program in programs:
        files = [os.path.join(directory, program + ".c"), *own]
        try:
            paths[program], said = _program(program, files, archive, variant)
        except BuildFailure as e:
            if variant == "plain" or not complaints.lacks_sanitizer(e.text):
                raise
            built = build(place, directory, programs, "plain", given, extras)
            return built._replace(notes=[
                f"built without sanitizers: {compiler()[0]} has none on this machine"])
        warnings += said
    built = Built(paths, warnings, notes, variant,
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
    command = compiler() + flags(variant)
    inputs = [*files, *sources.headers(os.path.dirname(files[0])),
              *sources.headers(COMMON)]
    key = _key(command, inputs, archive)
    made = [shown_or_whole(f) for f in files] + [archive]
    entry = _cached(key, lambda out: _compile(
        command + ["-o", os.path.join(out, name)] + made, out))
    with open(os.path.join(entry, "warnings"), encoding="utf-8") as file:
        return os.path.join(entry, name), file.read()


def _archive(modules, variant):
    """Return the path of a library of `modules`, built if need be."""
    command = compiler() + flags(variant)
    key = _key(command, modules + sources.headers(COMMON), "archive")

    def make(out):
        objects = []
        for path in modules:
            objects.append(os.path.join(out, os.path.basename(path)[:-2] + ".o"))
            try:
                _compile(command + ["-c", "-o", objects[-1], shown_or_whole(path)], out)
            except BuildFailure as e:
                e.module = shown(path)
                raise
        run(["ar", "rcs", os.path.join(out, "given.a"), *objects])

    try:
        return os.path.join(_cached(key, make), "given.a")
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
    tables = sorted(glob.glob(os.path.join(directory, "*.def")))
    key = _key(command, files + [absent] + sources.headers(directory) + tables, "")

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

    return os.path.join(_cached(key, make), "interpose.so")


# The cache: build/cache/KEY holds what was made of exactly these inputs

def _key(command, files, extra):
    """Return the name of what `command` makes of the contents of `files`."""
    blake2b = _hash_function()
    tool = os.stat(os.path.realpath(command[0]))
    key = blake2b(repr((command, tool.st_mtime_ns, tool.st_size, extra,
                        files)).encode())
    for path in files:
        try:
            with open(path, "rb") as file:
                key.update(blake2b(file.read()).digest())
        except OSError as e:
            raise sources.SourceProblem(
                f"{shown(path)} cannot be read: {e.strerror}") from None
    return key.hexdigest()[:24]


def _hash_function():
    try:                                # hashlib loads OpenSSL: 10 ms of each run
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b


def _cached(key, make):
    """Return the directory build/cache/KEY; make(directory) fills it the first time."""
    entry = os.path.join(BUILD, "cache", key)
    if not os.path.isdir(entry):
        try:
            with _only_one(entry):
                if not os.path.isdir(entry):    # or else another run was faster
                    _fill(entry, make)
        except OSError as e:
            raise Infra(f"cannot build in {shown(BUILD)}: {e.strerror}") from None
    with contextlib.suppress(OSError):
        os.utime(entry)                 # what is in use is not old: see below
    return entry


@contextlib.contextmanager
def _only_one(entry):
    """Let other runs that want to make the same thing wait meanwhile."""
    build_dir("cache")
    with open(f"{entry}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.unlink(lock.name)


def _fill(entry, make):
    """Make an entry aside and rename it whole, so that nobody meets half of it."""
    _forget_old_entries()
    aside = build_dir("cache", f"{os.path.basename(entry)}.{os.getpid()}")
    try:
        make(aside)
        try:
            os.rename(aside, entry)
        except OSError:
            if not os.path.isdir(entry):    # made by one that came after the unlinking
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _forget_old_entries():
    cache = build_dir("cache")
    entries = [e for e in os.scandir(cache) if "." not in e.name]
    if len(entries) > CACHE_SIZE:
        entries.sort(key=_age, reverse=True)
        for entry in entries[:len(entries) // 2]:
            if _age(entry) > CACHE_AGE:
                shutil.rmtree(entry.path, ignore_errors=True)


def _age(entry):
    """Return the seconds since an entry was used; of one that has gone, for ever."""
    try:
        return time.time() - entry.stat().st_mtime
    except OSError:                     # another run has removed it
        return float("inf")


def _compile(command, out):
    """Run the compiler; keep its warnings in `out`; raise BuildFailure if it fails."""
    code, text = run(command)
    if code != 0:
        raise BuildFailure(text)
    with open(os.path.join(out, "warnings"), "a", encoding="utf-8") as file:
        file.write(text)


def missing_sanitizer(variant):
    """Say whether this machine's compiler lacks what `variant` needs."""
    probe = os.path.join(ROOT, "common", "todo.c")
    code, text = run([*compiler(), *flags(variant), "-shared", "-fPIC", "-o",
                      os.devnull, probe])
    return code != 0 and complaints.lacks_sanitizer(text)


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
    for trouble in ("No space left on device", "Read-only file system"):
        if done.returncode != 0 and trouble in text:
            raise Infra(f"the compiler could not write: {trouble}")
    return done.returncode, text
