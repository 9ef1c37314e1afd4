"""The command line of the comparison: options, files written, exit status."""
import argparse
import json
import os
import signal
import sys
import time

from grader import build
from grader.bench import machine
from grader.course import sources
from grader.course.places import build_dir, shown
from grader.words.show import clean
from grader.words.trouble import Infra, Usage

from . import clients, contenders, document as documents, limits, plan as plans, \
    process, svg
from .page import page
from .rounds import Measurement

USAGE_STATUS, INFRA_STATUS, INTERRUPTED = 2, 3, 130

DESCRIPTION = """\
Run the sequential, forking, threaded and pool servers of lessons 06, 10 and 11,
yours where they are done, one after the other under the same load, and print a
table and a plot. "make compare" is the same.
"""
EPILOG = "exit status: 0 done; 1 a server gave wrong answers or ended; 2 usage; " \
         "3 this machine could not measure"


def parser():
    """Return the argument parser."""
    p = argparse.ArgumentParser(prog="compare", description=DESCRIPTION,
                                epilog=EPILOG)
    p.add_argument("--clients", metavar="LIST", help="numbers of clients at once, such "
                   "as 1,10 (default: 1,10,100,500)")
    p.add_argument("--work", metavar="LIST", help="milliseconds of work for each "
                   "answer (default: 0,2)")
    p.add_argument("--quick", action="store_true", help="1 and 10 clients, short runs")
    p.add_argument("--rounds", metavar="N", help="how often everything is measured, as "
                   f"far as {plans.BUDGET} s allow (default: {plans.ROUNDS})")
    p.add_argument("--json", metavar="FILE", help="where the raw numbers go (default: "
                   "build/compare.json; - for stdout, in place of the page)")
    p.add_argument("--svg", metavar="FILE", help="where the picture goes (default: "
                   "build/compare.svg)")
    p.add_argument("--plain", action="store_true", help="ASCII alone, no colours")
    return p


def main(arguments):
    """Do what the command line asks for; never returns."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    options = parser().parse_args(arguments)
    try:
        status = compare(options)
        sys.stdout.flush()
    except Usage as e:
        status = _say(e, USAGE_STATUS)
    except (Infra, sources.SourceProblem) as e:
        status = _say(f"cannot measure: {e}", INFRA_STATUS)
    except build.BuildFailure as e:
        status = _say(f"cannot measure: our own server does not build:\n{e.text}",
                      INFRA_STATUS)
    except KeyboardInterrupt:
        status = _say("stopped; nothing is left running", INTERRUPTED)
    except BrokenPipeError:             # the reader of our page has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = INFRA_STATUS
    except OSError as e:
        status = _say(f"{e.filename or 'cannot measure'}: {e.strerror}", INFRA_STATUS)
    sys.exit(status)


def _say(text, status):
    print(f"compare: {clean(str(text))}", file=sys.stderr)
    return status


def numbers(text, option, least, most):
    """Return the sorted numbers of a list such as "1,10" or "1 10", None for None.

    Raises Usage with a sentence when it is no such list.
    """
    if text is None:
        return None
    words = text.replace(",", " ").split()
    for word in words:
        if not (word.isascii() and word.isdecimal() and least <= int(word) <= most):
            raise Usage(f"{option}: {word} is not a whole number from {least} "
                        f"to {most}")
    found = sorted(set(map(int, words)))
    if not 1 <= len(found) <= plans.MOST_VALUES:
        raise Usage(f"{option}: give 1 to {plans.MOST_VALUES} numbers, as in "
                    f"{option} 1,10")
    return found


def compare(options):
    """Measure, write the files, print the page; return the exit status."""
    start = time.monotonic()
    rounds = numbers(options.rounds, "--rounds", 1, plans.MOST_ROUNDS) or [None]
    if len(rounds) > 1:
        raise Usage("--rounds: give one number")
    plan = plans.of(numbers(options.clients, "--clients", 1, plans.MOST_CLIENTS),
                    numbers(options.work, "--work", 0, plans.MOST_WORK),
                    options.quick, rounds[-1])
    targets = _targets(options)
    plan, notes = _within_limits(plan)
    programs = contenders.build_all(plan.work)
    notes += [program.note for program in programs.values() if program.note]
    load = clients.built()
    measurement = _measured(plan, programs, load)
    document = documents.of(measurement, notes, time.monotonic() - start)
    _write(targets["svg"], svg.picture(document))
    text = json.dumps(document, indent=1) + "\n"
    if options.json == "-":
        sys.stdout.write(text)
        return document["exit_status"]
    _write(targets["json"], text)
    is_plain = options.plain or "utf" not in (sys.stdout.encoding or "").lower()
    has_colours = sys.stdout.isatty() and not is_plain and \
        not os.environ.get("NO_COLOR")
    sys.stdout.write(page(document, is_plain, has_colours))
    print(f"  The picture: {shown(targets['svg'])}   "
          f"every number: {shown(targets['json'])}")
    return document["exit_status"]


def _measured(plan, programs, load):
    """Return the Measurement after its run; whatever happens, no process is left."""
    machine.adopt_orphans()
    try:
        with _Progress() as progress:
            measurement = Measurement(plan, programs, load, progress.tell)
            measurement.run()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # nobody interrupts this
        process.end_all()
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return measurement


def _targets(options):
    """Return the paths to write; Usage at once if one of them cannot be."""
    found = {}
    for name in ("json", "svg"):
        path = getattr(options, name)
        if path is None:
            path = os.path.join(build_dir(), "compare." + name)
        found[name] = path
        directory = os.path.dirname(os.path.abspath(path))
        if path != "-" and (os.path.isdir(path) or not os.access(directory, os.W_OK)):
            raise Usage(f"--{name} {path}: cannot write there")
    return found


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _within_limits(plan):
    """Return the plan that this machine's limits allow, and notes about it."""
    most, words = limits.most_clients()
    if most < 1:
        raise Infra(f"the limit of {words} leaves room for no client")
    asked = max(plan.clients)
    limits.raise_files(min(asked, most))
    if asked <= most:
        return plan, []
    return plans.within(plan, most), [
        f"Not {asked} clients but {most}: the limit of {words} allows no more here."]


class _Progress:
    """One line on the terminal that says what is being measured; gone at the end."""

    def __init__(self):
        self.is_shown = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tell("")

    def tell(self, text):
        """Show this text in place of the one before."""
        if self.is_shown:
            print(f"\r{text:78}" + ("" if text else "\r"), end="", file=sys.stderr,
                  flush=True)
