"""What /proc tells about a program: its threads' calls, descriptors, children."""
import os
import re
import sys
from collections import namedtuple

# Numbers of the system calls a program waits in.
NUMBERS = {
    "x86_64": {0: "read", 1: "write", 7: "poll", 19: "readv", 20: "writev",
               23: "select", 34: "pause", 35: "nanosleep", 40: "sendfile",
               42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg",
               47: "recvmsg", 61: "wait4", 128: "rt_sigtimedwait", 130: "rt_sigsuspend",
               202: "futex", 219: "restart_syscall",
               230: "clock_nanosleep", 232: "epoll_wait", 247: "waitid",
               270: "pselect6", 271: "ppoll", 275: "splice", 281: "epoll_pwait",
               288: "accept4", 441: "epoll_pwait2"},
    "aarch64": {22: "epoll_pwait", 63: "read", 64: "write", 65: "readv",
                66: "writev", 71: "sendfile", 72: "pselect6", 73: "ppoll",
                76: "splice", 95: "waitid", 98: "futex", 101: "nanosleep",
                115: "clock_nanosleep", 128: "restart_syscall",
                133: "rt_sigsuspend", 137: "rt_sigtimedwait", 202: "accept",
                203: "connect", 206: "sendto", 207: "recvfrom", 211: "sendmsg",
                212: "recvmsg", 242: "accept4", 260: "wait4", 441: "epoll_pwait2"},
}.get(os.uname().machine, {})

READING = {"read", "readv", "recvfrom", "recvmsg", "accept", "accept4"}
READINESS = {"poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait",
             "epoll_pwait2"}
FOR_SIGNALS = {"rt_sigtimedwait", "rt_sigsuspend", "pause"}
MOST_POLLED = 127                   # descriptors; an operation of futex is more
FUTEX_COMMAND = 127                 # of futex(2)'s operation: the rest are flags
FUTEX_WAIT, FUTEX_WAIT_BITSET = FUTEX_WAITS = 0, 9
CHUNK = 4096                        # bytes that /proc hands out at a time
PAGE = os.sysconf("SC_PAGE_SIZE")   # bytes
LOCKED_AND_WANTED = 2               # what a mutex holds while somebody waits for it
MOST_PIDS = 1 << 22                 # as the kernel has it
MUTEX_OWNER = 8                     # offset in a pthread_mutex_t, in bytes
GONE = ["-1", "0x0", "0x0"]         # the "syscall" of a thread that has ended
PLAIN_NAMES = {"recvfrom": "recv", "sendto": "send", "wait4": "waitpid",
               "pselect6": "select", "epoll_pwait": "epoll_wait",
               "epoll_pwait2": "epoll_wait"}

# call     name of the system call, "" while running or in one we do not know
# args     its six arguments
# ran_ns   time on a processor so far: unchanged means it has not moved
Thread = namedtuple("Thread", "tid call args ran_ns")


def _read(path):
    """Return what is in a file of /proc, "" when it has gone.

    Without Python's file objects, which ask three times as much of the kernel.
    """
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        text = chunk = os.read(fd, CHUNK)
        while len(chunk) > CHUNK // 2:  # there may be more
            chunk = os.read(fd, CHUNK)
            text += chunk
        return text.decode("ascii", "replace")
    except OSError:
        return ""
    finally:
        os.close(fd)


def threads(pid):
    """Return the Threads of process `pid`; an empty list when it is gone, or dead."""
    try:
        tids = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found = []
    for tid in tids:
        words = _read(f"/proc/{pid}/task/{tid}/syscall").split()
        ran = _read(f"/proc/{pid}/task/{tid}/schedstat").split()
        call, args = "", ()
        if words == GONE:
            continue                    # a zombie
        if len(words) >= 7 and words[0].isdigit():
            call = NUMBERS.get(int(words[0]), "")
            args = tuple(int(w, 16) for w in words[1:7])
        if call == "restart_syscall":
            call = _restarted(args)
        found.append(Thread(int(tid), call, args, int(ran[0]) if ran else 0))
    return found


def _restarted(args):
    """Return which call it is that goes on after a stop (SIGSTOP, SIGCONT).

    The kernel renames it, and leaves the arguments: poll has a pointer and a small
    count; all else that goes on so is a sleep with an end.
    """
    return "poll" if args[0] > MOST_POLLED and 0 < args[1] <= MOST_POLLED \
        else "nanosleep"


def waits_for_ever(thread):
    """Say whether nothing but an event from outside can wake this thread."""
    a = thread.args
    none = 0xffffffff
    return {
        "poll": lambda: a[2] & none == none,
        "epoll_wait": lambda: a[3] & none == none,
        "epoll_pwait": lambda: a[3] & none == none,
        "epoll_pwait2": lambda: a[3] == 0, "rt_sigtimedwait": lambda: a[2] == 0,
        "select": lambda: a[4] == 0, "pselect6": lambda: a[4] == 0,
        "ppoll": lambda: a[2] == 0,
        "futex": lambda: a[3] == 0 and a[1] & FUTEX_COMMAND in FUTEX_WAITS,
        "nanosleep": lambda: False, "clock_nanosleep": lambda: False,
        "": lambda: False,
    }.get(thread.call, lambda: True)()


def waits_for_input(thread):
    """Say whether this thread sleeps until somebody sends or connects, or signals."""
    return thread.call in READING or thread.call in READINESS or \
        thread.call in FOR_SIGNALS


def waits_for_a_mutex(thread):
    """Say whether this thread waits for a mutex that another one has locked.

    It shows in what libc asks of futex(2), and in nothing else it does.
    """
    return thread.call == "futex" and thread.args[2] == LOCKED_AND_WANTED and \
        thread.args[1] & FUTEX_COMMAND == FUTEX_WAIT


def owner_of_mutex(pid, thread):
    """Return who has locked the mutex that this thread waits for, or 0: a thread's id.

    pthread_mutex_t is opaque, but where glibc notes the owner has never changed.
    """
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            memory.seek(thread.args[0] + MUTEX_OWNER)
            owner = int.from_bytes(memory.read(4), sys.byteorder)
    except OSError:
        return 0
    return owner if owner <= MOST_PIDS else 0   # the lock of a FILE has no such thing


def children(pid):
    """Return the pids of the living and dead children of process `pid`."""
    found = []
    try:
        for tid in os.listdir(f"/proc/{pid}/task"):
            found += _read(f"/proc/{pid}/task/{tid}/children").split()
    except OSError:
        pass
    return [int(child) for child in found]


def family(pid):
    """Return `pid` and all its descendants."""
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += children(found[-1])
    return found


def family_threads(pid):
    """Return the Threads of `pid` and all its descendants, all seen together.

    One look after the other could miss who was born, or has died, in between.
    """
    before, now, found = None, _living_and_dead(pid), []
    while before != now:
        before = now
        found = [t for p in now for t in threads(p)]
        now = _living_and_dead(pid)
    return found


def _living_and_dead(pid):
    """Return {pid: whether it has memory} of `pid` and all its descendants.

    Of `pid` itself, which whoever asks will collect, the answer is True.
    """
    return {p: p == pid or has_memory(p) for p in family(pid)}


def has_memory(pid):
    """Say whether a process is more than a zombie, cheaply.

    One whose main thread alone has ended has threads, but no memory that shows.
    """
    try:
        return bool(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return False


def zombies(pid):
    """Return the children of `pid` that have ended and wait to be collected."""
    return [child for child in children(pid) if state(child) == "Z"]


def state(pid):
    """Return the state letter of a process ("Z": a zombie), "" when it is gone."""
    letter = _state(pid)
    return _state(_living_task(pid)) if letter == "Z" else letter


def _state(task):
    return _read(f"/proc/{task}/stat").rpartition(") ")[2][:1]


def _living_task(pid):
    """Return "PID", or "PID/task/TID": main may end by pthread_exit before the rest."""
    if _state(pid) != "Z":
        return str(pid)
    try:
        tasks = [f"{pid}/task/{tid}" for tid in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return str(pid)
    return next((t for t in tasks if _state(t) not in ("", "Z", "X")), str(pid))


def descriptors(pid):
    """Return {descriptor: what it refers to} of process `pid`."""
    found, task = {}, _living_task(pid)
    try:
        for fd in os.listdir(f"/proc/{task}/fd"):
            try:
                found[int(fd)] = os.readlink(f"/proc/{task}/fd/{fd}")
            except OSError:
                pass                    # closed while we looked
    except OSError:
        pass
    return found


def resident_bytes(pid):
    """Return the memory process `pid` has in use now."""
    for task in (lambda: pid, lambda: _living_task(pid)):   # the second seldom helps
        pages = _read(f"/proc/{task()}/statm").split()
        if len(pages) > 1 and int(pages[1]) > 0:
            return int(pages[1]) * PAGE
    return 0


def pending_signals(pid):
    """Return the numbers of the signals that wait because process `pid` blocks them."""
    masks = re.findall(r"Pnd:\s+(\S+)", _read(f"/proc/{pid}/status"))
    return {bit + 1 for mask in masks for bit in range(64) if int(mask, 16) >> bit & 1}


def data_bytes(pid):
    """Return the private memory (VmData) of process `pid`, whether it is in use or not.
    """
    found = re.search(r"VmData:\s+(\d+) kB", _read(f"/proc/{_living_task(pid)}/status"))
    return int(found[1]) << 10 if found else 0
