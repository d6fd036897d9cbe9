"""A note about a transaction: a complaint, a call, feedback; why the rest of a refund is not wanted. A visiting step."""

from yuanlu.compat import leave, visit
from yuanlu.ui.describe import day
from yuanlu.ui.menu import enter

_WORDS = ("note.1", "note.2", "note.3")
_WHO = ("who.customer", "who.acquirer", "who.issuer", "who.shop")
_FEEDBACK = ("feedback.good", "feedback.bad")
_ENDED = ("put_off.keeps", "put_off.otherwise", "put_off.exchanged", "put_off.mistaken")


async def run(till, transaction, ended=False):
    """ended: it is a part, and its rest is not wanted any more. Raises Cancelled; nothing was recorded then."""
    kind = 11 if ended else 1 + await till.dialogs.choose("note.title", _WORDS)
    text = b""
    if kind == 2:
        # By the end of its word: a record holds none, and is read in either language.
        who = await till.dialogs.choose("note.who", _WHO)
        case = await enter(till, "yuanlu.ui.evidence_page", "note.case", ((_WHO[who],),), 0)
        text = "{} {}".format(_WHO[who][4:], str(case, "ascii")).strip().encode()
    elif kind == 1:
        text = await enter(till, "yuanlu.ui.evidence_page", "note.case", (), 0)
    elif kind == 11:
        text = _ENDED[await till.dialogs.choose("put_off.why", _ENDED)][8:].encode()
    else:
        text = _FEEDBACK[await till.dialogs.choose("note.3", _FEEDBACK)][9:].encode()
    try:
        visit("yuanlu.store.progress").note(till.desk, transaction, kind, till.operator, text)
    finally:
        leave("yuanlu.store.progress")
    await till.dialogs.notice("note.title", ["note.kept"])


def told(note, text):
    """A line of what was noted: when, of which kind, by whom where somebody had logged in, and what."""
    first, rest = ((text if isinstance(text, str) else "") + " ").split(" ", 1)
    for word in _WHO + _FEEDBACK + _ENDED:
        if word.split(".")[1] == first:
            text = ("line.item", (word,), rest.strip()) if rest else (word,)
    if not note.operator:
        return ("line.note_alone", day(note), ("note.{}".format(note.kind),), text)
    return ("line.note", day(note), ("note.{}".format(note.kind),), note.operator, text)
