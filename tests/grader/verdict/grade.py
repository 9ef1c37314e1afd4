"""Grades a lesson: a Request goes in, a document comes out, and nothing is kept."""
import contextlib
import importlib
import os
import time
from collections import namedtuple

from .. import build
from ..course import sources, steps
from ..course.places import place_of, shown
from ..words import show
from ..words.trouble import Usage
from . import document as documents
from .record import Record
from .run import run_checks

# number     of the lesson
# directory  of the files to grade; None: the learner's own
# variant    one of build.VARIANTS; given: the tree that earlier modules come from
# only       the ID of the one check to run, or None
# run_all    whether to go on after the first failure
# first      the ID of the check to start first, if there is such a check, or None
# seeds      of the conversations, in place of those that are fixed; None: the fixed
Request = namedtuple(
    "Request", "number directory variant given only run_all first seeds",
    defaults=(None, "asan", "solutions", None, False, None, None))

# What a lesson's checks are given: directory of the learner's files, a build.Built,
# the interposer's path, paths of the earlier lessons' modules in it, and whether
# the learner's files cancel threads.
Submission = namedtuple("Submission", "directory built interposer modules cancels")


def load(number):
    """Return (Place, lesson class) of lesson `number`; Usage if there is none."""
    place = place_of(number)
    module = importlib.import_module(f"checks.lesson{place.number:02}")
    for value in vars(module).values():
        if getattr(value, "number", None) == place.number:
            return place, value
    raise Usage(f"tests/checks/lesson{place.number:02}.py holds no checks")


def grade(request, on_record=lambda record: None):
    """Grade what a Request asks for; return the document of it.

    on_record   called with each check's Record as soon as it is known
    Raises Usage and Infra.
    """
    start = time.monotonic()
    place, lesson_class = load(request.number)
    if request.seeds:
        lesson_class = type(lesson_class.__name__, (lesson_class,),
                            {"seeds": request.seeds})
    directory = request.directory or place.lesson
    document = documents.new(place, lesson_class, directory, request)
    checks = lesson_class.checks()
    if request.only and request.only not in checks:
        raise Usage(f"lesson {place.number} has no check {request.only}; it has "
                    + ", ".join(checks))
    planned = [Record(name, method) for name, method in checks.items()]
    try:
        records = _build_and_run(request, document, place, lesson_class, directory,
                                 on_record)
        documents.fill_in(document, records, planned)
    except (sources.SourceProblem, build.BuildFailure) as e:
        _note_build(document, e, planned)
    document["milliseconds"] = round((time.monotonic() - start) * 1000)
    return document


def _build_and_run(request, document, place, lesson_class, directory, on_record):
    for program in lesson_class.programs:
        sources.read_source(directory, program, _advice(place, directory))
    if steps.is_skeleton(place.skeleton, directory):
        return [_untouched(lesson_class, directory)]
    interposer = build.interposer()
    built = build.build(place, directory, lesson_class.programs, request.variant,
                        request.given, lesson_class.extras)
    modules = sources.used_modules(directory, place.number, request.given)
    document["build"].update(programs=built.programs, warnings=built.warnings,
                             modules=[shown(m) for m in modules])
    document["notes"] += built.notes + _warned(built.warnings) + _linked(modules)
    cancels = any(sources.calls_to(directory, ["pthread_cancel"]))
    submission = Submission(directory, built, interposer, modules, cancels)
    names = [request.only] if request.only else list(lesson_class.checks())
    ahead = [] if request.only else lesson_class.variants
    with _built_ahead(built, ahead):
        records = run_checks(lesson_class, names, submission, request.run_all,
                             on_record, request.first)
    if request.given == "lessons" and modules:
        _look_for_blame(request, document, records)
    return records


@contextlib.contextmanager
def _built_ahead(built, variants):
    """Meanwhile a child builds the same in other variants; checks will ask for them."""
    def build_them():
        for variant in variants:
            build.in_variant(built, variant)

    ahead = build.Ahead(build_them) if variants else None
    try:
        yield
    finally:
        if ahead:
            ahead.stop()


def _look_for_blame(request, document, records):
    """Run the check that failed again with the finished modules of earlier lessons.

    When it passes with them, the fault lies in the learner's own modules, and
    the record says so.
    """
    failed = next((r for r in records if r.stops()), None)
    if failed is None or failed.verdict == "INFRA":
        return
    again = grade(request._replace(given="solutions", only=failed.id))
    if any(c["id"] == failed.id and c["verdict"] == "PASS" for c in again["checks"]):
        failed.blame = document["build"]["modules"]


def _linked(modules):
    by_tree = ", ".join(shown(m) for m in modules)
    return [f"linked with {by_tree}" + (
        " (GIVEN=lessons takes your own)" if "solutions" in by_tree else "")] \
        if modules else []


def _advice(place, directory):
    return f"make reset-lesson{place.number} brings the skeleton back" \
        if directory == place.lesson else "the lesson's README names the files"


def _untouched(lesson_class, directory):
    file, line, step = steps.first(directory)
    record = Record(*next(iter(lesson_class.checks().items())))
    record.verdict = "UNTOUCHED"
    record.step = steps.quoted(step, f"{file}:{line}", directory)
    return record


def _warned(warnings):
    count = sum(": warning:" in line for line in warnings.splitlines())
    first = next((line for line in warnings.splitlines() if ": warning:" in line), "")
    if not count:
        return []
    help_text, _ = build.found(warnings)
    return [f"{show.count(count, 'compiler warning')}, the first: {first}"
            + (f"\n{help_text}" if help_text else "")]


def _note_build(document, problem, planned):
    text = str(problem)
    documents.fill_in(document, [], planned)
    document["build"].update(problem=text, text=text)
    if isinstance(problem, build.BuildFailure):
        file = show.whose(problem.module) if problem.module \
            else document["lesson"]["file"]
        document["build"].update(
            problem=f"the compiler does not accept {file}",
            error=build.first_error(text), help=problem.help)
    for check in document["checks"]:
        check["reason"] = "the program was not built"
    documents.conclude(document, "BUILD")
