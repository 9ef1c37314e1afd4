"""Faults of calls: the plan of the interposer, and what the page says of it."""
import re
from collections import namedtuple

# rule   a rule of LOOPBACK_PLAN; words: what the tester does, for the story
Fault = namedtuple("Fault", "rule words")

KINDS = {"transmit": "send", "receive": "recv", "stdout": "a write to stdout",
         "stdin": "a read of stdin", "accept": "accept", "wait": "the wait"}
ONE_CLIENTS = ("ECONNRESET", "EPIPE", "ECONNABORTED")
INTERRUPTIONS = 12                  # transfers of one kind that are interrupted


def short(kind, count):
    """Let every transfer of this kind (a class of the plan) move so many bytes."""
    return Fault(f"{kind}:short={count}",
                 f"lets {KINDS[kind]} move {count} byte{'s' * (count > 1)} at most")


def fails(kind, error, at=1):
    """Let the call number `at` of this kind fail."""
    return Fault(f"{kind}:fail={error}@{at}",
                 f"lets {KINDS[kind]} fail, the {ordinal(at)} time: {error}")


def stops(kind, at):
    """Stop the program before its call number `at` of this kind."""
    return Fault(f"{kind}:stop@{at}", "")


def interrupted(*kinds):
    """Interrupt every call of these kinds, once (EINTR)."""
    names = " and ".join(KINDS[k] for k in kinds)
    rules = [f"{kind}:fail=EINTR@{at}" for kind in kinds
             for at in range(1, 2 * INTERRUPTIONS, 2)]
    return Fault(" ".join(rules), f"interrupts {names} each time before they do their "
                 "work (EINTR)" if len(kinds) > 1 else
                 f"interrupts {names} each time before it does its work (EINTR)")


def plan_of(faults):
    """Return the text of LOOPBACK_PLAN for these Faults."""
    return " ".join(fault.rule for fault in faults)


def errors_of(faults):
    """Return the names of the errors that these Faults cause."""
    return {e for fault in faults for e in re.findall(r"fail=(\w+)", fault.rule)}


def ordinal(number):
    """Return "1st", "2nd", "3rd", "4th" ..."""
    ending = "th" if number // 10 % 10 == 1 else \
        {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
