"""What a person can do about a transaction: send or ask now, take back, find that it was done or not, release. A visiting step.

Everything that decides has a page that says what it does, and asks for evidence.
"""

from yuanlu.compat import leave, visit
from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, ROAD_NO_SALE
from yuanlu.store import pending
from yuanlu.ui.describe import kind_word
from yuanlu.ui.menu import enter

_WAIT_MS = 45_000
# Found done, by kind, then found not done; of a sale of the sale. What it means is a word of "confirm" with the same end.
_DONE = ("decide.sold", "decide.done", "decide.voided", "decide.not_sold", "decide.not_done", "decide.not_voided")


async def run(till, transaction):
    """Raises Cancelled when nothing was done, and Refused."""
    words = offered(till, transaction)
    word = words[await till.dialogs.choose("decide.title", words)]
    await _STEPS[word](till, transaction)


def offered(till, transaction):
    """The words of what is possible now."""
    found, state = [], transaction.state
    lost = pending.needs_person(till.journal, transaction)
    if s.is_sendable(state) and not lost and not (transaction.never_sent and transaction.road == ROAD_NO_SALE):
        found.append("decide.ask" if s.is_asked(state) else "pending.send_now")
    if transaction.never_sent:
        found.append("pending.withdraw")
    by_a_person = s.may_be_decided(state) or (lost and state != s.IS_SENDING and not s.is_final(state))
    if by_a_person:
        found += [_DONE[transaction.kind - 1], _DONE[transaction.kind + 2]]
        if transaction.anew:
            found.append("decide.again")
    if state == s.IS_HELD:
        found.append("decide.release")
    return found + ["note.title"] + (["sheet.title"] if by_a_person and transaction.kind != KIND_SALE else [])


async def _send_now(till, transaction):
    """One try at once; a query not before its time."""
    clock = till.board.clock
    if s.is_final(transaction.state):
        return None  # it came to its end meanwhile
    if transaction not in pending.eligible(till.journal):
        why = visit("yuanlu.ui.progress_page").next_try(till, transaction)
        leave("yuanlu.ui.progress_page")
        return await till.dialogs.notice("pending.send_now", [why])
    till.forwarder.send_now(transaction)
    left = 0 if transaction.due is None else clock.diff_ms(transaction.due, clock.ticks_ms())
    if left > 0:
        return await till.dialogs.notice("decide.ask", [("decide.not_before", -(-left // 1000))])
    lines = [("line.amount", yuan(transaction.amount)), "progress.wait"]
    till.dialogs.show("progress." + kind_word(transaction), lines)
    await till.forwarder.outcome(transaction, _WAIT_MS)
    return None


async def _withdraw(till, transaction):
    await _confirm(till, "pending.withdraw", transaction, "confirm.withdraw")
    till.desk.withdraw(transaction, till.operator)
    await _decided(till, transaction)


async def _done(till, transaction):
    title, amount = _DONE[transaction.kind - 1], 0
    if transaction.alarm or transaction.kind == KIND_REFUND:
        most = till.desk.visiting("yuanlu.resolving", "most", transaction)
        # After an alarm nothing is proposed: the amount stands in the statement.
        amount = await till.dialogs.ask_amount("decide.amount", most, full=0 if transaction.alarm else transaction.amount)
    evidence = await _evidence(till, title, "evidence.done")
    who = await _agreed(till, title, transaction, "confirm" + title[6:], evidence, amount)
    till.desk.resolve(transaction, True, who, evidence, amount)
    await _decided(till, transaction)


async def _not_done(till, transaction):
    title = _DONE[transaction.kind + 2]
    evidence = await _evidence(till, title, "evidence.not_done")
    who = await _agreed(till, title, transaction, "confirm" + title[6:], evidence)
    till.desk.resolve(transaction, False, who, evidence)
    await _decided(till, transaction)


async def _again(till, transaction):
    evidence = await _evidence(till, "decide.again", "evidence.not_done")
    who = await _agreed(till, "decide.again", transaction, "confirm.again", evidence)
    till.desk.again(transaction, who, evidence)
    await _decided(till, transaction)


async def _release(till, transaction):
    evidence = await _evidence(till, "decide.release", "evidence.release")
    who = await _agreed(till, "decide.release", transaction, "confirm.release", evidence)
    till.desk.release(who, evidence)
    await _decided(till, transaction)


async def _sheet(till, transaction):
    await enter(till, "yuanlu.ui.request_sheet", transaction)


async def _note(till, transaction):
    await enter(till, "yuanlu.ui.note_flow", transaction)


async def _evidence(till, title, word):
    return await enter(till, "yuanlu.ui.evidence_page", title, (word,))


async def _confirm(till, title, transaction, word, evidence=b"", amount=0):
    lines = [("line.amount", yuan(amount or transaction.amount))]
    if evidence:
        lines.append(("line.evidence", str(evidence, "ascii")))
    await till.dialogs.confirm(title, lines + [word])


async def _agreed(till, title, transaction, word, evidence, amount=0):
    """Confirmed, and by whom it is decided."""
    await _confirm(till, title, transaction, word, evidence, amount)
    try:
        return await visit("yuanlu.ui.approval").resolve(till, transaction, amount or transaction.amount, title, evidence)
    finally:
        leave("yuanlu.ui.approval")


async def _decided(till, transaction):
    """What is open goes on from there by itself, and a slip that is owed comes."""
    till.forwarder.wake()
    till.forwarder.changed.set()
    await till.dialogs.notice("decide.title", ["decide.closed" if s.is_final(transaction.state) else "decide.kept"])


_STEPS = {
    "decide.ask": _send_now,
    "pending.send_now": _send_now,
    "pending.withdraw": _withdraw,
    "decide.sold": _done,
    "decide.done": _done,
    "decide.voided": _done,
    "decide.not_sold": _not_done,
    "decide.not_done": _not_done,
    "decide.not_voided": _not_done,
    "decide.again": _again,
    "decide.release": _release,
    "note.title": _note,
    "sheet.title": _sheet,
}
