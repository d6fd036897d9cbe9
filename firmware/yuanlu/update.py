"""May this firmware be taken here? A visiting module."""

from yuanlu.errors import BadConfig


def check(bundle, board, version, lowest, journal, records, room):
    """BadConfig when this terminal must not take it. board, version: what runs here; lowest: no older one is taken; journal,
    records: the format of the journal here and, bit by bit, the record types that may stand in it; room: bytes for all files."""
    if bundle.terminal != board:
        raise BadConfig("firmware: it is for {}, this is {}".format(bundle.terminal, board))
    if bundle.version <= version or bundle.version < lowest:
        least = version + 1 if lowest <= version else lowest
        raise BadConfig("firmware: version {} is below {}".format(_dotted(bundle.version), _dotted(least)))
    if bundle.journal != journal or records & ~bundle.records:
        raise BadConfig("firmware: it cannot read the whole journal of this terminal")
    if bundle.length > room:
        raise BadConfig("firmware: larger than the {} bytes there are for it".format(room))


def _dotted(version):
    """As it is written: 1.2.3."""
    return "{}.{}.{}".format(version >> 24, version >> 16 & 255, version & 0xFFFF)
