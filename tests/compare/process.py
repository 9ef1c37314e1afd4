"""A server at work: started, watched from outside, and stopped with all its own."""
import os
import select
import signal

from grader.bench import procfs, spawn
from grader.bench.patience import Deadline, Pauses
from grader.bench.program import READY

from . import memory

GRACE = 2.0                         # seconds between SIGTERM and SIGKILL
STACK = 160                         # bytes of its last words that are kept


class NotReady(Exception):
    """A server did not begin to listen; the text says what it did instead."""


class Server:
    """A running server; use it as a context manager, and nothing of it stays."""

    def __init__(self, path, options):
        """path, options: the program, and what stands before the port, 0"""
        self.name = os.path.basename(path)
        self.status = None              # as waitpid tells it, once it has ended
        self.log = os.memfd_create("stderr")
        self.out, out = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            self.pid = spawn.start(path, [self.name, *options, "0"], dict(os.environ),
                                   [nothing, out, self.log])
        finally:
            os.close(out)
            os.close(nothing)

    def __enter__(self):
        try:
            self.port = self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _wait_until_ready(self):
        """Return the port of its ready line; raise NotReady without one."""
        text, deadline, poller = b"", Deadline(), select.poll()
        poller.register(self.out, select.POLLIN)
        while not (line := READY.match(text)):
            if not poller.poll(deadline.left() * 1000):
                raise NotReady("did not listen in time")
            data = os.read(self.out, 4096)
            if not data:
                self.wait(Deadline(GRACE))
                raise NotReady(f"did not listen: {self.how_it_ended()}")
            text += data
            if b"\n" in text and not READY.match(text):
                raise NotReady('did not say "listening on ..." first')
        return int(line[3])

    def has_ended(self):
        """Say whether it has come to an end by itself or by a signal."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    def wait(self, deadline):
        """Wait for its end; say whether it came in time."""
        pauses = Pauses()
        while not self.has_ended():
            if deadline.is_over():
                return False
            pauses.wait()
        return True

    def how_it_ended(self):
        """Return in words how it ended, with its last words on stderr."""
        if self.status is None:
            return "it is still running"
        number = os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else None
        how = f"killed by {signal.Signals(number).name}" if number else \
            f"exit status {os.WEXITSTATUS(self.status)}"
        size = os.fstat(self.log).st_size
        lines = os.pread(self.log, STACK, max(0, size - STACK)).splitlines()
        said = lines[-1].decode("utf-8", "replace") if lines else ""
        return f"{how}, {said}" if said else how

    def memory(self):
        """Return (bytes, processes): what it and its children have in memory."""
        family = spawn.living(self.pid)
        return memory.of(family), len(family)

    def stop(self):
        """End it, and whatever it has started; politely at first."""
        if not self.has_ended():
            spawn.send_signal(self.pid, signal.SIGTERM)
            if not self.wait(Deadline(GRACE)):
                spawn.end(self.pid)
                self.wait(Deadline())
        end_all()                       # its children, if it did not wait for them
        os.close(self.out)
        os.close(self.log)


def end_all():
    """End every process that is still a child of ours; collect the dead ones."""
    for pid in spawn.orphans(()):
        spawn.end(pid)
    spawn.reap(procfs.children(os.getpid()))
