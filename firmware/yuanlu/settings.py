"""The terminal's settings, checked whole before anything runs. A visiting module.

Every setting is an attribute of the same name; all have to be given but those with a default.

terminal, merchant: F41, F42; epoch: install epoch (grows when the journal is replaced); answer_ms: how long an answer
may take; query: 1 when the acquirer can be asked what became of a refund, ask_ms after it was sent: what it does not
know then will not arrive any more; base_ms, cap_ms, budget: waits and sends of a transaction before a person is
asked; open_limit: how many transactions may stand open; old_batches: 1 when a repeat is known in a closed batch too;
date_only: 1 when field 61 of a refund names the day alone, not batch and trace; offline_count, offline_amount: refunds that
may wait for a line, and fen of one that needs no supervisor while there is none.

Of a wallet: wallet_accepts: 1 when an approval means "accepted" and a query tells the end; wallet_days, wallet_parts,
wallet_gap_s: how long after the sale, how many times and how many seconds apart it may be refunded; wallet_asks: seconds
after the approval at which it is asked, rising, with blanks between; wallet_no: codes with which its query says that the
refund came to nothing; every other code is for a person.

due_days_card, due_days_wallet: days after which what is not settled counts as overdue; self_test_days, closing_days: after so
many days the menu reminds of the self-test and of closing the batch, 0 for never; min_version, refuse_below: firmware older than
that is warned of, or refunds are refused, "0" for none; refunds: 0 where none may be made; notices: lines "yyyymmdd text" that
are shown until that day, "-" for none; fields: the fields that the acquirer's specification demands of a refund, numbers with
blanks between, "-" for not told.

login: 1 when only operators with a PIN may work here; another person has to agree to a refund then that is above limit_operator
(fen; above limit_supervisor: the authority), of a sale older than old_days, after shift_count refunds or shift_amount fen of one
person in one shift, day_count or day_amount on one day, out of open_hours ("0900-2200"; "0000-2400": always open), or whose sale
was found in one of the ways of approve_found (see FOUND). pin_days, pin_uses: after how many days or logins a PIN has to be
changed; idle_minutes: without a key, after which an operator is logged out. no_original: 1 when refunds without an original are
made, up to no_original_amount fen each and no_original_count on a day; another person agrees to each, so only with login.
cash_refunds: 1 when what was given back from the till is recorded, so that it counts.

doubt_from, doubt_times, doubt_largest, doubt_digits, doubt_minutes: when the amount of a sale looks mistyped (see refund.doubts).
fees: what the merchant pays (see refund.fees), fee_card: the product that a card is taken for, since its first 6 digits do not
tell; fee_returned: 1 when the acquirer gives the fee back in proportion; hotline_merchant, hotline_acquirer: "-" when there
is none; hotline_network, hotline_authority: who else can be called when a refund is late. acquirer_name: who settles with the
shop, for slips, "-" for none; refund_percent: so much of a payment the acquirer lets go back in refunds at most.
"""

import json

from yuanlu.errors import BadConfig

# What the acquirer does with a repeat of the same bytes: answers it with the answer of the first (kind a), answers "duplicate"
# (kind b), replays it while its batch is open (kind d), or nothing that can be trusted (kind c books it again). The default
# trusts nothing: silence goes to a person.
REPEATS = ("replays", "duplicate", "open_batch", "nothing")

# How messages are sealed: a key for each of them, or one that a sign-on brings, with a weak or national MAC (docs/wire.md 5).
MACS = ("dukpt", "ecb", "x9_19", "sm4")

_LONGEST = 8192
_TEXTS = {
    "terminal": 8,
    "merchant": 15,
    "tpdu": 10,
    "header": 12,
    "host": 0,
    "shop": 0,
    "acquirer_name": 0,
    "repeat": 0,
    "wallet_asks": 0,
    "wallet_no": 0,
    "mac": 0,
    "fees": 0,
    "fee_card": 0,
    "hotline_merchant": 0,
    "hotline_acquirer": 0,
    "hotline_network": 0,
    "hotline_authority": 0,
    "min_version": 0,
    "refuse_below": 0,
    "notices": 0,
    "fields": 0,
    "open_hours": 9,
    "approve_found": 0,
}
_NUMBERS = {
    "epoch": (1, 65535),
    "port": (1, 65535),
    "answer_ms": (100, 120_000),
    "base_ms": (10, 60_000),
    "cap_ms": (10, 900_000),
    "budget": (1, 200),
    "open_limit": (1, 32),
    "query": (0, 1),
    "ask_ms": (0, 3_600_000),
    "old_batches": (0, 1),
    "date_only": (0, 1),
    "offline_count": (0, 32),
    "offline_amount": (0, 99_999_999),
    "wallet_accepts": (0, 1),
    "wallet_days": (1, 3650),
    "wallet_parts": (1, 200),
    "wallet_gap_s": (0, 86_400),
    "login": (0, 1),
    "limit_operator": (0, 99_999_999),
    "limit_supervisor": (0, 99_999_999),
    "shift_count": (0, 9999),
    "shift_amount": (0, 99_999_999),
    "day_count": (0, 9999),
    "day_amount": (0, 99_999_999),
    "old_days": (0, 3650),
    "idle_minutes": (1, 60),
    "pin_days": (1, 3650),
    "pin_uses": (1, 65_535),
    "no_original": (0, 1),
    "no_original_amount": (1, 99_999_999),
    "no_original_count": (0, 99),
    "cash_refunds": (0, 1),
    "fee_returned": (0, 1),
    "refund_percent": (1, 100),
    "refunds": (0, 1),
    "due_days_card": (1, 365),
    "due_days_wallet": (1, 365),
    "self_test_days": (0, 365),
    "closing_days": (0, 365),
    "doubt_from": (0, 99_999_999),
    "doubt_times": (0, 1000),
    "doubt_largest": (0, 1000),
    "doubt_digits": (0, 8),
    "doubt_minutes": (0, 1440),
}
_DEFAULTS = {
    "mac": MACS[0],
    "login": 0,
    "fees": "credit 60 0; debit 55 2000; debit_sign 50 2000; wallet 38 0",
    "fee_card": "credit",
    "fee_returned": 0,
    "refund_percent": 100,
    "refunds": 1,
    "acquirer_name": "-",
    "hotline_merchant": "-",
    "hotline_acquirer": "-",
    "hotline_network": "95516",
    "hotline_authority": "12363",
    "due_days_card": 7,
    "due_days_wallet": 3,
    "self_test_days": 0,
    "closing_days": 0,
    "min_version": "0",
    "refuse_below": "0",
    "notices": "-",
    "fields": "-",
    "limit_operator": 300_00,
    "limit_supervisor": 3000_00,
    "shift_count": 10,
    "shift_amount": 2000_00,
    "day_count": 20,
    "day_amount": 4000_00,
    "old_days": 30,
    "pin_days": 90,
    "pin_uses": 5000,
    "no_original": 0,
    "no_original_amount": 500_00,
    "no_original_count": 2,
    "cash_refunds": 0,
    "idle_minutes": 15,
    "open_hours": "0000-2400",
    "doubt_from": 100_00,
    "doubt_times": 8,
    "doubt_largest": 3,
    "doubt_digits": 4,
    "doubt_minutes": 5,
    "approve_found": "evidence",
}
FOUND = ("list", "slip", "reference", "card", "evidence")  # by number, as refund.rules has it
PRODUCTS = ("credit", "debit", "debit_sign", "wallet")


def read(text):
    """Every setting by its name, of its type and in its range. BadConfig says which one is wrong, and what it should be. The
    rules that bind several: settings_rules.py."""
    if len(text) > _LONGEST:
        raise BadConfig("config: longer than {} characters".format(_LONGEST))
    try:
        values = json.loads(text)
    except (ValueError, RuntimeError):  # RuntimeError: nested too deep
        raise BadConfig("config: not JSON") from None
    if not isinstance(values, dict):
        raise BadConfig("config: an object with settings is expected")
    for name in sorted(values):
        if name not in _TEXTS and name not in _NUMBERS:
            raise BadConfig("config: unknown setting '{}'".format(name))
    for name in sorted(_DEFAULTS):
        values.setdefault(name, _DEFAULTS[name])
    for name in sorted(_TEXTS):
        values[name] = _text(values, name, _TEXTS[name])
    for name in sorted(_NUMBERS):
        low, high = _NUMBERS[name]
        values[name] = _number(values, name, low, high)
    return values


def _text(values, name, length):
    value = values.get(name)
    if not isinstance(value, str) or not value or (length and len(value) != length):
        raise BadConfig("config: '{}' is text{}".format(name, " of {} characters".format(length) if length else ""))
    return value


def _number(values, name, low, high):
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise BadConfig("config: '{}' is a whole number of {} to {}".format(name, low, high))
    return value
