"""The diagnosis pages in docs/bugs: title, rule and three hints of each bug ID."""
import os
import re
from collections import namedtuple

from ..words.trouble import Infra
from .hints import three
from .places import ROOT

PAGES = os.path.join(ROOT, "docs", "bugs")

# title   what is wrong, in half a line
# rule    the rule it breaks, in a sentence or two
# hints   three texts: a question, the concept, an example of something else
Bug = namedtuple("Bug", "id title rule hints")


def page(bug_id):
    """Return the path of the page about `bug_id`, relative to the course."""
    return f"docs/bugs/{bug_id}.md"


def bug(bug_id):
    """Return the Bug with this ID; Infra when its page is missing or malformed."""
    try:
        with open(os.path.join(PAGES, bug_id + ".md"), encoding="utf-8") as file:
            text = file.read()
    except OSError:
        raise Infra(f"the page {page(bug_id)} is missing") from None
    title = re.match(rf"# {bug_id}: (.+)\n", text)
    paragraphs = [p.strip() for p in text.split("\n\n")]
    hints = three(text.partition("\n## Hints\n")[2])
    if not title or len(paragraphs) < 3 or len(hints) != 3:
        raise Infra(f"the page {page(bug_id)} has not the shape it should have")
    rule = " ".join(paragraphs[1].split())
    return Bug(bug_id, title.group(1), rule, hints)
