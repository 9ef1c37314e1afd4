"""From the document of a lesson run to the page a learner reads: 80 columns."""
import os
import re
import textwrap

from ..words.show import clean, whose
from .chart import WIDTH, chart

WORDS = {"PASS": "ok", "UNTOUCHED": "todo", "SKIP": "skip"}
COLOURS = {"PASS": "32", "SKIP": "33", "UNTOUCHED": "33"}       # others: red
BAR = 24
BLANK = "\x1f"                      # stands for a blank where no line may break
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def page(document, colour=False, whole=False, told=False):
    """Return the page for a document (see document.py) as text.

    colour  whether to use terminal colours
    whole   show the whole chart, not only its end
    told    whether heading() and each line() have been printed already
    """
    parts = [] if told else [heading(document)]
    if document["build"]["problem"]:
        parts.append(_build(document, _painter(colour)))
    else:
        if not told:
            parts.append("\n".join(line(c, colour) for c in document["checks"]
                                   if c["verdict"]))
        troubles = [c for c in document["checks"]
                    if c["verdict"] not in (None, "PASS", "SKIP")]
        for number, trouble in enumerate(troubles):
            if number:                  # ALL=1: the line again, above its own page
                parts.append(line(trouble, colour))
            parts += _trouble(document, trouble, whole)
        parts += [] if troubles else _done(document)
    parts += [_note(note) for note in document["notes"]]
    parts.append(_summary(document))
    text = "\n\n".join(part for part in parts if part) + "\n"
    return "\n" + text if told else text


def _painter(colour):
    """Return paint(text, code): text in a terminal's colour, or as it is."""
    return (lambda text, code: f"\033[{code}m{text}\033[0m") if colour else \
        (lambda text, code: text)


def heading(document):
    """Return the first lines of a page: which lesson, which file."""
    lesson = document["lesson"]
    left = f"lesson {lesson['number']:02}  {lesson['title']}"
    room = WIDTH - len(left) - 2
    file = clean(lesson["file"])
    return left + "  " + file.rjust(min(room, 34)) if len(file) <= room else \
        f"{left}\n{' ' * 11}{file}"


def line(check, colour=False):
    """Return the line, or lines, of a check that was run, a dict as in a document."""
    paint = _painter(colour)
    verdict = check["verdict"]
    word = WORDS.get(verdict, verdict)
    mark = f"   [{check['bug']}]" if check["bug"] else ""
    lines = textwrap.wrap(check["title"], WIDTH - 12)
    if len(lines[-1]) + len(mark) <= WIDTH - 12:
        lines[-1] += mark
    else:
        lines.append(mark.strip())
    text = ("\n" + " " * 12).join(lines)
    reason = "\n" + _wrapped(" " * 12, check["reason"], 12) if check["reason"] and \
        verdict == "SKIP" else ""
    return f"  {paint(word.ljust(9), COLOURS.get(verdict, '31'))} {text}{reason}"


# A check that did not pass

def _trouble(document, check, whole):
    if check["blame"]:
        return [_blame(document, check), _later(document)]
    if check["verdict"] == "UNTOUCHED":
        return [_untouched(document, check), _later(document)]
    if check["verdict"] == "INFRA":
        return [_infra(check)]
    return [chart(check, whole) if check["timeline"] else "", _evidence(check),
            _explanation(document, check), _later(document)]


def _evidence(check):
    lines = [_wrapped("  expected  ", check["expected"], 12),
             _wrapped("  actual    ", check["actual"], 12)]
    for label, key in (("", "where"), ("that is", "computed"), ("first at", "origin")):
        if check[key]:
            lines.append(_wrapped(f"  {label:9} ", check[key], 12))
    if check["frames"]:
        lines.append(_wrapped("  at        ", ", ".join(check["frames"]), 12))
    if check["report"]:
        lines.append("  report    the whole of it: JSON=FILE keeps it under \"report\"")
    said = [line for line in clean(check["output"]).splitlines() if line.strip()]
    for i, line in enumerate(said[-3:] if not check["report"] else []):
        lines.append(("  stderr    " if i == 0 else " " * 12) + line[:WIDTH - 12])
    return "\n".join(lines)


def _explanation(document, check):
    number = document["lesson"]["number"]
    level = document["hint_level"]
    lines = [_wrapped("  Why   ", check["why"], 8)] if check["why"] else []
    if not check["bug"]:
        lines.append(f"  Next  make trace-lesson{number}".ljust(32)
                     + "runs this check alone and shows it all")
    elif document["lesson"]["own"]:
        lines.append(f"  Next  make hint-lesson{number}".ljust(32)
                     + f"hint {min(3, level + 1)} of 3 for {check['bug']}")
        lines.append(f"        make trace-lesson{number}".ljust(32)
                     + "runs this check alone and shows it all")
        lines.append(f"        docs/bugs/{check['bug']}.md".ljust(32)
                     + "more about this mistake")
    else:
        lines.append(f"  Next  docs/bugs/{check['bug']}.md")
    return "\n".join(lines)


def _later(document):
    count = sum(c["verdict"] is None for c in document["checks"])
    if not count:
        return ""
    return f"  --    {count} later check{'s were' if count > 1 else ' was'} not run" \
        "   (ALL=1 runs them)"


def _untouched(document, check):
    step = check["step"]
    lines = [f"  Step {step['number']} is still to do: {step['where']}"]
    if step.get("text"):
        lines.append(_wrapped("        ", step["text"], 8))
    lines.append(f"  Next  read {document['lesson']['readme']}, fill in this step, "
                 "check again")
    return "\n".join(lines)


def _blame(document, check):
    """Say that an earlier lesson's module is at fault, not the lesson at hand."""
    modules = " or ".join(whose(module) for module in check["blame"])
    number = document["lesson"]["number"]
    lines = [_wrapped("  ", f"This is no fault of lesson {number}: "
                      f"with the finished modules the check passes. The fault lies in "
                      f"{modules}.", 2)]
    if check["step"]:
        lines.append(f"  It stopped at {check['step']['where']}: step "
                     f"{check['step']['number']} is still to do.")
    else:
        lines += [_evidence(check)]
    numbers = sorted({int(os.path.basename(os.path.dirname(m))[:2])
                      for m in check["blame"]})
    lines.append("  Next  " + ", ".join(f"make check-lesson{n}" for n in numbers)
                 + "; or leave out GIVEN=lessons for now")
    return "\n".join(lines)


def _infra(check):
    return _wrapped("  The grader itself failed; this is not your program's fault:\n  ",
                    clean(check["actual"]), 2)


# Other shapes

def _build(document, paint):
    build = document["build"]
    problem = _wrapped("  BUILD     ", build["problem"], 12)
    lines = [problem.replace("BUILD", paint("BUILD", "31"), 1)]
    if build["error"]:
        lines += ["", textwrap.indent(clean(build["error"]), "  ")]
    if build["help"]:
        lines += ["", _wrapped("  Help  ", build["help"], 8)]
    return "\n".join(lines)


def _done(document):
    lesson = document["lesson"]
    checks = document["checks"]
    if not checks or any(c["verdict"] is None for c in checks):
        return ["  This check passed; the others were not asked for."]
    skipped = sum(c["verdict"] == "SKIP" for c in checks)
    lines = [f"  All {len(checks)} checks passed." if not skipped else
             f"  Passed, but {skipped} of {len(checks)} could not be shown on this "
             "machine."]
    if lesson["own"]:
        lines += ["  Compare"] + ["    " + d for d in lesson["diffs"]]
    if lesson["question"]:
        lines.append(_wrapped("  Think    ", lesson["question"], 11))
    if lesson["next"]:
        lines.append(f"  Next     {lesson['next']}")
    return ["\n".join(lines)]


def _note(note):
    return _wrapped("  Note  ", clean(note), 8)


def _summary(document):
    points = document["points"]
    passed = sum(c["verdict"] == "PASS" for c in document["checks"])
    text = (f"  {passed} of {len(document['checks'])} checks, {points['earned']} of "
            f"{points['possible']} points, {document['milliseconds'] / 1000:.1f} s")
    course = document["course"]
    if course is None:
        return text
    done = course["passed"] * BAR // course["of"]
    bar = (f"course [{'#' * done}{'.' * (BAR - done)}] "
           f"{course['passed']} of {course['of']}")
    if len(text) + len(bar) < WIDTH:
        return text.ljust(WIDTH - len(bar)) + bar
    return f"{text}\n  {bar}"


def _wrapped(start, text, indent):
    """Return text behind `start`, wrapped, later lines `indent` columns in."""
    head = start.rsplit("\n", 1)
    lines = []
    whole = QUOTED.sub(lambda m: m[0].replace(" ", BLANK), clean(text))
    for paragraph in whole.splitlines() or [""]:
        lines += textwrap.wrap(paragraph, WIDTH - 1 - indent,
                               break_on_hyphens=False) or [""]
    joined = ("\n" + " " * indent).join(lines).replace(BLANK, " ")
    return re.sub(r"[ ]+$", "", start + joined, flags=re.M) if len(head) else joined
