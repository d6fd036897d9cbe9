"""A note about a transaction: a complaint, a call, feedback. A visiting step."""

from yuanlu.compat import leave, visit
from yuanlu.ui.menu import enter

_WORDS = ("note.1", "note.2", "note.3")
_WHO = ("who.customer", "who.acquirer", "who.issuer", "who.shop")


async def run(till, transaction):
    """Raises Cancelled; nothing was recorded then."""
    kind = 1 + await till.dialogs.choose("note.title", _WORDS)
    text = b""
    if kind == 2:
        # Who, by its place in the list: a record holds no words.
        who = await till.dialogs.choose("note.who", _WHO)
        case = await enter(till, "yuanlu.ui.evidence_page", "note.case", ((_WHO[who],),), 0)
        text = "{} {}".format("customer acquirer issuer shop".split()[who], str(case, "ascii")).strip().encode()
    elif kind == 1:
        text = await enter(till, "yuanlu.ui.evidence_page", "note.case", (), 0)
    else:
        text = (b"good", b"bad")[await till.dialogs.choose("note.3", ("feedback.good", "feedback.bad"))]
    try:
        visit("yuanlu.store.progress").note(till.desk, transaction, kind, till.operator, text)
    finally:
        leave("yuanlu.store.progress")
    await till.dialogs.notice("note.title", ["note.kept"])
