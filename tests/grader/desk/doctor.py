"""What a machine has and lacks for the course."""
import os
import platform
import shutil
import socket
import subprocess
import sys
import time

from .. import build
from ..bench import machine, network, procfs
from ..words.trouble import Infra


SLOW = 0.1                          # seconds lost at each start of Python: worth a line
ROOM = 40                           # columns for what a sanitizer says
TRIES = 3                           # of which the best counts


def report():
    """Print a line for each thing the checks rely on; return 0, or 3 without one."""
    machine.fix_addresses()             # as for each check: see there
    lines = [_compiler(), *_sanitizers(), _python(), *_slow_start(), _kernel(),
             _network(), _ipv6(), _system_calls(), _lines()]
    for good, what, text in lines:
        print(f"  {'ok' if good else 'lacks':6} {what:12} {text}")
    essential = lines[0][0]
    print("\n  " + ("This machine can run the course." if essential else
                    "Install a C compiler first."))
    return 0 if essential else 3


def _compiler():
    try:
        words = build.compiler()
    except Infra as e:
        return False, "compiler", str(e)
    _, text = build.run([*words, "--version"])
    return True, "compiler", text.splitlines()[0] if text else words[0]


def _sanitizers():
    for variant, without in (("asan", "memory errors show later or not at all"),
                             ("tsan", "races show by luck only")):
        missing = build.missing_sanitizer(variant)
        trouble = "" if missing else build.does_not_start(variant)
        yield (not missing and not trouble, variant,
               f"not on this machine: {without}" if missing else
               f"does not start: {trouble[:ROOM]}" if trouble else
               "a program with it starts")


def _python():
    return True, "python", f"{platform.python_version()}, {sys.executable}"


def _slow_start():
    """Yield a line when `python3`, which make calls, is a slow way to this Python."""
    command = shutil.which("python3")
    if command and os.path.realpath(command) != os.path.realpath(sys.executable):
        lost = _seconds_to_start(command) - _seconds_to_start(sys.executable)
        if lost > SLOW:
            yield (False, "quick start", f"python3 starts {lost:.2f} s later than what "
                   f"it leads to;\n{' ' * 22}say make PYTHON={sys.executable} ...")


def _seconds_to_start(python):
    """Return how long this Python takes to start and end: the best of some tries."""
    taken = []
    for _ in range(TRIES):
        begin = time.monotonic()
        subprocess.run([python, "-ESs", "-c", "pass"], stdin=subprocess.DEVNULL,
                       check=False)
        taken.append(time.monotonic() - begin)
    return min(taken)


def _kernel():
    release = platform.release()
    wsl = " (WSL)" if "microsoft" in release.lower() else ""
    return sys.platform == "linux", "kernel", f"{platform.system()} {release}{wsl}"


def _network():
    pid = os.fork()
    if pid == 0:
        os._exit(0 if network.enter_private_network() else 1)
    private = os.waitpid(pid, 0)[1] == 0
    return private, "network", "each check has a private one" if private else \
        "shared with the machine: a check that needs a fixed port may be skipped"


def _ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
        return True, "IPv6", "loopback works"
    except OSError as e:
        return False, "IPv6", f"{e.strerror}: checks about it will be skipped"


def _system_calls():
    good = bool(procfs.NUMBERS) and os.access("/proc/self/syscall", os.R_OK)
    return good, "hangs", "told in milliseconds" if good else \
        "told only after a deadline"


def _lines():
    tool = shutil.which("addr2line") or shutil.which("llvm-symbolizer")
    return bool(tool), "lines", f"by {tool}" if tool else \
        "charts name no source lines: install binutils"
