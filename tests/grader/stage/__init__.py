"""The words a lesson's checks are written in; nothing else is for their use."""
from .conversation import (SERVER, Conversation, Dice, Step, dealt, interleaved,
                           pieces, sends, vanishes, words)
from .difference import Due
from .failure import UNNAMED, Failure, Skip
from .faults import fails, interrupted, later, short, stops
from .lesson import Lesson, check
from .protocol import COMPLAINT, Outcome, Protocol

__all__ = ["COMPLAINT", "Conversation", "Dice", "Due", "Failure", "Lesson", "Outcome",
           "Protocol", "SERVER", "Skip", "Step", "UNNAMED", "check", "dealt", "fails",
           "interleaved", "interrupted", "later", "pieces", "sends", "short", "stops",
           "vanishes", "words"]
