"""The load: the program load.c, run once against one server."""
import json
import os
import subprocess

from grader import build
from grader.course.places import Place
from grader.words.trouble import Infra

from .contenders import VARIANT

HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE = 10                       # seconds for one run
SPARE = 5                           # seconds more before the load itself is given up


def built():
    """Return the path of the load generator, built if need be; Infra if it cannot."""
    place = Place(0, "compare", HERE, HERE, HERE)
    try:
        return build.build(place, HERE, ("load",), VARIANT).programs["load"]
    except build.BuildFailure as e:
        raise Infra(f"the load generator does not compile here:\n{e.text}") from None


def run(load, port, clients, turns, seconds=DEADLINE, kept=0, when_kept=None):
    """Run the load; return what it printed, a dict (see print_result in load.c).

    clients, turns   how many at once, and names that each sends
    seconds          until clients that still wait count as unfinished
    kept, when_kept  call when_kept() while so many clients have their first answer
                     and are silent; not called when there are never so many
    Raises Infra when this machine does not let it measure.
    """
    command = [load, "-c", str(clients), "-r", str(turns), "-t", str(seconds)]
    if kept:
        command += ["-k", str(kept)]
    with subprocess.Popen([*command, str(port)], stdin=subprocess.PIPE, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          start_new_session=True) as process:
        try:
            line = process.stdout.readline() if kept else ""
            if line == "kept\n":
                when_kept()
                line = ""
            out, err = process.communicate(timeout=seconds + SPARE)
        except subprocess.TimeoutExpired:
            raise Infra("the load generator did not end") from None
        finally:
            process.kill()
    if process.returncode != 0:
        raise Infra(f"the load generator cannot run here: {err.strip()}")
    return json.loads(line + out)


def trouble(result):
    """Return in words what was wrong with the server's replies, "" for nothing."""
    found = []
    if result["wrong"]:
        found.append(f"gave {result['wrong']} of {result['clients']} clients a wrong "
                     "answer")
    if result["early"]:
        found.append(f"left {result['early']} of {result['clients']} clients early")
    if result["unfinished"]:
        found.append(f"let {result['unfinished']} of {result['clients']} clients wait "
                     "in vain")
    first = f" ({result['reason']})" if result["reason"] else ""
    return ", ".join(found) + first if found else ""
