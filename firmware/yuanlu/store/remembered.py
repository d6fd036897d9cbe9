"""The sales that fit best what somebody remembers (see refund.match). A visiting module."""

from yuanlu.compat import leave, visit

_BY_FILTER = ("trace", "last_four", "date")  # what the journal's filters know


def best(journal, told, most):
    """Done sales of which at least `match.LEAST` things fit, as Transactions: best first, of equal ones the newest first."""
    match = visit("yuanlu.refund.match")
    filtered = [(name, told[match.FIELDS.index(name)]) for name in _BY_FILTER]
    filtered = [asked for asked in filtered if asked[1] is not None]
    found, count = [], match.known(told)
    try:
        for need in range(count, match.LEAST - 1, -1):
            # Unless so many others are told, a sale that fits in `need` of them fits in one that a filter knows.
            searches = filtered if count - len(filtered) < need else [("trace", None)]
            found += _level(journal, most, searches, lambda body, need=need: match.score(told, body) == need)
            if len(found) >= most:
                break
    finally:
        leave("yuanlu.refund.match")
    return found[:most]


def _level(journal, most, searches, like):
    """What any of these searches finds, each once, the newest first."""
    found = []
    for name, value in searches:
        for sale in journal.sales(most, like=like, **{name: value}):
            if not any(sale.number == other.number for other in found):
                found.append(sale)
    return sorted(found, key=lambda sale: -sale.number)
