"""What is asked of Linux beyond Python's library: orphans that come home, an end with
the parent's, fixed addresses, waking who sleeps."""
import ctypes
import os
import signal

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ADDR_NO_RANDOMIZE, ASK = 0x0040000, 0xffffffff
SYS_FUTEX = {"x86_64": 202}.get(os.uname().machine, 98)
FUTEX_WAKE, EVERYBODY = 1, 0x7fffffff

libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans():
    """From now on, a descendant whose parent ends becomes our child."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent():
    """From now on, the end of the process that made us sends us SIGTERM."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def fix_addresses():
    """From now on, every program we start finds its memory at the same addresses.

    What depends on them shows each time or never.  And gcc's ThreadSanitizer does
    not start at all where the kernel scatters them widely.
    """
    libc.personality(libc.personality(ctypes.c_ulong(ASK)) | ADDR_NO_RANDOMIZE)


def set_and_wake(memory, offset, value):
    """Set a 32-bit word in shared memory, and wake who waits for that by futex(2).

    memory  what has a writable buffer, such as an mmap
    """
    word = ctypes.c_uint32.from_buffer(memory, offset)
    word.value = value
    libc.syscall(ctypes.c_long(SYS_FUTEX), ctypes.byref(word), FUTEX_WAKE, EVERYBODY,
                  None, None, 0)
