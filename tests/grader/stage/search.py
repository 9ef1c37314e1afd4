"""Plays the conversations of many seeds; tells the shortest one that goes wrong."""
import itertools

from ..wire.tcp import LOOPBACK
from ..words.text import _
from .conversation import joined, words
from .failure import UNNAMED, Failure
from .player import ClientPlayer, Player
from .shrink import shrunk

AGAIN = 10                          # times that a conversation is repeated
KEPT = (LOOPBACK, "recv", "send", "echo", "upper", "sum")   # words with a meaning
CLIENTS = 12                        # conversations that are joined to one, at most
CONFIRMED = 3                       # failures in a row: it fails each time


class Search:
    """A search for a conversation of one protocol that breaks its contract.

    played  how many conversations have been played
    """

    def __init__(self, lesson, protocol):
        """lesson: a Lesson, whose program is put to it; protocol: the model."""
        self.lesson, self.stage, self.protocol = lesson, lesson.stage, protocol
        self.played = 0

    def holds(self, conversations):
        """Raise the Failure of the shortest conversation that fails, if one does.

        Servers that are started in the same way are started once for all of them.
        """
        def key(conversation):
            return repr((conversation.program, conversation.args, conversation.zone,
                         conversation.plan, self._ends(conversation) and conversation))

        found = sorted(dict.fromkeys(conversations), key=key)
        for _, group in itertools.groupby(found, key):
            self._hold(list(group))

    def _ends(self, conversation):
        """Say whether the program does not outlive this conversation."""
        return not self.protocol.listens or bool(conversation.plan) or \
            self.protocol.refuses(conversation) or \
            self.protocol.alone(conversation) or \
            self.protocol.outcome(conversation, {}, []) is not None or \
            any(s.does == "stops" for s in conversation.steps)

    def _hold(self, group):
        """Play conversations that share a program; raise what is wrong with one."""
        self.stage.begins_anew()
        server, idle = None, None
        for number, conversation in enumerate(group):
            try:
                self.played += 1
                server = self._play(conversation, server)
                if number == 0 and len(group) > 1:
                    idle = server.comes_to_rest()
            except Failure:
                found = None if self._is_free(conversation) else \
                    self._shortest(group[:number + 1])
                if found:
                    raise found from None
                self.stage.begins_anew()
                server = idle = None
        if idle is not None:
            try:
                server.comes_to_rest(idle)
            except Failure as failure:
                raise self._leak(group, failure) from None

    def _is_free(self, conversation):
        """Say whether the contract leaves it free what happened: by a signal.

        stdio loses what it held when it is interrupted.
        """
        return any("EINTR" in fault.rule for fault in conversation.plan) and \
            any(p.uses_stdio() for p in self.stage.programs) or \
            any(fault.rule.startswith(self.protocol.unpromised)
                for fault in conversation.plan)

    def _play(self, conversation, server=None):
        """Play one, with a program that runs already or a new one; return that."""
        kind = Player if self.protocol.listens else ClientPlayer
        player = kind(self.lesson, self.protocol, conversation)
        if self.protocol.refuses(conversation):
            player.is_refused()
        elif not self.protocol.listens:
            player.plays()
        else:
            player.plays(server or player.starts())
        return player.program

    def failure(self, conversation, times=1):
        """Play it alone, on a new page; return the Failure, or None.

        times  how often, by one program: more often, and it may leave nothing open
        """
        self.stage.begins_anew()
        server, idle = None, None
        try:
            for _ in range(times):
                server = self._play(conversation, server)
                if times > 1:
                    idle = server.comes_to_rest(idle)
        except Failure as failure:
            return None if self._is_free(conversation) else failure
        return self._crash()

    def _crash(self):
        """Return the Failure of a program that a sanitizer has something against."""
        if any(p.report() for p in self.stage.programs):
            return Failure("the sanitizer finds nothing to report", "a report", UNNAMED)
        return None

    # What is told of one that fails

    def _leak(self, group, failure):
        for conversation in group:
            if self.failure(conversation, 2):
                shortest = self._shrunk(conversation, 2)
                return self.failure(shortest, 2) or failure
        return failure

    def _shortest(self, group):
        """Return the Failure of the shortest conversation that fails; tell its story.

        group  those that one program was put to, the last of which has failed

        None when it never fails again: what no repetition shows cannot be mended.
        """
        for conversation in dict.fromkeys((group[-1], joined(group[-CLIENTS:]))):
            if self.failure(conversation):
                found = self._told(self._shrunk(conversation)) or \
                    self._told(conversation)
                if found:
                    return found
        return self._told(group[-1])

    def _shrunk(self, conversation, times=1):
        refused = self.protocol.refuses(conversation)
        kept = [] if refused else [w for w in words(conversation, 0) if w in KEPT]

        def fails(other):
            return self.protocol.refuses(other) == refused and \
                (refused or [w for w in words(other, 0) if w in KEPT] == kept) and \
                self.failure(other, times) is not None

        shortest = shrunk(conversation, fails, self.protocol.shorter)
        named = joined([shortest])      # the first one is alice again
        return named if self.failure(named, times) else shortest

    def _told(self, conversation):
        """Play it until it has failed, so that the story is there; return the Failure.

        What does not fail each time is said to fail so many times of ten; None when
        it does not fail at all.
        """
        found = [self.failure(conversation) for _ in range(CONFIRMED)]
        failure = found[-1] if all(found) else self._sometimes(conversation)
        if failure is None:
            return None
        self.stage.lets_the_dying_end()
        program = self.stage.programs[-1]
        if self.protocol.listens and program.status and \
                not self.protocol.refuses(conversation):
            if "it ended" not in str(failure.actual):
                failure.actual = _("{what}; {more}", what=failure.actual,
                                   more=program.last_words())
            failure.bug = UNNAMED       # what it did to the peer is not the cause
        if any(c.error == "EBADF" for c in program.trace.calls()):
            failure.bug = UNNAMED
        return failure

    def _sometimes(self, conversation):
        """Count how often of ten it fails, and end with a time when it does."""
        count = sum(self.failure(conversation) is not None for _ in range(AGAIN))
        for __ in range(AGAIN * AGAIN if count else 0):
            failure = self.failure(conversation)
            if failure:
                failure.actual = _("{what} ({count} of {all} times)", count=count,
                                   what=failure.actual, all=AGAIN)
                return failure
        return None
