"""Which servers are compared, whose files they are built of, and their commands."""
import os
from collections import namedtuple

from harness import build, grading, sources
from harness.layout import shown

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
    return {(lesson, program): choose(*grading.load(lesson), program)
            for lesson, program in needed(works)}


def choose(place, lesson_class, program):
    """Return the Program of a lesson: the learner's when it is done, else ours.

    place, lesson_class  as grading.load returns them
    """
    note = ""
    if _is_begun(place):
        if any(sources.calls_to(place.lesson, ["todo"])):
            note = f"your {program} of lesson {place.number:02} has steps left to do"
        else:
            try:
                return _built(place, place.lesson, lesson_class, program, True, "")
            except (build.BuildFailure, sources.SourceProblem):
                note = f"your {program} of lesson {place.number:02} does not build"
        note += ": ours stands in for it"
    return _built(place, place.solution, lesson_class, program, False, note)


def _built(place, directory, lesson_class, program, own, note):
    made = build.build(place, directory, lesson_class.programs, VARIANT)
    file = shown(os.path.join(directory, program + ".c"))
    return Program(made.programs[program], file, own, note)


def _is_begun(place):
    """Say whether the learner's files are no longer the skeleton."""
    return any(_bytes(place.lesson, file) != _bytes(place.skeleton, file)
               for file in sources.c_files(place.skeleton))


def _bytes(directory, file):
    try:
        with open(os.path.join(directory, file), "rb") as source:
            return source.read()
    except OSError:
        return None


def what_runs(server, work_ms):
    """Return (lesson, program, options) that play this server with so much work."""
    if work_ms == 0:
        return server.lesson, server.program, server.options
    lesson, program, options = server.worker or \
        (server.lesson, server.program, server.options)
    return lesson, program, [*options, "-d", str(work_ms)]
