"""The document of a lesson run: everything the page shows, and nothing else does.

It is a dict that json can write:

    format        2
    lesson        number, name, title, file, readme, question, next, diffs,
                  own (the learner's own directory, not a submission)
    verdict       of the lesson: PASS, or that of the first check that did not pass
    exit_status   0 passed, 1 the program's fault, 3 INFRA (or SKIP: see below)
    checks        every planned check, in order (record.Record tells the fields);
                  verdict is null for one that was not run
    points        earned, possible
    build         variant, given, programs, modules (files of earlier lessons in
                  them), warnings, problem, error, help, text
    skipped       id and reason of each check this machine cannot show
    notes         what else a reader should know
    hint_level    hints given so far for the first failure; the desk fills it in
    milliseconds  from the command to the verdict
    course        passed, of; null for a submission; the desk fills it in

A lesson of which a check was skipped has the verdict SKIP and the exit status 3:
what could not be shown is never counted as passed.
"""
import os

from ..course.places import lesson_names, shown
from ..course.sources import c_files

NOT_RUN = "an earlier check did not pass"


def new(place, lesson_class, directory, request):
    """Return the document of a run that has not begun."""
    program = lesson_class.programs[0]
    return {
        "format": 2,
        "lesson": {
            "number": place.number, "name": place.name, "title": lesson_class.title,
            "file": shown(os.path.join(directory, program + ".c")),
            "readme": shown(os.path.join(place.lesson, "README.md")),
            "question": lesson_class.question, "next": _next(place),
            "own": request.directory is None,
            "diffs": [f"diff -u {shown(place.lesson)}/{file} "
                      f"{shown(place.solution)}/{file}"
                      for file in c_files(place.solution)],
        },
        "verdict": None, "exit_status": None, "checks": [],
        "points": {"earned": 0, "possible": 0},
        "build": {"variant": request.variant, "given": request.given, "programs": {},
                  "modules": [], "warnings": "", "problem": "", "error": "",
                  "help": "", "text": ""},
        "skipped": [], "notes": [], "hint_level": 0, "milliseconds": 0, "course": None,
    }


def _next(place):
    later = [n for n in lesson_names() if int(n[:2]) > place.number]
    return f"make check-lesson{int(later[0][:2])}   lessons/{later[0]}/README.md" \
        if later else ""


def fill_in(document, records, planned):
    """Put the checks' records in, and what follows from them.

    records  Records of the checks that were run; planned: of all, in order
    """
    known = {r.id: r.as_dict() for r in records}
    checks = [known.get(p.id, {**p.as_dict(), "reason": NOT_RUN}) for p in planned]
    document["checks"] = checks
    document["points"] = {key: sum(c["points"][key] for c in checks)
                          for key in ("earned", "possible")}
    document["skipped"] = [{"id": c["id"], "reason": c["reason"]} for c in checks
                           if c["verdict"] == "SKIP"]
    conclude(document, _verdict(records, checks))


def _verdict(records, checks):
    for record in records:
        if record.stops():
            return record.verdict
    if not records or len({c["id"] for c in checks}) != len(checks):
        return "INFRA"
    return "SKIP" if any(r.verdict == "SKIP" for r in records) else "PASS"


def conclude(document, verdict):
    """Set the lesson's verdict and the exit status that goes with it."""
    document["verdict"] = verdict
    document["exit_status"] = {"PASS": 0, "SKIP": 3, "INFRA": 3}.get(verdict, 1)
