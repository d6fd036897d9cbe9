"""Whom to call when a refund is late or needs a person: the numbers stand in the settings. A visiting module."""

from yuanlu.refund import state as s

_WHO = ("merchant", "acquirer", "network", "authority")
_LATE = (s.IS_UNKNOWN, s.IS_ACCEPTED, s.IS_WAITING, s.IS_HELD, s.IS_PARKED, s.IS_ASKING)


def lines(config, authority=True):
    """Texts to say, one a number; '-' in the settings: none. The authority is for what is late, not for a plain refusal."""
    numbers = [(who, getattr(config, "hotline_" + who)) for who in (_WHO if authority else _WHO[:-1])]
    return [("hotline." + who, number) for who, number in numbers if number != "-"]


def shop(config):
    """The shop's own number alone, for every slip."""
    return lines(config, False)[:1] if config.hotline_merchant != "-" else []


def needs(transaction):
    """It is not where it should be by itself: a person has to ask, or may want to."""
    return transaction.alarm or transaction.state in _LATE
