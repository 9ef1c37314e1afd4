"""Lesson 05: all the bytes of a stream.  Run the checks with: make check-lesson5"""
import random

from grader.stage import (RECEIVING, SENDING, Failure, Lesson, Skip, check, comes_short,
                          fails, few_at_a_time, stops, _)
from .protocols.fetch import Fetch
from .protocols.moving import Receiving, ReceivingRefused, Sending
from .protocols.upper import Upper

K = b"K"
LENGTHS = (0, 1, 1024, 2048)
MEBIBYTE = 1 << 20
LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789ABCD"
CALLS = 200                         # for a mebibyte, at most
TRANSFERS = RECEIVING + SENDING
MSG_WAITALL = 0x100

BAD_LENGTHS = ["", "-1", "+1", " 1", "1x", "ten", "1048577", "4294967296",
               "18446744073709551617"]
BAD_PORTS = ["80x", "-1", "65536", ""]
BAD_USES = [[], ["push", "127.0.0.1", "9", "1"], ["send"], ["recv"],
            ["send", "127.0.0.1", "9"], ["send", "127.0.0.1", "9", "1", "more"],
            ["recv", "1", "0", "more"], ["-x", "recv", "1"],
            ["-b", "127.1", "recv", "1"], ["-b", "localhost", "recv", "1"]]


def any_bytes(length):
    """Return so many bytes of all values, the same ones each time."""
    return random.Random(length).randbytes(length)


class Stream(Lesson):
    number = 5
    title = "all the bytes of a stream"
    programs = ("xfer",)
    extras = ("tcpget", "upperd")
    question = ("both ends knew LEN before they began. How can the receiver learn "
                "where a message ends when it does not?")
    play = "transfer"

    # The sending end

    @check(points=2, bugs="C7 E16 H3 C9 E14")
    def sends_exactly(self):
        """send: LEN bytes of stdin arrive, no more; it ends when K comes"""
        for length in LENGTHS:
            data = any_bytes(length)
            sender, peer = self.sender(length, data + b"and more")
            peer.receives(data)
            self.confirms(peer, sender)

    @check(points=2, bugs="C1 C10")
    def closed_port(self):
        """send: where nobody listens it says so and exits with 1"""
        port = self.closed_port_number()
        sender = self.run("send", "127.0.0.1", port, 3, stdin=b"abc")
        sender.exits_with(1, lambda: "C1" if sender.has_sent() else "C10")
        sender.says(r"^xfer: connect: Connection refused$",
                    '"xfer: connect: Connection refused"', "C1")

    @check(points=3, bugs="E2 E3 E4", crash="E4")
    def short_sends(self):
        """send: when only 7 bytes are taken at a time, all arrive in order"""
        sender, peer = self.sender(40, LETTERS, plan=comes_short("transmit", 7))
        peer.receives(LETTERS, lambda: "E3" if peer.got[7:14] == LETTERS[:7] else "E2")
        self.confirms(peer, sender, "E4")

    @check(points=2, bugs="E19 E2")
    def few_sends(self):
        """send: 1 MiB arrives whole, sent with fewer than 200 calls"""
        data = any_bytes(MEBIBYTE)
        sender, peer = self.sender(MEBIBYTE, data)
        peer.receives(data, lambda: "E19" if self.full_calls(sender)[CALLS:] else "E2")
        self.confirms(peer, sender)
        self.made_few_calls(sender)

    @check(points=2, bugs="E2 E15")
    def slow_reader(self):
        """send: when all buffers are full it waits, and 1 MiB arrives whole"""
        data = any_bytes(MEBIBYTE)
        self.has_small_buffers()
        sender, peer = self.sender(MEBIBYTE, data)
        self.stage.wait_for(sender.rests, patient=True)
        peer.receives(data)
        self.confirms(peer, sender)

    @check(points=2, bugs="E12 H16 F18 E7")
    def no_answer(self):
        """send: when no K comes it says so and exits with 1"""
        sender, peer = self.sender(10, LETTERS)
        peer.receives(LETTERS[:10])
        peer.leaves()
        self.broke(sender, 10, 10, lambda: self.end_unseen(sender))
        self.names_no_call(sender)
        sender, peer = self.sender(10, LETTERS)
        peer.receives(LETTERS[:10])
        peer.sends(b"X")
        sender.exits_with(1, "F18")

    @check(points=3, bugs="I1 E12 E8 E9")
    def peer_leaves(self):
        """send: a peer that leaves too early: how far it came, and exit 1"""
        plan = [comes_short("transmit", 7), stops("transmit", at=3)]
        sender, peer = self.sender(40, LETTERS, plan=plan)
        moved = 14 if sender.is_stopped_by_plan() else 40
        peer.receives(LETTERS[:moved])
        peer.is_done_sending()
        peer.resets()
        sender.goes_on()
        self.broke(sender, moved, 40, lambda: self.miscounts(sender, moved))
        if moved < 40:                  # else it is in recv, and may see the end
            self.names_a_call(sender)

    @check(points=3, bugs="I4 I10 E9")
    def interrupted_sends(self):
        """send: a signal at its first, second or last call does no harm"""
        plans = [[comes_short("transmit", 14), fails("transmit", "EINTR", at=k)]
                 for k in (1, 2, 3)]
        for plan in [*plans, fails("receive", "EINTR", at=1)]:
            sender, peer = self.sender(40, LETTERS, plan=plan)
            peer.receives(LETTERS, lambda p=peer, s=sender: self.after_signal(s))
            self.confirms(peer, sender, "I10", lambda s=sender: self.after_signal(s))

    @check(points=1, bugs="E15 C10")
    def short_input(self):
        """send: LEN bytes of stdin are read to the last; fewer are exit 1"""
        sender, peer = self.sender(40, LETTERS, plan=comes_short("stdin", 5))
        peer.receives(LETTERS, "E15")
        self.confirms(peer, sender)
        server = self.listener()
        self.stage.tell("puts 40 bytes on stdin, then the end", "the tester")
        sender = self.run("send", server.host, server.port, 41, stdin=LETTERS)
        sender.ends("C10", "exit status 1: stdin has 40 bytes, not 41")
        sender.exits_with(1, "C10")
        sender.complains()

    # The receiving end

    @check(points=2, bugs="D17 D16 D18 D21 D6")
    def ready_line(self):
        """recv: once it listens it prints its ready line with its port"""
        server = self.run("recv", 10, plan=stops("listen", at=1))
        if not server.is_stopped_by_plan():
            if server.has_ended():
                raise Failure("it calls listen(2), and waits for a client",
                              server.last_words(),
                              "D6" if server.called("accept") else "D21")
            raise Failure("it calls listen(2)", "it never does", "D6", "TIMEOUT")
        server.prints(b"", "D18")
        server.goes_on()
        self.address = server.announces(unheard="D17", wrong="D16")
        self.client("alice")

    @check(points=1, bugs="E14")
    def waits_quietly(self):
        """recv: it rests while nothing comes"""
        receiver = self.receiver(10)
        self.rests(receiver)
        alice = self.client("alice")
        self.rests(receiver)
        alice.sends(LETTERS[:7])
        self.rests(receiver)

    @check(points=2, bugs="E16 G4 C9 D22")
    def receives_exactly(self):
        """recv: LEN bytes come out behind the ready line, and K goes back"""
        for length in LENGTHS:
            data = any_bytes(length)
            receiver = self.receiver(length)
            alice = self.client("alice")
            alice.sends(data)
            alice.receives(K, "E16")
            receiver.exits_with(0, lambda r=receiver:
                                "D22" if r.times("accept") > 1 else "E16")
            receiver.prints(self.ready() + data, lambda r=receiver, d=data:
                            "C9" if d in r.stdout else "G4")

    @check(points=3, bugs="E1 E5")
    def single_bytes(self):
        """recv: bytes that arrive one by one are put together"""
        receiver = self.receiver(20)
        alice = self.client("alice")
        alice.sends_in_pieces(LETTERS[:20])
        self.is_complete(receiver, alice, LETTERS[:20],
                         lambda: self.pieces(receiver, 20), "E1")

    @check(points=3, bugs="E15 E5")
    def short_receives(self):
        """recv: when recv gives only 3 bytes at a time, none is lost"""
        receiver = self.receiver(40, plan=comes_short("receive", 3))
        alice = self.client("alice")
        alice.sends(LETTERS)
        self.is_complete(receiver, alice, LETTERS, "E5", "E15")

    @check(points=2, bugs="E19 E18 E15 E6", crash="E6")
    def few_receives(self):
        """recv: 1 MiB comes out whole, received with fewer than 200 calls"""
        data = any_bytes(MEBIBYTE)
        receiver = self.receiver(MEBIBYTE)
        alice = self.client("alice")
        alice.sends(data)
        self.is_complete(receiver, alice, data, lambda: self.large_trouble(receiver))
        self.made_few_calls(receiver)

    @check(points=2, bugs="E20")
    def short_writes(self):
        """recv: when stdout takes only 5 bytes at a time, all come out"""
        receiver = self.receiver(40, plan=comes_short("stdout", 5))
        alice = self.client("alice")
        alice.sends(LETTERS)
        self.is_complete(receiver, alice, LETTERS, "E20")

    @check(points=3, bugs="E12 E7 E11 H16")
    def early_end(self):
        """recv: the end after 7 of 10 bytes is told, and is exit 1"""
        for length in (7, 0):
            receiver = self.receiver(10)
            alice = self.client("alice")
            alice.sends(LETTERS[:length])
            alice.is_done_sending()
            self.broke(receiver, length, 10, lambda r=receiver: self.end_unseen(r))
            self.names_no_call(receiver)
            alice.gets_nothing("E12")

    @check(points=3, bugs="E9 E8 E12")
    def reset(self):
        """recv: a reset after 7 of 10 bytes is told, and is exit 1"""
        for length in (7, 0):
            receiver = self.receiver(10)
            alice = self.client("alice")
            alice.sends(LETTERS[:length])
            self.stage.wait_until_taken()
            alice.resets()
            self.broke(receiver, length, 10,
                       lambda r=receiver, n=length: self.miscounts(r, n))
            self.names_a_call(receiver)

    @check(points=3, bugs="I4 I10 E9")
    def interrupted_receives(self):
        """recv: a signal at its first, second or last call does no harm"""
        plans = [[comes_short("receive", 14), fails("receive", "EINTR", at=k)]
                 for k in (1, 2, 3)]
        for plan in [*plans, fails("transmit", "EINTR", at=1),
                     fails("accept", "EINTR", at=1)]:
            receiver = self.receiver(40, plan=plan)
            alice = self.client("alice")
            alice.sends(LETTERS)
            self.is_complete(receiver, alice, LETTERS, "I10",
                             lambda r=receiver: self.after_signal(r))

    @check(points=2, bugs="E21 E6", crash="E6")
    def too_much(self):
        """recv: a byte too many is an error: exit 1, and no K"""
        receiver = self.receiver(10)
        alice = self.client("alice")
        alice.sends(LETTERS[:3])
        receiver.freezes()
        alice.sends(LETTERS[3:11])
        receiver.goes_on()
        receiver.exits_with(1, "E21")
        alice.gets_nothing("E21")

    @check(points=1, bugs="H10")
    def half_close(self):
        """recv: a sender that says it is done gets its K all the same"""
        receiver = self.receiver(10)
        alice = self.client("alice")
        receiver.freezes()
        alice.sends(LETTERS[:10])
        alice.is_done_sending()
        receiver.goes_on()
        self.is_complete(receiver, alice, LETTERS[:10], "H10")

    @check(points=2, bugs="I1 C10")
    def nobody_to_tell(self):
        """recv: when the sender has gone before its K: exit 1"""
        receiver = self.receiver(10, plan=stops("transmit", at=1))
        alice = self.client("alice")
        alice.sends(LETTERS[:10])
        receiver.is_stopped_by_plan()
        alice.is_done_sending()
        alice.resets()
        receiver.goes_on()
        receiver.exits_with(1, "C10")

    @check(points=1, bugs="D21")
    def bind_option(self):
        """recv: -b 127.0.0.2 makes it listen there instead"""
        self.listens_on("127.0.0.2", "D21", "D21")

    @check(points=1, bugs="A11 A18")
    def ipv6(self):
        """recv: -b ::1 makes it listen on an IPv6 address"""
        if not self.has_ipv6():
            raise Skip("this machine has no IPv6 loopback address ::1")
        self.listens_on("::1", "A11", "A18")

    def listens_on(self, host, unheard, wrong):
        """With -b it announces and serves this address."""
        receiver = self.run("-b", host, "recv", 10, 0)
        self.address = receiver.announces(unheard, wrong, host)
        alice = self.client("alice")
        alice.sends(LETTERS[:10])
        alice.receives(K)
        receiver.exits_with(0)

    # Both ends

    @check(points=2, bugs="A21 A1")
    def bad_usage(self):
        """a bad length, port, address or word is refused with exit 2"""
        uses = [(["recv", n], "A21") for n in BAD_LENGTHS]
        uses += [(["send", "127.0.0.1", "9", n], "A21") for n in BAD_LENGTHS[-3:]]
        uses += [(["recv", "1", p], "A1") for p in BAD_PORTS]
        uses += [(["send", "127.0.0.1", p, "1"], "A1") for p in BAD_PORTS]
        for arguments, bug in uses + [(u, "A21") for u in BAD_USES]:
            program = self.run(*arguments, stdin=LETTERS)
            self.stage.is_about(program)
            program.ends(bug, "exit status 2: this is wrong usage")
            program.exits_with(2, bug)
            program.complains(bug)
            if program.called("socket"):
                raise Failure("no socket is made", "socket(2) was called first", bug)

    @check(points=3, bugs="E2 E3 I4 I10 U18")
    def earlier_lessons(self):
        """lessons 01 and 04 hold as well, under short counts and signals"""
        mischief = [*(comes_short(call, 1000) for call in ("transmit", "receive",
                                                           "stdout")),
                    fails("transmit", "EINTR", at=2), fails("receive", "EINTR", at=2),
                    fails("accept", "EINTR", at=1)]
        data = any_bytes(60000)
        if not self.has("tcpget"):          # xfer.c has loops of its own: its turn
            self.with_xfer(data, mischief)
            return
        self.with_lesson01(data, mischief)
        self.with_lesson04(data, mischief)

    @check(points=2, bugs="U4 E14")
    def hygiene(self):
        """it never sleeps, gives back its memory, and leaves nothing behind"""
        self.has_no_call_to("sleep", "usleep", "nanosleep", bug="E14")
        receiver = self.receiver(10, leaks=True)
        alice = self.client("alice")
        alice.sends(LETTERS[:10])
        self.is_complete(receiver, alice, LETTERS[:10])
        sender, peer = self.sender(10, LETTERS, leaks=True)
        peer.receives(LETTERS[:10])
        self.confirms(peer, sender)

    # Sentences of this lesson

    def sender(self, length, data, **options):
        """Start `xfer send` with data on stdin; return it and its peer."""
        server = self.listener()
        sender = self.run("send", server.host, server.port, length, stdin=data,
                          **options)
        if not self.stage.wait_for(lambda: server.is_visited() or sender.has_ended()) \
                or server.is_visited():
            return sender, server.accepts()
        raise Failure("it connects, and sends", sender.last_words())

    def receiver(self, length, **options):
        """Start `xfer recv`; return it once it listens."""
        return self.serve("recv", length, **options)

    def ready(self):
        """Return the ready line of the program that listens at self.address."""
        return b"listening on %s:%d\n" % (self.address[0].encode(), self.address[1])

    def confirms(self, peer, sender, excess="C7", failure="E16"):
        """Nothing more comes, the peer sends K, and the sender ends with status 0.

        excess, failure  the bugs to name when more came, or when it did not end so
        """
        self.rests(sender)
        peer.has_no_surplus(excess)
        if sender.has_ended():
            raise Failure("it waits until K comes", sender.last_words(),
                          failure if sender.status else "H3")
        peer.sends(K)
        sender.ends(failure, "K has come: it ends")
        sender.exits_with(0, failure)
        sender.prints(b"", "C9")

    def rests(self, program):
        """It has taken what there is and waits, or has ended: it does not spin."""
        if not self.stage.wait_until_taken() and program.spins():
            raise Failure("it rests while nothing comes", "it never rests", "E14",
                          "TIMEOUT")

    def is_complete(self, receiver, peer, data, garbled=None, failure=None):
        """The peer gets its K, and the data are on stdout behind the ready line.

        garbled, failure  the bugs to name when stdout is not that, or no K came
        """
        peer.receives(K, failure or garbled)
        receiver.exits_with(0, failure or garbled)
        receiver.prints(self.ready() + data, garbled)

    def broke(self, program, moved, length, bug=None):
        """It says that the connection broke after `moved` bytes, and exits with 1."""
        program.exits_with(1, bug)
        line = f"xfer: socket connection broken after {moved} of {length} bytes"
        said = [text for text in bytes(program.stderr).splitlines()
                if b"broken after" in text]
        if said and line.encode() not in said:
            raise Failure(_('on stderr "{line}"', line=line),
                          _("{line:quoted}", line=said[-1]), bug)
        program.says(f"^{line}$", _('"{line}"', line=line), bug)

    @staticmethod
    def names_a_call(program):
        """Before it says that the connection broke, it says which call failed."""
        program.says(r"^xfer: \w+: [^\n]+\n(?:[^\n]*\n)*xfer: socket connection broken",
                     '"xfer: CALL: reason" first', "E12")

    @staticmethod
    def names_no_call(program):
        """It says nothing of a failed call: none failed."""
        if program.has_said(r"^xfer: \w+: "):
            raise Failure('at end-of-file no line "xfer: CALL: reason"',
                          _("{line:quoted}",
                            line=bytes(program.stderr).partition(b"\n")[0]), "H16")

    def pieces(self, receiver, length):
        """Return the bug of a receiver that did not put `length` bytes together."""
        return "E5" if len(receiver.stdout) == len(self.ready()) + length else "E1"

    @staticmethod
    def end_unseen(receiver):
        """Return the bug of a receiver that did not notice the end."""
        if receiver.status is None:
            return "E7"
        calls = receiver.trace.calls("recv")
        return "E11" if any(c.flags & MSG_WAITALL for c in calls) else "E12"

    def sees_unsigned(self):
        """Say whether the compiler found an unsigned number compared with 0."""
        return "type-limits" in self.built.warnings or \
            "unsigned-zero-compare" in self.built.warnings

    def after_signal(self, program):
        """Return the bug of a program that took an interruption amiss."""
        if self.sees_unsigned():
            return "E9"
        return "I4" if self.stage.wait_for(program.has_ended) else "I10"

    def miscounts(self, program, moved):
        """Return the bug of a program that did not come to the right count."""
        if self.sees_unsigned():
            return "E9"
        if program.has_said(f"after {moved - 1} of"):
            return "E8"
        calls = [c.error for c in program.trace.calls() if c.name in TRANSFERS
                 and c.fd > 2]
        return "E9" if {"ECONNRESET", "EPIPE"} & set(calls[:-1]) else "E12"

    def large_trouble(self, receiver):
        """Return the bug of a receiver that did not get the whole mebibyte."""
        if self.full_calls(receiver)[CALLS:]:
            return "E19"
        asked = [c.length for c in receiver.trace.calls("recv", "read")]
        return "E18" if 0 in asked else "E15"

    @staticmethod
    def full_calls(program):
        """Return its calls on sockets that moved all they asked for.

        Who gets less than that has taken all there was: no fault of the program.
        """
        return [c for c in program.trace.calls() if c.name in TRANSFERS
                and c.fd > 2 and c.result == c.length]

    def made_few_calls(self, program):
        """It made fewer than CALLS such calls."""
        calls = self.full_calls(program)
        if len(calls) >= CALLS:
            name = calls[-1].name
            raise Failure(_("fewer than {most} calls for 1 MiB", most=CALLS),
                          _("{n:,} calls of {name}()", n=program.times(name),
                            name=name), "E19")

    def with_lesson01(self, data, mischief):
        """tcpget, linked with this stream.c, sends data and prints the reply."""
        server = self.listener()
        client = self.run(server.host, server.port, program="tcpget", stdin=data,
                          plan=mischief)
        visitor = server.accepts()
        visitor.receives(data)
        visitor.sends(data[::-1])
        visitor.leaves()
        client.exits_with(0)
        client.prints(data[::-1])

    def with_lesson04(self, data, mischief):
        """upperd, linked with this stream.c, sends everything back in upper case."""
        server = self.serve("-1", "0", program="upperd", plan=mischief)
        alice = self.client("alice")
        alice.sends(data)
        try:
            alice.receives(data.upper())
        except Failure as failure:
            self.each_piece_was_sent(server, failure.verdict)
            raise
        alice.leaves()
        server.exits_with(0)

    @staticmethod
    def each_piece_was_sent(server, verdict):
        """Its every call of send_all called send: none begins where the last ended."""
        moved = [c.name for c in server.trace.calls() if c.name in TRANSFERS
                 and c.fd > 2 and c.result and c.result > 0]
        sent = sum(name.startswith(("send", "write")) for name in moved)
        if sent < len(moved) - sent:
            raise Failure("upperd receives a piece, and send_all sends it, each time",
                          _("{received} pieces received, {sent} sent",
                            received=len(moved) - sent, sent=sent), "E2", verdict)

    def with_xfer(self, data, mischief):
        """xfer sends and receives data under all the mischief at once."""
        sender, peer = self.sender(len(data), data, plan=mischief)
        peer.receives(data)
        self.confirms(peer, sender)
        receiver = self.receiver(len(data), plan=mischief)
        alice = self.client("alice")
        alice.sends(data)
        self.is_complete(receiver, alice, data)

    @check(points=1, bugs="")
    def conversations(self):
        """both ends are right, whatever LEN is and the other end does"""
        self.converses(Receiving(), range(12))
        self.converses(Sending(), range(8))

    @check(points=1, bugs="")
    def faults(self):
        """the same when calls move few bytes, each after a signal"""
        few = few_at_a_time(transmit=3, receive=2, stdin=5, stdout=1)
        self.converses(Receiving(), range(8, 11), few)
        self.converses(Sending(), range(8, 11), few)
        self.converses(ReceivingRefused(), range(2))
        for name, protocol in (("tcpget", Fetch()), ("upperd", Upper())):
            if self.has(name):
                self.converses(protocol, range(2), few)
