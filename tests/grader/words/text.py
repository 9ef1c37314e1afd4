"""A sentence apart from its values: what is said, and of what, until somebody reads it.

    _("{who} sends {data}", who="alice", data=b"hello")

is no string yet.  str() makes the English one; a page may shorten the data to its
columns, a picture may draw it, another language may have other words for the
template.  How a value is written:

    {name}          a str as it is, a number in digits, bytes as `5 bytes "hello"`, an
                    address (host, port) as 127.0.0.1:80, a Text in its own words
    {data:quoted}   bytes in quotes alone
    {n:byte}        a number and its noun: 1 byte, 2,000 bytes; {n:process/processes}
    {n:,}           and whatever else format() knows of numbers
"""
import string
from collections import namedtuple

from . import show

DATA = 40                           # columns of bytes, where nobody says otherwise
HEAD = 256                          # bytes kept of a value

# What is kept of bytes: their beginning, and how many they are.
Data = namedtuple("Data", "head length")


class Text:
    """An English template and the values that go into it; never changes."""

    __slots__ = ("template", "values")

    def __init__(self, template, values=None):
        """template: as of str.format; without values it is said as it stands."""
        self.template = template
        self.values = {name: Data(bytes(v[:HEAD]), len(v))
                       if isinstance(v, (bytes, bytearray)) else v
                       for name, v in (values or {}).items()}

    def __str__(self):
        return self.english()

    def __eq__(self, other):
        return isinstance(other, Text) and \
            (self.template, self.values) == (other.template, other.values)

    def __hash__(self):
        return hash(self.template)

    def __repr__(self):
        return f"_({self.template!r}, {self.values!r})"

    def english(self, data=DATA):
        """Return the sentence; its bytes take at most about `data` columns."""
        if not self.values:
            return self.template
        return _Writer(data).vformat(self.template, (), self.values)

    def as_dict(self):
        """Return it as json can write it, see from_dict()."""
        return {"template": self.template,
                "values": {name: _plain(v) for name, v in self.values.items()}}

    @classmethod
    def from_dict(cls, fields):
        """Return the Text that as_dict() made these fields of."""
        return cls(fields["template"],
                   {name: _rich(v) for name, v in fields["values"].items()})


def _(template, **values):
    """Return the Text of this template and these values."""
    return Text(template, values)


def text_of(words):
    """Return `words` as a Text: a str is one that has no values."""
    return words if isinstance(words, Text) else Text(words)


class _Writer(string.Formatter):
    """Writes values as the head of this file says."""

    def __init__(self, data):
        self.data = data

    def format_field(self, value, spec):
        """Return a value in words."""
        if isinstance(value, Data):
            write = show.quoted if spec == "quoted" else show.some
            return write(value.head, self.data, value.length)
        if isinstance(value, Text):
            return value.english(self.data)
        if isinstance(value, tuple):
            return show.address(value)
        if isinstance(value, int) and spec[:1].isalpha():
            return show.count(value, *spec.split("/"))
        return format(value, spec)


def _plain(value):
    """Return a value as json can write it."""
    if isinstance(value, Data):
        return {"bytes": value.head.hex(), "length": value.length}
    if isinstance(value, Text):
        return {"text": value.as_dict()}
    return {"address": list(value)} if isinstance(value, tuple) else value


def _rich(value):
    """Return the value of what _plain() has made."""
    if not isinstance(value, dict):
        return value
    if "bytes" in value:
        return Data(bytes.fromhex(value["bytes"]), value["length"])
    return tuple(value["address"]) if "address" in value else \
        Text.from_dict(value["text"])
