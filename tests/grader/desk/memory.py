"""What is remembered between runs: each lesson's last document, the hints given."""
import json
import os

from ..course.places import BUILD, COURSE_LENGTH, build_dir, lesson_names


def _path(name):
    return os.path.join(BUILD, "state", name)


def _load(name):
    try:
        with open(_path(name), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None                     # never written, or half: as if never run


def _save(name, value):
    build_dir("state")
    aside = f"{_path(name)}.{os.getpid()}"
    with open(aside, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(aside, _path(name))      # whole or not at all


def last_document(number):
    """Return the document of the last run of lesson `number`, or None."""
    return _load(f"lesson{number:02}.json")


def recall(document, counts=True):
    """Put into the document of the learner's own lesson what earlier runs add to it.

    counts  whether its verdict counts toward the course: not that of a single check
    """
    number = document["lesson"]["number"]
    if document["lesson"]["own"]:
        document["course"] = course(number, document["verdict"]) if counts else course()
        bug = next((c["bug"] for c in document["checks"] if c["bug"]), None)
        document["hint_level"] = hint_level(number, bug) if bug else 0


def remember(document):
    """Keep the document of a run of the learner's own lesson."""
    _save(f"lesson{document['lesson']['number']:02}.json", document)


def hint_level(number, bug):
    """Return how many hints have been given for `bug` in this lesson, 0 to 3."""
    given = _load("hints.json") or {}
    return given.get(f"{number} {bug}", 0)


def hint_given(number, bug, level):
    """Remember that hint `level` was given."""
    given = _load("hints.json") or {}
    given[f"{number} {bug}"] = level
    _save("hints.json", given)


def course(number=None, verdict=None):
    """Return {"passed", "of"}: how many lessons' last run passed.

    number, verdict  a lesson whose newest verdict is not yet kept
    """
    passed = 0
    for name in lesson_names():
        each = int(name[:2])
        last = last_document(each)
        now = verdict if each == number else last and last["verdict"]
        passed += now in ("PASS", "SKIP") and each <= COURSE_LENGTH
    return {"passed": passed, "of": COURSE_LENGTH}
