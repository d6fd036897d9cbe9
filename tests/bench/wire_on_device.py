"""What `make bench` measures of the wire on MicroPython: `micropython wire_on_device.py` prints microseconds as JSON.
docs/performance.md says what each figure means."""

import gc
import json
from time import ticks_diff, ticks_us

from parts import APPROVED, keys_at, settings
from yuanlu.refund.transaction import KIND_REFUND, Draft, Transaction
from yuanlu.wire import iso8583, messages

PREFIX = 13  # length, TPDU and header
ROUNDS = 100
CALLS = 25


def least_us(works):
    """Microseconds of one call of each: the least of the rounds, in each of which all have their turn, after a collection."""
    best = [1e9] * len(works)
    for _ in range(ROUNDS):
        for at in range(len(works)):
            work = works[at]
            gc.collect()
            began = ticks_us()
            for _ in range(CALLS):
                work()
            best[at] = min(best[at], ticks_diff(ticks_us(), began) / CALLS)
    return best


def refund():
    """A function that makes one refund request, MAC and all; its keys are there already."""
    sale = Transaction(9, 9)
    sale.batch, sale.trace, sale.date = 41, 999_999, 20261122
    sale.rrn, sale.approval = APPROVED.rrn, APPROVED.approval
    config, keys = settings(), keys_at(0x10203)
    draft = Draft(KIND_REFUND, 500, original=9)
    return lambda: messages.request(config, draft, 12_345, (42, 123_456), (12_344, bytes(8)), sale, keys)


def main():
    """Make a request with its MAC, take its message apart, and make that again."""
    make = refund()
    message = make()[PREFIX:]
    message_type, fields = iso8583.decode(message)
    rows = [(number, fields[number]) for number in sorted(fields)]
    if iso8583.encode(message_type, rows) != message:
        raise ValueError("the message is not made again as it was")
    works = lambda: iso8583.encode(message_type, rows), lambda: iso8583.decode(message), make
    encode, decode, mac = least_us(works)
    print(json.dumps({"encode": encode, "decode": decode, "mac": mac}))


main()
