"""Plays a conversation with a program, and compares with what the model says."""
import re
import signal
import time

from ..bench.table import RECEIVING, SENDING
from ..words import show
from . import difference, faults
from .conversation import SERVER, words
from .failure import UNNAMED, Failure
from .protocol import Heard
from .stage import TESTER

LATE = {"eof": "the end of the stream", "reset": "a reset (RST)"}
BROKEN = ("EPIPE", "ECONNRESET")
FALSE = ("changed", "extra", "cut at NUL")      # kinds of Difference: wrong bytes
SECOND = 1.5                        # seconds until the clock shows another one
PATIENT = 0.7                       # seconds: a server hears the rest for one
DRIPPING = 4                        # seconds; a server has one second's patience
LAG = 0.05                          # seconds that time(2) may lag behind, and more


class Player:
    """One conversation as it is played; what it does raises Failure."""

    def __init__(self, lesson, protocol, conversation):
        self.lesson, self.stage = lesson, lesson.stage
        self.protocol, self.conversation = protocol, conversation
        self.heard = {}                 # who: Heard, in order of connecting
        self.program = None
        self.frozen = False
        self.acted = 0                  # when the last step was begun
        self.lost = set()               # peers whose connections a fault has met
        self.broken = []                # resets: (who, bytes on stderr before it)

    def starts(self, port=0):
        """Start the program as the conversation says; return it.

        port  of the tester's socket, when the program is a client
        """
        talk, lesson = self.conversation, self.lesson
        made = self._calls_at_its_start(faults.counted_later(talk.plan))
        waits = self.protocol.listens and not self.protocol.refuses(talk)
        self.program = (lesson.serve if waits else lesson.run)(
            *words(talk, port), plan=faults.started(talk.plan, made),
            stdin=talk.stdin or b"", closed=[0] if talk.stdin is None else (),
            surroundings={} if talk.zone == "UTC0" else {"TZ": talk.zone},
            program=talk.program,
            leaks=any(s.does == "stops" for s in talk.steps))
        return self.program

    def _calls_at_its_start(self, name):
        """Return how often it makes this call before anybody connects; 0 for ""."""
        if not name:
            return 0
        server = self.lesson.serve(*words(self.conversation, 0),
                                   program=self.conversation.program)
        self.stage.wait_for(server.waits_for_input)
        made = server.times(name)
        self.stage.begins_anew()
        return made

    # Steps

    def plays(self, program):
        """Take all steps with the program that runs, then look how all stands."""
        self.program = program
        self._takes_all()
        self._closes()

    def _takes_all(self):
        """Take each step; before and after it all must stand as it should."""
        steps, self.acted = self.conversation.steps, time.monotonic()
        for step, then in zip(steps, (*steps[1:], None)):
            self._takes(step)
            if then is None or then.does != "is stopped":
                self.looks()

    def _takes(self, step):
        self.acted = time.monotonic()
        who, does, data = step
        if does == "connects":
            self._connects(who)
        elif who in self.lost:
            return
        elif does == "freezes":
            self.stage.tell("stops the server for a moment", TESTER)
            self.program.freeze()
            self.frozen = True
        elif does == "goes on":
            if self.frozen:
                self.program.goes_on()
            self.frozen = False
        elif does == "is stopped":
            self.frozen = self.program.is_stopped_by_plan()
        elif does == "stops":
            self.program.is_told_to_stop(signal.Signals["SIG" + data.decode()])
            self.program.ends_in_order("I11")
        elif does == "drips":
            self._drips(self.heard[who])
        elif does == "waits for a new second":
            self._waits_for_a_new_second()
        else:
            self._acts(self.heard[who], does, data)

    def _connects(self, who):
        """Connect; a fault may have broken the connection before we know of it."""
        try:
            peer = self.lesson.client(who)
        except Failure:
            if not self._faults_met() or self.program.status is not None:
                raise
            self.lost.add(who)
            return
        self.heard[who] = Heard(peer, len(self.heard) + len(self.lost) + 1)

    def _waits_for_a_new_second(self):
        self.stage.tell("waits for the clock to show another second", TESTER)
        now = int(time.time())
        self.stage.wait_for(lambda: time.time() > now + 1 + LAG, patient=True,
                            seconds=SECOND)

    def _drips(self, heard):
        """The peer, who has been told the end, goes on sending now and then."""
        peer = heard.peer
        peer.tells("stays, and sends a byte now and then")

        def is_closed():
            peer.drips()
            return peer.end == "reset" or peer.other() is None

        if not self.stage.wait_for(is_closed, patient=True, seconds=DRIPPING):
            raise Failure(f"{peer.name}'s connection is closed after a second",
                          f"it is open after {DRIPPING} seconds", "H14", "TIMEOUT")

    def _acts(self, heard, does, data):
        peer = heard.peer
        if does == "sends":
            peer.sends(data)
            heard.sent += data
            heard.times.append((len(heard.sent), time.time()))
            return
        peer.receive()
        heard.got += bytes(peer.got)
        peer.got.clear()
        due = self.protocol.due(self.conversation, heard)
        if does == "resets" and due.end == "open" and not heard.done:
            self.broken.append((peer.name, len(self.program.stderr)))
        {"is done": peer.is_done_sending, "leaves": peer.leaves,
         "resets": peer.resets}[does]()
        heard.finished = heard.finished or does == "is done"
        heard.done = does

    # What must be true between two steps

    def looks(self):
        """Wait for what is due now; nobody may have got anything else."""
        if self.frozen or self.program.status is not None:
            return
        now = [(h, self._due(h)) for h in self.heard.values() if not h.peer.gone]
        self.stage.wait_for(lambda: all([self._has_enough(h, d) for h, d in now]),
                            readable=[fd for h, _ in now
                                      for fd in h.peer.open_descriptors()])
        open_ones = [h for h, due in now if due.end in ("open", "no reset")]
        if open_ones:
            self._settles(open_ones)
        for heard, due in now:
            self._compares(heard, due)

    def _due(self, heard):
        """Return what is due to this peer; nothing while it waits for its turn."""
        due = self.protocol.due(self.conversation, heard)
        here = [h for h in self.heard.values() if not self._is_through(h)]
        if heard in here[:self.protocol.served(self.conversation)] \
                or self._is_through(heard):
            return due
        return difference.Due((), "any", difference.due_bytes(due) + due.more)

    @staticmethod
    def _is_through(heard):
        return heard.peer.gone or heard.excused or \
            bool(heard.done and heard.peer.end)

    def _has_enough(self, heard, due):
        heard.peer.receive()
        heard.peer.acknowledges_at_once()
        got = self._got(heard)
        return heard.peer.end == "reset" or bool(
            len(got) >= len(difference.due_bytes(due))
            and (due.end != "eof" or heard.peer.end)) or bool(heard.peer.end)

    def _got(self, heard):
        """Return all that a peer has received, what is free in it made uniform."""
        return self.protocol.seen(self.conversation, heard,
                                  heard.got + bytes(heard.peer.got))

    def _settles(self, open_ones):
        """Wait until the program has read all that these peers have sent."""
        def settled():
            self.stage.look()
            return self.program.status is not None or (
                all(h.peer.is_taken() for h in open_ones)
                and self.program.waits_for_input())

        if self.protocol.listens:
            self.stage.wait_for(settled)
        for heard in open_ones:
            heard.peer.receive()

    def _compares(self, heard, due):
        peer, got = heard.peer, self._got(heard)
        late = time.monotonic() - self.acted > PATIENT
        if late and due.end == "eof" and peer.end == "reset":
            return                      # it has waited for us long enough
        found = difference.between(peer.name, due, got)
        if found is None:
            found = self._compares_end(heard, due)
        if found is None or self._is_excused(heard, found):
            new, heard.got = bytes(peer.got), heard.got + bytes(peer.got)
            peer.got.clear()
            if new:
                peer.tells(f"receives {show.some(new, 23)}")
            return
        self._fails(found, heard)

    @staticmethod
    def _compares_end(heard, due):
        end = heard.peer.end
        allowed = {"any": ("", "eof", "reset"), "no reset": ("", "eof"),
                   "open": ("",), "eof": ("eof",)}[due.end]
        if end in allowed:
            return None
        return difference.Difference(heard.peer.name, end or "open", due.end, b"", b"")

    def _is_excused(self, heard, found):
        """Say whether this peer may miss something: a fault met its connection.

        A fault breaks the connection of one peer: whose it was, it shows itself.
        What a program still sends on a connection that has failed is of no use.
        """
        others = sum(h.excused for h in self.heard.values() if h is not heard)
        if len(self._faults_met()) > others and (found.kind not in FALSE
                                                 or self._failed_to_send()):
            heard.excused = True
        return heard.excused

    def _failed_to_send(self):
        return any(c.by_tester and c.error in BROKEN
                   for c in self.program.trace.calls(*SENDING))

    def _faults_met(self):
        """Return the errors, as names, by which the plan has broken something."""
        return faults.broken_by(self.conversation.plan, self.program.trace.calls())

    def _fails(self, found, heard):
        """Raise the Failure of a Difference."""
        who, end = heard.peer.name, heard.peer.end
        if found.kind in ("open", "eof", "reset"):
            due = {"open": f"{who}'s connection stays open",
                   "eof": f"{who} sees the end of the stream"}.get(
                       found.what, f"{who} sees no reset")
            have = f"{who} sees {LATE[end]}" if end else "the connection stays open"
            raise self._failure(found, due, have)
        want, have = difference.in_words(found)
        if end and found.kind in ("missing", "short"):
            have += f", then {LATE[end]}"
        raise self._failure(found, want, have)

    def _failure(self, found, want, have):
        waits = found.kind in ("missing", "short", "open") and \
            not any(h.peer.end for h in self.heard.values() if h.peer.name == found.who)
        return Failure(want, have, self.protocol.bug(found, self.conversation,
                                                     self.heard),
                       "TIMEOUT" if waits else "FAIL")

    # What must be true afterwards

    def _closes(self):
        """Let all peers leave; then look at the log, and how the program stands."""
        if self.program.status is None:
            for heard in self.heard.values():
                if not heard.peer.gone:
                    self._acts(heard, "leaves", b"")
        if any(s.does == "stops" for s in self.conversation.steps):
            return
        if self.protocol.outcome(self.conversation, self.heard, []):
            self.stage.wait_for(self.program.has_ended)
        outcome = self.protocol.outcome(self.conversation, self.heard,
                                        self._faults_met())
        if outcome is None:
            self._settles([])
            self.program.is_alive()
            self._says_no_more()
        else:
            self._compares_outcome(outcome)
        for heard in self._logged():
            for pattern, said in self.protocol.log(self.conversation, heard):
                self.program.says(pattern, said, UNNAMED)
        for who, before in self.broken if self.protocol.mentions_resets else ():
            self.program.has_more_to_say_than(
                before, f"about the reset by {who}", "J8" if any(map(
                    self.program.failed, RECEIVING, ["ECONNRESET"] * len(RECEIVING)))
                else UNNAMED)

    def _logged(self):
        """Return those of whom the log must speak: no fault may have met them."""
        return [] if self._faults_met() else self.heard.values()

    def _says_no_more(self):
        """A server prints its ready line, and nothing else."""
        ready, _, rest = bytes(self.program.stdout).partition(b"\n")
        if rest:
            raise Failure(f"on stdout {show.quoted(ready)}, nothing more",
                          f"there is more: {show.some(rest)}", "C9")

    def _compares_outcome(self, outcome):
        """Wait for the program's end; compare it and what it printed."""
        program = self.program
        status = " or ".join(map(str, outcome.status))
        printed = bytes(program.stdout)
        ready = printed.find(b"\n") + 1 if self.protocol.listens else 0
        if program.status == 1 and self._faults_met():
            self._gave_up_rightly(outcome, printed[ready:])
            return
        found = outcome.stdout is not None and difference.between(
            "", difference.Due(outcome.stdout, "any", outcome.more), printed[ready:])
        heard = self.heard
        ended = program.how_it_ended()
        if program.status is None:
            late = difference.Difference("", "runs", status, b"", b"")
            raise Failure(f"exit status {status}", "it does not end",
                          self.protocol.bug(late, self.conversation, heard), "TIMEOUT")
        if found and (program.status in outcome.status or found.kind != "missing"):
            want, have = difference.in_words(found)
            raise Failure(want, have, self.protocol.bug(found, self.conversation,
                                                        heard))
        if program.status not in outcome.status:
            other = difference.Difference("", "status", status, b"", b"")
            raise Failure(f"exit status {status}", ended,
                          self.protocol.bug(other, self.conversation, heard))
        if outcome.says and not program.has_said(outcome.says):
            program.says(outcome.says, outcome.called or "a message", "E12")

    def _gave_up_rightly(self, outcome, printed):
        """A call of it failed: it has said so, and printed nothing that is wrong."""
        whole = b"".join(part for _, part in outcome.stdout or ()) + outcome.more
        if outcome.stdout is not None and not whole.startswith(printed):
            found = difference.between("", difference.Due((), "any", whole), printed)
            raise Failure(*difference.in_words(found), UNNAMED)
        if not self.program.stderr.strip():
            raise Failure("a message on stderr", "nothing on stderr", UNNAMED)

    def is_refused(self):
        """Start the program, whose arguments are wrong: exit status 2, no socket."""
        listener = self.lesson.listener()
        program = self.starts(listener.port)
        bug = self.protocol.bug(difference.Difference("", "usage", "", b"", b""),
                                self.conversation, self.heard)
        self.stage.wait_for(lambda: program.has_ended() or listener.is_visited()
                            or program.listens_at())
        if program.status is None or program.called("socket"):
            raise Failure("exit status 2: wrong usage, and no socket is made",
                          "it connects" if listener.is_visited() else "it listens"
                          if program.listens_at() else program.how_it_ended(), bug)
        program.exits_with(2, bug)
        program.complains(bug)


class ClientPlayer(Player):
    """Plays the server to a program that is a client."""

    def plays(self, _=None):
        """Start the client, take all steps as its server, look how it ended."""
        listener = self.lesson.listener()
        self.starts(listener.port)
        self.stage.wait_for(lambda: listener.is_visited() or self.program.has_ended())
        if not listener.is_visited():
            raise Failure("the program connects", self.program.last_words()
                          if self.program.has_ended() else "it does not", UNNAMED)
        self.heard[SERVER] = Heard(listener.accepts())
        if not any(s.does == "is stopped" for s in self.conversation.steps[:1]):
            self.looks()
        self._takes_all()
        self._closes()
