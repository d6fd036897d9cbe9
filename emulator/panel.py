"""What the terminal's flash says, read by the emulator from the chip itself. The terminal is not asked."""

from __future__ import annotations

import re
from typing import Any

from emulator.parts.flash import Flash
from yuanlu.errors import StoreDamaged
from yuanlu.record import LARGEST, OVERHEAD, Record
from yuanlu.refund.state import BOOT, STATE_NAMES, is_final
from yuanlu.refund.transaction import KIND_NAMES, KIND_SALE, ROAD_CASH, ROAD_OFFLINE, Transaction
from yuanlu.wire.messages import refund_number


def records(flash: Flash) -> list[tuple[int, Record]]:
    """Every whole record on the chip in order of number, each once, as (number, its own Record)."""
    found: dict[int, Record] = {}
    image = bytes(flash.data)
    for magic in re.finditer(b"YL|yl", image):
        address = magic.start()
        if address % flash.unit:
            continue
        record = Record(bytearray(image[address : address + LARGEST].ljust(LARGEST, b"\xff")))
        if record.head_is_plausible() and OVERHEAD + record.length <= LARGEST and record.check():
            record.address = address
            found.setdefault(record.number, record)
    return sorted(found.items())


def transactions(flash: Flash) -> list[Transaction]:
    """Every transaction that the chip tells of, folded, in order of number."""
    folded: dict[int, Transaction] = {}
    for _, record in records(flash):
        if record.type == BOOT or record.transaction == 0:
            continue
        transaction = folded.setdefault(record.transaction, Transaction(record.transaction, record.original))
        try:
            transaction.apply(record)
        except StoreDamaged:
            continue
    # What is left of a settled transaction whose beginning has gone from the ring tells nothing.
    return [transaction for transaction in folded.values() if transaction.kind]


def view(flash: Flash, config: Any) -> list[dict[str, Any]]:
    """The transactions as plain data for the page and for counting money. Amounts in fen."""
    return [
        {
            "number": refund_number(config, transaction.called),
            "kind": KIND_NAMES[transaction.kind],
            "original": refund_number(config, transaction.original),
            "amount": transaction.booked if transaction.alarm and not is_final(transaction.state) else transaction.amount,
            "state": STATE_NAMES[transaction.state],
            "trace": transaction.trace,
            "sends": transaction.sends,
            "in_cash": transaction.road == ROAD_CASH,
            "offline_sale": transaction.kind == KIND_SALE and transaction.road == ROAD_OFFLINE,  # it has no number on the wire
            # Done on another terminal: it stands here for the cap alone, under a number that no acquirer knows.
            "brought": transaction.brought and transaction.origin is None,
            "rrn": bytes(transaction.rrn).decode("ascii", "replace").strip("\0"),
        }
        for transaction in transactions(flash)
    ]
