"""The record of one check: what was asked, how it ended, and the evidence."""

LONGEST = 130                       # columns of bytes in a sentence


class Record:
    """How one check ended; an object here, and the same as a dict for JSON.

    id, title     of the check: its name, and what it asks, a sentence
    bugs          IDs of the bugs it catches, the usual one first
    points        {"earned", "possible"}
    verdict       a word of grader.pages.page.WORDS, or None: it was not run
    bug           ID of the bug it found; None: no failure, or one without a name
    expected      what should have happened; actual: what did; computed: what makes
                  the one of the other, if that is known; why: the rule behind it,
                  if the evidence agrees; origin: where it first went wrong, if not
    texts         the same three as templates and values, see words.text
    where         where a program sits that does not go on
    frames        at most two places in the learner's files, of a crash
    report        what a sanitizer had to say; output: the end of stderr
    timeline      entries of the chart, see timeline.entries(); left_out: how many
                  are missing at its beginning
    step          {"number", "where", "text"} of the todo() that was reached, or None
    blame         modules of earlier lessons that are at fault
    reason        why it was skipped, or not run
    milliseconds  how long it took
    """

    def __init__(self, name, method):
        """name: of the check; method: what lesson.check() has marked."""
        self.id, self.title = name, method.__doc__.strip().split("\n")[0]
        self.verdict, self.bug, self.bugs = None, None, method.bugs
        self.points = {"earned": 0, "possible": method.points}
        self.expected = self.actual = self.computed = ""
        self.why = self.origin = self.where = ""
        self.texts = {}
        self.frames, self.report, self.output = [], "", ""
        self.timeline, self.left_out = [], 0
        self.step, self.blame, self.reason = None, [], ""
        self.milliseconds = 0

    def tells(self, **texts):
        """Set fields that are sentences, each to a Text (None: nothing to say)."""
        for name, text in texts.items():
            setattr(self, name, text.english(LONGEST) if text else "")
            if text and text.values:
                self.texts[name] = text.as_dict()

    def as_dict(self):
        """Return its fields as a dict that json can write."""
        return vars(self)

    @classmethod
    def from_dict(cls, fields):
        """Return the Record that as_dict() made these fields of."""
        record = cls.__new__(cls)
        vars(record).update(fields)
        return record

    def stops(self):
        """Say whether it is the end of a run that goes no further than a failure."""
        return self.verdict not in ("PASS", "SKIP")
