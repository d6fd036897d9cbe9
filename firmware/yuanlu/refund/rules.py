"""May this be done? Each rule raises Refused with a reason the clerk is told, and what to do next (L3, L7)."""

from yuanlu.compat import const
from yuanlu.errors import Refused
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, ROAD_CARD, ROAD_CASH, ROAD_NO_SALE, ROAD_OFFLINE

LARGEST_AMOUNT = 999_999_99

# How the sale of a refund was found: what proves that it is this customer's.
FOUND_IN_LIST = const(0)  # among the last ones, by the clerk's eye
FOUND_BY_SLIP = const(1)  # the code on its slip
FOUND_BY_REFERENCE = const(2)  # RRN, trace, or a wallet's order number
FOUND_BY_CARD = const(3)  # the card is here: its fingerprint is the sale's
FOUND_BY_EVIDENCE = const(4)  # parts of what the customer remembers: amount, day, time, approval code, last four
FOUND_NOWHERE = const(5)  # there is none: a refund without an original


def check(draft, original, spent, batch):
    """Raise Refused unless `draft` may be opened.

    original: the sale, or None when there is none, or this journal does not hold it as done; spent: fen of its refunds and voids
    that are not definitively not done; batch: the open one.
    """
    if draft.amount <= 0:
        raise Refused("refused.zero")
    if draft.amount > LARGEST_AMOUNT:
        raise Refused("refused.too_large", yuan(LARGEST_AMOUNT))
    if draft.kind == KIND_SALE or draft.road == ROAD_NO_SALE:
        return
    if original is None:
        raise Refused("refused.no_original")
    nameless = original.brought if original.road == ROAD_OFFLINE else 0 in original.rrn
    if nameless and draft.road != ROAD_CASH:
        # A person resolved it, and not by its RRN; or another terminal made it without a line: field 62 would name this one.
        raise Refused("refused.no_reference")
    left = original.amount - spent
    if left <= 0:
        raise Refused("refused.nothing_left")
    if draft.amount > left:
        raise Refused("refused.over_cap", yuan(left))
    if draft.kind == KIND_VOID and (
        original.road or original.brought or spent or draft.amount != original.amount or original.batch != batch
    ):
        raise Refused("refused.no_void")


def voidable(sale, spent, amount, batch):
    """A whole sale of the open batch with nothing given back yet is voided rather than refunded: it then never reaches the
    cardholder's account at all. A wallet has no void."""
    return sale.road == ROAD_CARD and not sale.brought and spent == 0 and amount == sale.amount and sale.batch == batch


def may_wait(config, offline):
    """So many refunds may be there that were never sent. With a road one always may: it goes at once."""
    return config.offline_count if offline else max(1, config.offline_count)


def check_share(config, draft, original, spent):
    """Raise Refused when more of a payment would go back than the acquirer's share; a void is no refund. Else as `check`."""
    if original is None:
        return
    most = original.amount * config.refund_percent // 100
    if spent + draft.amount > most:
        raise Refused("refused.share", config.refund_percent, yuan(max(0, most - spent)))


def check_offline(config, draft, waiting, offline):
    """Raise Refused unless one more refund or void may wait for a line. waiting: how many were never sent; offline: no road is
    open."""
    if waiting >= may_wait(config, offline):
        raise Refused("refused.offline_count", waiting)
    if offline and draft.kind == KIND_REFUND and draft.amount > config.offline_amount and not draft.approver:
        raise Refused("refused.offline_amount", yuan(config.offline_amount))


def check_wallet(config, sold, parts, now):
    """Raise Refused unless the wallet's rules let one more refund through.

    sold: date of the sale; parts: (date, time) of its refunds so far; now: (date, time, quality) of the clock, quality 0 for one
    that is not to be trusted: rules with a window then refuse, since a wrong day could allow what the wallet will not.
    """
    if len(parts) >= config.wallet_parts:
        raise Refused("refused.wallet_parts", config.wallet_parts)
    if not now[2]:
        raise Refused("refused.clock")
    if days(now[0]) - days(sold) > config.wallet_days:
        raise Refused("refused.wallet_days", config.wallet_days)
    for date, time in parts:
        gap = (days(now[0]) - days(date)) * 86_400 + seconds(now[1]) - seconds(time)
        if gap < config.wallet_gap_s:
            raise Refused("refused.wallet_gap", config.wallet_gap_s, config.wallet_gap_s - gap)


def days(date):
    """Days since an arbitrary one, of yyyymmdd in the Gregorian calendar (March as first month, so that the leap day is last)."""
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day


def seconds(time):
    """Of a day, of hhmmss."""
    return time // 10_000 * 3600 + time // 100 % 100 * 60 + time % 100


def is_older(version, than):
    """Of versions like 0.1.0, number by number."""
    return [int(part) for part in version.split(".")] < [int(part) for part in than.split(".")]


def check_allowed(config, version):
    """Raise Refused when the settings forbid refunds, or forbid them to firmware as old as this."""
    if not config.refunds:
        raise Refused("refused.disabled", config.changed_by, config.changed_on)
    if is_older(version, config.refuse_below):
        raise Refused("refused.version", version, config.refuse_below)


def booked_on(date, month_and_day):
    """The acquirer's MMDD with a year: a refund names the sale by the day on which the acquirer booked it, which need not be
    the terminal's. date: yyyymmdd of the terminal; month_and_day: 0 when the answer has none."""
    if not month_and_day:
        return date
    year, month = date // 10000, date // 100 % 100
    booked = month_and_day // 100
    year += 1 if month == 12 and booked == 1 else -1 if month == 1 and booked == 12 else 0
    return year * 10000 + month_and_day
