"""yuanluctl against a live terminal, over TCP and over a pty: real time, real ports, real MicroPython."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import serial
import serial.rfc2217
from pypdf import PdfReader

from emulator.clerk import Clerk
from emulator.shop import PASSPHRASE, Shop
from host_tools.yuanluctl import authority, bundles, settings, transport_keys
from host_tools.yuanluctl.journal.layout import Geometry
from host_tools.yuanluctl.journal.verify import verify
from tests.conftest import FIRMWARE, ROOT
from tests.host.journal_writer import Writer
from tests.host.new_firmware import built, signed
from tests.host.test_journal_verify import trade

CASE = ["--evidence", "case 1"]


class Bench:
    """A terminal that runs in a thread, and a laptop beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shop = Shop(real=True, firmware=FIRMWARE)
        self.target, self.key_file = self.shop.serve_line(folder)
        self.shop.terminal.power_on()
        clerk = Clerk(self.shop)
        clerk.start_sale(12_300)
        clerk.see("消费成功")
        clerk.back_to_menu()
        self.stopping = False
        self.thread = threading.Thread(target=lambda: self.shop.world.run_until(lambda: self.stopping, 1 << 40))
        self.thread.start()

    def close(self) -> None:
        self.stopping = True
        self.shop.world.call(lambda: None)
        self.thread.join()
        self.shop.close()

    def run(self, *words: str, target: str = "", code: int = 0, passphrase: str = PASSPHRASE, keys: str = "") -> Any:
        """What a verb prints as JSON, or its error. keys: what the clerk presses when a technician asks in."""
        environment = {**os.environ, "YUANLU_PASSPHRASE": passphrase, "YUANLU_AUTHORITY": str(self.key_file), "LANG": "C.UTF-8"}
        where = [] if self.target in words else ["-t", target or self.target]
        command = [sys.executable, "-m", "host_tools.yuanluctl", *words, *where, "--json"]
        verb = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if keys:
            self._press_when_asked(keys, verb)
        out, err = verb.communicate(timeout=240)
        assert verb.returncode == code, (words, verb.returncode, out, err)
        assert "Traceback" not in err
        return json.loads(out if out.strip() else err.strip().split("\n")[-1])

    def settings_now(self) -> bytes:
        """As `config get -o` keeps them."""
        self.run("config", "get", self.target, "-o", str(self.folder / "now.ylb"), keys="ENTER")
        return (self.folder / "now.ylb").read_bytes()

    def ticket(self, rights: str) -> str:
        """For the terminal as it is now."""
        request = self.run("support")["request"]
        words = ["authority", "ticket", str(self.key_file), request, "--allow", rights, "--technician", "9", "--json"]
        environment = {**os.environ, "YUANLU_PASSPHRASE": PASSPHRASE}
        made = subprocess.run(
            [sys.executable, "-m", "host_tools.yuanluctl", *words], cwd=ROOT, env=environment, capture_output=True, check=True
        )
        return str(json.loads(made.stdout)["ticket"])

    def _press_when_asked(self, keys: str, verb: subprocess.Popen[str]) -> None:
        answered = False

        def look() -> None:
            nonlocal answered
            asked = "同意请按确认" in self.shop.terminal.screen.text
            if asked and not answered:
                self.shop.terminal.press(keys)
            answered = asked
            if verb.poll() is None:  # who starts the terminal anew asks in twice
                self.shop.world.at(50, look)

        self.shop.world.call(look)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    somebody = Bench(tmp_path_factory.mktemp("bench"))
    yield somebody
    somebody.close()


def test_ping_and_support_take_no_ticket(bench: Bench):
    told = bench.run("ping", "-n", "2", passphrase="")
    assert told["terminal"] == "YL000001" and len(told["ms"]) == 2 and int(told["head"].split(":")[0]) >= 3
    assert bench.run("support")["request"].startswith("YLR1.")


def test_status_over_tcp_and_over_a_pty(bench: Bench):
    over_tcp = bench.run("status")
    assert over_tcp["waiting"] == [] and over_tcp["batch"] == 1
    assert over_tcp["terminal"] == "YL000001" and over_tcp["head"].count(":") == 1 and over_tcp["firmware"]
    device = bench.shop.terminal.serial.open_pty()
    bench.shop.terminal.serial.plugged = True
    assert bench.run("status", target=device)["trace"] == over_tcp["trace"]
    bench.shop.terminal.serial.plugged = False
    assert bench.run("status", "--timeout", "1", target=device, code=5)["error"]["code"] == "silent"
    plug = threading.Timer(5, lambda: setattr(bench.shop.terminal.serial, "plugged", True))
    plug.start()
    assert bench.run("ping", "-n", "1", "--timeout", "0.5", "--wait", "40", target=device)["terminal"] == "YL000001"
    plug.join()
    bench.shop.terminal.serial.plugged = False


class PortServer2217:
    """A serial port server of RFC 2217, pyserial's own, over the terminal's line."""

    def __init__(self, target: str) -> None:
        self.port = serial.serial_for_url(target, timeout=0.05)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.target = f"rfc2217://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        client, _ = self.listener.accept()
        self.client = client
        port, connection = cast(Any, self.port), cast(Any, self)
        manager = serial.rfc2217.PortManager(port, connection)
        client.settimeout(0.02)
        with client:
            while True:
                try:
                    data = client.recv(1024)
                    if not data:
                        return
                    self.port.write(b"".join(manager.filter(data)))
                except TimeoutError:
                    pass
                except OSError:
                    return
                if came := self.port.read(self.port.in_waiting or 1):
                    self.write(b"".join(manager.escape(came)))

    def write(self, data: bytes) -> None:
        """What the manager has to say."""
        self.client.sendall(data)

    def close(self) -> None:
        self.thread.join(10)
        self.listener.close()
        self.port.close()


def test_status_over_a_port_server_of_rfc_2217(bench: Bench):
    server = PortServer2217(bench.target)
    assert bench.run("status", target=server.target)["batch"] == 1
    server.close()


def test_hold_release_keys_logs_and_time_over_tcp(bench: Bench):
    assert bench.run("queue", "hold", *CASE, keys="ENTER")["waiting"] == []
    assert bench.run("status", code=1)["held"] == "case 1"
    bench.run("queue", "release", *CASE, keys="ENTER")
    assert [one["key"] for one in bench.run("keys", "status")["keys"]][:2] == ["transport", "messages"]
    block = bench.folder / "block"
    for nonsense in ("0123456789ABCDEF" * 4, "D" + "0" * 111, "D0112" + "0" * 100, "D0112B1AX00N0000é" + "0" * 94):
        block.write_text(nonsense)
        assert bench.run("keys", "inject", str(block), code=2)["error"]["code"] == "key_block", "nobody is asked"
    block.write_text("D0112" + "0" * 107)
    assert "key_block" in bench.run("keys", "inject", str(block), keys="ENTER", code=8)["error"]["message"]
    key, protection = bytes(range(16)), bench.shop.transport_key
    block.write_text(transport_keys.wrap(protection, key, b"a new id", 1))
    assert bench.run("keys", "inject", str(block), keys="ENTER")["check"] == transport_keys.check_value(key)
    assert any("ready" in line for line in bench.run("logs")["lines"])
    assert bench.run("time", "sync", "--dry-run") == {"target": bench.target, "dry_run": True, "looked": True}
    assert bench.run("time", "sync", "--dry-run", "--at", "2099-01-01T00:00:00", code=2)["error"]["code"] == "far_date"
    far = bench.run("time", "sync", "--at", "2099-01-01T00:00:00", keys="ENTER", code=2)
    assert far["error"]["code"] == "far_date"
    assert bench.run("status")["date"] < 20990101, "no way would lead back from there"
    assert abs(bench.run("time", "sync", "--yes", keys="ENTER")["seconds"]) < 60


def test_a_pulled_journal_is_the_chip_and_serves_every_verb_for_images(bench: Bench):
    """T-172."""
    image = bench.folder / "chip.img"
    told = bench.run("journal", "pull", "-o", str(image), keys="ENTER")
    assert told["bytes"] == image.stat().st_size and image.read_bytes() == bytes(bench.shop.terminal.flash.data)
    assert bench.run("status", target=f"image:{image}")["waiting"] == []
    assert bench.run("journal", "tail", "-n", "1", keys="ENTER")["records"]
    bench.run("diagnose", "--bundle", str(bench.folder / "support.zip"), keys="ENTER")
    with zipfile.ZipFile(bench.folder / "support.zip") as archive:
        about, log = json.loads(archive.read("about.json")), archive.read("log.txt").decode()
    assert about["live"]["terminal"] == "YL000001" and about["live"]["firmware"] and about["live"]["config"] >= 0
    assert "let in" in log, "the log since power came"
    flash, key = bench.shop.terminal.flash, authority.journal_root_key(bench.shop.authority_key)
    geometry = Geometry(flash.sector_size, flash.unit, flash.sectors)
    assert not verify(image.read_bytes(), geometry, key, "YL000001", 1).findings, "the authority's journal-key is what seals"
    assert verify(image.read_bytes(), geometry, bytes(32), "YL000001", 1).findings, "control"
    assert not list(bench.folder.glob("*.part"))
    (bench.folder / "other.img.YL000001.part").mkdir()  # where what has come is to be kept
    error = bench.run("journal", "pull", "-o", str(bench.folder / "other.img"), keys="ENTER", code=2)["error"]
    assert error["code"] == "file" and "other.img.YL000001.part: Is a directory" in error["message"]
    assert not (bench.folder / "other.img").exists()


def test_papers_name_the_terminal_that_is_on_the_line(bench: Bench, tmp_path: Path):
    """Nobody types its id. Control: the image that was pulled tells check digits alone."""
    answer = bench.run("report", "evidence", "t000001", "-o", str(tmp_path / "e.pdf"), keys="ENTER")
    assert answer["terminal"] == "YL000001" and answer["code"].startswith("YL000001-000001-000001-")
    assert "Terminal  YL000001" in PdfReader(tmp_path / "e.pdf").pages[0].extract_text()
    told = bench.run("report", "operators", keys="ENTER")
    assert told["terminal"] == "YL000001"
    bench.run("journal", "pull", "-o", str(tmp_path / "chip.img"), keys="ENTER")
    alone = bench.run("report", "operators", target=f"image:{tmp_path / 'chip.img'}")
    assert (alone["terminal"], alone["terminal_check"]) == (None, told["terminal_check"])


def test_where_a_pulled_journal_goes_is_looked_at_before_anybody_is_asked(bench: Bench, tmp_path: Path):
    """No key is pressed: it would wait for consent. Control: a file that holds nothing is taken."""
    pull = ("journal", "pull", "-o")
    for where in ("", str(tmp_path), "/dev/null", str(tmp_path / "none/chip.img")):
        assert bench.run(*pull, where, code=2)["error"]["code"] == "file", where
    for words in (("diagnose", "--bundle"), ("journal", "export", "csv", "-o"), ("report", "operators", "-o")):
        assert bench.run(*words, str(tmp_path), code=2)["error"]["code"] == "file", words
    (tmp_path / "older.img").write_bytes(bytes(trade(Writer(), 6).chip))
    (tmp_path / "key").write_bytes(bench.key_file.read_bytes())
    for name in ("older.img", "key"):
        assert bench.run(*pull, str(tmp_path / name), code=8)["error"]["code"] == "holds_records"
    (tmp_path / "note").write_text("nothing that may not be lost")
    assert bench.run(*pull, str(tmp_path / "note"), keys="ENTER")["bytes"] == (tmp_path / "note").stat().st_size


def test_what_was_pulled_stays_where_it_cannot_be_written(bench: Bench, tmp_path: Path):
    """Another journal comes to stand there meanwhile. Control: once there is room, it is taken up, and the part is gone."""
    image, part = tmp_path / "chip.img", tmp_path / "chip.img.YL000001.part"
    other = bytes(trade(Writer(), 6).chip)

    def come() -> None:
        while not part.exists():
            time.sleep(0.01)
        image.write_bytes(other)

    comes = threading.Thread(target=come)
    comes.start()
    assert bench.run("journal", "pull", "-o", str(image), keys="ENTER", code=8)["error"]["code"] == "holds_records"
    comes.join()
    assert image.read_bytes() == other and part.stat().st_size == len(bench.shop.terminal.flash.data)
    image.unlink()
    assert bench.run("journal", "pull", "-o", str(image), keys="ENTER")["kept"] > 1 and not part.exists()


def test_settings_are_got_pushed_and_rolled_back(bench: Bench):
    """What the terminal says no to: tests/host/test_carry.py."""
    old, new = bench.folder / "old.ylb", bench.folder / "new.ylb"
    bench.run("config", "get", bench.target, "-o", str(old), keys="ENTER")
    before = bundles.read(old.read_bytes())
    assert before.to_bytes() == bench.shop.bundle.to_bytes()
    made = settings.following(before, {**before.settings(), "limit_operator": 10_000}, 20261127, "Lin")
    new.write_bytes(made.signed(authority.signing_key(bench.shop.authority_key)).to_bytes())
    changes = [{"name": "limit_operator", "before": 30_000, "after": 10_000}]
    words = ["config", "push", str(new)]
    assert bench.run(*words, "--dry-run", keys="ENTER")["changes"] == changes
    told = bench.run(*words, "--yes", keys="ENTER")
    assert (told["outcome"], told["changes"]) == ("brought", changes)
    bench.run("config", "rollback", str(old), "--by", "Wu", "--yes", keys="ENTER")
    now = settings.newest(bytes(bench.shop.terminal.shelf.data))
    assert (now.version, now.by, now.settings()) == (3, "Wu", bench.shop.settings)


def test_firmware_is_pushed_tried_and_confirmed_over_tcp_and_over_a_pty(bench: Bench, tmp_path: Path):
    """What the terminal says no to, and cuts: tests/host/test_upgrade.py."""
    bundle = signed(bench.shop, built(tmp_path, "0.2.0"))
    (bench.folder / "new.ylb").write_bytes(bundle.to_bytes())
    two = ["firmware", "push", str(bench.folder / "new.ylb")]
    assert bench.run(*two, "--dry-run", keys="ENTER")["outcome"] == "would"
    assert bench.run("firmware", "info", keys="ENTER")["version"] == "0.1.0"
    (bench.folder / "factory.ylb").write_bytes(signed(bench.shop, b"other content", "0.1.0").to_bytes())
    told = bench.run("firmware", "push", str(bench.folder / "factory.ylb"), "--yes", keys="ENTER", code=12)
    assert told["error"]["code"] == "same_version", "of the factory's there is no digest to compare"
    assert bench.run("firmware", "confirm", keys="ENTER", code=8)["error"]["code"] == "refused"
    told = bench.run(*two, "--yes", "--no-confirm", keys="ENTER")
    assert (told["from"], told["to"], told["outcome"]) == ("0.1.0", "0.2.0", "on_trial")
    (bench.folder / "namesake.ylb").write_bytes(signed(bench.shop, b"other content", "0.2.0").to_bytes())
    namesake = ["firmware", "push", str(bench.folder / "namesake.ylb"), "--yes"]
    told = bench.run(*namesake, keys="ENTER", code=12)
    assert told["error"]["code"] == "same_version", "what is on trial is not what would be confirmed"
    assert bench.run("ping")["firmware"] == "0.2.0"
    told = bench.run("firmware", "selftest", keys="ENTER")
    assert told["standing"] == "trial" and all(told["steps"].values())
    told = bench.run("firmware", "rollback", keys="ENTER")
    assert (told["to"], told["outcome"]) == ("0.1.0", "back")
    device = bench.shop.terminal.serial.open_pty()
    bench.shop.terminal.serial.plugged = True
    assert bench.run(*two, "--yes", target=device, keys="ENTER")["outcome"] == "confirmed"
    bench.shop.terminal.serial.plugged = False
    told = bench.run("firmware", "info", keys="ENTER")
    assert (told["version"], told["slot"], told["least"]) == ("0.2.0", 1, "0.2.0")
    assert bench.run(*two, "--yes", keys="ENTER")["outcome"] == "already"
    assert bench.run(*namesake, keys="ENTER", code=12)["error"]["code"] == "same_version"
    (bench.folder / "old.ylb").write_bytes(signed(bench.shop, b"old content", "0.1.9").to_bytes())
    old = ["firmware", "push", str(bench.folder / "old.ylb"), "--yes"]
    assert bench.run(*old, keys="ENTER", code=8)["error"]["code"] == "refused"
    for name, other in (("bare", replace(bundle, signature=bytes(64))), ("stranger's", bundle.signed(bytes(32)))):
        (bench.folder / f"{name}.ylb").write_bytes(other.to_bytes())
        error = bench.run("firmware", "push", str(bench.folder / f"{name}.ylb"), "--dry-run", code=2)["error"]
        assert error["code"] == ("unsigned" if name == "bare" else "bundle"), "told before anything is brought, and anybody asked"


def test_with_a_ticket_a_strangers_file_shows_before_anything_is_brought(bench: Bench):
    """By the public key alone, before anybody is asked. Control: what the authority has signed is brought."""
    public = bench.folder / "public"
    public.write_text(bundles.public_key(authority.signing_key(bench.shop.authority_key)).hex())
    (bench.folder / "strange").write_text(bundles.public_key(bytes(32)).hex())
    good = settings.following(bundles.read(bench.settings_now()), {**bench.shop.settings, "limit_operator": 7}, 20261127, "Lin")
    files = {"good": good.signed(authority.signing_key(bench.shop.authority_key)), "bad": good.signed(bytes(32))}
    files["firmware"] = signed(bench.shop, b"some content", "0.9.0").signed(bytes(32))
    for name, bundle in files.items():
        (bench.folder / f"{name}.ylb").write_bytes(bundle.to_bytes())
    ticket = bench.ticket("diag,config,firmware")
    where = ["--yes", "--ticket", ticket, "--key"]
    for verb, name in (("config", "bad"), ("firmware", "firmware")):
        told = bench.run(verb, "push", str(bench.folder / f"{name}.ylb"), *where, str(public), code=2)
        assert told["error"]["code"] == "bundle" and "not made with that key" in told["error"]["message"]
    told = bench.run(
        "firmware", "push", str(bench.folder / "firmware.ylb"), *where, str(bench.folder / "strange"), keys="ENTER", code=2
    )
    assert told["error"]["code"] == "other_authority", "the key is the stranger's own"
    again = [*where[:2], bench.ticket("diag,config"), "--key"]
    assert bench.run("config", "push", str(bench.folder / "good.ylb"), *again, str(public), keys="ENTER")["outcome"] == "brought"


def test_a_ticket_from_elsewhere_serves_once(bench: Bench):
    request = bench.run("support")["request"]
    words = ["authority", "ticket", str(bench.key_file), request, "--allow", "diag", "--technician", "9"]
    made = subprocess.run(
        [sys.executable, "-m", "host_tools.yuanluctl", *words],
        cwd=ROOT,
        env={**os.environ, "YUANLU_PASSPHRASE": PASSPHRASE},
        capture_output=True,
        text=True,
        check=True,
    )
    ticket = made.stdout.strip()
    error = bench.run("queue", "hold", *CASE, "--ticket", ticket, code=6)["error"]
    assert (error["code"], error["rights"]) == ("not_allowed", ["diag", "queue"]), "and the ticket is still good"
    assert bench.run("status", "--ticket", ticket)["batch"] == 1
    error = bench.run("status", "--ticket", ticket, code=6)["error"]
    assert (error["code"], error["rights"]) == ("no_ticket", ["diag"]) and "--allow diag" in error["hint"]
    assert bench.run("status", "--ticket", "YLT1.abc", code=2)["error"]["code"] == "ticket_text"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["queue", "retry", "99"], "refused"),
        (["queue", "withdraw", "99"], "refused"),
        (["queue", "resolve", "99", "--as", "done", *CASE], "refused"),
        (["queue", "resolve", "99", "--as", "not-done", *CASE], "refused"),
        (["queue", "resolve", "99", "--as", "again", *CASE], "refused"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_not_open_cannot_be_decided(bench: Bench, words: list[str], code: str):
    error = bench.run(*words, keys="ENTER", code=8)["error"]
    assert error["code"] == code and "not_open" in error["message"]
    assert error["reason"] == "not_open" and "Nothing open has this number" in error["message"], "its sentence"
    assert "An earlier call may have done it" in error["hint"] and "queue list" in error["hint"]


def test_L8_a_number_like_a_cards_is_no_evidence(bench: Bench):
    """The tool says from where on; the terminal says so itself to a tool that would pass it. Control: the RRN goes through."""
    for words in (["queue", "hold"], ["queue", "release"], ["queue", "resolve", "99", "--as", "not-done"]):
        error = bench.run(*words, "--evidence", "no 411111111111112", code=2)["error"]
        assert error["code"] == "evidence_card" and "character 4 on" in error["message"], error
        assert "411111" not in json.dumps(error)
    error = bench.run("queue", "release", "--evidence", "112210150700", "--lang", "zh", keys="ENTER", code=8)["error"]
    assert error["reason"] == "not_held" and "可能先前的一次已经放行" in error["hint"]
    assert bench.run("queue", "hold", "--evidence", "x" * 19, code=2)["error"]["code"] == "evidence"


def test_nobody_agrees_nothing_happens(bench: Bench):
    assert bench.run("queue", "withdraw", "99", keys="CANCEL", code=6)["error"]["code"] == "no_consent"


def test_without_the_authority_there_is_nothing(bench: Bench):
    assert bench.run("status", passphrase="wrong passphrase", code=2)["error"]["code"] == "key_file"


def test_queue_list_and_watch_show_what_is_there(bench: Bench):
    assert bench.run("queue", "list")["waiting"] == []
    assert "原路退款终端" in "\n".join(bench.run("watch", "--once")["screen"])


def test_ports_that_are_not_there_are_told_apart(bench: Bench, tmp_path: Path):
    assert bench.run("ping", target="/dev/ttyNOT", code=3)["error"]["code"] == "no_port"
    assert bench.run("ping", target="socket://127.0.0.1:1", code=3)["error"]["code"] == "no_port"
    assert bench.run("ping", target=f"image:{tmp_path}/x", code=12)["error"]["code"] == "image_only"


def test_list_finds_a_terminal_by_its_answer(bench: Bench):
    command = [sys.executable, "-m", "host_tools.yuanluctl", "list", bench.target, "socket://127.0.0.1:1", "--json"]
    told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert [one["terminal"] for one in told["terminals"]] == ["YL000001"]
    assert {"target": "socket://127.0.0.1:1", "why": "no_port"} in told["others"]
