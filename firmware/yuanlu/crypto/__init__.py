"""Keys and MACs, and what seals the messages."""

from yuanlu.compat import visit
from yuanlu.errors import BadConfig


def sealing(mac, vault):
    """What seals the messages under that setting; the other kind does not come into memory. BadConfig when it is not in the image
    (docs/wire.md section 5)."""
    if mac == "dukpt":
        return visit("yuanlu.crypto.dukpt").Dukpt(vault)
    try:
        session_sealing = visit("yuanlu.crypto.session_sealing")
    except ImportError:
        raise BadConfig("config: 'mac' is {}: this terminal carries the image without session keys".format(mac)) from None
    return session_sealing.SessionSealing(vault, mac)
