"""Keys and MACs, and what seals the messages."""

from yuanlu.compat import visit


def sealing(mac, vault):
    """What seals the messages under that setting; the other kind does not come into memory."""
    if mac == "dukpt":
        return visit("yuanlu.crypto.dukpt").Dukpt(vault)
    return visit("yuanlu.crypto.session_sealing").SessionSealing(vault, mac)
