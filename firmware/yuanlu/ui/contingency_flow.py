"""What to do when something fails: a list of failures, a page for each. Words only: it works whatever is broken."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled
from yuanlu.ui.menu import enter

FAILURES = tuple("line paper power reader terminal silence clock".split())


async def run(till):
    """Raises Cancelled to leave."""
    while True:
        names = ["fail." + name for name in FAILURES]
        picked = names[await till.dialogs.choose("fail.title", names)]
        try:
            await enter(till, "yuanlu.ui.pages", picked, [steps(till.words, picked) + ["fail.always"], _hotlines(till)])
        except Cancelled:
            pass


def steps(words, failure):
    """What to do, a step a line."""
    numbered = ["{}.step{}".format(failure, number) for number in range(1, 6)]
    return [name for name in numbered if words.knows(name)]


def _hotlines(till):
    """Whom to call."""
    try:
        return visit("yuanlu.ui.hotlines").lines(till.config)
    finally:
        leave("yuanlu.ui.hotlines")
