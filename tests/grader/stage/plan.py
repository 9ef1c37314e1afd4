"""What the tester lets go wrong: a rule of the interposer and its sentence in one.

`fails("accept", "EMFILE", at=2)` is a Plan: its rule is what LOOPBACK_PLAN says, its
words are what the story tells.  A call, class or error that the interposer does not
know raises ValueError here, at the line of the check.

A call is named as in tests/interposer/calls.def, or by a class: "receive",
"transmit", "accept", "wait", "wake", "heap", "stdin", "stdout".  Which of the calls
are meant is said by

at    the first one, from 1; None: every one
to    the last one, or ALL; None: only the one at `at`
step  of these only each step-th
"""
from ..bench.table import BY_NAME, ERRORS, LOOKUP_ERRORS
from ..words import show
from ..words.text import Text
from ..words.trouble import Infra

ALL = object()
MOST = 300                          # runs of one sweep
ORDER = "", "first ", "second ", "third "
CLASSES = {"receive": "recv(2)", "transmit": "send(2)", "accept": "accept(2)",
           "wait": "wait", "wake": "call that wakes somebody", "heap": "malloc(3)",
           "stdin": "read of stdin", "stdout": "write to stdout"}
GIVING = ("receive", "stdin", "RECEIVE")
TAKING = ("transmit", "stdout", "TRANSMIT")
NO_HAND = ("EVENT", "UNSAFE")       # groups of calls that no plan can touch
LIBRARY = ("pthread_", "getaddrinfo", "getnameinfo", "freeaddrinfo", "fdopen", "sem_",
           "raise", "eventfd_write", "malloc", "calloc", "realloc", "sleep", "usleep",
           "gethostbyname", "inet_", "exit")


class Plan:
    """One kind of mischief: rule (str, of LOOPBACK_PLAN) and words (str, of the story).

    at     the first call it means, from 1
    stops  whether it stops the program: the story tells that when it happens
    """

    def __init__(self, rule, template, at=1, **values):
        """template, values: the sentence, which goes on from "the tester"."""
        self.rule, self.template, self.values = rule, template, values
        self.at, self.stops = at, False

    @property
    def words(self):
        """What the story tells of it, a Text."""
        return Text(self.template, self.values)

    def __eq__(self, other):
        return isinstance(other, Plan) and self.rule == other.rule

    def __hash__(self):
        return hash(self.rule)

    def __repr__(self):
        return f"<{self.rule}>"


def rules(plans):
    """Return the text of LOOPBACK_PLAN for these plans."""
    return " ".join(plan.rule for plan in plans)


def listed(plan):
    """Return the list of Plans that a check has given: one, several, or none."""
    plans = [plan] if isinstance(plan, Plan) else list(plan or ())
    for each in plans:
        if not isinstance(each, Plan):
            raise ValueError(f"this is no Plan: {each!r}")
    return plans


def index_of(plan, plans):
    """Return which rule of LOOPBACK_PLAN, from 0, is the first one of `plan`."""
    before = plans[:plans.index(plan)]
    return len(rules(before).split())


# The words a plan is written in

def fails(call, error, at=None, to=None, step=1):
    """Return the Plan by which a call fails with an error, such as "EMFILE"."""
    lookup = call in ("getaddrinfo", "getnameinfo")
    if error not in ERRORS and not (lookup and error in LOOKUP_ERRORS):
        raise ValueError(f"{call} cannot fail with {error!r}: see errors.def")
    group = BY_NAME[call].group if call in BY_NAME else call
    if group in ("heap", "HEAP") and error != "ENOMEM" or \
            call in ("dup2", "dup3") and error == "EMFILE":
        raise ValueError(f"the kernel never lets {call} fail with {error}")
    template = "interrupts {which} ({error})" if error == "EINTR" else \
        "lets {which} fail: {error}"
    return _plan(call, f"fail={error}", template, at, to, step, error=error)


def is_interrupted(call):
    """Return the Plan by which each call is interrupted once: the next try goes on."""
    plan = fails(call, "EINTR", at=1, to=ALL, step=2)
    plan.template = "interrupts each {call} once ({error})"
    return plan


def comes_short(call, most, at=None, to=None, step=1):
    """Return the Plan by which a transfer moves `most` bytes, if it would move more."""
    group = BY_NAME[call].group if call in BY_NAME else call
    if group not in GIVING + TAKING and call != "sendfile":
        raise ValueError(f"{call} does not move bytes")
    if not isinstance(most, int) or most < 1:
        raise ValueError(f"{most!r} is no number of bytes")
    verb = "give" if group in GIVING else "take"
    return _plan(call, f"short={most}", "lets {which} {verb} {size} at most",
                 at, to, step, verb=verb, size=show.count(most, "byte"))


def few_at_a_time(interrupted=("transmit", "receive"), **sizes):
    """Return the Plans by which all transfers come short, and some are interrupted.

    sizes        {call: bytes that it moves at most}
    interrupted  the calls each of which is interrupted once
    """
    return [*(comes_short(call, most) for call, most in sizes.items()),
            *map(is_interrupted, interrupted)]


def changes_errno(call, error, at=None, to=None, step=1):
    """Return the Plan by which a call succeeds, and leaves this error in errno."""
    if error not in ERRORS:
        raise ValueError(f"there is no error {error!r}: see errors.def")
    return _plan(call, f"errno={error}", "lets {which} change errno to {error}",
                 at, to, step, error=error)


def stops(call, at=None, to=None, step=1):
    """Return the Plan that stops the program before a call; goes_on() ends that.

    Without `at` it stops before each.
    """
    plan = _plan(call, "stop", "stops it before {which}", at, to, step)
    plan.stops = True
    return plan


def says_ready(call="wait", at=None, to=None, step=1):
    """Return the Plan by which a wait says that there is something, and is wrong."""
    if call != "wait" and (call not in BY_NAME or BY_NAME[call].group != "WAIT"):
        raise ValueError(f"{call} does not wait for descriptors")
    return _plan(call, "ready", "lets {which} say ready where nothing is", at, to, step)


def wakes_up(call="pthread_cond_wait", at=None, to=None, step=1):
    """Return the Plan by which a wait for a condition ends for no reason."""
    if call not in ("pthread_cond_wait", "pthread_cond_timedwait"):
        raise ValueError(f"{call} is no wait for a condition")
    return _plan(call, "ready", "wakes threads in {which} for nothing", at, to, step)


def is_slow(call, at=None, to=None, step=1):
    """Return the Plan by which a thread goes on after a call when all others sleep."""
    return _plan(call, "slow", "is slow to let the program go on after {which}",
                 at, to, step)


def answers(*hosts, port=0):
    """Return the Plan by which getaddrinfo(3) answers these addresses, in order."""
    if not hosts:
        raise ValueError("no address: see fails()")
    return Plan("getaddrinfo:list=" + ",".join(f"{host}/{port}" for host in hosts),
                "gives the name the addresses {hosts}", hosts=", ".join(hosts))


def names(*given):
    """Return the Plan by which getnameinfo(3) answers these names, None for none.

    The last one is the answer to all later questions as well.
    """
    if not given or not all(name is None or name.strip() for name in given):
        raise ValueError(f"these are no names: {given!r}")
    found = [f"getnameinfo:name={name}@{k}" if name else
             f"getnameinfo:fail=EAI_NONAME@{k}" for k, name in enumerate(given, 1)]
    words = ", ".join(name or "no name" for name in given)
    template = "gives the addresses the names {names}" if given[1:] else \
        "gives any address the name {names}" if given[0] else "gives no address a name"
    return Plan(" ".join(found) + "+", template, names=words)


# All of them, one after the other

MAKERS = {"fails": fails, "comes_short": comes_short, "changes_errno": changes_errno,
          "stops": stops, "says_ready": says_ready, "wakes_up": wakes_up,
          "is_slow": is_slow}


def every(programs, call, most=MOST, **what):
    """Yield a Plan for the first such call, then for the second ..., till none is left.

    programs  those of the stage: the newest one must have been started with the Plan
              yielded last, and have done what it had to do.  When it has not come to
              that call, the run was an untouched one, and it was the last
    what      what is to happen, by the name of a function above, with its argument:
              fails="EINTR", comes_short=1, stops=True
    Raises Infra beyond `most` calls: the scenario is too long to be tried so often.
    """
    (kind, value), = what.items()
    arguments = [] if value is True else [value]
    for k in range(1, most + 1):
        plan = MAKERS[kind](call, *arguments, at=k)
        yield plan
        if plan not in programs[-1].plans:
            raise ValueError(f"the newest program does not know {plan!r}")
        if not programs[-1].has_met(plan):
            return
    raise Infra(f"more than {most} calls match {call}: too long a scenario for a sweep")


def _plan(call, action, template, at, to, step, **values):
    """Return the Plan of one rule; template: the sentence with {which} and {call}."""
    if call not in CLASSES and (call not in BY_NAME or BY_NAME[call].group in NO_HAND):
        raise ValueError(f"the interposer cannot touch {call!r}: see calls.def")
    if at is None and (to is not None or step != 1):
        raise ValueError("to and step need at")
    call_words = CLASSES.get(call) or \
        f"{call}({3 if call.startswith(LIBRARY) else 2})"
    return Plan(f"{call}:{action}{_when(at, to, step)}", template,
                at or 1, which=_which(call_words, at, to, step), call=call_words,
                **values)


def _when(at, to, step):
    """Return the end of a rule: "", "@2", "@2..5", "@1+2" ..."""
    if at is None:
        return ""
    if at < 1 or step < 1 or (to not in (None, ALL) and to < at):
        raise ValueError(f"no call is number {at} to {to} by steps of {step}")
    last = "" if to in (None, ALL) else f"..{to}"
    return f"@{at}{last}" + (f"+{step}" if step > 1 else "+" if to is ALL else "")


def _which(call, at, to, step):
    """Return in words which of the calls are meant."""
    if at is None:
        return f"each {call}"
    first = f"the {ORDER[at]}{call}" if at < len(ORDER) else f"{call} number {at}"
    if to is None:
        return first
    found = f"{first} and all later ones" if to is ALL else f"{call} {at} to {to}"
    return found if step == 1 else f"{found}, one of {step}"
