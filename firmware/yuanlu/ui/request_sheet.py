"""The manual request sheet, 退款申请表: what an acquirer asks for when a person has to settle a refund. A visiting module.

Its keys are those of the usual form: merchant, terminal, batch, trace, RRN, date and amount of the sale, amount and number of the
refund, approval code, reason, evidence.
"""

from yuanlu.compat import leave, visit
from yuanlu.errors import Refused
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import ROAD_NO_SALE, ROAD_WALLET, refund_number
from yuanlu.ui.describe import card, code_words, moment, reason, state_word
from yuanlu.ui.grid import wrap
from yuanlu.ui.result import put_on_paper

_TO_FILL_IN = "evidence receipt statement goods customer stamp day".split()


async def run(till, transaction):
    """Print it and say so, or why it did not come out."""
    try:
        put_on_paper(till, "yuanlu.ui.request_sheet", transaction)
        told = ["sheet.done", "sheet.next"]
    except Refused as trouble:
        told = [(trouble.reason,), "paper.again"]
    await till.dialogs.notice("sheet.title", told)


def render(till, transaction):
    """The sheet as one string; made from the journal alone (L10)."""
    slip = visit("yuanlu.ui.slip")
    say, config, pair = till.words, till.config, slip.pair
    out = [slip.middle(config.shop), slip.middle(say("sheet.title")), slip.RULE]
    out += [pair(say("slip.merchant"), config.merchant), pair(say("slip.terminal"), config.terminal), slip.RULE]
    if transaction.road == ROAD_NO_SALE:
        out += [slip.middle(say("sheet.no_original")), pair(say("slip.card"), say(card(transaction)))]
    else:
        out += _sale(till, till.journal.original(transaction.original), slip)
    out += [slip.RULE, pair(say("slip.number"), refund_number(config, transaction.called))]
    out += [pair(say("sheet.trace"), "{:06d} / {:06d}".format(transaction.batch, transaction.trace))]
    out += [pair(say("slip.when"), moment(transaction))] + slip.money(say, transaction.amount, True)
    out += [pair(say("slip.reason"), say(reason(transaction.reason)))]
    out += [pair(say("sheet.case"), case_number(till.journal, transaction) or "____________")]
    out += [pair(say("sheet.sends"), str(transaction.tries))] + wrap(say("slip." + state_word(transaction)), slip.COLUMNS)
    code = slip.plain(transaction.code)
    if code:
        out += wrap(say(("line.code", code, code_words(say, code))), slip.COLUMNS)
    out.append(slip.RULE)
    out += _to_fill_in(say, slip)
    for text in visit("yuanlu.ui.hotlines").lines(config):
        out += wrap(say(text), slip.COLUMNS)
    out += [slip.RULE, slip.middle(say("slip.emulated")), slip.middle(slip.typed(config, transaction))]
    leave("yuanlu.ui.hotlines")
    leave("yuanlu.ui.slip")
    return "\n".join(out + [""])


def code(till, transaction):
    """What its QR code says: that of the transaction's slip."""
    try:
        return visit("yuanlu.ui.slip").code(till, transaction)
    finally:
        leave("yuanlu.ui.slip")


def for_sale(till, sale, slip):
    """Rows of a sheet for a refund that was never opened: its amount is to be filled in too."""
    return _sale(till, sale, slip) + [slip.pair(till.words("slip.amount"), "____________")] + _to_fill_in(till.words, slip)


def _to_fill_in(say, slip):
    return [row for name in _TO_FILL_IN for row in wrap(say("sheet." + name), slip.COLUMNS)]


def _sale(till, sale, slip):
    """The keys by which an acquirer finds the sale; places to fill in where the journal has it no more."""
    say, pair = till.words, slip.pair
    if sale is None:
        names = ("slip.trace", "slip.original", "slip.when", "slip.amount", "slip.card")
        return [pair(say(name), "____________") for name in names]
    order = [pair(say("sheet.order"), refund_number(till.config, sale.number))] if sale.road == ROAD_WALLET else []
    return order + [
        pair(say("slip.trace"), "{:06d} / {:06d}".format(sale.batch, sale.trace)),
        pair(say("slip.original"), slip.plain(sale.rrn)),
        pair(say("sheet.approval"), slip.plain(sale.approval)),
        pair(say("slip.when"), moment(sale)),
        pair(say("slip.original_sale"), "\u00a5" + yuan(sale.amount)),
        pair(say("slip.card"), say(card(sale))),
    ]


def case_number(journal, transaction):
    """The newest one that was typed with the reason or with a complaint, as long as the ring holds its NOTE; '' for none."""
    progress = visit("yuanlu.store.progress")
    kinds = (progress.CASE, progress.COMPLAINT)
    found = [note.text for note in progress.notes(journal.log, transaction) if note.kind in kinds]
    leave("yuanlu.store.progress")
    return str(found[-1], "ascii").rstrip("\0") if found else ""
