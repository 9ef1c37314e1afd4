"""The lines of a page, printed while its checks run."""
from ..pages import page
from ..verdict import document as documents
from ..verdict.grade import load


class Lines:
    """Prints each check's line once it is known; page(told=True) adds the rest."""

    def __init__(self, request, colour):
        """request: what is graded; colour: as in page()."""
        self.request, self.colour = request, colour
        self.are_begun = False

    def tell(self, record):
        """Print the line of a check that has ended, below the heading."""
        if not self.are_begun:
            self.are_begun = True
            print(page.heading(self._document()) + "\n")
        print(page.line(record.as_dict(), self.colour), flush=True)

    def _document(self):
        """Return the document as it is before the run: it has the heading's facts."""
        place, lesson_class = load(self.request.number)
        return documents.new(place, lesson_class,
                             self.request.directory or place.lesson, self.request)
