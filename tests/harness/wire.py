"""The other end: TCP peers of the program under test that speak in sentences."""
import errno
import fcntl
import os
import select
import socket
import struct
import termios

from . import show
from .failure import Failure

RESET = struct.pack("ii", 1, 0)     # struct linger: close(2) sends RST
LOOPBACK = "127.0.0.1"
FLOOD = 64 << 20                    # unread bytes after which no more are taken in
TCP_CLOSE = 7                       # tcpi_state, see tcp(7)
TCP_ESTABLISHED = 1


class Peer:
    """One end of a connection, played by the tester.

    name  how the story calls it: "alice"
    got   bytes received and not yet asked for
    """

    def __init__(self, stage, name, sock):
        self.stage = stage
        self.name = name
        self.sock = sock
        self.got = bytearray()
        self.sent = 0
        self.end = ""                   # "", "eof", "reset"
        self.gone = False               # closed by us
        self.stuffed = False            # all buffers are full, and we read no more
        self.local, self.remote = sock.getsockname(), _peer_of(sock)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stage.peers.append(self)
        stage.on_end(sock.close)

    def tells(self, text):
        """Add a line about this peer to the story."""
        self.stage.tell(text, self.name)

    # What it does

    def sends(self, data):
        """Send all of data (bytes), reading meanwhile what comes back."""
        self.tells(f"sends {show.some(data, 26)}")
        left = memoryview(data)

        def all_sent():
            nonlocal left
            self._read()
            while left and not self.end == "reset":
                try:
                    n = self.sock.send(left)
                except BlockingIOError:
                    return False
                except OSError:
                    self.end = "reset"
                    return True
                left, self.sent = left[n:], self.sent + n
            return True

        if not self.stage.wait_for(all_sent, writable=[self.sock]):
            raise Failure(f"{self.name} can send {show.count(len(data))}",
                          f"the program took {show.count(len(data) - len(left))} "
                          "and no more", verdict="TIMEOUT")

    def sends_in_pieces(self, data, size=1):
        """Send data in pieces of `size` bytes, each when the last one has been read."""
        self.tells(f"sends {show.count(len(data))}, {size} at a time, "
                   f"{show.quoted(data, 22)}")
        for at in range(0, len(data), size):
            try:
                self.sent += self.sock.send(data[at:at + size])
            except OSError:
                self.end = "reset"
                return
            self.stage.wait_until_taken()

    def is_done_sending(self):
        """Say "no more from me", and go on listening (half-close)."""
        self.tells("is done sending (FIN)")
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.sent += 1
        except OSError:
            self.end = self.end or "reset"

    def leaves(self):
        """Close the connection in the usual way."""
        self.tells("closes the connection")
        self._gone()

    def resets(self):
        """End the connection with a reset (RST) and forget it."""
        self.tells("resets the connection (RST)")
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._gone()
        # Once theirs is no connection any more, whoever waits for it is awake.
        self.stage.wait_for(lambda: self._program_end() is None, patient=True,
                            seconds=1)

    def _gone(self):
        self.sock.close()
        self.gone = True

    # What it should see

    def receives(self, expected, bug=None):
        """The program sends exactly these bytes next; more may follow later."""
        self.stage.wait_for(lambda: self._read() or len(self.got) >= len(expected)
                            or bool(self.end), readable=self._open())
        got = bytes(self.got[:len(expected)])
        if got == expected:
            del self.got[:len(expected)]
            if expected:
                self.tells(f"receives {show.some(expected, 23)}")
            return
        want, have = show.difference(expected, bytes(self.got))
        if self.end:                    # the reason depends on whether it ends
            self.stage.lets_the_dying_end()
        came_short = expected.startswith(got)
        if came_short and self.end:
            have += {"eof": ", then the end of the stream",
                     "reset": ", then a reset (RST)"}[self.end]
        raise Failure(f"{self.name} receives {want}", have, bug,
                      "TIMEOUT" if came_short and not self.end else "FAIL")

    def receives_a_line(self, bug=None):
        """The program sends a line next; return it, with its newline."""
        self.stage.wait_for(lambda: self._read() or b"\n" in self.got or bool(self.end),
                            readable=self._open())
        line, newline, rest = bytes(self.got).partition(b"\n")
        if not newline:
            raise Failure(f"{self.name} receives a line", show.some(line), bug,
                          "FAIL" if self.end else "TIMEOUT")
        self.got[:] = rest
        self.tells(f"receives {show.some(line + newline, 23)}")
        return line + newline

    def sees_the_end(self, bug=None):
        """The program closes its end in the usual way, and nothing comes before."""
        self.stage.wait_for(lambda: self._read() or bool(self.end or self.got),
                            readable=self._open())
        what = f"{self.name} sees the end of the stream"
        if self.got:
            raise Failure(what, f"{show.some(bytes(self.got))} came before it", bug)
        if self.end == "reset":
            self.stage.lets_the_dying_end()
            raise Failure(what, f"{self.name} sees a reset (RST)", bug)
        if not self.end:
            raise Failure(what, "the connection stays open", bug, "TIMEOUT")
        self.tells("sees the end of the stream")

    def is_not_reset(self, bug=None):
        """Now that the program's end is closed: no reset came, not even late."""
        self.stage.wait_for(lambda: self.end == "reset" or self._program_end() is None)
        # A reset may be the answer to bytes of ours that have not left yet.
        self.stage.wait_for(self.is_acknowledged, patient=True)
        error = 0 if self.gone else \
            self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error or self.end == "reset":
            raise Failure(f"{self.name} sees no reset",
                          "a reset (RST) came after the end of the stream", bug)

    def has_nothing_more(self, bug=None, end_bug=None):
        """Now that the program waits: no further byte came, and no end either."""
        self.stage.wait_until_taken()
        self._read()
        if self.got:
            raise Failure(f"{self.name} receives nothing more",
                          f"{self.name} receives {show.some(bytes(self.got))}", bug)
        if self.end:
            raise Failure("the connection stays open",
                          f"{self.name} sees " + ("the end of the stream (FIN)"
                                                  if self.end == "eof" else
                                                  "a reset (RST)"), end_bug or bug)

    def has_no_surplus(self, bug=None):
        """No further byte has come by now; the program may be done sending."""
        self._read()
        if self.got:
            raise Failure(f"{self.name} receives nothing more",
                          f"{self.name} receives {show.some(bytes(self.got))}", bug)

    def gets_nothing(self, bug=None):
        """The connection ends, in whatever way, and no byte comes before that."""
        self.stage.wait_for(lambda: self._read() or bool(self.end or self.got),
                            readable=self._open())
        what = f"the connection ends, and {self.name} receives nothing"
        if self.got:
            raise Failure(what, f"{self.name} receives {show.some(bytes(self.got))}",
                          bug)
        if not self.end:
            raise Failure(what, "the connection stays open", bug, "TIMEOUT")
        self.tells("sees the connection end")

    def look(self):
        """Take in what has arrived; returns None, for use in conditions."""
        self._read()

    def _open(self):
        return [] if self.gone or self.end else [self.sock]

    def _read(self):
        """Take in what has arrived; returns None, for use in conditions."""
        while not self.gone and not self.end and len(self.got) < FLOOD:
            try:
                chunk = self.sock.recv(1 << 18)
            except BlockingIOError:
                return
            except OSError:
                self.end = "reset"
                return
            if not chunk:
                self.end = "eof"
            self.got += chunk

    # What the kernel knows about the program's end

    def _program_end(self):
        return self.stage.diagnosis.connection(self.remote, self.local,
                                               self.sock.family)

    def is_delivered(self):
        """Say whether nothing is under way between the two ends, or ever will be."""
        if self.gone or self.end or self.stuffed:
            return True
        there = self._program_end()
        return there is None or (
            there.arrived >= self.sent and not there.waiting and not there.unacked
            and there.sent <= self.stage.diagnosis.arrived(self.sock))

    def is_acknowledged(self):
        """Say whether all we sent has arrived, or can no more."""
        if self.gone or self.end == "reset":
            return True
        info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        left = fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4))
        return info[0] == TCP_CLOSE or not any(left)

    def is_taken(self):
        """Say whether the program has read all that was sent."""
        if self.gone or self.end:
            return True
        there = self._program_end()
        if there is None:               # has it gone, or not come so far yet?
            return not self._is_established()
        return there.taken >= self.sent

    def _is_established(self):
        """Say whether our end is: theirs is a moment later, and wakes the program."""
        info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        return info[0] == TCP_ESTABLISHED


def _peer_of(sock):
    try:
        return sock.getpeername()
    except OSError:                     # the other end has reset it already
        return ("::", 0) if sock.family == socket.AF_INET6 else ("0.0.0.0", 0)


class Listener:
    """A listening socket of the tester, for client programs to connect to."""

    def __init__(self, stage, host=LOOPBACK, port=0, backlog=16):
        self.stage = stage
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        stage.on_end(self.sock.close)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((host, port))
        self.sock.listen(backlog)
        self.sock.setblocking(False)
        self.host, self.port = self.sock.getsockname()[:2]

    def accepts(self, name="server", bug=None):
        """The program connects here; return its connection as a Peer called `name`."""
        found = []
        self.stage.wait_for(lambda: bool(found or self._take(found)),
                            readable=[self.sock])
        if not found:
            expected = f"a connection to {self.host} port {self.port}"
            if self.stage.programs[-1].status is not None:
                raise Failure(expected, "the program ended without one: "
                              + self.stage.programs[-1].how_it_ended(), bug or "U12")
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
            raise Failure(told or f"no connection to port {self.port}",
                          f"the program connected to port {self.port}", bug)

    def closes(self):
        """Stop listening."""
        self.sock.close()


def connect(stage, name, address, source=None):
    """Connect to the program at `address`; return a Peer, or the OSError met.

    source  a local IP address to connect from, or None
    """
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        if source:
            sock.bind((source, 0))
        try:
            sock.connect(address)
        except BlockingIOError:
            _wait_until_connected(stage, sock)
    except OSError as e:
        sock.close()
        return e
    stage.tell("connects", name)
    return Peer(stage, name, sock)


def _wait_until_connected(stage, sock):
    def connected():
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        try:
            sock.getpeername()
            return True
        except OSError:
            return False

    # The kernel itself repeats a SYN nobody answered, so no proof is possible here.
    if not stage.wait_for(connected, writable=[sock], patient=True):
        raise TimeoutError(errno.ETIMEDOUT, "nobody answers")
