"""Base class of a lesson's checks: the few verbs they are written in."""
import socket

from .. import build
from ..bench import network
from ..course import sources
from ..wire.tcp import LOOPBACK
from ..words.text import _
from ..words.trouble import Infra
from . import peer
from .failure import Failure, Skip
from .plan import every
from .search import Search
from .stage import TESTER
from .subject import Subject

SMALL_BUFFER = 1 << 18              # bytes: less than a mebibyte, and no slower


def check(points, bugs, crash=None):
    """Mark a method as a check; its name is the check's ID, its docstring the sentence.

    points  what it is worth, a whole number
    bugs    IDs of the bugs it catches, the usual one first
    crash   the bug to name when the program crashes; None: told by the crash; or a
            function of the sanitizer's report that returns one of `bugs`, or None
    """
    def mark(method):
        method.points, method.bugs, method.crash = points, bugs.split(), crash
        return method
    return mark


class Lesson:
    """The checks of one lesson.

    A subclass sets number, programs (the names of its .c files without ".c",
    the first one is the usual one), question (to think about when all is
    done) and has one method per check, in the order in which to mend them.
    extras are further programs of its directory, given complete, which show the
    learner's modules at work; a submission need not have them, see has().
    waits says whether its checks wait more than they work; then more of them run at
    the same time.  variants are builds that checks ask for beside that of the run:
    they are begun when the run begins.
    Each check gets an object, a stage and a private network of its own.
    """

    number = 0
    programs = ()
    extras = ()
    waits = False
    variants = ()
    title = ""
    question = ""
    play = "server"                     # how to try it by hand, see desk/play.py
    seeds = None                        # of other conversations, for make fuzz

    def __init__(self, stage, submission):
        """submission: a verdict.grade.Submission, what is to be checked."""
        self.stage = stage
        self.directory = submission.directory
        self.built = submission.built
        self.interposer = submission.interposer
        self.cancels = submission.cancels
        self.address = None             # where the last served program listens

    @classmethod
    def checks(cls):
        """Return {ID: method}, in the order written, those of base classes first."""
        found = {}
        for each in reversed(cls.__mro__):
            found.update((name, m) for name, m in vars(each).items()
                         if hasattr(m, "points"))
        return found

    @property
    def program(self):
        """The program that was started last."""
        return self.stage.programs[-1]

    @property
    def peer(self):
        """The peer that was the last to connect."""
        return self.stage.peers[-1]

    def run(self, *args, program=None, variant=None, **options):
        """Start a program with these arguments; options as in program.Program.

        variant  the build that shows what is looked for, one of build.VARIANTS;
                 None: that of the whole run.  It is made when first asked for
        """
        built = self.built if variant is None else self._in_variant(variant)
        if variant == "tsan" and any(sources.calls_to(self.directory, ["thrd_create"])):
            raise Skip("ThreadSanitizer does not know the threads of <threads.h>")
        name = program or self.programs[0]
        path = built.programs.get(name) or build.extra(built, name)
        return Subject(self.stage, path, args, self.interposer, cancels=self.cancels,
                       **options)

    def _in_variant(self, variant):
        try:
            built = build.in_variant(self.built, variant)
        except build.BuildFailure as e:
            raise Infra(f"what compiles does not as {variant}:\n{e.text}") from None
        if built.variant != variant:
            raise Skip(f"the compiler of this machine has no {build.NAMES[variant]}")
        return built

    def has(self, extra):
        """Say whether this one of `extras` could be built of the modules at hand."""
        return build.extra(self.built, extra) is not None

    def listener(self, host=LOOPBACK, port=0):
        """Return a listening socket of the tester's."""
        return peer.Listener(self.stage, host, port)

    def run_alone(self, *args, **options):
        """Start a program after all others: a report of what follows shows no more.

        When one of the others has crashed, that is what there is to report.
        """
        for other in self.stage.programs:
            if other.has_crashed():
                self.stage.is_about(other)
                raise other.failure("the program does not crash",
                                    other.how_it_ended(), verdict="CRASH")
        self.stage.begins_a_new_page()
        run = self.run(*args, **options)
        self.stage.is_about(run)
        return run

    def has_small_buffers(self, size=SMALL_BUFFER):
        """From now on programs can send little ahead, where the machine allows that."""
        if network.limit_send_buffers(size):
            self.stage.tell("makes the buffers for sending small", TESTER)

    def closed_port_number(self):
        """Return a port on which nobody listens, kept so until the check ends."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.stage.on_end(sock.close)
        sock.bind((LOOPBACK, 0))
        return sock.getsockname()[1]

    def has_no_call_to(self, *names, bug=None):
        """The learner's files call none of these functions."""
        for file, line, name in sources.calls_to(self.directory, names):
            raise Failure(_("no call of {name}()", name=name),
                          _("{file}:{line} calls it", file=file, line=line), bug)

    def every(self, call, **what):
        """Yield one Plan after the other till a run is not touched; see plan.every."""
        return every(self.stage.programs, call, **what)

    def serve(self, *args, bug=None, **options):
        """Start a server program and wait until it listens."""
        server = self.run(*args, **options)
        self.address = server.is_ready()
        if self.address is None:
            server.is_alive(bug)
            raise Failure("the program listens",
                          "it never called listen(2) with success", bug, "TIMEOUT")
        return server

    def converses(self, protocol, seeds, plan=()):
        """The program says what this Protocol's model says, for each of these seeds.

        plan  Faults of its calls meanwhile, besides those of the conversations
        """
        talks = (protocol.talk(s, bool(plan)) for s in self.seeds or seeds)
        Search(self, protocol).holds(
            t._replace(plan=(*t.plan, *plan)) if plan else t for t in talks)

    @staticmethod
    def has_ipv6():
        """Say whether this machine has the address ::1."""
        return _can_bind(socket.AF_INET6, ("::1", 0))

    @staticmethod
    def has_address(text):
        """Give this check's network one more IPv6 address; say whether that worked."""
        return network.add_address(text)

    @staticmethod
    def is_free(port):
        """Say whether no other program has this port of 127.0.0.1."""
        return _can_bind(socket.AF_INET, (LOOPBACK, port))

    def cannot_connect(self, name, bug=None):
        """Whoever tries to connect to self.address is refused."""
        visitor = peer.connect(self.stage, name, self.address)
        if not isinstance(visitor, OSError):
            raise Failure(_("{name} is refused", name=name),
                          "the connection was accepted", bug)
        self.stage.tell(_("is refused: {reason}", reason=visitor.strerror), name)

    def tries_to_connect(self, name):
        """Connect and leave again; whether that succeeds is of no concern."""
        visitor = peer.connect(self.stage, name, self.address)
        if isinstance(visitor, peer.Peer):
            visitor.leaves()

    def client(self, name, source=None, bug=None):
        """Connect to the served program; return the connection as a Peer."""
        client = peer.connect(self.stage, name, self.address, source)
        if isinstance(client, OSError):
            self.stage.tell(_("cannot connect: {reason}", reason=client.strerror), name)
            self.stage.lets_the_dying_end()
            raise Failure(_("{name} can connect", name=name),
                          client.strerror.lower(), bug)
        return client


def _can_bind(family, address):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
        return True
    except OSError:
        return False
