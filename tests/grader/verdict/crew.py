"""Workers: child processes that run one check after the other; what they leave behind
comes to us."""
import gc
import os
import select
import signal
import sys
import time

from .. import build
from ..bench import machine, procfs, scratch, spawn
from ..bench.patience import Deadline, slowness
from ..words.trouble import Infra

STOPPING = {signal.SIGTERM, signal.SIGHUP, signal.SIGINT}
STOPPING_TIME = 10                  # seconds a worker has to end what it started
LONGEST = 100                       # seconds one check may take on an idle machine
LOOK = 1                            # seconds between two looks at silent workers
GIVE_UP = 1.5                       # times LONGEST: one whose own alarm does not ring


class Worker:
    """A child process, our ends of the pipes to it, and what it is doing.

    name   of the check it is at; None: it waits for one
    said   bytes of its answer so far
    limit  the time.monotonic() at which it has been at this check for too long
    """

    def __init__(self, pid, orders, answers, directory):
        self.pid, self.orders, self.answers = pid, orders, answers
        self.directory = directory      # for its files: ours, should it be killed
        self.name, self.said, self.limit = None, bytearray(), 0


class Crew:
    """Workers that run checks, so many at a time; see `size`.

    What a worker leaves behind when it is stopped, or killed by the program it
    watches, comes to us: its processes by adoption, its files by their place.
    """

    def __init__(self, work, size):
        """work(name, scratch): run a check in a worker, return its record as text.

        size  how many workers there are at most
        """
        machine.adopt_orphans()
        scratch.sweep()
        self.work, self.size = work, size
        self.directory = scratch.new()
        self.workers = []
        self.made = 0                   # workers so far

    def is_at_work(self):
        """Say whether any check is being run."""
        return any(w.name for w in self.workers)

    def has_room(self):
        """Say whether one more check may start."""
        return len(self.workers) < self.size or any(not w.name for w in self.workers)

    def start(self, name):
        """Let a worker run the check `name`."""
        while True:
            worker = next((w for w in self.workers if not w.name), None) or self._hire()
            worker.name, worker.limit = name, time.monotonic() + \
                GIVE_UP * LONGEST * slowness()
            try:
                os.write(worker.orders, f"{name}\n".encode())
                return
            except BrokenPipeError:     # it has died since its last check
                self._forget(worker)

    def _hire(self):
        """Make a worker."""
        sys.stdout.flush()
        # No signal may find the child with the handlers of its parent, nor us with
        # a worker or a directory that is not noted yet.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            self.made += 1
            directory = os.path.join(self.directory, str(self.made))
            os.mkdir(directory)
            (theirs_in, orders), (answers, theirs_out) = os.pipe(), os.pipe()
            pid = _fork()
            if pid == 0:
                others = [fd for w in self.workers for fd in (w.orders, w.answers)]
                for fd in (orders, answers, *others):
                    os.close(fd)
                _be_a_worker(theirs_in, theirs_out,
                             lambda name: self.work(name, directory))
            os.close(theirs_in)
            os.close(theirs_out)
            self.workers.append(Worker(pid, orders, answers, directory))
            return self.workers[-1]
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def finished(self):
        """Wait for something; return [(name, text)] of the checks that are over.

        The text is "" when the worker has died, was stopped, or is silent for ever.
        """
        done = []
        ready, _, _ = select.select([w.answers for w in self.workers], [], [], LOOK)
        for worker in [w for w in self.workers if w.answers in ready]:
            chunk = os.read(worker.answers, 1 << 20)
            worker.said += chunk
            if not chunk:
                self._forget(worker)
            elif worker.said.endswith(b"\n"):
                done.append((worker.name, worker.said.decode()))
                worker.name, worker.said = None, bytearray()
                continue
            if not chunk and worker.name:
                done.append((worker.name, ""))
        for worker in [] if ready else [w for w in self.workers if _is_lost(w)]:
            self._forget(worker)
            done += [(worker.name, "")] if worker.name else []
        return done

    def _forget(self, worker):
        """End a worker, if it is not dead, and all that it leaves behind."""
        self.workers.remove(worker)
        os.close(worker.orders)
        os.close(worker.answers)
        spawn.send_signal(worker.pid, signal.SIGKILL)
        os.waitpid(worker.pid, 0)
        for stray in spawn.orphans({w.pid for w in self.workers} | build.helpers()):
            spawn.end(stray)
            spawn.reap([stray])
        scratch.remove(worker.directory)

    def stop_all_after(self, names):
        """End the workers whose check is not among `names`."""
        doomed = [w for w in self.workers if w.name not in names]
        for worker in doomed:
            spawn.send_signal(worker.pid, signal.SIGTERM)
        for worker in doomed:
            _wait_for_the_end(worker)
            self._forget(worker)

    def end(self):
        """End all workers; nothing of them is left."""
        self.stop_all_after([])
        scratch.remove(self.directory)


def _fork():
    """As os.fork(); Infra when the machine allows no further process."""
    try:
        return os.fork()
    except OSError as e:
        raise Infra(f"cannot start a process to run a check: {e.strerror} "
                    "(ulimit -u says how many are allowed)") from None


def _is_lost(worker):
    """Say whether no answer is to be expected: it is stopped, or past all limits."""
    return procfs.state(worker.pid) == "T" or \
        bool(worker.name) and time.monotonic() > worker.limit


def _wait_for_the_end(worker):
    """Wait for the end of a worker that was told to, but not for ever.

    The signal may have met it at a moment when Python holds a lock of its own.
    """
    deadline = Deadline(STOPPING_TIME)
    while select.select([worker.answers], [], [], deadline.left())[0]:
        if not os.read(worker.answers, 1 << 20):
            return


# In the child

def _be_a_worker(orders, answers, work):
    """Run the checks that are asked for, answer with their records.  Never returns."""
    def give_up(*_):
        raise SystemExit(1)             # through all the finally clauses
    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, give_up)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        os.setpgid(0, 0)                # a program may kill the group of its parent
        machine.end_with_parent()
        machine.adopt_orphans()
        machine.fix_addresses()
        gc.freeze()                     # to look at what was there would copy it all
        _work_on(orders, answers, work)
        status = 0
    finally:
        os._exit(status)


def _work_on(orders, answers, work):
    open_before = _descriptors()
    while (name := os.read(orders, 4096).decode().strip()):
        signal.alarm(int(LONGEST * slowness()))     # a check of ours that never ends
        text = work(name).encode() + b"\n"
        _end_strays()
        signal.alarm(0)
        is_clean = _descriptors() == open_before
        if not is_clean:                # a descriptor leaked: no order comes any more
            os.close(orders)
        while text:
            text = text[os.write(answers, text):]
        if not is_clean:
            return


def _end_strays():
    """End what is still ours after a check: children are ours only while one runs."""
    while (strays := procfs.children(os.getpid())):
        for stray in strays:
            spawn.end(stray)
        spawn.reap(strays)


def _descriptors():
    """Return the numbers of the descriptors that are open, one more included."""
    return os.listdir("/proc/self/fd")
