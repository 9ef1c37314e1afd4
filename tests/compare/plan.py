"""What is run: which loads, how many answers of each, and how often."""
from collections import namedtuple

CLIENTS, WORK = (1, 10, 100, 500), (0, 2)
QUICK_CLIENTS = (1, 10)
MOST_CLIENTS, MOST_WORK = 500, 100  # clients; milliseconds of work for an answer
MOST_VALUES = 8                     # of each list
LEAST_TURNS = 2                     # or else a run would measure little but arrivals
ROUNDS, MOST_ROUNDS = 3, 99
BUDGET = 60                         # seconds: no round begins that would go beyond

# clients, work  tuples of numbers; work in milliseconds
# answers        of a run without work time; with it, as many as fit in `busy` ms
Plan = namedtuple("Plan", "clients work rounds answers busy")
Load = namedtuple("Load", "clients work_ms turns")


def of(clients=None, work=None, is_quick=False, rounds=None):
    """Return the Plan for these numbers and lists of them, None for the usual ones."""
    answers, busy = (1000, 100) if is_quick else (8000, 800)
    return Plan(tuple(clients or (QUICK_CLIENTS if is_quick else CLIENTS)),
                tuple(work or WORK), rounds or ROUNDS, answers, busy)


def within(plan, most):
    """Return the plan with at most `most` clients at once."""
    return plan._replace(clients=tuple(sorted({min(n, most) for n in plan.clients})))


def turns(plan, clients, work_ms):
    """Return how many names each client sends: about as many answers in every run.

    A sequential server spends plan.busy milliseconds on a run with work time,
    more only where the clients could not ask LEAST_TURNS times each.
    """
    answers = min(plan.answers, plan.busy // work_ms) if work_ms else plan.answers
    return max(LEAST_TURNS, round(answers / clients))


def loads(plan):
    """Return the Loads of one round, in order."""
    return [Load(clients, work_ms, turns(plan, clients, work_ms))
            for work_ms in plan.work for clients in plan.clients]
