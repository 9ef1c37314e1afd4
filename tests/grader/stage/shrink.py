"""Makes a conversation that fails as short and plain as it can be and still fails."""
import re

from ..bench.patience import Deadline
from .conversation import ENDS, is_sound

PLAIN = b"a"
MANY = 8                            # places tried in data that is long
TRIES = 400                         # runs of the program, at most
SLOW = 4                            # and if each of them waits for the clock
SECONDS = 20                        # when time is up, however few there were
# Numbers that programs count with, and those beside them.
NUMBERS = sorted({n for at in (0, 255, 4096, 8192, 65535, 1 << 20, 1 << 31, 1 << 32,
                               1 << 63, 1 << 64)
                  for n in (at - 1, at, at + 1, at + 2) if n >= 0} | {10, 100})


def shrunk(conversation, fails, simpler=lambda conversation: ()):
    """Return the shortest conversation that fails() still finds to be wrong.

    fails    says whether a conversation fails; it plays it
    simpler  yields further conversations to try, of the protocol's own
    """
    waits = any(s.does in ("waits for a new second", "drips")
                for s in conversation.steps)
    left, deadline = [SLOW if waits else TRIES], Deadline(SECONDS)
    seen = {conversation}

    def still(candidate):
        if deadline.is_over():
            left[0] = 0
        if candidate in seen or not left[0] or not is_sound(candidate):
            return False
        seen.add(candidate)
        left[0] -= 1
        return fails(candidate)

    changed = True
    while changed and left[0]:
        changed = False
        for way in (_without_peers, _without_steps, _without_arguments, _without_plan,
                    simpler, _joined_pieces, _plain_data, _shorter_data, _plainer_data,
                    _shorter_stdin, _smaller_numbers):
            conversation, better = _all_of(way, conversation, still)
            changed = changed or better
    return conversation


def _all_of(way, conversation, still):
    """Take each step of this way that keeps the failure; say whether there was one."""
    better, again = False, True
    while again:
        again = False
        for candidate in way(conversation):
            if still(candidate):
                conversation, better, again = candidate, True, True
                break
    return conversation, better


def _without_peers(conversation):
    """Yield it without each of its peers, the last one first."""
    for name in reversed(list(dict.fromkeys(s.who for s in conversation.steps))):
        if name:
            yield conversation._replace(steps=tuple(
                s for s in conversation.steps if s.who != name))


def _without_steps(conversation):
    """Yield it without some of its steps: many together, then each alone."""
    steps = conversation.steps
    size = len(steps) // 2
    while size:
        for at in range(len(steps) - size, -1, -size):
            yield conversation._replace(steps=steps[:at] + steps[at + size:])
        size //= 2
    for at, step in enumerate(steps):
        if step.does in ("freezes", "is stopped"):      # it goes with its other half
            end = next(i for i in range(at, len(steps)) if steps[i].does == "goes on")
            plan = conversation.plan if step.does == "freezes" else \
                tuple(f for f in conversation.plan if ":stop@" not in f.rule)
            yield conversation._replace(plan=plan, steps=(
                steps[:at] + steps[at + 1:end] + steps[end + 1:]))
        if step.does == "connects" and at + 1 < len(steps) and \
                steps[at + 1].who == step.who and steps[at + 1].does in ENDS:
            yield conversation._replace(steps=steps[:at] + steps[at + 2:])


def _without_arguments(conversation):
    """Yield it without each group of its options."""
    for at, group in enumerate(conversation.args):
        if group[0].startswith("-") and conversation.args[1:]:
            yield conversation._replace(args=conversation.args[:at]
                                        + conversation.args[at + 1:])


def _without_plan(conversation):
    """Yield it without each of its faults, and in the usual time zone."""
    for at in range(len(conversation.plan)):
        yield conversation._replace(plan=conversation.plan[:at]
                                    + conversation.plan[at + 1:])
    if conversation.zone != "UTC0":
        yield conversation._replace(zone="UTC0")


def _joined_pieces(conversation):
    """Yield it with two pieces that follow each other as one."""
    steps = conversation.steps
    for at, (a, b) in enumerate(zip(steps, steps[1:])):
        if a.does == b.does == "sends" and a.who == b.who:
            yield conversation._replace(steps=steps[:at] + (
                a._replace(data=a.data + b.data),) + steps[at + 2:])


def _with_data(conversation, change):
    """Yield it with each change that change(data) yields, of one of its pieces."""
    steps = conversation.steps
    for at, step in enumerate(steps):
        if step.does == "sends":
            for data in change(step.data):
                if data:
                    yield conversation._replace(steps=steps[:at] + (
                        step._replace(data=data),) + steps[at + 1:])


def _shorter_data(conversation):
    """Yield it with less data: large parts are left out first."""
    yield from _with_data(conversation, less_of)


def less_of(data):
    """Yield data (bytes or text) without some of it: much, then little."""
    size = len(data) // 2
    while size:
        count = -(-len(data) // size)
        places = range(count) if count <= 2 * MANY else \
            sorted({*range(MANY), *range(count - MANY, count)})
        for place in places:
            yield data[:place * size] + data[(place + 1) * size:]
        size //= 2


def _plain_data(conversation):
    """Yield it with a whole piece of the same byte: its length alone matters."""
    yield from _with_data(conversation, lambda data: [re.sub(rb"[^\n]", PLAIN, data)])


def _plainer_data(conversation):
    """Yield it with other bytes turned into "a": all in one go, then each."""
    yield from _with_data(conversation, _plainer)


def _plainer(data):
    yield re.sub(rb"[^\n]", PLAIN, data)
    yield re.sub(rb"[^\n\r\0]", PLAIN, data)
    if len(data) <= 4 * MANY:
        for at in range(len(data)):
            yield data[:at] + PLAIN + data[at + 1:]


def _shorter_stdin(conversation):
    """Yield it with less, or plainer, on its stdin."""
    for data in [*less_of(conversation.stdin or b""),
                 *(_plainer(conversation.stdin) if conversation.stdin else ())]:
        yield conversation._replace(stdin=data)


def _smaller_numbers(conversation):
    """Yield it with other numbers in its arguments, the smallest first."""
    for at, group in enumerate(conversation.args):
        for place, word in enumerate(group):
            for other in _smaller(word):
                changed = group[:place] + (other,) + group[place + 1:]
                yield conversation._replace(args=conversation.args[:at] + (changed,)
                                            + conversation.args[at + 1:])


def _smaller(word):
    """Yield smaller numbers than this word is, or shorter texts."""
    if re.fullmatch(r"[0-9]+", word):
        yield from (str(n) for n in NUMBERS if n < int(word))
    elif "{" not in word and not word.startswith("-"):
        yield from less_of(word)
        plain = re.sub(r"[^a]", "a", word)
        if plain != word:
            yield plain
