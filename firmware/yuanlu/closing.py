"""Closing a batch (settlement): what waits goes first, then the totals are compared, details uploaded where they differ, and the
next batch opened. A visiting module: the forwarder runs it when a person asks.

A power cut anywhere leaves the batch open here; at the acquirer it may be closed already. Then the next message meets 77 or this
closing meets it again, a sign-on tells which batch is open, and what was never sent gets a new attempt in it.
"""

from yuanlu.compat import leave, visit
from yuanlu.errors import Refused
from yuanlu.exchange import Exchange
from yuanlu.refund import state as s
from yuanlu.refund import verdicts
from yuanlu.refund.codes import APPROVED, OTHER_BATCH
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE
from yuanlu.store import pending
from yuanlu.wire import messages

_A_MESSAGE = 8  # details in one upload
_AGREED = 1
_DIFFER = 2


async def close_batch(forwarder):
    """The text of what came of it. Raises NotSent, Silence or Refused: the batch is open as before, and may be closed again."""
    await _drain(forwarder)
    journal, exchange = forwarder.journal, Exchange(forwarder)
    await forwarder.channel.open()
    await exchange.sign_on()
    batch = journal.counters.batch
    done = journal.batch(batch)
    if journal.log.damaged:
        raise Refused("refused.journal_damaged")
    flag = await _send_totals(forwarder, batch, done)
    if flag == _DIFFER:
        for first in range(0, len(done), _A_MESSAGE):
            await _send(forwarder, "upload", batch, messages.details(done[first : first + _A_MESSAGE]))
    sent, name = (len(done), "end, uploaded") if flag == _DIFFER else (0, "end, agreed")
    await _send(forwarder, name, batch, "{:04d}".format(sent))
    forwarder.desk.batch_closed(batch, flag == _AGREED)
    return "closing.agreed" if flag == _AGREED else "closing.uploaded"


async def _drain(forwarder):
    """Send what is due or waits; one try each, as long as a road opens. Refused while a sale or void is not settled: it belongs
    to this batch."""
    journal, tried = forwarder.journal, []
    while True:
        todo = [t for t in pending.eligible(journal) if not s.is_asked(t.state) and t.number not in tried]
        if not todo:
            break
        tried.append(todo[0].number)
        await forwarder.send(todo[0])
        if forwarder.schedule.tries:  # no road, or no answer
            break
    if any(t.kind != KIND_REFUND and t.state != s.IS_PARKED for t in journal.live):
        raise Refused("refused.closing_open")
    if not (journal.shut and _has_finished(forwarder.desk.vault)):  # else nothing of what is listed is ever sent from here
        if verdicts.needs_open_batch(forwarder.config) and any(t.state == s.IS_UNKNOWN for t in journal.live):
            raise Refused("refused.closing_unknown")  # its repeat is known only while the batch is open
        if journal.held or pending.holds_queue(journal.live):
            raise Refused("refused.closing_held")
    lingering = forwarder.lingering_ms() if verdicts.forgets_batches(forwarder.config) else 0
    if lingering:  # a second copy of what was sent, on its way still, would be booked again in the next batch
        raise Refused("refused.closing_soon", str(-(-lingering // 1000)))


def _has_finished(vault):
    """All that is open was handed over."""
    fence = visit("yuanlu.store.fence")
    try:
        return fence.Fence(vault).standing == fence.FINISHED
    finally:
        leave("yuanlu.store.fence")


async def _send_totals(forwarder, batch, done):
    sales = [amount for _, kind, _, _, amount in done if kind == KIND_SALE]
    back = [amount for _, kind, _, _, amount in done if kind != KIND_SALE]
    digits = messages.totals((sum(sales), len(sales)), (sum(back), len(back)))
    flag = await _send(forwarder, "settlement", batch, digits)
    if flag not in (_AGREED, _DIFFER):
        raise Refused("refused.closing_error")
    return flag


async def _send(forwarder, name, batch, digits):
    """The flag of the authentic answer; Refused when it does not approve."""
    desk, journal = forwarder.desk, forwarder.journal
    identity, keys = (batch, max(1, journal.counters.trace)), desk.sealing.next_keys(at_once=True)
    request = messages.closing(forwarder.config, name, identity, journal.log.newest, digits, keys)
    code, flag = await Exchange(forwarder).authentic(keys.answer, request, messages.read_closing)
    if code == OTHER_BATCH:
        forwarder.sign_on_due = True
    if code != APPROVED:
        raise Refused("refused.closing", str(code, "ascii"))
    return flag
