"""The command line: which command, with which options, and with which exit status."""
import argparse
import os
import signal
import sys

from ..words.show import clean
from ..words.trouble import Infra, Usage
from . import commands

USAGE_STATUS, INFRA_STATUS, INTERRUPTED = 2, 3, 130

DESCRIPTION = """\
Check one lesson of the course and print a page about the first thing to mend.
"make check-lesson4" is the same as "python3 tests/run.py 4".
"""
EPILOG = """\
exit status: 0 every check passed; 1 the program is at fault; 2 usage;
3 the grader or the machine is at fault, or a check could not be shown here.
"""


def parser():
    """Return the argument parser."""
    p = argparse.ArgumentParser(prog="run.py", description=DESCRIPTION, epilog=EPILOG,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("lesson", nargs="?", metavar="LESSON", help="number of the lesson")
    p.add_argument("--submission", metavar="DIR", help="grade the files in DIR instead "
                   "of the lesson's directory; both are left as they are")
    p.add_argument("--json", metavar="FILE", help="also write the document of the run "
                   "to FILE (- for stdout, in place of the page)")
    p.add_argument("--plain", action="store_true", help="no colours")
    p.add_argument("--all", action="store_true", help="go on after the first failure")
    p.add_argument("--check", metavar="ID", help="run this check alone")
    p.add_argument("--given", choices=("solutions", "lessons"), default="solutions",
                   help="where the modules of earlier lessons come from")
    p.add_argument("--build", choices=("asan", "tsan", "plain"), default="asan",
                   help="sanitizers of the build (default: asan)")
    p.add_argument("--runs", metavar="N", type=int, default=200,
                   help="with --fuzz: how many seeds (default: 200)")
    p.add_argument("--seed", metavar="N", type=int,
                   help="with --fuzz: the first seed (default: a new one)")
    other = p.add_argument_group("other things to do").add_mutually_exclusive_group()
    for name, help_text in commands.HELP.items():
        other.add_argument(f"--{name}", action="store_true", help=help_text)
    return p


def main(arguments):
    """Do what the command line asks for; never returns."""
    _keep_standard_descriptors()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    options = parser().parse_args(arguments)
    try:
        status = _command(options)
        sys.stdout.flush()
    except Usage as e:
        status = _say(f"{e}", USAGE_STATUS)
    except Infra as e:
        status = _say(f"{e}", INFRA_STATUS)
    except KeyboardInterrupt:
        status = _say("stopped; nothing is left running", INTERRUPTED)
    except BrokenPipeError:             # the reader of our page has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = INFRA_STATUS
    except OSError as e:
        status = _say(f"{e.filename or 'the grader'}: {e.strerror}", INFRA_STATUS)
    sys.exit(status)


def _keep_standard_descriptors():
    """Make sure that 0, 1 and 2 are open, and no program inherits more than these.

    Else a socket of ours might become 0, and a jobserver of make, or whatever
    else our caller left open, would be the learner's descriptor 3.
    """
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(fd)
    for name in os.listdir("/proc/self/fd"):
        try:
            os.set_inheritable(int(name), int(name) <= 2)
        except OSError:
            pass                        # the one that listed the directory
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")
    sys.stdout.reconfigure(errors="replace")    # where a locale has only ASCII


def _say(text, status):
    print(f"{'make' if 'MAKELEVEL' in os.environ else 'run.py'}: "
          f"{clean(text)}", file=sys.stderr)
    return status


def _command(options):
    for name in commands.HELP:
        if getattr(options, name):
            return commands.run(name, options)
    if options.lesson is None:
        raise Usage("which lesson? For example: python3 tests/run.py 1")
    return commands.check(options)
