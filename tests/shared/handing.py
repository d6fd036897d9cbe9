"""Two terminals and a laptop between them, for what is handed over (docs/handover.md). Power may go at any operation of a chip or
a vault; the laptop then begins again with what it has."""

from struct import pack

from hostile_service import _Board, _Dialogs
from parts import NorFlash, Terminal, Vault
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.refund import state as s
from yuanlu.refund.transaction import refund_number
from yuanlu.service import handover
from yuanlu.service.door import SERVICE_KEY, Door
from yuanlu.store import pending
from yuanlu.store.fence import PLACES
from yuanlu.wire import service

OLD, SPARE = "YL000001", "YL000002"
EPOCH = 7
NAMED = OLD.encode() + EPOCH.to_bytes(4, "little")
_TICKET = service.decode_ticket(service.issue(bytes(32), OLD, 7, service.HANDOVER, 50, 900, bytes(16), bytes(16)))


class TearingVault(Vault):
    """Its writes are operations of the chip beside it: power can go in one, and leave what was there torn."""

    def __init__(self, flash):
        super().__init__()
        self.flash = flash

    def store(self, place, data):
        reach = self.flash._reach(len(data))
        if reach:
            self.places[place] = bytes(data[:reach])
        self.flash._end()


class ForgetfulVault(TearingVault):
    """Broken on purpose: it does not keep the fence."""

    def store(self, place, data):
        if place not in PLACES:
            super().store(place, data)


def chip_of(terminal, vault=TearingVault):
    """The chip of a new terminal of that name, whose service key is made of its name."""
    flash = NorFlash(6, 4096, 16)
    flash.vault = vault(flash)
    flash.vault.places[SERVICE_KEY] = service_key(terminal)
    return flash


def service_key(terminal):
    """Of that terminal, as the authority has it."""
    return hmac_sha256(b"authority", terminal.encode())


def warrant(old=OLD, spare=SPARE, epoch=EPOCH, install=1):
    """The authority's word to the old terminal; by the page, not by the firmware."""
    names = old.encode() + spare.encode() + pack("<HI", install, epoch)
    key = hmac_sha256(service_key(spare), b"yuanlu handover" + names)
    pad = hmac_sha256(service_key(old), b"yuanlu wrap" + names)
    wrapped = bytes([one ^ two for one, two in zip(key, pad)])
    tag = hmac_sha256(service_key(old), b"yuanlu warrant" + names + wrapped)[:16]
    return names[8:] + wrapped + tag


class Life(Terminal):
    """One life of a terminal, with a technician in it."""

    def __init__(self, flash, terminal, roads=(), install=1):
        super().__init__(flash, roads, terminal=terminal, open_limit=8, epoch=install)
        self.board, self.dialogs = _Board(self, flash), _Dialogs
        self.door = Door(self)
        self.door.ticket = _TICKET

    def command(self, command, given=b""):
        """What the terminal gives; Refused, BadMessage."""
        return handover.do(self.door, command, given)

    def sendable(self):
        """The names for life of the refunds that may go from here."""
        return [refund_number(self.config, t.called) for t in pending.eligible(self.journal)]


class Pair:
    """An old terminal with work of all kinds, a spare one, and what the laptop between them has."""

    def __init__(self, vault=TearingVault):
        self.flashes = chip_of(OLD, vault), chip_of(SPARE, vault)
        old = Life(self.flashes[0], OLD)
        sale = old.sell(10_000)
        old.refund(sale, 1000, s.DONE)
        old.refund(sale, 2000)
        old.refund(sale, 300, s.SILENT)
        old.refund(old.sell(500), 500)
        old.sell(800)  # nothing of it is open: it stays
        Life(self.flashes[1], SPARE).sell(70)
        self.images = [flash.snapshot() for flash in self.flashes]
        self.restore()

    def restore(self):
        for flash, image in zip(self.flashes, self.images):
            flash.restore(image)
        self.blocks, self.receipt = [], b""
        self.power_on()

    def power_on(self):
        """A new life of both."""
        for flash in self.flashes:
            flash.power_on()
        self.old, self.spare = Life(self.flashes[0], OLD), Life(self.flashes[1], SPARE)

    def export(self):
        """All blocks, into the laptop's file."""
        count = int.from_bytes(self.old.command(service.EXPORT, warrant()), "little")
        self.blocks = [self.old.command(service.CAPSULE, pack("<H", index)) for index in range(count)]

    def bring(self):
        """The file to the spare."""
        for block in self.blocks:
            self.spare.command(service.IMPORT, NAMED + block)
        self.receipt = self.spare.command(service.TAKE, NAMED)

    def whole(self):
        """The laptop's work, from where it stands."""
        if not self.blocks:
            self.export()
        if not self.receipt:
            self.bring()
        self.old.command(service.FINISH, self.receipt)

    def undone(self):
        """Export, and back."""
        if not self.blocks:
            self.export()
        self.receipt = self.spare.command(service.DECLINE, NAMED)
        self.old.command(service.ABORT, self.receipt)

    def both_may_send(self):
        """Refunds that could go from either."""
        return [name for name in self.old.sendable() if name in self.spare.sendable()]
