"""Which states a sale, a refund or a void can come to: the closure of the fold under every verdict that the rules give.

The fold alone allows more (a sale that is held): it also reads what compaction has left of a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from types import SimpleNamespace

from yuanlu.errors import StoreDamaged
from yuanlu.refund import codes as c
from yuanlu.refund import state as s
from yuanlu.refund import verdicts
from yuanlu.refund.transaction import KIND_NAMES, KIND_REFUND, KIND_SALE, ROAD_CARD, ROAD_WALLET

_CODES = (
    b"??",
    c.APPROVED,
    c.IN_PROGRESS,
    c.NEVER_BOOKED,
    c.NOT_BOOKED,
    c.BAD_FORMAT,
    c.OTHER_BATCH,
    c.DUPLICATE,
    c.BAD_MAC,
    b"Y5",
)
_CLASSES = (s.DONE, s.DECLINED, s.LATER, s.UNSURE, s.HOLD, s.PERSON, s.RENEW)
_SENT, _BUDGET, _BATCH = 1, 3, 1


class AnyClass:
    """A code table in which every code is of one class."""

    def __init__(self, verdict: int) -> None:
        self.given = verdict

    def verdict(self, code: bytes, doubt: bool, conclusive: bool) -> int:
        return self.given


def _verdicts(kind: int, state: int) -> Iterator[int]:
    """All that can be made of an answer, a silence or a query of such a transaction, by any profile."""
    roads = (ROAD_CARD, ROAD_WALLET) if kind == KIND_REFUND else (ROAD_CARD,)
    profiles = product(("replays", "nothing", "open_batch"), (0, 1), ("dukpt", "ecb"), (1, _BUDGET), (False, True), roads)
    for repeat, flag, mac, tries, doubt, road in profiles:
        config = SimpleNamespace(repeat=repeat, query=flag, wallet_accepts=flag, old_batches=flag, mac=mac, budget=_BUDGET)
        config.wallet_no = (b"14",)
        sent = SimpleNamespace(kind=kind, road=road, state=state, sends=tries, tries=tries, doubt=doubt, amount=1, batch=_BATCH)
        sent.code, sent.stale = b"", False
        yield verdicts.after_silence(config, sent, _BATCH)
        for code, amount, given in product(_CODES, (1, 2), _CLASSES):
            answer = SimpleNamespace(code=code, amount=amount)
            yield verdicts.of_answer(config, sent, answer, AnyClass(given), _BATCH)
            if verdicts.can_ask(config, sent):
                yield verdicts.of_query(config, sent, answer, AnyClass(given), _BATCH)


def _records(kind: int, state: int) -> Iterator[tuple[int, int]]:
    """(type, verdict) of every record that is written of such a transaction, as desk, delivery and resolving write them."""
    yield from ((s.INTENT, 0), (s.SENDING, 0), (s.WITHDRAWN, 0), (s.ALARM, 0), (s.DECISION, s.NOT_DONE))
    yield from ((s.SALE if kind == KIND_SALE else s.REFUND, by_person) for by_person in (0, 1))
    yield from [(s.DECISION, s.RELEASE)] * (state == s.IS_HELD)
    yield from ((s.ATTEMPT, s.AGAIN), (s.DECISION, s.ANOTHER)) if kind == KIND_REFUND else ((s.ATTEMPT, s.REVERSAL),)
    yield from ((s.RESULT, verdict) for verdict in sorted(set(_verdicts(kind, state)) - {s.DONE, s.OTHERWISE}))


@cache
def states_of(name: str) -> tuple[str, ...]:
    """Names of the states that a 'sale', 'refund' or 'void' can have."""
    kind, found, todo = KIND_NAMES.index(name), {s.IS_NEW}, [s.IS_NEW]
    while todo:
        state = todo.pop()
        for record_type, verdict in _records(kind, state):
            try:
                after = s.next_state(state, record_type, verdict)
            except StoreDamaged:
                continue
            if after not in found:
                found.add(after)
                todo.append(after)
    return tuple(s.STATE_NAMES[state] for state in sorted(found - {s.IS_NEW}))
