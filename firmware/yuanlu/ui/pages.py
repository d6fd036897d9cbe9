"""Text that may be longer than the screen: pages, turned with UP and DOWN. A visiting step."""

from yuanlu.compat import const
from yuanlu.errors import Cancelled
from yuanlu.ui.grid import wrap

_ROWS = const(8)  # between title and hint


async def run(till, title, sections, hint="hint.pages", look=None):
    """Show the sections, each a list of lines that begins a new page. look(): title and sections anew, when something changed.
    Returns on ENTER; CANCEL raises Cancelled."""
    dialogs, at = till.dialogs, 0
    while True:
        pages = _pages(dialogs, sections)
        at = max(0, min(at, len(pages) - 1))
        dialogs.show(title, [("line.text", row) for row in pages[at]], (hint, at + 1, len(pages)))
        key = await dialogs.key()
        if key == "CANCEL":
            raise Cancelled
        if key == "ENTER":
            return
        if key == "REFRESH" and look:
            title, sections = look()
        at += 1 if key == "DOWN" else -1 if key == "UP" else 0


def _pages(dialogs, sections):
    """Rows by page, wrapped in the language that is spoken now."""
    pages = []
    for lines in sections:
        rows = [row for line in lines for row in wrap(dialogs.words(line), dialogs.grid.columns)]
        pages += [rows[first : first + _ROWS] for first in range(0, max(1, len(rows)), _ROWS)]
    return pages
