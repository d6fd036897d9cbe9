"""A slip: lines of text for a 58 mm roll, 32 columns (a Han character takes two). Made from the journal alone (L10)."""

from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.ui.describe import card, code_words, kind_word, moment, state_word
from yuanlu.ui.grid import width, wrap
from yuanlu.wire.messages import refund_number

COLUMNS = 32


def render(till, transaction):
    """The whole slip as one string; every line fits COLUMNS."""
    say, config = till.words, till.config
    kind, anchor = kind_word(transaction), till.journal.log.newest
    refund = kind != "sale"
    rule = "-" * COLUMNS
    out = [_middle(config.shop), _middle(say("slip." + kind))]
    if transaction.printed == transaction.state:
        out.append(_middle(say("slip.reprint")))
    out += [
        rule,
        _pair(say("slip.merchant"), config.merchant),
        _pair(say("slip.terminal"), config.terminal),
        _pair(say("slip.trace"), "{:06d} / {:06d}".format(transaction.batch, transaction.trace)),
        _pair(say("slip.when"), moment(transaction)),
        _pair(say("slip.number"), refund_number(config, transaction.number)),
        _pair(say("slip.anchor"), "{}:{}".format(anchor[0], anchor[1].hex())),
    ]
    out += _road(till, transaction, refund)
    out += [_pair(say("slip.amount"), ("-" if refund else "") + "\u00a5" + yuan(transaction.amount)), rule]
    out += wrap(say("slip." + state_word(transaction)), COLUMNS)
    if transaction.state == s.IS_DECLINED:
        code = str(transaction.code, "ascii")
        out += wrap(say(("line.code", code, code_words(say, code))), COLUMNS)
    out += [rule, _middle(say("slip.emulated"))]
    return "\n".join(out) + "\n"


def _road(till, transaction, refund):
    """Card and reference of the sale; for a refund the original whose way it goes back."""
    say = till.words
    sale = till.journal.original(transaction.original) if refund else transaction
    out = []
    if sale and sale.card:
        out.append(_pair(say("slip.card"), card(sale)))
    if refund and sale:
        out.append(_pair(say("slip.original"), str(sale.rrn, "ascii")))
    if transaction.state == s.IS_DONE:
        out.append(_pair(say("slip.rrn"), str(transaction.rrn, "ascii")))
    return out


def _middle(text):
    return " " * ((COLUMNS - width(text)) // 2) + text


def _pair(name, value):
    gap = COLUMNS - width(name) - width(value)
    if gap < 1:
        return name + "\n" + " " * (COLUMNS - width(value)) + value
    return name + " " * gap + value
