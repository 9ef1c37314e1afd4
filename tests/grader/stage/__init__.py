"""The words a lesson's checks are written in; nothing else is for their use."""
from ..bench.table import RECEIVING, SENDING
from ..words.text import _
from .failure import Failure, Skip
from .lesson import Lesson, check
from .plan import (ALL, answers, changes_errno, comes_short, fails, is_interrupted,
                   is_slow, names, says_ready, stops, wakes_up)

__all__ = ["ALL", "RECEIVING", "SENDING", "Failure", "Lesson", "Skip", "answers",
           "changes_errno", "check", "comes_short", "fails", "is_interrupted",
           "is_slow", "names", "says_ready", "stops", "wakes_up", "_"]
