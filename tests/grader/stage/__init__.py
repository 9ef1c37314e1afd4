"""The words a lesson's checks are written in; nothing else is for their use."""
from ..bench.table import RECEIVING, SENDING
from .failure import Failure, Skip
from .lesson import Lesson, check

__all__ = ["RECEIVING", "SENDING", "Failure", "Lesson", "Skip", "check"]
