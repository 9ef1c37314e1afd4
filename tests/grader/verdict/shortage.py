"""A limit of the machine that a program has met: then nothing is its fault, or ours."""
import errno
import os
import re

from ..words.trouble import Infra

# Calls for one more process or thread, and how they fail when there is no room.
MAKERS = "fork", "pthread_create"
NO_ROOM = {"EAGAIN", "ENOMEM"}
# Errors of any call that tell of the whole machine; of a full disk, where files are.
EVERYWHERE = {"ENOMEM", "ENFILE", "ENOBUFS"}
FULL_DISK = {"ENOSPC", "EDQUOT"}
POOL = 16                           # workers that a right program may have at the start
OF_THE_TESTER = {errno.EAGAIN, errno.ENOMEM, errno.ENFILE, errno.EMFILE, errno.ENOSPC,
                 errno.EDQUOT, errno.ENOBUFS}
HINTS = {"EAGAIN": " (ulimit -u says how many processes and threads are allowed)",
         "ENOMEM": " (ulimit -v, or too little memory)"}
# What a sanitizer says when the kernel gives it no memory, whatever was asked of it.
OUT_OF_MEMORY = re.compile(r"Sanitizer:? (?:out of memory: )?failed to "
                           r"(?:allocate|map) 0x\w+ .*|"
                           r"ReserveShadowMemoryRange failed.*")


def raise_if_met(stage):
    """Raise Infra when a program of the stage has met a limit that nobody ordered.

    A program that asks for far more than a right one would has made the limit its
    own: one process or thread for each connection, and POOL, is what a right one
    asks for.
    """
    for program in stage.programs:
        text = program.report() + bytes(program.stderr).decode("utf-8", "replace")
        found = OUT_OF_MEMORY.search(text)
        met = f"there was no memory: {found[0]}" if found else \
            _met(program, POOL + len(stage.peers))
        if met:
            raise Infra(f"{program.name} met a limit of this machine: {met}. "
                        "So the check says nothing about the program.")


def _met(program, most):
    """Return which limit a program met, in words, or "".

    most  processes and threads that it may ask for
    """
    if sum(map(program.trace.entered_count, MAKERS)) > most:
        return ""
    for call in program.trace.calls():
        if call.error and not call.by_tester and _is_a_limit(call, program):
            reason = os.strerror(getattr(errno, call.error))
            return f"{call.name} failed, {reason}{HINTS.get(call.error, '')}"
    return ""


def _is_a_limit(call, program):
    if call.name in MAKERS:
        return call.error in NO_ROOM
    if call.error in FULL_DISK:
        return not (call.fd == 1 and program.output == "full")
    return call.error in EVERYWHERE


def of_the_tester(error):
    """Return in words which limit we met ourselves; "" when an OSError is none."""
    if error.errno not in OF_THE_TESTER:
        return ""
    return f"the tester met a limit of this machine: {error.strerror}"
