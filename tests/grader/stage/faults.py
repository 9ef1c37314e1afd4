"""Faults in a conversation: those that count from a program's start on, and what
they excuse."""
import re

from .plan import Plan, fails

ONE_CLIENTS = ("ECONNRESET", "EPIPE", "ECONNABORTED", "ETIMEDOUT", "ENOSPC")
MAKING = ("fork:", "pthread_create:")   # whom one fails for is not served


def later(call, error, at):
    """Return the Plan by which a call fails: number `at` of those after the start.

    How many a program makes at its start is not known yet: see started().
    """
    plan = fails(call, error, at=at)
    plan.rule = f"{call}:fail={error}@+{at}"
    return plan


def counted_later(plans):
    """Return the name of the call that a Plan counts from the start on, or ""."""
    return next((p.rule.partition(":")[0] for p in plans if "@+" in p.rule), "")


def started(plans, made):
    """Return these Plans for a program that makes so many such calls at its start."""
    return [Plan(re.sub(r"@\+(\d+)", lambda k: f"@{made + int(k[1])}", p.rule),
                 p.template, p.at + made, **p.values) if "@+" in p.rule else p
            for p in plans]


def broken_by(plans, calls):
    """Return the errors, one for each of these calls that broke a connection.

    calls  of the trace.  What a program only has to try again, or what concerns
           nobody's connection, does not count
    """
    errors = {error for plan in plans for error in re.findall(r"fail=(\w+)", plan.rule)
              if error in ONE_CLIENTS or plan.rule.startswith(MAKING)}
    return [c.error or "EAGAIN" for c in calls
            if c.by_tester and (c.error in errors or c.name == "pthread_create")] \
        if errors else []
