"""make compare: its load finds every lie, its figures are right, its page is whole."""
import ast
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from xml.etree import ElementTree

import measure
import support
from support import ROOT, TESTS, files_below, shown, text_of

from compare import clients, contenders, document as documents, figures, limits, page, \
    plan as plans, plot, sentences, svg, table
from compare.rounds import Measurement
from grader.course.places import place_of
from grader.words.trouble import Infra

RUN = os.path.join(TESTS, "compare", "run.py")
WIDTH = 80
# Each line may import from the lines above it, never from its own or a later one.
LAYERS = """
figures limits memory plan plot
contenders process
clients document
rounds table
sentences svg
page
cli
run
"""
ROW_NUMBERS = ("rate", "ratio", "lowest", "highest", "median_us", "p99_us",
               "longest_greeting_us", "bytes_per_client", "spread")


def compare(*arguments, seconds=60, **options):
    """Run the comparison; return the CompletedProcess."""
    return subprocess.run([sys.executable, RUN, *arguments], cwd=ROOT, timeout=seconds,
                          env=support.environment(PYTHONIOENCODING="utf-8"), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options)


class WholeRun(unittest.TestCase):
    """One short comparison of our own servers, from the command to the files."""

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as place:
            names = {n: os.path.join(place, "it." + n) for n in ("json", "svg")}
            cls.done = compare("--quick", "--clients", "1 3", "--work", "0,1",
                               "--rounds", "2", "--json", names["json"], "--svg",
                               names["svg"])
            cls.texts = {}
            for name, path in names.items():
                with contextlib.suppress(OSError), open(path, encoding="utf-8") as file:
                    cls.texts[name] = file.read()
        cls.document = json.loads(cls.texts.get("json", "{}"))

    def test_done(self):
        """it ends with status 0 and says nothing on stderr"""
        self.assertEqual((self.done.returncode, self.done.stderr), (0, ""),
                         self.done.stdout)

    def test_every_run_is_verified(self):
        """every server ran under every load in every round, and no reply was wrong"""
        seen = {(r["server"], r["clients"], r["work_ms"], r["round"])
                for r in self.document["runs"]}
        self.assertEqual(seen, {(s.id, c, w, r) for s in contenders.SERVERS
                                for c in (1, 3) for w in (0, 1)
                                for r in (1, 2)})
        turns = {(load["clients"], load["work_ms"]): load["turns"]
                 for load in self.document["plan"]["turns"]}
        for run in self.document["runs"]:
            with self.subTest(run):
                self.assertEqual((run["wrong"], run["early"], run["unfinished"],
                                  run["trouble"]), (0, 0, 0, ""))
                self.assertEqual(run["served"], run["clients"])
                self.assertEqual(run["answers"], run["clients"]
                                 * turns[run["clients"], run["work_ms"]])

    def test_rows(self):
        """every row has its figures; the sequential server is its own measure"""
        self.assertEqual(len(self.document["rows"]), 16)
        for row in self.document["rows"]:
            with self.subTest(row):
                for name in ROW_NUMBERS:
                    self.assertIsInstance(row[name], (int, float), name)
                self.assertLessEqual(row["median_us"], row["p99_us"])
                if row["server"] == contenders.BASE:
                    self.assertEqual(row["ratio"], 1)

    def test_work_is_shared(self):
        """with work time three clients of the threaded server wait side by side"""
        row = documents.find(self.document, "threaded", 3, 1)
        self.assertGreater(row["ratio"], 1.5)
        self.assertGreater(row["median_us"], 1000)

    def test_page(self):
        """the page has both tables, no line over 80 columns, and where the files are"""
        lines = self.done.stdout.splitlines()
        self.assertEqual([line for line in lines if len(line) > WIDTH
                          and not line.startswith("  The picture")], [])
        for word in ("No work time", "1 ms of work", *(s.title for s in
                                                      contenders.SERVERS)):
            self.assertIn(word, self.done.stdout)
        self.assertIn("it.svg", lines[-1])

    def test_picture(self):
        """the picture is well-formed, with titles, units, and a line of each server"""
        tree = ElementTree.fromstring(self.texts["svg"])
        texts = [e.text for e in tree.iter() if e.tag.endswith("}text")]
        for text in ("clients at once", "answers per second", "milliseconds", "KiB",
                     *(s.title for s in contenders.SERVERS)):
            self.assertIn(text, texts)
        lines = [e.get("class") for e in tree.iter() if "line" in e.get("class", "")]
        self.assertGreaterEqual({*lines}, {f"line s{n}" for n in range(4)})
        self.assertNotRegex(self.texts["svg"], r"nan|None|href|@import|url\(")


class Options(unittest.TestCase):
    """What cannot be asked for is refused at once, with a sentence."""

    def refused(self, *arguments, words):
        """It ends with status 2 and says these words, and nothing else."""
        done = compare(*arguments, seconds=20)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertIn(words, done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_numbers(self):
        """a number of clients out of range is a mistake of usage"""
        self.refused("--clients", "0", words="0 is not a whole number from 1 to 500")

    def test_words(self):
        """so is a work time that is no number"""
        self.refused("--work", "1,x", words="--work: x is not a whole number")

    def test_file(self):
        """and a file that cannot be written, before anything is measured"""
        self.refused("--svg", "/proc/no/such.svg", words="cannot write there")

    def test_lists(self):
        """lists may be written with commas or blanks, in any order; empty ones not"""
        from compare.cli import Usage, numbers
        self.assertEqual(numbers("10, 1 5 10", "--clients", 1, 500), [1, 5, 10])
        self.assertIsNone(numbers(None, "--clients", 1, 500))
        for text in ("", " , ", "1.5", "-1", "501", "\u0663", "1 2 3 4 5 6 7 8 9"):
            with self.subTest(text), self.assertRaises(Usage):
                numbers(text, "--clients", 1, 500)


class Interrupted(unittest.TestCase):
    """Ctrl-C leaves nothing behind."""

    def test_interrupt(self):
        """after SIGINT in the middle of a run no server and no load is left"""
        with tempfile.TemporaryDirectory() as place:
            process = subprocess.Popen(
                [sys.executable, RUN, "--clients", "20", "--work", "50", "--json",
                 os.path.join(place, "j"), "--svg", os.path.join(place, "s")], cwd=ROOT,
                env=support.environment(), stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, start_new_session=True)
            started = support.wait_for(lambda: descendants(process.pid), 30)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        self.assertTrue(started, err)
        self.assertEqual((process.returncode, out), (130, ""), err)
        self.assertIn("nothing is left running", err)
        self.assertEqual([pid for pid in started if is_server(pid)], [])


def descendants(pid):
    """Return the descendants of a process that are servers of the comparison."""
    from grader.bench import procfs
    return [p for p in procfs.family(pid) if p != pid and is_server(p)]


def is_server(pid):
    """Say whether a process runs one of the servers."""
    try:
        name = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return False
    return name.startswith("hellod")


class Liar:
    """A hello server of one thread for each client, which answers by a function.

    answer(name, turn)  the bytes to send; None: close the connection
    """

    def __init__(self, answer, greeting=b"Welcome!\n", farewell=b"", in_pieces=False):
        self.answer, self.greeting, self.farewell = answer, greeting, farewell
        self.size = 1 if in_pieces else 100     # bytes of a piece
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self):
        self.threads[0].start()
        return self

    def __exit__(self, *_):
        self.listening.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(10)
        self.listening.close()

    def _accept(self):
        while True:
            try:
                conn, _ = self.listening.accept()
            except OSError:
                return                  # the test is over
            self.threads.append(threading.Thread(target=self._serve, args=(conn,),
                                                 daemon=True))
            self.threads[-1].start()

    def _serve(self, conn):
        with conn, conn.makefile("rb") as lines, contextlib.suppress(OSError):
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conn.sendall(self.greeting)
            for turn, line in enumerate(lines, 1):
                if line == b"exit\n":
                    conn.sendall(self.farewell)
                    return
                reply = self.answer(line[:-1], turn)
                if reply is None:
                    return
                for at in range(0, len(reply), self.size):
                    conn.sendall(reply[at:at + self.size])


def honest(name, _turn):
    """Answer as a hello server should."""
    return b"Hello, " + name + b"!\n"


class Load(unittest.TestCase):
    """The load generator believes nothing."""

    @classmethod
    def setUpClass(cls):
        cls.load = clients.built()

    def against(self, answer, count=3, turns=4, seconds=10, **options):
        """Return what the load says about a server that answers so."""
        with Liar(answer, **options) as server:
            return clients.run(self.load, server.port, count, turns, seconds)

    def test_honest(self):
        """an honest server has no errors, and all its answers are counted"""
        told = self.against(honest)
        self.assertEqual((told["served"], told["answers"], clients.trouble(told)),
                         (3, 12, ""))
        self.assertTrue(0 < told["median_us"] <= told["p99_us"])
        self.assertGreater(told["seconds"], told["longest_greeting_us"] / 1e6)

    def test_pieces(self):
        """an answer in pieces is an answer"""
        told = self.against(honest, in_pieces=True)
        self.assertEqual((told["answers"], clients.trouble(told)), (12, ""))

    def test_wrong_name(self):
        """another name, a byte too much or a wrong greeting is a wrong answer"""
        liars = [({"answer": lambda name, turn: honest(b"c1t1", turn)}, 3),
                 ({"answer": lambda name, turn: honest(name, turn) + b"x"}, 3),
                 ({"answer": lambda name, turn: honest(name.upper(), turn)}, 3),
                 ({"answer": honest, "greeting": b"Welcome?\n"}, 3),
                 ({"answer": honest, "farewell": b"Bye!\n"}, 3)]
        for options, count in liars:
            with self.subTest(options):
                told = self.against(**options)
                self.assertEqual((told["wrong"], told["served"]), (count, 0), told)
                self.assertIn("wrong answer", clients.trouble(told))

    def test_early_end(self):
        """a connection that ends before its last answer is an error"""
        told = self.against(lambda name, turn: honest(name, 0) if turn < 3 else None)
        self.assertEqual((told["early"], told["answers"]), (3, 6), told)
        self.assertIn("left 3 of 3 clients early", clients.trouble(told))

    def test_silence(self):
        """a server that never completes an answer is left at the deadline, and told"""
        told = self.against(lambda name, turn: honest(name, 0)[:4 if turn > 1 else 99],
                            seconds=1)
        self.assertEqual((told["unfinished"], told["answers"]), (3, 3), told)
        self.assertIn("wait in vain", clients.trouble(told))
        self.assertLess(told["seconds"], 1.5)

    def test_nobody(self):
        """where nobody listens every client is lost at once"""
        with socket.create_server(("127.0.0.1", 0)) as sock:
            port = sock.getsockname()[1]
        self.assertEqual(clients.run(self.load, port, 2, 1)["early"], 2)

    def test_kept(self):
        """clients that are kept have one answer each while the caller looks"""
        turns = []

        def answer(name, turn):
            turns.append(turn)
            return honest(name, turn)

        with Liar(answer) as server:
            seen = []
            told = clients.run(self.load, server.port, 3, 5, kept=2,
                               when_kept=lambda: seen.extend(turns))
        self.assertGreaterEqual(seen.count(1), 2)
        self.assertEqual((told["answers"], clients.trouble(told)), (15, ""))

    def test_no_descriptors(self):
        """too few descriptors are told plainly"""
        def few():
            import resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))

        done = subprocess.run([self.load, "-c", "50", "-r", "1", "-t", "1", "1"],
                              preexec_fn=few, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("descriptors for 50 clients: Too many open files", done.stderr)

    def test_usage(self):
        """what it cannot do it does not begin"""
        for words in (["1"], ["-c", "0", "-r", "1", "-t", "1", "1"],
                      ["-c", "1", "-r", "1", "-t", "1", "0"],
                      ["-c", "1", "-r", "1", "-t", "1", "-k", "2", "1"],
                      ["-c", "10000", "-r", "10000", "-t", "1", "1"]):
            with self.subTest(words):
                done = subprocess.run([self.load, *words], stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 2)


def run_of(number, answers, seconds=1.0, median=10):
    """Return the record of a run, of round `number`."""
    return {"round": number, "answers": answers, "seconds": seconds,
            "median_us": median, "p99_us": 2 * median, "longest_greeting_us": 5}


class Figures(unittest.TestCase):
    """Known numbers in, known figures out."""

    def test_row(self):
        """rates, ratios and delays are the medians over the rounds"""
        base = [run_of(1, 100), run_of(2, 200), run_of(3, 50)]
        runs = [run_of(1, 300, 2, 7), run_of(2, 500, 1, 9), run_of(3, 100, 1, 8)]
        row = figures.row(runs, base)
        self.assertEqual((row["rate"], row["ratio"], row["lowest"], row["highest"]),
                         (150, 2, 1.5, 2.5))
        self.assertEqual((row["median_us"], row["p99_us"], row["rounds"]), (8, 16, 3))

    def test_rounds_are_paired(self):
        """a ratio compares the same round; one that the base lacks is left out"""
        self.assertEqual(figures.ratios([run_of(2, 90), run_of(3, 10)],
                                        [run_of(1, 1), run_of(2, 30)]), [3])

    def test_nothing(self):
        """without runs there are no figures, and no division by zero"""
        row = figures.row([], [run_of(1, 1)])
        self.assertEqual((row["rounds"], row["rate"], row["ratio"]), (0, None, None))
        self.assertEqual((figures.spread([]), figures.verdict(row)), (1.0, None))

    def test_verdict(self):
        """a difference is one that every round shows and that is beyond 10 %"""
        for (lowest, ratio, highest), word in [
                ((1.2, 1.5, 2), "more"), ((0.9, 1.5, 2), "alike"),
                ((1.01, 1.05, 1.2), "alike"), ((0.5, 0.6, 0.7), "fewer"),
                ((0.5, 0.6, 1.1), "alike"), ((0.92, 0.95, 0.99), "alike")]:
            self.assertEqual(figures.verdict({"lowest": lowest, "ratio": ratio,
                                              "highest": highest}), word)

    def test_significant(self):
        """numbers are shown with three digits that count"""
        self.assertEqual([figures.significant(v) for v in
                          (0.0234, 0.234, 2.345, 9.999, 23.45, 99.96, 234.5, 12345)],
                         ["0.023", "0.23", "2.35", "10.0", "23.4", "100", "234",
                          "12,345"])

    def test_plan(self):
        """every run has about as many answers, and each client asks at least twice"""
        plan = plans.of([1, 10, 500], [0, 2])
        self.assertEqual([tuple(load) for load in plans.loads(plan)],
                         [(1, 0, 8000), (10, 0, 800), (500, 0, 16), (1, 2, 400),
                          (10, 2, 40), (500, 2, 2)])
        self.assertEqual(plans.within(plan, 200).clients, (1, 10, 200))
        self.assertEqual(plans.of(is_quick=True).clients, plans.QUICK_CLIENTS)


class Limits(unittest.TestCase):
    """A machine that does not allow 500 clients is told so, and measured with fewer."""

    def test_limits(self):
        """the limit that binds first is named"""
        most, words = limits.most_clients()
        self.assertGreater(most, 0)
        self.assertTrue(words)

    def test_few_files(self):
        """with few open files the comparison has fewer clients, and says why"""
        def few():
            import resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (70, 70))

        with tempfile.TemporaryDirectory() as place:
            done = compare("--quick", "--clients", "500", "--work", "0", "--rounds",
                           "1", "--json", os.path.join(place, "j"), "--svg",
                           os.path.join(place, "s"), preexec_fn=few)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Not 500 clients but 6: the limit of open files", done.stdout)


def fake(trouble="", ratio=3.0, clients_at_once=(1, 100)):
    """Return a document whose figures are made up."""
    plan = plans.of(clients_at_once, [0, 2])
    rows = []
    for work_ms in plan.work:
        for count in plan.clients:
            for server in contenders.SERVERS:
                value = 1.0 if server.id == contenders.BASE else ratio
                rows.append({"server": server.id, "clients": count, "rounds": 3,
                             "work_ms": work_ms, "rate": 1e4 * value, "ratio": value,
                             "lowest": value, "highest": value, "median_us": 20.0,
                             "p99_us": 90.0, "longest_greeting_us": 5e5,
                             "spread": 1.0, "bytes_per_client": 20000.0 * value,
                             "trouble": ""})
    if trouble:
        rows[-1].update(trouble=trouble, rate=None, ratio=None)
    return {"plan": {"clients": plan.clients, "work_ms": plan.work, "rounds": 3,
                     "rounds_planned": 3, "memory_is": "Pss",
                     "turns": [load._asdict() for load in plans.loads(plan)]},
            "machine": {"processors": 2, "kernel": "6.1"}, "runs": [], "notes": [],
            "servers": [{"id": s.id, "title": s.title, "mark": s.mark, "programs": [
                {"own": True, "file": "lessons/x/x.c", "command": s.program}]}
                for s in contenders.SERVERS], "rows": rows, "seconds": 1}


class Page(unittest.TestCase):
    """The page says what the figures say, and nothing they do not."""

    def test_failed_server(self):
        """a server that failed has a plain line in place of numbers, and no mark"""
        words = "gave 3 of 100 clients a wrong answer (client 7, awaiting an answer: " \
                "got 13 bytes, Hello, c1t1!?, that do not fit)\033[2J"
        document = fake(words)
        text = page.page(document)
        self.assertIn("gave 3 of 100 clients a wrong answer", text)
        self.assertNotIn("\033", text)
        self.assertLessEqual(max(map(len, text.splitlines())), WIDTH)
        ElementTree.fromstring(svg.picture(document))

    def test_plain(self):
        """PLAIN=1 is ASCII alone; otherwise the plots are drawn with lines"""
        document = fake(clients_at_once=(1, 2, 5, 10, 50, 100, 200, 500))
        self.assertTrue(page.page(document, is_plain=True).isascii())
        drawn = page.page(document)
        self.assertIn("\u2502", drawn)
        self.assertLessEqual(max(map(len, drawn.splitlines())), WIDTH)

    def test_sentences_follow_the_figures(self):
        """a gain is not told where the figures have none"""
        gain, none, loss = (" ".join(sentences.sentences(fake(ratio=r)))
                            for r in (3.0, 1.0, 0.5))
        self.assertIn("3.00 times the answers", gain)
        self.assertNotIn("no clear difference", gain)
        self.assertIn("no clear difference", none)
        self.assertIn("has won nothing", none)
        self.assertIn("costs time", loss)
        self.assertNotIn("While one answer is in the making", none + loss)

    def test_most_clients(self):
        """a sentence about many clients takes the most that all have figures for"""
        document = fake(clients_at_once=(1, 10, 100))
        document["rows"][-2].update(trouble="ended", rounds=0)      # threaded, 100
        text = " ".join(sentences.sentences(document))
        self.assertIn("10 clients, -d 2: the threaded server", text)
        self.assertNotIn("100 clients, -d 2: the threaded server", text)

    def test_plot(self):
        """a mark stands at the height of its value, between powers of ten"""
        lines = plot.plot("x", [(1, [("A", 10), ("B", 1000)]), (5, [("A", None)])],
                          plot.PLAIN)
        self.assertEqual([line[:15].rstrip() for line in lines if "B" in line],
                         ["    1,000 +..B."])
        self.assertIn("       10 +.A", lines[-3])
        self.assertEqual(len(set(map(len, lines))), 1)
        self.assertIn("nothing was measured", plot.plot("x", [(1, [("A", None)])],
                                                        plot.PLAIN)[1])

    def test_memory(self):
        """bytes are told in KiB"""
        self.assertEqual([table.kib(v) for v in (None, 0, 1536, 1 << 20)],
                         ["-", "0.0 KiB", "1.5 KiB", "1,024 KiB"])


class WhoseFiles(unittest.TestCase):
    """The learner's server is measured where it is done, ours where it is not."""

    def chosen(self, **changes):
        """Return the Program for a learner's lesson 06: finished but for changes."""
        place = place_of(6)
        files = {name + ".c": text for name, text in changes.items()}
        mine = support.submission({**support.solution_files(place.name), **files})
        return contenders.choose(place._replace(lesson=mine), "hellod")

    def test_finished(self):
        """a finished one is the learner's"""
        self.assertEqual(self.chosen()[2:], (True, ""))

    def test_untouched(self):
        """the skeleton is replaced by ours, and that is no news"""
        place = place_of(6)
        program = contenders.choose(place._replace(lesson=place.skeleton), "hellod")
        self.assertEqual(program[1:], ("solutions/06-lines/hellod.c", False, ""))

    def test_not_finished(self):
        """one that does not build, or has steps left, is replaced, with a note"""
        for text, words in (("int x = ;\n", "does not build"),
                            ("int main(void) { todo(1); }\n", "has steps left to do")):
            program = self.chosen(hellod=text)
            self.assertEqual(program.own, False)
            self.assertEqual(program.note, f"your hellod of lesson 06 {words}: ours "
                             "stands in for it")

    def test_wrong(self):
        """a wrong server is told as wrong, and not measured again; the others are"""
        text = support.solution_files(support.lesson_named(6))["hellod.c"].decode()
        programs = {**contenders.build_all([0]),
                    (6, "hellod"): self.chosen(hellod=text.replace('"!\\n"', '"?\\n"'))}
        plan = plans.of([2, 3], [0], is_quick=True, rounds=1)
        measurement = Measurement(plan, programs, clients.built())
        measurement.run()
        document = documents.of(measurement, [], 1)
        self.assertEqual(document["exit_status"], 1)
        rows = {(r["server"], r["clients"]): r for r in document["rows"]}
        self.assertIn("gave 2 of 2 clients a wrong answer",
                      rows["sequential", 2]["trouble"])
        self.assertEqual(rows["sequential", 3]["trouble"],
                         "not measured: it failed with 2 clients")
        self.assertGreater(rows["forking", 3]["rate"], 0)
        self.assertIsNone(rows["forking", 3]["ratio"])
        self.assertIn("2 of 2 clients a wrong answer", page.page(document))


class Shape(unittest.TestCase):
    """The modules keep to the style."""

    def modules(self):
        """Return {name: text} of the modules of the comparison."""
        return {os.path.basename(p)[:-3]: text_of(p)
                for p in files_below("tests/compare", ends=(".py",))
                if not p.endswith("__init__.py")}

    def test_layers(self):
        """a module imports only from lower layers of the table above"""
        layers = {name: i for i, line in enumerate(LAYERS.strip().splitlines())
                  for name in line.split()}
        self.assertEqual(sorted(layers), sorted(self.modules()))
        for name, text in self.modules().items():
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom) and node.level:
                    for other in [node.module] if node.module else \
                            [a.name for a in node.names]:
                        with self.subTest(f"{name}:{node.lineno}"):
                            self.assertLess(layers[other], layers[name])

    def test_documented(self):
        """every module, class and public function says what it is"""
        for path in files_below("tests/compare", ends=(".py",)):
            with self.subTest(shown(path)):
                self.assertEqual(measure.undocumented(text_of(path)), [])

    def test_load_fits(self):
        """load.c has no function over 40 lines and no line over 80 columns"""
        text = text_of("tests/compare/load.c")
        self.assertEqual([f for f in measure.c_functions(text) if f.lines > 40], [])
        self.assertEqual([n for n, line in enumerate(text.splitlines(), 1)
                          if len(line) > 80 or line != line.rstrip() or "\t" in line],
                         [])

    def test_infra(self):
        """a load generator that cannot run is a fault of the machine, not the server"""
        with self.assertRaises(Infra):
            clients.run(clients.built(), 0, 1, 1)


if __name__ == "__main__":
    unittest.main()
