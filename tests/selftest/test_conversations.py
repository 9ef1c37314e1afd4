"""Conversations against a model: what they find, what they tell, and the models."""
import json
import os
import unittest

import mutants
import support
import sweep
from support import ROOT, first_failure, grade_here

from checks.protocols.fetch import Fetch
from checks.protocols.greeting import Greeting
from checks.protocols.timed import Time
from grader.stage import Conversation, Dice, Due, Step, dealt, fails
from grader.stage import conversation as talks, difference, shrink
from grader.stage.search import Search
from grader.stage.stage import Stage
from grader.verdict.crew import Crew
from grader.verdict.grade import Submission
from grader import build
from grader.bench import network
from grader.course.places import place_of

# (lesson, mutant, what is found, and the end of the story): shrunk to these words.
STORIES = [
    ("06-lines", "exit-in-any-case", "conversations", "",
     'alice sends 5 bytes "EXIT\\n"'),
    ("06-lines", "name-as-a-string", "conversations", "G4",
     'alice sends 2 bytes "\\0\\n"'),
    ("06-lines", "eintr-is-an-error", "faults", "", "alice connects"),
    ("06-lines", "half-a-line-is-a-line", "conversations", "",
     "alice is done sending (FIN)"),
    ("09-stdio", "keeps-the-carriage-return", "conversations", "",
     'alice sends 2 bytes "\\r\\n"'),
    ("09-stdio", "exit-ends", "conversations", "", 'alice sends 5 bytes "exit\\n"'),
    ("01-tcp-client", "half-closes", "conversations", "C12",
     "server accepts the connection"),
]
MOST_STEPS = 6                      # events of a story that is as short as it can be


def of_the_tester(check):
    """Return what the tester does in the chart of a check, in words."""
    return [f"{e['who']} {e['text']}".strip() for e in check["timeline"]
            if e["lane"] == "tester"]


class Stories(unittest.TestCase):
    """A conversation that fails is told as short as it can be, each time the same."""

    def story(self, lesson, name, check):
        """Return (record, what the tester does) of a mutant in this check."""
        mutant = next(m for m in mutants.mutants(lesson) if m.name == name)
        document = grade_here(int(lesson[:2]), mutants.place(mutant), only=check)
        failed = first_failure(document)
        self.assertIsNotNone(failed, f"{name} passes {check}")
        return failed, of_the_tester(failed)

    def test_shortest_each_time(self):
        """the story of a mutant is short, ends with its cause, and is repeatable"""
        for lesson, name, check, bug, last in STORIES:
            with self.subTest(f"{lesson}/{name}"):
                failed, story = self.story(lesson, name, check)
                self.assertLessEqual(len(story), MOST_STEPS, story)
                self.assertIn(last, story)
                self.assertEqual(failed["bug"] or "", bug)
                self.assertEqual(bool(failed["why"]), bool(bug))
                self.assertEqual(self._plain(self.story(lesson, name, check)[1]),
                                 self._plain(story))

    @staticmethod
    def _plain(story):
        """Return a story without the number of a port that the kernel has chosen."""
        return [" ".join(w for w in s.split() if not w.isdigit() or len(w) < 5)
                for s in story]


class Models(unittest.TestCase):
    """A model says neither too much nor too little: a wrong one is exposed."""

    def exposed(self, number, protocol, seeds):
        """Return the Failure that the solution meets under this model, as text."""
        def work(_, scratch):
            return json.dumps(str(self._searched(number, protocol, seeds, scratch)
                                  or ""))
        crew = Crew(work, 1)
        try:
            crew.start("model")
            while crew.is_at_work():
                for _, text in crew.finished():
                    return json.loads(text)
            return ""
        finally:
            crew.end()

    @staticmethod
    def _searched(number, protocol, seeds, scratch):
        lesson = support.lesson_named(number)
        directory = os.path.join(ROOT, "solutions", lesson)
        lesson_class = support.lesson_class(lesson)
        built = build.build(place_of(number), directory, lesson_class.programs, "asan",
                            "solutions", lesson_class.extras)
        network.enter_private_network()
        stage = Stage(os.path.join(scratch, "model"))
        try:
            search = Search(lesson_class(stage, Submission(
                directory, built, build.interposer(), [], False)), protocol)
            return next(filter(None, (search.failure(protocol.talk(s))
                                      for s in seeds)), None)
        finally:
            stage.end()

    def test_wrong_models(self):
        """a model with a mistake put in is told from the solution"""
        for number, seeds, right, wrong in MUTANTS_OF_MODELS:
            with self.subTest(wrong.__doc__):
                self.assertEqual(self.exposed(number, right(), seeds), "")
                self.assertNotEqual(self.exposed(number, wrong(), seeds), "")


class ExitEnds(Time):
    """the time protocol: `exit` ends it"""

    def due(self, conversation, heard):
        """Return what is due, and the end after exit."""
        due = super().due(conversation, heard)
        return due._replace(end="eof") if b"exit\n" in heard.sent else due


class HalfALineCounts(Time):
    """the time protocol: what is left at the end is answered"""

    def due(self, conversation, heard):
        """Return what is due, and an answer for half a line."""
        due, rest = super().due(conversation, heard), heard.sent.rpartition(b"\n")[2]
        answer = self.stamp(conversation) + rest + b"\n"
        return due._replace(parts=[*due.parts, ("half", answer)]) \
            if heard.finished and rest and due.end == "eof" else due


class OneByteMore(Greeting):
    """the hello protocol: a line has 8,193 bytes"""

    def due(self, conversation, heard):
        """Return what is due when one more byte is allowed."""
        sent, heard.sent = heard.sent, heard.sent.replace(b"x" * 8192 + b"\n",
                                                          b"x" * 8191 + b"\n")
        try:
            return super().due(conversation, heard)
        finally:
            heard.sent = sent


class KeepsReturns(Greeting):
    """the hello protocol: \\r belongs to the name"""

    def answer(self, conversation, name):
        """Return the answer, with a return before its end."""
        return super().answer(conversation, name + b"\r")


class NoEnd(Greeting):
    """the hello protocol: exit does not end it"""

    def due(self, conversation, heard):
        """Return what is due; it stays open."""
        due = super().due(conversation, heard)
        return due._replace(end="open") if due.end == "eof" else due


class HalfCloses(Fetch):
    """tcpget: it says that it is done sending"""

    def due(self, conversation, heard):
        """Return the request, and its end."""
        due = super().due(conversation, heard)
        return due._replace(end="eof") if due.end == "open" else due


MUTANTS_OF_MODELS = [(9, range(6), Time, ExitEnds),
                     (9, range(6), Time, HalfALineCounts),
                     (6, range(12), Greeting, OneByteMore),
                     (6, range(4), Greeting, KeepsReturns),
                     (6, range(4), Greeting, NoEnd), (1, range(3), Fetch, HalfCloses)]


class Parts(unittest.TestCase):
    """What conversations are made of."""

    def test_the_same_each_time(self):
        """the same seed gives the same conversation, another seed another one"""
        for model in (Time(), Greeting(), Fetch()):
            self.assertEqual(model.talk(3), model.talk(3))
            self.assertGreater(len({model.talk(s) for s in range(20)}), 15)

    def test_chance_is_fixed(self):
        """a seed means the same numbers on every machine"""
        dice = Dice(1, "a")
        self.assertEqual([dice.below(1000) for _ in range(3)], FIRST_NUMBERS)

    def test_dealt(self):
        """consecutive seeds meet all of a list"""
        self.assertEqual({x for seed in range(4) for x in dealt("abcdefgh", seed, 2)},
                         set("abcdefgh"))

    def test_conversations_are_sound(self):
        """every conversation that is generated can be played"""
        for number in (1, 4, 5, 6, 7, 8, 9, 10, 11):
            for name, model in sweep.protocols(number).items():
                for seed in range(40):
                    for small in (False, True):
                        with self.subTest(f"{name} {seed}"):
                            self.assertTrue(talks.is_sound(model().talk(seed, small)))

    def test_differences(self):
        """the words say where the first difference is, and what is missing"""
        due = Due([("the greeting", b"Welcome!\n"), ("the answer", b"a\0b!\n")], "open")
        for got, words in ((b"Welcome!\na\0b", "its last 2 bytes are missing"),
                           (b"Welcome!\n", "nothing comes"),
                           (b"Welcome!\na\0!\n", '"b" is missing, at byte 2'),
                           (b"Welcome!\na\0bb!\n", '"b" is too much, at byte 3'),
                           (b"Welcome!\na\0b!\nx", 'alice receives 1 byte "x"')):
            with self.subTest(words):
                found = difference.between("alice", due, got)
                self.assertIn(words, difference.in_words(found)[1])
        cut = difference.between("alice", Due([("it", b"a\0b\n")], "open"), b"a\n")
        self.assertEqual(cut.kind, "cut at NUL")

    def test_shrinks_to_the_cause(self):
        """the shrinker leaves out all but what makes it fail"""
        steps = (Step("alice", "connects"), Step("bob", "connects"),
                 Step("alice", "sends", b"one\ntwo"), Step("bob", "sends", b"zzXzz"),
                 Step("alice", "sends", b"\n"), Step("bob", "is done"))
        talk = Conversation("p", (("-m", "70000"), ("0",)), steps=steps,
                            plan=(fails("accept", "EPERM"),))

        def fails_still(candidate):
            number = int(candidate.args[0][-1]) if candidate.args[1:] else 0
            return number > 65535 and any(b"X" in s.data for s in candidate.steps)

        shortest = shrink.shrunk(talk, fails_still)
        self.assertEqual(shortest, Conversation(
            "p", (("-m", "65536"), ("0",)),
            steps=(Step("bob", "connects"), Step("bob", "sends", b"X"))))


class FaultSweep(unittest.TestCase):
    """A part of the sweep, the same each time: make sweep is all of it."""

    def test_a_part(self):
        """no promise of a solution is broken by one fault in 25"""
        troubles = []
        figures, broken = sweep.run(
            sweep.parts_of([], with_alternatives=False),
            lambda part, texts: troubles.extend(texts), lambda number: number % 25 == 3)
        self.assertEqual((troubles, broken), ([], 0))
        self.assertGreater(figures["faults tried"], 20)


FIRST_NUMBERS = [913, 175, 839]

if __name__ == "__main__":
    unittest.main()
