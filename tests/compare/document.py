"""The document of a comparison: every raw number, and the rows of the tables."""
import os
import platform

from grader.words import show

from . import contenders, figures, memory, plan as plans


def of(measurement, notes, seconds):
    """Return the document, ready for JSON.

    measurement  a rounds.Measurement that has run
    notes        sentences about what this machine or these files did not allow
    seconds      what all of it took
    """
    plan = measurement.plan
    return {
        "schema": 1,
        "machine": {"processors": os.cpu_count(), "kernel": platform.release(),
                    "architecture": platform.machine(),
                    "load": round(os.getloadavg()[0], 1)},
        "plan": {"clients": list(plan.clients), "work_ms": list(plan.work),
                 "turns": [load._asdict() for load in plans.loads(plan)],
                 "rounds": measurement.rounds, "rounds_planned": plan.rounds,
                 "memory_is": "Pss" if memory.counts_shares() else "resident"},
        "servers": [_server(server, plan, measurement.programs)
                    for server in contenders.SERVERS],
        "rows": [_row(measurement, server, clients, work_ms) for work_ms in plan.work
                 for clients in plan.clients for server in contenders.SERVERS],
        "runs": measurement.runs,
        "memory": measurement.memory,
        "notes": notes,
        "seconds": round(seconds, 1),
        "exit_status": 1 if measurement.failed else 0,
    }


def _server(server, plan, programs):
    kinds = dict.fromkeys(map(bool, plan.work))     # without and with work time
    found = {}
    for with_work in kinds:
        lesson, program, options = contenders.what_runs(server, 1 if with_work else 0)
        built = programs[lesson, program]
        shown = options[:-2] if with_work else options      # -d differs
        found[built.file, tuple(shown)] = {
            "file": built.file, "own": built.own,
            "command": " ".join([program, *shown])}
    return {"id": server.id, "title": server.title, "mark": server.mark,
            "programs": list(found.values())}


def _row(measurement, server, clients, work_ms):
    def runs_of(name):
        return [r for r in measurement.runs if r["server"] == name and not r["trouble"]
                and (r["clients"], r["work_ms"]) == (clients, work_ms)]

    held = next((m["bytes_per_client"] for m in measurement.memory
                 if (m["server"], m["clients"]) == (server.id, clients)), None)
    row = {"server": server.id, "clients": clients, "work_ms": work_ms,
           **figures.row(runs_of(server.id), runs_of(contenders.BASE)),
           "spread": figures.spread(runs_of(server.id)), "bytes_per_client": held,
           "trouble": ""}
    if server.id in measurement.failed:
        load, words = measurement.failed[server.id]
        if (load.clients, load.work_ms) == (clients, work_ms):
            row["trouble"] = words
        elif not row["rounds"]:
            row["trouble"] = "not measured: it failed with " + \
                show.count(load.clients, "client")
    return row


def rows(document, work_ms, server=None):
    """Return the rows of the document with this work time (and of this server)."""
    return [row for row in document["rows"] if row["work_ms"] == work_ms
            and server in (None, row["server"])]


def find(document, server, clients, work_ms):
    """Return the row of a server under a load, None if it has no figures."""
    return next((row for row in rows(document, work_ms, server)
                 if row["clients"] == clients and not row["trouble"]
                 and row["rounds"]), None)


def title(document, server):
    """Return the title of a server by its id."""
    return next(s["title"] for s in document["servers"] if s["id"] == server)
