"""What an operation writes, as far as it is a record."""

from __future__ import annotations

from chip import Image, Operation
from yuanlu import record as r
from yuanlu.refund import state as s

SHORTEST = 33  # bytes of the shortest record


def learn(content: dict[int, bytes], operation: Operation) -> None:
    """Note what record number the operation wrote, and what it stands for, unless it is a copy."""
    record = as_record(operation)
    if record is not None and not record.copy:
        content[record.number] = content_of(record)


def as_record(operation: Operation) -> r.Record | None:
    """The record that the operation programs, or None."""
    if operation.kind != "program" or operation.data[:2] not in (b"YL", b"yl") or operation.data[:4] == b"YLJ1":
        return None
    record = r.Record(bytearray(operation.data.ljust(r.LARGEST, b"\xff")))
    return record if record.check() else None


def content_of(record: r.Record) -> bytes:
    """Type, payload and tag: what a number must never stand for twice."""
    return bytes(record.view[4 : r.HEAD + record.length + 8])


def what_of(operation: Operation) -> str:
    """What kind of write it is: vault, erase, header, copy, summary, boot or record."""
    record = as_record(operation)
    if record is None:
        return "header" if operation.kind == "program" else operation.kind
    return "copy" if record.copy else {s.SUMMARY: "summary", s.BOOT: "boot"}.get(record.type, "record")


def carried(operation: Operation) -> dict[int, set[bytes]]:
    content: dict[int, bytes] = {}
    learn(content, operation)
    return {number: {value} for number, value in content.items()}


def lowest_after(tape: list[Operation], lowest: int) -> int:
    """The recovery's own opening may let history leave."""
    for operation in tape:
        record = as_record(operation)
        if record is not None and record.type == s.SUMMARY:
            lowest = max(lowest, record.body().lowest)
    return lowest


def shows(name: str, operation: Operation, image: Image) -> bool:
    """The tear of that name left bytes that every later life can see, and so many that they may once be read as a record."""
    if operation.kind != "program" or name.rsplit(maxsplit=1)[-1] in ("weak", "blank"):
        return False
    old = operation.before.sectors
    for before, after in zip(old, image.sectors, strict=True):
        if after is not before:
            start = operation.where % len(before.data)
            return after.data[start + SHORTEST - 1 :] != before.data[start + SHORTEST - 1 :]
    return False
