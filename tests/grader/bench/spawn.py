"""The one place that starts a program under test, and ends it with all it started."""
import os
import signal

from ..words.trouble import Infra
from . import procfs

SIGNALS_AS_USUAL = [signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGXFSZ]


def start(path, argv, env, standard, ignores=()):
    """Start the executable `path` in a session of its own; return its pid.

    argv      argv[0] is the name the program is to see
    standard  what its descriptors 0, 1 and 2 are copies of; None: it finds that one
              closed; the caller keeps its own copies, all of them above 2
    ignores   signals that it finds ignored; we ignore them as well
    """
    acts = [(os.POSIX_SPAWN_CLOSE, number) if fd is None else
            (os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(standard)]
    usual = [s for s in SIGNALS_AS_USUAL if s not in ignores]
    try:
        return os.posix_spawn(path, argv, env, file_actions=acts, setsid=True,
                              setsigmask=[], setsigdef=usual)
    except OSError as e:
        raise Infra(f"cannot start {path}: {e.strerror}") from None


def end_of(pid):
    """Return a descriptor that is readable once child `pid` has ended; None if the
    kernel, or Python, has no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def end(pid):
    """Kill process `pid` and every descendant, and wait until none is left."""
    doomed = set(living(pid))
    while doomed:
        for each in doomed:
            send_signal(each, signal.SIGSTOP)   # so that none forks while we count
        doomed.update(living(pid))
        for each in doomed:
            send_signal(each, signal.SIGKILL)
        reap(doomed - {pid})
        # Once its parent is dead a child is no descendant of `pid` any more: wait
        # for all that were ever seen, not for those still found below it.
        doomed = {p for p in doomed if is_alive(p)}


def is_alive(pid):
    """Say whether a process exists and is not merely waiting to be collected."""
    return procfs.has_memory(pid) or procfs.state(pid) not in ("", "Z", "X")


def living(pid):
    """Return the pids of `pid` and its descendants that are not yet dead."""
    return [p for p in procfs.family(pid) if is_alive(p)]


def orphans(known):
    """Return our living children whose pids are not in `known`: adopted ones.

    Those that are dead are collected.
    """
    adopted = [p for p in procfs.children(os.getpid()) if p not in known]
    reap(adopted)
    return [p for child in adopted for p in living(child)]


def reap(pids):
    """Collect those of `pids` that are dead children of ours."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass                        # somebody else's child


def send_signal(pid, number):
    """Send a signal to a process we started; it may be gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
