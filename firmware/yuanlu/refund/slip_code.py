"""The code on a slip by which its transaction is found again. A visiting module."""


def encode(terminal, batch, trace, date):
    """terminal, batch, trace and yyyymmdd as short ASCII text."""
    return "{}-{:06d}-{:06d}-{:08d}".format(terminal, batch, trace, date)
