"""Which servers are compared, whose files they are built of, and their commands."""
import os
from collections import namedtuple

from grader import build
from grader.course import sources, steps
from grader.course.places import place_of, shown

MAX = 600                           # -n of every server: never the limit
POOL = 8                            # threads of the pool
VARIANT = "fast"                    # as a server is used: no sanitizers, optimized

# id       as in the document; title: as on the page; mark: in the plot
# lesson, program, options: what it is; and the same under work time where other
Server = namedtuple("Server", "id title mark lesson program options worker")
SERVERS = [
    # The server of lesson 06 has no -d: with work time another plays its part.
    Server("sequential", "sequential", "S", 6, "hellod", [],
           (11, "hellod-threads", ["-n", "1"])),
    Server("forking", "forking", "F", 10, "hellod-fork", ["-n", str(MAX)], None),
    Server("threaded", "threaded", "T", 11, "hellod-threads", ["-n", str(MAX)], None),
    Server("pool", f"pool of {POOL}", "P", 11, "hellod-threads",
           ["-n", str(MAX), "-p", str(POOL)], None),
]
BASE = SERVERS[0].id                # the one that the others are compared with

# path   of the executable; file: its source, relative to the course
# own    whether it is the learner's
# note   why it is not, when there is something to say; ""
Program = namedtuple("Program", "path file own note")


def at_once(server, clients):
    """Return how many of so many clients the server serves at the same time."""
    return {"sequential": 1, "pool": min(POOL, clients)}.get(server.id, clients)


def needed(works):
    """Return the {(lesson, program)} to build for these work times, in order."""
    found = {}
    for server in SERVERS:
        if 0 in works or server.worker is None:
            found[server.lesson, server.program] = None
        if any(works) and server.worker:
            found[server.worker[:2]] = None
    return list(found)


def build_all(works):
    """Build what is compared; return {(lesson, program): Program}.

    Raises BuildFailure or SourceProblem when even our own files do not build.
    """
    return {(lesson, program): choose(place_of(lesson), program)
            for lesson, program in needed(works)}


def choose(place, program):
    """Return the Program of the lesson at a Place: the learner's when done, else ours.
    """
    note = ""
    if not steps.is_skeleton(place.skeleton, place.lesson):
        if any(sources.calls_to(place.lesson, ["todo"])):
            note = f"your {program} of lesson {place.number:02} has steps left to do"
        else:
            try:
                return _built(place, place.lesson, program, True, "")
            except (build.BuildFailure, sources.SourceProblem):
                note = f"your {program} of lesson {place.number:02} does not build"
        note += ": ours stands in for it"
    return _built(place, place.solution, program, False, note)


def _built(place, directory, program, own, note):
    made = build.build(place, directory, sources.programs(place.solution), VARIANT)
    file = shown(os.path.join(directory, program + ".c"))
    return Program(made.programs[program], file, own, note)


def what_runs(server, work_ms):
    """Return (lesson, program, options) that play this server with so much work."""
    if work_ms == 0:
        return server.lesson, server.program, server.options
    lesson, program, options = server.worker or \
        (server.lesson, server.program, server.options)
    return lesson, program, [*options, "-d", str(work_ms)]
