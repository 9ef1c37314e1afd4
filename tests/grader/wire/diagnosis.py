"""What the kernel knows of a connection's other end (netlink sock_diag, tcp(7))."""
import socket
import struct
from collections import namedtuple

# The program's end of a connection, in bytes.  A FIN counts as one that arrived.
# arrived  reached its socket; taken: read by the program
# sent     given to the network; waiting: accepted from the program, not yet sent
# unacked  segments sent and not yet acknowledged: they still take up its buffer
Connection = namedtuple("Connection", "arrived taken sent waiting unacked")


class SocketDiagnosis:
    """Asks the kernel (netlink sock_diag) about the program's end of a connection."""

    DIAG_BY_FAMILY, INET_DIAG_INFO, NLMSG_ERROR = 20, 2, 2
    HEADER, MESSAGE = 16, 72            # bytes of nlmsghdr and inet_diag_msg
    NOT_CONNECTED = {3, 10, 12}         # TCP_SYN_RECV, TCP_LISTEN, TCP_NEW_SYN_RECV
    RQUEUE = HEADER + 56                # inet_diag_msg.idiag_rqueue
    # Offsets in struct tcp_info
    UNACKED, BYTES_RECEIVED, NOT_SENT, BYTES_SENT, BYTES_RESENT = 24, 128, 144, 200, 208

    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
        self.sock.settimeout(1)

    def close(self):
        """Give the netlink socket back."""
        self.sock.close()

    def connection(self, local, remote, family):
        """Return the Connection whose end is `local`; None when there is none.

        local, remote  addresses of the program's socket, as Python has them
        """
        pack = [socket.inet_pton(family, a[0]).ljust(16, b"\0")
                for a in (local, remote)]
        ident = (struct.pack("!HH", local[1], remote[1]) + pack[0] + pack[1]
                 + struct.pack("=III", 0, 0xffffffff, 0xffffffff))
        body = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 1 << 1, 0,
                           0xffffffff) + ident
        self.sock.send(struct.pack("=IHHII", self.HEADER + len(body),
                                   self.DIAG_BY_FAMILY, 1, 1, 0) + body)
        return self._parse(self.sock.recv(8192))

    def _parse(self, answer):
        length, kind = struct.unpack_from("=IH", answer)
        # Without a connection the kernel speaks of the socket that listens there.
        if kind == self.NLMSG_ERROR or answer[self.HEADER + 1] in self.NOT_CONNECTED:
            return None
        unread = struct.unpack_from("=I", answer, self.RQUEUE)[0]
        at = self.HEADER + self.MESSAGE
        while at + 4 <= length:
            size, name = struct.unpack_from("=HH", answer, at)
            if name == self.INET_DIAG_INFO:
                info = answer[at + 4:at + size].ljust(256, b"\0")
                arrived, sent, again = (struct.unpack_from("=Q", info, where)[0]
                                        for where in (self.BYTES_RECEIVED,
                                                      self.BYTES_SENT,
                                                      self.BYTES_RESENT))
                waiting, unacked = (struct.unpack_from("=I", info, where)[0]
                                    for where in (self.NOT_SENT, self.UNACKED))
                return Connection(arrived, arrived - unread, sent - again, waiting,
                                  unacked)
            at += (size + 3) & ~3
        return None

    @classmethod
    def arrived(cls, sock):
        """Return the bytes that have reached our own TCP socket `sock`, read or not."""
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return struct.unpack_from("=Q", info.ljust(256, b"\0"), cls.BYTES_RECEIVED)[0]
