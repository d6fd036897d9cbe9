"""How a transaction is named and put into words, on the screen and on paper."""

from yuanlu.compat import leave, visit
from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import IS_PART, KIND_NAMES, ROAD_CASH, ROAD_NO_SALE, ROAD_WALLET

# The classes of a first answer whose advice is right in a state. A repeat, or a budget that is used up, parks what the code alone
# would have declined or sent later: its "start again" would pay twice then, its "goes by itself" would be wrong.
_ADVISED = {
    s.IS_DONE: (s.DONE,),
    s.IS_DECLINED: (s.DECLINED,),
    s.IS_WAITING: (s.LATER,),
    s.IS_HELD: (s.HOLD,),
    s.IS_PARKED: (s.PERSON, s.UNSURE),
}


def kind_word(transaction):
    """'sale', 'refund' or 'void'; 'in_cash' of a refund from the till."""
    return "in_cash" if transaction.road == ROAD_CASH else KIND_NAMES[transaction.kind]


def state_word(transaction):
    """'refund.done': the name of what happened, for titles and slips."""
    if transaction.stale and transaction.state == s.IS_QUEUED:
        return kind_word(transaction) + ".renewing"  # it was sent, and refused unseen
    return kind_word(transaction) + "." + s.STATE_NAMES[transaction.state]


def day(transaction):
    """'11-22 10:15'"""
    date, time = transaction.date, transaction.time
    return "{:02d}-{:02d} {:02d}:{:02d}".format(date // 100 % 100, date % 100, time // 10000, time // 100 % 100)


def moment(transaction):
    """'2026-11-22 10:15:07'"""
    return "{:04d}-{}:{:02d}".format(transaction.date // 10000, day(transaction), transaction.time % 100)


def card(transaction):
    """A text to say: '622202****1234', since first 6 and last 4 are all that is ever known (L8), or that there is no number."""
    if not any(transaction.card):
        return ("card.none",)
    shown = masked(transaction.card)
    return ("wallet." + _wallet(shown), shown) if transaction.road == ROAD_WALLET else ("line.detail", shown)


def masked(number):
    """'622202****1234' of the 10 digits that a reader gives."""
    digits = str(number, "ascii")
    return digits[:6] + "****" + digits[6:]


def _wallet(digits):
    """Which one, by the first two digits of the payment code, as the wallets publish them."""
    first = int(digits[:2])
    for name, low, high in (("wechat", 10, 15), ("jd", 18, 18), ("alipay", 25, 30), ("unionpay", 62, 62)):
        if low <= first <= high:
            return name
    return "other"


def last_four(transaction):
    """A text to say, for a list."""
    if not any(transaction.card):
        return ("card.none",)
    return ("list.wallet" if transaction.road == ROAD_WALLET else "line.detail", str(transaction.card[6:], "ascii"))


def reason(index):
    """Why it was given back, as a text to say, by the number that the journal has."""
    reasons = visit("yuanlu.ui.reason_page").REASONS
    leave("yuanlu.ui.reason_page")
    return (reasons[min(index & 127, len(reasons) - 1)],)  # store.rests has the other bit


def code_words(words, code):
    """The words of a response code, as a text to say."""
    return ("code." + code,) if words.knows_code(code) else ("code.other",)


def told(words, transaction):
    """Lines for the screen: amount, what happened, why, what to do next (L7)."""
    without = transaction.road == ROAD_NO_SALE
    lines = [("line.amount_no_original" if without else "line.amount", yuan(transaction.amount))]
    code = str(transaction.code, "ascii").rstrip("\0")  # silence is recorded with zeros
    answered = (
        not transaction.alarm and transaction.state in _ADVISED and code and (transaction.state != s.IS_DONE or code != "00")
    )
    if answered:
        lines.append(("line.code", code, code_words(words, code)))
    if without and transaction.state == s.IS_WITHDRAWN:
        lines.append("why.not_queued")
    if transaction.alarm and not s.is_final(transaction.state):
        other = transaction.booked and transaction.booked != transaction.amount
        lines += ["why.amount", ("line.booked", yuan(transaction.booked))] if other else ["why.alarm"]
    elif transaction.why and not s.is_final(transaction.state):
        lines.append((transaction.why,))
    if answered and words.first_class(code) in _ADVISED[transaction.state]:
        lines.append(("advice." + code,))
    lines.append(("next." + state_word(transaction),))
    if transaction.reason & IS_PART and transaction.state in (s.IS_DECLINED, s.IS_WITHDRAWN, s.IS_RESOLVED_NOT_DONE):
        lines.append("put_off.over")
    return lines
