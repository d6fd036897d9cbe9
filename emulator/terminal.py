"""One emulated terminal: the firmware, and the parts it asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from emulator import protocol as p
from emulator.child import HEAP_KB, Child, ChildEnded, MicroPython
from emulator.lines.network import NetworkLine
from emulator.lines.serial import SerialLine
from emulator.parts import printer, reader, scanner
from emulator.parts.flash import Flash, MisusedFlash, PowerCut
from emulator.parts.screen import Screen
from emulator.parts.vault import Vault
from emulator.world import World
from host_tools.yuanluctl import bundles

TRAINING_SECTORS = 8
SLOT_BYTES = 384 << 10  # of one of the two places for firmware that is brought, at least
SHELF_BYTES = 8192 + 512  # of one of the two places for signed settings, at least
FIRMWARE_PLACES = (28, 29)  # of the vault: which firmware is in force
KEYS = tuple("0123456789") + ("ENTER", "CANCEL", "CLEAR", "UP", "DOWN", "LANG")


class Terminal:
    """Off until `power_on`. `bundle`: its signed settings; `firmware`: the folder that `make build` writes."""

    def __init__(
        self,
        world: World,
        firmware: Path,
        bundle: bytes,
        keys: dict[int, bytes],
        reader_key: bytes,
        flash: Flash | None = None,
        child: Callable[[Terminal], Child] = MicroPython,
    ) -> None:
        self.world, self.firmware, self.reader_key = world, firmware, reader_key
        self.rom = firmware.with_suffix(".romfs")  # what MicroPython runs from
        self.flash = flash or Flash()
        # A region of its own behind the journal's: nobody counts money by it.
        self.training = Flash(TRAINING_SECTORS, self.flash.sector_size, self.flash.unit)
        self.shelf = Flash(2 * -(-SHELF_BYTES // self.flash.sector_size), self.flash.sector_size, self.flash.unit)
        for address, content in bundles.on_shelf(bundle, self.flash.unit):
            self.shelf.program(address, content)
        self._slots: Flash | None = None
        self._restarts = False
        self.vault = Vault(keys)
        self.screen = Screen()
        self.paper: list[str] = []  # what each slip says
        self.slips: list[list[str | printer.Picture]] = []  # as they came out, since power was first on; never torn off
        self.paper_in = True
        self.clock_ahead = timedelta(0)  # of the world's time
        self.log: list[str] = []
        self.network = NetworkLine(world, self.post)
        self.serial = SerialLine(world, self.post)
        self.heap_kb = HEAP_KB  # of the firmware's heap at its next start
        self.heap_bytes = 0  # alive on the firmware's heap when it was last measured
        self.cut_when_sent = False  # power goes as soon as the next bytes have left over the network
        self.on_change: Callable[[], None] = lambda: None
        self.trace: Callable[[int, int, bytes, bytes], None] | None = None
        self._start_child = child
        self._child: Child | None = None
        self._copied: tuple[tuple[bytes, bytes], dict[int, bytes]] | None = None
        self._events: list[bytes] = []
        self._waits_until: int | None = None
        self._waiting = False
        self._powered_at = 0
        world.terminals.append(self)

    # ---- power

    def copy(self) -> None:
        """Remember chip and vault as they are."""
        self._copied = self.flash.copy(), dict(self.vault.slots)

    def put_back(self, vault: bool) -> None:
        """Make the chip what it was at `copy`, with its vault or without. ValueError with power on, or without a copy."""
        if self.is_on or self._copied is None:
            raise ValueError("a chip is put back with the power off, and after a copy was made")
        self.flash.put_back(self._copied[0])
        if vault:
            self.vault.slots = dict(self._copied[1])

    @property
    def slots(self) -> Flash:
        """The chip's region for firmware that is brought, made when it is first asked for: thousands of terminals never do."""
        if self._slots is None:
            self._slots = Flash(self._slot_sectors(), self.flash.sector_size, self.flash.unit)
        return self._slots

    def _slot_sectors(self) -> int:
        return 2 * (1 + -(-SLOT_BYTES // self.flash.sector_size))

    @property
    def was_updated(self) -> bool:
        """Firmware was brought, so that the loader has to choose."""
        return any(self.vault.slots.get(place) for place in FIRMWARE_PLACES)

    @property
    def is_on(self) -> bool:
        """The firmware runs."""
        return self._child is not None

    @property
    def is_idle(self) -> bool:
        """Nothing happens before time passes: off, or waiting with every event taken."""
        return self._child is None or (self._waiting and not self._events)

    def power_on(self) -> None:
        """Start the firmware on the flash as it is."""
        if self._child is not None:
            return
        self._events, self._waiting = [], False
        self._powered_at = self.world.now_ms
        self._child = self._start_child(self)
        self.post(p.CABLE, bytes([self.network.plugged]))
        self.on_change()

    def power_off(self) -> str:
        """Pull the plug: the firmware is gone at once, its connections stay half open. Returns what it had printed."""
        child, self._child = self._child, None
        if child is None:
            return ""
        printed = child.kill()
        self.network.power_cut()
        self.serial.power_cut()
        self.screen.clear()
        self._waiting = False
        self.on_change()
        return printed

    # ---- what a person does

    def press(self, key: str) -> None:
        """One key of the keypad; ValueError for any other."""
        if key not in KEYS:
            raise ValueError(f"no key {key!r}; the keypad has {' '.join(KEYS)}")
        self.post(p.KEY, key.encode())

    def present(self, card: str) -> None:
        """Hold a card of the tray to the reader."""
        if card not in reader.TRAY:
            raise ValueError(f"no card {card!r} in the tray; there are {', '.join(reader.TRAY)}")
        self.post(p.CARD, reader.present(reader.TRAY[card], self.reader_key, self.world.draw))

    def scan(self, text: str) -> None:
        """Hold a QR code with that text to the scanner; ValueError for one that is longer than any."""
        if not 0 < len(text) <= scanner.LONGEST:
            raise ValueError(f"1 to {scanner.LONGEST} characters can be scanned")
        self.post(p.SCAN, text.encode())

    def scan_slip(self, at: int) -> None:
        """Hold a printed slip to the scanner, counted from 0 as they came out; ValueError when there is no such slip or code."""
        if not 0 <= at < len(self.slips):
            raise ValueError(f"no slip {at + 1}; {len(self.slips)} came out")
        self.scan(scanner.text_of(self.slips[at]))

    def plug_network(self, plugged: bool) -> None:
        """Put the network cable in or pull it."""
        self.network.plug(plugged)
        self.post(p.CABLE, bytes([plugged]))
        self.on_change()

    def measure_heap(self) -> int:
        """Bytes alive on the firmware's heap right now (MicroPython only)."""
        self.heap_bytes = 0
        self.post(p.MEASURE, b"")
        if not self.world.run_until(lambda: self.heap_bytes > 0, 5000):
            raise TimeoutError("the firmware did not report its heap")
        return self.heap_bytes

    def post(self, kind: int, data: bytes) -> None:
        """Queue an event for the terminal; lost when it is off."""
        if self._child is not None:
            self._events.append(p.event(kind, data))

    # ---- serving the firmware

    def serve(self) -> None:
        """Let the firmware run until it waits."""
        while self._child is not None and not self._waiting:
            try:
                self._child.step()
            except PowerCut:
                self.power_off()
                if self._restarts:
                    self._restarts = False
                    self.power_on()
            except MisusedFlash as misuse:
                self._stopped(f"flash misused: {misuse}")
            except printer.MisusedPrinter as misuse:
                self._stopped(f"printer misused: {misuse}")
            except ChildEnded as ended:
                self._stopped(str(ended))

    def _stopped(self, why: str) -> None:
        printed = self.power_off().strip()
        self.log.append(f"terminal stopped: {why}" + (f"\n{printed}" if printed else ""))
        self.on_change()

    def answer(self, operation: int, body: bytes) -> bytes | None:
        """What one request gets; None for WAIT, whose answer comes later by `resume`. Raises PowerCut, MisusedFlash."""
        if operation == p.WAIT:
            ms = int.from_bytes(body, "little", signed=True)
            self._waiting = True
            self._waits_until = None if ms < 0 else self.world.now_ms + ms
            return None
        answer = _OPERATIONS[operation](self, body) or b""
        if self.trace is not None:
            self.trace(self.uptime_ms, operation, body, answer)
        if operation == p.NET_WRITE and self.cut_when_sent:
            self.cut_when_sent = False
            raise PowerCut
        return answer

    @property
    def uptime_ms(self) -> int:
        """Milliseconds since power came: the firmware's clock."""
        return self.world.now_ms - self._powered_at

    def wakes_at(self) -> int | None:
        """When the terminal's wait is over; None when only an event ends it."""
        if not self._waiting:
            return None
        return self.world.now_ms if self._events else self._waits_until

    def resume_if_due(self) -> None:
        """Hand over all events that are there, or the end of the wait."""
        due = self.wakes_at()
        if due is None or due > self.world.now_ms:
            return
        events, self._events = b"".join(self._events), []
        if self.trace is not None:
            self.trace(self.uptime_ms, p.WAIT, b"", events)
        self._waiting = False
        if self._child is not None:
            self._child.resume(events)

    # ---- operations

    def _display(self, body: bytes) -> None:
        self.screen.show(body[0], body[1:])
        self.on_change()

    def _print(self, body: bytes) -> bytes:
        if not self.paper_in:
            return b"\x01"
        self.slips.append(printer.read(body))
        self.paper.append(printer.text(self.slips[-1]))
        self.on_change()
        return b"\x00"

    def _region(self, body: bytes) -> tuple[Flash, int]:
        """The chip's region that an address lies in, and where in it."""
        address = int.from_bytes(body[:4], "little")
        for region in (self.flash, self.training):
            if address < len(region.data):
                return region, address
            address -= len(region.data)
        if address < len(self.shelf.data):
            return self.shelf, address
        return self.slots, address - len(self.shelf.data)

    def _program(self, body: bytes) -> None:
        flash, address = self._region(body)
        flash.program(address, body[4:])

    def _erase(self, body: bytes) -> None:
        flash, address = self._region(body)
        flash.erase(address)

    def _read(self, body: bytes) -> bytes:
        flash, address = self._region(body)
        return flash.read(address, int.from_bytes(body[4:6], "little"))

    def _geometry(self, body: bytes) -> bytes:
        flash = self.flash
        regions = [(region.sectors, 2) for region in (flash, self.training, self.shelf)]
        numbers = ((flash.unit, 2), (flash.sector_size, 4), *regions, (self._slot_sectors(), 2))
        return b"".join(number.to_bytes(size, "little") for number, size in numbers)

    def _date(self, body: bytes) -> bytes:
        now = self.world.date + self.clock_ahead
        date = now.year * 10000 + now.month * 100 + now.day
        clock = now.hour * 10000 + now.minute * 100 + now.second
        return date.to_bytes(4, "little") + clock.to_bytes(4, "little") + b"\x01"

    def _set_date(self, body: bytes) -> None:
        date, clock = int.from_bytes(body[:4], "little"), int.from_bytes(body[4:8], "little")
        self.clock_ahead = datetime.strptime(f"{date:08d}{clock:06d}", "%Y%m%d%H%M%S") - self.world.date

    def _log(self, body: bytes) -> None:
        self.log.append(body.decode(errors="replace"))
        self.on_change()

    def _heap(self, body: bytes) -> None:
        self.heap_bytes = int.from_bytes(body[:4], "little")

    def _restart(self, body: bytes) -> None:
        self._restarts = True
        raise PowerCut

    def _net_open(self, body: bytes) -> None:
        self.network.open(body[0], body[3:].decode(), int.from_bytes(body[1:3], "little"))


_OPERATIONS: dict[int, Callable[[Terminal, bytes], bytes | None]] = {
    p.FLASH_READ: Terminal._read,
    p.FLASH_PROGRAM: Terminal._program,
    p.FLASH_ERASE: Terminal._erase,
    p.GEOMETRY: Terminal._geometry,
    p.VAULT_READ: lambda terminal, body: terminal.vault.read(body[0]),
    p.VAULT_WRITE: lambda terminal, body: terminal.vault.write(body[0], body[1:]),
    p.DISPLAY: Terminal._display,
    p.PRINT: Terminal._print,
    p.NET_OPEN: Terminal._net_open,
    p.NET_WRITE: lambda terminal, body: terminal.network.write(body[0], body[1:]),
    p.NET_CLOSE: lambda terminal, body: terminal.network.close(body[0]),
    p.SERIAL_WRITE: lambda terminal, body: terminal.serial.write(body),
    p.RANDOM: lambda terminal, body: terminal.world.draw.randbytes(body[0]),
    p.DATE: Terminal._date,
    p.SET_DATE: Terminal._set_date,
    p.LOG: Terminal._log,
    p.HEAP: Terminal._heap,
    p.RESTART: Terminal._restart,
}
