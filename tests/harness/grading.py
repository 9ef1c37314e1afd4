"""Grades a lesson: sources, build, checks, document."""
import importlib
import os
import time

from . import build, document as documents, grade, show, sources, state
from .failure import Usage
from .layout import place as place_of, shown, whose
from .sources import SourceProblem, read_source


def load(number):
    """Return (Place, lesson class) of lesson `number`; Usage if there is none."""
    place = place_of(number)
    module = importlib.import_module(f"test_lesson{place.number:02}")
    for value in vars(module).values():
        if getattr(value, "number", None) == place.number:
            return place, value
    raise Usage(f"tests/test_lesson{place.number:02}.py holds no checks")


def grade_lesson(number, submission=None, variant="asan", given="solutions", only=None,
                 run_all=False, on_record=lambda record: None):
    """Grade a lesson and return its document.

    number      of the lesson
    submission  directory of the files to grade; None: the lesson's own
    variant     which of build.VARIANTS; given: where earlier modules come from
    only        the ID of the one check to run, or None
    on_record   called with each check's record as soon as it is known
    Raises Usage and Infra.
    """
    start = time.monotonic()
    place, lesson_class = load(number)
    directory = submission or place.lesson
    document = documents.new(place, lesson_class, directory, submission is None)
    document["build"].update(variant=variant, given=given)
    checks = lesson_class.checks()
    if only and only not in checks:
        raise Usage(f"lesson {place.number} has no check {only}; it has "
                    + ", ".join(checks))
    planned = [grade.record(name, method) for name, method in checks.items()]
    try:
        records = _build_and_run(document, place, lesson_class, directory,
                                 [only] if only else list(checks), run_all, on_record)
        documents.fill_in(document, records, planned)
    except (SourceProblem, build.BuildFailure) as e:
        _note_build(document, e, planned)
    document["milliseconds"] = round((time.monotonic() - start) * 1000)
    if document["lesson"]["own"] and not only:
        state.remember(document)
    return document


def _build_and_run(document, place, lesson_class, directory, names, run_all, on_record):
    for program in lesson_class.programs:
        read_source(directory, program, _advice(place, directory))
    if _is_skeleton(place, directory):
        return [_untouched(lesson_class, directory)]
    interposer = build.interposer()
    built = build.build(place, directory, lesson_class.programs,
                        document["build"]["variant"], document["build"]["given"],
                        lesson_class.extras)
    modules = sources.used_modules(directory, place.number, document["build"]["given"])
    document["build"].update(programs=built.programs, warnings=built.warnings,
                             modules=[shown(m) for m in modules])
    document["notes"] += built.notes + _warned(built.warnings) + _linked(modules)
    records = grade.run_checks(lesson_class, names, (directory, built, interposer),
                               run_all, on_record)
    for record in records:
        if record["step"]:
            _quote_step(record["step"], directory, modules)
    if document["build"]["given"] == "lessons" and modules:
        _look_for_blame(document, records, place, lesson_class, directory, interposer)
    return records


def _quote_step(step, directory, modules):
    """Put the text of the step's comment in, and whose file it is in."""
    file = step["where"].rpartition(":")[0]
    places = {os.path.basename(m): m for m in modules}
    own = os.path.join(directory, file)
    step["text"] = documents.step_text(
        places.get(file, own) if not os.path.exists(own) else own, step["number"])


def _look_for_blame(document, records, place, lesson_class, directory, interposer):
    """Run the check that failed again with the finished modules of earlier lessons.

    When it passes with them, the fault lies in the learner's own modules, and
    the record says so in "blame".
    """
    failed = next((r for r in records if r["verdict"] not in ("PASS", "SKIP")), None)
    if failed is None or failed["verdict"] == "INFRA":
        return
    built = build.build(place, directory, lesson_class.programs,
                        document["build"]["variant"], "solutions", lesson_class.extras)
    again = grade.run_checks(lesson_class, [failed["id"]],
                             (directory, built, interposer), True, lambda record: None)
    if again[0]["verdict"] == "PASS":
        failed["blame"] = document["build"]["modules"]


def _linked(modules):
    by_tree = ", ".join(shown(m) for m in modules)
    return [f"linked with {by_tree}" + (
        " (GIVEN=lessons takes your own)" if "solutions" in by_tree else "")] \
        if modules else []


def _advice(place, directory):
    return f"make reset-lesson{place.number} brings the skeleton back" \
        if directory == place.lesson else "the lesson's README names the files"


def _is_skeleton(place, directory):
    """Say whether the files in `directory` are the skeletons, untouched."""
    names = sources.c_files(place.skeleton)
    return bool(names) and all(
        _text(os.path.join(place.skeleton, n)) == _text(os.path.join(directory, n))
        for n in names)


def _text(path):
    try:
        with open(path, "rb") as file:
            return file.read().replace(b"\r\n", b"\n")
    except OSError:
        return None


def _untouched(lesson_class, directory):
    name, method = next(iter(lesson_class.checks().items()))
    file, line, step = documents.first_step(directory)
    record = grade.record(name, method)
    record["verdict"] = "UNTOUCHED"
    record["step"] = {"number": step, "where": f"{file}:{line}",
                      "text": documents.step_text(os.path.join(directory, file), step)}
    return record


def _warned(warnings):
    count = sum(": warning:" in line for line in warnings.splitlines())
    first = next((line for line in warnings.splitlines() if ": warning:" in line), "")
    if not count:
        return []
    return [f"{show.count(count, 'compiler warning')}, the first: {first}"]


def _note_build(document, problem, planned):
    text = str(problem)
    documents.fill_in(document, [], planned)
    document["build"].update(problem=text, text=text)
    if isinstance(problem, build.BuildFailure):
        file = whose(problem.module) if problem.module \
            else document["lesson"]["file"]
        document["build"].update(
            problem=f"the compiler does not accept {file}",
            error=build.compiler_help.first_error(text), help=problem.help)
    for check in document["checks"]:
        check["reason"] = "the program was not built"
    documents.conclude(document, "BUILD")
