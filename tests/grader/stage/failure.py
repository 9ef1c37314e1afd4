"""What ends a check before its last line: one class for each kind of end."""


UNNAMED = ""                        # a bug that the evidence does not tell


class Failure(Exception):
    """The program is not right: what was expected, what happened, and which bug.

    expected, actual  one line of text each
    bug               an ID of docs/bugs, a function that finds it out, UNNAMED when
                      none is certain, or None for the first bug of the check
    verdict           FAIL, TIMEOUT, CRASH, LIMIT or LEFTOVER
    """

    def __init__(self, expected, actual, bug=None, verdict="FAIL"):
        super().__init__(f"expected {expected}; actual {actual}")
        self.expected = expected
        self.actual = actual
        self.bug = bug() if callable(bug) else bug
        self.verdict = verdict


class Unfinished(Exception):
    """The program reached a todo(): not wrong, but not finished either."""

    def __init__(self, where, step):
        super().__init__(f"{where}: step {step} is still to do")
        self.where = where
        self.step = step


class Skip(Exception):
    """This machine cannot show what the check is about; the text says why."""
