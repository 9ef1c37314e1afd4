"""From addresses to lines of source, by the tool that the machine has for it.

Only asked when a page shows calls: starting the tool takes milliseconds.
"""
import os

TOOLS = (
    ("addr2line", ["-a", "-f", "-i", "-e"]),
    ("llvm-addr2line", ["-a", "-f", "-i", "-e"]),
    ("llvm-symbolizer", ["--output-style=GNU", "-a", "-f", "-i", "--obj"]),
)
SYSTEM = "/usr/"                    # headers there: functions that are nobody's line
LONGEST = 20                        # seconds for the tool


def resolve(executable, addresses):
    """Return where in the source the calls stand that return to these addresses.

    executable: str, a path; addresses: ints, relative to where it was loaded.
    The place is that of the call, one byte before the return.  The result is a dict
    {address: (file: str, line: int, function: str)} of those that are known; it is
    empty when the machine has no tool for it or the tool fails.
    """
    wanted = sorted({address for address in addresses if address > 0})
    command = _command(executable)
    if not wanted or not command:
        return {}
    asked = "".join(f"{address - 1:#x}\n" for address in wanted)
    import subprocess  # slow to import, and only for pages with a chart

    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    try:
        run = subprocess.run(command, input=asked, capture_output=True, text=True,
                             errors="replace", env=env, timeout=LONGEST, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    places = _places(run.stdout)
    found = {a: _place(places.get(a - 1, [])) for a in wanted}
    return {a: place for a, place in found.items() if place is not None}


def _command(executable):
    """Return the command (list of str) that asks about one program, [] if none can."""
    import shutil  # slow to import as well

    for tool, options in TOOLS:
        path = shutil.which(tool)
        if path:
            return [path, *options, executable]
    return []


def _places(output):
    """Return what the tool wrote as {address: [(function, "file:line")]}.

    After each address come the functions inlined there, innermost first, two lines
    each.
    """
    places, lines = {}, []
    for line in output.splitlines():
        if line.startswith("0x"):
            lines = places.setdefault(int(line, 16), [])
        else:
            lines.append(line)
    return {a: list(zip(lines[0::2], lines[1::2])) for a, lines in places.items()}


def _place(inlined):
    """Return (file, line, function) of the innermost function not the system's.

    inlined: [(function, "file:line")], innermost first.  None if unknown.
    """
    for function, text in inlined:
        file, _, rest = text.rpartition(":")
        number = rest.split(" ")[0]     # "12 (discriminator 1)"
        if number.isdigit() and int(number) > 0 and not file.startswith(SYSTEM):
            return file, int(number), function
    return None
