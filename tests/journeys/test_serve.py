"""The served emulator from its door: what the control API answers to what nobody should send, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from emulator.shop import Shop
from host_tools.yuanluctl.cli import yuanluctl

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.micropython


@pytest.fixture
def served() -> "Iterator[tuple[subprocess.Popen[str], Connection]]":
    """A served shop of its own and a connection to its control API."""
    command = [sys.executable, "-m", "emulator", "serve"]
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # in the background it would be ignored, by the child too
    try:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = threading.Timer(60, process.kill)
    deadline.start()
    assert process.stdout is not None
    found = re.search(r"http://(\S+)/", process.stdout.readline())
    assert found is not None, process.communicate()[1]
    with connect(f"ws://{found[1]}/control", max_size=None) as page:
        yield process, page
    deadline.cancel()
    process.kill()
    process.communicate()


def answer(page: Connection) -> dict[str, Any]:
    """The next frame that is no state."""
    while True:
        frame = json.loads(page.recv(timeout=20), parse_constant=pytest.fail)
        if "event" not in frame:
            return dict(frame)


def test_what_cannot_be_read_is_answered_and_the_connection_stays(
    served: "tuple[subprocess.Popen[str], Connection]",
) -> None:
    _, page = served
    first = json.loads(page.recv(timeout=20))
    assert (first["event"], first["state"]["version"]) == ("state", 1)
    asked = CliRunner().invoke(yuanluctl, ["status", "-t", f"emu:{page.remote_address[1]}", "--json"])
    assert (asked.exit_code, json.loads(asked.stderr)["error"]["code"]) == (2, "blank")  # its chip, before the first sale
    frames: list[tuple[str | bytes, str]] = [
        (b'{"id": 1, "do": "state"}', "a text frame is expected, not a binary one"),
        ('{"id": NaN, "do": "state"}', "not JSON"),
        ('{"id": 1e999, "do": "state"}', "id is a text or a whole number"),
        ('{"id": true, "do": "state"}', "id is a text or a whole number"),
        ('{"id": [1], "do": "state"}', "id is a text or a whole number"),
        ("{", "not JSON"),
        ("7", "an object is expected"),
    ]
    for frame, error in frames:
        page.send(frame)
        told = answer(page)
        assert (told["id"], told["ok"]) == (None, False)
        assert error in told["error"]
    for name in (1, "one", None):
        page.send(json.dumps({"id": name, "do": "tear"}))
        assert answer(page) == {"id": name, "ok": True, "result": None}


def test_ctrl_c_ends_it_quietly_after_the_serial_cable_was_plugged(
    served: "tuple[subprocess.Popen[str], Connection]",
) -> None:
    process, page = served
    page.send('{"id": 1, "do": "serial", "plugged": true}')
    assert answer(page)["ok"]
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (130, "")


def test_a_shop_may_be_closed_twice() -> None:
    shop = Shop(real=True)
    shop.plug_serial(True)
    laptop = shop._laptop
    shop.close()
    shop.close()
    assert isinstance(laptop, subprocess.Popen) and laptop.poll() is not None, "the bridge runs on"
