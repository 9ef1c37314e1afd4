"""Lesson 02: addresses and byte order.  Run the checks with: make check-lesson2"""
import errno
import re
import socket
import struct

from grader.stage import Failure, Lesson, Skip, check, fails, stops, _

REFUSED, UNKNOWN = 2, 1             # exit statuses

# Texts to read as addresses, good and bad; Python's socket module knows which.
TEXTS = [
    "0.0.0.0", "127.0.0.1", "10.0.0.9", "222.76.216.16", "220.176.36.76", "1.2.3.4",
    "192.168.1.254", "172.16.0.1", "169.254.9.8", "224.0.0.251", "239.255.255.255",
    "255.255.255.254", "255.255.255.255", "128.0.0.0", "5.6.7.80",
    "", " ", ".", "1", "1.2", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.5",
    "1.2.3.4.", "256.1.1.1", "1.1.1.256", "999.1.1.1", "1.2.3.4294967296", "127.1",
    "010.0.0.1", "1.2.3.08", "00.0.0.0", "0x7f.0.0.1", "0x7f000001", "2130706433",
    "-1.2.3.4", "+1.2.3.4", "1.2.3.-4", "1.2.3.4x", "1.2.3.4 ", " 1.2.3.4",
    "1.2.3. 4", "1,2,3,4", "1.2.3.4:80", "1.2.3.4/8", "a.b.c.d", "not-an-ip",
    "::", "::1", "1::", "fe80::1", "ff02::1:ff00:42", "2001:db8::8:800:200c:417a",
    "2001:DB8::A", "2001:0db8:0000:0000:0000:0000:0000:0001", "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:0:0:2:0:0:0:3", "1:0:2:0:3:0:4:0",
    "0:0:1:0:0:1:0:0", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "::ffff:222.76.216.16", "::ffff:7f00:1", "fec0::abcd:0:9",
    ":", ":::", ":1", "1:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1::",
    "1::2::3", "12345::", "::g", "::1 ", " ::1", "[::1]", "::1%1", "fe80::1%lo",
    "::1/128", "::1.2.3", "::ffff:1.2.3.256", "::ffff:010.0.0.1", "1.2.3.4::", "::-1",
    "1:2:3:4:5:6:7:1.2.3.4", "localhost", "::ffff:1.2.3.4:5",
]

CLASSES = {
    "127.0.0.1": "loopback", "0.0.0.0": "any", "255.255.255.255": "broadcast",
    "222.76.216.16": "global", "127.0.0.2": "loopback", "127.255.255.255": "loopback",
    "126.255.255.255": "global", "128.0.0.0": "global", "0.0.0.1": "global",
    "10.0.0.0": "private", "10.255.255.255": "private", "11.0.0.0": "global",
    "9.255.255.255": "global", "172.16.0.0": "private", "172.31.255.255": "private",
    "172.15.255.255": "global", "172.32.0.0": "global", "192.168.0.0": "private",
    "192.168.255.255": "private", "192.169.0.0": "global", "192.167.255.255": "global",
    "169.254.0.0": "link-local", "169.254.255.255": "link-local",
    "169.253.255.255": "global", "169.255.0.0": "global", "224.0.0.0": "multicast",
    "239.255.255.255": "multicast", "240.0.0.0": "global", "223.255.255.255": "global",
    "255.255.255.254": "global", "100.64.0.1": "global", "1.0.0.127": "global",
}
CLASSES6 = {
    "::1": "loopback", "::": "any", "2001:db8::1": "global", "::2": "global",
    "fc00::": "private", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "private",
    "fbff::1": "global", "fe00::1": "global", "fe80::1": "link-local",
    "febf:ffff::1": "link-local", "fe7f:ffff::1": "global", "fec0::1": "global",
    "ff02::1": "multicast", "ff00::": "multicast", "feff::1": "global",
    "::ffff:127.0.0.1": "global", "::ffff:10.0.0.1": "global",
    "7f00:1::": "global", "1::": "global",
}

SERVICES = [(name, proto) for proto in ("tcp", "udp") for name in
            ("http", "telnet", "ssh", "smtp", "domain", "ntp", "https", "www", "imap2",
             "tftp")]
PROTOCOLS = ["tcp", "udp", "icmp", "ip", "ipv6", "TCP", "sctp"]
FAMILIES = ["AF_UNIX", "AF_INET", "AF_INET6"]
TYPES = ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET"]
KINDS = [(family, kind) for family in FAMILIES for kind in TYPES]
BACKLOGS = {128, 4096, socket.SOMAXCONN}    # SOMAXCONN of older and newer headers


def family_of(text):
    """Return the family of a numeric address, None when inet_pton(3) refuses it."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
            return family
        except (OSError, ValueError):   # a zero byte is a ValueError
            pass
    return None


def bytes_of(text):
    """Return the bytes of an address, None for what is none.

    The machine's resolver must read an address in the same way as inet_pton(3);
    it takes more texts than that, such as 127.1 and fe80::1%lo.
    """
    family = family_of(text)
    if family is None:
        return None
    data = socket.inet_pton(family, text)
    found = socket.getaddrinfo(text, None, type=socket.SOCK_STREAM,
                               flags=socket.AI_NUMERICHOST)[0]
    if (found[0], socket.inet_pton(found[0], found[4][0])) != (family, data):
        raise AssertionError(f"getaddrinfo and inet_pton disagree about {text}")
    return data


def read(text):
    """Return what `addr pton text` is to answer."""
    data = bytes_of(text)
    return REFUSED if data is None else f"{4 if len(data) == 4 else 6} {data.hex()}"


def is_written_one_way(data):
    """Say whether these bytes have one text; ::1.2.3.4 and ::102:304 are the same."""
    return len(data) == 4 or any(data[:12]) or not any(data[:15])


def number_of(lookup, *names):
    """Return what this lookup of Python's says, None where the machine has no entry."""
    try:
        return str(lookup(*names))
    except OSError:
        return None


def wire(number, size):
    """Return the bytes of `number` on the wire as text, by htons or htonl."""
    data = struct.pack("=H", socket.htons(number)) if size == 2 else \
        struct.pack("=I", socket.htonl(number))
    return data.hex(" ")


def error_names(number):
    """Return all names of an errno: some have two."""
    return {name for name in dir(errno) if getattr(errno, name) == number}


def what_the_kernel_says(family, kind):
    """Return {"ok"}, or the names of the error with which it refuses such a socket."""
    try:
        socket.socket(getattr(socket, family), getattr(socket, kind), 0).close()
        return {"ok"}
    except OSError as e:
        return error_names(e.errno)


def turned(hexadecimal):
    """Return hex digits with the bytes in the other order."""
    try:
        return bytes.fromhex(hexadecimal)[::-1].hex()
    except ValueError:
        return ""


# Which bug: what was printed (or the exit status) tells it.  answer: what is right.

def bug_in_bytes(answer, run):
    """A text should have become "4 7f000001" or the like."""
    said = bytes(run.stdout).decode("latin-1").strip()
    version, right = answer.split()
    if run.status == REFUSED:
        return "A5" if right == "ffffffff" else "A11" if version == "6" else "A27"
    if version == "6" and said.startswith("4 "):
        return "A5" if run.called("inet_addr") else "A7"
    have = re.sub(r"^[46] |0x|\W", "", said).lower()
    if have == turned(right):
        return "B1"
    if "ffffff" in have and "ffffff" not in right:
        return "B5"
    short = "".join(f"{byte:x}" for byte in bytes.fromhex(right))
    if have != right and have in (short, f"{int(right, 16):x}"):
        return "B10"
    return "A28"


def bug_in_number(answer, run):
    """A number should have become its two or four bytes."""
    said = bytes(run.stdout).decode("latin-1").split()
    right = answer.split()
    padded = [byte.rjust(2, "0").lower() for byte in said]
    if padded == right[::-1]:
        return "B1"
    if any(byte.startswith("ffffff") for byte in said):
        return "B5"
    if not all(re.fullmatch("[0-9a-f]{1,2}", byte) for byte in said):
        return "A28"
    if len(said) != len(right):
        return "B7"
    return "B10" if padded == right else "B2"


def bug_in_refusal(text, run):
    """A text that is no address should have been refused."""
    if run.status not in (0, REFUSED):
        return "A21"
    said = bytes(run.stdout).decode("latin-1").strip()
    if text == "localhost" and asks_for_names(run):
        return "A26"
    if said == "4 ffffffff":
        return "A5"
    if said == f"4 {generously(text)}" or run.called("getaddrinfo"):
        return "A6"
    if run.called("inet_addr"):
        return "A5"
    numbers = bytes(int(n) % 256 for n in re.findall(r"\d+", text)[:4])
    resembles = any(numbers) and numbers.hex() in said
    return "A27" if resembles or said.startswith("6 ") and ":" in text else "A7"


def generously(text):
    """Return what inet_aton(3) makes of a text, in hex digits, "" if nothing."""
    try:
        return socket.inet_aton(text).hex()
    except OSError:
        return ""


def asks_for_names(run, name=b"localhost"):
    """Say whether the program had this name looked up: evidence of the trace."""
    return any(call.question.split(b"\0")[0] == name and
               not (call.name == "getaddrinfo" and call.flags & socket.AI_NUMERICHOST)
               for call in run.trace.calls("getaddrinfo", "gethostbyname"))


class Addresses(Lesson):
    number = 2
    title = "addresses and the order of bytes"
    programs = ("addr",)
    question = ("your program knows 127.0.0.1 and ::1 but not localhost. Who knows "
                "that name, and who decides which of the two it means?")
    play = ("addr pton 222.76.216.16", "addr pton ::1", "addr ntop de4cd810",
            "addr hton32 20000", "addr service http tcp", "addr class 172.31.0.1",
            "addr consts", "addr types")

    @check(points=3, bugs="B1 B5 B10 A28 A27")
    def ipv4_text_to_bytes(self):
        """the text 222.76.216.16 becomes the bytes de 4c d8 10"""
        self.answers([(["pton", text], read(text)) for text in
                      ("222.76.216.16", "127.0.0.1", "10.0.0.9")], bug_in_bytes)

    @check(points=2, bugs="A11 A7 A5 B1 B5 B10 A28")
    def ipv6_text_to_bytes(self):
        """an IPv6 address becomes its 16 bytes"""
        self.answers([(["pton", text], read(text)) for text in
                      ("1:2:3:4:5:6:7:8", "::1", "2001:db8::8:800:200c:417a")],
                     bug_in_bytes)

    @check(points=3, bugs="A6 A5 A7 A27 A21 U2")
    def not_dotted_decimal(self):
        """127.1, 010.0.0.1 and words are refused with exit 2"""
        for text in ("999.1.1.1", "not-an-ip", "127.1", "010.0.0.1", "1.2.3", ""):
            self.answers([(["pton", text], REFUSED)],
                         lambda _, run, text=text: bug_in_refusal(text, run))

    @check(points=2, bugs="A5")
    def all_ones(self):
        """255.255.255.255 is an address like any other"""
        self.answers([(["pton", "255.255.255.255"], "4 ffffffff")])

    @check(points=3, bugs="B1 A11 A24 A28")
    def bytes_to_text(self):
        """the bytes become the text again, IPv6 in its short form"""
        table = [(["ntop", bytes_of(text).hex()], text) for text in
                 ("222.76.216.16", "10.0.0.1", "::1", "1:2:3:4:5:6:7:8",
                  "2001:db8::8:800:200c:417a", "::ffff:222.76.216.16")]
        self.answers(table, self.bug_in_text)

    @staticmethod
    def bug_in_text(answer, run):
        """Bytes should have become this text."""
        said = bytes(run.stdout).decode("latin-1").strip()
        data, have = bytes_of(answer), bytes_of(said)
        if len(data) == 16 and (have is None or len(have) == 4):
            return "A11"
        if have == data:
            return "A28" if said == answer else "A24"
        return "B1" if have == data[::-1] else "A28"

    @check(points=1, bugs="A21")
    def bad_bytes(self):
        """what is not 8 or 32 hex digits is refused with exit 2"""
        self.answers([(["ntop", text], REFUSED) for text in
                      ("", "de4cd81", "de4cd8100", "ze4cd810", "de4cd81 ",
                       "0" * 31, "0" * 33, "0" * 31 + "g", "-1-1-1-1", "+1+1+1+1",
                       " 1 1 1 1", "0xde4cd8", "0x4cd810")])

    @check(points=3, bugs="A27 A6 A5 A7 A24 A26 A11 A21 A28 B1 B5 B10")
    def agrees_with_the_machine(self):
        """it reads and writes addresses as the machine does, good and bad"""
        for text, run in [(text, self.run("pton", text)) for text in TEXTS]:
            self.replies(run, read(text), lambda right, run, text=text:
                         bug_in_refusal(text, run) if right == REFUSED
                         else "A27" if run.status == REFUSED
                         else bug_in_bytes(right, run))
        self.stage.is_about()
        known = {bytes_of(text) for text in TEXTS} - {None}
        self.answers([(["ntop", data.hex()],
                       socket.inet_ntop(socket.AF_INET if len(data) == 4
                                        else socket.AF_INET6, data))
                      for data in sorted(known) if is_written_one_way(data)],
                     self.bug_in_text)

    @check(points=2, bugs="A1")
    def ports(self):
        """a port is 0 to 65535 in digits alone; all else is refused"""
        self.answers([(["port", text], str(int(text))) for text in
                      ("80", "0", "65535", "21577", "010")])
        self.answers([(["port", text], REFUSED) for text in
                      ("65536", "70000", "80x", " 80", "80 ", "+80", "-1", "", "http",
                       "4294967376", "99999999999999999999", "8 0")])

    @check(points=2, bugs="B1 B2 B5 B7 B10 A28")
    def sixteen_bits(self):
        """20000 in 16 bits goes over the wire as 4e 20"""
        self.answers([(["hton16", number], wire(number, 2))
                      for number in (20000, 258, 65535, 200, 51200, 0)], bug_in_number)

    @check(points=2, bugs="B1 B2 B5 B7 B10 A28")
    def thirty_two_bits(self):
        """20000 in 32 bits goes over the wire as 00 00 4e 20"""
        self.answers([(["hton32", number], wire(number, 4)) for number in
                      (20000, 16909060, 65793, 4294967295, 200, 3355443200, 0)],
                     bug_in_number)

    @check(points=1, bugs="B9")
    def numbers_too_large(self):
        """a number that does not fit, or is none, is refused with exit 2"""
        self.answers([(["hton16", text], REFUSED) for text in
                      ("65536", "85536", "4294987296", "99999999999999999999", "-1",
                       "", "x", "20000x")])
        self.answers([(["hton32", text], REFUSED) for text in
                      ("4294967296", "4294987296", "99999999999999999999", "-1",
                       "18446744073709551617", "", "20000x")])

    @check(points=2, bugs="A3 A23", crash="A23")
    def services(self):
        """http over tcp is port 80, telnet over tcp is port 23"""
        known = [(names, number_of(socket.getservbyname, *names)) for names in SERVICES]
        table = [(["service", *names], port) for names, port in known if port]
        if [port for _, port in known[:2]] != ["80", "23"]:
            raise Skip("this machine has no list of services with http and telnet")
        self.answers(table, lambda right, run: "A3" if bytes(run.stdout).strip()
                     == str(socket.htons(int(right))).encode() else "A23")

    @check(points=1, bugs="A23", crash="A23")
    def protocols(self):
        """the protocol tcp is number 6, udp is 17"""
        known = [(name, number_of(socket.getprotobyname, name)) for name in PROTOCOLS]
        if [number for _, number in known[:2]] != ["6", "17"]:
            raise Skip("this machine has no list of protocols with tcp and udp")
        self.answers([(["proto", name], number) for name, number in known if number])

    @check(points=2, bugs="A23 U2", crash="A23")
    def unknown_names(self):
        """an unknown service or protocol: a message and exit 1"""
        self.answers([(words, UNKNOWN) for words in (
            ["service", "no-such-service", "tcp"], ["service", "http", "no-such-proto"],
            ["proto", "no-such-proto"])])

    @check(points=2, bugs="A26", crash="A23")
    def stays_at_home(self):
        """it asks nobody: no connection is made, no name is looked up"""
        for words in (["pton", "localhost"], ["class", "localhost"],
                      ["service", "http", "tcp"], ["proto", "tcp"]):
            run = self.run(*words)
            self.stage.is_about(run)
            if words[1] == "localhost":
                run.exits_with(REFUSED)
            run.ends()
            calls = [c.name for c in run.trace.calls("connect", "sendto", "sendmsg")]
            if asks_for_names(run) or calls:
                raise Failure("nobody is asked",
                              _("{call}(2) was called", call=calls[0]) if calls
                              else "the name localhost was looked up")

    @check(points=3, bugs="A22 A4 A11 A6 A7")
    def classes(self):
        """it knows private, loopback and other addresses to the bit"""
        self.answers([(["class", text], kind) for text, kind in CLASSES.items()],
                     lambda right, run: "A4" if run.args[1] == "127.0.0.1"
                     and run.stdout == b"global\n" else "A22")
        self.answers([(["class", text], kind) for text, kind in CLASSES6.items()],
                     lambda right, run: "A11" if run.status == REFUSED else "A22")
        self.answers([(["class", text], REFUSED) for text in ("127.1", "", "::1::")],
                     lambda right, run: "A6" if run.args[1] == "127.1" else "A7")

    @check(points=1, bugs="A25 A4")
    def constants(self):
        """the constants are those of the headers, addresses in host order"""
        values = {"INADDR_ANY": ["00000000"], "INADDR_BROADCAST": ["ffffffff"],
                  "INADDR_LOOPBACK": ["7f000001"], "IPPORT_RESERVED": ["1024"],
                  "SOMAXCONN": [str(n) for n in sorted(BACKLOGS)]}
        self.lists(self.run("consts"), values,
                   lambda value: "A4" if value == "0100007f" else "A25")

    @check(points=3, bugs="A25 U1")
    def types(self):
        """types says of each kind of socket what the kernel says"""
        def bug(value):
            return "U1" if re.fullmatch("E[A-Z]+|[0-9-]+", value) else "A25"
        self.lists(self.run("types"),
                   {f"{family} {kind}": sorted(what_the_kernel_says(family, kind))
                    for family, kind in KINDS}, bug)
        run = self.run("types", plan=fails("socket", "EAFNOSUPPORT"))
        self.lists(run, {f"{family} {kind}": ["EAFNOSUPPORT"]
                         for family, kind in KINDS}, bug)

    @check(points=1, bugs="A21")
    def usage(self):
        """a wrong command or number of arguments is refused with exit 2"""
        self.answers([(words, REFUSED) for words in (
            [], ["no-such-command"], ["pton"], ["pton", "1.2.3.4", "more"], ["ntop"],
            ["hton16"], ["hton32"], ["port"], ["service", "http"], ["service"],
            ["proto"], ["class"], [""])])

    @check(points=2, bugs="U11 U4 E14 U9")
    def hygiene(self):
        """it leaves no descriptor open, no memory behind, and never sleeps"""
        self.has_no_call_to("sleep", "usleep", "nanosleep", bug="E14")
        self.gives_back_its_sockets()
        self.stage.begins_a_new_page()        # the runs that follow have their own
        for words in (["pton", "::1"], ["ntop", "7f000001"], ["class", "fe80::1"],
                      ["types"]):
            run = self.run(*words, leaks=True)
            self.stage.is_about(run)
            run.exits_with(0)

    # Sentences of this lesson

    def gives_back_its_sockets(self):
        """Before types makes its last socket the others are closed, or will be."""
        run = self.run("types", plan=[stops("socket", at=1),
                                      stops("socket", at=len(KINDS))])
        more = 0
        if run.is_stopped_by_plan():
            before = run.open_descriptors()
            run.goes_on()
            if run.is_stopped_by_plan():
                more = run.open_descriptors() - before
                run.goes_on()
        run.exits_with(0)
        closed = sum(c.result == 0 for c in run.trace.calls("close"))
        if more > 2 and closed < more:
            raise Failure("no more descriptors open than at the start",
                          _("{more} more are open", more=more))

    def answers(self, table, bug=None):
        """Each of these command lines gets its answer; all of them run at once.

        table  a list of (words, answer); an answer is a line on stdout with exit
               status 0, or the exit status of a refusal: a message, no stdout
        bug    an ID, or a function of the answer and the run that finds it out
        """
        for answer, run in [(answer, self.run(*words)) for words, answer in table]:
            self.replies(run, answer, bug)
        self.stage.is_about()

    def replies(self, run, answer, bug=None):
        """This run gives this answer, see answers(); a report is about it alone."""
        def find():
            return bug(answer, run) if callable(bug) else bug
        self.stage.is_about(run)
        run.ends(find)
        if isinstance(answer, int):
            self.is_refused(run, answer, find)
            return
        if run.status:
            raise Failure(_('exit status 0 and the answer "{answer}"', answer=answer),
                          run.how_it_ended(), find)
        run.prints(f"{answer}\n".encode(), find)

    @staticmethod
    def is_refused(run, status, bug):
        """This run, which has ended, gave a message, no answer and this status."""
        said = bytes(run.stdout).strip()
        if run.status != status:
            words = "{how}" + " and the answer {said:quoted}" * bool(
                said and run.status == 0)
            raise Failure(_("a message, no answer, and exit status {status}",
                            status=status),
                          _(words, how=run.how_it_ended(), said=said), bug)
        if run.stdout:
            raise Failure("a message on stderr, nothing on stdout",
                          _("on stdout {said:quoted}", said=said), "U2")
        run.complains("A23" if status == UNKNOWN else "A21")

    def lists(self, run, values, bug):
        """It prints a line `NAME VALUE` for each name, in any order, and no other.

        values  {name: the values that are right}
        bug     a function of the wrong value, "" for a missing line
        """
        self.stage.is_about(run)
        run.exits_with(0, lambda: bug(""))
        lines = bytes(run.stdout).decode("latin-1").splitlines()
        said = {}
        for line in lines:
            name, _blank, value = line.rpartition(" ")
            said[name] = value
        for name, right in values.items():
            if said.get(name) not in right:
                raise Failure(_('the line "{name} {values}"', name=name,
                                values=" or ".join(right)),
                              _('"{name} {value}"', name=name, value=said[name])
                              if name in said
                              else _('no line that begins with "{name} "', name=name),
                              bug(said.get(name, "")))
        if len(lines) != len(values):
            raise Failure(_("{n:line}", n=len(values)),
                          _("there are {n}", n=len(lines)), bug(""))
        self.stage.is_about()
