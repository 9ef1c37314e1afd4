"""Where one check plays: its programs, its peers, the story so far, and waiting."""
import os
import time
from collections import namedtuple

from ..bench import scratch, spawn
from ..bench.patience import Deadline, Pauses
from ..wire.diagnosis import SocketDiagnosis
from ..words.text import text_of

TESTER = "the tester"
EXTENSIONS = 5                      # times that patience is renewed while bytes move

# time   nanoseconds, the clock of the trace
# who    the peer that acts, or TESTER; "" for the command line that starts a program
# text   what it does, in the third person: a Text
Event = namedtuple("Event", "time who text")


class Stage:
    """The programs and peers of one check, and the story they make together."""

    def __init__(self, place):
        """place: path of a directory to be made, which goes with the stage."""
        self.programs = []              # program.Program, in order of starting
        self.peers = []                 # peer.Peer, in order of connecting
        self.story = []
        self.only = None                # the one program a report is to be about
        self.failing = None             # the program of which something is not true
        self.place, self._directories = place, 0
        os.makedirs(place, exist_ok=True)
        self.diagnosis = SocketDiagnosis()
        self._cleanups, self._is_over = [], False

    def tell(self, text, who="", at=None):
        """Add a line to the story, a str or a Text, at time `at` (now by default)."""
        self.story.append(Event(at or time.monotonic_ns(), who, text_of(text)))

    def is_about(self, program=None):
        """A report of what is found from now on shows `program` alone; None: all.

        For tables of many short runs: the others have nothing to do with it.
        """
        self.only = program

    def shown(self):
        """Return the programs that a report shows.

        Of many runs that have nothing to do with each other only the one that fails.
        """
        if self.only:
            return [self.only]
        return [p for p in self.programs
                if self.failing in (None, p) or not p.has_met_nobody()]

    def told(self):
        """Return the events that a report shows: not the start of other programs."""
        shown = self.shown()
        hidden = {p.started for p in self.programs if p not in shown}
        begin = shown[0].started if len(shown) == 1 and hidden else 0
        return [e for e in self.story if e.time not in hidden and e.time >= begin]

    def mark(self):
        """Return the place the story has reached, for rewinds_to()."""
        return len(self.story)

    def rewinds_to(self, mark):
        """Take back what the story has told since that mark()."""
        del self.story[mark:]

    def begins_a_new_page(self):
        """A report tells nothing of what has happened so far."""
        self.story.clear()

    def begins_anew(self):
        """End and forget all programs and peers, and the story with them."""
        for program in self.programs:
            program.end()
            program.trace.close()
            scratch.remove(program.scratch)
        for undo in reversed(self._cleanups):
            undo()
        self.programs, self.peers, self._cleanups = [], [], []
        self.story.clear()
        self.only = self.failing = None

    def on_end(self, undo):
        """Call undo() when the check is over, whatever happened; last come first."""
        self._cleanups.append(undo)

    def directory(self):
        """Return a new empty directory that goes with the stage."""
        self._directories += 1
        path = os.path.join(self.place, str(self._directories))
        os.mkdir(path)
        return path

    def wait_for(self, done, readable=(), writable=(), patient=False,
                 seconds=None):
        """Ask done() until it is true; return whether it ever was.

        Gives up when patience() is over and nothing has moved in its second half, or,
        much earlier and unless `patient`, when all that we sent has arrived and no
        program will ever move by itself again.
        seconds  a deadline of its own, instead of patience(), whatever moves
        """
        deadline, pauses, moved, more = Deadline(seconds), Pauses(), None, EXTENSIONS
        while not done():
            self.look()                 # what is read no longer wakes us
            hopeless = not patient and self.is_beyond_hope()
            if moved is None and seconds is None and deadline.is_half_over():
                moved = self._moved()
            if hopeless or deadline.is_over():
                if hopeless or not more or moved in (None, self._moved()):
                    return bool(done())     # it may have come between the two looks
                deadline, moved, more = Deadline(), None, more - 1  # slow: it gets on
            pauses.wait([*readable, *self._program_output()], writable)
        return True

    def _moved(self):
        """Return how many bytes have gone from or to the programs so far, by place.

        Many calls are no sign of life: a program that spins makes most.
        """
        return [*(len(p.stdout) + len(p.stderr) for p in self.programs),
                *(peer.moved() for peer in self.peers)]

    def lets_the_dying_end(self):
        """Wait a moment for programs that have closed all, but are not yet gone."""
        self.wait_for(lambda: all(p.status is not None for p in self.programs),
                      seconds=1)

    def _program_output(self):
        return [fd for p in self.programs for fd in p.readable()]

    def look(self):
        """Take in what the programs have printed and which of them have ended."""
        for program in self.programs:
            program.look()

    def is_beyond_hope(self):
        """Say whether nothing more can happen unless the tester does something."""
        for program in self.programs:
            program.check_limits()
            if program.limit:
                return True
        return (bool(self.programs)
                and all(peer.is_delivered() for peer in self.peers)
                and all(program.is_beyond_hope() for program in self.programs))

    def wait_until_taken(self):
        """Wait until the programs have read all we sent and wait for more.

        This is the barrier between two pieces: returns False when a program
        has ended, or does not come to rest in time.
        """
        def settled():
            self.look()
            return (all(peer.is_taken() for peer in self.peers)
                    and all(p.status is not None or p.waits_for_input()
                            for p in self.programs))
        return self.wait_for(settled) and \
            all(p.status is None for p in self.programs)

    def end(self):
        """End all programs and give everything back; return what outlived them.

        The result is the number of processes still alive whose program had
        already ended.  The second time there is nothing left to do.
        """
        if self._is_over:
            return 0
        self._is_over = True
        known = {p.pid for p in self.programs}
        self.look()
        strays = spawn.orphans(known)
        for program in self.programs:
            program.end()
        for stray in strays + spawn.orphans(known):
            spawn.end(stray)
            spawn.reap([stray])
        for undo in reversed(self._cleanups):
            undo()
        self.diagnosis.close()
        scratch.remove(self.place)
        return len(strays)

    def forget_logs(self):
        """Let go of the programs' logs: nothing can be asked of them any more."""
        for program in self.programs:
            program.trace.close()
