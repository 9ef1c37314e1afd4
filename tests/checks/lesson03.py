"""Lesson 03: names and addresses.  Run the checks with: make check-lesson3"""
import ctypes
import socket

from grader.stage import (UNNAMED, Failure, Lesson, Skip, answers, changes_errno, check,
                          fails, names, stops, _)

REQUEST = b"hello \0 names\n"
REPLY = b"\0a reply\r\n" + bytes(range(256))
OBSOLETE = ("gethostbyname", "gethostbyname2", "gethostbyaddr", "gethostbyname_r",
            "gethostbyname2_r", "gethostbyaddr_r", "gethostent")
REFUSED = "Connection refused"
HINTS_ARE_DIRTY = 1                 # in the trace: what must be zero is not
TYPE_FLAGS = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
SERVICES = ("http", "postgresql", "mysql", "x11", "openvpn", "sip", "radius", "ircd")
BAD_PORTS = ["65536", "99999999999999999999", "-1", "+80", " 80", "80 ", ""]
BAD_USES = {"tcpcat": [[], ["127.0.0.1"], ["127.0.0.1", "80", "more"],
                       ["-x", "127.0.0.1", "80"]],
            "lookup": [[], ["localhost", "more"], ["-x", "localhost"], ["-r"],
                       ["-r", "-f", "127.0.0.1"], ["-f", "-r", "127.0.0.1"]]}

# Hosts that need no network: numbers of all kinds, good and bad.
NUMBERS = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "255.255.255.255", "10.0.0.9",
           "222.76.216.16", "127.1", "010.0.0.1", "0x7f.0.0.1", "2130706433", "::1",
           "::", "1::", "fe80::abcd", "2001:DB8::A", "1:0:0:2:0:0:0:3",
           "2001:0db8:0000:0000:0000:0000:0000:0001", "1:2:3:4:5:6:7:8",
           "::ffff:222.76.216.16", "ff02::1:ff00:42",
           "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
NO_NUMBERS = ["localhost", "", ":", ":::", "::g", "12345::", "1::2::3", "[::1]",
              "::1/128", "1:2:3:4:5:6:7:8:9", "::1 ", "::ffff:1.2.3.256", "1.2.3.4::",
              "256.1.1.1", "1.2.3.4.5", "1..2", "-1"]
LOOPBACKS = ["127.0.0.1", "127.0.0.2", "127.1.2.3", "::1", "127.1", "0x7f.0.0.1",
             "2130706433"]


def words_for(code):
    """Return what gai_strerror(3) says about one of getaddrinfo's errors."""
    libc = ctypes.CDLL(None)
    libc.gai_strerror.restype = ctypes.c_char_p
    return libc.gai_strerror(code).decode()


def lines_about(host):
    """Return the lines of `lookup HOST` by this machine's resolver, None: no answer."""
    try:
        found = socket.getaddrinfo(host, None, 0, socket.SOCK_STREAM, 0,
                                   socket.AI_CANONNAME)
    except OSError:
        return None
    return [found[0][3], *dict.fromkeys(entry[4][0] for entry in found)]


def is_number(text):
    """Say whether this machine takes the text for a numeric address."""
    try:
        socket.getaddrinfo(text.encode(), None, flags=socket.AI_NUMERICHOST)
        return True
    except OSError:
        return False


def hosts_file(word):
    """Say whether this name or address stands in /etc/hosts."""
    try:
        with open("/etc/hosts", encoding="utf-8", errors="replace") as file:
            return any(word in line.partition("#")[0].split() for line in file)
    except OSError:
        return False


class Names(Lesson):
    number = 3
    title = "names and addresses"
    programs = ("tcpcat", "lookup")
    question = ("a name has two addresses, and the first one does not answer at all. "
                "How long does your client take to reach the second?")
    play = ("lookup localhost", "lookup 127.0.0.1", "lookup ::1",
            "lookup -r 127.0.0.1", "lookup -f localhost")

    # tcpcat

    @check(points=2, bugs="C7 G4 C8 C12 A14 A15", crash="A14")
    def talks_like_tcpget(self):
        """tcpcat sends its request and prints the reply, as in lesson 01"""
        server = self.listener()
        client = self.run(server.host, server.port, stdin=REQUEST)
        visitor = self.arrives(client, server, self.why_not_here)
        visitor.receives(REQUEST, "C7")
        visitor.has_nothing_more("C7", "C12")
        visitor.sends(REPLY)
        self.stage.wait_until_taken()
        visitor.sends(b"the end")
        visitor.leaves()
        client.ends()
        client.prints(REPLY + b"the end",
                      "C8" if bytes(client.stdout) == REPLY else "G4")
        client.exits_with(0, "C10")

    def why_not_here(self):
        """Return the bug that kept the program from connecting, by the trace."""
        client = self.program
        asked = client.trace.calls("getaddrinfo")
        if any(call.hints == HINTS_ARE_DIRTY for call in asked):
            return "A15"
        if any(call.type & ~TYPE_FLAGS == socket.SOCK_DGRAM
               for call in client.trace.calls("socket")):
            return "A16"
        tried = {call.fd for call in client.trace.calls("connect")}
        return "C3" if client.times("connect") > len(tried) else "A12"

    @check(points=3, bugs="A12 A16 A14", crash="A14")
    def tries_every_address(self):
        """of several addresses it reaches the first that answers"""
        server = self.listener("127.0.0.3")
        plan = answers("127.0.0.2", "127.0.0.3", port=server.port)
        self.reaches(server, "two.example", server.port, plan=plan)
        other = self.listener("127.0.0.4", server.port)
        plan = answers("127.0.0.2", "127.0.0.3", "127.0.0.4", port=server.port)
        self.reaches(server, "three.example", server.port, plan=plan, lost="A12")
        other.has_no_visitor("A12", "the addresses are tried in order")

    def reaches(self, server, *args, bug=None, lost="C7", **options):
        """A run of tcpcat arrives at this listener, gets its reply and ends well.

        lost  the bug when it connects and the request does not come
        """
        client = self.run_alone(*args, stdin=REQUEST, **options)
        visitor = self.arrives(client, server,
                               self.why_not_here if bug is None else bug)
        visitor.receives(REQUEST, lost)
        visitor.sends(REPLY)
        visitor.leaves()
        client.ends()
        client.prints(REPLY, "G4")
        client.exits_with(0, "C10")
        return client

    def arrives(self, client, server, bug):
        """This program connects to this listener; return the tester's end of that."""
        self.stage.wait_for(lambda: client.has_ended() or server.is_visited())
        if not server.is_visited() and client.has_ended():
            raise Failure(_("a connection to {host} port {port}", host=server.host,
                            port=server.port), client.last_words(), bug)
        return server.accepts(bug=bug)

    @check(points=3, bugs="C2 C3 A16 C10 U2", crash="A14")
    def all_addresses_dead(self):
        """three dead addresses: exit 1, and no socket of a failure is kept"""
        port = self.closed_port_number()
        hosts = "127.0.0.2", "127.0.0.3", "127.0.0.4"
        plan = [stops("connect", at=1), stops("connect", at=3),
                answers(*hosts, port=port)]
        client = self.run("three.example", port, stdin=REQUEST, plan=plan)
        opened = []
        for _host in hosts[::2]:
            if client.is_stopped_by_plan():
                opened.append(client.open_descriptors())
                client.goes_on()
        client.ends(self.why_not_here)
        self.tried_each_once(client, hosts)
        if len(opened) == 2 and opened[1] > opened[0]:
            raise Failure(_("{n} open descriptors, as before the first try",
                            n=opened[0]),
                          _("{n} before the third", n=opened[1]), "C2")
        client.exits_with(1, "C10")
        client.prints(b"", "U2")
        client.says(rf"^tcpcat: connect: {REFUSED}$",
                    _('"tcpcat: connect: {reason}"', reason=REFUSED), "U1")
        # One that is interrupted has an outcome too: here, that nobody answers.
        client = self.run_alone("one.example", port, stdin=REQUEST,
                                plan=[answers("127.0.0.2", port=port),
                                      fails("connect", "EINTR", at=1)])
        client.exits_with(1, UNNAMED)
        client.says("^tcpcat: connect: ", '"tcpcat: connect: reason"', UNNAMED)

    def tried_each_once(self, client, hosts):
        """It has connected to each of these once, each time with a new socket."""
        calls = client.trace.calls("connect")
        tried = [call.address[0] for call in calls if call.address]
        for host in hosts:
            if tried.count(host) != 1:
                raise Failure(_("one attempt to connect to {host}", host=host),
                              _("{n:attempt}", n=tried.count(host)),
                              "A16" if tried.count(host) else "A12")
        events = client.trace.calls("connect", "close", "socket")
        failed = set()
        for call in events:
            if call.name != "connect":
                failed.discard(call.result if call.name == "socket" else call.fd)
            elif call.fd in failed:
                raise Failure("a new socket for each attempt",
                              _("connect({fd}) again, after it had failed",
                                fd=call.fd), "C3")
            else:
                failed.add(call.fd)

    @check(points=3, bugs="A11 C3", crash="A14")
    def server_on_ipv6(self):
        """it reaches a server that listens on ::1 only"""
        if not self.has_ipv6():
            raise Skip("this machine has no IPv6")
        server = self.listener("::1")
        self.reaches(server, "::1", server.port, bug="A11")
        self.reaches(server, "two.example", server.port, bug=self.why_not_ipv6,
                     plan=answers("127.0.0.1", "::1", port=server.port))

    def why_not_ipv6(self):
        """Return why it did not get from a dead IPv4 address to a living IPv6 one."""
        bug = self.why_not_here()
        return "A11" if bug == "A12" else bug

    @check(points=2, bugs="D21")
    def family_on_request(self):
        """with -4 or -6 it uses addresses of that family alone"""
        four = self.listener()
        self.reaches(four, "-4", "two.example", four.port, bug="D21",
                     plan=answers("::1", "127.0.0.1", port=four.port))
        client = self.run_alone("-6", "four.example", four.port, stdin=REQUEST,
                                plan=answers("127.0.0.1", port=four.port))
        self.stage.wait_for(lambda: client.has_ended() or four.is_visited())
        four.has_no_visitor("D21", "with -6 no IPv4 address is tried")
        client.exits_with(1, "D21")
        if self.has_ipv6():
            six = self.listener("::1", four.port)
            self.reaches(six, "-6", "two.example", four.port, bug="D21",
                         plan=answers("127.0.0.1", "::1", port=four.port))

    @check(points=3, bugs="U1", crash="A14")
    def last_reason(self):
        """the reason it gives is that of the last attempt, not of close"""
        port = self.closed_port_number()
        missing = "Address family not supported by protocol"
        plan = [answers("127.0.0.2", "127.0.0.3", port=port),
                changes_errno("close", "EIO")]
        for k, call, words in ((0, "connect", REFUSED), (1, "connect", REFUSED),
                               (2, "[^:]+", missing)):
            more = [fails("socket", "EAFNOSUPPORT", at=k)] if k else []
            client = self.run("two.example", port, stdin=REQUEST, plan=plan + more)
            self.stage.is_about(client)
            client.exits_with(1, "C10")
            client.says(rf"^tcpcat: {call}: {words}$",
                        _('"tcpcat: {call}: {reason}", the reason of the last attempt',
                          call="CALL" if ":" in call else call, reason=words))

    @check(points=3, bugs="A13 C10 U2")
    def unknown_host(self):
        """a name that is not known: both say so in getaddrinfo's own words"""
        for error in ("EAI_NONAME", "EAI_FAIL"):
            words = words_for(getattr(socket, error))
            for name, *args in (("tcpcat", "no.example", 80), ("lookup", "no.example"),
                                ("lookup", "-f", "no.example")):
                run = self.run(*args, program=name, plan=fails("getaddrinfo", error))
                self.stage.is_about(run)
                run.exits_with(1, "C10")
                run.prints(b"", "U2")
                run.says(rf"^{name}: getaddrinfo: .*{words}",
                         _('"{program}: getaddrinfo: {reason}"', program=name,
                           reason=words), "A13")

    @check(points=2, bugs="A14", crash="A14")
    def frees_each_list(self):
        """every list is given back, once, when all is over"""
        server = self.listener()
        port = self.closed_port_number()
        runs = [self.run("two.example", port,
                         plan=answers("::1", "127.0.0.2", port=port)),
                self.run("two.example", program="lookup",
                         plan=answers("::1", "127.0.0.2")),
                self.run("-r", "127.0.0.2", program="lookup",
                         plan=names("two.example")),
                self.run("-f", "two", program="lookup",
                         plan=[names(None), answers("::1")])]
        for run in runs:
            self.stage.is_about(run)
            self.has_freed_its_lists(run)
        self.has_freed_its_lists(self.reaches(server, server.host, server.port))

    @staticmethod
    def has_freed_its_lists(run):
        """This run ends, and has called freeaddrinfo as often as it had to."""
        run.ends()
        made = sum(c.result == 0 for c in run.trace.calls("getaddrinfo"))
        freed = sum(c.list != 0 for c in run.trace.calls("freeaddrinfo"))
        if made != freed:
            raise Failure(_("freeaddrinfo once for each list, {made} in all",
                            made=made), _("{freed:call}", freed=freed))

    @check(points=2, bugs="A15 A16")
    def clean_hints(self):
        """what it asks of getaddrinfo is said in full, and all else is zero"""
        port = self.closed_port_number()
        host = "127.0.0.1"
        for name, *args in (("tcpcat", host, port), ("lookup", host),
                            ("lookup", "-f", host), ("lookup", "-r", host)):
            run = self.run(*args, program=name,
                           plan=() if name == "tcpcat" else names(None))
            self.stage.is_about(run)
            run.ends()
            for call in run.trace.calls("getaddrinfo"):
                if call.hints == HINTS_ARE_DIRTY:
                    raise Failure("hints that are zero but for family, type, protocol "
                                  "and flags", "other fields are not zero", "A15")
            if name == "tcpcat":
                self.tried_each_once(run, ["127.0.0.1"])

    @check(points=2, bugs="A23 A3")
    def services(self):
        """a service may be a number or a name; an unknown one is refused"""
        server, name = self.listener_of_a_service()
        self.reaches(server, server.host, name, bug="A3")
        self.reaches(server, server.host, server.port, bug="A3")
        lost = self.run_alone(server.host, "no-such-service", stdin=REQUEST)
        self.is_refused(lost, server, "A23", "there is no such service")

    def listener_of_a_service(self):
        """Return a listener on a port with a name, and that name; or skip."""
        for name in SERVICES:
            try:
                return self.listener(port=socket.getservbyname(name, "tcp")), name
            except OSError:
                continue                # no such name here, or its port is taken
        raise Skip("this machine has no list of services, or their ports are taken")

    def is_refused(self, run, server, bug, why):
        """This run does not connect there; it says why not and exits with 1 or 2.

        why  what is wrong with what it was told, a sentence without its full stop
        """
        self.stage.is_about(run)
        self.stage.wait_for(lambda: run.has_ended() or server.is_visited())
        server.has_no_visitor(bug, _("no connection to port {port}: {why}",
                                     port=server.port, why=why))
        run.ends(bug)
        if run.status not in (1, 2):
            raise Failure(_("exit status 1 or 2: {why}", why=why), run.how_it_ended(),
                          bug)
        run.complains(bug)

    @check(points=2, bugs="A1 A21")
    def bad_usage(self):
        """bad ports and bad command lines are refused"""
        server = self.listener()
        cut = str(65536 + server.port)  # in 16 bits this is the server's port
        for text in [cut, f"+{server.port}", f" {server.port}", *BAD_PORTS]:
            self.is_refused(self.run(server.host, text, stdin=REQUEST), server, "A1",
                            _('"{text}" is no port', text=text))
        for name, uses in BAD_USES.items():
            for words in uses:
                run = self.run(*words, program=name)
                self.stage.is_about(run)
                run.exits_with(2, "A21")
                run.complains("A21")

    # lookup

    def looks_up(self, *words, answer, bug=None, plan=(), why=""):
        """This run of lookup answers these lines.

        why  what makes the answer right, in words
        """
        run = self.run(*words, program="lookup", plan=plan)
        self.stage.is_about(run)
        run.exits_with(0, bug)
        said = bytes(run.stdout).splitlines()
        for number, line in enumerate(answer, 1):
            if said[number - 1:number] != [line.encode()]:
                where = _("line {number}:", number=number) if answer[1:] else "the line"
                words = 'on stdout {where} "{line}"' + " ({why})" * bool(why)
                raise Failure(_(words, where=where, line=line, why=why),
                              _("{where} {said:quoted}", where=where,
                                said=said[number - 1]) if number <= len(said) else
                              _("the end, after {n:line}", n=len(said)), bug)
        run.prints("".join(f"{line}\n" for line in answer).encode(), bug)

    @check(points=3, bugs="A28 A12 A16 A18", crash="A14")
    def all_addresses(self):
        """lookup prints the canonical name, then every address in order"""
        hosts = ["127.0.0.3", "::1", "2001:db8::a", "10.0.0.9"]

        def bug():
            said = bytes(self.program.stdout).decode("latin-1").split("\n")
            if said[1:2] == hosts[:1] and len(said) == 3:
                return "A12"
            if said.count(hosts[0]) > 1:
                return "A16"
            is_v6 = [":" in line for line in said[1:-1]]
            return "A18" if len(is_v6) == 4 and is_v6 != [False, True, True, False] \
                else "A28"
        self.looks_up("www.example.org", answer=["www.example.org", *hosts], bug=bug,
                      why="the canonical name, then each address once, in order",
                      plan=answers(*hosts))

    @check(points=1, bugs="A28")
    def knows_localhost(self):
        """lookup knows localhost as this machine does"""
        if not hosts_file("localhost"):
            raise Skip("this machine has no entry for localhost in /etc/hosts")
        self.agrees([("localhost", self.run("localhost", program="lookup"))])
        self.reaches_what_the_machine_reaches(["localhost"])

    @check(points=2, bugs="A28 C10")
    def agrees_with_the_machine(self):
        """both read numeric addresses as this machine does"""
        self.agrees([(host, self.run(host, program="lookup")) for host in NUMBERS])
        self.reaches_what_the_machine_reaches(LOOPBACKS)

    def agrees(self, table):
        """Each of these runs of lookup (host, run) prints what the machine knows.

        An address that the resolver's files name twice may come once.
        """
        for host, run in table:
            self.stage.is_about(run)
            right = lines_about(host)
            if right is None:           # this machine does not read it: no matter
                continue
            run.exits_with(0, "A28")
            said = bytes(run.stdout).decode("latin-1").splitlines()
            if said[:1] + list(dict.fromkeys(said[1:])) != right:
                run.prints("".join(f"{line}\n" for line in right).encode(), "A28")
        self.stage.is_about()

    def reaches_what_the_machine_reaches(self, hosts):
        """tcpcat comes to the tester by all these ways to write its address."""
        for host in hosts:
            try:
                place = socket.getaddrinfo(host, 0, 0, socket.SOCK_STREAM)[0][4]
                server = self.listener(place[0])
            except OSError:
                continue                # this machine has no such address
            self.reaches(server, host, server.port, bug="A28")

    @check(points=3, bugs="A29 A28 C10")
    def name_of_an_address(self):
        """lookup -r prints the name of an address; without one it exits 1"""
        for host in ("192.0.2.7", "2001:db8::7"):
            self.looks_up("-r", host, answer=["seven.example.org"], bug="A28",
                          plan=names("seven.example.org"))
            run = self.run("-r", host, program="lookup", plan=names(None))
            self.stage.is_about(run)
            run.ends()
            if run.status != 1:
                raise Failure("exit status 1: the address has no name",
                              self.how_and_with_what(run),
                              "C10" if run.status else "A29")
            run.complains("U2" if run.stdout else "A29")
        if hosts_file("127.0.0.1"):
            name = socket.getnameinfo(("127.0.0.1", 0), socket.NI_NAMEREQD)[0]
            self.looks_up("-r", "127.0.0.1", answer=[name], bug="A28")

    @staticmethod
    def how_and_with_what(run):
        """Return in words how it ended, and what it printed."""
        said = bytes(run.stdout).strip()
        return _("{how}" + " and the line {said:quoted}" * bool(said),
                 how=run.how_it_ended(), said=said)

    @check(points=2, bugs="A26")
    def names_are_no_numbers(self):
        """lookup -r refuses what is no numeric address, and asks nobody"""
        plan = names("seven.example.org")
        runs = [(text, self.run("-r", text, program="lookup", plan=plan))
                for text in NO_NUMBERS if not is_number(text)]
        for text, run in runs:
            self.stage.is_about(run)
            run.ends()
            if run.status not in (1, 2):
                raise Failure("exit status 1 or 2: not a numeric address",
                              self.how_and_with_what(run))
            run.complains("U2" if run.stdout else "A21")

    @check(points=3, bugs="A28 A29")
    def full_name(self):
        """lookup -f prints the first name with a dot, else the canonical"""
        two = answers("127.0.0.2", "127.0.0.3")
        for host, given, answer, bug, why in (
                ("www.example.org", ("a.example",), "www.example.org", "A28",
                 "the canonical name has a dot"),
                ("short", ("a.example", "b.example"), "a.example", "A28",
                 "the name of the first address has a dot"),
                ("short", ("plain", "b.example"), "b.example", "A28",
                 "only the name of the second address has a dot"),
                ("short", (None, "b.example"), "b.example", "A29",
                 "only the second address has a name"),
                ("short", ("plain",), "short", "A28", "no name has a dot"),
                ("short", (None,), "short", "A29", "no address has a name")):
            self.looks_up("-f", host, answer=[answer], bug=bug, why=why,
                          plan=[two, names(*given)])

    @check(points=1, bugs="A17")
    def no_obsolete_functions(self):
        """neither calls gethostbyname or another one of its family"""
        self.has_no_call_to(*OBSOLETE, bug="A17")

    @check(points=2, bugs="U4 E14 U9 E12")
    def hygiene(self):
        """no sleep, no lost memory, and a broken connection is no success"""
        self.has_no_call_to("sleep", "usleep", "nanosleep", bug="E14")
        server = self.listener()
        self.reaches(server, server.host, server.port, leaks=True)
        for words in (["127.0.0.1"], ["-r", "127.0.0.1"], ["-f", "::1"]):
            run = self.run(*words, program="lookup", leaks=True,
                           plan=names("one.example"))
            self.stage.is_about(run)
            run.exits_with(0)
        client = self.run_alone(server.host, server.port, stdin=REQUEST)
        visitor = server.accepts()
        visitor.receives(REQUEST)
        visitor.sends(b"a part")
        self.stage.wait_until_taken()
        visitor.resets()
        client.exits_with(1, "E12")
        client.says(r"^tcpcat: [^:]+: .", '"tcpcat: CALL: reason"', "U2")
