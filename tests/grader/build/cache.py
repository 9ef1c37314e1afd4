"""A cache by content: build/cache/KEY holds what was made of exactly these inputs."""
import contextlib
import fcntl
import os
import signal
import time
from collections import namedtuple

from ..course.places import BUILD, build_dir, shown
from ..course.sources import SourceProblem
from ..words.trouble import Infra

SIZE = 1200                         # entries kept
AGE = 600                           # seconds: what was used since is kept as well

# How an entry is made: its key, and make(directory), which fills it.
Recipe = namedtuple("Recipe", "key make")


def key_of(command, files, names=None, extra=""):
    """Return the name of what `command` makes of the contents of `files`.

    names  what the result depends on of their paths; None: the paths as they are
    """
    blake2b = _hash_function()
    tool = os.stat(os.path.realpath(command[0]))
    key = blake2b(repr((command, tool.st_mtime_ns, tool.st_size, extra,
                        files if names is None else names)).encode())
    for path in files:
        try:
            with open(path, "rb") as file:
                key.update(blake2b(file.read()).digest())
        except OSError as e:
            raise SourceProblem(
                f"{shown(path)} cannot be read: {e.strerror}") from None
    return key.hexdigest()[:24]


def _hash_function():
    try:                                # hashlib loads OpenSSL: 10 ms of each run
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b


def entry(recipe):
    """Return the directory build/cache/KEY of a Recipe; made the first time."""
    path = os.path.join(BUILD, "cache", recipe.key)
    if not os.path.isdir(path):
        try:
            with _only_one(path):
                if not os.path.isdir(path):     # or else another run was faster
                    _fill(path, recipe.make)
        except OSError as e:
            raise Infra(f"cannot build in {shown(BUILD)}: {e.strerror}") from None
    with contextlib.suppress(OSError):
        os.utime(path)                  # what is in use is not old: see below
    return path


@contextlib.contextmanager
def helped(recipes):
    """Meanwhile a child makes those of these entries that are missing, last one first.

    Who asks for them in order, by entry(), meets it half-way.
    """
    missing = [r for r in dict.fromkeys(recipes)
               if not os.path.isdir(os.path.join(BUILD, "cache", r.key))]
    helper = Ahead(lambda: [entry(r) for r in missing[:0:-1]]) if missing[1:] else None
    try:
        yield
    finally:
        if helper:
            helper.stop()


_helpers = set()                        # pids of children that work ahead


def helpers():
    """Return the pids of our children that work ahead: they are no orphans."""
    return frozenset(_helpers)


class Ahead:
    """Work that is done in a child, so that its entries are there when asked for."""

    def __init__(self, work):
        """Start work() in a child; nobody hears of its errors."""
        self.pid = _fork()
        if self.pid == 0:
            status = 1
            try:
                signal.signal(signal.SIGTERM, _give_up)
                work()
                status = 0
            finally:
                os._exit(status)
        _helpers.add(self.pid)

    def stop(self):
        """End it, if it is not over, with the tools that it has started."""
        _helpers.discard(self.pid)
        if self.pid > 0:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGTERM)
                os.waitpid(self.pid, 0)
            self.pid = -1


def _fork():
    """As os.fork(); -1 when the machine allows no further process."""
    try:
        return os.fork()
    except OSError:
        return -1


def _give_up(*_):
    raise SystemExit(1)                 # through all the finally clauses


@contextlib.contextmanager
def _only_one(path):
    """Let other runs that want to make the same thing wait meanwhile."""
    build_dir("cache")
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.unlink(lock.name)


def _fill(path, make):
    """Make an entry aside and rename it whole, so that nobody meets half of it."""
    import shutil  # slow to import, and only when something is made

    _forget_old_entries(shutil)
    aside = build_dir("cache", f"{os.path.basename(path)}.{os.getpid()}")
    try:
        make(aside)
        try:
            os.rename(aside, path)
        except OSError:
            if not os.path.isdir(path):     # made by one that came after the unlinking
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _forget_old_entries(shutil):
    entries = [e for e in os.scandir(build_dir("cache")) if "." not in e.name]
    if len(entries) > SIZE:
        entries.sort(key=_age, reverse=True)
        for each in entries[:len(entries) // 2]:
            if _age(each) > AGE:
                shutil.rmtree(each.path, ignore_errors=True)


def _age(found):
    """Return the seconds since an entry was used; of one that has gone, for ever."""
    try:
        return time.time() - found.stat().st_mtime
    except OSError:                     # another run has removed it
        return float("inf")
