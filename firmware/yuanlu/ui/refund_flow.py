"""A refund, from the first key to the slip. Read this file first."""

from yuanlu import VERSION
from yuanlu.compat import leave, visit
from yuanlu.errors import Refused
from yuanlu.refund import rules
from yuanlu.refund.transaction import KIND_REFUND, ROAD_CASH, ROAD_WALLET, Draft
from yuanlu.ui.menu import enter
from yuanlu.ui.result import conclude


async def run(till, sale=None):
    """Raises Cancelled when the clerk turns back and Refused when a rule says no: nothing was recorded then. sale: the one that
    is given back, where it is known already.

    Once `desk.open` has returned the refund goes its way, whatever happens here.
    """
    rules.check_allowed(till.config, VERSION)
    if not till.config.cash_refunds:
        till.desk.check_places()  # what goes back in cash takes none
    sale, found_by, fits = (sale, rules.FOUND_IN_LIST, "") if sale else await enter(till, "yuanlu.ui.find_flow")
    if sale is None:
        await enter(till, "yuanlu.ui.no_original_flow")
        return
    try:
        await _give_back(till, sale, found_by, fits)
    except Refused as error:
        error.sale = sale  # the refusal is noted with it
        raise


async def _give_back(till, sale, found_by, fits):
    left = till.desk.left(sale)
    cash = till.config.cash_refunds and await till.dialogs.choose("cash.way", ("cash.same_way", "cash.from_till"))
    reason, case = await enter(till, "yuanlu.ui.reason_page")
    amount = await till.dialogs.ask_amount("refund.amount", left, full=left)
    draft = Draft(till.desk.way_back(sale, amount), amount, sale.number, reason, till.operator)
    if cash:
        draft.kind, draft.road = KIND_REFUND, ROAD_CASH
    check(till, draft, sale, left)
    await enter(till, "yuanlu.ui.approval", draft, sale, found_by)
    await enter(till, "yuanlu.ui.confirm_page", draft, sale, left, (), case)
    refund = till.desk.visiting("yuanlu.cash", "record", draft) if cash else till.desk.open(draft)
    till.forwarder.wake()
    if case:
        note(till, refund, "CASE", case)
    if found_by:
        note(till, refund, "FOUND", "{} {}".format(found_by, fits))
    await conclude(till, refund)


def check(till, draft, sale, left):
    """Refused for what nobody's agreement can lift, before anybody is asked; `desk.open` looks again. left: as of `desk.left`."""
    rules.check(draft, sale, sale.amount - left, till.journal.counters.batch)
    if draft.road == ROAD_CASH:
        return
    _check_line(till, draft)
    if draft.kind == KIND_REFUND:
        rules.check_share(till.config, draft, sale, sale.amount - left)
        if sale.road == ROAD_WALLET:
            rules.check_wallet(till.config, sale.date, till.journal.parts(sale.number), till.board.clock.date())


def _check_line(till, draft):
    """What may wait for a line. A supervisor may lift the amount, where people log in: `approval` asks for one."""
    waiting, offline = len(till.desk.never_sent()), till.is_offline()
    if not till.config.login or waiting >= rules.may_wait(till.config, offline):
        rules.check_offline(till.config, draft, waiting, offline)


def note(till, refund, kind, text):
    """Case number, and how the sale was found, are NOTEs behind the INTENT: a cut between them costs the note, never the refund;
    so does a full sector while an answer is awaited."""
    if not till.desk.may_note():
        return
    progress = visit("yuanlu.store.progress")
    progress.note(till.desk, refund, getattr(progress, kind), till.operator, text.encode())
    leave("yuanlu.store.progress")
