"""What ends a run that is not the program's fault: a class for each kind of end."""


class Usage(Exception):
    """The command line asks for something that does not exist."""


class Infra(Exception):
    """The grader or the machine is at fault, never the program."""
