"""The plot of the page: marks between two logarithmic scales, in characters."""
import math
from collections import namedtuple

LABEL, GROUP = 10, 6                # columns of a label, and of one number of clients

# The strokes of a plot: its axis, a tick on it, the line at a tick, the floor
Strokes = namedtuple("Strokes", "axis tick line corner floor")
DRAWN = Strokes("\u2502", "\u2524", "\u2508", "\u2514", "\u2500")
PLAIN = Strokes("|", "+", ".", "+", "-")


def decades(values):
    """Return (low, high): the powers of ten, as exponents, that hold all values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def plot(title, groups, strokes):
    """Return the lines of a plot, all of the same width.

    title   what is shown, with its unit
    groups  [(clients, [(mark, value)])]: from left to right; value None: no mark
    """
    values = [v for _, marks in groups for _, v in marks if v]
    width = LABEL + 1 + GROUP * len(groups)
    if not values:
        return [title.ljust(width), "nothing was measured".ljust(width)]
    low, high = decades(values)
    steps = max(2, 8 // (high - low))               # lines for a factor of ten
    lines = []
    for step in range((high - low) * steps, -1, -1):
        is_tick = step % steps == 0
        label = f"{10.0 ** (low + step // steps):,.6g}" if is_tick else ""
        lines.append(f"{label:>{LABEL - 1}} "
                     + (strokes.tick if is_tick else strokes.axis)
                     + "".join(_cells(marks, step, low, steps,
                                      strokes.line if is_tick else " ")
                               for _, marks in groups))
    floor = " " * LABEL + strokes.corner + strokes.floor * (GROUP * len(groups))
    names = " " * (LABEL + 1) + "".join(f"{clients:^{GROUP}}" for clients, _ in groups)
    return [line.ljust(width) for line in (title, *lines, floor, names)]


def _cells(marks, step, low, steps, blank):
    """Return one line of one group: its marks at this height, side by side."""
    cells = [mark if value and round((math.log10(value) - low) * steps) == step
             else blank for mark, value in marks]
    return (blank + "".join(cells)).ljust(GROUP, blank)[:GROUP]


def beside(left, right, gap=4):
    """Return the lines of two plots side by side."""
    height = max(len(left), len(right))
    width = max(map(len, left))
    padded = [each + [""] * (height - len(each)) for each in (left, right)]
    return [f"{a.ljust(width)}{' ' * gap}{b}".rstrip() for a, b in zip(*padded)]
