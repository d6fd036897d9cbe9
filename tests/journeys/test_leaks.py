"""Nothing that is secret leaves the terminal or lies in its flash: card numbers, PINs, keys. What is planted is found."""

from __future__ import annotations

import base64
import io
import random
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from emulator import protocol as p
from emulator.acquirer import initial_key, key_id_of
from emulator.clerk import Clerk
from emulator.lines.cable import Cable
from emulator.parts import vault
from emulator.parts.reader import TRAY
from emulator.shop import MERCHANT, TERMINAL, Shop
from host_tools.yuanluctl import authority, transport_keys
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.pull import Pull
from host_tools.yuanluctl.service import Session, issue
from tests.journeys.leaks import encodings, found
from yuanlu.wire import service as wire

NAMES = {p.NET_WRITE: "network", p.SERIAL_WRITE: "serial line", p.LOG: "log", p.PRINT: "paper"}
REPORTS = (
    ("status",), ("diagnose", "--bundle", "bundle.zip"), ("journal", "tail", "-n", "500"), ("journal", "show"),
    ("journal", "export", "csv", "-o", "all.csv"), ("journal", "export", "json", "-o", "all.json"),
    ("journal", "export", "pdf", "-o", "all.pdf"), ("report", "operators"), ("report", "evidence", "t000006", "-o", "one.pdf"),
    ("report", "sheet", "t000006", "-o", "sheet.pdf"), ("rescue", "scan"), ("rescue", "report"),
)  # fmt: skip


class Walked:
    """A day of a shop where people log in: what left the terminal, by the way it took, and what was secret."""

    def __init__(self) -> None:
        self.shop = Shop(real=False, login=1, offline_amount=20_000)
        self.left: dict[str, bytearray] = {name: bytearray() for name in (*NAMES.values(), "screens")}
        self.secrets: dict[str, bytes | str] = {f"card {name}": card.number for name, card in TRAY.items()}
        self.shop.terminal.trace = self._keep
        self.clerk = Clerk(self.shop)
        self.shop.terminal.power_on()
        self._know_pins()
        for number in (8, 1):
            self.clerk.log_in(number)
            self._know_pins()
            if number == 8:
                self.clerk.log_out()
        self._sell_and_refund()
        self._type_transport_key()
        self._technician()
        self._know_keys()

    def _keep(self, _uptime: int, operation: int, body: bytes, _answer: bytes) -> None:
        if operation in NAMES:
            self.left[NAMES[operation]] += body + b"\n"
        elif operation == p.WAIT:
            self.left["screens"] += self.shop.terminal.screen.text.encode() + b"\n"

    def _know_pins(self) -> None:
        for number, pin in self.shop.pins.items():
            self.secrets[f"PIN of {number}, {pin[:2]}"] = pin

    def _sell_and_refund(self) -> None:
        clerk = self.clerk
        for index, card in enumerate(TRAY):
            clerk.start_sale(10_000 + 100 * index, card)
            clerk.see("消费成功")
            clerk.back_to_menu()
        clerk.start_refund(5_000)
        clerk.see("退")
        clerk.back_to_menu()
        self.shop.terminal.plug_network(False)
        clerk.start_refund(1_000, sale=2)
        clerk.back_to_menu()
        self.shop.plug_serial(True)
        self.shop.world.run(30_000)
        self.shop.terminal.plug_network(True)

    def _type_transport_key(self) -> None:
        """Two people, a component each; a third key, so that what was provisioned is no help."""
        clerk, parts = self.clerk, [random.Random(number).randbytes(transport_keys.BYTES) for number in (1, 2)]
        clerk.see("原路退款终端")
        clerk.pick("更多")
        clerk.press("DOWN " * 10 + "ENTER ENTER")
        for person, (signer, part) in enumerate(zip((8, 1), parts, strict=True), 1):
            clerk.sign(signer)
            clerk.see(f"第{person}人的分量")
            digits = transport_keys.groups(part)
            for group in digits:
                clerk.press(" ".join(group) + " ENTER")
            clerk.press("ENTER ENTER")
            self.secrets |= {f"component {person}": part, f"component {person} as typed": "".join(digits)}
            self.secrets |= {f"group {at} of component {person}": group for at, group in enumerate(digits, 1)}
        clerk.see("已存入")
        clerk.back_to_menu()
        self.secrets["transport key"] = transport_keys.joined(*parts)
        assert self.shop.terminal.vault.slots[vault.TRANSPORT][5:37] == self.secrets["transport key"]

    def _technician(self) -> None:
        shop = self.shop
        session = Session(Cable(shop.world, shop.terminal.serial))
        hello, _ = session.hello()
        key = authority.service_key(shop.authority_key, TERMINAL)
        session.open(issue(key, hello, 1, wire.DIAG | wire.PULL), self._supervisor_agrees)
        session.status()
        session.command(wire.SCREEN)
        self.image = Pull(session).run()
        assert self.image == bytes(shop.terminal.flash.data)
        session.close()

    def _supervisor_agrees(self) -> None:
        self.clerk.see("同意请按确认")
        self.clerk.press("ENTER")
        self.clerk.sign(8)

    def _know_keys(self) -> None:
        shop, slots = self.shop, self.shop.terminal.vault.slots
        base = random.Random(f"keys {shop.seed}")
        base_key = base.randbytes(16)
        self.secrets |= {
            "base key": base_key,
            "initial key": initial_key(base_key, key_id_of(MERCHANT, TERMINAL)),
            "reader's key": shop.terminal.reader_key,
            "journal root key": shop.journal_root_key,
            "authority's key": shop.authority_key,
            "authority's key of this terminal": slots[vault.AUTHORITY_KEY],
            "service key": slots[vault.SERVICE_KEY],
            "PIN key": slots[vault.PIN_KEY],
            "master key": slots[vault.MASTER_KEY],
        }
        registers = slots[vault.MESSAGE_KEYS]
        for at in range(16, len(registers) - 16, 16):
            if any(registers[at : at + 16]):  # a register that was used up is zeros
                self.secrets[f"message key {at // 16}"] = registers[at : at + 16]
        sealed = slots[vault.SEAL]
        self.secrets |= {"journal key": sealed[20:52], "pending key": sealed[52:68]}

    def places(self) -> dict[str, bytes]:
        """All that could be read by somebody."""
        terminal = self.shop.terminal
        return {name: bytes(data) for name, data in self.left.items()} | {
            "flash": bytes(terminal.flash.data),
            "training flash": bytes(terminal.training.data),
            "log of the emulator": "\n".join(terminal.log).encode(),
        }


@pytest.fixture(scope="module")
def walked():
    day = Walked()
    yield day
    day.shop.close()


def test_L8_no_secret_leaves_the_terminal_or_lies_in_its_flash(walked: Walked) -> None:
    places = walked.places()
    assert all(len(places[name]) > 1000 for name in ("network", "serial line", "paper", "screens", "flash"))
    assert len(walked.secrets) > 50
    assert found(places, walked.secrets) == []


def test_L8_no_secret_comes_out_of_the_tools(walked: Walked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chip.img").write_bytes(walked.image)
    said = b""
    for words in REPORTS:
        on = ["chip.img"] if words == ("journal", "show") else ["-t", "image:chip.img"]
        done = CliRunner().invoke(yuanluctl, [*words, *on])
        assert done.exit_code in (0, 1), (words, done.output)
        said += done.stdout_bytes + done.stderr_bytes
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "chip.img"}
    assert len(files) == 6 and len(said) > 5000
    assert found(_opened(files) | {"what was printed": said}, walked.secrets) == []


def _opened(files: dict[str, bytes]) -> dict[str, bytes]:
    """Archives and documents by what is in them."""
    out = dict(files)
    for name, content in files.items():
        if name.endswith(".zip"):
            archive = zipfile.ZipFile(io.BytesIO(content))
            out |= {f"{name}/{inner}": archive.read(inner) for inner in archive.namelist()}
        if name.endswith(".pdf"):
            out[f"{name}, its text"] = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).encode()
    return out


def test_control_what_is_planted_is_found_in_every_encoding(walked: Walked) -> None:
    noise = random.Random(1).randbytes(5000)
    for what, secret in walked.secrets.items():
        for how, data in encodings(secret):
            if len(data) >= 4:
                places = {"here": noise[:2500] + data + noise[2500:]}
                assert f"{what} in here, as {how}" in found(places, {what: secret}), (what, how)
    # and the vault, which holds keys, would be seen
    kept = {"vault": b"".join(walked.shop.terminal.vault.slots.values())}
    assert any("message key" in line for line in found(kept, walked.secrets))


def test_control_digits_in_the_middle_of_base64(walked: Walked) -> None:
    card = TRAY["visa"].number
    for before in range(5):
        text = base64.b64encode(b"x" * before + card.encode() + b"yyyy")
        assert found({"text": text}, {"card": card})
