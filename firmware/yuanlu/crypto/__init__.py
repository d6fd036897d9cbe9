"""Keys and MACs, and what seals the messages."""

from yuanlu.compat import leave, visit
from yuanlu.errors import BadConfig


def sealing(mac, vault):
    """What seals the messages under that setting; the other kind does not come into memory. BadConfig when it is not in the image
    (docs/wire.md section 5)."""
    if mac == "dukpt":
        return Dukpt(vault)
    try:
        session_sealing = visit("yuanlu.crypto.session_sealing")
    except ImportError:
        raise BadConfig("config: 'mac' is {}: this terminal carries the image without session keys".format(mac)) from None
    return session_sealing.SessionSealing(vault, mac)


class Dukpt:
    """Given the Vault port; the registers are read when a key is needed and do not stay in RAM. A message is sealed when it is
    made and never again: crypto.session_sealing does it otherwise."""

    has_session = False

    def __init__(self, vault):
        self.vault = vault

    def next_keys(self, at_once=False):
        """See dukpt."""
        return _dukpt("next_keys", self.vault)

    def fits(self, *given):
        """See dukpt."""
        return _dukpt("fits", *given)

    def learn(self, keys):
        """Field 62 of a sign-on's answer brings nothing here."""

    def is_old(self, epoch):
        """What was sealed stays sealed."""
        return False


def _dukpt(what, *given):
    try:
        return getattr(visit("yuanlu.crypto.dukpt"), what)(*given)
    finally:
        leave("yuanlu.crypto.dukpt")
