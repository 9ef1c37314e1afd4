"""The one deadline, and the one place where the harness waits for time to pass."""
import os
import select
import time

USUAL = 5.0                         # seconds of patience on an idle machine
PROCESSORS = os.cpu_count() or 1
MOST_SLOWNESS = 10.0                # times as long, at most, on a busy one


def slowness():
    """Return how much longer than on an idle machine things may take here, from 1.

    By how many want to run for each processor: now, and in the last minute.
    """
    try:
        with open("/proc/loadavg", "rb", buffering=0) as file:
            words = file.read().split()
        wanting = max(float(words[0]), int(words[3].split(b"/")[0]))
    except (OSError, ValueError, IndexError):
        wanting = 0.0
    return min(MOST_SLOWNESS, max(1.0, wanting / PROCESSORS))


def patience():
    """Return the seconds after which what must happen counts as not happening.

    Most waits end long before: see program.Program.is_beyond_hope().
    """
    return float(os.environ.get("LOOPBACK_PATIENCE") or USUAL * slowness())


class Deadline:
    """A point in time: patience(), or `seconds` on an idle machine, from now."""

    def __init__(self, seconds=None):
        self.start = time.monotonic()
        self.end = self.start + (patience() if seconds is None
                                 else seconds * slowness())

    def is_over(self):
        """Say whether the time is up."""
        return time.monotonic() >= self.end

    def is_half_over(self):
        """Say whether more than half of the time is up."""
        return time.monotonic() >= (self.start + self.end) / 2

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
