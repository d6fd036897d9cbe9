"""The serial line: its framing against bytes assembled by hand, then a real line with the bridge program at its end."""

import fcntl
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
import tty
from pathlib import Path

import pytest

from host_tools.yuanluctl.hdlc import Deframer, Frame, fcs16, frame
from host_tools.yuanluctl.relay import port_trouble

ROOT = Path(__file__).parents[2]
SECONDS = 10.0
HERE, OPEN, OPENED, FAILED, DATA, ACK, CLOSED = range(1, 8)
BY_HAND = [
    (Frame(1, 1, 0, 0, b""), "7e 0101 00000000 00 8e17 7e"),
    (Frame(1, 2, 0xDEADBEEF, 0, b""), "7e 0102 deadbeef 00 c65c 7e"),
    # Flag and escape in the session, the sequence and the body ...
    (Frame(1, 5, 0x7D7E0011, 0x7E, b"\x00}~^] \xff"), "7e 0105 7d5d7d5e0011 7d5e 007d5d7d5e5e5d20ff 4295 7e"),
    # ... and in the FCS, which is 7D 7E.
    (Frame(1, 3, 0x00001E29, 0, b""), "7e 0103 00001e29 00 7d5d7d5e 7e"),
]
HERE_LINE = bytes.fromhex(BY_HAND[0][1])
OPEN_LINE = bytes.fromhex(BY_HAND[1][1])


def residue(data: bytes) -> int:
    """The FCS register after `data`, bit by bit (RFC 1662, appendix C.2)."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ 0x8408 if register & 1 else register >> 1
    return register


def test_check_value_of_x25() -> None:
    assert fcs16(b"123456789") == 0x906E


@pytest.mark.parametrize(("message", "line"), BY_HAND)
def test_by_hand(message: Frame, line: str) -> None:
    assert frame(*message) == bytes.fromhex(line)
    assert Deframer().feed(bytes.fromhex(line)) == [message]


def test_fcs_leaves_the_residue_of_the_rfc() -> None:
    line = frame(1, 5, 0x01020304, 9, b"no flag, no escape")
    assert b"\x7d" not in line
    assert residue(line[1:-1]) == 0xF0B8
    assert residue(line[1:-3] + line[-2:-4:-1]) != 0xF0B8  # high byte first would not do


@pytest.mark.parametrize("number", [{"session": 1 << 32}, {"sequence": 256}, {"kind": -1}])
def test_numbers_that_do_not_fit(number: dict[str, int]) -> None:
    with pytest.raises(OverflowError):
        frame(**{"channel": 1, "kind": 5, "session": 1, "sequence": 0, **number}, body=b"")


def test_byte_by_byte() -> None:
    deframer = Deframer()
    line = b"".join(bytes.fromhex(line) for _, line in BY_HAND)
    received = [message for byte in line for message in deframer.feed(bytes([byte]))]
    assert received == [message for message, _ in BY_HAND]
    assert not deframer.dropped


def test_one_flag_between_two_frames() -> None:
    assert Deframer().feed(HERE_LINE[:-1] + OPEN_LINE) == [BY_HAND[0][0], BY_HAND[1][0]]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("7e 0102 deadbeef 00 c65d 7e", "fcs"),  # one bit of the FCS
        ("7e 0102 deadbeee 00 c65c 7e", "fcs"),  # one bit of the session
        ("7e 0102 deadbeef 00 5cc6 7e", "fcs"),  # high byte first
        ("7e 0101 000000 00 1122 7e", "short"),
        ("7e 0102 deadbeef 00 c65c 7d 7e", "aborted"),  # RFC 1662, section 4.3
        ("7e 7d 7e", "aborted"),
    ],
)
def test_damage_costs_that_frame_only(damage: str, reason: str) -> None:
    deframer = Deframer()
    assert deframer.feed(bytes.fromhex(damage) + OPEN_LINE) == [BY_HAND[1][0]]
    assert deframer.dropped == {reason: 1}


def test_too_short_with_a_good_fcs() -> None:
    plain = bytes.fromhex("010200000000")
    line = b"\x7e" + plain + fcs16(plain).to_bytes(2, "little") + b"\x7e"
    deframer = Deframer()
    assert deframer.feed(line) == []
    assert deframer.dropped == {"short": 1}


def test_longest_and_one_more() -> None:
    deframer = Deframer()
    longest, one_more = frame(1, 5, 1, 0, b"0" * 1091), frame(1, 5, 1, 0, b"0" * 1092)
    assert [len(message.body) for message in deframer.feed(longest)] == [1091]
    assert deframer.feed(one_more + OPEN_LINE) == [BY_HAND[1][0]]
    assert deframer.dropped == {"long": 1}


def test_length_counts_after_unescaping() -> None:
    body = b"\x7e" * 1091
    assert [message.body for message in Deframer().feed(frame(1, 5, 1, 0, body))] == [body]


def test_a_line_without_flags_fills_no_memory() -> None:
    deframer = Deframer(limit=50)
    for _ in range(1000):
        assert deframer.feed(b"U" * 100) == []
    kept = [value for value in vars(deframer).values() if isinstance(value, bytearray)]
    assert [len(value) for value in kept] == [50]
    assert deframer.feed(HERE_LINE) == [BY_HAND[0][0]]
    assert deframer.dropped == {"long": 1}


@pytest.mark.parametrize("seed", range(20))
def test_garbage_between_frames(seed: int) -> None:
    chance = random.Random(seed)
    expected, line = [], bytearray()
    for number in range(1, 100):
        message = Frame(1, 5, chance.getrandbits(32), number, chance.randbytes(chance.randrange(60)))
        # The garbage may swallow the flag that opens the next frame, as an escape does: hence two flags.
        line += chance.randbytes(chance.randrange(1, 40)) + b"\x7e" + frame(*message)
        expected.append(message)
    deframer, received, start = Deframer(), [], 0
    while start < len(line):
        end = start + chance.randrange(1, 90)
        received += deframer.feed(bytes(line[start:end]))
        start = end
    assert [message for message in received if message in expected] == expected
    assert len(received) == len(expected), "garbage passed the FCS: 1 in 65 536, these seeds have none"
    assert sum(deframer.dropped.values()) >= 90


class Cable:
    """A real pty that programs reach as `device`; the test is the terminal at its other end."""

    def __init__(self, device: Path) -> None:
        self.device, self.deframer = device, Deframer()
        self.heard: list[Frame] = []
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        device.symlink_to(os.ttyname(self.slave))

    def say(self, kind: int, session: int, sequence: int = 0, body: bytes = b"") -> None:
        os.write(self.master, frame(1, kind, session, sequence, body))

    def hear(self, kind: int) -> Frame:
        """The next frame of this kind; those before it are passed over."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            while self.heard:
                if self.heard[0].kind == kind:
                    return self.heard.pop(0)
                self.heard.pop(0)
            if select.select([self.master], [], [], 0.1)[0]:
                self.heard += self.deframer.feed(os.read(self.master, 4096))
        pytest.fail(f"no frame of kind {kind} within {SECONDS} s")

    def pull(self) -> None:
        self.device.unlink()
        os.close(self.slave)
        os.close(self.master)


def start(target: str, *devices: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "host_tools.yuanluctl", "bridge", "--to", target, "--json"]
    for device in devices:
        command += ["--port", str(device)]
    # A shell that runs the tests in the background has them ignore Ctrl-C, and whatever they start would inherit that.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def test_bridge_on_a_real_line(tmp_path: Path) -> None:
    cable = Cable(tmp_path / "terminal")
    request, answer = b"\x00\x1e" + b"~}request" + bytes(21), b"\x00\x14" + b"~}answer" + bytes(12)
    with socket.create_server(("127.0.0.1", 0)) as acquirer:
        acquirer.settimeout(SECONDS)
        bridge = start(f"127.0.0.1:{acquirer.getsockname()[1]}", cable.device)
        try:
            cable.hear(HERE)
            cable.say(OPEN, 7)
            upstream, _ = acquirer.accept()
            upstream.settimeout(SECONDS)
            assert cable.hear(OPENED).session == 7
            for _ in range(3):
                cable.say(DATA, 7, 0, request)
            assert [cable.hear(ACK).sequence for _ in range(3)] == [0, 0, 0]
            upstream.sendall(answer[:5])
            upstream.sendall(answer[5:])
            assert [cable.hear(DATA) for _ in range(2)] == [Frame(1, DATA, 7, 0, answer)] * 2  # not acknowledged: again
            cable.say(ACK, 7)
            cable.say(CLOSED, 7)
            with upstream, upstream.makefile("rb") as stream:
                assert stream.read() == request  # once, up to the end of the connection
            acquirer.close()
            cable.say(OPEN, 8)
            assert b"refused" in cable.hear(FAILED).body
            cable.pull()
            cable = Cable(tmp_path / "terminal")
            cable.hear(HERE)
        finally:
            bridge.terminate()
            out, err = bridge.communicate(timeout=SECONDS)
    events = [json.loads(line)["event"] for line in out.splitlines()]
    expected = "line-open connecting opened sent delivered closed connecting failed line-lost line-back"
    assert (events, err, bridge.returncode) == (expected.split(), "", 0)


def test_one_bridge_serves_several_lines_while_one_of_them_is_pulled(tmp_path: Path) -> None:
    first, second = Cable(tmp_path / "first"), Cable(tmp_path / "second")
    request = b"\x00\x14" + bytes(20)
    with socket.create_server(("127.0.0.1", 0)) as acquirer:
        acquirer.settimeout(SECONDS)
        bridge = start(f"127.0.0.1:{acquirer.getsockname()[1]}", first.device, second.device)
        try:
            open_at_acquirer = []
            for cable, session in ((first, 7), (second, 8)):
                cable.hear(HERE)
                cable.say(OPEN, session)
                open_at_acquirer.append(acquirer.accept()[0])
                assert cable.hear(OPENED).session == session
            first.say(CLOSED, 7)
            assert open_at_acquirer[0].recv(64) == b""
            first.pull()
            second.say(DATA, 8, 0, request)
            assert second.hear(ACK).session == 8
            assert open_at_acquirer[1].recv(64) == request
            first = Cable(tmp_path / "first")
            first.hear(HERE)
            bridge.send_signal(signal.SIGINT)
            assert second.hear(CLOSED).session == 8, "each is told that nobody is there any more"
            for connection in open_at_acquirer:
                connection.close()
        finally:
            bridge.terminate()
            out, err = bridge.communicate(timeout=SECONDS)
    told = [json.loads(line) for line in out.splitlines()]
    assert {Path(one["port"]).name for one in told if one["event"] == "opened"} == {"first", "second"}
    assert {Path(one["port"]).name for one in told if one["event"] == "line-back"} == {"first"} and err == ""


def test_the_same_line_twice_or_one_that_is_missing_ends_it_at_the_start(tmp_path: Path) -> None:
    cable = Cable(tmp_path / "terminal")
    for other, code in ((cable.device, 4), (tmp_path / "missing", 3)):
        bridge = start("127.0.0.1:9", cable.device, other)
        _, err = bridge.communicate(timeout=SECONDS)
        assert bridge.returncode == code and other.name in json.loads(err)["error"]["message"]


def test_ctrl_c_ends_the_session_quietly(tmp_path: Path) -> None:
    cable = Cable(tmp_path / "terminal")
    with socket.create_server(("127.0.0.1", 0)) as acquirer:
        bridge = start(f"127.0.0.1:{acquirer.getsockname()[1]}", cable.device)
        cable.hear(HERE)
        cable.say(OPEN, 7)
        cable.hear(OPENED)
        bridge.send_signal(signal.SIGINT)
        assert cable.hear(CLOSED).session == 7
        assert (bridge.communicate(timeout=SECONDS)[1], bridge.returncode) == ("", 130)


@pytest.mark.parametrize(
    ("device", "target", "code", "advice"),
    [
        ("missing", "127.0.0.1:9", 3, "list_ports"),
        ("busy", "127.0.0.1:9", 4, "Close the other program"),
        ("busy", "127.0.0.1", 2, "192.0.2.7:8583"),
        ("busy", "127.0.0.1:65536", 2, "192.0.2.7:8583"),
    ],
)
def test_wrong_use_is_one_line_with_a_remedy(tmp_path: Path, device: str, target: str, code: int, advice: str) -> None:
    fcntl.flock(Cable(tmp_path / "busy").slave, fcntl.LOCK_EX)
    bridge = start(target, tmp_path / device)
    out, err = bridge.communicate(timeout=SECONDS)
    assert (out, bridge.returncode, err.count("\n")) == ("", code, 1)
    assert advice in err
    error = json.loads(err)["error"]
    wanted = {3: ("no_port", True), 4: ("port", True), 2: ("usage", False)}[code]
    assert (error["exit"], (error["code"], error["retryable"])) == (code, wanted) and bool(error["hint"]) == (code != 2)


def test_list_says_which_port_is_busy_or_not_permitted(tmp_path: Path) -> None:
    """In words too, with exit 4. Control: a port that is not there is none of these, whatever else this computer has."""
    fcntl.flock(Cable(tmp_path / "busy").slave, fcntl.LOCK_EX)
    device = os.path.realpath(tmp_path / "busy")
    told = {}
    for name in (device, "/dev/ttyNOT"):
        command = [sys.executable, "-m", "host_tools.yuanluctl", "list", name]
        told[name] = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "LANG": "C"})
    assert told[device].returncode == 4 and f"{device} is busy. Close" in told[device].stdout
    assert told["/dev/ttyNOT"].returncode != 0 and "ttyNOT" not in told["/dev/ttyNOT"].stdout


def test_no_permission_names_the_command() -> None:
    trouble = port_trouble("/dev/ttyUSB0", PermissionError(13, "Permission denied"))
    assert "sudo usermod -aG dialout $USER" in trouble.text("en")
    assert (trouble.name, trouble.exit) == ("port", 4)
