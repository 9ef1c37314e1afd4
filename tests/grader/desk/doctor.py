"""What a machine has and lacks for the course."""
import os
import platform
import socket
import sys

from .. import build
from ..bench import network, procfs
from ..words.trouble import Infra


def report():
    """Print a line for each thing the checks rely on; return 0, or 3 without one."""
    lines = [_compiler(), *_sanitizers(), _python(), _kernel(), _network(), _ipv6(),
             _system_calls(), _lines()]
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
        yield (not missing, variant, f"not on this machine: {without}" if missing
               else "found")


def _python():
    return True, "python", f"{platform.python_version()}, {sys.executable}"


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
    import shutil
    tool = shutil.which("addr2line") or shutil.which("llvm-symbolizer")
    return bool(tool), "lines", f"by {tool}" if tool else \
        "charts name no source lines: install binutils"
