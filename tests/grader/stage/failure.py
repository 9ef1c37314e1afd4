"""What ends a check before its last line: one class for each kind of end."""
from ..words.text import text_of


UNNAMED = ""                        # a bug that the evidence does not tell


class Failure(Exception):
    """The program is not right: what was expected, what happened, and which bug.

    expected, actual  one sentence each, a str or a Text
    bug               an ID of docs/bugs, a function that finds it out, UNNAMED when
                      none is certain, or None for the first bug of the check
    verdict           FAIL, TIMEOUT, CRASH, LIMIT or LEFTOVER
    computed          what makes the one of the other, a Text (see words.difference),
                      or None
    of                what it is about, where one thing is: a Subject or a Peer
    at                the first byte that is wrong of all that this one sent, or None
    """

    def __init__(self, expected, actual, bug=None, verdict="FAIL", computed=None,
                 of=None, at=None):
        super().__init__(f"expected {expected}; actual {actual}")
        self.expected = text_of(expected)
        self.actual = text_of(actual)
        self.bug = bug() if callable(bug) else bug
        self.verdict = verdict
        self.computed = computed
        self.of, self.at = of, at


class Unfinished(Exception):
    """The program reached a todo(): not wrong, but not finished either."""

    def __init__(self, where, step):
        super().__init__(f"{where}: step {step} is still to do")
        self.where = where
        self.step = step


class Skip(Exception):
    """This machine cannot show what the check is about; the text says why."""
