"""The other end: peers of the program under test that speak in sentences."""
import select
import socket

from ..wire import tcp
from ..words import difference
from ..words.text import _
from .failure import Failure


class Peer(tcp.End):
    """One end of a connection, played by the tester.

    name     how the story calls it: "alice"
    stuffed  whether all buffers are full, and we read no more
    """

    def __init__(self, stage, name, sock):
        super().__init__(sock, stage.diagnosis)
        self.stage = stage
        self.name = name
        self.stuffed = False
        stage.peers.append(self)
        stage.on_end(sock.close)

    def failure(self, *words, **more):
        """Return a Failure that is about this connection."""
        return Failure(*words, of=self, **more)

    def tells(self, text):
        """Add a line about this peer to the story."""
        self.stage.tell(text, self.name)

    # What it does

    def sends(self, data):
        """Send all of data (bytes), reading meanwhile what comes back."""
        self.tells(_("sends {data}", data=bytes(data)))
        left = memoryview(data)

        def all_sent():
            nonlocal left
            self.receive()
            while left and self.end != "reset":
                sent = self.send(left)
                if not sent:
                    return self.end == "reset"
                left = left[sent:]
            return True

        if not self.stage.wait_for(all_sent, writable=[self.sock]):
            raise self.failure(_("{who} can send {n:byte}", who=self.name, n=len(data)),
                               _("the program took {n:byte} and no more",
                                 n=len(data) - len(left)), verdict="TIMEOUT")

    def sends_in_pieces(self, data, size=1):
        """Send data in pieces of `size` bytes, each when the last one has been read."""
        self.tells(_("sends {n:byte}, {size} at a time, {data:quoted}", n=len(data),
                     size=size, data=bytes(data)))
        for at in range(0, len(data), size):
            self.send(data[at:at + size])
            if self.end == "reset":
                return
            self.stage.wait_until_taken()

    def drips(self):
        """Send one byte, if it still goes."""
        self.send(b"x")

    def pours(self, line, rests):
        """Send this line again and again, and take nothing, until rests() says so."""
        self.tells("sends and sends, and takes nothing")

        def is_full():
            while self.send(line[self.sent % len(line):]):
                pass
            return self.end == "reset" or rests()

        self.stage.wait_for(is_full, patient=True)
        self.stuffed = True

    def takes_again(self):
        """Take in what comes, after pours()."""
        self.stuffed = False
        # With room again the kernel need not probe for it, which takes its time.
        self.has_room_for(1 << 20)

    def is_done_sending(self):
        """Say "no more from me", and go on listening (half-close)."""
        self.tells("is done sending (FIN)")
        self.finish()

    def leaves(self):
        """Close the connection in the usual way."""
        self.tells("closes the connection")
        self.leave()

    def resets(self):
        """End the connection with a reset (RST) and forget it."""
        self.tells("resets the connection (RST)")
        self.break_off()
        # Once theirs is no connection any more, whoever waits for it is awake.
        self.stage.wait_for(lambda: self.other() is None, patient=True, seconds=1)

    # What it should see

    def receives(self, expected, bug=None):
        """The program sends exactly these bytes next; more may follow later."""
        got = self.waits_for(len(expected))
        if got == expected:
            self.take(len(expected))
            if expected:
                self.tells(_("receives {data}", data=expected))
            return
        if self.end:                    # the reason depends on whether it ends
            self.stage.lets_the_dying_end()
        came_short = expected.startswith(got)
        want, have = difference.between(expected, bytes(self.got))
        after = {"eof": "{have}, then the end of the stream",
                 "reset": "{have}, then a reset (RST)"}
        if came_short and self.end:
            have = _(after[self.end], have=have)
        raise self.failure(
            _("{who} receives {what}", who=self.name, what=want), have, bug,
            "TIMEOUT" if came_short and not self.end else "FAIL",
            computed=difference.explained(expected, bytes(self.got)),
            at=self.taken + difference.first(expected, bytes(self.got)))

    def waits_for(self, count):
        """Return the next `count` bytes, or fewer if no more come; they stay there."""
        self.stage.wait_for(lambda: self.receive() or len(self.got) >= count
                            or bool(self.end), readable=self.open_descriptors())
        return bytes(self.got[:count])

    def receives_a_line(self, bug=None):
        """The program sends a line next; return it, with its newline."""
        self.stage.wait_for(lambda: self.receive() or b"\n" in self.got
                            or bool(self.end),
                            readable=self.open_descriptors())
        line, newline, _rest = bytes(self.got).partition(b"\n")
        if not newline:
            raise self.failure(_("{who} receives a line", who=self.name),
                               _("{data}", data=line), bug,
                               "FAIL" if self.end else "TIMEOUT")
        self.take(len(line) + 1)
        self.tells(_("receives {data}", data=line + newline))
        return line + newline

    def sees_the_end(self, bug=None):
        """The program closes its end in the usual way, and nothing comes before."""
        self.stage.wait_for(lambda: self.receive() or bool(self.end or self.got),
                            readable=self.open_descriptors())
        what = _("{who} sees the end of the stream", who=self.name)
        if self.got:
            raise self.failure(what, _("{data} came before it", data=bytes(self.got)),
                               bug, at=self.taken)
        if self.end == "reset":
            self.stage.lets_the_dying_end()
            raise self.failure(what, _("{who} sees a reset (RST)", who=self.name), bug)
        if not self.end:
            raise self.failure(what, "the connection stays open", bug, "TIMEOUT")
        self.tells("sees the end of the stream")

    def is_not_reset(self, bug=None):
        """Now that the program's end is closed: no reset came, not even late."""
        self.stage.wait_for(lambda: self.end == "reset" or self.other() is None)
        # A reset may be the answer to bytes of ours that have not left yet.
        self.stage.wait_for(self.is_acknowledged, patient=True)
        if self.has_error() or self.end == "reset":
            raise self.failure(_("{who} sees no reset", who=self.name),
                               "a reset (RST) came after the end of the stream", bug)

    def has_nothing_more(self, bug=None, end_bug=None):
        """Now that the program waits: no further byte came, and no end either."""
        self.stage.wait_until_taken()
        self.receive()
        if self.got:
            raise self.failure(_("{who} receives nothing more", who=self.name),
                               self._receives(), bug)
        if self.end:
            raise self.failure("the connection stays open",
                               _("{who} sees the end of the stream (FIN)"
                                 if self.end == "eof" else "{who} sees a reset (RST)",
                                 who=self.name), end_bug or bug)

    def has_no_surplus(self, bug=None):
        """No further byte has come by now; the program may be done sending."""
        self.receive()
        if self.got:
            raise self.failure(_("{who} receives nothing more", who=self.name),
                               self._receives(), bug)

    def gets_nothing(self, bug=None):
        """The connection ends, in whatever way, and no byte comes before that."""
        self.stage.wait_for(lambda: self.receive() or bool(self.end or self.got),
                            readable=self.open_descriptors())
        what = _("the connection ends, and {who} receives nothing", who=self.name)
        if self.got:
            raise self.failure(what, self._receives(), bug)
        if not self.end:
            raise self.failure(what, "the connection stays open", bug, "TIMEOUT")
        self.tells("sees the connection end")

    def _receives(self):
        return _("{who} receives {data}", who=self.name, data=bytes(self.got))

    def open_descriptors(self):
        """Return what becomes readable when something arrives."""
        return [] if self.gone or self.end else [self.sock]

    def is_delivered(self):
        """Say whether nothing is under way between the two ends, or ever will be."""
        return self.stuffed or super().is_delivered()


class Listener:
    """A listening socket of the tester, for client programs to connect to."""

    def __init__(self, stage, host=tcp.LOOPBACK, port=0, backlog=16):
        self.stage = stage
        self.sock = tcp.listening(host, port, backlog)
        stage.on_end(self.sock.close)
        self.host, self.port = self.sock.getsockname()[:2]

    def accepts(self, name="server", bug=None):
        """The program connects here; return its connection as a Peer called `name`."""
        found = []
        self.stage.wait_for(lambda: bool(found or self._take(found)),
                            readable=[self.sock])
        if not found:
            expected = _("a connection to {host} port {port}", host=self.host,
                         port=self.port)
            if self.stage.programs[-1].status is not None:
                raise Failure(expected, _("the program ended without one: {how}",
                                          how=self.stage.programs[-1].how_it_ended()),
                              bug or "U12")
            raise Failure(expected, "the program does not connect", bug, "TIMEOUT")
        self.stage.tell("accepts the connection", name)
        return Peer(self.stage, name, found[0])

    def _take(self, found):
        try:
            found.append(self.sock.accept()[0])
        except BlockingIOError:
            pass
        return found

    def is_visited(self):
        """Say whether somebody has connected and waits to be accepted."""
        return bool(select.select([self.sock], [], [], 0)[0])

    def has_no_visitor(self, bug=None, told=None):
        """Nobody has connected here: ask when the program has ended or waits.

        told  what the program was told, and why this port is not that, in words
        """
        if self.is_visited():
            raise Failure(told or _("no connection to port {port}", port=self.port),
                          _("the program connected to port {port}", port=self.port),
                          bug)

    def has_room_for(self, size):
        """Connections made from now on buffer about so many bytes that come in."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def closes(self):
        """Stop listening."""
        self.sock.close()


def connect(stage, name, address, source=None):
    """Connect to the program at `address`; return a Peer, or the OSError met.

    source  a local IP address to connect from, or None
    """
    def wait(done, sock):
        # The kernel repeats a SYN that nobody answered: no proof is possible here.
        return stage.wait_for(done, writable=[sock], patient=True)

    sock = tcp.connect(address, source, wait)
    if isinstance(sock, OSError):
        return sock
    stage.tell("connects", name)
    return Peer(stage, name, sock)
