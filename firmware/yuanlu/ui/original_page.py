"""A sale before it is given back: all that went back of it, what is left, until when, and how. A visiting step."""

from yuanlu.compat import leave, visit
from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_VOID, ROAD_WALLET
from yuanlu.ui.describe import card, day, kind_word
from yuanlu.ui.menu import enter


async def run(till, sale, found_by, fits):
    """Returns on ENTER. Raises Cancelled; Refused where the journal cannot tell what went back."""
    sections = [_sale(till, sale, found_by, fits), _given(till, sale)]
    await enter(till, "yuanlu.ui.pages", "original.title", sections, "hint.original")


def _sale(till, sale, found_by, fits):
    """What it is, how it was found, what is left of it and until when."""
    left = sale.amount - till.journal.spent(sale.number)
    lines = [
        ("line.original", yuan(sale.amount), day(sale)),
        ("line.card", card(sale)),
        ("line.place", sale.batch, sale.trace),
        ("line.reference", str(sale.rrn.rstrip(b"\0"), "ascii")),
        ("original.found", ("found.{}".format(found_by),), fits),
        ("original.left", yuan(left)),
    ]
    if left > 0:
        lines += [_days_left(till, sale), way(till, sale, left)]
    return lines


def way(till, sale, left):
    """Void or refund, and why, were all that is left given back now."""
    if till.desk.way_back(sale, left) == KIND_VOID:
        return "why.void"
    if sale.road:
        return "original.wallet" if sale.road == ROAD_WALLET else "why.refund"
    return "original.part" if left < sale.amount else "original.closed"


def _days_left(till, sale):
    """Days until the wallet takes no more refunds, or until a supervisor has to agree."""
    today, _, trusted = till.board.clock.date()
    if not trusted:
        return "refused.clock"
    limit = till.config.wallet_days if sale.road == ROAD_WALLET else till.config.old_days
    left = limit - rules.days(today) + rules.days(sale.date)
    if sale.road == ROAD_WALLET:
        return ("original.days", left) if left >= 0 else ("refused.wallet_days", limit)
    return ("original.days_alone", left) if left >= 0 else ("approval.old", limit)


def _given(till, sale):
    """All refunds and voids of it that count, with their state."""
    parts = visit("yuanlu.store.family").given(till.journal, sale)
    leave("yuanlu.store.family")
    if not parts:
        return ["original.none"] + _refused(till, sale)
    rows = []
    for part in parts:
        done = s.is_final(part.state)
        state = "original.done" if done else "state." + s.STATE_NAMES[part.state]
        rows.append(("original.part_row", day(part), ("kind." + kind_word(part),), yuan(part.amount), (state,)))
    return ["original.parts"] + rows + _refused(till, sale)


def _refused(till, sale):
    """Refunds of it that were asked for and refused: when, by whom, why."""
    progress = visit("yuanlu.store.progress")
    notes = [note for note in progress.notes(till.journal.log, sale) if note.kind == progress.REFUSED]
    leave("yuanlu.store.progress")
    rows, told = [], visit("yuanlu.ui.note_flow").told
    for note in notes:
        # As a text to say, so that it follows the language; the figures were not noted.
        why = ("refused." + str(note.text.rstrip(b"\0"), "ascii"), "...", "...")
        rows.append(told(note, why))
    leave("yuanlu.ui.note_flow")
    return rows
