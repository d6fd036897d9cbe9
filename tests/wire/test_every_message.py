"""The table of every message is whole, and pyiso8583 reads each of them as what was put in.

Neither the firmware's codec nor the acquirer's has a say here: the specification is this file's own reading of docs/wire.md.
"""

import iso8583
import pytest

from tests.wire import acquirer_frames as by_hand
from tests.wire.every_message import MAKERS, Exchange, Made, every_exchange, rows
from yuanlu.wire import messages

BCD = {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "len_count": "nibbles", "right_pad": "0"}
TEXT = {"data_enc": "ascii", "len_enc": "bcd", "len_type": 0}
RAW = {"data_enc": "b", "len_enc": "bcd", "len_type": 0}
LLLVAR = {"len_type": 2}
# docs/wire.md section 1, read once more.
FIELDS = (
    {str(field): BCD | {"max_len": digits} for field, digits in {3: 6, 4: 12, 11: 6, 12: 6, 13: 4, 22: 3, 25: 2}.items()}
    | {str(field): TEXT | {"max_len": size} for field, size in {37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 49: 3}.items()}
    | {str(field): BCD | LLLVAR | {"max_len": digits} for field, digits in {48: 322, 60: 17, 61: 29}.items()}
    | {str(field): TEXT | LLLVAR | {"max_len": size} for field, size in {62: 48, 63: 163}.items()}
    | {"57": RAW | LLLVAR | {"max_len": 255}, "64": RAW | {"max_len": 8}}
)
SPEC = {"h": RAW | {"max_len": 0}, "t": RAW | {"max_len": 2}, "p": RAW | {"max_len": 8}} | FIELDS
TPDU, TPDU_BACK = bytes.fromhex("6000030000"), bytes.fromhex("6000000003")
HEADER = bytes.fromhex("603100000000")


def taken_apart(frame: bytes, tpdu: bytes = TPDU) -> dict[str, str]:
    """Type and fields of a frame whose surroundings are right, field 64 among them."""
    assert int.from_bytes(frame[:2], "big") == len(frame) - 2
    assert frame[2:13] == tpdu + HEADER
    decoded, _ = iso8583.decode(frame[13:], SPEC)
    return {name: value for name, value in decoded.items() if name not in ("h", "p", "bm")}


def asked(frame: bytes) -> dict[str, str]:
    """A request without its MAC, which is checked."""
    fields = taken_apart(frame)
    if "64" in fields:
        at = by_hand.ksn_at(frame)
        assert at is not None
        request_key, _ = by_hand.keys(frame[at : at + 12])
        assert bytes.fromhex(fields.pop("64")) == by_hand.mac_of(request_key, frame[13:-8])
    return fields


def answered(frame: bytes, request: bytes) -> dict[str, str]:
    """The answer to a request without its MAC, which is checked."""
    fields = taken_apart(frame, TPDU_BACK)
    assert by_hand.has_right_mac(frame, request)
    assert ("64" in fields) == bool(request[22] & 1)
    return {name: value for name, value in fields.items() if name != "64"}


@pytest.fixture(scope="module")
def exchanges() -> dict[str, Exchange]:
    return every_exchange()


@pytest.mark.parametrize("mood", ["normal", "declines"])
@pytest.mark.parametrize("name", MAKERS)
def test_pyiso8583_reads_what_was_put_in(exchanges: dict[str, Exchange], name: str, mood: str) -> None:
    request, answer = exchanges[f"{name}, {mood}"]
    assert asked(request.frame) == request.fields
    assert answered(answer.frame, request.frame) == answer.fields


@pytest.mark.parametrize("name", MAKERS)
def test_a_message_has_the_fields_of_its_row_in_the_page(exchanges: dict[str, Exchange], name: str) -> None:
    request = exchanges[f"{name}, normal"].request
    assert {int(field) for field in taken_apart(request.frame) if field != "t"} == rows()[MAKERS[name].row]


def test_every_row_of_the_page_is_in_the_table() -> None:
    requests = {name for name in rows() if not name.isdigit()}
    assert len(requests) == 11 and requests == {maker.row for maker in MAKERS.values()}
    answers = {f"{int(row[row.index('0') :][:4]) + 10:04d}" for row in requests}
    assert answers == {name for name in rows() if name.isdigit()}


def test_every_form_of_the_firmware_is_in_the_table() -> None:
    assert set(messages.FORMS) == {maker.form for maker in MAKERS.values()}, "a row in MAKERS of every_message.py is missing"


def test_control_a_changed_byte_of_any_message_is_noticed(exchanges: dict[str, Exchange]) -> None:
    """Each byte behind the length of each request and approving answer, one bit of it flipped."""
    changed = 0
    for name in MAKERS:
        request, answer = exchanges[f"{name}, normal"]
        for at in range(2, len(request.frame)):
            assert not _agrees(Made(_flipped(request.frame, at), request.fields)), (name, at)
        for at in range(2, len(answer.frame)):
            assert not _agrees(Made(_flipped(answer.frame, at), answer.fields), request.frame), (name, at)
        changed += len(request.frame) + len(answer.frame) - 4
    assert changed > 1000


def _flipped(frame: bytes, at: int) -> bytes:
    return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :]


def _agrees(made: Made, request: bytes | None = None) -> bool:
    try:
        return (asked(made.frame) if request is None else answered(made.frame, request)) == made.fields
    except (AssertionError, KeyError, iso8583.DecodeError):
        return False
