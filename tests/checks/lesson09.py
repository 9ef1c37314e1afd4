"""Lesson 09: stdio on a socket.  Run the checks with: make check-lesson9"""
import re
import time

from grader.stage import (SENDING, UNNAMED, Failure, Lesson, Skip, check, comes_short,
                          fails)
from .protocols.timed import Time

DEFAULT_PORT = 21567
EPOCH = b"[Thu Jan  1 00:00:00 1970] "
ANSWER = re.compile(rb"\[(.{24})\] now\n")
LIMIT = 8192                        # bytes of a line, with its newline
TOO_LONG = b"error: line too long\n"
HUGE = "99999999999999999999"
BAD_USES = [["-x", "0"], ["0", "0"],
            *(["-m", mode, "0"] for mode in ("some", "-1", "", "7x", "+7", " 7",
                                             "1048577", "4294967303", HUGE)),
            *(["-t", when, "0"] for when in ("now", "-1", "", "1x", "+1", HUGE)),
            *(["-b", host, "0"] for host in ("localhost", "", "127.1", "0x7f.0.0.1",
                                             "2130706433", "127.0.0.1.1", "::1::"))]
LONG_ADDRESS = "fd11:1111:2222:3333:4444:5555:6666:7777"
MODES = ("none", "line", "full", "0", "1", "7", "5000")
# What accept(2) may say of one client, or of a shortage that passes.
ACCEPT_ERRORS = ("EPERM", "ECONNABORTED", "EPROTO", "ENETDOWN", "EHOSTUNREACH", "EINTR",
                 "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM")


class Stdio(Lesson):
    number = 9
    title = "stdio on a socket"
    programs = ("tsd",)
    question = ("with -m none each answer is several packets, with -m full it is one. "
                "When would you still want a stream without a buffer?")

    @check(points=3, bugs="G10 F5 F15 J1")
    def puts_the_time_before(self):
        """each line comes back behind the time, \\r\\n or \\n, `exit` too"""
        self.serve("-t", 0, "0")
        alice = self.client("alice")
        for line, answer, bug in ((b"data\n", b"data\n", "G10"), (b"\r\n", b"\n", "F5"),
                                  (b" with blanks \r\n", b" with blanks \n", "F5"),
                                  (b"exit\n", b"exit\n", "F15"), (b"\n", b"\n", "G10")):
            alice.sends(line)
            alice.receives(EPOCH + answer,
                           lambda b=bug: b if alice.got or alice.end else "J1")

    @check(points=1, bugs="F18")
    def real_clock(self):
        """without -t the time is that of the clock"""
        self.serve("0")
        alice = self.client("alice")
        before = int(time.time())
        alice.sends(b"now\n")
        answer = alice.receives_a_line()
        found = re.fullmatch(rb"\[(.{24})\] now\n", answer)
        told = found and time.strptime(found[1].decode("ascii", "replace"))
        # time(2) may lag behind the clock by a tick, so by a second as it is printed.
        if not told or not before - 2 <= _seconds(told) <= time.time() + 2:
            raise Failure(f'"[{time.ctime(before)}] now" or a moment later',
                          f'"{answer.decode("utf-8", "replace").strip()}"')

    @check(points=3, bugs="J1")
    def answers_in_every_mode(self):
        """in every mode the answer is complete before the next line"""
        for mode in MODES:
            self.stage.begins_a_new_page()
            server = self.serve("-t", 0, "-m", mode, "0")
            alice = self.client("alice")
            for line in (b"first\n", b"second\n"):
                alice.sends(line)
                alice.receives(EPOCH + line)
            server.end()

    @check(points=2, bugs="F1 J4")
    def lines_together(self):
        """two lines in one piece are two answers; half a line waits"""
        server = self.serve("-t", 0, "0")
        alice = self.client("alice")
        alice.sends(b"one\ntwo\nthr")

        def bug():
            if server.called("recv"):
                return "J4"
            if server.trace.unflushed:
                return "J1"
            streams = {call.fd for call in server.trace.calls("setvbuf")}
            return UNNAMED if len(streams) > 1 else "F1"    # they may share memory

        alice.receives(EPOCH + b"one\n" + EPOCH + b"two\n", bug)
        alice.has_nothing_more("F2")
        alice.sends(b"ee\n")
        alice.receives(EPOCH + b"three\n", "F3")
        alice.sends_in_pieces(b"four\r\n")
        alice.receives(EPOCH + b"four\n", "F4")
        alice.has_nothing_more("F18")

    @check(points=2, bugs="J5 F12 F20")
    def sees_the_end(self):
        """a client that is done sees the end; half a line is not answered"""
        server = self.serve("-t", 0, "0")
        alice = self.client("alice")
        server.freezes()
        alice.sends(b"whole\nhalf a line")
        alice.is_done_sending()
        server.goes_on()
        alice.receives(EPOCH + b"whole\n", "H10")
        alice.sees_the_end(lambda: "J5" if not alice.got else
                           "F12" if alice.got == EPOCH + b"half a line\n" else "F20")

    @check(points=2, bugs="J2 H8")
    def closes_once(self):
        """the two streams close each descriptor once"""
        server = self.serve("-t", 0, "0")
        for name in ("alice", "bob"):
            self.is_answered(name)
        self.stage.wait_until_taken()
        for name, words in server.used_what_is_closed():
            raise Failure("every descriptor used is open", words,
                          "J2" if name == "close" else "H8")

    def is_answered(self, name, bug=None):
        """A client of this name gets its answer and leaves."""
        peer = self.client(name, bug=bug)
        peer.sends(name.encode() + b"\n")
        peer.receives(EPOCH + name.encode() + b"\n", bug)
        peer.leaves()

    @check(points=3, bugs="E2")
    def short_counts(self):
        """short counts of its reads and writes change nothing"""
        for size in (1, 5):
            self.stage.begins_a_new_page()
            server = self.serve("-t", 0, "0", plan=[comes_short("receive", size),
                                                    comes_short("transmit", size)])
            for line in (b"a line\n", b"and another \r\n"):
                alice = self.client("alice")
                alice.sends(line * 2)
                alice.receives((EPOCH + line.replace(b"\r", b"")) * 2, "E2")
                alice.is_done_sending()
                alice.sees_the_end("E2")
                alice.leaves()
            server.end()

    @check(points=2, bugs="J7 J11")
    def writes_per_answer(self):
        """none and small buffers make several writes, line and full one"""
        for mode, several in (("none", True), ("0", True), ("7", True),
                              ("line", False), ("1", False), ("full", False),
                              ("5000", False)):
            server = self.serve("-t", 0, "-m", mode, "0")
            alice = self.client("alice")
            writes = []
            for line in (b"first\n", b"second\n"):
                before = self.writes_of(server)
                alice.sends(line)
                alice.receives(EPOCH + line)
                self.stage.wait_until_taken()
                writes.append(self.writes_of(server) - before)
            if not all(writes):
                return                  # it writes by calls that cannot be seen
            if any((n > 1) != several for n in writes):
                wanted = "at least 2 writes" if several else "1 write"
                raise Failure(f"-m {mode}: {wanted} for each answer",
                              " and ".join(map(str, writes)), self.kind_of_buffer)
            server.end()

    def kind_of_buffer(self):
        """Return the bug when a stream is not buffered as it should be."""
        calls = self.program.trace.calls("setvbuf")
        return "J11" if any(call.trouble & 2 for call in calls) else "J7"

    @staticmethod
    def writes_of(server):
        """Return how often the server has written to a socket."""
        return sum(c.fd > 2 and (c.result or 0) > 0
                   for c in server.trace.calls(*SENDING))

    @check(points=2, bugs="G4 F5 G16 G6")
    def every_byte(self):
        """NUL, \\r and bytes from 0x80 on come back as they were"""
        self.serve("-t", 0, "0")
        alice = self.client("alice")
        every = bytes(b for b in range(256) if b != 10)
        for text, bug in ((b"\0", "G4"), (b"a\0b", "G4"), (b"\xff", "G16"),
                          (b"a\rb", "F5"), (b"\r\r", "F5"), (b"%d%%", "G6"),
                          (every, "")):
            for end in (b"\n", b"\r\n"):
                alice.sends(text + end)
                due = re.sub(rb"\r?\n$", b"\n", text + end)
                alice.receives(EPOCH + due, bug)

    @check(points=3, bugs="J6 F7 H1", crash="F7")
    def long_lines(self):
        """8,192 bytes are a line; one more is refused, and then the end"""
        self.serve("-t", 0, "0")
        alice = self.client("alice")
        for size in (200, 4096, 4097, LIMIT):
            for end in (b"\n", b"\r\n"):
                text = b"x" * (size - len(end))
                alice.sends(text + end)
                alice.receives(EPOCH + text + b"\n")
        for size, end in ((LIMIT + 1, b"\n"), (LIMIT + 1, b"\r\n"), (1 << 20, b"\n")):
            bob = self.client("bob") if alice.gone else alice
            bob.sends(b"x" * (size - len(end)) + end + b"more\n")
            bob.receives(TOO_LONG, lambda b=bob: "H1" if b.end == "reset" else "F7")
            bob.is_done_sending()
            bob.sees_the_end(lambda b=bob: "H1" if b.end == "reset" else "F7")
            bob.leaves()

    @check(points=2, bugs="F21")
    def ends_after_refusing(self):
        """a client that stays silent after a line too long sees the end as well"""
        self.serve("-t", 0, "0")
        alice = self.client("alice")
        alice.sends(b"x" * (LIMIT + 1))
        alice.receives(TOO_LONG, "F7")
        alice.sees_the_end("F21")

    @check(points=2, bugs="F20 F14")
    def half_a_line_after_a_long_one(self):
        """half a line is not answered, whatever lay in the buffer before"""
        self.serve("-t", 0, "0")
        for name in ("alice", "bob"):
            peer = self.client(name)
            peer.sends(b"a rather long line\n")
            peer.receives(EPOCH + b"a rather long line\n")
            peer.sends(b"half")
            peer.is_done_sending()
            peer.sees_the_end("F20")
            peer.leaves()

    @check(points=2, bugs="F13")
    def clients_do_not_mix(self):
        """what bob sends while alice is in the middle of a line is his own"""
        self.serve("-t", 0, "0")
        alice, bob = self.client("alice"), self.client("bob")
        alice.sends(b"al")
        self.stage.wait_for(alice.is_taken)
        bob.sends(b"bob and more\n")
        self.stage.wait_for(bob.is_taken)       # by a server of many; by this one not
        alice.sends(b"ice\n")
        alice.receives(EPOCH + b"alice\n", "F13")
        alice.leaves()
        bob.receives(EPOCH + b"bob and more\n", "F13")

    @check(points=2, bugs="G14")
    def local_time(self):
        """the time is that of the zone it runs in"""
        for zone, seconds, told in (("LBK-5:30", 0, b"Thu Jan  1 05:30:00 1970"),
                                    ("LBK8", 0, b"Wed Dec 31 16:00:00 1969"),
                                    ("UTC0", 951782400, b"Tue Feb 29 00:00:00 2000")):
            self.stage.begins_a_new_page()
            server = self.serve("-t", seconds, "0", surroundings={"TZ": zone})
            alice = self.client("alice")
            alice.sends(b"when\n")
            alice.receives(b"[" + told + b"] when\n", "G14")
            server.end()

    @check(points=1, bugs="B9")
    def far_times(self):
        """-t is not cut to 32 bits"""
        for seconds, told in ((2147483648, b"Tue Jan 19 03:14:08 2038"),
                              (4294967296, b"Sun Feb  7 06:28:16 2106")):
            self.stage.begins_a_new_page()
            server = self.serve("-t", seconds, "0", bug="B9")
            alice = self.client("alice")
            alice.sends(b"when\n")
            alice.receives(b"[" + told + b"] when\n", "B9")
            server.end()

    @check(points=3, bugs="G15")
    def time_of_the_answer(self):
        """each answer has the time at which it is given"""
        server = self.serve("0")
        alice = self.client("alice")
        for ahead in (0, 100, 100000):
            self.stage.wait_until_taken()
            server.clock_moves_on(ahead)
            before = int(time.time()) + ahead
            alice.sends(b"now\n")
            found = ANSWER.fullmatch(alice.receives_a_line())
            told = found and time.strptime(found[1].decode("ascii", "replace"))
            if not told or not before - 2 <= _seconds(told) <= time.time() + ahead + 2:
                raise Failure(f"the time when the line came, {time.ctime(before)}",
                              found[1].decode() if found else "no time", "G15")

    @check(points=2, bugs="J12 F1")
    def every_mode_in_pieces(self):
        """several lines in one piece, and one in several, in every mode"""
        for mode in (*MODES, "64"):
            self.stage.begins_a_new_page()
            server = self.serve("-t", 0, "-m", mode, "0")
            alice = self.client("alice")
            lines = [b"a", b"", b"a line of its own " * 9, b"three"]
            alice.sends(b"\n".join(lines))
            alice.receives(b"".join(EPOCH + line + b"\n" for line in lines[:-1]))
            alice.sends_in_pieces(b"\r\n")
            alice.receives(EPOCH + b"three\n")
            server.end()

    @check(points=3, bugs="J8 H13")
    def reset_in_a_line(self):
        """a reset in the middle of a line is logged, the next is served"""
        server = self.serve("-t", 0, "0")
        alice = self.client("alice")
        alice.sends(b"half a li")
        self.stage.wait_until_taken()
        logged = len(server.stderr)
        alice.resets()
        self.is_answered("bob", "H13")
        server.has_more_to_say_than(logged, "about the reset", "J8")

    @check(points=3, bugs="J9 I2 H13", crash="I2")
    def vanished_before_the_answer(self):
        """a client that is gone before its answer is logged, no more"""
        server = self.serve("-t", 0, "0")
        alice = self.client("alice")
        server.freezes()
        logged = len(server.stderr)
        alice.sends(b"are you there?\n" * 3)
        alice.is_done_sending()
        alice.resets()
        server.goes_on()
        self.is_answered("bob", "H13")
        server.has_more_to_say_than(logged, "that the answer never left", "J9")

    @check(points=3, bugs="J9 H13 I1")
    def every_failing_write(self):
        """in every mode a write that fails is logged, and the next is served"""
        for mode in ("none", "line", "7", "full"):
            for error, k in (("ECONNRESET", 1), ("EPIPE", 2), ("ETIMEDOUT", 3)):
                self.stage.begins_a_new_page()
                server = self.serve("-t", 0, "-m", mode, "0",
                                    plan=fails("transmit", error, at=k))
                alice = self.client("alice")
                alice.sends(b"one\ntwo\n")
                alice.is_done_sending()
                self.stage.wait_until_taken()
                if server.met_from_plan(error):     # else it makes fewer writes
                    server.has_more_to_say_than(0, "that an answer never left", "J9")
                    alice.leaves()
                    self.next_is_served(server, "H13")
                server.end()

    @check(points=2, bugs="D23")
    def what_one_client_lacks(self):
        """a client for whom dup or fdopen fails sees the end, the next is served"""
        server = self.serve("-t", 0, "0")
        before = server.comes_to_rest()
        self.is_answered("a client who lacks nothing")
        kept = server.comes_to_rest() - before      # by the first client of a server
        server.end()
        for call, error, k in (("dup", "EMFILE", 1), ("dup", "EMFILE", 2),
                               ("fdopen", "ENOMEM", 1), ("fdopen", "ENOMEM", 2)):
            self.stage.begins_a_new_page()
            server = self.serve("-t", 0, "0", plan=fails(call, error, at=k))
            before = server.comes_to_rest()
            alice = self.client("alice")
            alice.sends(b"hello\n")
            self.stage.wait_until_taken()
            server.is_alive("D23")
            if not server.met_from_plan(error):
                server.end()            # it makes its streams in another way
                continue
            alice.gets_nothing("D13")
            alice.leaves()
            server.has_more_to_say_than(0, "about that failure", "D23")
            self.next_is_served(server, "D23")
            server.comes_to_rest(before + kept)
            server.end()

    def next_is_served(self, server, bug):
        """After a client whose call failed another is answered."""
        if not server.called("fork"):   # a child counts anew, and fails as well
            self.is_answered("bob", bug)

    @check(points=2, bugs="D9")
    def accept_fails(self):
        """whatever accept says of one client, the next is served"""
        for error in ACCEPT_ERRORS:
            self.stage.begins_a_new_page()
            server = self.serve("-t", 0, "0", plan=fails("accept", error, at=1))
            self.tries_to_connect("alice")
            self.is_answered("bob", "D9")
            server.end()

    @check(points=2, bugs="E22")
    def ready_line_cannot_be_written(self):
        """a ready line that cannot be written: exit 1, and a message"""
        for options in ({"output": "full"}, {"closed": [1]}):
            server = self.run_alone("-t", 0, "0", **options)
            server.exits_with(1, "E22")
            server.says(r"^tsd: .*: .", '"tsd: CALL: reason"', "E22")

    @check(points=2, bugs="D12")
    def closed_descriptors(self):
        """started without stdin or stderr it serves as ever"""
        for closed in ([0], [2], [0, 2]):
            self.stage.begins_a_new_page()
            server = self.serve("-t", 0, "0", closed=closed, bug="D12")
            alice = self.client("alice", bug="D12")
            alice.sends(b"half a li")
            self.stage.wait_until_taken()
            server.is_alive("D12" if 0 in closed else "")
            alice.resets()
            self.is_answered("bob", "")
            carol = self.client("carol")
            carol.is_done_sending()
            carol.sees_the_end("")
            server.end()

    @check(points=2, bugs="A19", crash="A19")
    def any_peer(self):
        """with -b an IPv6 address it serves and logs clients of both families"""
        if not self.has_ipv6():
            raise Skip("this machine has no IPv6 loopback address ::1")
        cases = [("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1")]
        if self.has_address(LONG_ADDRESS):
            cases.append(("::", LONG_ADDRESS))
        for host, reached_at in cases:
            self.stage.begins_a_new_page()
            server = self.run("-t", 0, "-b", host, "0")
            port = server.announces(unheard="D17", wrong="D16", host=host)[1]
            self.address = (reached_at, port)
            alice = self.client("alice")
            alice.sends(b"half a li")
            self.stage.wait_until_taken()
            logged = len(server.stderr)
            alice.resets()
            server.has_more_to_say_than(logged, "about the reset", "J8")
            self.is_answered("bob", "A19")
            server.end()

    @check(points=2, bugs="U4")
    def memory(self):
        """what a client needed is given back when it has gone"""
        server = self.serve("-t", 0, "-m", 1 << 20, "0", reuses=True)
        for number in range(4):
            self.is_answered(f"client {number}")
        self.stage.wait_until_taken()
        before = server.memory()
        for number in range(4, 24):
            self.is_answered(f"client {number}")
        self.stage.wait_for(lambda: server.memory() < before + (10 << 20))
        more = server.memory() - before
        if more >= 10 << 20:
            raise Failure("the memory of 20 clients is given back",
                          f"{more >> 20} MiB more than before", "U4")

    @check(points=1, bugs="A21 A1 D21")
    def usage(self):
        """bad arguments: exit 2; the default port is 21567"""
        ports = ("80x", "65536", "-1", "", "+80", " 80", str((1 << 32) + 80), HUGE)
        for bug, use in [*(("A1", [port]) for port in ports),
                         *(("A21", use) for use in BAD_USES)]:
            server = self.run_alone(*use)
            server.exits_with(2, bug)
            server.complains(bug)
        if not self.is_free(DEFAULT_PORT):
            raise Skip(f"port {DEFAULT_PORT} is taken by another program")
        self.run().announces(unheard="D21", wrong="D21", port=DEFAULT_PORT)

    @check(points=3, bugs="D13 C9 E14")
    def hygiene(self):
        """50 clients leave nothing behind; idle, it rests; it never sleeps"""
        self.has_no_call_to("sleep", "usleep", "nanosleep", bug="E14")
        server = self.serve("-t", 0, "0")
        self.is_answered("the first client")
        before = server.comes_to_rest()
        for number in range(2, 51):
            self.is_answered(f"client {number}")
            if number % 5 == 0:
                self.client("a client who has second thoughts").resets()
        server.comes_to_rest(before)
        if bytes(server.stdout).count(b"\n") != 1:
            raise Failure("one line on stdout, the ready line",
                          "there is more on stdout", "C9")

    @check(points=1, bugs="")
    def conversations(self):
        """whatever lines come, in whatever pieces, the answers are right"""
        self.converses(Time(), range(10))

    @check(points=1, bugs="")
    def faults(self):
        """the same when every call moves few bytes"""
        self.converses(Time(), range(14, 18), [comes_short("transmit", 3),
                                               comes_short("receive", 2)])


def _seconds(clock):
    """Return the seconds since 1970 of a struct_time in UTC."""
    return int(time.mktime(clock)) - time.timezone
