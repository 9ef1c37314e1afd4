"""Child processes that run one check each; what they leave behind comes to us."""
import gc
import os
import select
import shutil
import signal
import sys

from ..bench import machine, network, spawn
from ..bench.patience import PATIENCE, Deadline
from ..stage.stage import new_scratch

STOPPING = {signal.SIGTERM, signal.SIGHUP, signal.SIGINT}
STOPPING_TIME = 10                  # seconds a worker has to end what it started
LONGEST = 20                        # times PATIENCE that one check may take


class Crew:
    """Child processes that run one check each, at most one per processor.

    What a worker leaves behind when it is stopped, or killed by the program it
    watches, comes to us: its processes by adoption, its files by their place.
    """

    def __init__(self, work):
        machine.adopt_orphans()
        self.work = work
        self.size = (os.cpu_count() or 1) + 2   # some only wait
        self.at_work = {}               # pipe -> (pid, name, what it sent, scratch)

    def has_room(self):
        """Say whether one more may start."""
        return len(self.at_work) < self.size

    def start(self, name):
        """Start a worker for the check `name`."""
        sys.stdout.flush()
        # No signal may find the child with the handlers of its parent, nor us with
        # a worker or a directory that is not noted yet.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            ours, theirs = os.pipe()
            scratch = new_scratch()
            pid = os.fork()
            if pid == 0:
                _be_a_worker(theirs, lambda: self.work(name, scratch))
            os.close(theirs)
            self.at_work[ours] = (pid, name, bytearray(), scratch)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def finished(self):
        """Wait for something; return [(name, text)] of those that are done."""
        done = []
        ready, _, _ = select.select(list(self.at_work), [], [])
        for pipe in ready:
            _, name, text, _ = self.at_work[pipe]
            chunk = os.read(pipe, 1 << 20)
            text += chunk
            if not chunk:
                self._forget(pipe)
                done.append((name, bytes(text).decode()))
        return done

    def _forget(self, pipe):
        pid, _, _, scratch = self.at_work.pop(pipe)
        os.close(pipe)
        os.waitpid(pid, 0)
        for stray in spawn.orphans({p for p, *_ in self.at_work.values()}):
            spawn.end(stray)
            spawn.reap([stray])
        shutil.rmtree(scratch, ignore_errors=True)

    def stop_all_after(self, names):
        """End the workers whose check is not among `names`."""
        doomed = [pipe for pipe, (_, name, *_) in self.at_work.items()
                  if name not in names]
        for pipe in doomed:
            spawn.send_signal(self.at_work[pipe][0], signal.SIGTERM)
        for pipe in doomed:
            self._insist(pipe)
            self._forget(pipe)

    def _insist(self, pipe):
        """Wait for the end of a worker; kill it if it does not come soon.

        The signal may have met it at a moment when Python holds a lock of its own.
        """
        deadline = Deadline(STOPPING_TIME)
        while select.select([pipe], [], [], deadline.left())[0]:
            if not os.read(pipe, 1 << 20):
                return
        spawn.end(self.at_work[pipe][0])


def _be_a_worker(pipe, work):
    """In the child: work, send the record, end.  Never returns."""
    def give_up(*_):
        raise SystemExit(1)             # through all the finally clauses
    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, give_up)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        signal.alarm(int(LONGEST * PATIENCE))   # a check of ours that never ends
        gc.disable()                    # it would touch, and so copy, all memory
        os.setpgid(0, 0)                # a program may kill the group of its parent
        machine.end_with_parent()
        machine.adopt_orphans()
        machine.fix_addresses()
        network.enter_private_network()
        text = work().encode()
        while text:
            text = text[os.write(pipe, text):]
        status = 0
    finally:
        os._exit(status)
