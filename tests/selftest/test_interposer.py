"""The interposer tells the truth about programs we know, and does as it is told.

The programs lie in tests/selftest/known.  tour.c says on each line what the log
must say of it; scenes.c plays a scene and prints what its calls return, so that
a plan can be seen to have done what it says, and no more.
"""

import concurrent.futures
import errno
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)

from grader import build as builder  # noqa: E402
from grader.bench import procfs  # noqa: E402
from grader.bench.patience import Deadline, Pauses, slowness  # noqa: E402
from grader.bench.symbols import resolve  # noqa: E402
from grader.bench.trace import Trace  # noqa: E402
from grader.bench.calls import describe  # noqa: E402

INTERPOSER = os.path.join(TESTS, "interposer")
KNOWN = os.path.join(TESTS, "selftest", "known")
PATIENCE = 30 * slowness()          # seconds for anything
LANGUAGE = ["-std=c11", "-D_GNU_SOURCE", "-fno-omit-frame-pointer", "-Wall", "-Wextra",
            "-Wpedantic", "-Werror"]
LIBRARY = [*LANGUAGE, "-O2", "-shared", "-fPIC"]
PROGRAM = [*LANGUAGE, "-pthread", "-g"]
BUILDS = {
    "plain": ["-O1"],
    "asan": ["-O1", "-fsanitize=address,undefined"],
    "tsan": ["-O1", "-fsanitize=thread"],
    "fortify": ["-O2", "-D_FORTIFY_SOURCE=2"],
}
ASAN_OPTIONS = "verify_asan_link_order=0:detect_leaks=0:handle_segv=0"
TSAN_OPTIONS = "io_sync=0:handle_segv=0:exitcode=0"

# What a scene prints under a plan: (scene, plan, lines).
RECEIVED = "recv {} recvfrom {} recvmsg {} read {} readv {}"
SENT = "send {} sendto {} sendmsg {} write {} writev {}"
MAKERS = ("dup", "fcntl", "socket", "pipe", "eventfd", "epoll_create1", "fdopen")
DESCRIPTORS = ("dup {} dup2 0 fcntl {} flags 1 socket {} pipe {} eventfd {} epoll {} "
               "fdopen {}")
PLANS = [
    ("receive", "", RECEIVED.format(4, 4, 4, 4, 4)),
    ("receive", "receive:short=1", RECEIVED.format(1, 1, 1, 1, 1)),
    ("receive", "receive:short=3 receive:short=2@2+", RECEIVED.format(3, 2, 2, 2, 2)),
    ("receive", "receive:fail=EINTR@3", RECEIVED.format(4, 4, "EINTR", 4, 4)),
    ("receive", "read:fail=ECONNRESET", RECEIVED.format(4, 4, 4, "ECONNRESET", 4)),
    ("receive", "readv:short=3 recvmsg:short=3", RECEIVED.format(4, 4, 3, 4, 3)),
    ("receive", "transmit:short=1 stdin:short=1", RECEIVED.format(4, 4, 4, 4, 4)),
    ("transmit", "transmit:short=3", SENT.format(3, 3, 3, 3, 3)),
    ("transmit", "transmit:short=1@4+", SENT.format(4, 4, 4, 1, 1)),
    ("transmit", "receive:short=1 stdout:short=1", SENT.format(4, 4, 4, 4, 4)),
    ("transmit", "transmit:fail=EPIPE@2", SENT.format(4, "EPIPE", 4, 4, 4)),
    ("wait_all", "recv:short=1", "recv 4"),
    ("datagram", "recv:short=1 send:short=1", "send 5 recv 5"),
    ("datagram", "recv:fail=EINTR", "send 5 recv EINTR"),
    ("standard", "stdin:short=2 stdout:short=3", "read 2 123write 3"),
    ("standard", "receive:short=2 transmit:short=3", "read 5 12345 write 6"),
    ("standard", "read:fail=EIO stdout:fail=ENOSPC", "read EIO write ENOSPC"),
    ("non_blocking", "recv:fail=EAGAIN", "recv 1 recv EAGAIN recv EAGAIN"),
    ("non_blocking", "recv:fail=EAGAIN@2", "recv 1 recv 1 recv EAGAIN"),
    ("accept_blocked", "accept:fail=EINTR@2", "accept 0 accept EINTR"),
    ("accept_interrupted", "accept:fail=EMFILE", "accept EINTR"),
    ("connecting", "", "connect 0 poll 1 error 0 blocking 1"),
    ("connecting", "connect:fail=EINTR", "connect EINTR poll 1 error 0 blocking 1"),
    ("closing", "close:fail=EINTR", "close EINTR fcntl EBADF"),
    ("looking_up", "", "errno 0 code 0 127.0.0.1/7 2"),
    ("looking_up", "getaddrinfo:fail=EAI_NONAME", "errno 0 code 2"),
    ("looking_up", "getaddrinfo:fail=EMFILE", f"errno {errno.EMFILE} code 11"),
    ("looking_up", "getaddrinfo:list=127.0.0.2/80,::1/81",
     "errno 0 code 0 127.0.0.2/80 2 ::1/81 10"),
    ("late_errno", "recv:errno=EAGAIN", "recv 4 errno 11"),
    ("keeps_errno", "", "errno 1 recv EBADF"),
    ("ready", "", "poll 0 revents 0 select 0 epoll_wait 0 data 0"),
    ("ready", "wait:ready", "poll 1 revents 1 select 1 epoll_wait 1 data 1"),
    ("ready", "select:ready", "poll 0 revents 0 select 1 epoll_wait 0 data 0"),
    ("pipe_ready", "wait:ready", "poll 0"),
    ("forking", "recv:fail=EINTR@1", "recv EINTR recv 1 recv EINTR"),
    ("naming", "getnameinfo:name=far.example", "far.example 0 127.0.0.1 0"),
    ("handling", "", "kept 1 polite 1 rude 1 none 1 polite 1 ignored 1"),
    ("waking", "", "early 0"),
    ("receive", "receive:fail=EINTR@2..3", RECEIVED.format(4, "EINTR", "EINTR", 4, 4)),
    ("receive", "receive:short=1@2+2", RECEIVED.format(4, 1, 4, 1, 4)),
    ("receive", "receive:short=1@1..4+3", RECEIVED.format(1, 4, 4, 1, 4)),
    ("persistent", "", "tries 2"),
    ("persistent", "receive:fail=EINTR@1+2", "tries 4"),
    ("standard", "stdin:fail=EINTR@1 stdout:fail=EINTR@1", "read EINTR write EINTR"),
    ("connecting_in_vain", "", "connect ECONNREFUSED poll 1 refused 0"),
    ("connecting_in_vain", "connect:fail=EINTR", "connect EINTR poll 1 refused 1"),
    ("descriptors", "", DESCRIPTORS.format(*[0] * 7)),
    ("descriptors", " ".join(f"{call}:fail=EMFILE" for call in MAKERS),
     DESCRIPTORS.format(*["EMFILE"] * 7)),
    ("descriptors", "close:fail=EIO dup:fail=EIO fcntl:fail=EIO",
     DESCRIPTORS.format(*[0] * 7)),
    ("waking_by", "wake:slow pthread_create:slow", "pipe 1 event 1 semaphore 1"),
]
BAD_PLANS = [
    "recv", "recv:", ":stop", "recv:shrt=1", "recv:short=", "recv:short=0",
    "recv:short=-1", "recv:short=1x", "recv:fail=", "recv:fail=EWHAT", "recv:fail=4",
    "rcv:stop", "load:stop", "recv:stop@", "recv:stop@0", "recv:stop@x", "recv:stop@1-",
    "recv:stop@+", "recv:ready", "poll:short=1", "accept:short=1", "recv:hold",
    "recv:list=127.0.0.1/80", "getaddrinfo:list=", "getaddrinfo:list=here/80",
    "getaddrinfo:fail=EWHAT", "recv:short=1,send:short=1", "recv:stop;",
    "handler:stop", "printf:fail=EIO", "pthread_create:ready", "recv:stop=1",
    "recv:slow=1", "recv:short", "recv:stop@2..1", "recv:stop@1..", "recv:stop@..2",
    "recv:stop@1+0", "recv:stop@1+x", "recv:stop@1..2+3x", "heap:fail=EIO",
    "dup2:fail=EMFILE", "recv:fail=EAI_NONAME",
    " ".join(["recv:stop@9"] * 33), "x" * 5000,
]


def run(command):
    """Run a compiler; its complaint becomes that of the failure."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\n{done.stderr}")


def sources():
    """Return the C files of the interposer."""
    names = sorted(os.listdir(INTERPOSER))
    return [os.path.join(INTERPOSER, name) for name in names if name.endswith(".c")]


def build(directory):
    """Build library and programs into directory, two compilers at a time."""
    commands = []
    for compiler in COMPILERS:
        library = os.path.join(directory, f"{compiler}.so")
        commands.append([compiler, *LIBRARY, "-o", library, *sources(), "-ldl"])
        for name, flags in BUILDS.items():
            for program in ("tour", "scenes"):
                source = os.path.join(KNOWN, f"{program}.c")
                target = os.path.join(directory, f"{program}-{compiler}-{name}")
                commands.append([compiler, *PROGRAM, *flags, "-o", target, source])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(run, commands))


def compilers():
    """Return those of gcc and clang that are on this machine."""
    return [name for name in ("gcc", "clang") if shutil.which(name)]


COMPILERS = compilers()


def setUpModule():
    """Build everything once."""
    global directory
    directory = tempfile.TemporaryDirectory()
    build(directory.name)


def tearDownModule():
    """Remove what was built."""
    directory.cleanup()


class Known(unittest.TestCase):
    """What the tests share: a known program under the interposer."""

    def setUp(self):
        """Give the test a log."""
        self.trace = self.log()

    def log(self, records=65536):
        """Return a new log, which ends with the test."""
        fd, path = tempfile.mkstemp(dir=directory.name)
        os.close(fd)
        trace = Trace(path, records)
        self.addCleanup(trace.close)
        return trace

    def start(self, program, build_name, *args, plan="", trace=None,
              reports="/dev/null", **more):
        """Start a known program; return the Popen, which ends with the test.

        build_name: str, such as "gcc-asan"; reports: str, where TSan's go.
        """
        compiler = build_name.split("-")[0]
        env = {"LD_PRELOAD": os.path.join(directory.name, f"{compiler}.so"),
               "LOOPBACK_PLAN": plan, "PATH": os.environ.get("PATH", ""),
               "ASAN_OPTIONS": ASAN_OPTIONS,
               "TSAN_OPTIONS": f"{TSAN_OPTIONS}:log_path={reports}",
               **(trace or self.trace).environment()}
        path = os.path.join(directory.name, f"{program}-{build_name}")
        process = subprocess.Popen([path, *args], env=env, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, **more)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        """End and bury a process."""
        process.kill()
        process.communicate()

    def play(self, scene, plan="", build_name=None, trace=None, reports="/dev/null"):
        """Play a scene to its end; return (status, what it printed)."""
        process = self.start("scenes", build_name or f"{COMPILERS[0]}-plain", scene,
                             plan=plan, trace=trace, reports=reports,
                             stdin=subprocess.PIPE)
        out, err = process.communicate(b"12345", PATIENCE)
        return process.returncode, (out + err).decode()

    def wait_until(self, true):
        """Wait until true() is."""
        deadline, pauses = Deadline(PATIENCE), Pauses()
        while not true():
            self.assertFalse(deadline.is_over(), "it never came")
            pauses.wait()


def expected():
    """Return [(line, text)] as the comments of tour.c have it.

    A comment speaks of its line or, alone on one, of the next.
    """
    with open(os.path.join(KNOWN, "tour.c"), encoding="ascii") as file:
        lines = file.read().split("\n")
    found = ((n, re.search(r"(.*)/\* log: (.*) \*/", t))
             for n, t in enumerate(lines, 1))
    return [(n if match[1].strip() else n + 1, match[2]) for n, match in found if match]


class TruthTest(Known):
    """The log says what the program did, in every build."""

    maxDiff = None

    def check(self, build_name):
        """Compare the log of the tour with what its source says."""
        trace = self.log()
        process = self.start("tour", build_name, trace=trace)
        self.assertEqual(process.wait(PATIENCE), 0, process.stderr.read())
        base = trace.loaded
        calls = [c for c in trace.calls() if c.pid == process.pid]
        places = resolve(process.args[0], {a - base for c in calls for a in c.callers})
        said = [(self.line(c, base, places), self.text(c)) for c in calls]
        # What the sanitizers call on their own account has no line of ours.
        said = [(n, text) for n, text in said if n]
        wanted = expected()
        if build_name.endswith("tsan"):  # makes signal a sigaction, or its own affair
            said = [(n, text) for n, text in said if "SIGPIPE" not in text]
            wanted = [(n, text) for n, text in wanted if "SIGPIPE" not in text]
        self.assertEqual(said, wanted)

    def line(self, call, base, places):
        """Return the line of tour.c that made this call, or None."""
        found = (places.get(address - base) for address in call.callers if address)
        lines = [p[1] for p in found if p and p[0].endswith("tour.c")]
        return lines[0] if lines else None

    def text(self, call):
        """Return the description without what differs from run to run."""
        text = re.sub(r"(127\.0\.0\.1):[1-9]\d*", r"\1:P", describe(call))
        if call.name in ("fork", "waitpid", "kill"):
            text = re.sub(r"\d{3,}|(?<=\()\d+|(?<== )\d+", "N", text)
        return text

    def test_forked_child_is_logged_under_its_own_number(self):
        """a child writes to the same log, as itself"""
        process = self.start("tour", f"{COMPILERS[0]}-plain")
        process.wait(PATIENCE)
        parent, child = self.trace.calls("fork")
        self.assertEqual((parent.pid, parent.result), (process.pid, child.pid))
        self.assertEqual((child.result, child.callers), (0, (0, 0, 0)))
        self.assertEqual([(c.pid, describe(c)) for c in self.trace.calls("_exit")],
                         [(child.pid, "_exit(3)")])

    def test_data_and_addresses(self):
        """the bytes, the addresses and the arguments are those of the calls"""
        self.start("tour", f"{COMPILERS[0]}-plain").wait(PATIENCE)
        one = {c.name: c for c in reversed(self.trace.calls())}
        self.assertEqual((one["send"].data, one["recv"].data), (b"hello", b"hello"))
        self.assertEqual(one["bind"].address, ("127.0.0.1", 0))
        self.assertEqual(one["connect"].address, one["listen"].address)
        self.assertEqual(one["accept"].room, -1)
        self.assertEqual(one["accept"].address[0], "127.0.0.1")
        self.assertEqual(struct.unpack("=ihh", one["poll"].data[:8]), (5, 1, 1))
        self.assertEqual(one["getaddrinfo"].question[:13], b"127.0.0.1\x0080\0")
        self.assertEqual(one["getaddrinfo"].address, ("127.0.0.1", 80))
        self.assertEqual(one["getaddrinfo"].list, one["freeaddrinfo"].list)
        self.assertEqual(one["setsockopt"].args, (3, 1, 2, 4))
        self.assertLess(one["listen"].left, one["accept"].entered)
        inside = {c.name for c in self.trace.calls() if c.is_inside}
        self.assertEqual(inside, {"exit", "_exit"})

    @unittest.skipUnless("gcc" in COMPILERS, "gcc is not here")
    def test_fortified_build_calls_by_other_names(self):
        """the build with _FORTIFY_SOURCE is one that calls __recv_chk"""
        with open(os.path.join(directory.name, "tour-gcc-fortify"), "rb") as file:
            text = file.read()
        names = (b"__recv_chk", b"__recvfrom_chk", b"__read_chk", b"__poll_chk")
        self.assertEqual([name for name in names if name not in text], [])


def _add_tours():
    """Add a test for each compiler and build."""
    for compiler in COMPILERS:
        for name in BUILDS:
            build_name = f"{compiler}-{name}"

            def test(self, build_name=build_name):
                self.check(build_name)

            setattr(TruthTest, f"test_tour_{build_name}", test)


_add_tours()


class PlanTest(Known):
    """Every action does what it says, where the kernel could have done it."""

    def check_plans(self, build_name):
        """Play all scenes of PLANS in one build."""
        for scene, plan, lines in PLANS:
            with self.subTest(scene=scene, plan=plan, build=build_name):
                trace = self.log()
                status, text = self.play(scene, plan, build_name, trace)
                self.assertEqual((status, " ".join(text.split())), (0, lines))

    def test_plans_plain(self):
        """without a sanitizer"""
        self.check_plans(f"{COMPILERS[0]}-plain")

    def test_plans_under_sanitizers(self):
        """under AddressSanitizer"""
        for compiler in COMPILERS:
            self.check_plans(f"{compiler}-asan")

    def test_plans_under_tsan(self):
        """under ThreadSanitizer"""
        self.check_plans(f"{COMPILERS[-1]}-tsan")

    def test_injected_calls_are_marked(self):
        """the log says what the plan did to which call"""
        self.play("receive", "receive:fail=EINTR@3")
        calls = self.trace.calls("recv", "recvfrom", "recvmsg", "read", "readv")
        self.assertEqual([c.by_tester for c in calls], ["", "", "fail", "", ""])
        self.assertEqual(calls[2].error, "EINTR")

    def test_accept_fails_only_where_a_connection_is_there(self):
        """a non-blocking accept without a connection is not counted"""
        _, text = self.play("accepting", "accept:fail=EMFILE@1")
        self.assertEqual(text.split("\n")[:4], ["accept EAGAIN", "accept EMFILE",
                                                "accept 6", "accept 7"])

    def test_aborted_connection_is_lost(self):
        """with ECONNABORTED the client is gone"""
        _, text = self.play("accepting", "accept:fail=ECONNABORTED@1")
        wanted = ["accept EAGAIN", "accept ECONNABORTED", "accept 6", "accept EAGAIN",
                  "first ECONNRESET", "second EAGAIN"]
        self.assertEqual(text.split("\n")[:6], wanted)

    def test_broken_pipe_raises_its_signal(self):
        """EPIPE comes with SIGPIPE, unless MSG_NOSIGNAL was given"""
        for call, status in (("send", 0), ("write", -signal.SIGPIPE)):
            with self.subTest(call):
                trace = self.log()
                done, _ = self.play("transmit", f"{call}:fail=EPIPE", trace=trace)
                self.assertEqual(done, status)

    def test_stop_and_thaw(self):
        """a stop comes before the call, and SIGCONT ends it"""
        build_name = f"{COMPILERS[0]}-plain"
        process = self.start("scenes", build_name, "datagram", plan="recv:stop")
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        (call,) = self.trace.calls("recv")
        self.assertTrue(call.is_inside and call.by_tester == "stop")
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.communicate(timeout=PATIENCE)[0], b"send 5\nrecv 5\n")

    def test_held_threads_see_the_last_value(self):
        """threads held at their start see what a shared variable has become"""
        for name in (f"{c}-{b}" for c in COMPILERS for b in ("plain", "asan")):
            with self.subTest(name):
                trace = self.log()
                trace.hold("new")
                process = self.start("scenes", name, "race", trace=trace)
                self.wait_until(lambda: trace.entered_count("pthread_join"))
                self.assertEqual(trace.calls("thread_start"), [])
                trace.hold(None)
                out, _ = process.communicate(timeout=PATIENCE)
                self.assertEqual((process.returncode, out), (0, b"sum 4\n"))

    def test_condition_wakes_early(self):
        """a spurious wake-up, and none right after it"""
        for plan in ("pthread_cond_wait:ready@1", "pthread_cond_wait:ready"):
            for name in (f"{c}-{b}" for c in COMPILERS for b in ("plain", "asan")):
                with self.subTest(plan=plan, build=name):
                    text = self.play("waking", plan, name, self.log())
                    self.assertEqual(text, (0, "early 1\n"))

    def test_who_wakes_and_who_is_woken_can_be_held_back(self):
        """at a condition either of the two can be the slower one"""
        for whom, call, sleepers in (("woken", "pthread_cond_wait", 1),
                                     ("waker", "pthread_cond_signal", 2)):
            for name in (f"{c}-{b}" for c in COMPILERS for b in ("plain", "asan")):
                with self.subTest(whom, build=name):
                    trace = self.log()
                    trace.hold(whom)
                    process = self.start("scenes", name, "waking", trace=trace)

                    def is_held(trace=trace, pid=process.pid, sleepers=sleepers):
                        calls = [t.call for t in procfs.threads(pid)]
                        return trace.calls("pthread_cond_signal") and \
                            calls == ["futex"] * sleepers
                    self.wait_until(is_held)
                    self.assertTrue(trace.calls(call)[0].is_inside)
                    trace.hold(None)
                    out, _ = process.communicate(timeout=PATIENCE)
                    self.assertEqual((process.returncode, out), (0, b"early 0\n"))

    def test_heap_fails_for_the_program_alone(self):
        """malloc, calloc, realloc of the program can fail; those of libc never do"""
        words = "malloc {} calloc {} realloc {} strdup 0"
        plans = {"heap:fail=ENOMEM@1": ("ENOMEM", 0, "ENOMEM"),
                 "heap:fail=ENOMEM@2": (0, "ENOMEM", 0),
                 "heap:fail=ENOMEM@3": (0, 0, "ENOMEM"),
                 "heap:fail=ENOMEM@4": (0, 0, 0)}
        builds = [f"{c}-plain" for c in COMPILERS] + \
            [f"gcc-{b}" for b in ("asan", "tsan") if "gcc" in COMPILERS]
        for build_name in builds:
            for plan, results in plans.items():
                with self.subTest(plan=plan, build=build_name):
                    trace = self.log()
                    _, text = self.play("allocating", plan, build_name, trace)
                    self.assertEqual(text.split(), words.format(*results).split())
                    self.assertEqual(trace.matched_count(0), 2 if "1" in plan else 3)
                    shown = [c.by_tester for c in trace.calls("malloc", "calloc",
                                                              "realloc")]
                    self.assertEqual(shown, [] if "4" in plan else ["fail"])

    def test_rules_are_counted(self):
        """the log says how many calls each rule has matched, in one process"""
        self.play("forking", "recv:fail=EINTR@1 receive:fail=EIO@9 send:stop read:slow")
        self.assertEqual([self.trace.matched_count(n) for n in range(5)],
                         [2, 2, 0, 0, 0])

    def test_a_limit_that_cuts_nothing_is_no_hand(self):
        """a call that asks for less than the plan allows is not marked"""
        self.play("receive", "receive:short=4")
        self.assertEqual({c.by_tester for c in self.trace.calls("recv", "read")}, {""})
        self.assertEqual(self.trace.matched_count(0), 5)

    def test_bad_plans_end_the_program(self):
        """what is no plan is never taken for a kind one"""
        for plan in BAD_PLANS:
            with self.subTest(plan=plan[:60]):
                status, text = self.play("datagram", plan, trace=self.log())
                self.assertEqual(status, 97)
                self.assertIn("LOOPBACK_PLAN", text)


class HandlerTest(Known):
    """What a signal handler does is seen."""

    def test_handlers_are_logged(self):
        """each run of a handler with errno before and after, and with what it calls"""
        for build_name in (f"{c}-{b}" for c in COMPILERS for b in ("plain", "asan")):
            with self.subTest(build_name):
                trace = self.log()
                self.play("handling", build_name=build_name, trace=trace)
                runs = trace.calls("handler")
                self.assertEqual([c.signal for c in runs], [signal.SIGUSR1] * 2)
                self.assertEqual([(c.errno_before, c.errno_after) for c in runs], [
                    (errno.EXDEV, errno.EXDEV), (errno.EXDEV, errno.ENOTTY)])
                (flush,) = trace.calls("fflush")
                self.assertTrue(runs[1].entered <= flush.entered <= runs[1].left)
                (inside,) = trace.calls("shutdown")
                self.assertTrue(runs[0].entered <= inside.entered <= runs[0].left)


class AbsentTest(unittest.TestCase):
    """What a sanitizer looks up in vain costs nothing."""

    @unittest.skipUnless("gcc" in COMPILERS, "gcc is not here")
    def test_names_that_libc_lacks_are_found(self):
        """libasan finds the names of absent.c where libc has them not"""
        with open(os.path.join(INTERPOSER, "absent", "absent.c"),
                  encoding="ascii") as file:
            names = set(re.findall(r"^ABSENT\((\w+)\)$", file.read(), re.MULTILINE))
        self.assertGreater(len(names), 40)
        env = {"LD_DEBUG": "all", "ASAN_OPTIONS": ASAN_OPTIONS,
               "LD_PRELOAD": builder.interposer()}
        done = subprocess.run([os.path.join(directory.name, "scenes-gcc-asan")],
                              env=env, capture_output=True, text=True, check=False)
        self.assertIn("symbol=xdr_int;", done.stderr)
        in_vain = set(re.findall(r"undefined symbol: (\w+)", done.stderr))
        self.assertEqual(in_vain & names, set())


class LogTest(Known):
    """The log survives, counts, and wakes."""

    def test_enter_is_seen_while_inside(self):
        """a call that does not return is in the log, even after SIGKILL"""
        process = self.start("scenes", f"{COMPILERS[0]}-plain", "hang")
        self.wait_until(lambda: self.trace.entered_count("recv"))
        self.wait_until(lambda: self.trace.calls("recv"))
        (call,) = self.trace.calls("recv")
        self.assertTrue(call.is_inside)
        process.kill()
        process.wait(PATIENCE)
        self.assertEqual([c.is_inside for c in self.trace.calls("recv")], [True])
        self.assertEqual(len(self.trace.calls("connect")), 1)

    def test_log_survives_a_crash(self):
        """what was sent before a crash is in the log"""
        status, _ = self.play("crash")
        self.assertEqual(status, -signal.SIGSEGV)
        (call,) = self.trace.calls("send")
        self.assertEqual((call.result, call.data), (10, b"last words"))

    def test_threads_write_side_by_side(self):
        """nothing is lost when threads, or a handler, write at the same time"""
        builds = [(f"{c}-{b}", "crowd") for c in COMPILERS for b in BUILDS]
        # clang's TSan spins for ever under such a timer, with us or without.
        others = ("plain", "asan")
        builds += [(f"{c}-{b}", "ticking") for c in COMPILERS for b in others]
        for build_name, scene in builds:
            with self.subTest(build=build_name, scene=scene):
                trace = self.log()
                self.play(scene, build_name=build_name, trace=trace)
                calls = trace.calls("send", "setsockopt")
                self.assertEqual(len(calls), 4000)
                self.assertEqual(len({c.tid for c in calls}), 4)
                self.assertEqual({c.error for c in calls}, {"EBADF"})
                self.assertEqual(trace.entered_count("send"), 2000)
                self.assertGreaterEqual(len(trace.calls("thread_start")), 4)

    def test_tsan_is_neither_deceived_nor_silenced(self):
        """a race is reported with us, and none that is not there"""
        for compiler in COMPILERS:
            for scene, plan, told in (("crowd", "", False), ("race", "", True)):
                with self.subTest(compiler=compiler, scene=scene):
                    for _ in range(3):
                        _, text = self.play(scene, plan, f"{compiler}-tsan",
                                            self.log(), "stderr")
                        self.assertEqual("WARNING: ThreadSanitizer" in text, told, text)

    def test_full_log_counts_on(self):
        """a full log keeps its first records and counts the rest"""
        trace = self.log(records=100)
        self.play("crowd", trace=trace)
        self.assertEqual(trace.entered_count("send"), 2000)
        self.assertEqual(trace.lost, trace.next - 100)
        self.assertGreater(trace.next, 8000)
        self.assertLessEqual(len(trace.calls()), 100)

    def test_program_executed_by_ours_is_left_alone(self):
        """what the program executes has no log and no plan"""
        status, text = self.play("executing", "send:fail=EINTR")
        self.assertEqual((status, text), (0, "send 5\nrecv 5\n"))
        self.assertEqual(len(self.trace.calls("load")), 1)
        self.assertEqual(self.trace.calls("send"), [])

    def test_program_dies_with_its_parent(self):
        """when the harness dies, the program dies"""
        env = {"LOOPBACK_LOG": self.trace.path,
               "LD_PRELOAD": os.path.join(directory.name, f"{COMPILERS[0]}.so")}
        code = f"import subprocess, sys; subprocess.run(sys.argv[1:], env={env!r})"
        program = os.path.join(directory.name, f"scenes-{COMPILERS[0]}-plain")
        parent = subprocess.Popen([sys.executable, "-c", code, program, "hang"])
        self.addCleanup(self.end, parent)
        self.wait_until(lambda: self.trace.calls("recv"))
        (call,) = self.trace.calls("recv")
        parent.kill()
        self.wait_until(lambda: not is_running(call.pid))

    def test_without_log_all_goes_well(self):
        """the plan works without a log"""
        self.trace.environment = dict
        status, text = self.play("datagram", "recv:fail=EINTR")
        self.assertEqual((status, text), (0, "send 5\nrecv EINTR\n"))

    def test_bad_log_ends_the_program(self):
        """a log that cannot be used ends the program"""
        for path in ("/no/such/log", os.path.join(INTERPOSER, "log.c")):
            with self.subTest(path):
                self.trace.environment = lambda path=path: {"LOOPBACK_LOG": path}
                status, text = self.play("datagram")
                self.assertEqual(status, 97)
                self.assertIn("LOOPBACK_LOG", text)


def is_running(pid):
    """Say whether there is such a process, and whether it is more than a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
