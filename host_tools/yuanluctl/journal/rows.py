"""The journal's records flat, one a row: for tables, files and screens. No message, no fingerprint, no card number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from host_tools.yuanluctl.journal.decisions import is_resolved
from host_tools.yuanluctl.journal.layout import APPROVAL, LAYOUTS, Record
from host_tools.yuanluctl.journal.ledger import card_of, text_of

PLACE = ("number", "type", "copy", "transaction", "original")
_HEX = ("fingerprint", "message", "mac", "digest")  # no texts
_HIDDEN = ("message", "fingerprint", "mac")
_BY_A_PERSON = ("decider", "evidence")  # in place of operator, rrn and approval, of what a person found done


def columns() -> list[str]:
    """Every name that a row may have, in order."""
    fields = (name for _, names in LAYOUTS.values() for name in (*names, *_BY_A_PERSON) if name not in _HIDDEN)
    return list(dict.fromkeys([*PLACE, *fields, "tag"]))


def rows(records: Iterable[Record]) -> Iterator[dict[str, object]]:
    """Each record as a row."""
    for record in records:
        place = (record.number, record.name, record.is_copy, record.transaction, record.original)
        fields = {name: value for name, value in fields_of(record).items() if not _is_hidden(record, name)}
        if "card" in fields:
            fields["card"] = card_of(record)
        yield {**dict(zip(PLACE, place, strict=True)), **fields, "tag": record.tag.hex()}


def fields_of(record: Record) -> dict[str, int | str]:
    """What its payload says, by name: numbers, texts as they stand but harmless for a screen, anything else in hex digits."""
    found: dict[str, int | str] = {}
    for name, value in record.fields.items():
        if is_resolved(record) and name in ("rrn", "approval"):
            found["evidence"] = text_of(record, "evidence")
        elif is_resolved(record) and name == "operator":
            found["decider"] = record.value(name)
        elif isinstance(value, int):
            found[name] = value
        else:
            found[name] = value.hex() if name in _HEX else text_of(record, name)
    return found


def _is_hidden(record: Record, name: str) -> bool:
    """The digest of an approval too, which a card's fingerprint goes into; that of settings says which they are."""
    return name in _HIDDEN or (name == "digest" and record.type == APPROVAL)
