"""What a model of a protocol says: what is due for any conversation."""
from collections import namedtuple

from .failure import UNNAMED

# How a program that ends by itself must have ended.
# status   the exit statuses it may have
# stdout   parts, as of difference.Due: what is printed; None: anything
# more     bytes that may be behind it
# says     a regular expression for a line on stderr, None: whatever it says
# called   in words, what it says
Outcome = namedtuple("Outcome", "status stdout more says called",
                     defaults=((), b"", None, ""))
COMPLAINT = r"\S"                   # any message


class Heard:
    """What one peer has done so far.

    number  of the peer, in order of connecting, from 1
    peer    the Peer; sent: its bytes; got: what it has received
    done    how it has ended, one of conversation.ENDS, or ""
    finished  whether it has said that it is done sending
    times   for each of its pieces (bytes sent with it, time in seconds since 1970)
    excused whether a fault has met its connection: what it misses is no mistake
    """

    def __init__(self, peer, number=1):
        self.peer, self.number = peer, number
        self.sent, self.got, self.done = b"", b"", ""
        self.times, self.excused, self.finished = [], False, False


class Protocol:
    """A program's contract as a function of what its peers do; a base class.

    program   its name; listens: a server, or a client to which the tester is one
    mentions_resets   whether a server says on stderr that a connection broke
    unpromised        faults, by the start of their rules, that may do harm
    """

    program = ""
    listens = True
    mentions_resets = False
    unpromised = ()

    def talk(self, seed, small=False):
        """Return the Conversation of this seed (a number from 0).

        small  whether its lines are to be short: each byte may be a call
        """
        raise NotImplementedError

    def refuses(self, conversation):
        """Say whether its arguments are wrong: exit status 2, before any socket."""
        return False

    def due(self, conversation, heard):
        """Return the Due of the peer that Heard speaks of, as things stand."""
        raise NotImplementedError

    def seen(self, conversation, heard, got):
        """Return the bytes `got` with what is free in them made uniform."""
        return got

    def alone(self, conversation):
        """Say whether it needs a program of its own: what was before would matter."""
        return False

    def served(self, conversation):
        """Return how many peers are served at the same time, at least."""
        return 1

    def outcome(self, conversation, heard, met):
        """Return the Outcome when all steps are done; None: it goes on running.

        heard  {who: Heard}; met: the errors by which a plan broke a connection
        """
        return None

    def log(self, conversation, heard):
        """Return [(regular expression, in words)]: lines of the log about a peer."""
        return []

    def bug(self, difference, conversation, heard):
        """Return the ID of the bug that a Difference is for certain, or UNNAMED."""
        return UNNAMED

    def shorter(self, conversation):
        """Yield conversations that differ in their arguments, and are simpler."""
        return ()
