"""How much memory processes have for themselves, seen from outside, in /proc.

What they map of files (the program, libc) is left out where the kernel allows it:
a share of that depends on who else maps it, such as the load generator.
"""
import os
import re

from grader.bench import procfs


def counts_shares():
    """Say whether this kernel tells shares (Pss), or only what is resident."""
    return _share(os.getpid()) is not None


def of(pids):
    """Return the bytes of memory of some processes together.

    A page that several of them share counts once, where the kernel tells shares.
    """
    if counts_shares():
        return sum(_share(pid) or 0 for pid in pids)
    return sum(map(procfs.resident_bytes, pids))


def _share(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            text = file.read()
    except OSError:
        return None                     # it has gone, or the kernel is older than 4.14
    found = dict(re.findall(r"^(Pss\w*):\s+(\d+) kB$", text, re.MULTILINE))
    size = found.get("Pss_Anon", found.get("Pss"))      # the first one since 5.4
    return None if size is None else int(size) * 1024
