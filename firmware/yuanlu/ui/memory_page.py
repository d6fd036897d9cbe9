"""What somebody remembers of a sale, any two things of it, and the sales that fit best. A visiting step."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled, Refused
from yuanlu.refund.money import yuan
from yuanlu.refund.rules import FOUND_BY_CARD, FOUND_BY_EVIDENCE
from yuanlu.ui.describe import day
from yuanlu.ui.find_otherwise import ask, ask_day
from yuanlu.ui.menu import enter

_MOST = 9
_LARGEST = 99_999_999  # fen


async def run(till):
    """(sale, how it was found, 'fits of told'). Raises Cancelled. Where none fits in two things what was told may be mended."""
    match = visit("yuanlu.refund.match")
    told = [None] * len(match.FIELDS)
    try:
        sales = []
        while not sales:
            await _ask_all(till, match, told)
            sales = visit("yuanlu.store.remembered").best(till.journal, told, _MOST)
            leave("yuanlu.store.remembered")
            if not sales:
                await enter(till, "yuanlu.ui.refusal_page", Refused("refused.memory", match.known(told)))
        sale = await _pick(till, match, told, sales)
        fits = "{}/{}".format(match.score(told, sale), match.known(told))
        return sale, FOUND_BY_CARD if match.proves(told, sale) else FOUND_BY_EVIDENCE, fits
    finally:
        leave("yuanlu.refund.match")


async def _ask_all(till, match, told):
    """Row by row, in any order, until the last row is picked."""
    while True:
        rows = [("memory.row", ("memory." + name,), _shown(match, at, told[at])) for at, name in enumerate(match.FIELDS)]
        enough = match.known(told) >= match.LEAST
        picked = await till.dialogs.choose("find.memory", rows + ["memory.search" if enough else "memory.two"])
        if picked < len(told):
            told[picked] = await _one(till, _ASK[picked])
        elif enough:
            return


async def _one(till, asked):
    """What is told of it; None, so that a row can be emptied again, for CANCEL and for what cannot be."""
    try:
        return await asked(till)
    except Cancelled:
        if till.dialogs.left:
            raise
        return None
    except Refused as error:
        await enter(till, "yuanlu.ui.refusal_page", error)
        return None


def _shown(match, at, value):
    """As a person reads it."""
    if value is None:
        return "-"
    if at == match.AMOUNT:
        return "\u00a5" + yuan(value)
    if at == match.TIME:
        return "{:04d}".format(value)
    return ("memory.shown",) if at == match.CARD else str(value, "ascii") if at == match.LAST_FOUR else value


async def _amount(till):
    return await till.dialogs.ask_amount("find.memory", _LARGEST)


async def _date(till):
    return await ask_day(till, "find.memory")


async def _time(till):
    """hhmm"""
    typed = int(await ask(till, "find.memory", "memory.time_type", 4, 4))
    if typed % 100 > 59 or typed > 2359:
        raise Refused("refused.time")
    return typed


async def _last_four(till):
    return (await ask(till, "find.memory", "memory.four_type", 4, 4)).encode()


async def _trace(till):
    return int(await ask(till, "find.memory", "find.trace_type", 6))


async def _approval(till):
    return await ask(till, "find.memory", "memory.approval_type", 6)


async def _card(till):
    return (await till.dialogs.ask_card("find.memory", ["find.card_show"])).fingerprint


_ASK = (_amount, _date, _time, _last_four, _trace, _approval, _card)


async def _pick(till, match, told, sales):
    """The one that the clerk points at, once he has seen what of it fits and what does not."""
    items = []
    for sale in sales:
        items.append(("memory.item", match.score(told, sale), match.known(told), day(sale), yuan(sale.amount)))
    sale = sales[await till.dialogs.choose("memory.best", items)]
    await till.dialogs.confirm("memory.compare", lines(match, told, sale))
    return sale


def lines(match, told, sale):
    """What fits and what does not, one a line."""
    found = match.compare(told, sale)
    page = [("memory.score", match.score(told, sale), match.known(told))]
    for word, fits in (("memory.fits", True), ("memory.differs", False)):
        page += [(word, ("memory." + name,)) for name, outcome in zip(match.FIELDS, found) if outcome is fits]
    return page
