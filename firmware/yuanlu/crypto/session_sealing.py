"""Sealing under session keys: one MAC key, the MAK, until a sign-on brings another one. WEAK, see docs/wire.md section 5.

In memory only where the settings want it; the ciphers come for a visit.

What the vault keeps of it, little-endian: in place 8 the terminal's master key, the TMK, 16 bytes; in 6 and 7 by turns
    u16 key epoch, from 1 | u8 algorithm, its place in ALGORITHMS | 16 bytes MAK
"""

from struct import pack, unpack

from yuanlu.compat import const, leave, visit
from yuanlu.crypto.cmac import equal
from yuanlu.crypto.two_places import TwoPlaces
from yuanlu.errors import BadConfig, Refused

ALGORITHMS = ("ecb", "x9_19", "sm4")
TMK_PLACE = const(8)  # of the vault
PLACES = (6, 7)
_LENGTH = const(19)
_LAST_EPOCH = const(0xFFFF)
_VISITORS = (".session", ".macs", ".sm4", ".des", "")


class SessionSealing:
    """Given the Vault port and one of ALGORITHMS; BadConfig when the vault holds no master key. No key stays in RAM."""

    has_session = True

    def __init__(self, vault, algorithm):
        self.vault, self.algorithm = vault, algorithm
        if len(vault.load(TMK_PLACE)) != 16:
            raise BadConfig("config: 'mac' is {}, but the vault holds no master key".format(algorithm))

    def next_keys(self, at_once=False):
        """What seals the next message. at_once: it is sent now, and never recorded."""
        return _Seal(self if at_once else None)

    def seal(self, body):
        """(key epoch, field 64) over all before field 64. Refused when there is no MAK."""
        _, epoch, mak = self._kept()
        if not epoch:
            raise Refused("refused.keys")
        return epoch, self._weak(lambda session: session.mac(mak, body, self.algorithm))

    def is_old(self, epoch):
        """Whether a message that was sealed in that epoch (0: never) has to be sealed anew before it is sent. Refused when there
        is no MAK."""
        _, now, _ = self._kept()
        if not now:
            raise Refused("refused.keys")
        return epoch != now

    def fits(self, answer_key, mac_of_request, body, mac):
        """Whether that is the MAC of an answer; body: all before it. It does not say which request it answers."""
        return bool(self._kept()[1]) and equal(self.seal(body)[1], mac)

    def learn(self, keys):
        """The MAK in field 62 of a sign-on's answer is durable when this returns; one that is there already stays. Raises
        BadMessage when the field is no key, Refused when it is none of this terminal."""
        tmk = self.vault.load(TMK_PLACE)
        mak = self._weak(lambda session: session.open_keys(tmk, keys, self.algorithm))
        kept, epoch, known = self._kept()
        if epoch and equal(mak, known):
            return
        epoch = unpack("<H", kept.state[:2])[0] if kept.state else 0
        # What is torn may have been the newer MAK, under the next epoch: that one never comes again.
        epoch = (epoch + (1 if kept.torn else 0)) % _LAST_EPOCH + 1
        kept.store(pack("<HB", epoch, ALGORITHMS.index(self.algorithm)) + mak)

    def _kept(self):
        """(TwoPlaces, key epoch, MAK); epoch 0 when no MAK of this algorithm is there that is surely the newest."""
        kept = TwoPlaces(self.vault, PLACES, _LENGTH)
        if kept.state is None or kept.torn or ALGORITHMS[kept.state[2]] != self.algorithm:
            return kept, 0, b""
        return kept, unpack("<H", kept.state[:2])[0], kept.state[3:]

    def _weak(self, use):
        """What `use` makes of crypto.weak.session, which is forgotten again."""
        try:
            return use(visit("yuanlu.crypto.weak.session"))
        finally:
            for name in _VISITORS:
                leave("yuanlu.crypto.weak" + name)


class _Seal:
    """Of one message. It has no KSN, and no key of its own for the answer."""

    ksn = None
    answer = bytes(16)

    def __init__(self, sealing):
        self.sealing = sealing

    def mac(self, body):
        """Field 64: zeros in a message that is recorded now and sealed before it is sent."""
        return self.sealing.seal(body)[1] if self.sealing else bytes(8)
