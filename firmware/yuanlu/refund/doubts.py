"""Does the amount of a sale look mistyped? Nothing here refuses: it says why a person should look again. A visiting module.

The rules; each is switched off by 0 in its setting, and below `doubt_from` fen only the one about the same card speaks:

doubt_times     that many times the usual amount (the median of the last sales), once there are _ENOUGH: a digit too many makes
                ten times what was meant, two make a hundred
doubt_largest   more than that many times the day's largest sale, once the day has had _SEVERAL
doubt_digits    at least so many equal digits, zeros at the end aside (888.88, 1,111.00), or three and more digits twice over
                (250250): a key that bounced, or an amount typed twice
doubt_minutes   the same card paid the same amount within so many minutes
"""

from collections import namedtuple

from yuanlu.refund.money import yuan
from yuanlu.refund.rules import days, seconds

RECENT = 20  # sales that are looked at: more would make a busy day wait
_ENOUGH = 5
_SEVERAL = 3
_TWICE = 6  # digits of the shortest amount that can be one typed twice: 1.00 1.00


Sold = namedtuple("Sold", "number amount date time trace fingerprint")


def sold(record):
    """Of the record of a sale what the rules look at: twenty whole ones would take 9 KB."""
    body = record.body()
    return Sold(record.transaction, body.amount, body.date, body.time, body.trace, bytes(body.fingerprint))


def of_amount(config, amount, sales, today):
    """Texts that say why this many fen look wrong. sales: the last ones, newest first; today: yyyymmdd."""
    if amount < config.doubt_from:
        return []
    found = []
    usual = sorted([sale.amount for sale in sales])[len(sales) // 2] if len(sales) >= _ENOUGH else 0
    if config.doubt_times and usual and amount >= config.doubt_times * usual:
        found.append(("doubt.times", amount // usual, yuan(usual)))
        found.append(("doubt.instead", yuan(_instead(amount, usual))))
    day = [sale.amount for sale in sales if sale.date == today]
    if config.doubt_largest and len(day) >= _SEVERAL and amount > config.doubt_largest * max(day):
        found.append(("doubt.largest", yuan(max(day))))
    if config.doubt_digits and is_repeated(amount, config.doubt_digits):
        found.append(("doubt.digits",))
    return found


def _instead(amount, usual):
    """What was meant, if one or two digits are too many: whichever is nearer to the usual."""
    return amount // 10 if abs(amount // 10 - usual) <= abs(amount // 100 - usual) else amount // 100


def is_repeated(amount, least):
    """Its digits are `least` or more equal ones with zeros behind, or a group of three and more twice over."""
    digits = str(amount)
    half = len(digits) // 2
    if len(digits) >= _TWICE and digits[:half] == digits[half:]:
        return True
    significant = digits.rstrip("0")
    return len(significant) >= least and significant == significant[0] * len(significant)


def of_card(config, amount, card, sales, now):
    """The same for a card that was presented: it has just paid that amount. sales: with those that are not settled; now: (date,
    time, quality) of the clock."""
    for sale in sales:
        gap = (days(now[0]) - days(sale.date)) * 86_400 + seconds(now[1]) - seconds(sale.time)
        same = sale.amount == amount and sale.fingerprint == card.fingerprint
        if same and abs(gap) < 60 * config.doubt_minutes:
            return [("doubt.card", sale.trace, abs(gap) // 60)]
    return []
