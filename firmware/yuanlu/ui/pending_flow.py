"""The list of what is not settled: each with its state, its reason and its next step."""

from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.store import pending
from yuanlu.ui.describe import day, kind_word, state_word, told


async def run(till):
    """Look at the list and into each of it. Raises Cancelled to leave."""
    while True:
        unfinished = pending.unfinished(till.journal)
        if not unfinished:
            await till.dialogs.notice("pending.title", ["pending.none"])
            return
        items = [
            ("line.pending", ("kind." + kind_word(t),), yuan(t.amount), ("state." + s.STATE_NAMES[t.state],)) for t in unfinished
        ]
        await look_into(till, unfinished[await till.dialogs.choose("pending.title", items)])


async def look_into(till, transaction):
    """What happened, why, what next; what was never sent can be sent now or withdrawn."""
    title = "title." + state_word(transaction)
    lines = [("line.trace", transaction.trace, day(transaction), transaction.sends)] + told(till.words, transaction)
    if transaction.state != s.IS_QUEUED or transaction.stale:
        await till.dialogs.notice(title, lines)
        return
    choice = await till.dialogs.choose(title, ("pending.send_now", "pending.withdraw"), lines)
    if choice == 0:
        till.forwarder.send_now(transaction)
    else:
        await till.dialogs.confirm("pending.withdraw", lines[:2])
        till.desk.withdraw(transaction)
        await till.dialogs.notice("title." + state_word(transaction), told(till.words, transaction))
