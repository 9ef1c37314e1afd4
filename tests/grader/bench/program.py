"""A program under test: started, watched, always ended."""
import os
import re
import signal
import time

from ..words.trouble import Infra
from . import procfs, spawn
from .patience import Deadline, Pauses
from .trace import Trace

SANITIZER_STATUS = 99               # exit status after a sanitizer's report
OUTPUT_LIMIT = 8 << 20              # bytes of stdout and of stderr
MEMORY_LIMIT = 1 << 30              # bytes in use
FAMILY_LIMIT = 64                   # processes, descendants included
NAPS = {"nanosleep", "clock_nanosleep"}
LOOP = 1000                         # times the same call failed: an endless loop
LOOPING = {"accept", "accept4", "recv", "recvfrom", "recvmsg", "read", "readv",
           "send", "sendto", "sendmsg", "write", "writev"}
READY = re.compile(rb"listening on (?:\[([0-9a-f:]+)\]|([0-9.]+)):(\d+)\n")
STILL = 0.002                       # seconds without a move: asleep, not preempted
TIMEOUT_OPTIONS = {20, 21, 66, 67}  # SO_RCVTIMEO, SO_SNDTIMEO, old and new

SANITIZER = ("verify_asan_link_order=0:halt_on_error=1:abort_on_error=0:"
             f"exitcode={SANITIZER_STATUS}:print_stacktrace=1:color=never:"
             "allocator_may_return_null=1:symbolize=1:"
             "handle_segv=1:report_signal_unsafe=0:io_sync=0")


class Program:
    """One run of an executable.

    stdout, stderr  what it has printed so far
    status          None while it runs; then its exit status, or -signal
    trace           the interposer's log
    limit           the limit it broke, in words, or ""
    was_killed      whether we ended it
    """

    def __init__(self, path, args, scratch, interposer, plan="", stdin=b"",
                 leaks=False, cancels=False, zone="UTC0"):
        """Start `path` with `args` in the directory `scratch` (ours alone).

        stdin  bytes it can read, or None: descriptor 0 is closed
        leaks  whether memory still held at its end counts as an error
        cancels  whether it cancels threads
        zone   what TZ says
        """
        self.name = os.path.basename(path)
        self.path = path
        self.args = [str(a) for a in args]
        self.scratch = scratch
        self.stdout, self.stderr = bytearray(), bytearray()
        self.status = None
        self.was_killed = False
        self.limit = ""
        self._photo = self._nap = (0, None)
        self.trace = Trace(os.path.join(scratch, "log"))
        preload = os.path.join(scratch, "interpose.so")
        os.symlink(interposer, preload)     # its own path may have a blank in it
        env = {"PATH": "/usr/bin:/bin", "LANG": "C", "TZ": zone, "HOME": scratch,
               "LD_PRELOAD": preload, "LOOPBACK_PLAN": plan,
               **self.trace.environment(), **self._sanitizer_options(leaks, cancels)}
        self._pipes = {}
        self._start(env, stdin)

    def _sanitizer_options(self, leaks, cancels):
        options = f"{SANITIZER}:log_path={self.scratch}/report"
        # It does not notice that a cancelled thread leaves its functions: variables
        # on the stack proper would still be guarded when that is used again.
        return {"ASAN_OPTIONS": f"{options}:detect_leaks={int(leaks)}:"
                                f"detect_stack_use_after_return={int(cancels)}",
                "UBSAN_OPTIONS": options, "TSAN_OPTIONS": options}

    def _start(self, env, stdin):
        out, to_out = os.pipe()
        err, to_err = os.pipe()
        source = None
        try:
            if stdin is not None:
                name = os.path.join(self.scratch, "stdin")
                with open(name, "wb") as file:
                    file.write(stdin)
                source = os.open(name, os.O_RDONLY)
            self.started = time.monotonic_ns()
            self.pid = spawn.start(self.path, [self.name, *self.args], env,
                                   source, to_out, to_err)
        finally:
            for fd in (to_out, to_err, source):
                if fd is not None:
                    os.close(fd)
        for fd, sink in ((out, self.stdout), (err, self.stderr)):
            os.set_blocking(fd, False)
            self._pipes[fd] = sink

    # What it has done so far

    def readable(self):
        """Return descriptors that become readable when the program does something."""
        return list(self._pipes)

    def look(self):
        """Take in what it has printed and whether it has ended."""
        for fd, sink in list(self._pipes.items()):
            self._drain(fd, sink)
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                self.ended = time.monotonic_ns()
                for fd, sink in list(self._pipes.items()):
                    self._drain(fd, sink)

    def _drain(self, fd, sink):
        while len(sink) <= OUTPUT_LIMIT:
            try:
                chunk = os.read(fd, 65536)
            except BlockingIOError:
                return
            if not chunk:
                os.close(fd)
                del self._pipes[fd]
                return
            sink += chunk
        self.limit = f"it printed more than {OUTPUT_LIMIT >> 20} MiB"

    def check_limits(self):
        """Note in self.limit when it has too much memory or too many processes."""
        family = procfs.family(self.pid)
        if len(family) > FAMILY_LIMIT:
            self.limit = f"it has {len(family)} processes"
        elif sum(procfs.resident_bytes(p) for p in family) > MEMORY_LIMIT:
            self.limit = f"it uses more than {MEMORY_LIMIT >> 30} GiB of memory"

    def is_watched(self):
        """Say whether the interposer is in the program."""
        return self.trace.loaded is not None

    # Asleep?

    def _threads(self):
        """Return all threads of the program and of its children.

        Left out is the thread that a sanitizer keeps for itself: it naps for
        ever, by calls that the interposer never hears of.
        """
        threads = procfs.family_threads(self.pid)
        if not any(t.call in NAPS for t in threads):
            return threads
        own = {*procfs.family(self.pid),
               *(c.tid for c in self.trace.calls() if c.name != "thread_start")}
        return [t for t in threads if t.tid in own or t.call not in NAPS]

    def waits_for_input(self):
        """Say whether every thread sleeps and one of them until something arrives."""
        threads = self._threads()
        return (any(procfs.waits_for_input(t) for t in threads)
                and all(t.call for t in threads))

    def rests(self):
        """Say whether every thread has been asleep since the last time this was asked.

        Unlike is_beyond_hope() a sleep with an end counts as well.
        """
        threads = self._threads()
        then, before = self._nap
        if not all(t.call for t in threads) or before != threads:
            self._nap = (time.monotonic(), threads)
            return False
        return time.monotonic() - then >= STILL

    def is_beyond_hope(self):
        """Say whether the program will do nothing more unless something arrives.

        True when it repeats a call that fails for ever; and when two looks, STILL
        seconds apart, found each thread in the same sleep without an end and not
        a nanosecond of work between them.
        """
        if self.status is not None or self.is_in_a_loop():
            return True
        threads = self._threads()
        if not threads or self._has_timers() or \
                not all(procfs.waits_for_ever(t) for t in threads):
            self._photo = (0, None)
            return False
        then, before = self._photo
        if before != threads:
            self._photo = (time.monotonic(), threads)
            return False
        return time.monotonic() - then >= STILL

    def is_in_a_loop(self):
        """Say whether its last LOOP calls were the same one, with nothing to gain.

        Nothing to gain: an error, or the end of a stream, again and again.
        """
        last = self.trace.calls()[-LOOP:]
        return len(last) == LOOP and last[-1].name in LOOPING and \
            (last[-2].result or 0) <= 0 and \
            len({(c.name, c.args, c.result) for c in last[:-1]}) == 1

    def _has_timers(self):
        return any(c.args[2] in TIMEOUT_OPTIONS for c in self.trace.calls("setsockopt"))

    # Freeze, thaw, end

    def freeze(self):
        """Stop the program and its children, as Ctrl-Z would; return when they have."""
        for pid in spawn.living(self.pid):
            spawn.send_signal(pid, signal.SIGSTOP)
        self._wait_until_stopped(all)

    def wait_until_frozen(self):
        """Wait until its plan has stopped it, or a child of it; say whether it has."""
        return self._wait_until_stopped(any)

    def _wait_until_stopped(self, all_or_any):
        deadline, pauses = Deadline(), Pauses()
        while not all_or_any(procfs.state(p) == "T" for p in spawn.living(self.pid)):
            self.look()
            if self.is_beyond_hope() or deadline.is_over():
                return False
            pauses.wait()
        return self.status is None

    def thaw(self):
        """Let a stopped program and its children go on."""
        for pid in spawn.living(self.pid):
            spawn.send_signal(pid, signal.SIGCONT)

    def end(self):
        """Kill whatever is left of the program, and take no more of its output."""
        self.look()
        spawn.end(self.pid)
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            self.ended = time.monotonic_ns()
            self.was_killed = True
        for fd in self._pipes:
            os.close(fd)
        self._pipes = {}

    # How it ended

    def report(self):
        """Return the sanitizer's report as text, "" when there is none."""
        found = []
        for name in sorted(os.listdir(self.scratch)):
            if name.startswith("report."):
                with open(os.path.join(self.scratch, name), errors="replace") as file:
                    found.append(file.read(1 << 20))
        if not found and self.status == SANITIZER_STATUS:
            # UBSan beside gcc's ASan speaks on stderr, whatever log_path says.
            text = bytes(self.stderr).decode("utf-8", "replace")
            found = [text] if "runtime error:" in text else []
        return "\n".join(found)
