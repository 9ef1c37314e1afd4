"""The interposer's log: what the program under test asks of the machine.

tests/interposer/README.md is the contract of the format.  The harness makes the
log, gives its path to the program (``environment``), and reads it while the
program runs: a call shows as soon as it is entered, and again when it is left.
"""

import mmap
import os
import struct

from ..course.places import TESTS
from . import machine

_DIRECTORY = os.path.join(TESTS, "interposer")
_MAGIC = b"LOOPBK1\0"
_HEADER = 4096  # bytes
_COUNTERS = 64  # offset of the counters, in bytes
_CALLS = 128  # counters
_NEXT = 3  # word of the header
_GATE = 16  # offset of the gate, in bytes
_HELD = None, "woken", "waker", "new"
_RECORD = struct.Struct("=IHBBQiiIi4qq3Q32s")
_ENTER, _LEAVE, _NOTE = 1, 2, 3
_TOUCHED = 1

_RECEIVING = {"recv", "recvfrom", "recvmsg", "read", "readv"}
_SENDING = {"send", "sendto", "sendmsg", "write", "writev"}
_ALL = None  # bytes shown of a call that moves none


def _names():
    """The names of the calls by number, from calls.def."""
    with open(os.path.join(_DIRECTORY, "calls.def"), encoding="ascii") as file:
        return [line[len("CALL(") : -2] for line in file]


def _cut(data, moved):
    """What belongs to the call of a record's data.

    data: bytes; moved: int, the bytes the call moved, or None when it shows
    something else, whose absence is told by zeros.
    """
    if moved is _ALL:
        return data if any(data) else b""
    return data[: max(0, moved)]


class Call:
    """One call of the program.

    name      as in the manual, such as "recv"
    pid, tid  who called
    args      four ints on entering; see the table in tests/interposer/README.md
    after     the same four on leaving, where some tell more; None while inside
    result    int; None while inside
    error     name of errno, such as "ECONNRESET"; "" unless the call failed
    entered   nanoseconds, CLOCK_MONOTONIC, as time.monotonic_ns()
    left      the same; None while inside
    injected  True when the plan had its hand in it
    callers   return addresses, innermost first; 0 where unknown
    data      bytes: the first 32 bytes moved, or the address, or what the table says
    question  bytes: what the enter record showed; answer: what the leave record
              showed.  data is the answer if there is one, but that of a call that
              sends is always what it sends
    """

    __slots__ = (
        "name", "pid", "tid", "args", "after", "result", "error", "entered",
        "left", "injected", "callers", "data", "question", "answer", "index",
    )  # fmt: skip

    def __init__(self, name, index, record):
        """name: str; index: int, of its first record; record: its fields."""
        self.name, self.index = name, index
        self.entered, self.pid, self.tid = record[4:7]
        self.args, self.callers = record[9:13], record[14:17]
        self.injected = bool(record[3] & _TOUCHED)
        self.question = _cut(record[17], self.args[1] if name in _SENDING else _ALL)
        self.data = self.question
        self.after = self.result = self.left = None
        self.error, self.answer = "", b""

    def leave(self, record):
        """Take in the fields of the leave record."""
        self.left, self.after, self.result = record[4], record[9:13], record[13]
        if record[8]:
            self.error = _error_name(record[8])
        self.injected = self.injected or bool(record[3] & _TOUCHED)
        self.answer = _cut(
            record[17], self.result if self.name in _RECEIVING else _ALL
        )
        if self.name not in _SENDING and self.answer:
            self.data = self.answer

    @property
    def is_inside(self):
        """Has the call been entered and not left?"""
        return self.left is None

    @property
    def address(self):
        """The socket address of the call, as address_of gives it."""
        if self.name in ("sendto", "sendmsg"):
            return address_of(self.answer)
        if self.name in ("recvfrom", "recvmsg"):
            sender = self.after[2:] if self.after else (0, 0)
            return address_of(struct.pack("=2q", *sender))
        return address_of(self.data)

    def __repr__(self):
        return f"<{self.name}{self.args} = {self.result} {self.error}>"


def _error_name(number):
    """The name of an errno (int), or its number as text."""
    import errno  # only on failures

    return errno.errorcode.get(number, str(number))


def address_of(data):
    """(host, port) of a sockaddr in bytes, a path (str) of a Unix one, or None."""
    if len(data) < 2:
        return None
    family = struct.unpack_from("=H", data)[0]
    if family == 2 and len(data) >= 8:
        port = int.from_bytes(data[2:4], "big")
        return ".".join(str(byte) for byte in data[4:8]), port
    if family == 10 and len(data) >= 24:
        import socket  # slow to import, and seldom needed

        port = int.from_bytes(data[2:4], "big")
        return socket.inet_ntop(socket.AF_INET6, data[8:24]), port
    if family == 1:
        path = data[2:].lstrip(b"\0") if data[2:3] == b"\0" else data[2:]
        return path.split(b"\0")[0].decode(errors="replace")
    return None


class Trace:
    """The log of one program, and of the processes it forks."""

    def __init__(self, path, records=65536):
        """Make the log.

        path: str, a file to be made; records: int, calls take two each.
        The file is sparse: it costs only what is written.  OSError when the
        file cannot be made.
        """
        self.path = path
        self._capacity = records
        size = _HEADER + records * _RECORD.size
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.truncate(fd, size)
            os.pwrite(fd, _MAGIC + struct.pack("=I", records), 0)
            self._map = mmap.mmap(fd, size)
        finally:
            os.close(fd)
        self._view = memoryview(self._map)
        self._words = self._view[:_COUNTERS].cast("I")
        self._counters = self._view[_COUNTERS : _COUNTERS + 8 * _CALLS].cast("Q")
        self._names = _names()
        self._calls = []  # in the order of their first records
        self._by_index = {}  # calls that are inside, by that record
        self._position = 0  # records before it were looked at
        self._holes = []  # of these, reserved but not complete then

    def environment(self):
        """The variables (dict of str) that make a program write to this log."""
        return {"LOOPBACK_LOG": self.path}

    @property
    def next(self):
        """How many records the program has begun so far."""
        return self._words[_NEXT]

    @property
    def lost(self):
        """How many records found no room."""
        return max(0, self.next - self._capacity)

    @property
    def loaded(self):
        """Where the program was loaded (int), or None before it was.

        When one program has taken the place of another, it is that of the last.
        """
        loads = self.calls("load")
        return loads[-1].args[0] if loads else None

    def entered_count(self, name):
        """How often the call of that name was entered; exact in a full log too."""
        return self._counters[self._names.index(name)]

    def calls(self, *names):
        """The calls of these names (all if none is given) in order of entering."""
        self._read_on()
        if not names:
            return list(self._calls)
        return [call for call in self._calls if call.name in names]

    def hold(self, whom):
        """Hold threads back from now on, or let them go.

        whom: "woken", who was waiting for a condition; "waker", who has signalled
        one; "new", who begins; None, nobody.
        """
        machine.set_and_wake(self._map, _GATE, _HELD.index(whom))

    def close(self):
        """Let go of the log and remove its file."""
        for view in (self._words, self._counters, self._view):
            view.release()
        self._map.close()
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass

    def _read_on(self):
        """Take in the records that came since the last time."""
        end = min(self.next, self._capacity)
        if self._holes:
            self._holes = [i for i in self._holes if not self._take(i)]
        if end > self._position:
            fresh = range(self._position, end)
            self._holes += [i for i in fresh if not self._take(i)]
            self._position = end

    def _take(self, index):
        """Take in one record.  Returns False when it is not complete yet."""
        record = _RECORD.unpack_from(self._map, _HEADER + index * _RECORD.size)
        if record[0] != index + 1:
            return False
        if record[2] == _LEAVE:
            call = self._by_index.pop(record[7], None)
            if call is None:
                return record[7] not in self._holes
            call.leave(record)
            return True
        call = Call(self._names[record[1]], index, record)
        self._insert(call)
        if record[2] == _NOTE:
            call.leave(record)
        else:
            self._by_index[index] = call
        return True

    def _insert(self, call):
        """Put a call where its first record belongs: nearly always at the end."""
        place = len(self._calls)
        while place > 0 and self._calls[place - 1].index > call.index:
            place -= 1
        self._calls.insert(place, call)
