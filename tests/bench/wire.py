"""The wire's figures for `make bench`: the codec beside pyiso8583, offline refunds drained, the share of the serial line that
exchanges reach. docs/performance.md says how each is made."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import iso8583 as peer

from device import measured
from emulator import protocol as p
from emulator.acquirer.message import SPEC
from emulator.clerk import Clerk
from emulator.lines.serial import BAUD, LocalBridge
from emulator.shop import Shop
from host_tools.yuanluctl import bridge
from host_tools.yuanluctl.hdlc import Deframer
from yuanlu.wire import iso8583

BUDGETS = {
    "wire.codec_encode_vs_pyiso8583": (">=", 3),
    "wire.codec_decode_vs_pyiso8583": (">=", 2),
    "wire.serial_share_of_line": (">=", 0.8),
}
PREFIX = 13  # length, TPDU and header
QUEUED = 15  # refunds: as many as a ring of 16 sectors holds open
ROUNDS, CALLS = 400, 10  # few calls in a row: on a busy machine the slower side would lose its turn more often
BYTES_PER_MS = BAUD / 10_000  # 8N1
NO_WAIT: dict[str, Any] = {"base_ms": 10, "cap_ms": 10, "open_limit": 32, "offline_count": QUEUED}  # the shortest waits there are

Event = tuple[int, str, bytes]  # ms since power-up, ">" from or "<" to the terminal, bytes


def opened(real: bool) -> Clerk:
    """A terminal at its menu that does not wait between tries, with one sale."""
    shop = Shop(real=real, **NO_WAIT)
    clerk = Clerk(shop)
    shop.terminal.power_on()
    clerk.see("原路退款终端", "网", within_ms=5000)
    clerk.start_sale(1_000_000)
    clerk.see("消费成功")
    clerk.back_to_menu()
    return clerk


def queue(clerk: Clerk) -> None:
    """Refunds while no line is there."""
    clerk.terminal.plug_network(False)
    for _ in range(QUEUED):
        clerk.start_refund(100)
        clerk.see("退款待上送", "金额")
        clerk.back_to_menu()


def recorded(clerk: Clerk, write: int, data: int, skip: int) -> list[Event]:
    """From now on, what the terminal writes and is given by these two names of the pipe; `skip` bytes are a handle."""
    events: list[Event] = []

    def note(now: int, operation: int, body: bytes, answer: bytes) -> None:
        if operation == write:
            events.append((now, ">", bytes(body[skip:])))
        at = 0
        while operation == p.WAIT and at < len(answer):
            kind, length = p.EVENT.unpack_from(answer, at)
            at += p.EVENT.size
            if kind == data:
                events.append((now, "<", bytes(answer[at + skip : at + length])))
            at += length

    clerk.terminal.trace = note
    return events


def wait_for_slips(clerk: Clerk) -> None:
    """Until each queued refund has come to its end and its second slip."""
    paper = clerk.terminal.paper
    before = len(paper)
    if not clerk.shop.world.run_until(lambda: len(paper) >= before + QUEUED, 60_000):
        raise SystemExit("bench: the queued refunds did not come to their end")
    if not all("退货成功" in slip for slip in paper[before:]):
        raise SystemExit("bench: a queued refund was not done")


# ---- the codec


def refund_and_answer() -> list[bytes]:
    """What one refund puts on the wire and what the acquirer answers, each from its type to its MAC."""
    clerk = opened(real=False)
    events = recorded(clerk, p.NET_WRITE, p.NET_DATA, skip=1)
    clerk.start_refund(3000)
    clerk.see("退货成功")
    clerk.shop.close()
    frames = [data[PREFIX:] for _, _, data in events]
    if [frame[:2].hex() for frame in frames] != ["0220", "0230"]:
        raise SystemExit(f"bench: a refund is one 0220 and one 0230, not {[frame[:2].hex() for frame in frames]}")
    return frames


def codec() -> dict[str, float]:
    """Both codecs on the same two messages, turn by turn; the least of the rounds counts for each."""
    ours_encode = theirs_encode = ours_decode = theirs_decode = 0.0
    for message in refund_and_answer():
        message_type, fields = iso8583.decode(message)
        rows = sorted(fields.items())
        named = peer.decode(message, SPEC)[0]
        check_same(message, message_type, rows, named)
        least = least_us(
            [
                partial(iso8583.encode, message_type, rows),
                partial(peer.encode, named, SPEC),
                partial(iso8583.decode, message),
                partial(peer.decode, message, SPEC),
            ]
        )
        ours_encode, theirs_encode = ours_encode + least[0], theirs_encode + least[1]
        ours_decode, theirs_decode = ours_decode + least[2], theirs_decode + least[3]
    return {
        "wire.codec_encode_vs_pyiso8583": theirs_encode / ours_encode,
        "wire.codec_decode_vs_pyiso8583": theirs_decode / ours_decode,
        "wire.codec_encode_cpython_us": ours_encode / 2,
        "wire.codec_decode_cpython_us": ours_decode / 2,
        "wire.pyiso8583_encode_us": theirs_encode / 2,
        "wire.pyiso8583_decode_us": theirs_decode / 2,
    }


def check_same(message: bytes, message_type: str, rows: list[tuple[int, Any]], named: dict[str, str]) -> None:
    """Both make the same bytes, and took the same fields with the same values from them: the peer has raw bytes as hex."""
    told = {"t": message_type, "p": message[2:10].hex().upper()}
    for number, value in rows:
        raw = SPEC[str(number)]["data_enc"] == "b" and not isinstance(value, str)
        told[str(number)] = value if isinstance(value, str) else value.hex().upper() if raw else value.decode("ascii")
    if told != named or not iso8583.encode(message_type, rows) == message == peer.encode(named, SPEC)[0]:
        raise SystemExit("bench: the two codecs do not say the same of a message")


def least_us(works: list[Callable[[], object]]) -> list[float]:
    """Microseconds of one call of each: the least of the rounds, in each of which all have their turn. Nothing is collected."""
    best = [float("inf")] * len(works)
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            for at, work in enumerate(works):
                began = time.perf_counter()
                for _ in range(CALLS):
                    work()
                best[at] = min(best[at], (time.perf_counter() - began) / CALLS * 1e6)
    finally:
        gc.enable()
    return best


def on_device() -> dict[str, float]:
    """One refund request encoded, decoded, and made with its MAC, on MicroPython."""
    figures: dict[str, float] = {}
    for bits, suffix in ((64, ""), (32, "_32_bit")):
        told = measured("wire_on_device.py", bits=bits, heap="4M")
        figures |= {f"wire.{name}{suffix}_us": told[name] for name in ("encode", "decode", "mac")}
    return figures


# ---- the lines


def drained() -> dict[str, float]:
    """Refunds queued offline, from the cable's plug to the last slip, over loopback TCP on real time."""
    clerk = opened(real=True)
    queue(clerk)
    began = time.perf_counter()
    clerk.terminal.plug_network(True)
    wait_for_slips(clerk)
    took = time.perf_counter() - began
    clerk.shop.close()
    return {"wire.refunds_drained_per_s": QUEUED / took}


def serial_line() -> dict[str, float]:
    """The same queue over the serial line, on virtual time, with an acquirer right behind the bridge that takes no time."""
    clerk = opened(real=False)
    queue(clerk)
    events = recorded(clerk, p.SERIAL_WRITE, p.SERIAL_DATA, skip=0)
    LocalBridge(clerk.shop.world, clerk.terminal.serial, clerk.shop.acquirer, upstream_ms=0)
    clerk.terminal.serial.plugged = True
    wait_for_slips(clerk)
    clerk.shop.close()
    return share_of_line(events)


def share_of_line(events: list[Event]) -> dict[str, float]:
    """From the first OPEN to the last byte of the last answer: what the bytes of that time need at the line's rate, and the
    messages alone, against that time."""
    deframers = {">": Deframer(), "<": Deframer()}
    began = ended = on_line = until_answer = messages = exchanges = 0
    for now, way, data in events:
        frames = deframers[way].feed(data)
        if not began and not any(frame.kind == bridge.OPEN for frame in frames):
            continue  # HERE, which makes the terminal try
        began = began or now
        on_line += len(data)
        messages += sum(len(frame.body) for frame in frames if frame.kind == bridge.DATA)
        if way == "<" and any(frame.kind == bridge.DATA for frame in frames):
            exchanges, ended, until_answer = exchanges + 1, now, on_line
    if exchanges != QUEUED:
        raise SystemExit(f"bench: {exchanges} answers came over the serial line, {QUEUED} expected")
    took = ended - began
    share = until_answer / BYTES_PER_MS / took
    if share > 1:
        raise SystemExit(f"bench: the emulated line carries {share:.3f} of what 115 200 baud can")
    return {
        "wire.serial_share_of_line": share,
        "wire.serial_share_of_messages": messages / BYTES_PER_MS / took,
        "wire.serial_exchange_ms": took / exchanges,
    }
