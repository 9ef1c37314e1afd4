"""What is asked of Linux beyond Python's library: a private loopback network, orphans
that come home, how much of a connection's data was read, waking who sleeps."""
import ctypes
import fcntl
import os
import platform
import signal
import socket
import struct
from collections import namedtuple

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ADDR_NO_RANDOMIZE, ASK = 0x0040000, 0xffffffff
SYS_FUTEX = {"x86_64": 202}.get(platform.machine(), 98)
FUTEX_WAKE, EVERYBODY = 1, 0x7fffffff
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans():
    """From now on, a descendant whose parent ends becomes our child."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent():
    """From now on, the end of the process that made us sends us SIGTERM."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def fix_addresses():
    """From now on, every program we start finds its memory at the same addresses.

    What depends on them shows each time or never.  And gcc's ThreadSanitizer does
    not start at all where the kernel scatters them widely.
    """
    _libc.personality(_libc.personality(ctypes.c_ulong(ASK)) | ADDR_NO_RANDOMIZE)


def set_and_wake(memory, offset, value):
    """Set a 32-bit word in shared memory, and wake who waits for that by futex(2).

    memory  what has a writable buffer, such as an mmap
    """
    word = ctypes.c_uint32.from_buffer(memory, offset)
    word.value = value
    _libc.syscall(ctypes.c_long(SYS_FUTEX), ctypes.byref(word), FUTEX_WAKE, EVERYBODY,
                  None, None, 0)


_network_is_private = False


def enter_private_network():
    """Move this process into a network of its own, with nothing but loopback.

    Every port is free there and nobody else can connect.  Returns False, and
    changes nothing, where the machine does not allow it.  One thread only.
    """
    uid, gid = os.getuid(), os.getgid()
    if _libc.unshare(CLONE_NEWNET) != 0:
        if _libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            return False
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                           ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        ask = struct.pack("16s24x", b"lo")
        flags = struct.unpack_from("16xh", fcntl.ioctl(sock, SIOCGIFFLAGS, ask))[0]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))
    global _network_is_private
    _network_is_private = True
    return True


def limit_send_buffers(size):
    """Let no TCP socket made from now on keep more than `size` bytes to send.

    Only in a private network, which alone is changed; returns whether it was.
    """
    if not _network_is_private:
        return False
    try:
        with open("/proc/sys/net/ipv4/tcp_wmem", "w") as file:
            file.write(f"{size} {size} {size}")
        return True
    except OSError:
        return False


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
