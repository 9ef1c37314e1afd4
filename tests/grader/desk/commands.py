"""What the Makefile offers: a check, hints, progress, play, doctor and so on."""
import json
import os
import sys
import time

from .. import build
from ..bench.patience import Pauses
from ..course import bugs, hints, sources
from ..course.places import (COURSE_LENGTH, ROOT, build_dir, lesson_names, place_of,
                             shown)
from ..pages.page import WORDS, page
from ..verdict.grade import Request, grade, load
from ..words.show import clean
from ..words.trouble import Infra, Usage
from . import memory
from .live import Lines

HELP = {
    "hint": "a hint for what the last check of LESSON found; each time a plainer one",
    "trace": "run one check (--check, or the one that failed last) and show it all",
    "fuzz": "play conversations of new seeds (--runs) with the programs of LESSON",
    "watch": "check LESSON again each time its files change, until Ctrl-C",
    "play": "try the finished program of LESSON by hand",
    "reset": "put the skeleton of LESSON back; your file is kept aside",
    "make": "build the programs of LESSON to try them by hand",
    "every": "check every lesson, one line each",
    "progress": "how far you are, by the last check of each lesson",
    "doctor": "what this machine has and lacks for the course",
    "editor": "write compile_commands.json for editors",
}
RULER = "#" * 24


def run(name, options):
    """Run the command `name` of HELP; return its exit status."""
    return {"hint": hint, "trace": trace, "fuzz": fuzz, "watch": watch, "play": play,
            "reset": reset, "make": make, "every": every, "progress": progress,
            "doctor": doctor, "editor": editor}[name](options)


def check(options, whole=False):
    """Grade a lesson and print its page; return the exit status."""
    if options.submission and not os.path.isdir(options.submission):
        raise Usage(f"--submission {options.submission}: there is no such directory")
    request = Request(options.lesson, options.submission, options.build,
                      options.given, options.check, options.all,
                      None if options.submission else _failed_last(options.lesson))
    is_terminal = sys.stdout.isatty() and options.json != "-"
    colour = is_terminal and not options.plain and \
        not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    lines = Lines(request, colour)
    document = _graded(request, lines.tell if is_terminal else lambda record: None)
    if options.json:
        _write_json(options.json, document)
    if options.json != "-":
        sys.stdout.write(page(document, colour, whole, told=lines.are_begun))
    return document["exit_status"]


def _failed_last(lesson):
    """Return the ID of the check of a lesson that failed last time, or None."""
    last = memory.last_document(place_of(lesson).number) or {"checks": []}
    return next((c["id"] for c in last["checks"]
                 if c["verdict"] not in (None, "PASS", "SKIP")), None)


def _graded(request, on_record=lambda record: None):
    """Grade; return the document, with what is remembered, and remember it."""
    document = grade(request, on_record)
    memory.recall(document, counts=not request.only)
    if document["lesson"]["own"] and not request.only:
        memory.remember(document)
    return document


def _write_json(path, document):
    text = json.dumps(document, indent=1) + "\n"
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as e:
        raise Usage(f"--json {path}: {e.strerror}") from None


def _lesson(options):
    if options.lesson is None:
        raise Usage("which lesson?")
    return place_of(options.lesson)


def hint(options):
    """Print the next hint for what the last run stopped at: a bug, a step, an error."""
    here = _lesson(options)
    last = memory.last_document(here.number)
    if last is None:
        raise Usage(f"No hint yet: run make check-lesson{here.number} first.")
    name, about, three, more = _stopped_at(here.number, last)
    if not three:
        print(about)
        return 0
    level = min(len(three), memory.hint_level(here.number, name) + 1)
    memory.hint_given(here.number, name, level)
    print(f"{about}\n\nHint {level} of {len(three)}\n\n{three[level - 1]}\n")
    print(f"make hint-lesson{here.number} again gives hint {level + 1}."
          if level < len(three) else more)
    return 0


def _stopped_at(number, document):
    """Return (name to count by, what it is about, three hints, where there is more).

    Without hints, what it is about says why there are none.
    """
    made = document["build"]
    if made["error"]:
        help_text, section = build.found(made["text"])
        return (f"BUILD {section}", clean(made["error"]), hints.of_compiler(section),
                help_text or "More: the manual page of the function on that line")
    if made["problem"]:
        return "", clean(made["problem"]), [], ""
    stop = next((c for c in document["checks"]
                 if c["verdict"] not in (None, "PASS", "SKIP")), None)
    if stop is None:
        return "", f"Lesson {number}: the last check found no mistake.", [], ""
    if stop["step"]:
        step, file = stop["step"], stop["step"]["where"].partition(":")[0]
        return (f"STEP {file} {step['number']}",
                f"Step {step['number']}, {step['where']}\n{step['text']}".strip(),
                hints.of_step(number, file, step["number"]),
                f"More: {document['lesson']['readme']}")
    if not stop["bug"]:
        return "", f"{stop['title']}\n{clean(stop['actual'])}\n{stop['why']}", [], ""
    bug = bugs.bug(stop["bug"])
    return (bug.id, f"{stop['title']}\n{bug.id}: {bug.title}", bug.hints,
            f"More about it: {bugs.page(bug.id)}")


def trace(options):
    """Run one check alone and show its whole chart."""
    here = _lesson(options)
    if not options.check:
        _, lesson_class = load(here.number)
        options.check = _failed_last(here.number) or next(iter(lesson_class.checks()))
    return check(options, whole=True)


def fuzz(options):
    """Play conversations that no check has played; print the first that fails."""
    here = _lesson(options)
    from . import fuzzing  # slow to import, and for this alone

    return fuzzing.fuzz(here.number, options.submission, options.runs, options.seed,
                        options.given)


def watch(options):
    """Check the lesson whenever a file of it has changed."""
    here = _lesson(options)
    directory = options.submission or here.lesson
    seen = None
    while True:
        now = _versions(directory)
        if now != seen:
            print("\n" + "-" * 79, flush=True)
            try:
                check(options)
            except (Usage, Infra) as e:     # a directory, say, that was there before
                if seen is None:
                    raise
                print(clean(str(e)))
            seen = now
            print(f"\nwatching {shown(directory)}; Ctrl-C ends this", flush=True)
        Pauses(0.3).wait()


def _versions(directory):
    """Return {name: time of the last change} of the sources there are now."""
    found = {}
    try:
        entries = list(os.scandir(directory))
    except OSError:                     # an editor, or git, is putting it back
        return found
    for entry in entries:
        if sources.is_source(entry.name, ".c", ".h"):
            try:
                found[entry.name] = entry.stat().st_mtime_ns
            except OSError:
                pass                    # it vanished since it was listed
    return found


def play(options):
    """Let a person try the finished program of a lesson."""
    from . import play as plays  # slow to import, and for this alone

    here = _lesson(options)
    _, lesson_class = load(here.number)
    programs = _install(here, here.solution, lesson_class, "plain", "solutions")
    return plays.play(lesson_class.play, programs)


def make(options):
    """Build the lesson's programs where a person finds them: build/lessons/..."""
    here = _lesson(options)
    _, lesson_class = load(here.number)
    try:
        for path in _install(here, here.lesson, lesson_class, options.build,
                             options.given).values():
            print(f"built {path}")
        if options.build == "asan":
            print("under gdb or strace: ASAN_OPTIONS=detect_leaks=0, see "
                  "docs/debugging.md")
    except sources.SourceProblem as e:
        print(clean(str(e)))
        return 1
    except build.BuildFailure as e:
        print(clean(e.text) + ("\n" + e.help if e.help else ""))
        return 1
    return 0


def _install(here, directory, lesson_class, variant, given):
    """Build the programs of `directory`; return {name: path} below build/."""
    import shutil  # slow to import, and seldom needed

    for program in lesson_class.programs:
        sources.read_source(directory, program, "the lesson's README names the files")
    built = build.build(here, directory, lesson_class.programs, variant, given,
                        lesson_class.extras)
    sys.stdout.write(clean(built.warnings))
    found = {}
    for name, path in built.programs.items():
        target = os.path.join(build_dir(shown(directory)), name)
        aside = f"{target}.{os.getpid()}"
        shutil.copy(path, aside)
        os.replace(aside, target)       # also while the old one is running
        found[name] = shown(target)
    return found


def reset(options):
    """Put the skeleton back; keep the learner's files aside and say where."""
    import shutil  # slow to import, and seldom needed

    here = _lesson(options)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for name in sorted(os.listdir(here.skeleton)):
        mine = os.path.join(here.lesson, name)
        skeleton = os.path.join(here.skeleton, name)
        if os.path.exists(mine):
            kept, number = f"{mine}.{stamp}", 1
            while os.path.lexists(kept):
                kept, number = f"{mine}.{stamp}.{number}", number + 1
            os.rename(mine, kept)
            print(f"your {shown(mine)} is now {shown(kept)}")
        shutil.copyfile(skeleton, mine)
        print(f"{shown(mine)} is the skeleton again")
    return 0


def every(options):
    """Check all lessons; one line each."""
    worst = 0
    for name in lesson_names():
        document = _graded(Request(name[:2], variant=options.build,
                                   given=options.given, run_all=options.all))
        print(_line(name, document), flush=True)
        worst = max(worst, document["exit_status"])
    return worst


def _line(name, document):
    if document is None:
        return f"  {'-':9} {name:24} not checked yet"
    passed = sum(c["verdict"] == "PASS" for c in document["checks"])
    points = document["points"]
    word = WORDS.get(document["verdict"], document["verdict"])
    return (f"  {word:9} {name:24} {passed:2} of {len(document['checks']):2} checks, "
            f"{points['earned']:2} of {points['possible']:2} points")


def progress(_options):
    """Print one line per lesson, from the last run of each."""
    for name in lesson_names():
        print(_line(name, memory.last_document(int(name[:2]))))
    done = memory.course()["passed"]
    bar = "#" * (done * len(RULER) // COURSE_LENGTH)
    print(f"\n  course [{bar.ljust(len(RULER), '.')}] {done} of {COURSE_LENGTH}")
    return 0


def doctor(_options):
    """Say what this machine has and lacks."""
    from . import doctor as health  # slow to import, and for this alone

    return health.report()


def editor(_options):
    """Write compile_commands.json: how each C file of the course is compiled."""
    entries = []
    for top in ("lessons", "solutions", "common"):
        for directory, _, _ in os.walk(os.path.join(ROOT, top)):
            for file in sources.c_files(directory):
                path = shown(os.path.join(directory, file))
                entries.append({"directory": ROOT, "file": path, "arguments": [
                    *build.compiler(), *build.flags("asan"), "-c", path]})
    path = os.path.join(ROOT, "compile_commands.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(sorted(entries, key=lambda e: e["file"]), out, indent=1)
    print(f"compile_commands.json describes {len(entries)} files")
    return 0

