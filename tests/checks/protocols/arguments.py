"""Words of a command line that a contract accepts or refuses, and generated ones."""
import re

PORTS = 65536
# Words beside the port that was meant: it is {port}.
NOT_PORTS = ["{port+65536}", "{port+4294967296}", "{port+18446744073709551616}",
             "{port}x", " {port}", "+{port}", "-{port}", "{port} ", "0x10", "",
             "65536", "-1", "4294967296", "{port}.0", "99999999999999999999999"]
# Errors of accept(2) that concern one client, or a moment: the next is served.
ACCEPT_FAILS = ["ECONNABORTED", "EPERM", "EMFILE", "EINTR", "ENFILE", "ENOBUFS",
                "ENOMEM", "EPROTO", "ETIMEDOUT", "ENETDOWN", "EHOSTUNREACH"]
NOT_IPV4 = ["127.1", "127.0.0.256", "127.0.0.1 ", " 127.0.0.1", "127.0.0", "0x7f.0.0.1",
            "127.0.0.1.1", "", "localhost", "2130706433", "127.0.0.-1", "127.0.0.010"]


def is_number(text, low, high):
    """Say whether text is a number from low to high, in digits alone."""
    return re.fullmatch(r"[0-9]+", text) is not None and low <= int(text) <= high


def is_port(text):
    """Say whether text is a port."""
    return is_number(text, 0, PORTS - 1)


def is_ipv4(text):
    """Say whether text is an IPv4 address: four decimal numbers with dots."""
    return re.fullmatch(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})", text) \
        is not None and all(int(number) < 256 for number in text.split("."))
