"""A call of the trace in words, as a line of the page's chart.

Shapes: ``accept(3) = 4``, ``recv(4, 4096) = -1 ECONNRESET``,
``bind(3, 127.0.0.1:21577) = 0``, ``poll(2 descriptors, no timeout)``.  A call
that is not over yet has no result.  Lines are cut to WIDTH columns.
"""

import struct

from .trace import address_of

WIDTH = 40  # columns
_FAMILIES = {1: "AF_UNIX", 2: "AF_INET", 10: "AF_INET6", 0: "AF_UNSPEC"}
_TYPES = {
    1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM",
    5: "SOCK_SEQPACKET",
}  # fmt: skip
_HOW = {0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"}
_OPTIONS = {
    (1, 2): "SO_REUSEADDR", (1, 3): "SO_TYPE", (1, 4): "SO_ERROR",
    (1, 6): "SO_BROADCAST", (1, 7): "SO_SNDBUF", (1, 8): "SO_RCVBUF",
    (1, 9): "SO_KEEPALIVE", (1, 13): "SO_LINGER", (1, 15): "SO_REUSEPORT",
    (1, 17): "SO_PEERCRED", (1, 20): "SO_RCVTIMEO", (1, 21): "SO_SNDTIMEO",
    (6, 1): "TCP_NODELAY", (6, 4): "TCP_KEEPIDLE", (6, 5): "TCP_KEEPINTVL",
    (6, 6): "TCP_KEEPCNT", (41, 26): "IPV6_V6ONLY", (0, 35): "IP_ADD_MEMBERSHIP",
    (0, 32): "IP_MULTICAST_IF", (0, 33): "IP_MULTICAST_TTL",
    (0, 34): "IP_MULTICAST_LOOP",
}  # fmt: skip
_COMMANDS = {1: "F_GETFD", 2: "F_SETFD", 3: "F_GETFL", 4: "F_SETFL", 0: "F_DUPFD"}
_EPOLL = {1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"}
_LOOKUP = {
    -2: "EAI_NONAME", -3: "EAI_AGAIN", -4: "EAI_FAIL", -5: "EAI_NODATA",
    -6: "EAI_FAMILY", -7: "EAI_SOCKTYPE", -8: "EAI_SERVICE", -10: "EAI_MEMORY",
    -11: "EAI_SYSTEM", -1: "EAI_BADFLAGS", -9: "EAI_ADDRFAMILY",
}  # fmt: skip
_SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 6: "SIGABRT", 10: "SIGUSR1",
    11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
    17: "SIGCHLD", 18: "SIGCONT",
}  # fmt: skip
_MESSAGE_FLAGS = {
    0x1: "MSG_OOB", 0x2: "MSG_PEEK", 0x20: "MSG_TRUNC", 0x40: "MSG_DONTWAIT",
    0x100: "MSG_WAITALL", 0x8000: "MSG_MORE",
}  # fmt: skip
# Logged only when a signal handler calls them, see tests/interposer/handlers.c.
ONLY_IN_HANDLERS = (
    "printf", "fprintf", "vprintf", "vfprintf", "dprintf", "vdprintf", "snprintf",
    "vsnprintf", "strsignal", "strerror", "puts", "putchar", "fputs", "fputc", "fwrite",
    "fflush", "perror", "warn", "warnx", "vwarn", "vwarnx", "err", "errx",
    "verr", "verrx", "syslog", "vsyslog",
)  # fmt: skip
_BLOCKING_FLAGS = 0o4000  # SOCK_NONBLOCK and O_NONBLOCK


def describe(call):
    """Say in one line (str) what a Call was and what came of it."""
    text = f"{call.name}({_arguments(call)})"
    outcome = _outcome(call)
    if len(text + outcome) > WIDTH and call.error:
        outcome = f" {call.error}"      # the arguments tell more than "= -1"
    room = WIDTH - len(outcome)
    if len(text) > room:
        text = text[: max(len(call.name) + 1, room - 4)] + "...)"
    return text + outcome


def _outcome(call):
    """The part after the parenthesis: " = 4", " = -1 EINTR" or "" if inside."""
    if call.is_inside or call.name in _WITHOUT_RESULT:
        return ""
    if call.name in ("getaddrinfo", "getnameinfo"):
        return f" = {_LOOKUP.get(call.result, call.result)}"
    if call.name in _BY_CODE and call.error:
        return f" = {call.error}"
    if call.name in _POINTERS:
        return _pointer_outcome(call)
    return f" = {call.result} {call.error}".rstrip()


def _pointer_outcome(call):
    """The result of a call that returns a pointer: a text, or NULL with errno."""
    if call.name == "inet_ntoa":
        return f' = "{_text(call.answer)}"'
    if call.name == "signal":
        return f" = {call.error}" if call.error else ""
    return "" if call.result else f" = NULL {call.error}".rstrip()


def _arguments(call):
    """The arguments (str) of a call as far as they tell something."""
    writer = _WRITERS.get(call.name)
    return writer(call) if writer else ""


def _numbers(count):
    """A writer of the first count arguments, as numbers."""
    return lambda call: ", ".join(str(arg) for arg in call.args[:count])


def _text(data):
    """The bytes up to the first zero, as text."""
    return data.split(b"\0")[0].decode("utf-8", "backslashreplace")


def _address(data):
    """A socket address in bytes, as text."""
    found = address_of(data)
    if isinstance(found, tuple):
        host, port = found
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return repr(found) if found else "no address"


def _with_address(call):
    """bind and connect: descriptor and address."""
    return f"{call.args[0]}, {_address(call.data)}"


def _sendto(call):
    """sendto: descriptor, count, flags and, once known, the address."""
    where = f", {_address(call.answer)}" if call.answer else ""
    return _transfer(call) + where


def _transfer(call):
    """recv and send: descriptor, count, and the flags that change what they do."""
    names = [name for bit, name in _MESSAGE_FLAGS.items() if call.args[2] & bit]
    return f"{call.args[0]}, {call.args[1]}" + ", " * bool(names) + "|".join(names)


def _socket(call):
    """socket and socketpair: family and type by name."""
    kind = call.args[1] & 0xF
    flags = "|SOCK_NONBLOCK" if call.args[1] & _BLOCKING_FLAGS else ""
    family = _FAMILIES.get(call.args[0], call.args[0])
    return f"{family}, {_TYPES.get(kind, kind)}{flags}"


def _option(call):
    """setsockopt and getsockopt: descriptor, option and value."""
    fd, level, number = call.args[:3]
    value = struct.unpack("=i", (call.data + b"\0" * 4)[:4])[0]
    known = not (call.name == "getsockopt" and call.is_inside)
    name = _OPTIONS.get((level, number), f"{level}/{number}")
    return f"{fd}, {name}, {value}" if known else f"{fd}, {name}"


def _shutdown(call):
    """shutdown: descriptor and direction."""
    return f"{call.args[0]}, {_HOW.get(call.args[1], call.args[1])}"


def _timeout(milliseconds):
    """A timeout in words."""
    return "no timeout" if milliseconds < 0 else f"{milliseconds} ms"


def _poll(call):
    """poll and ppoll: how many descriptors, how long."""
    count = call.args[0]
    return f"{count} descriptor{'s' * (count != 1)}, {_timeout(call.args[1])}"


def _select(call):
    """select and pselect: the first argument, how long."""
    return f"{call.args[0]}, {_timeout(call.args[1])}"


def _epoll_wait(call):
    """epoll_wait and epoll_pwait: descriptor, room for events, how long."""
    return f"{call.args[0]}, {call.args[1]}, {_timeout(call.args[2])}"


def _epoll_ctl(call):
    """epoll_ctl: descriptor, operation, and the descriptor it is about."""
    operation = _EPOLL.get(call.args[1], call.args[1])
    return f"{call.args[0]}, {operation}, {call.args[2]}"


def _fcntl(call):
    """fcntl: descriptor, command, and the flags of F_SETFL by name."""
    fd, command, argument = call.args[:3]
    text = f"{fd}, {_COMMANDS.get(command, command)}"
    if command == 4:
        text += ", O_NONBLOCK" if argument & _BLOCKING_FLAGS else f", {argument}"
    return text


def _name(call):
    """getaddrinfo and the like: what was asked."""
    return f'"{_text(call.data)}"'


def _getaddrinfo(call):
    """getaddrinfo: node and service, either of which may be missing."""
    parts = call.question.split(b"\0")
    shown = [f'"{p.decode(errors="replace")}"' if p else "NULL" for p in parts[:2]]
    return ", ".join(shown)


def _signal(call):
    """signal and sigaction: the signal by name, and what to do."""
    what = {0: ", SIG_DFL", 1: ", SIG_IGN", -1: ""}.get(call.args[1], ", handler")
    return f"{_SIGNALS.get(call.args[0], call.args[0])}{what}"


def _handler(call):
    """A run of a signal handler."""
    return f"{_SIGNALS.get(call.args[0], call.args[0])}"


_WITHOUT_RESULT = {
    "exit", "_exit", "freeaddrinfo", "load", "thread_start", "handler",
    *ONLY_IN_HANDLERS,
}  # fmt: skip
_BY_CODE = {
    "pthread_create", "pthread_join", "pthread_detach", "pthread_cond_wait",
    "pthread_cond_timedwait", "pthread_cond_signal", "pthread_cond_broadcast",
    "clock_nanosleep",
}  # fmt: skip
_POINTERS = {"inet_ntoa", "gethostbyname", "fdopen", "signal"}
_WRITERS = {
    "socket": _socket, "socketpair": _socket, "bind": _with_address,
    "connect": _with_address, "listen": _numbers(2), "accept": _numbers(1),
    "accept4": _numbers(1), "getsockname": _numbers(1), "getpeername": _numbers(1),
    "setsockopt": _option, "getsockopt": _option, "shutdown": _shutdown,
    "recv": _transfer, "recvfrom": _transfer, "recvmsg": _transfer, "send": _transfer,
    "sendto": _sendto, "sendmsg": _sendto, "read": _numbers(2),
    "readv": _numbers(2), "write": _numbers(2), "writev": _numbers(2),
    "sendfile": _numbers(2), "splice": _numbers(3), "close": _numbers(1),
    "fcntl": _fcntl, "dup": _numbers(1), "dup2": _numbers(2), "dup3": _numbers(2),
    "fdopen": _numbers(1), "poll": _poll, "ppoll": _poll, "select": _select,
    "pselect": _select, "epoll_ctl": _epoll_ctl, "epoll_wait": _epoll_wait,
    "epoll_pwait": _epoll_wait, "waitpid": _numbers(1), "signal": _signal,
    "sigaction": _signal,
    "handler": _handler, "exit": _numbers(1), "_exit": _numbers(1),
    "getaddrinfo": _getaddrinfo, "getnameinfo": lambda call: "",
    "gethostbyname": _name, "inet_addr": _name, "inet_aton": _name,
    "sleep": lambda call: f"{call.args[0] // 1000}",
    "usleep": lambda call: f"{call.args[0]} ms",
    "nanosleep": lambda call: f"{call.args[0]} ms",
    "clock_nanosleep": lambda call: f"{call.args[0]} ms",
}  # fmt: skip
