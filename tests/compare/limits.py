"""How many clients at once this machine's limits allow."""
import os
import resource

SPARE_FILES = 64                    # descriptors that are not connections
SPARE_TASKS = 32                    # processes and threads that serve nobody


def most_clients():
    """Return (number, the limit in words) for the limit that binds first."""
    found = [_files(), _connections_waiting()]
    found += [limit for limit in (_tasks_of_user(), *_tasks_of_group()) if limit]
    return min(found)


def raise_files(clients):
    """Let this process, and the servers it starts, open files for so many clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = clients + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _number(path):
    """Return the number in a file of the kernel's, None without one ("max")."""
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        hard = 1 << 20
    return max(0, hard - SPARE_FILES), "open files (ulimit -Hn)"


def _connections_waiting():
    waiting = _number("/proc/sys/net/core/somaxconn")
    return 4096 if waiting is None else waiting, \
        "waiting connections (net.core.somaxconn)"


def _tasks_of_user():
    soft = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if soft == resource.RLIM_INFINITY or os.getuid() == 0:
        return None                     # root is not bound by it
    running = 0
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}").st_uid == os.getuid():
                running += len(os.listdir(f"/proc/{pid}/task"))
        except OSError:
            pass                        # it has just ended
    return max(0, soft - running - SPARE_TASKS), "processes (ulimit -u)"


def _tasks_of_group():
    """Yield the limits of the control groups this process is in, inner ones first."""
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            lines = [line.strip().split(":", 2) for line in file]
    except OSError:
        return
    for _, controllers, path in lines:
        if controllers not in ("", "pids"):
            continue
        top = os.path.join("/sys/fs/cgroup", controllers)
        place = os.path.normpath(top + path)
        while place.startswith(top):
            most = _number(os.path.join(place, "pids.max"))
            now = _number(os.path.join(place, "pids.current"))
            if most is not None and now is not None:
                yield max(0, most - now - SPARE_TASKS), \
                    "processes of this control group (pids.max)"
            place = os.path.dirname(place)
