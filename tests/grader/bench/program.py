"""A program under test: started, watched, always ended."""
import os
import re
import signal
import time

from ..words.trouble import Infra
from . import procfs, spawn, table
from .patience import Deadline, Pauses
from .standard import Standard
from .trace import Trace

SANITIZER_STATUS = 99               # exit status after a sanitizer's report
OUTPUT_LIMIT = 8 << 20              # bytes of stdout and of stderr
MEMORY_LIMIT = 1 << 30              # bytes in use
FAMILY_LIMIT = 64                   # processes, descendants included
NAPS = {"nanosleep", "clock_nanosleep"}
LOOP = 1000                         # times the same call failed: an endless loop
LOOPING = table.names_of("ACCEPT", "RECEIVE", "TRANSMIT")
READY = re.compile(rb"listening on (?:\[([0-9a-f:]+)\]|([0-9.]+)):(\d+)\n")
MEASURED_EVERY = 0.02               # seconds between looks at memory and processes
STILL = 0.002                       # seconds without a move: asleep, not preempted
SO_RCVTIMEO = 20, 66                # as old and as new programs know it
SO_SNDTIMEO = 21, 67

SANITIZER = ("verify_asan_link_order=0:halt_on_error=1:abort_on_error=0:"
             f"exitcode={SANITIZER_STATUS}:print_stacktrace=1:color=never:"
             "allocator_may_return_null=1:symbolize=1:"
             "handle_segv=1:report_signal_unsafe=0:io_sync=0")


def _loadable(interposer, directory):
    """Return the path of the interposer, or of a link to it: one without a blank."""
    if not re.search(r"[\s:]", interposer):
        return interposer
    for name in ("absent.so", "interpose.so"):
        path = os.path.join(directory, name)
        os.symlink(os.path.join(os.path.dirname(interposer), name), path)
    return path


class Program:
    """One run of an executable.

    stdout, stderr  what it has printed so far
    output          where its stdout leads, one of standard.OUTPUTS
    status          None while it runs; then its exit status, or -signal
    trace           the interposer's log
    limit           the limit it broke, in words, or ""
    was_killed      whether we ended it
    """

    def __init__(self, path, args, scratch, interposer, plan="", stdin=b"",
                 output="pipe", closed=(), ignores=(), surroundings=None,
                 leaks=False, cancels=False, reuses=False):
        """Start `path` with `args` in the directory `scratch` (ours alone).

        stdin         bytes it can read, or the path of what it can read
        output        where its stdout leads, one of standard.OUTPUTS
        closed        which of its descriptors 0, 1 and 2 it finds closed
        ignores       signals that it finds ignored
        surroundings  variables of its environment that are not as usual: {name: value}
        leaks         whether memory still held at its end counts as an error
        cancels       whether it cancels threads
        reuses        whether memory that it gives back is used again at once
        """
        self.name = os.path.basename(path)
        self.path = path
        self.args = [str(a) for a in args]
        self.scratch, self.output = scratch, output
        self.stdout, self.stderr = bytearray(), bytearray()
        self.status = None
        self.was_killed = False
        self.limit = ""
        self._photo = self._nap = (0, None)
        self._asked, self._timers = 0, False    # what _has_timers() has found
        self._measured = time.monotonic()   # when check_limits() took a look
        self.trace = Trace(os.path.join(scratch, "log"))
        env = {"PATH": "/usr/bin:/bin", "LANG": "C", "TZ": "UTC0", "HOME": scratch,
               **(surroundings or {}), "LD_PRELOAD": _loadable(interposer, scratch),
               "LOOPBACK_PLAN": plan, **self.trace.environment(),
               **self._sanitizer_options(leaks, cancels, reuses)}
        self._pipes, self._end = {}, None
        self._standard = Standard(scratch, stdin, output, closed)
        self._start(env, ignores)

    def _sanitizer_options(self, leaks, cancels, reuses):
        options = f"{SANITIZER}:log_path={self.scratch}/report"
        # It does not notice that a cancelled thread leaves its functions: variables
        # on the stack proper would still be guarded when that is used again.
        return {"ASAN_OPTIONS": f"{options}:detect_leaks={int(leaks)}:"
                                f"detect_stack_use_after_return={int(cancels)}"
                                + ":quarantine_size_mb=0" * reuses,
                "UBSAN_OPTIONS": options, "TSAN_OPTIONS": options}

    def _start(self, env, ignores):
        try:
            self.started = time.monotonic_ns()
            self.pid = spawn.start(self.path, [self.name, *self.args], env,
                                   self._standard.fds, ignores)
        finally:
            self._standard.close()
        self._end = spawn.end_of(self.pid)
        for number, sink in ((1, self.stdout), (2, self.stderr)):
            fd = self._standard.ends.get(number)
            if fd is not None:
                os.set_blocking(fd, False)
                self._pipes[fd] = sink

    # What it has done so far

    def readable(self):
        """Return descriptors that become readable when the program does something."""
        return [*self._pipes, *([] if self._end is None else [self._end])]

    def look(self):
        """Take in what it has printed and whether it has ended."""
        for fd, sink in list(self._pipes.items()):
            self._drain(fd, sink)
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._has_ended_with(status)
                for fd, sink in list(self._pipes.items()):
                    self._drain(fd, sink)
                self._read_file()

    def _has_ended_with(self, status):
        """Note its end; status: as waitpid tells it."""
        self.status = os.waitstatus_to_exitcode(status)
        self.ended = time.monotonic_ns()
        if self._end is not None:
            os.close(self._end)
            self._end = None

    def _drain(self, fd, sink):
        while len(sink) <= OUTPUT_LIMIT:
            try:
                chunk = os.read(fd, 65536)
            except BlockingIOError:
                return
            except OSError:             # a terminal that nobody has open any more
                chunk = b""
            if not chunk:
                os.close(fd)
                del self._pipes[fd]
                return
            sink += chunk
        self.limit = f"it printed more than {OUTPUT_LIMIT >> 20} MiB"

    def _read_file(self):
        if self._standard.file:
            with open(self._standard.file, "rb") as file:
                self.stdout += file.read(OUTPUT_LIMIT + 1)

    def check_limits(self):
        """Note in self.limit when it has too much memory or too many processes.

        Asked too soon after the last time it takes no new look.
        """
        now = time.monotonic()
        if now - self._measured < MEASURED_EVERY:
            return
        self._measured = now
        family = procfs.family(self.pid)
        if len(family) > FAMILY_LIMIT:
            self.limit = f"it has {len(family)} processes"
        elif sum(procfs.resident_bytes(p) for p in family) > MEMORY_LIMIT:
            self.limit = f"it uses more than {MEMORY_LIMIT >> 30} GiB of memory"

    def is_watched(self):
        """Say whether the interposer is in the program."""
        return self.trace.entered_count("load") > 0

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
        if not threads or not all(t.call for t in threads) or before != threads:
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
        if not threads or not all(procfs.waits_for_ever(t) for t in threads):
            self._photo = (0, None)
            return False
        then, before = self._photo
        if before != threads:
            self._photo = (time.monotonic(), threads)
            return False
        return time.monotonic() - then >= STILL and not self._has_timers()

    def is_in_a_loop(self):
        """Say whether its last LOOP calls were the same one, with nothing to gain.

        Nothing to gain: an error, or the end of a stream, again and again.
        """
        if not self.trace.repeats(LOOP):    # more or less two records each
            return False
        last = self.trace.calls()[-LOOP:]
        return len(last) == LOOP and last[-1].name in LOOPING and \
            (last[-2].result or 0) <= 0 and \
            len({(c.name, c.args, c.result) for c in last[:-1]}) == 1

    def _has_timers(self):
        """Say whether a wait on one of its sockets may end by itself (SO_RCVTIMEO)."""
        asked, self._asked = self._asked, self.trace.entered_count("setsockopt")
        if not self._timers and self._asked != asked:   # to read the trace takes time
            self._timers = any(c.option in SO_RCVTIMEO + SO_SNDTIMEO
                               for c in self.trace.calls("setsockopt"))
        return self._timers

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
        if self.status is None:         # else its children are ours by now
            spawn.end(self.pid)
            self._has_ended_with(os.waitpid(self.pid, 0)[1])
            self.was_killed = True
        for fd in self._pipes:
            os.close(fd)
        self._pipes = {}

    # How it ended

    def has_crashed(self):
        """Say whether a signal that we did not send, or a sanitizer, has ended it."""
        self.look()
        by_signal = (self.status or 0) < 0 and not self.was_killed
        return by_signal or bool(self.status and self.report())

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
