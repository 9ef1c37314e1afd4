"""A network of one's own: loopback and nothing else, its ports and its buffers."""
import ctypes
import fcntl
import os
import socket
import struct

from ..words.trouble import Infra
from .machine import libc

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8913, 0x8914, 0x8916, 1

_network_is_private = False


def enter_private_network():
    """Move this process into a network of its own, with nothing but loopback.

    Every port is free there and nobody else can connect.  Returns False, and
    changes nothing, where the machine does not allow it.  One thread only.
    A process may do so again and again: each time it is a new one, and what it
    has changed in the old one is forgotten.  Infra when that fails.
    """
    global _network_is_private
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET) != 0:
        if _network_is_private:
            reason = os.strerror(ctypes.get_errno())
            raise Infra(f"this machine gives no further private network: {reason}")
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            return False
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                           ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        ask = struct.pack("16s24x", b"lo")
        flags = struct.unpack_from("16xh", fcntl.ioctl(sock, SIOCGIFFLAGS, ask))[0]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))
    _network_is_private = True
    return True


def add_address(text):
    """Give the loopback of a private network one more IPv6 address (in numbers).

    Returns False, and changes nothing, where the network is not private or the
    machine has no IPv6.  See ipv6(7): struct in6_ifreq.
    """
    if not _network_is_private:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            request = socket.inet_pton(socket.AF_INET6, text) + \
                struct.pack("=Ii", 128, socket.if_nametoindex("lo"))
            fcntl.ioctl(sock, SIOCSIFADDR, request)
        return True
    except OSError:
        return False


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
