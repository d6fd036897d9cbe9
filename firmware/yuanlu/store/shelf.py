"""Where the signed settings stand: two places of a region of their own, written by turns. A visiting module.

A place is manifest and signature, padded with FF to the unit, then the settings. The manifest is programmed last, so that a
place which power left half written has none. The vault keeps `u32 highest version | 32 digest of the settings whose signature
was checked | 32 digest of those that the journal tells of`: a signature is checked once, not at each start.
"""

from hashlib import sha256

from yuanlu.bundle import HEAD, SETTINGS, Bundle, size
from yuanlu.compat import const
from yuanlu.config import Config
from yuanlu.crypto.two_places import TwoPlaces
from yuanlu.errors import BadConfig, Refused, StoreFull
from yuanlu.refund import state as s

KEY = const(15)  # place of the vault: the authority's public key
_TAKEN = (16, 17)
_LONGEST = const(8192)  # bytes of settings
_AT_ONCE = const(256)


class Shelf:
    """Given a Flash port of an even number of sectors, and the Vault."""

    def __init__(self, flash, vault):
        self.flash, self.vault = flash, vault
        self._taken = TwoPlaces(vault, _TAKEN, 68)
        state = self._taken.state or bytes(68)
        self._highest, self._known, self.told = int.from_bytes(state[:4], "little"), state[4:36], state[36:]
        self._newest = 1  # the place of the newest ones

    def newest(self, passing=0):
        """(Bundle, text) of the newest settings that the authority signed, passing over so many; BadConfig: there are none."""
        found = []
        for place in (0, 1):
            bundle = self._find(place)
            if bundle:
                found.append((bundle.version, place, bundle))
        if len(found) == 2 and found[0][0] < found[1][0]:
            found = found[::-1]
        for _, place, bundle in found[passing:]:
            if self._is_signed(bundle):
                self._newest = place
                return bundle, str(self._read(place, self._front(bundle), bundle.length), "utf-8")
        raise BadConfig("settings: none here that this shop's authority has signed")

    def signed(self):
        """The bytes of the newest settings as the authority signed them; BadConfig."""
        bundle, _ = self.newest()
        front = self._read(self._newest, 0, HEAD + 84 * len(bundle.places) + 64)
        return front + self._read(self._newest, self._front(bundle), bundle.length)

    def take(self, data, last_look=lambda bundle, config: None):
        """Make these bytes the newest settings; they count from the next start. BadConfig: all is as before. last_look: what is
        asked when they are good, and may refuse still."""
        bundle = Bundle(data, SETTINGS)
        start = size(data)
        text = bytes(data[start:])
        if len(bundle.places) != 1 or len(text) != bundle.length or sha256(text).digest() != bundle.places[0][2]:
            raise BadConfig("bundle: the settings in it are not what was signed")
        bundle.check(self.vault.load(KEY))
        last_look(bundle, self._check_next(bundle, str(text, "utf-8")))
        try:
            self._write(1 - self._newest, bytes(data[:start]), text)
        except OSError:
            pass  # it is looked at
        if not self._find(1 - self._newest):
            raise BadConfig("settings: the flash did not keep them")
        self._accept(bundle)

    def note(self, journal):
        """Record in the journal which settings are in force; at another start where there is no room."""
        bundle, _ = self.newest()
        try:
            journal.append(s.CONFIG, (0, 0, bundle.version, bundle.date, bundle.digest))
        except (StoreFull, Refused):
            return
        self.told = bundle.digest
        self._keep()

    def _check_next(self, bundle, text):
        now, before = self.newest()
        if bundle.version <= max(self._highest, now.version):
            raise BadConfig("settings: version {} is not above {}".format(bundle.version, max(self._highest, now.version)))
        if bundle.before != now.digest:
            raise BadConfig("settings: they were made to follow others than version {}".format(now.version))
        wanted, here = Config(text), Config(before)
        if not bundle.terminal == wanted.terminal == here.terminal or wanted.epoch != here.epoch:
            raise BadConfig("settings: of another terminal or epoch")
        return wanted

    def _is_signed(self, bundle):
        if bundle.digest == self._known:
            return True
        try:
            bundle.check(self.vault.load(KEY))
        except BadConfig:
            return False
        self._accept(bundle)
        return True

    def _accept(self, bundle):
        self._highest, self._known = max(self._highest, bundle.version), bundle.digest
        self._keep()

    def _keep(self):
        self._taken.store(self._highest.to_bytes(4, "little") + self._known + self.told)

    def _front(self, bundle):
        """Bytes of a place before the settings."""
        return -(-(HEAD + 84 * len(bundle.places) + 64) // self.flash.unit) * self.flash.unit

    def _find(self, place):
        """The Bundle of a place whose settings are what its manifest says; None."""
        try:
            bundle = Bundle(self._read(place, 0, size(self._read(place, 0, HEAD))), SETTINGS)
        except BadConfig:
            return None
        start = self._front(bundle)
        if len(bundle.places) != 1 or bundle.length > _LONGEST:
            return None
        return bundle if bundle.is_whole(lambda first, count: self._read(place, start + first, count)) else None

    def _address(self, place):
        return place * (self.flash.sectors // 2) * self.flash.sector_size

    def _read(self, place, at, count):
        data = bytearray(count)
        self.flash.read_into(self._address(place) + at, data)
        return data

    def _write(self, place, manifest, text):
        flash, first = self.flash, self._address(place)
        for sector in range(flash.sectors // 2):
            flash.erase(first // flash.sector_size + sector)
        start = -(-len(manifest) // flash.unit) * flash.unit
        self._burn(first + start, text)
        self._burn(first, manifest)

    def _burn(self, address, data):
        flash = self.flash
        data = data + b"\xff" * (-len(data) % flash.unit)
        while data:
            count = min(_AT_ONCE, flash.sector_size - address % flash.sector_size)
            flash.program(address, data[:count])
            address, data = address + count, data[count:]
