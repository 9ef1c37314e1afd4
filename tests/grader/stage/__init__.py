"""The words a lesson's checks are written in; nothing else is for their use."""
from ..bench.table import RECEIVING, SENDING
from ..words.text import _
from .conversation import (SERVER, Conversation, Dice, Step, dealt, interleaved,
                           pieces, sends, vanishes, words)
from .difference import Due
from .failure import UNNAMED, Failure, Skip
from .faults import later
from .lesson import Lesson, check
from .plan import (ALL, answers, changes_errno, comes_short, fails, few_at_a_time,
                   is_interrupted, is_slow, names, says_ready, stops, wakes_up)
from .player import DRIPPING
from .protocol import COMPLAINT, Outcome, Protocol

__all__ = ["ALL", "COMPLAINT", "DRIPPING", "RECEIVING", "SENDING", "SERVER", "UNNAMED",
           "Conversation", "Dice", "Due", "Failure", "Lesson", "Outcome", "Protocol",
           "Skip", "Step", "answers", "changes_errno", "check", "comes_short", "dealt",
           "fails", "few_at_a_time", "interleaved", "is_interrupted", "is_slow",
           "later", "names", "pieces", "says_ready", "sends", "stops", "vanishes", "_",
           "wakes_up", "words"]
