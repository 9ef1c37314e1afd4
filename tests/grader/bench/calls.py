"""A call of the trace in words, as a line of the page's chart.

Shapes: `accept(3) = 4`, `recv(4, 4096) = -1 ECONNRESET`,
`bind(3, 127.0.0.1:21577) = 0`, `poll(2 descriptors, no timeout)`.  A call that is
not over yet has no result.  Lines are cut to WIDTH columns; it is the arguments that
are cut, never the result.
"""
import struct

from .trace import address_of

WIDTH = 40                          # columns
FAMILIES = {1: "AF_UNIX", 2: "AF_INET", 10: "AF_INET6", 0: "AF_UNSPEC"}
TYPES = {1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM",
         5: "SOCK_SEQPACKET"}
TYPE_BITS = 0xF                     # of a type: the rest are flags
NON_BLOCKING = 0o4000               # SOCK_NONBLOCK and O_NONBLOCK
HOW = {0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"}
OPTIONS = {                         # (level, option)
    (1, 2): "SO_REUSEADDR", (1, 3): "SO_TYPE", (1, 4): "SO_ERROR",
    (1, 6): "SO_BROADCAST", (1, 7): "SO_SNDBUF", (1, 8): "SO_RCVBUF",
    (1, 9): "SO_KEEPALIVE", (1, 13): "SO_LINGER", (1, 15): "SO_REUSEPORT",
    (1, 17): "SO_PEERCRED", (1, 20): "SO_RCVTIMEO", (1, 21): "SO_SNDTIMEO",
    (6, 1): "TCP_NODELAY", (6, 4): "TCP_KEEPIDLE", (6, 5): "TCP_KEEPINTVL",
    (6, 6): "TCP_KEEPCNT", (41, 26): "IPV6_V6ONLY", (0, 35): "IP_ADD_MEMBERSHIP",
    (0, 32): "IP_MULTICAST_IF", (0, 33): "IP_MULTICAST_TTL",
    (0, 34): "IP_MULTICAST_LOOP",
}
SET_FLAGS = 4                       # F_SETFL
COMMANDS = {0: "F_DUPFD", 1: "F_GETFD", 2: "F_SETFD", 3: "F_GETFL",
            SET_FLAGS: "F_SETFL", 1030: "F_DUPFD_CLOEXEC"}
OPERATIONS = {1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"}
LOOKUP_ERRORS = {
    -1: "EAI_BADFLAGS", -2: "EAI_NONAME", -3: "EAI_AGAIN", -4: "EAI_FAIL",
    -5: "EAI_NODATA", -6: "EAI_FAMILY", -7: "EAI_SOCKTYPE", -8: "EAI_SERVICE",
    -9: "EAI_ADDRFAMILY", -10: "EAI_MEMORY", -11: "EAI_SYSTEM", -12: "EAI_OVERFLOW",
}
SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 6: "SIGABRT", 9: "SIGKILL", 10: "SIGUSR1",
    11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
    17: "SIGCHLD", 18: "SIGCONT", 19: "SIGSTOP",
}
HANDLERS = {0: ", SIG_DFL", 1: ", SIG_IGN", -1: "", None: ""}
MESSAGE_FLAGS = {0x1: "MSG_OOB", 0x2: "MSG_PEEK", 0x20: "MSG_TRUNC",
                 0x40: "MSG_DONTWAIT", 0x100: "MSG_WAITALL", 0x8000: "MSG_MORE"}


def describe(call):
    """Return in one line (str) what a Call was and what came of it."""
    text = f"{call.name}({WRITERS[call.kind.shape](call)})"
    outcome = _outcome(call)
    room = WIDTH - len(outcome)
    if len(text) > room:
        text = text[:max(len(call.name) + 1, room - 4)] + "...)"
    return text + outcome


def _outcome(call):
    """Return what stands behind the parenthesis: " = 4", " = -1 EINTR", or ""."""
    kind = call.kind.outcome
    if call.is_inside or kind == "NOTHING":
        return ""
    if kind == "GAI":
        return f" = {LOOKUP_ERRORS.get(call.result, call.result)} {call.error}".rstrip()
    if kind == "TEXT":
        return f' = "{_text(call.answer)}"'
    if kind in ("CODE", "HANDLER") and call.error:
        return f" = {call.error}"
    if kind == "POINTER" and not call.result:
        return f" = NULL {call.error}".rstrip()
    return "" if kind in ("HANDLER", "POINTER") \
        else f" = {call.result} {call.error}".rstrip()


def _text(data):
    """Return the bytes up to the first zero, as text."""
    return data.split(b"\0")[0].decode("utf-8", "backslashreplace")


def _address(data):
    """Return a socket address in bytes as text."""
    found = address_of(data)
    if isinstance(found, tuple):
        host, port = found
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return repr(found) if found else "no address"


# The arguments of a call as far as they tell something, by the shape in calls.def

def _plain(call):
    """Return the arguments that calls.def puts first, as numbers."""
    return ", ".join(str(getattr(call, field)) for field in call.kind.plain)


def _with_address(call):
    """Return descriptor and address, of bind and connect."""
    return f"{call.fd}, {_address(call.data)}"


def _datagram(call):
    """Return what _transfer does and, once known, the address, of sendto."""
    where = f", {_address(call.answer)}" if call.answer else ""
    return _transfer(call) + where


def _transfer(call):
    """Return descriptor, count, and the flags that change what recv and send do."""
    names = [name for bit, name in MESSAGE_FLAGS.items() if call.flags & bit]
    return f"{call.fd}, {call.length}" + ", " * bool(names) + "|".join(names)


def _socket(call):
    """Return family and type by name, of socket and socketpair."""
    kind = call.type & TYPE_BITS
    flags = "|SOCK_NONBLOCK" if call.type & NON_BLOCKING else ""
    return f"{FAMILIES.get(call.family, call.family)}, {TYPES.get(kind, kind)}{flags}"


def _option(call):
    """Return descriptor, option and value, of setsockopt and getsockopt."""
    value = struct.unpack("=i", (call.data + b"\0" * 4)[:4])[0]
    known = not (call.name == "getsockopt" and call.is_inside)
    name = OPTIONS.get((call.level, call.option), f"{call.level}/{call.option}")
    return f"{call.fd}, {name}, {value}" if known else f"{call.fd}, {name}"


def _shutdown(call):
    """Return descriptor and direction."""
    return f"{call.fd}, {HOW.get(call.how, call.how)}"


def _timeout(milliseconds):
    """Return a timeout in words."""
    return "no timeout" if milliseconds < 0 else f"{milliseconds} ms"


def _poll(call):
    """Return how many descriptors, and how long."""
    return f"{call.count} descriptor{'s' * (call.count != 1)}, {_timeout(call.timeout)}"


def _with_timeout(call):
    """Return the arguments as numbers, the last one as how long."""
    numbers = [str(getattr(call, field)) for field in call.kind.plain[:-1]]
    return ", ".join([*numbers, _timeout(call.timeout)])


def _epoll_ctl(call):
    """Return the epoll descriptor, the operation, the descriptor it is about."""
    operation = OPERATIONS.get(call.operation, call.operation)
    return f"{call.fd}, {operation}, {call.target}"


def _fcntl(call):
    """Return descriptor, command, and the flags of F_SETFL by name."""
    text = f"{call.fd}, {COMMANDS.get(call.command, call.command)}"
    if call.command == SET_FLAGS:
        text += ", O_NONBLOCK" if call.argument & NON_BLOCKING else f", {call.argument}"
    return text


def _lookup(call):
    """Return node and service, either of which may be missing."""
    parts = call.question.split(b"\0")
    return ", ".join(f'"{p.decode(errors="replace")}"' if p else "NULL"
                     for p in parts[:2])


def _signal(call):
    """Return the signal by name, and what is to be done on it."""
    return f"{SIGNALS.get(call.signal, call.signal)}" + \
        HANDLERS.get(call.handler, ", handler")


def _kill(call):
    """Return the process, and the signal by name."""
    return f"{call.whom}, {SIGNALS.get(call.signal, call.signal)}"


WRITERS = {
    "none": lambda call: "", "plain": _plain, "address": _with_address,
    "datagram": _datagram, "transfer": _transfer, "socket": _socket,
    "option": _option, "shutdown": _shutdown, "poll": _poll,
    "timeout": _with_timeout, "epoll_ctl": _epoll_ctl, "fcntl": _fcntl,
    "lookup": _lookup, "kill": _kill, "signal": _signal,
    "text": lambda call: f'"{_text(call.data)}"',
    "seconds": lambda call: f"{call.time // 1000}",
    "time": lambda call: f"{call.time} ms",
}
