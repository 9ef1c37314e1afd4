"""From a lesson's checks to a verdict: runs each check in a process of its own."""
import gc
import json
import os
import select
import shutil
import signal
import sys
import time
import traceback

from . import bugs, crash, kernel, procfs, show, spawn, timeline
from .failure import Failure, Infra, Skip, Unfinished
from .patience import PATIENCE, Deadline
from .stage import Stage, new_scratch

MOST_BLOCKED = 4                    # threads of which is said where they sit
SPIN = 1000                         # calls in a row without rest: spinning
WHY_LIMITS = ("The programs of these lessons need little of the machine. One that "
              "takes far more has lost control of a loop.")


# One check, in the child that was made for it

def run_check(lesson_class, name, paths, scratch):
    """Run one check; return its record: a dict, see record().

    paths    directory of the learner's files, build.Built, the interposer's path
    scratch  a directory for the check's own files
    """
    directory = paths[0]
    method = lesson_class.checks()[name]
    start = time.monotonic()
    stage = None
    entry = record(name, method)
    try:
        stage = Stage(scratch)
        end = _play(lesson_class, method, stage, paths)
        end = _examined(end, stage, method)
        _note(entry, end, stage, directory)
        strays, ended, stage = stage.end(), stage, None
        if strays and entry["verdict"] == "PASS":
            entry["timeline"], entry["left_out"] = timeline.entries(ended, directory)
            _note_failure(entry, Failure(
                "nothing outlives the program",
                f"{show.count(strays, 'process', 'processes')} still alive after it "
                "had ended", "U9", "LEFTOVER"))
    except Exception as e:              # whatever it is, it is not the learner's fault
        entry["verdict"] = "INFRA"
        entry["actual"] = str(e) if isinstance(e, Infra) else traceback.format_exc()
    finally:
        if stage:
            stage.end()
    if entry["verdict"] == "PASS":
        entry["points"]["earned"] = entry["points"]["possible"]
    entry["milliseconds"] = round((time.monotonic() - start) * 1000, 1)
    return entry


def record(name, method):
    """Return the record of a check that has not been run."""
    return {"id": name, "title": method.__doc__.strip().split("\n")[0],
            "verdict": None, "bug": None, "bugs": method.bugs,
            "points": {"earned": 0, "possible": method.points},
            "expected": "", "actual": "", "why": "", "where": "", "frames": [],
            "report": "", "output": "", "timeline": [], "left_out": 0,
            "step": None, "blame": [], "reason": "", "milliseconds": 0}


def _play(lesson_class, method, stage, paths):
    """Run the method; return what ended it: None or one of the classes of failure."""
    try:
        method(lesson_class(stage, *paths))
    except (Failure, Skip, Unfinished) as e:
        return e
    return None


def _examined(end, stage, method):
    """Return what really ended the check, now that the programs can be looked at."""
    if isinstance(end, Skip):
        return end
    # One may be dying: it has closed all, or its report is half written.
    if end is not None or any(p.report() for p in stage.programs):
        stage.lets_the_dying_end()
    for program in stage.programs:
        program.look()
        if not program.is_watched():
            raise Infra(f"{program.name} could not be watched: the interposer was not "
                        f"loaded into it ({program.last_words()})")
    for program in stage.programs:
        try:
            program.raise_if_unfinished()
        except Unfinished as unfinished:
            return unfinished
    for program in stage.shown():
        trouble = _trouble(program, method)
        if trouble:
            return trouble
    if isinstance(end, Failure):
        if any(map(_gave_up_when_interrupted, stage.programs)):
            end.bug = "I4"
        elif end.verdict == "TIMEOUT":
            end.bug = next(filter(None, map(_locked_out, stage.programs)), end.bug)
    return end


def _locked_out(program):
    """Return the bug when a thread waits for a mutex that another does not let go.

    V10: its owner is gone, or is the one who waits; V9: the owner waits for something
    else; None: nobody waits so, or what he waits for cannot be known.
    """
    threads = {t.tid: t for t in procfs.threads(program.pid)} \
        if program.status is None else {}
    for thread in filter(procfs.waits_for_a_mutex, threads.values()):
        owner = procfs.owner_of_mutex(program.pid, thread)
        if owner and owner not in threads or owner == thread.tid:
            return "V10"
        if owner and threads[owner].call and \
                not procfs.waits_for_a_mutex(threads[owner]):
            return "V9"
    return None


def _gave_up_when_interrupted(program):
    """Say whether the program ended because a signal woke it from waiting."""
    if program.trace.calls("handler"):  # it wanted to be interrupted
        return False
    last = program.trace.calls(*timeline.WAITING)[-1:]
    return bool(program.status) and not program.was_killed and \
        bool(last) and last[0].error == "EINTR"


def _trouble(program, method):
    """Return a Failure when the program crashed or broke a limit, whatever it did."""
    report = program.report()
    said = report + bytes(program.stderr).decode("utf-8", "replace")
    if "LeakSanitizer has encountered a fatal error" in said:
        return Skip("this machine does not let LeakSanitizer look at a program")
    if "ThreadSanitizer: unexpected memory mapping" in said:
        return Skip("ThreadSanitizer does not run with this machine's kernel")
    if program.limit:
        return Failure("a program of modest needs", program.limit, None, "LIMIT")
    signalled = not program.was_killed and (program.status or 0) < 0
    if not report and not signalled:
        return None
    actual = crash.summary(report) if report else program.how_it_ended()
    return Failure("all memory is given back" if "LeakSanitizer" in report else
                   "the sanitizer finds nothing to report" if report else
                   "the program does not crash", actual,
                   _crash_bug(report, program.status, method), "CRASH")


def _crash_bug(report, status, method):
    told = crash.bug(report, status, method.crash)
    return told if told != "U10" or "U10" in method.bugs or status != 0 else None


def _note(entry, end, stage, directory):
    """Write into the record how the check ended, with the evidence."""
    if end is None:
        entry["verdict"] = "PASS"
        return
    if isinstance(end, Skip):
        entry["verdict"], entry["reason"] = "SKIP", str(end)
        return
    if isinstance(end, Unfinished):
        entry["verdict"] = "UNTOUCHED"
        entry["step"] = {"number": end.step, "where": end.where}
        return
    _note_failure(entry, end)
    entry["timeline"], entry["left_out"] = timeline.entries(stage, directory)
    for program in stage.shown():
        report = program.report()
        if report:
            entry["report"] = report[:20000]
            entry["frames"] = crash.frames(report, directory, program.path)
        if end.verdict == "TIMEOUT" and program.status is None:
            entry["where"] = whereabouts(program, stage, directory)
        entry["output"] = show.tail(program.stderr)


def _note_failure(entry, failure):
    entry["verdict"] = failure.verdict
    entry["expected"], entry["actual"] = failure.expected, failure.actual
    if failure.verdict == "LIMIT" and not failure.bug:
        entry["why"] = WHY_LIMITS       # no bug of the check: it got in its own way
        return
    entry["bug"] = failure.bug or entry["bugs"][0]
    entry["why"] = bugs.bug(entry["bug"]).rule


def whereabouts(program, stage, directory):
    """Return where a program sits that does not go on: in which call, since when."""
    calls = [c for c in program.trace.calls() if c.name != "load"]
    if procfs.state(program.pid) == "T":
        return "stopped by a signal"
    rests = stage.wait_for(program.rests, patient=True, seconds=0.2)
    if program.is_in_a_loop() or not rests:
        return _spinning(program, stage)
    last = {(c.pid, c.tid): c for c in calls}
    family = procfs.family(program.pid)
    asleep = {(p, t.tid): t for p in family for t in procfs.threads(p)}
    every = timeline.threads(program)
    names = {thread: name for thread, name in every.items()
             if thread in asleep and thread in last
             and last[thread].name not in ("exit", "_exit")}
    if len(names) < 2:
        return "".join(_seat(program, last[thread], asleep.get(thread), directory)
                       for thread in names)
    found = [f"{name} is " + _seat(program, last[thread], asleep.get(thread), directory)
             .partition(" since ")[0] + _locked_by(thread[0], asleep[thread], every)
             for thread, name in names.items()]
    return "; ".join(found[:MOST_BLOCKED]) + ("; ..." if found[MOST_BLOCKED:] else "")


def _locked_by(pid, thread, names):
    """Return ", locked by thread 1" when this thread of `pid` waits for a mutex."""
    owner = procfs.owner_of_mutex(pid, thread) if procfs.waits_for_a_mutex(thread) \
        else 0
    return f", locked by {names[pid, owner]}" if (pid, owner) in names else ""


def _seat(program, call, thread, directory):
    """Say in which call a thread sits, at which line, since when.

    call    its last one in the trace; thread: what /proc tells of it, or None
    """
    waits = thread is not None and procfs.waits_for_a_mutex(thread)
    if not call.is_inside:
        return "waiting for a mutex" if waits else \
            f"asleep in {thread.call}()" if thread and thread.call else "at work"
    source = timeline.sources(program, [call], directory).get(call.callers)
    since = (time.monotonic_ns() - call.entered) / 1e6
    return ("waiting for the mutex in " if waits else "blocked in ") + \
        timeline.describe(call) + \
        (f" at {source}" if source else "") + f" since {since:.1f} ms"


def _spinning(program, stage):
    first, begin = program.trace.next, time.monotonic()
    stage.wait_for(lambda: program.trace.next - first > SPIN, patient=True, seconds=1)
    more, seconds = program.trace.next - first, time.monotonic() - begin
    if more <= SPIN:
        return "busy in its own code, almost without a system call"
    name = program.trace.calls()[-1].name
    times = program.trace.entered_count(name)
    return (f"spinning: {name}() was called {times:,} times, "
            f"about {more / 2 / seconds:,.0f} times a second")


# All checks, in parallel processes

def run_checks(lesson_class, names, paths, run_all, on_record):
    """Run the checks `names`; return their records in that order.

    run_all    False: none is started once one has failed, and what comes after
               the first that failed is not counted as run
    on_record  called with each record, in order, as soon as it is known
    """
    crew = _Crew(lambda name, scratch: run_check(lesson_class, name, paths, scratch))
    records, told = {}, 0
    waiting = list(names)
    try:
        while waiting or crew.at_work:
            while waiting and crew.has_room():
                crew.start(waiting.pop(0))
            for name, text in crew.finished():
                records[name] = json.loads(text) if text else _lost(lesson_class, name)
                if not run_all and _stops(records[name]):
                    waiting = []
                    crew.stop_all_after(names[:names.index(name)])
            while told < len(names) and names[told] in records:
                on_record(records[names[told]])
                told += 1
                if not run_all and _stops(records[names[told - 1]]):
                    return [records[n] for n in names[:told]]
    finally:
        crew.stop_all_after([])
    return [records[n] for n in names]


def _stops(entry):
    return entry["verdict"] not in ("PASS", "SKIP")


def _lost(lesson_class, name):
    entry = record(name, lesson_class.checks()[name])
    entry["verdict"], entry["actual"] = "INFRA", "the process that ran this check died"
    return entry


STOPPING = {signal.SIGTERM, signal.SIGHUP, signal.SIGINT}
STOPPING_TIME = 10                  # seconds a worker has to end what it started
LONGEST = 20                        # times PATIENCE that one check may take


class _Crew:
    """Child processes that run one check each, at most one per processor.

    What a worker leaves behind when it is stopped, or killed by the program it
    watches, comes to us: its processes by adoption, its files by their place.
    """

    def __init__(self, work):
        kernel.adopt_orphans()
        self.work = work
        self.size = (os.cpu_count() or 1) + 2   # some only wait
        self.at_work = {}               # pipe -> (pid, name, what it sent, scratch)

    def has_room(self):
        """Say whether one more may start."""
        return len(self.at_work) < self.size

    def start(self, name):
        """Start a worker for the check `name`."""
        sys.stdout.flush()
        # No signal may find the child with the handlers of its parent, nor us with
        # a worker or a directory that is not noted yet.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            ours, theirs = os.pipe()
            scratch = new_scratch()
            pid = os.fork()
            if pid == 0:
                _be_a_worker(theirs, lambda: self.work(name, scratch))
            os.close(theirs)
            self.at_work[ours] = (pid, name, bytearray(), scratch)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def finished(self):
        """Wait for something; return [(name, text)] of those that are done."""
        done = []
        ready, _, _ = select.select(list(self.at_work), [], [])
        for pipe in ready:
            _, name, text, _ = self.at_work[pipe]
            chunk = os.read(pipe, 1 << 20)
            text += chunk
            if not chunk:
                self._forget(pipe)
                done.append((name, bytes(text).decode()))
        return done

    def _forget(self, pipe):
        pid, _, _, scratch = self.at_work.pop(pipe)
        os.close(pipe)
        os.waitpid(pid, 0)
        for stray in spawn.orphans({p for p, *_ in self.at_work.values()}):
            spawn.end(stray)
            spawn.reap([stray])
        shutil.rmtree(scratch, ignore_errors=True)

    def stop_all_after(self, names):
        """End the workers whose check is not among `names`."""
        doomed = [pipe for pipe, (_, name, *_) in self.at_work.items()
                  if name not in names]
        for pipe in doomed:
            spawn.send_signal(self.at_work[pipe][0], signal.SIGTERM)
        for pipe in doomed:
            self._insist(pipe)
            self._forget(pipe)

    def _insist(self, pipe):
        """Wait for the end of a worker; kill it if it does not come soon.

        The signal may have met it at a moment when Python holds a lock of its own.
        """
        deadline = Deadline(STOPPING_TIME)
        while select.select([pipe], [], [], deadline.left())[0]:
            if not os.read(pipe, 1 << 20):
                return
        spawn.end(self.at_work[pipe][0])


def _be_a_worker(pipe, work):
    """In the child: work, send the record, end.  Never returns."""
    def give_up(*_):
        raise SystemExit(1)             # through all the finally clauses
    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, give_up)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        signal.alarm(int(LONGEST * PATIENCE))   # a check of ours that never ends
        gc.disable()                    # it would touch, and so copy, all memory
        os.setpgid(0, 0)                # a program may kill the group of its parent
        kernel.end_with_parent()
        kernel.adopt_orphans()
        kernel.fix_addresses()
        kernel.enter_private_network()
        text = json.dumps(work()).encode()
        while text:
            text = text[os.write(pipe, text):]
        status = 0
    finally:
        os._exit(status)
