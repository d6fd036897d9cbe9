"""A slip: lines of text for a 58 mm roll, 32 columns (a Han character takes two). Made from the journal alone (L10).

The state in words is one of four things, which are not the same: waiting to be sent, accepted, done at the acquirer, and arrived
at the cardholder. The last one no terminal can know, and no slip says it. A visiting module.
"""

from yuanlu.compat import leave, visit
from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import IS_PART, KIND_REFUND, ROAD_CASH, ROAD_NO_SALE, ROAD_WALLET, refund_number
from yuanlu.ui.describe import card, code_words, day, kind_word, moment, reason, state_word
from yuanlu.ui.grid import width, wrap

COLUMNS = 32
RULE = "-" * COLUMNS


def render(till, transaction):
    """The whole slip as one string; every line fits COLUMNS."""
    say, config = till.words, till.config
    kind, anchor = kind_word(transaction), till.journal.log.newest
    refund = kind != "sale"
    without = transaction.road == ROAD_NO_SALE
    out = [middle(config.shop), middle(say("slip.no_original" if without else "slip." + kind))]
    if transaction.printed == transaction.state:
        out.append(middle(say("slip.reprint")))
    out += [
        RULE,
        pair(say("slip.merchant"), config.merchant),
        pair(say("slip.terminal"), config.terminal),
    ]
    if config.acquirer_name != "-":
        out.append(pair(say("slip.acquirer"), config.acquirer_name))
    if transaction.road != ROAD_CASH:
        out.append(pair(say("slip.trace"), "{:06d} / {:06d}".format(transaction.batch, transaction.trace)))
    out += [
        pair(say("slip.when"), moment(transaction)),
        pair(say("slip.number"), refund_number(config, transaction.called)),
        pair(say("slip.anchor"), "{}:{}".format(anchor[0], anchor[1].hex())),
    ]
    out += _road(till, transaction, refund) + money(say, transaction.amount, refund)
    out += [RULE] + wrap(say("slip." + state_word(transaction)), COLUMNS)
    if transaction.state == s.IS_DECLINED:
        code = str(transaction.code, "ascii")
        out += wrap(say(("line.code", code, code_words(say, code))), COLUMNS)
    if not refund and transaction.state == s.IS_DONE:
        out += _terms(say, config, transaction)
    if transaction.reason & IS_PART:
        failed = s.is_final(transaction.state) and transaction.state not in (s.IS_DONE, s.IS_RESOLVED_DONE)
        out += wrap(say("put_off.over" if failed else "slip.put_off"), COLUMNS)
    out += _whom_to_call(say, config, transaction)
    out += [RULE, middle(say("slip.emulated")), middle(say("slip.code")), middle(typed(config, transaction))]
    return "\n".join(out + [""])


def code(till, transaction):
    """What its QR code says: by this the transaction is found again."""
    return _coded("encode", till.config, transaction, till.journal.log.newest)


def typed(config, transaction):
    """The part of it that can be typed, by fours."""
    digits = _coded("typed", config, transaction)
    return " ".join([digits[at : at + 4] for at in range(0, len(digits), 4)])


def _coded(form, config, transaction, *seal):
    try:
        form = getattr(visit("yuanlu.refund.slip_code"), form)
        return form(config.terminal, transaction.number, transaction.trace, transaction.amount, *seal)
    finally:
        leave("yuanlu.refund.slip_code")


def money(say, fen, refund):
    """The amount, and in Chinese once more in capitals; what goes back has a minus."""
    out = [pair(say("slip.amount"), ("-" if refund else "") + "\u00a5" + yuan(fen))]
    if not say.language:
        out += wrap(visit("yuanlu.refund.capitals").capitals(fen), COLUMNS)
        leave("yuanlu.refund.capitals")
    return out


def _whom_to_call(say, config, transaction):
    try:
        hotlines = visit("yuanlu.ui.hotlines")
        rows = hotlines.lines(config) if hotlines.needs(transaction) else hotlines.shop(config)
        return [row for text in rows for row in wrap(say(text), COLUMNS)]
    finally:
        leave("yuanlu.ui.hotlines")


def _terms(say, config, sale):
    """What the customer should know before there is anything to give back."""
    by_wallet = sale.road == ROAD_WALLET
    rows = ["slip.terms_cash" if config.cash_refunds else "slip.terms"]
    if by_wallet:
        rows.append(("slip.terms_wallet", config.wallet_days))
    return [row for text in rows for row in wrap(say(text), COLUMNS)]


def _put_right(till, sale, refund):
    """What is kept of a sale whose amount was wrong, once this refund of the difference is counted."""
    parts = visit("yuanlu.store.family").given(till.journal, sale)
    leave("yuanlu.store.family")
    if refund.number not in [part.number for part in parts]:
        return []
    kept = sale.amount - sum([part.amount for part in parts if part.number <= refund.number])
    return [pair(till.words("slip.put_right"), "\u00a5" + yuan(kept))]


def _sell_anew(till, _, void):
    """What is to be taken once the wrong sale is voided, where that was said."""
    found = visit("yuanlu.store.rests").anew(till.journal, void)
    leave("yuanlu.store.rests")
    return wrap(till.words(("slip.sell_anew", plain(found))), COLUMNS) if found else []


def _road(till, transaction, refund):
    """Card and reference of the sale; for a refund the original whose way it goes back, and why."""
    say = till.words
    without = transaction.road == ROAD_NO_SALE
    sale = till.journal.original(transaction.original) if refund and not without else transaction
    out = []
    if sale:
        out.append(pair(say("slip.card"), say(card(sale))))
    if refund and sale and not without:
        out.append(pair(say("slip.original"), plain(sale.rrn)))
        out.append(pair(say("slip.original_sale"), "{} \u00a5{}".format(day(sale), yuan(sale.amount))))
    if refund:
        why = reason(transaction.reason)
        out.append(pair(say("slip.reason"), say(why)))
        if sale and not without and why == ("reason.wrong_amount",):
            out += (_put_right if transaction.kind == KIND_REFUND else _sell_anew)(till, sale, transaction)
    if transaction.state == s.IS_DONE and transaction.road != ROAD_CASH:
        out.append(pair(say("slip.rrn"), plain(transaction.rrn)))
        out.append(pair(say("slip.approval"), plain(transaction.approval)))
    return out


def plain(field):
    """The text of a field of the journal; it is filled up with zeros."""
    return str(field, "ascii").rstrip("\0")


def middle(text):
    """In the middle of its line."""
    return " " * ((COLUMNS - width(text)) // 2) + text


def pair(name, value):
    """A name at the left and its value at the right; in two lines when they do not fit in one."""
    gap = COLUMNS - width(name) - width(value)
    if gap < 1:
        return name + "\n" + " " * (COLUMNS - width(value)) + value
    return name + " " * gap + value
