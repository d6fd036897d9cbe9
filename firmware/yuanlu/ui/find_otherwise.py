"""Which sale is it, when it is not one of the last ones? By its slip, a number, the card, or what somebody remembers. A visiting
module. Each way says what was looked for when there is no such sale (L7), and ends on the page of the original."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Refused
from yuanlu.refund.rules import FOUND_BY_CARD, FOUND_BY_REFERENCE, FOUND_BY_SLIP, FOUND_IN_LIST, FOUND_NOWHERE, days
from yuanlu.refund.transaction import ROAD_WALLET
from yuanlu.ui.find_flow import pick
from yuanlu.ui.menu import enter

_MOST = 9
_RRN = 12
_LARGEST = 99_999_999  # fen


async def run(till):
    """As find_flow. Raises Cancelled, or Refused when it is not here."""
    found = None
    while not found:
        way = await till.dialogs.choose("find.title", [name for name, _ in WAYS])
        try:
            found = await WAYS[way][1](till)
        except Refused as error:  # another way may find it
            await enter(till, "yuanlu.ui.refusal_page", error)
    sale, found_by, fits = found
    if sale:
        await enter(till, "yuanlu.ui.original_page", sale, found_by, fits)
    return sale, found_by, fits


async def _by_slip(till):
    return await enter(till, "yuanlu.ui.slip_code_page"), FOUND_BY_SLIP, ""


async def _by_rrn(till):
    """RRN and day both: a slip of the tongue in one shows by the other."""
    rrn = await ask(till, "find.rrn", "find.rrn_type", _RRN, _RRN)
    date = await ask_day(till, "find.rrn")
    sales = till.journal.sales(_MOST, rrn=rrn.encode(), date=date)
    return await _one_of(till, sales, ("found.rrn_told", rrn, date)), FOUND_BY_REFERENCE, ""


async def _by_trace(till):
    trace = int(await ask(till, "find.trace", "find.trace_type", 6))
    return await _one_of(till, till.journal.sales(_MOST, trace=trace), ("found.trace_told", trace)), FOUND_BY_REFERENCE, ""


async def _by_card(till):
    """Last four by the journal's filters, then the fingerprint: other cards end in the same four."""
    shown = await till.dialogs.ask_card("find.card", ["find.card_show"])
    four = shown.number[6:10]
    sales = till.journal.sales(_MOST, last_four=four, like=lambda body: body.fingerprint == shown.fingerprint)
    if shown.road or not sales:  # a wallet's payment code is another one each time
        raise Refused("refused.card_other")
    return await _one_of(till, sales), FOUND_BY_CARD, ""


async def _by_order(till):
    """A wallet's order number is the sale's number, which ends in its record number; the amount beside it in the wallet is its
    check."""
    number = int(await ask(till, "find.order", "find.order_type", 8))
    amount = await till.dialogs.ask_amount("find.order", _LARGEST)
    sale = till.journal.sale(number)
    if sale is None or sale.road != ROAD_WALLET:
        raise Refused("refused.not_found", ("found.order_told", number))
    if sale.amount != amount:
        raise Refused("refused.order_amount")
    return sale, FOUND_BY_REFERENCE, ""


async def _by_memory(till):
    return await enter(till, "yuanlu.ui.memory_page")


async def _look(till):
    """One of the last ones, after a look at all that was given back of it."""
    return await pick(till, till.journal.sales(20)), FOUND_IN_LIST, ""


async def _nothing(till):
    """The way out for what no journal here can tell of."""
    return None, FOUND_NOWHERE, ""


WAYS = (
    ("find.slip", _by_slip),
    ("find.rrn", _by_rrn),
    ("find.trace", _by_trace),
    ("find.card", _by_card),
    ("find.order", _by_order),
    ("find.memory", _by_memory),
    ("find.look", _look),
    ("find.nothing", _nothing),
)


async def _one_of(till, sales, looked_for=None):
    """The only one, or the one that the clerk points at. looked_for: a text that says by what, for when there is none."""
    if not sales:
        raise Refused("refused.not_found", looked_for)
    return sales[0] if len(sales) == 1 else await pick(till, sales)


async def ask(till, title, prompt, most, least=1):
    """At least so many digits, as text. Raises Cancelled."""
    typed, complaint = "", []
    try:
        ask_digits = visit("yuanlu.ui.pin_page").ask_digits
        while len(typed) < least:
            typed = await ask_digits(till, title, prompt, most, False, complaint, typed)
            complaint = [("refused.digits", least)]
        return typed
    finally:
        leave("yuanlu.ui.pin_page")


async def ask_day(till, title):
    """yyyymmdd of the newest such day that is not to come. Refused for none, and where the clock cannot tell the year."""
    typed = int(await ask(till, title, "find.day_type", 4, 4))
    today, _, trusted = till.board.clock.date()
    if not trusted:
        raise Refused("refused.clock")
    year = today // 10_000 - (typed > today % 10_000)
    while typed == 229 and year % 4:
        year -= 1  # the last leap day; none falls out before 2100
    if not is_a_day(year * 10_000 + typed):
        raise Refused("refused.day")
    return year * 10_000 + typed


def is_a_day(date):
    """yyyymmdd of a calendar: its month has so many days."""
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    if not 1 <= month <= 12 or day < 1:
        return False
    after = (year + month // 12) * 10_000 + (month % 12 + 1) * 100 + 1
    return days(date) < days(after)
