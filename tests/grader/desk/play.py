"""Ways to try a finished program by hand: make play-lessonN."""
import os
import sys

from ..course.places import BUILD, build_dir


def against_web_server(programs):
    """Start Python's web server on a free port, and say how to fetch a page from it."""
    import subprocess                   # both slow to import, and only needed here
    import tempfile
    client = next(iter(programs.values()))
    with tempfile.TemporaryDirectory(dir=build_dir("tmp")) as pages:
        with open(os.path.join(pages, "index.html"), "w", encoding="utf-8") as page:
            page.write("<h1>It works</h1>\nThis page came through a socket.\n")
        server = subprocess.Popen(
            [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"],
            cwd=pages, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            words = server.stdout.readline().split()
            port = words[words.index("port") + 1]
            print(f"A web server listens on 127.0.0.1 port {port}. In a second "
                  "terminal, in this\ndirectory, type:\n\n"
                  rf"    printf 'GET / HTTP/1.0\r\n\r\n' | {client} 127.0.0.1 {port}"
                  "\n\nCtrl-C ends the web server.", flush=True)
            server.wait()
        finally:
            server.terminate()
            server.wait()
    return 0


def command_lines(programs, lines):
    """Show what a program that only prints answers to these command lines.

    lines  each a name out of `programs` and arguments, as a shell has them
    """
    import subprocess
    for line in lines:
        name, *arguments = line.split()
        print(f"$ {programs[name]} {' '.join(arguments)}", flush=True)
        subprocess.run([os.path.join(os.path.dirname(BUILD), programs[name]),
                        *arguments], check=False)
    print("\nThe finished program answered. Now try some of your own.", flush=True)
    return 0


def transfer(programs):
    """Start the finished receiver of 12 bytes, and say how to send them."""
    import subprocess
    path = next(iter(programs.values()))
    print(f"The finished receiver starts here: {path} recv 12\n"
          "Its first line names its address. In a second terminal, with that PORT:\n\n"
          f"    printf 'hello, world' | {path} send 127.0.0.1 PORT 12\n", flush=True)
    return subprocess.run([os.path.join(os.path.dirname(BUILD), path), "recv", "12"],
                          check=False).returncode


def server(programs):
    """Run the finished server on a free port, and say how to talk to it."""
    import subprocess
    path = next(iter(programs.values()))
    print(f"The finished server starts here: {path} 0\n"
          "Its first line names its address. In a second terminal, with that PORT:\n\n"
          "    nc 127.0.0.1 PORT           (or: socat - TCP:127.0.0.1:PORT)\n\n"
          "Ctrl-C ends the server.\n", flush=True)
    return subprocess.run([os.path.join(os.path.dirname(BUILD), path), "0"],
                          check=False).returncode


WAYS = {"server": server, "against a web server": against_web_server,
        "transfer": transfer}


def play(way, programs):
    """Let a person try finished programs; return an exit status.

    way       what the lesson says: one of WAYS, or a tuple of command lines
    programs  {name: path}, relative to the course
    """
    return command_lines(programs, way) if isinstance(way, tuple) else \
        WAYS[way](programs)
