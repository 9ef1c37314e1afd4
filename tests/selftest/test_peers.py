"""The solutions talk to real programs that were not written for these lessons."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import support
from support import ROOT, lessons

from grader import build
from grader.course import places

PAGE = b"<h1>It works</h1>\n" + bytes(range(256)) * 100
REQUEST = b"GET /page HTTP/1.0\r\nHost: localhost\r\n\r\n"
TRIES = 20                          # for a port that nobody takes meanwhile
SECONDS = 30

NGINX = """\
daemon off; master_process off; pid {place}/pid; error_log {place}/errors;
events {{ }}
http {{
    access_log off; default_type text/html;
    client_body_temp_path {place}/b; proxy_temp_path {place}/p;
    fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
    server {{ listen 127.0.0.1:{port}; root {place}; }}
}}
"""


def solution(name):
    """Build a lesson's solution; return the path of its program."""
    lesson = next(n for n in lessons() if n.startswith(name))
    place = places.place_of(int(lesson[:2]))
    programs = support.lesson_class(lesson).programs
    built = build.build(place, os.path.join(ROOT, "solutions", lesson), programs)
    return built.programs[programs[0]]


def free_port():
    """Return a port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def accepts(port):
    """Say whether somebody listens there."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def needs(*names):
    """Skip a test, by name, where one of these programs is not installed."""
    missing = [n for n in names if not shutil.which(n)]
    return unittest.skipIf(missing, f"{', '.join(missing)} is not installed")


class Running(unittest.TestCase):
    """Starts programs and ends them with the test."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        os.chmod(self.place, 0o755)     # a server may change its user

    def start(self, *command, **options):
        """Start a program that ends with the test."""
        process = subprocess.Popen(command, cwd=self.place, **options)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        """End a program."""
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()


class RealServers(Running):
    """Lesson 01's client fetches a page."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(self.place, "page"), "wb") as file:
            file.write(PAGE)

    def fetches(self, port):
        """The client prints a whole reply with the page in it."""
        done = subprocess.run([solution("01"), "127.0.0.1", str(port)], input=REQUEST,
                              stdout=subprocess.PIPE, timeout=SECONDS)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, rb"\AHTTP/1\.[01] 200 OK\r\n")
        self.assertEqual(done.stdout.partition(b"\r\n\r\n")[2], PAGE)

    def test_python_web_server(self):
        """lesson 01's solution fetches a page from Python's web server"""
        server = self.start(sys.executable, "-u", "-m", "http.server", "--bind",
                            "127.0.0.1", "0", stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)
        words = server.stdout.readline().split()
        self.fetches(int(words[words.index(b"port") + 1]))

    @needs("nginx")
    def test_nginx(self):
        """lesson 01's solution fetches a page from nginx"""
        for _ in range(TRIES):
            port = free_port()
            config = os.path.join(self.place, "config")
            with open(config, "w", encoding="utf-8") as file:
                file.write(NGINX.format(place=self.place, port=port))
            server = self.start("nginx", "-e", f"{self.place}/early", "-c", config,
                                stderr=subprocess.DEVNULL)
            support.wait_for(lambda s=server, p=port:
                             s.poll() is not None or accepts(p))
            if server.poll() is None:
                return self.fetches(port)
        self.fail("nginx never started")


class Served(Running):
    """A finished server; what clients say to it, and what they must hear."""

    LESSON, ARGUMENTS, SAID, ANSWER = "", (), b"", b""

    def setUp(self):
        super().setUp()
        self.server = self.start(solution(self.LESSON), *self.ARGUMENTS, "0",
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 env={**os.environ, "TZ": "UTC0"})
        line = self.server.stdout.readline().decode()
        self.port = line.rpartition(":")[2].strip()

    def talks(self, *command):
        """A client says all it has to say, and then has heard the answer."""
        done = subprocess.run(command, input=self.SAID, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=SECONDS)
        self.assertEqual((done.stdout, done.returncode), (self.ANSWER, 0), done.stderr)

    def talks_python(self):
        """So does a socket of Python's, three times."""
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", int(self.port)),
                                          SECONDS) as sock:
                sock.sendall(self.SAID)
                sock.shutdown(socket.SHUT_WR)
                with sock.makefile("rb") as answer:
                    self.assertEqual(answer.read(), self.ANSWER)

    def talks_nc(self):
        """So does nc."""
        self.talks("nc", "-N", "127.0.0.1", self.port)

    def talks_socat(self):
        """So does socat."""
        self.talks("socat", "-t", str(SECONDS), "-", f"TCP:127.0.0.1:{self.port}")


class UpperClients(Served):
    """Lesson 04's server answers."""

    LESSON = "04"
    SAID, ANSWER = b"hello world with TCP\n", b"HELLO WORLD WITH TCP\n"

    def test_python_socket(self):
        """lesson 04's solution answers Python's sockets, one client after the other"""
        self.talks_python()

    @needs("nc")
    def test_nc(self):
        """lesson 04's solution answers nc"""
        self.talks_nc()

    @needs("socat")
    def test_socat(self):
        """lesson 04's solution answers socat"""
        self.talks_socat()


class LineClients(Served):
    """Lesson 06's server greets."""

    LESSON = "06"
    SAID = b"Michael\nTracy\nSarah\nexit\n"
    ANSWER = b"Welcome!\nHello, Michael!\nHello, Tracy!\nHello, Sarah!\n"

    def test_python_socket(self):
        """lesson 06's solution greets Python's sockets, line by line and at once"""
        self.talks_python()
        with socket.create_connection(("127.0.0.1", int(self.port)), SECONDS) as sock, \
                sock.makefile("rb") as answers:
            heard = answers.readline()
            for line in self.SAID.splitlines(True):
                sock.sendall(line)
                heard += answers.readline()
            self.assertEqual(heard + answers.read(), self.ANSWER)

    @needs("nc")
    def test_nc(self):
        """lesson 06's solution greets nc"""
        self.talks_nc()

    @needs("socat")
    def test_socat(self):
        """lesson 06's solution greets socat"""
        self.talks_socat()

    @needs("curl")
    def test_curl(self):
        """lesson 06's solution greets curl, which speaks telnet"""
        self.talks("curl", "--silent", "--no-buffer", f"telnet://127.0.0.1:{self.port}")


class CountClients(Served):
    """Lesson 08's server counts, for clients that half-close."""

    LESSON = "08"
    SAID, ANSWER = b"two words\nand three more\n", b"2 5 25\n"

    def test_python_socket(self):
        """lesson 08's solution counts for Python's sockets"""
        self.talks_python()

    @needs("nc")
    def test_nc(self):
        """lesson 08's solution counts for nc"""
        self.talks_nc()

    @needs("socat")
    def test_socat(self):
        """lesson 08's solution counts for socat"""
        self.talks_socat()


class TimeClients(Served):
    """Lesson 09's server puts the time before each line."""

    LESSON, ARGUMENTS = "09", ("-t", "0")
    SAID = b"hello\r\nexit\n"
    ANSWER = b"[Thu Jan  1 00:00:00 1970] hello\n[Thu Jan  1 00:00:00 1970] exit\n"

    def test_python_socket(self):
        """lesson 09's solution answers Python's sockets"""
        self.talks_python()

    @needs("nc")
    def test_nc(self):
        """lesson 09's solution answers nc"""
        self.talks_nc()

    @needs("socat")
    def test_socat(self):
        """lesson 09's solution answers socat"""
        self.talks_socat()


if __name__ == "__main__":
    unittest.main()
