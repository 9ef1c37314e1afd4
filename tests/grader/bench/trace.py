"""The interposer's log: what the program under test asks of the machine.

tests/interposer/README.md is the contract of the format.  The harness makes the
log, gives its path to the program (`environment`), and reads it while the program
runs: a call shows as soon as it is entered, and again when it is left.
"""
import mmap
import os
import struct
from collections import namedtuple

from . import machine
from .table import BY_NAME, FIELDS, KINDS, RECEIVING, SENDING

MAGIC = b"LOOPBK1\0"
HEADER = 4096                       # bytes
COUNTERS = 64                       # offset of the counters of calls, in bytes
MOST_CALLS = 128                    # counters
MATCHED = COUNTERS + 8 * MOST_CALLS  # offset of the counters of rules, in bytes
MOST_RULES = 32                     # counters
NEXT = 3                            # word of the header
GATE = 16                           # offset of the gate, in bytes
CLOCK, UNFLUSHED = 24, 32           # of these, likewise
HELD = None, "woken", "waker", "new"
LAYOUT = struct.Struct("=IHBBQiiIi4qq3Q32s")
CALL_OF = struct.Struct("=4xH")     # of a record, the call alone
ENTER, LEAVE, NOTE = 1, 2, 3
ALL = None                          # bytes shown of a call that moves none
AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10

# What the plan did to a call, by the bits of a record's flags.
ACTIONS = "short", "fail", "errno", "ready", "stop", "list", "name", "slow"

FIELDS_OF_RECORD = ("commit call phase flags time pid tid enter error "
                    "arg0 arg1 arg2 arg3 result caller0 caller1 caller2 data")


class Record(namedtuple("Record", FIELDS_OF_RECORD)):
    """One record of a log; args and callers are tuples of ints."""

    __slots__ = ()
    args = property(lambda self: self[9:13])
    callers = property(lambda self: self[14:17])


def _record(memory, index):
    """Return the Record number `index` of a log, complete or not."""
    return Record._make(LAYOUT.unpack_from(memory, HEADER + index * LAYOUT.size))


def _cut(data, moved):
    """Return what belongs to the call of a record's data.

    data: bytes; moved: int, the bytes the call moved, or ALL when it shows something
    else, whose absence is told by zeros.
    """
    if moved is ALL:
        return data if any(data) else b""
    return data[:max(0, moved)]


class Call:
    """One call of the program.

    name      as in the manual, such as "recv"
    kind      its Kind, see table.py
    pid, tid  who called
    args      four ints on entering; see the table in tests/interposer/README.md
    after     the same four on leaving, where some tell more; None while inside
    result    int; None while inside
    error     name of errno, such as "ECONNRESET"; "" unless the call failed
    entered   nanoseconds, CLOCK_MONOTONIC, as time.monotonic_ns()
    left      the same; None while inside
    callers   return addresses, innermost first; 0 where unknown
    data      bytes: the first 32 bytes moved, or the address, or what the table says
    question  bytes: what the enter record showed; answer: what the leave record
              showed.  data is the answer if there is one, but that of a call that
              sends is always what it sends

    Each argument has a name, too: call.fd, call.length, call.flags, call.filled ...,
    see calls.def.  One that this call has not, or has not yet, is None.
    """

    __slots__ = ("name", "kind", "pid", "tid", "args", "after", "result", "error",
                 "entered", "left", "flagged", "callers", "data", "question",
                 "answer", "index")

    def __init__(self, kind, index, record):
        """kind: Kind; index: int, of its first record; record: that Record."""
        self.kind, self.name, self.index = kind, kind.name, index
        self.entered, self.pid, self.tid = record.time, record.pid, record.tid
        self.args, self.callers = record.args, record.callers
        self.flagged = record.flags
        self.after = self.result = self.left = None
        self.error, self.answer = "", b""
        self.question = _cut(record.data, self.length if self.name in SENDING else ALL)
        self.data = self.question

    def leave(self, record):
        """Take in the leave record."""
        self.left, self.after, self.result = record.time, record.args, record.result
        if record.error:
            self.error = _error_name(record.error)
        self.flagged |= record.flags
        self.answer = _cut(record.data, self.result if self.name in RECEIVING else ALL)
        if self.name not in SENDING and self.answer:
            self.data = self.answer

    def __getattr__(self, field):
        """Return the argument of that name; see the class."""
        if field not in FIELDS:
            raise AttributeError(field)
        if field not in self.kind.places:
            return None
        on_leaving, place = self.kind.places[field]
        if on_leaving:
            return None if self.after is None else self.after[place]
        return self.args[place]

    @property
    def is_inside(self):
        """Has the call been entered and not left?"""
        return self.left is None

    @property
    def by_tester(self):
        """What the plan did to it: "", or one or more of ACTIONS with blanks."""
        return " ".join(action for bit, action in enumerate(ACTIONS)
                        if self.flagged >> bit & 1)

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
    """Return the name of an errno (int), or its number as text."""
    import errno  # only on failures

    return errno.errorcode.get(number, str(number))


def address_of(data):
    """Return (host, port) of a sockaddr in bytes, a path of a Unix one, or None."""
    if len(data) < 2:
        return None
    family = struct.unpack_from("=H", data)[0]
    if family == AF_INET and len(data) >= 8:
        port = int.from_bytes(data[2:4], "big")
        return ".".join(str(byte) for byte in data[4:8]), port
    if family == AF_INET6 and len(data) >= 24:
        import socket  # slow to import, and seldom needed

        port = int.from_bytes(data[2:4], "big")
        return socket.inet_ntop(socket.AF_INET6, data[8:24]), port
    if family == AF_UNIX:
        path = data[2:].lstrip(b"\0") if data[2:3] == b"\0" else data[2:]
        return path.split(b"\0")[0].decode(errors="replace")
    return None


class Trace:
    """The log of one program, and of the processes it forks."""

    def __init__(self, path, records=65536):
        """Make the log.

        path: str, a file to be made; records: int, calls take two each.
        The file is sparse: it costs only what is written.  OSError when the file
        cannot be made.
        """
        self.path = path
        self._capacity = records
        size = HEADER + records * LAYOUT.size
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.truncate(fd, size)
            os.pwrite(fd, MAGIC + struct.pack("=I", records), 0)
            self._map = mmap.mmap(fd, size)
        finally:
            os.close(fd)
        self._view = memoryview(self._map)
        self._words = self._view[:COUNTERS].cast("I")
        self._counters = self._view[COUNTERS:COUNTERS + 8 * MOST_CALLS].cast("Q")
        self._matched = self._view[MATCHED:MATCHED + 4 * MOST_RULES].cast("I")
        self._calls = []            # in the order of their first records
        self._by_index = {}         # calls that are inside, by that record
        self._position = 0          # records before it were looked at
        self._holes = []            # of these, reserved but not complete then

    def environment(self):
        """Return the variables (dict of str) that make a program write to this log."""
        return {"LOOPBACK_LOG": self.path}

    @property
    def next(self):
        """How many records the program has begun so far."""
        return self._words[NEXT]

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
        return loads[-1].base if loads else None

    def entered_count(self, name):
        """Return how often this call was entered; exact in a full log too."""
        return self._counters[BY_NAME[name].number]

    def matched_count(self, rule):
        """Return how many calls of one process rule number `rule` (from 0) matched."""
        return self._matched[rule]

    @property
    def unflushed(self):
        """How many bytes lay in streams on sockets when the program last waited."""
        return struct.unpack_from("=I", self._map, UNFLUSHED)[0]

    def move_clock(self, seconds):
        """Let the program's clock be so many seconds ahead from now on."""
        struct.pack_into("=q", self._map, CLOCK, seconds)

    def calls(self, *names):
        """Return the calls of these names (of all if none is given), in their order."""
        self._read_on()
        if not names:
            return list(self._calls)
        return [call for call in self._calls if call.name in names]

    def repeats(self, count):
        """Say whether the last `count` records are all of one call, by its name alone.

        Cheap: it compares the words of records that are not taken in.
        """
        end = min(self.next, self._capacity)
        if end < count:
            return False
        last = CALL_OF.unpack_from(self._map, HEADER + (end - 1) * LAYOUT.size)
        return all(CALL_OF.unpack_from(self._map, HEADER + index * LAYOUT.size) == last
                   for index in range(end - 2, end - 1 - count, -1))

    def hold(self, whom):
        """Hold threads back from now on, or let them go.

        whom: "woken", who was waiting for a condition; "waker", who has signalled
        one; "new", who begins; None, nobody.
        """
        machine.set_and_wake(self._map, GATE, HELD.index(whom))

    def close(self):
        """Let go of the log and remove its file."""
        for view in (self._words, self._counters, self._matched, self._view):
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
        """Take in one record; return False when it is not complete yet."""
        record = _record(self._map, index)
        if record.commit != index + 1:
            return False
        if record.phase == LEAVE:
            call = self._by_index.pop(record.enter, None)
            if call is None:
                return record.enter not in self._holes
            call.leave(record)
            return True
        call = Call(KINDS[record.call], index, record)
        self._insert(call)
        if record.phase == NOTE:
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
