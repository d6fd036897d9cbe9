"""The acquirer simulator on a real port: pieces, many terminals at once, and lines that are torn."""

import socket
import threading
import time

import pytest

from emulator.acquirer import start
from tests.wire.acquirer_frames import echo, refund, sale, take_apart
from tests.wire.acquirers import NOW, RRN, an_acquirer_with_a_sale


@pytest.fixture
def served():
    acquirer = an_acquirer_with_a_sale()
    server = start(acquirer, clock=lambda: NOW)
    yield acquirer, server
    server.stop()


def line_to(server):
    return socket.create_connection(server.address, timeout=5)


def receive(line, size):
    received = b""
    while len(received) < size:
        piece = line.recv(size - len(received))
        assert piece
        received += piece
    return received


def receive_answer(line):
    prefix = receive(line, 2)
    return prefix + receive(line, int.from_bytes(prefix, "big"))


def is_closed(line):
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


def wait_for(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("piece", [1, 2, 3, 50, 1000])
def test_a_frame_may_come_in_pieces(served, piece):
    _, server = served
    frame = refund(RRN)
    with line_to(server) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position in range(0, len(frame), piece):
            line.sendall(frame[position : position + piece])
            time.sleep(0.0005)
        assert take_apart(receive_answer(line), frame)[39] == b"00"


def test_frames_may_come_together_and_are_answered_in_order(served):
    _, server = served
    frames = [sale(trace=1), refund(RRN), sale(trace=2)]
    with line_to(server) as line:
        line.sendall(b"".join(frames))
        for frame in frames:
            assert take_apart(receive_answer(line), frame)[39] == b"00"


def test_terminals_do_not_wait_for_each_other(served):
    acquirer, server = served
    lines = [line_to(server) for _ in range(20)]
    lines[0].sendall(sale()[:10])
    for trace, line in enumerate(lines[1:], start=100):
        frame = refund(RRN, 1, trace)
        line.sendall(frame)
        assert take_apart(receive_answer(line), frame)[39] == b"00"
    for line in lines:
        line.close()
    assert len(acquirer.ledger.money()) == 19


@pytest.mark.parametrize("bad", [b"\0\x13" + bytes(19), b"\x04\x01" + bytes(1025), b"\0\x20" + bytes(32)])
def test_a_bad_frame_closes_its_line_alone_and_is_logged(served, bad):
    acquirer, server = served
    with line_to(server) as line, line_to(server) as other:
        line.sendall(bad)
        assert is_closed(line)
        other.sendall(refund(RRN))
        assert take_apart(receive_answer(other), refund(RRN))[39] == b"00"
    assert acquirer.events[0]["summary"].startswith("bad frame: ")


def test_a_length_that_is_too_long_is_refused_before_anything_else_is_read(served):
    _, server = served
    with line_to(server) as line:
        line.sendall(b"\x04\x01")
        assert is_closed(line)


def test_a_frame_that_breaks_off_is_logged_and_books_nothing(served):
    acquirer, server = served
    with line_to(server) as line:
        line.sendall(refund(RRN)[:-1])
    wait_for(lambda: acquirer.events)
    assert acquirer.events[0]["summary"] == "bad frame: length: says 163, 162 bytes follow"
    assert acquirer.ledger.money() == {}


def test_a_terminal_that_hangs_up_leaves_no_trace(served):
    acquirer, server = served
    with line_to(server) as line:
        line.sendall(refund(RRN))
        receive_answer(line)
    wait_for(lambda: not server.connections)
    assert [event["direction"] for event in acquirer.events] == ["in", "out"]


def test_silence_keeps_the_line_open(served):
    acquirer, server = served
    acquirer.set_mood("loses", 1)
    frame = refund(RRN)
    with line_to(server) as line:
        line.sendall(frame + frame)
        assert take_apart(receive_answer(line), frame)[39] == b"00"
        line.settimeout(0.05)
        with pytest.raises(TimeoutError):
            line.recv(1)
    assert acquirer.ledger.refunded(RRN.decode()) == 500


def test_an_answer_is_held_back_as_long_as_asked(served):
    acquirer, server = served
    acquirer.delay_ms = 120
    with line_to(server) as line:
        line.sendall(sale())
        started = time.monotonic()
        receive_answer(line)
        assert time.monotonic() - started >= 0.1


def test_stop_closes_the_port_and_every_line(served):
    acquirer, server = served
    acquirer.delay_ms = 60_000
    threads = set(threading.enumerate())
    with line_to(server) as idle, line_to(server) as waiting:
        waiting.sendall(refund(RRN))
        wait_for(acquirer.ledger.money)
        server.stop()
        assert is_closed(idle)
        assert is_closed(waiting)
        wait_for(lambda: threads.issuperset(threading.enumerate()))
    with pytest.raises(ConnectionRefusedError):
        line_to(server)


def test_an_answer_given_twice_and_garbage_leave_through_the_port(served):
    acquirer, server = served
    frame = refund(RRN)
    acquirer.set_mood("twice", 1)
    with line_to(server) as line:
        line.sendall(frame)
        assert receive_answer(line) == receive_answer(line)
        acquirer.set_mood("garbage", 1)
        line.sendall(frame)
        assert receive_answer(line).hex() == acquirer.events[-1]["hex"]
        line.sendall(echo())
        assert take_apart(receive_answer(line), echo())[39] == b"00"
