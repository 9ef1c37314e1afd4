"""From the runs of one server to the figures of one row: medians and ratios."""
import statistics

# What a row takes the median of, besides the rate and its ratio.
DELAYS = ("median_us", "p99_us", "longest_greeting_us")


def rate(run):
    """Return the answers per second of a run, from first connect to last end."""
    return run["answers"] / run["seconds"]


def ratios(runs, base):
    """Return the rate of each run as a multiple of the base's in the same round.

    runs, base  runs of two servers under one load; a round that one of them
                lacks is left out
    """
    by_round = {run["round"]: rate(run) for run in base}
    return [rate(run) / by_round[run["round"]] for run in runs
            if by_round.get(run["round"])]


def row(runs, base):
    """Return the figures of one server under one load.

    runs, base  this server's runs that had no trouble, and those of the server
                that it is compared with
    Returns a dict of medians: "rate" per second, "ratio" (with "lowest" and
    "highest" of the rounds), DELAYS in microseconds; None where nothing is known.
    """
    times = ratios(runs, base)
    found = {"rounds": len(runs),
             "rate": median([rate(run) for run in runs]),
             "ratio": median(times),
             "lowest": min(times, default=None), "highest": max(times, default=None)}
    found.update((name, median([run[name] for run in runs])) for name in DELAYS)
    return found


def median(values):
    """Return the median of some numbers, None when there are none."""
    return statistics.median(values) if values else None


def verdict(row_of_figures):
    """Return "more", "fewer" or "alike": what all rounds say of the answers.

    A difference counts when each round shows it and the median is beyond 10 %.
    None when the row has no ratio.
    """
    if row_of_figures["ratio"] is None:
        return None
    if row_of_figures["lowest"] > 1 and row_of_figures["ratio"] > 1.1:
        return "more"
    if row_of_figures["highest"] < 1 and row_of_figures["ratio"] < 0.9:
        return "fewer"
    return "alike"


def spread(runs):
    """Return the highest rate of some runs over the lowest: 1.0 is no spread."""
    rates = [rate(run) for run in runs]
    return max(rates) / min(rates) if rates else 1.0


def significant(value):
    """Return a positive number with three significant digits: 0.023, 2.10, 1,053."""
    if value >= 99.95:
        return f"{value:,.0f}"
    decimals = 1 if value >= 9.995 else 2 if value >= 0.1 else 3
    return f"{value:.{decimals}f}"
