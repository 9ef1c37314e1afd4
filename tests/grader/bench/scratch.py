"""Directories for the files of a run: held while it lives, removed when it is dead."""
import fcntl
import os
import re

from ..words.trouble import Infra

PREFIX = "loopback-"
NAME = re.compile(PREFIX + r"\d+-\d+")      # nothing else is ours to sweep
PLACES = "/dev/shm", os.environ.get("TMPDIR") or "/tmp", "/tmp"
MOST_TRIES = 1000                   # names that may be taken already

_held = []                          # descriptors whose locks say that we live


def place():
    """Return where scratch directories are made; Infra when there is no such place.

    LD_PRELOAD and the sanitizers' options cannot name a path with a blank or a colon.
    """
    for each in PLACES:
        if os.access(each, os.W_OK | os.X_OK) and not re.search(r"[\s:]", each):
            return each
    raise Infra("there is no directory for scratch files: /dev/shm and /tmp are not "
                "writable")


def new():
    """Make a directory that is ours as long as this process, or a child, lives.

    Returns its path, which has our process id in it.  The lock on it goes with the
    last of us, however we end: see sweep().
    """
    top, tries = place(), 0
    while tries < MOST_TRIES:
        path = os.path.join(top, f"{PREFIX}{os.getpid()}-{tries}")
        tries += 1
        try:
            os.mkdir(path, 0o700)
            if _hold(path):
                return path
        except (FileExistsError, FileNotFoundError):
            pass                        # taken, or another run's sweep was faster
        except OSError as e:
            raise Infra(f"cannot make a directory in {top}: {e.strerror}") from None
    raise Infra(f"{top} is full of directories {PREFIX}{os.getpid()}-*")


def _hold(path):
    """Lock a new directory; return whether it is still there."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    if _is_free(fd) and os.path.exists(path):
        _held.append(fd)
        return True
    os.close(fd)
    return False


def _is_free(fd):
    """Lock what a descriptor refers to; return whether nobody else has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False


def sweep():
    """Remove the directories of runs that are dead: killed before they could."""
    for top in dict.fromkeys(PLACES):
        try:
            names = [n for n in os.listdir(top) if NAME.fullmatch(n)]
        except OSError:
            continue
        for name in names:
            _remove_if_dead(os.path.join(top, name))


def _remove_if_dead(path):
    try:
        if os.stat(path).st_uid != os.getuid():
            return
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return                          # gone meanwhile, or no directory
    try:
        if _is_free(fd):
            remove(path)
    finally:
        os.close(fd)


def remove(path):
    """Remove a directory with all that is in it, as far as that is possible."""
    try:
        entries = list(os.scandir(path))
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                remove(entry.path)
            else:
                os.unlink(entry.path)
        except OSError:
            pass
    try:
        os.rmdir(path)
    except OSError:
        pass
