"""What a dead terminal had open, by the image of its chip: a capsule that the authority makes in its place. docs/handover.md.

Nobody knows what became of it after the last record that can be read, nor whether the terminal will wake. So all of it goes over
parked, for a person; and a sale goes along only where nothing is missing that may have been given back of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct, pack_into
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from host_tools.yuanluctl import authority, bundles, handover, settings
from host_tools.yuanluctl.handover import Capsule, Names
from host_tools.yuanluctl.journal.layout import ALARM, HANDOVER, INTENT, REFUND, SALE, Geometry, Record, Summary
from host_tools.yuanluctl.journal.ledger import DONE, STANDINGS, Ledger, Transaction, every_record, fold
from host_tools.yuanluctl.journal.reader import read_journal
from host_tools.yuanluctl.journal.report import Anchor, Kind, Report
from host_tools.yuanluctl.journal.verify import verify
from host_tools.yuanluctl.outcome import Trouble
from yuanlu.wire import service as wire

VERSION = 2  # of a capsule: the authority's, not the terminal's own
_HEAD = Struct("<B8s8sHIH15sHH")
_ORIGIN = Struct("<8sHI")
_DESCRIBED, _FIELDS = 51, 69  # bytes of a payload: up to its description's end, and of a whole SALE
_AMOUNT, _BATCH, _QUALITY = 9, 13, 29  # places in it
_BROUGHT, _ALARM = 0x40, 0x80  # bits of quality
# Findings that say what is missing. Any other one says that somebody wrote.
_MISSING = (Kind.DAMAGE, Kind.DELETION, Kind.MISSING_SECTOR, Kind.TAIL_CUT, Kind.ROLLBACK, Kind.TAIL_CUT_OR_ROLLBACK)


class Dead(NamedTuple):
    """The terminal whose chip it is, as its signed settings have it."""

    terminal: str
    install: int
    merchant: str


class Salvage(NamedTuple):
    """What was found. `left`: open, and not for a spare; `alone`: numbers of refunds that go without their sale."""

    capsule: Capsule
    refunds: list[Transaction]
    left: list[Transaction]
    alone: list[int]
    report: Report


def dead_of(source: str, key: bytes) -> Dead:
    """Whose chip it is, by settings that this authority has signed; Trouble."""
    found = settings.read(source)
    if found.bundle is None or not found.bundle.is_signed_by(bundles.public_key(authority.signing_key(key))):
        raise Trouble("settings", source, "not signed by this authority")
    return Dead(found.values["terminal"], found.values["epoch"], found.values["merchant"])


def salvage(key: bytes, image: bytes, chip: Geometry, dead: Dead, names: Names, anchors: Iterable[Anchor] = ()) -> Salvage:
    """key: the authority's 32 bytes. Trouble where the journal is not as that terminal wrote it, or its business is another's."""
    report = verify(image, chip, authority.journal_root_key(key), dead.terminal, dead.install, anchors)
    wrong = [finding for finding in report.findings if finding.kind not in _MISSING]
    if wrong or not report.records:
        raise Trouble("not_its_journal", dead.terminal, wrong[0].text if wrong else report.verdict)
    journal = read_journal(image, chip)
    records = every_record(journal)
    ledger, taking = fold(records), _taking(records, names)
    ours = [one for one in ledger.unsettled if one.kind == "refund" and not _came(one, taking)]
    left = [one for one in ledger.unsettled if one not in ours]
    summary = journal.summary_of(journal.counted[-1])
    whole = summary if report.consistent else None
    plain, alone, last = [], [], 0
    for one in sorted(ours, key=lambda one: (one.original, one.number)):
        sale = _sale(ledger, one, whole)
        if sale and sale.number != last:
            plain += _family(ledger, sale, dead)
        if not sale:
            alone.append(one.number)
        last = one.original
        plain.append(_block(HANDOVER, sale is not None, _open(one), dead, one))
    return Salvage(_sealed(key, plain, dead, names), ours, left, alone, report)


def _taking(records: list[Record], names: Names) -> int:
    """Number of the record that began a handover to this terminal that was not ended, or 0. Trouble where its own business was
    given away."""
    own = [record for record in records if record.type == HANDOVER and not record.transaction]
    if not own:
        return 0
    standing, other = STANDINGS[own[-1].value("standing")], _other(own[-1]).decode("ascii", "replace")
    if standing == "finished" or (standing == "given" and other != names.spare):
        raise Trouble("given_away", names.old, other)
    return own[-1].number if standing == "taking" else 0


def _other(record: Record) -> bytes:
    other = record.fields["other"]
    return other if isinstance(other, bytes) else b""


def _came(one: Transaction, began: int) -> bool:
    """In the handover that this record began: it is still the business of the terminal that it came from."""
    return bool(began) and any(record.type == HANDOVER and record.number > began for record in one.records)


def _sale(ledger: Ledger, one: Transaction, whole: Summary | None) -> Transaction | None:
    """Its sale, where all that was given back of that is here too."""
    sale = ledger.transactions.get(one.original)
    known = whole is not None and one.original >= max(whole.lowest, whole.unsure)
    return sale if known and sale and sale.kind == "sale" and sale.state in DONE else None


def _family(ledger: Ledger, sale: Transaction, dead: Dead) -> list[bytes]:
    """A block of the sale, and one of each refund or void of it that is done."""
    done = [part for part in ledger.refunds_of(sale.number) if part.state in DONE]
    blocks = [_block(SALE, False, _marked(_newest(sale, (SALE,))), dead, sale)]
    return blocks + [_block(REFUND, True, _marked(_newest(part, (REFUND,))), dead, part) for part in done]


def _newest(one: Transaction, types: tuple[int, ...]) -> Record:
    return next(record for record in reversed(one.records) if record.type in types)


def _marked(record: Record) -> bytes:
    fields = bytearray(record.payload[:_FIELDS])
    fields[_QUALITY] |= _BROUGHT
    return bytes(fields)


def _open(one: Transaction) -> bytes:
    """The fields of a refund that nobody knows the end of. Its batch is none of 0: so it is parked."""
    told = _newest(one, (INTENT, ALARM, HANDOVER))
    fields = bytearray(told.payload[:_DESCRIBED].ljust(_FIELDS, b"\0"))
    batch, trace = one.batch, one.trace
    for attempt in one.attempts:
        batch, trace = (attempt.batch, attempt.trace) if attempt.batch else (batch, trace)
    booked = told.value("booked") if told.type == ALARM else 0
    pack_into("<III", fields, _AMOUNT, max(one.amount, booked), max(1, batch), trace)
    fields[_QUALITY] |= _BROUGHT | (_ALARM if one.alarm else 0)
    return bytes(fields)


def _block(kind: int, has_sale: bool, fields: bytes, dead: Dead, one: Transaction) -> bytes:
    origin = dead.terminal.encode(), dead.install, one.number
    came = [record for record in one.records if record.type == HANDOVER]
    if kind == HANDOVER and came:
        origin = _other(came[-1]), came[-1].value("install"), came[-1].value("told")
    return bytes((kind, has_sale)) + fields + _ORIGIN.pack(*origin)


def _sealed(key: bytes, plain: list[bytes], dead: Dead, names: Names) -> Capsule:
    keys = HKDF(SHA256(), 64, None, b"yuanlu capsule").derive(handover.handover_key(key, names))
    terminals = dead.terminal.encode(), names.spare.encode()
    opens = sum(block[0] == HANDOVER for block in plain)
    epochs = names.install, names.epoch, dead.install
    head = _HEAD.pack(VERSION, *terminals, *epochs, dead.merchant.encode(), len(plain) + 1, opens)
    blocks = [wire.seal(keys, b"H", index, block) for index, block in enumerate([head, *plain])]
    return Capsule(names, [bytes(block) for block in blocks])
