"""The one deadline, and the one place where the harness waits for time to pass."""
import os
import select
import time


def slowness():
    """Return how much longer than on an idle machine things may take here, from 1."""
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(6.0, max(1.0, waiting))


# Seconds until something that must happen counts as not happening.  Most waits
# end long before: see program.Program.is_beyond_hope().
PATIENCE = float(os.environ.get("LOOPBACK_PATIENCE") or 5.0 * slowness())


class Deadline:
    """A point in time, PATIENCE (or `seconds`) from now."""

    def __init__(self, seconds=None):
        self.end = time.monotonic() + (PATIENCE if seconds is None else seconds)

    def is_over(self):
        """Say whether the time is up."""
        return time.monotonic() >= self.end

    def left(self):
        """Return the seconds left, never negative."""
        return max(0.0, self.end - time.monotonic())


class Pauses:
    """Pauses between two looks at something: short at first, longer later."""

    def __init__(self, first=0.0005, longest=0.02):
        self.seconds = first
        self.longest = longest

    def wait(self, readable=(), writable=()):
        """Wait one pause, or less when one of the descriptors becomes ready."""
        poller = select.poll()
        for fd in readable:
            poller.register(fd, select.POLLIN)
        for fd in writable:
            poller.register(fd, select.POLLIN | select.POLLOUT)
        poller.poll(self.seconds * 1000)
        self.seconds = min(self.longest, self.seconds * 1.5)
