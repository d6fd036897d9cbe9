"""Who comes second to a line on TCP is told so: over the emulator's port server, and over those that say less."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import serial

from tests.host.test_live import Bench, PortServer2217


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory):
    somebody = Bench(tmp_path_factory.mktemp("bench"))
    yield somebody
    somebody.close()


def test_who_comes_second_is_told_who_has_the_line(bench: Bench) -> None:
    """Control: once that one has gone, the terminal answers."""
    where = urlsplit(bench.target)
    assert where.hostname and where.port
    with socket.create_connection((where.hostname, where.port)) as first:
        host, port = first.getsockname()[:2]
        bench.shop.world.call(lambda: None)
        error = bench.run("ping", "-n", "1", code=4)["error"]
    assert (error["code"], error["retryable"]) == ("taken", True)
    assert f"another program has this line (port already in use by {host}:{port})" in error["message"]
    assert "--wait" in error["hint"]
    assert bench.run("ping", "-n", "1", "--wait", "20")["terminal"] == "YL000001"


@pytest.mark.parametrize(
    ("said", "code", "name"),
    [
        (b"", 4, "taken"),
        (b"Port already in use\r\n", 4, "taken"),
        (b"\x1b[2Jin use", 4, "taken"),
        (b"\x7e\x02", 5, "line_lost"),
    ],
)
def test_a_port_server_that_hangs_up(bench: Bench, tmp_path: Path, said: bytes, code: int, name: str) -> None:
    """The last, as the control, began a frame before: the line is lost."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2 if name == "taken" else 1):
                client, _ = listener.accept()
                with client:
                    if name == "line_lost":
                        client.recv(1)  # a terminal never begins
                    client.sendall(said)

        server = threading.Thread(target=serve)
        server.start()
        error = bench.run("ping", target=f"socket://127.0.0.1:{listener.getsockname()[1]}", code=code)["error"]
        server.join()
    assert error["code"] == name and "\x1b" not in error["message"]
    assert name != "taken" or not said or "in use" in error["message"]


def test_who_comes_second_to_a_port_server_of_rfc_2217(bench: Bench) -> None:
    """pyserial's serves one and lets the next wait, without a word. Control: who comes first gets the terminal."""
    server = PortServer2217(bench.target)
    first = serial.serial_for_url(server.target)
    error = bench.run("ping", "-n", "1", target=server.target, code=4)["error"]
    assert (error["code"], error["retryable"]) == ("unanswered", True) and "another program" in error["message"]
    first.close()
    server.close()
    alone = PortServer2217(bench.target)
    assert bench.run("ping", "-n", "1", target=alone.target)["terminal"] == "YL000001"
    alone.close()


def test_a_port_server_of_rfc_2217_that_hangs_up(bench: Bench) -> None:
    """Control: where nobody listens there is no port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            client.close()

        server = threading.Thread(target=serve)
        server.start()
        target = f"rfc2217://127.0.0.1:{listener.getsockname()[1]}"
        error = bench.run("ping", target=target, code=4)["error"]
        server.join()
    assert error["code"] in ("taken", "unanswered"), "by which of our bytes met the closed end"
    assert bench.run("ping", target=target, code=3)["error"]["code"] == "no_port"
