"""What the merchant pays for a sale, and what of it comes back with a refund. A visiting module.

The setting `fees` is rows with ';' between: product, rate in 1/100 %, cap in fen (0: none), and for a promotion the first and
last day as yyyymmdd. Of several rows that hold on a day the last one counts, so a promotion stands behind what it changes.
"""

from yuanlu.refund.transaction import ROAD_WALLET


def product(config, sale):
    """Which product's row is used. First 6 digits do not tell a debit card from a credit card: the setting `fee_card` says what
    a card is taken for, so what comes out is an estimate."""
    return "wallet" if sale.road == ROAD_WALLET else config.fee_card


def row(config, name, date):
    """(rate in 1/100 %, cap in fen or 0) of that product on that day; None when the table has none."""
    found = None
    for line in config.fees.split(";"):
        parts = line.split()
        if parts[0] == name and (len(parts) == 3 or int(parts[3]) <= date <= int(parts[4])):
            found = (int(parts[1]), int(parts[2]))
    return found


def fee(amount, rate, cap):
    """Fen of a sale of that amount, half a fen rounded up."""
    paid = (amount * rate + 5000) // 10_000
    return min(paid, cap) if cap else paid


def returned(paid, amount, before, now):
    """Fen of the fee `paid` for a sale of `amount` that come back with a refund of `now` after `before` was given back: in
    proportion, so that all of it has come back when all is refunded, and never more."""
    return paid * (before + now) // amount - paid * before // amount


def effect(config, sale, before, now):
    """(product, rate, fen that the merchant paid, fen that come back with this refund); None without a row."""
    name = product(config, sale)
    found = row(config, name, sale.date)
    if found is None:
        return None
    paid = fee(sale.amount, found[0], found[1])
    return name, found[0], paid, returned(paid, sale.amount, before, now) if config.fee_returned else 0
