"""The chart of a check: its sides, its lanes, and that it always fits."""
import itertools
import random
import unittest

import support  # noqa: F401  (the path to the harness)

from grader.pages import chart

MAIN, WIDTH = "main", 80


def tester(who, text):
    """Return an entry of the tester's side."""
    return {"lane": "tester", "who": who, "thread": "", "text": text, "source": "",
            "times": 1}


def call(text, thread=MAIN, source="d.c:1", times=1):
    """Return an entry of the program's side."""
    return {"lane": "program", "who": "d", "thread": thread, "text": text,
            "source": source, "times": times}


def lines(*entries, whole=True, left_out=0):
    """Return the lines of a chart below its heading."""
    text = chart.chart({"timeline": list(entries), "left_out": left_out}, whole)
    return text.splitlines()[1:]


class Chart(unittest.TestCase):
    """Who is shown where."""

    def test_one_client_and_one_thread_have_no_lanes(self):
        """the tester on the left, the program on the right, its line at the end"""
        self.assertEqual(lines(tester("alice", "connects"), call("accept(3) = 4")), [
            "    alice connects                    accept(3) = 4" + " " * 23 + "d.c:1"])

    def test_clients_one_after_the_other_have_no_lanes(self):
        """who has gone before the next one came needs none"""
        self.assertEqual(lines(tester("alice", "connects"), tester("alice", "leaves"),
                               tester("bob", "connects")),
                         ["    alice connects", "    alice leaves", "    bob connects"])

    def test_clients_who_overlap_have_a_lane_each(self):
        """a letter where one acts, a bar while it is there"""
        self.assertEqual(lines(
            tester("alice", "connects"), tester("bob", "connects"),
            tester("the tester", "waits"), tester("alice", "leaves"),
            tester("bob", "leaves")), [
            "    a    alice connects", "    | b  bob connects",
            "    | |  the tester waits",
            "    a |  alice leaves", "      b  bob leaves"])

    def test_threads_and_children_have_a_lane_each(self):
        """with a line above that says which mark is whose"""
        self.assertEqual([line.strip() for line in lines(
            call("fork() = 7 (child 1)"), call("send(4, 9) = 9", "child 1"),
            call("accept(3) = 4"), call("_exit(0)", "child 1"))], [
            "m main   1 child", "m    fork() = 7 (child 1)           d.c:1",
            "| 1  send(4, 9) = 9                 d.c:1",
            "m |  accept(3) = 4                  d.c:1",
            "1  _exit(0)                       d.c:1"])

    def test_more_threads_than_lanes(self):
        """a lane whose thread ended first is used again; the legend counts them"""
        found = lines(call("accept(3) = 4"), *(call(f"recv({n}, 1) = 1", f"thread {n}")
                                               for n in range(1, 12)))
        self.assertEqual(found[0].strip(), "m main   1 to 11 threads")
        self.assertTrue(all("recv" in line for line in found[2:]))
        self.assertEqual(found[-1].split()[0], "1", "the last digit of 11")

    def test_result_is_kept_when_a_call_is_cut(self):
        """what does not fit is left out of the arguments"""
        entries = [call("poll(3 descriptors, no timeout) = -1 EINTR", f"thread {n}")
                   for n in range(4)]
        for line in lines(*entries)[1:]:
            self.assertTrue(line.endswith("...) = -1 EINTR"), line)

    def test_only_the_end_is_shown(self):
        """the last rows, and dots for those before; whole=True shows all"""
        entries = [call(f"close({n}) = 0") for n in range(100)]
        self.assertEqual(len(lines(*entries, whole=False)), chart.ROWS + 1)
        self.assertEqual(lines(*entries, whole=False)[0], "    ...")
        self.assertEqual(len(lines(*entries)), 100)
        self.assertEqual(lines(*entries, left_out=3)[0], "    ...")

    def test_always_fits(self):
        """no line is longer than 80 columns, whoever acts and whatever is said"""
        dice = random.Random(1)
        names = ["alice", "bob", "carol", "dave", "client 7", "the tester", ""]
        threads = [MAIN, *(f"thread {n}" for n in range(1, 9)), "child 2 thread 3"]
        for clients, crew in itertools.product((1, 2, 4, 7), (1, 2, 5, 10)):
            entries = [
                tester(dice.choice(names[:clients]), "sends 5 bytes " + dice.choice(
                    ['"hello"', '"' + "x" * 40 + '..."', "w" * 90]))
                if dice.random() < 0.5 else
                call(dice.choice(["recv(4, 4096) = 5", "x" * 60, "f" + "y" * 70 +
                                  ") = -1 ECONNRESET"]),
                     dice.choice(threads[:crew]), dice.choice(["", "upperd.c:123"]),
                     dice.choice([1, 1000000])) for _ in range(60)]
            for line in lines(*entries):
                with self.subTest(clients=clients, crew=crew, line=line):
                    self.assertLessEqual(len(line), WIDTH)


if __name__ == "__main__":
    unittest.main()
