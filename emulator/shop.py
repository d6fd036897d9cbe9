"""A shop: one terminal, its acquirer, the lines between them. What the page, the demo and the tests set up."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from emulator import acquirer as acquirers
from emulator import panel
from emulator.child import Child, MicroPython
from emulator.lines.port_server import PortServer
from emulator.lines.serial import LocalBridge
from emulator.parts import vault
from emulator.parts.flash import Flash
from emulator.parts.vault import MASTER_KEY, MESSAGE_KEYS, SEAL, journal_seal, message_keys
from emulator.terminal import Terminal
from emulator.world import World
from host_tools.yuanluctl import authority, bundles

ROOT = Path(__file__).parents[1]
FIRMWARE = ROOT / "build" / "firmware"
MERCHANT, TERMINAL = "898310059990001", "YL000001"
# What the acquirer's profile says of a repeat, by the kind of acquirer it was written for.
PROFILES = {"a": "replays", "b": "duplicate", "c": "nothing", "d": "open_batch"}

SETTINGS: dict[str, Any] = {
    "terminal": TERMINAL,
    "merchant": MERCHANT,
    "shop": "原路小店",
    "epoch": 1,
    "tpdu": "6000030000",
    "header": "603100000000",
    "host": "acquirer.test",
    "port": 8583,
    "repeat": "nothing",
    "answer_ms": 3000,
    "base_ms": 400,
    "cap_ms": 4000,
    "budget": 12,
    "open_limit": 16,
    "query": 0,
    "ask_ms": 1000,
    "old_batches": 0,
    "date_only": 0,
    "offline_count": 5,
    "offline_amount": 20_000,
    "wallet_accepts": 1,
    "wallet_days": 365,
    "wallet_parts": 50,
    "wallet_gap_s": 60,
    "wallet_asks": "60 300 600 1200 1800",
    "wallet_no": "14 51 54 61 62 65",
    "mac": "dukpt",
    "login": 0,
    "limit_operator": 30_000,
    "limit_supervisor": 300_000,
    "shift_count": 10,
    "shift_amount": 200_000,
    "day_count": 20,
    "day_amount": 400_000,
    "old_days": 30,
    "pin_days": 90,
    "open_hours": "0000-2400",
}
PASSPHRASE = "yuanlu emulator"  # of the authority that the emulator makes up
SIGNER = "模拟器"  # of the settings: a throw-away authority of the emulator
STAFF = {1: 1, 2: 1, 8: 2, 9: 2}  # role by id: two operators, two supervisors
# What goes with session keys: no answer is bound to its request there, so nothing can be asked.
WITHOUT_QUERIES = {"query": 0, "wallet_accepts": 0}


class Shop:
    """`real`: real time, TCP and a pty; otherwise virtual time and an acquirer in this process.

    kind: how the acquirer treats a repeat; can_be_asked: it can be asked what became of a refund; attached: (host, port) of
    another acquirer instead of the simulator; beside: the shop whose world, acquirer and authority this further terminal shares;
    `terminal` is then among the settings.
    """

    def __init__(
        self,
        real: bool,
        kind: str = "a",
        can_be_asked: bool = False,
        seed: int = 1,
        firmware: Path = FIRMWARE,
        attached: tuple[str, int] | None = None,
        flash: Flash | None = None,
        child: Callable[[Terminal], Child] = MicroPython,
        beside: Shop | None = None,
        **settings: Any,
    ) -> None:
        self.world: World = beside.world if beside else World(real, seed)
        self.seed = seed
        keys = random.Random(f"keys {seed}")
        base_key, reader_key, pending_key = (keys.randbytes(16) for _ in range(3))
        master_key = keys.randbytes(16)
        self.transport_key = random.Random(f"transport {seed}").randbytes(32)
        pins = random.Random(f"pins {seed}")
        self.pins = {number: _pin(pins, role) for number, role in STAFF.items()}  # as they are now, by id
        self._draws, self.authority_key = pins, pins.randbytes(32)
        self.journal_root_key = authority.journal_root_key(self.authority_key)
        mac = settings.get("mac", SETTINGS["mac"])
        self.id = str(settings.get("terminal", TERMINAL))
        session = None if mac == "dukpt" else (mac, master_key)
        self.acquirer: acquirers.Acquirer = (
            beside.acquirer if beside else self._acquirer(kind, can_be_asked, base_key, reader_key, session)
        )
        self.acquirer.take_on(MERCHANT, self.id)
        profile = {"repeat": PROFILES[kind], "query": int(can_be_asked), "old_batches": int(kind in "ab")}
        self.settings = {**SETTINGS, **profile, **({} if mac == "dukpt" else WITHOUT_QUERIES), **settings}
        self.attached = attached is not None
        self.address: tuple[str, int] = beside.address if beside else attached or self._serve(real)
        self.settings["host"], self.settings["port"] = self.address
        signing_key, today = authority.signing_key(self.authority_key), int(f"{self.world.date:%Y%m%d}")
        self.bundle = bundles.of_settings(self.settings, 1, today, SIGNER).signed(signing_key)
        slots = self._provisioned(base_key, pending_key, master_key)
        self.terminal = Terminal(self.world, firmware, self.bundle.to_bytes(), slots, reader_key, flash, child)
        if mac != "dukpt":
            self.terminal.rom = firmware.with_suffix(".session-keys.romfs")
        self._read_at = -1
        self._seen: dict[str, dict[str, Any]] = {}
        self._laptop: subprocess.Popen[bytes] | LocalBridge | None = None
        if not real:
            self.terminal.network.direct[self.address] = self.acquirer

    def _acquirer(
        self, kind: str, can_be_asked: bool, base_key: bytes, reader_key: bytes, session: tuple[str, bytes] | None
    ) -> acquirers.Acquirer:
        """The simulator, with no terminal yet."""
        return acquirers.Acquirer(
            kind,
            base_key=base_key,
            reader_key=reader_key,
            terminals=[],
            query=can_be_asked,
            seed=self.seed,
            clock=lambda: self.world.date,
            session=session,
        )

    def _provisioned(self, base_key: bytes, pending_key: bytes, master_key: bytes) -> dict[int, bytes]:
        """What a new terminal's vault holds, by slot."""
        key_id = acquirers.key_id_of(self.settings["merchant"], self.settings["terminal"])
        return {
            SEAL: journal_seal(self.journal_root_key, self.id, int(self.settings["epoch"]), pending_key),
            MESSAGE_KEYS: message_keys(acquirers.initial_key(base_key, key_id), key_id),
            MASTER_KEY: master_key,
            vault.TRANSPORT: vault.transport(self.transport_key),
            vault.SETTINGS_KEY: bundles.public_key(authority.signing_key(self.authority_key)),
            vault.SETTINGS_TAKEN: vault.settings_taken(self.bundle.version, self.bundle.digest),
            **self._staff(),
        }

    def _staff(self) -> dict[int, bytes]:
        """Operators with random first PINs, and the key for codes by telephone."""
        pin_key = self._draws.randbytes(16)
        people = [vault.Person(number, STAFF[number], pin, self._draws.randbytes(16)) for number, pin in self.pins.items()]
        return {
            vault.OPERATORS: vault.operators(people, pin_key),
            vault.PIN_KEY: pin_key,
            vault.AUTHORITY_KEY: vault.authority_key(self.authority_key, self.id),
            vault.SERVICE_KEY: vault.service_key(self.authority_key, self.id),
        }

    def choose_pin(self, number: int) -> str:
        """Another PIN for that id, which a terminal takes."""
        self.pins[number] = _pin(self._draws, STAFF.get(number, 1))
        return self.pins[number]

    def _serve(self, real: bool) -> tuple[str, int]:
        if not real:
            return SETTINGS["host"], SETTINGS["port"]
        server = acquirers.start(self.acquirer)
        self.world.closing.append(server.stop)
        return server.address

    def plug_serial(self, plugged: bool) -> None:
        """Connect the terminal to a technician's laptop that runs `yuanluctl bridge`, or pull that cable."""
        self.terminal.serial.plugged = plugged
        if plugged and self._laptop is None:
            self._laptop = (
                self._start_bridge() if self.world.real else LocalBridge(self.world, self.terminal.serial, self.acquirer)
            )
        self.terminal.on_change()

    def _start_bridge(self) -> subprocess.Popen[bytes]:
        port = self.terminal.serial.open_pty()
        host, number = self.address
        command = [sys.executable, "-m", "host_tools.yuanluctl", "bridge", "--port", port, "--to", f"{host}:{number}"]
        laptop = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

        def stop() -> None:
            laptop.terminate()
            laptop.wait(10)

        self.world.closing.append(stop)
        return laptop

    def serve_line(self, folder: Path) -> tuple[str, Path]:
        """Offer the terminal's line on TCP, and the authority's key: (target for yuanluctl, key file)."""
        host, port = PortServer(self.world, self.terminal.serial).address
        folder.mkdir(parents=True, exist_ok=True)
        key_file = folder / "authority.key"
        key_file.write_bytes(authority.new(PASSPHRASE, self.authority_key))
        return f"socket://{host}:{port}", key_file

    # ---- for who checks the journal

    def keep(self, folder: Path) -> None:
        """Write the chip, the journal root key and the acquirer's anchor there, as `yuanluctl journal verify` wants them; and the
        settings with the key that checks them, for `yuanluctl config`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "chip.img").write_bytes(bytes(self.terminal.flash.data))
        (folder / "settings.img").write_bytes(bytes(self.terminal.shelf.data))
        (folder / "settings.key").write_text(self.terminal.vault.slots[vault.SETTINGS_KEY].hex() + "\n")
        (folder / "journal.key").write_text(self.journal_root_key.hex() + "\n")
        (folder / "anchor").write_text((self.acquirer.anchor(self.id) or "") + "\n")

    # ---- what both sides believe

    def terminal_ledger(self) -> list[dict[str, Any]]:
        """What the terminal's flash says, read from the chip (anew only after an operation on it), and what it last said of
        settled transactions that have left the ring since."""
        flash = self.terminal.flash
        if self._read_at != flash.operations:
            self._read_at = flash.operations
            settled = {number: row for number, row in self._seen.items() if row["state"] in SETTLED}
            self._seen = settled | {row["number"]: row for row in panel.view(flash, SimpleNamespace(**self.settings))}
        return [self._seen[number] for number in sorted(self._seen)]

    def count_money(self) -> list[str]:
        """Every discrepancy between the flash and the acquirer's ledger, in words; an empty list when all agrees."""
        return compare(self.terminal_ledger(), self.booked())

    def booked(self) -> Booked:
        """What stands at the acquirer, per number."""
        ledger = self.acquirer.ledger
        return {**ledger.money("sale"), **ledger.money("refund"), **ledger.money("void")}

    def close(self) -> None:
        """Switch off and free everything."""
        self.world.close()


def _pin(draws: random.Random, role: int) -> str:
    """Six digits of an operator, eight of a supervisor. Low and high ones by turns: no run."""
    return "".join(str(draws.randrange(5) + 5 * (at % 2)) for at in range(5 if role == 1 else 7)) + "4"


# What may leave the ring: the rest stands on the chip, or is lost.
SETTLED = ("done", "declined", "reversed", "withdrawn", "resolved_done", "resolved_not_done")
# Per number: `amount`, all fen that stand under it, and `times`, how often something was booked.
Booked = dict[str, dict[str, int]]

# What each state allows the acquirer to have booked, in times.
_MAY_BE_BOOKED = {
    "done": (1,),
    "resolved_done": (1,),
    "declined": (0,),
    "reversed": (0,),
    "withdrawn": (0,),
    "resolved_not_done": (0,),
    "queued": (0,),
}


def compare(believed: list[dict[str, Any]], booked_by_number: Booked) -> list[str]:
    """Count the money per number: booked by the acquirer against what the terminal believes; and per sale, with what went back
    in cash, of which no acquirer knows."""
    wrong = _above_the_sale(believed, booked_by_number)
    known = {transaction["number"] for transaction in believed}
    for number in sorted(set(booked_by_number) - known):
        wrong.append(f"{number}: the acquirer booked it, the terminal does not know it")
    for transaction in believed:
        number, state = transaction["number"], transaction["state"]
        booked = booked_by_number.get(number, {"amount": 0, "times": 0})
        if booked["times"] > 1:
            wrong.append(
                f"{number}: the acquirer booked it {booked['times']} times, {_yuan(booked['amount'])} in all "
                f"for a {transaction['kind']} of {_yuan(transaction['amount'])}"
            )
        elif booked["times"] not in _may_be_booked(transaction):
            wrong.append(f"{number}: the terminal says {state}, the acquirer booked {_yuan(booked['amount'])}")
        # Of what is open the terminal claims nothing: less may be booked.
        elif booked["times"] and (
            booked["amount"] > transaction["amount"] or (state in SETTLED and booked["amount"] < transaction["amount"])
        ):
            wrong.append(f"{number}: {_yuan(transaction['amount'])} on the terminal, {_yuan(booked['amount'])} at the acquirer")
    return wrong


def _may_be_booked(transaction: dict[str, Any]) -> tuple[int, ...]:
    if transaction.get("in_cash") or transaction.get("offline_sale"):
        return (0,)
    return _MAY_BE_BOOKED.get(transaction["state"], (0, 1))


def _above_the_sale(believed: list[dict[str, Any]], booked_by_number: Booked) -> list[str]:
    """Sales of which more went back, booked and in cash, than was paid."""
    sales = {one["number"]: one["amount"] for one in believed if one["kind"] == "sale"}
    back = dict.fromkeys(sales, 0)
    for one in believed:
        if one["kind"] != "sale" and one.get("original") in back:
            booked = booked_by_number.get(one["number"], {"amount": 0})["amount"]
            back[one["original"]] += one["amount"] if one.get("in_cash") else booked
    return [
        f"{number}: {_yuan(amount)} was paid, {_yuan(back[number])} went back"
        for number, amount in sales.items()
        if back[number] > amount
    ]


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
