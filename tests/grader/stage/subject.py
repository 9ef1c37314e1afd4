"""The program under test as the subject of sentences: it exits, prints, complains."""
import re
import signal

from ..bench.program import Program
from ..words import difference, show
from ..words.text import _
from . import plan as plans
from .children import Children
from .evidence import Evidence
from .failure import Failure
from .server import Server
from .stage import TESTER


class Subject(Evidence, Server, Children, Program):
    """A Program on a stage, whose sentences raise Failure when they are not true."""

    def __init__(self, stage, path, args, interposer, plan=(), **options):
        """plan: a Plan, or several: what is to go wrong; the rest as in Program."""
        self.plans = plans.listed(plan)
        super().__init__(path, args, stage.directory(), interposer,
                         plan=plans.rules(self.plans), **options)
        self.stage = stage
        self._stops = [each for each in self.plans if each.stops]  # not told yet
        self._told, self._sleep = None, (0, None)
        stage.programs.append(self)
        stage.tell(_command(self.name, self.args, **options), at=self.started)
        for each in self.plans:
            if not each.stops:
                stage.tell(each.words, TESTER, at=self.started)

    def failure(self, *words, **more):
        """Return a Failure that is about this program."""
        return Failure(*words, of=self, **more)

    def has_met(self, plan):
        """Say whether this Plan of its run had its turn: whether it came to that call.

        For a plan that speaks of one call, its `at`.
        """
        number = plans.index_of(plan, self.plans)
        return self.trace.matched_count(number) >= plan.at

    # A program that ends by itself

    def ends(self, bug=None, expected="the program ends"):
        """It comes to its end; expected: with what, in words."""
        self.stage.wait_for(self.has_ended)
        if self.status is None:
            raise self.failure(expected, "it does not end", bug, "TIMEOUT")

    def has_ended(self):
        """Say whether it has ended by now."""
        self.look()
        return self.status is not None

    def exits_with(self, status, bug=None):
        """It ends by itself with this exit status."""
        self.ends(bug, _("exit status {status}", status=status))
        if self.status != status:
            raise self.failure(_("exit status {status}", status=status),
                               self.how_it_ended(),
                               bug)

    def how_it_ended(self):
        """Return in words how it ended, or that it runs."""
        if self.status is None:
            return "it is still running"
        if self.status < 0:
            return f"killed by {signal.Signals(-self.status).name}"
        return f"exit status {self.status}"

    def prints(self, expected, bug=None):
        """Its whole standard output so far is these bytes."""
        self.look()
        if bytes(self.stdout) != expected:
            want, have = difference.between(expected, bytes(self.stdout))
            raise self.failure(_("on stdout {what}", what=want), have, bug, computed=
                               difference.explained(expected, bytes(self.stdout)))

    def prints_in_time(self, expected, bug=None):
        """Sooner or later its standard output is these bytes."""
        self.stage.wait_for(lambda: self.has_ended()
                            or len(self.stdout) >= len(expected))
        self.prints(expected, bug)

    def says(self, pattern, words, bug=None):
        """Sooner or later a line on stderr matches `pattern` (in words: `words`)."""
        if not self.stage.wait_for(lambda: self.has_said(pattern)):
            first = bytes(self.stderr).strip().split(b"\n")[0]
            raise self.failure(_("on stderr {words}", words=words),
                               _("{line:quoted}", line=bytes(first)) if first
                               else "nothing on stderr", bug)

    def has_said(self, pattern):
        """Say whether a line on stderr matches `pattern` by now."""
        self.look()
        text = bytes(self.stderr).decode("utf-8", "replace")
        return re.search(pattern, text, re.MULTILINE) is not None

    def has_more_to_say_than(self, before, words, bug=None):
        """Sooner or later its stderr is longer than `before` bytes (words: of what)."""
        def has_said_more():
            self.look()
            return len(self.stderr) > before

        if not self.stage.wait_for(has_said_more):
            raise self.failure(_("a message on stderr {words}", words=words),
                               "nothing on stderr", bug)

    def complains(self, bug=None):
        """It has said something on stderr, and nothing on stdout."""
        self.prints(b"", bug)
        if not self.stderr.strip():
            raise self.failure("a message on stderr", "nothing on stderr", bug)


SHOWN = {"full": ["> /dev/full"], "appended": [">> a-file"], "gone": ["| true"],
         "terminal": ["(on a terminal)"]}
CLOSED = {0: "<&-", 1: ">&-", 2: "2>&-"}


def _command(name, args, output="pipe", closed=(), surroundings=None, stdin=b"",
             **_options):
    """Return how a shell would start this program with these options of Program."""
    return " ".join(["$", *(f"{n}={show.argument(v)}" for n, v in
                            (surroundings or {}).items()),
                     name, *map(show.argument, args),
                     *([f"< {stdin}"] if isinstance(stdin, str) else []),
                     *SHOWN.get(output, []), *(CLOSED[fd] for fd in closed)])
