"""The measurement: round after round, one server at a time; the raw numbers of it."""
import time

from . import clients, contenders
from .plan import BUDGET, Load, loads
from .process import NotReady, Server


class Measurement:
    """The raw numbers of a comparison, and what of it is still to be run.

    runs    one dict per run: the load's own result, and server, work_ms, round,
            trouble ("" or words); of a server that did not listen only these
    memory  one dict per server and number of clients
    failed  {id of a server: (Load, words)}: it is not measured any more
    """

    def __init__(self, plan, programs, load, tell=lambda text: None):
        """programs: of contenders.build_all; load: of clients.built; tell: progress"""
        self.plan, self.programs, self.load, self.tell = plan, programs, load, tell
        self.runs, self.memory, self.failed = [], [], {}
        self.rounds = 0

    def run(self):
        """Measure everything; stop early rather than go beyond the time."""
        start = time.monotonic()
        for count in self.plan.clients:
            for server in contenders.SERVERS:
                self.tell(f"memory: {count} clients, {server.title}")
                if server.id not in self.failed:
                    self._measure_memory(server, count)
        longest = 0
        while self.rounds < self.plan.rounds:
            began = time.monotonic()
            if self.rounds and began - start + longest > BUDGET:
                break
            self.rounds += 1
            self._round()
            longest = max(longest, time.monotonic() - began)

    def _round(self):
        for load in loads(self.plan):
            for server in contenders.SERVERS:
                self.tell(f"round {self.rounds} of {self.plan.rounds}: {load.clients} "
                          f"clients, {load.work_ms} ms of work, {server.title}")
                if server.id not in self.failed:
                    self._run_once(server, load)

    def _started(self, server, work_ms):
        lesson, program, options = contenders.what_runs(server, work_ms)
        return Server(self.programs[lesson, program].path, options)

    def _run_once(self, server, load):
        entry = {"server": server.id, "clients": load.clients,
                 "work_ms": load.work_ms, "round": self.rounds}
        try:
            with self._started(server, load.work_ms) as running:
                entry.update(clients.run(self.load, running.port, load.clients,
                                         load.turns, seconds=self._seconds(load)))
                entry["trouble"] = _trouble(running, entry)
        except NotReady as e:
            entry["trouble"] = str(e)
        self.runs.append(entry)
        if entry["trouble"]:
            self.failed[server.id] = load, entry["trouble"]

    @staticmethod
    def _seconds(load):
        """Return the deadline of a run: also one by one all answers are due by then."""
        due = load.clients * load.turns * load.work_ms / 1000
        return clients.DEADLINE + round(2 * due)

    def _measure_memory(self, server, count):
        """Compare an idle server with the same while all clients are connected."""
        seen, kept = [], contenders.at_once(server, count)
        load = Load(count, self.plan.work[0], 1)
        try:
            with self._started(server, load.work_ms) as running:
                seen.append(running.memory())
                result = clients.run(self.load, running.port, count, 1,
                                     self._seconds(load), kept,
                                     lambda: seen.append(running.memory()))
                words = _trouble(running, result)
        except NotReady as e:
            words = str(e)
        if words:
            self.failed[server.id] = load, words
        elif len(seen) == 2:
            (idle, _), (busy, processes) = seen
            self.memory.append({
                "server": server.id, "clients": count, "served": kept,
                "idle_bytes": idle, "bytes": busy, "processes": processes,
                "bytes_per_client": max(0, busy - idle) / count})


def _trouble(running, result):
    """Return in words what was wrong with a server in a run, "" for nothing."""
    if running.has_ended():
        return f"ended: {running.how_it_ended()}"
    return clients.trouble(result)
