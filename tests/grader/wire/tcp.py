"""One end of a TCP connection, held by the tester: bytes, ends, and who has them."""
import errno
import fcntl
import os
import socket
import struct
import termios

RESET = struct.pack("ii", 1, 0)     # struct linger: close(2) sends RST
LOOPBACK = "127.0.0.1"
FLOOD = 64 << 20                    # unread bytes after which no more are taken in
TCP_CLOSE = 7                       # tcpi_state, see tcp(7)
TCP_ESTABLISHED = 1


class End:
    """A connected TCP socket of the tester's; never blocks.

    got     bytes received and not yet asked for; taken: how many were before them
    sent    bytes sent so far; our FIN counts as one
    end     "": none yet; "eof"; "reset"
    gone    whether we have closed it
    """

    def __init__(self, sock, diagnosis):
        """sock: connected, ours from now on; diagnosis: a SocketDiagnosis."""
        self.sock = sock
        self.diagnosis = diagnosis
        self.got, self.taken = bytearray(), 0
        self.sent = 0
        self.end = ""
        self.gone = False
        self.local, self.remote = sock.getsockname(), _peer_of(sock)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        """Send what goes; return how many bytes, 0 when there is no room now."""
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.end = "reset"
            return 0
        self.sent += sent
        return sent

    def receive(self):
        """Take in what has arrived."""
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

    def take(self, count):
        """Take so many bytes off the front of what was received."""
        del self.got[:count]
        self.taken += count

    def finish(self):
        """Say "no more from me" (FIN), and go on receiving."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.sent += 1
        except OSError:
            self.end = self.end or "reset"

    def leave(self):
        """Close it in the usual way."""
        self.sock.close()
        self.gone = True

    def break_off(self):
        """Close it with a reset (RST)."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.leave()

    def has_room_for(self, size):
        """From now on it buffers about so many bytes that come in."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def acknowledges_at_once(self):
        """Let the kernel acknowledge what comes next without its usual delay.

        A program that sends an answer in several calls waits for it meanwhile.
        """
        if not self.gone:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def has_error(self):
        """Say whether the kernel has noted an error, such as a late reset."""
        return not self.gone and \
            self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0

    # What the kernel knows about the program's end

    def other(self):
        """Return the Connection of the program's end; None when it has none."""
        return self.diagnosis.connection(self.remote, self.local, self.sock.family)

    def is_delivered(self):
        """Say whether nothing is under way between the two ends, or ever will be."""
        if self.gone or self.end:
            return True
        there = self.other()
        return there is None or (
            there.arrived >= self.sent and not there.waiting and not there.unacked
            and there.sent <= self.diagnosis.arrived(self.sock)
            and self.is_acknowledged())     # or else there will be room for more

    def moved(self):
        """Return how many bytes the program has read here or sent, as far as known."""
        there = None if self.gone or self.end else self.other()
        return self.taken + len(self.got) + self.sent + (there.taken if there else 0)

    def is_acknowledged(self):
        """Say whether all we sent has arrived, or can no more."""
        if self.gone or self.end == "reset":
            return True
        left = fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4))
        return self._state() == TCP_CLOSE or not any(left)

    def is_taken(self):
        """Say whether the program has read all that was sent."""
        if self.gone or self.end:
            return True
        there = self.other()
        if there is None:               # has it gone, or not come so far yet?
            return self._state() != TCP_ESTABLISHED
        return there.taken >= self.sent

    def _state(self):
        return self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def _peer_of(sock):
    try:
        return sock.getpeername()
    except OSError:                     # the other end has reset it already
        return ("::", 0) if sock.family == socket.AF_INET6 else ("0.0.0.0", 0)


def listening(host, port, backlog):
    """Return a new listening socket that never blocks; OSError when it cannot be."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                         socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    sock.listen(backlog)
    sock.setblocking(False)
    return sock


def connect(address, source, wait):
    """Return a socket connected to `address`, or the OSError met.

    source  a local IP address to connect from, or None
    wait    wait(done, sock): asks done() until it is true; returns whether it was
    """
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET,
                         socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        if source:
            sock.bind((source, 0))
        try:
            sock.connect(address)
        except BlockingIOError:
            if not wait(lambda: _is_connected(sock), sock):
                raise TimeoutError(errno.ETIMEDOUT, "nobody answers") from None
    except OSError as e:
        sock.close()
        return e
    return sock


def _is_connected(sock):
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
    try:
        sock.getpeername()
        return True
    except OSError:
        return False
