"""Faults of calls: the plan of the interposer, and what the page says of it."""
import re
from collections import namedtuple

# rule   a rule of LOOPBACK_PLAN; words: what the tester does, for the story
Fault = namedtuple("Fault", "rule words")

KINDS = {"transmit": "send", "receive": "recv", "stdout": "a write to stdout",
         "stdin": "a read of stdin", "accept": "accept", "wait": "the wait",
         "fork": "fork", "pthread_create": "pthread_create"}
ONE_CLIENTS = ("ECONNRESET", "EPIPE", "ECONNABORTED", "ETIMEDOUT", "ENOSPC")
MAKING = ("fork:", "pthread_create:")   # whom one fails for is not served
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


def later(kind, error, at):
    """Let a call of this kind fail: number `at` of those after the program's start."""
    return fails(kind, error, at)._replace(rule=f"{kind}:fail={error}@+{at}")


def counted_later(faults):
    """Return the name of the call that a Fault counts from the start on, or ""."""
    return next((f.rule.partition(":")[0] for f in faults if "@+" in f.rule), "")


def plan_of(faults, made=0):
    """Return the text of LOOPBACK_PLAN for these Faults.

    made  how many calls the program makes at its start, of those counted later
    """
    return " ".join(re.sub(r"@\+(\d+)", lambda k: f"@{made + int(k[1])}", fault.rule)
                    for fault in faults)


def broken_by(plan, calls):
    """Return the errors, one for each of these calls that broke a connection.

    plan   Faults; calls: of the trace.  What a program only has to try again, or
           what concerns nobody's connection, does not count
    """
    errors = {error for fault in plan for error in re.findall(r"fail=(\w+)", fault.rule)
              if error in ONE_CLIENTS or fault.rule.startswith(MAKING)}
    return [c.error or "EAGAIN" for c in calls
            if c.injected and (c.error in errors or c.name == "pthread_create")] \
        if errors else []


def ordinal(number):
    """Return "1st", "2nd", "3rd", "4th" ..."""
    ending = "th" if number // 10 % 10 == 1 else \
        {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
