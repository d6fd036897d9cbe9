"""Money is an int of fen. Nothing here uses floats."""


def yuan(fen):
    """'1,234.50' for 123450."""
    sign = "-" if fen < 0 else ""
    whole, part = divmod(abs(fen), 100)
    digits = str(whole)
    groups = []
    while len(digits) > 3:
        groups.insert(0, digits[-3:])
        digits = digits[:-3]
    groups.insert(0, digits)
    return "{}{}.{:02d}".format(sign, ",".join(groups), part)
