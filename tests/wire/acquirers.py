"""The acquirers that the tests of the simulator ask, and one sale that they know."""

from datetime import datetime

from emulator.acquirer import Acquirer, Entry
from tests.wire import acquirer_frames as by_hand

NOW = datetime(2026, 9, 28, 14, 5, 6)
ORIGINAL = Entry(
    "sale",
    1234,
    "YUANLU000000001",
    "YL000001",
    "000001",
    "000007",
    "092712345678",
    "654321",
    "YL000001-0001-00000007",
    "",
    "622848****4890",
    datetime(2026, 9, 27, 23, 59, 59),
    1,
)
RRN = b"092712345678"


def an_acquirer(kind="a", seed=1, **changes):
    settings = {
        "base_key": by_hand.BASE_KEY,
        "reader_key": by_hand.READER_KEY,
        "terminals": [("YUANLU000000001", "YL000001"), ("YUANLU000000002", "YL000002")],
        "seed": seed,
    }
    return Acquirer(kind, **(settings | changes))


def an_acquirer_with_a_sale(kind="a", **changes):
    acquirer = an_acquirer(kind, **changes)
    acquirer.ledger.book(ORIGINAL)
    return acquirer


def ask(acquirer, frame, now=NOW):
    [reply] = acquirer.answer(frame, now)
    return reply.frame


def code_of(acquirer, frame):
    return by_hand.take_apart(ask(acquirer, frame), frame)[39].decode()
