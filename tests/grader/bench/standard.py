"""What a program finds as its standard input, output and error output."""
import os
import pty
import termios

# Where its standard output may lead, see opened().
OUTPUTS = ("pipe", "full", "gone", "terminal", "appended")


class Standard:
    """The descriptors a program starts with, and our ends of them.

    fds    three descriptors to be given to it; None for one that it finds closed
    ends   {1, 2: the descriptor to read its output from}; of a file, see `file`
    file   path of the file that its output is appended to, or None
    """

    def __init__(self, directory, stdin, output, closed):
        """Open what is asked for.

        directory  for files of ours
        stdin      bytes, or a path to open
        output     one of OUTPUTS: a pipe to us; /dev/full; a pipe whose reader has
                   gone; a terminal; a file opened for appending
        closed     numbers of those that it finds closed
        """
        self.fds, self.ends, self.file = [None] * 3, {}, None
        if 0 not in closed:
            self.fds[0] = _input(directory, stdin)
        if 1 not in closed:
            self._open_output(directory, output)
        if 2 not in closed:
            self.ends[2], self.fds[2] = os.pipe()

    def _open_output(self, directory, output):
        if output == "full":
            self.fds[1] = os.open("/dev/full", os.O_WRONLY)
        elif output == "appended":
            self.file = os.path.join(directory, "stdout")
            self.fds[1] = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND,
                                  0o600)
        elif output == "terminal":
            self.ends[1], self.fds[1] = pty.openpty()
            how = termios.tcgetattr(self.fds[1])
            how[1] &= ~termios.OPOST            # a newline stays one
            termios.tcsetattr(self.fds[1], termios.TCSANOW, how)
        else:
            self.ends[1], self.fds[1] = os.pipe()
            if output == "gone":
                os.close(self.ends.pop(1))

    def close(self):
        """Close our copies of what the program has been given."""
        for fd in self.fds:
            if fd is not None:
                os.close(fd)


def _input(directory, stdin):
    """Return a descriptor from which these bytes, or what is at this path, are read."""
    if isinstance(stdin, str):
        return os.open(stdin, os.O_RDONLY)
    name = os.path.join(directory, "stdin")
    with open(name, "wb") as file:
        file.write(stdin)
    return os.open(name, os.O_RDONLY)
