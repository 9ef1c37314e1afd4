"""The words a lesson's checks are written in; nothing else is for their use."""
from .failure import Failure, Skip
from .lesson import Lesson, check

__all__ = ["Failure", "Lesson", "Skip", "check"]
