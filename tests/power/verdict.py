"""After a cut: does the journal say what was acknowledged, and nothing else but the step in flight?"""

from __future__ import annotations

from chip import MisusedFlash, Operation
from operations import carried, content_of, learn
from workload import Book, Life
from yuanlu.errors import Refused, YuanluError
from yuanlu.refund import state as s
from yuanlu.store import history

_FEW = 2  # open transactions beside which every chip has room for the newest slip
COLUMNS = ("lost", "wrong", "repeated", "misused", "crashed")
TORN = "power went while they were written"
# Words of a report that a cut alone may bring about: nothing that counted is missing then.
HARMLESS = (TORN, "the newest summary cannot be read", "flash: ")


class Wrong(Exception):
    """The journal does not say what it should: in which column, and how."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(column, what)  # both, so that it comes whole from another process
        self.column, self.what = column, what

    def __str__(self) -> str:
        return f"{self.column}: {self.what}"


def column_of(error: BaseException) -> str:
    """The failure column that an exception belongs to."""
    if isinstance(error, Wrong):
        return error.column
    return "misused" if isinstance(error, MisusedFlash) else "crashed"


def check(life: Life, before: Book, after: Book, flying: dict[int, set[bytes]], opened: bool = False) -> None:
    """Raise Wrong. before, after: the book before and after the step in flight; flying: contents by record number that were being
    written when power went, each of which may be there or not; opened: a sector was opened since that step."""
    journal = life.journal
    _check_no_loss_told(life)
    if not before.lowest <= journal.log.lowest <= max(before.lowest, after.lowest):
        raise Wrong("lost", f"sales below {journal.log.lowest} have left, {before.lowest} to {after.lowest} may have")
    done = _check_records(life, before, after, flying)
    _check_open(life, before, after, opened)
    _check_done(life, before, after, done)
    if journal.printed not in (before.printed, after.printed):
        raise Wrong("wrong", f"printed last: {journal.printed}, not {before.printed}")
    _check_owed(life, before, after)


def _check_no_loss_told(life: Life) -> None:
    journal = life.journal
    for what in journal.trouble:
        if not any(word in what for word in HARMLESS):
            raise Wrong("lost", f"it reports: {what}")
    if journal.log.unsure:
        raise Wrong("lost", f"refunds of sales below {journal.log.unsure} are left to a person")


def _check_records(life: Life, before: Book, after: Book, flying: dict[int, set[bytes]]) -> dict[int, int]:
    """Every record that counts was written with that content; the amounts of what is done and has not left, by transaction."""
    done: dict[int, int] = {}
    traces: dict[int, int] = {}
    for record in history.records(life.journal.log):
        content = content_of(record)
        told = before.content.get(record.number)
        if told is not None and told != content:
            raise Wrong("repeated", f"record {record.number} stands for something else")
        if told is None and after.content.get(record.number) != content and content not in flying.get(record.number, ()):
            raise Wrong("repeated", f"record {record.number}, type {record.type}, was never written so")
        if record.type in (s.SALE, s.REFUND):
            if record.original >= life.journal.log.lowest:
                done[record.transaction] = record.body().amount
        elif record.type == s.INTENT and traces.setdefault(record.body().trace, record.number) != record.number:
            raise Wrong("repeated", f"records {record.number} and {traces[record.body().trace]} have one trace")
    return done


def _check_open(life: Life, before: Book, after: Book, opened: bool) -> None:
    """What came to nothing leaves with its sector; where a chip is crowded even before its slip was printed."""
    journal = life.journal
    may_leave = opened and _is_crowded(life)
    live = {transaction.number: transaction for transaction in journal.live}
    for number in live.keys() - before.entries.keys() - after.entries.keys():
        raise Wrong("wrong", f"{number} is open and nobody opened it")
    for number in before.entries.keys() | after.entries.keys():
        old, new = before.entries.get(number), after.entries.get(number)
        allowed = [entry for entry in (old, new) if entry is not None and not s.is_final(entry.state)]
        found = live.get(number)
        if found is None:
            if old is not None and new is not None and len(allowed) == 2:
                raise Wrong("lost", f"{number} was {s.STATE_NAMES[old.state]}")
            if new is not None and allowed == [old]:  # settled by the step in flight: then flash tells it whole
                settled = journal.transaction(number)
                if settled is None and may_leave and s.frees_cap(new.state):
                    continue
                if settled is None or settled.state != new.state:
                    raise Wrong("lost", f"{number} was {s.STATE_NAMES[allowed[0].state]}, and is nowhere")
            continue
        fitting = [e for e in allowed if e.state == found.state and e.trace == (found.batch, found.trace)]
        if not fitting:
            known = [s.STATE_NAMES[entry.state] for entry in (old, new) if entry is not None]
            raise Wrong("wrong", f"{number} is {s.STATE_NAMES[found.state]} with trace {found.trace}, not {known}")
        if found.amount != fitting[0].amount or found.original != fitting[0].original:
            raise Wrong("wrong", f"{number} has another amount or sale")
        if old is not None and old in fitting and old == (new or old) and journal.message(found) != old.message:
            raise Wrong("wrong", f"{number} has other bytes")


def _check_done(life: Life, before: Book, after: Book, done: dict[int, int]) -> None:
    """Sales that are listed, with what is spent of each."""
    journal = life.journal
    lowest = journal.log.lowest
    old, new = _spent(before), _spent(after)
    moved = {entry.original for number, entry in after.entries.items() if before.entries.get(number) != entry}
    for number, entry in before.entries.items():
        if entry.state != s.IS_DONE or entry.original < lowest:
            continue
        if done.get(number) != entry.amount:
            raise Wrong("lost", f"{number} is done, and its record says {done.get(number)}")
        if after.entries.get(number, entry) != entry:
            raise Wrong("wrong", f"{number} was done")
        # Look-ups are most of the work: of the sale in flight always, of others with refunds one in 6, of others one in 59, each
        # time others.
        if number != entry.original:
            continue
        turn = number + life.chip.operations
        if number in moved or turn % (6 if number in new else 59) == 0:
            sale = journal.sale(number)
            if sale is None or sale.amount != entry.amount:
                raise Wrong("lost", f"sale {number} cannot be refunded")
            spent = sorted((old.get(number, 0), new.get(number, 0)))
            if not spent[0] <= journal.spent(number) <= spent[1]:
                raise Wrong("wrong", f"of {number} {journal.spent(number)} is spent, not {spent}")
    for number in done:
        if not _is_done(before, number) and not _is_done(after, number):
            raise Wrong("wrong", f"{number} is done and should not be")


def _is_crowded(life: Life) -> bool:
    """There may be no room for a slip beside what is open."""
    return life.chip.unit == 256 or len(life.journal.live) > _FEW


def _is_done(book: Book, number: int) -> bool:
    entry = book.entries.get(number)
    return entry is not None and entry.state == s.IS_DONE


def _spent(book: Book) -> dict[int, int]:
    """By sale, what its refunds may have given back."""
    spent: dict[int, int] = {}
    for entry in book.entries.values():
        if entry.original != entry.number and not s.frees_cap(entry.state):
            spent[entry.original] = spent.get(entry.original, 0) + entry.amount
    return spent


def _check_owed(life: Life, before: Book, after: Book) -> None:
    """Only of what is settled, in the state it has; the newest is there, but where a chip is crowded a slip may be had by the
    reprint key alone."""
    newest = before.owed[-1:]
    if newest and newest == after.owed[-1:] and not _is_crowded(life) and newest[0] not in [t.number for t in life.journal.owed]:
        raise Wrong("lost", f"the slip of {newest[0]} is owed, and is not")
    for transaction in life.journal.owed:
        entries = [book.entries[transaction.number] for book in (before, after) if transaction.number in book.entries]
        if transaction.state not in [entry.state for entry in entries]:
            raise Wrong("wrong", f"a slip of {transaction.number} is owed for another state")


def check_new(tape: list[Operation], torn: Operation, sector_size: int) -> None:
    """What the new life wrote has not the number of the record that was torn, while its bytes stand on the chip."""
    written: dict[int, bytes] = {}
    for operation in tape:
        if operation.kind == "erase" and operation.where == torn.where // sector_size:
            break
        learn(written, operation)
    again = written.keys() & carried(torn).keys()
    if again:
        raise Wrong("repeated", f"record number {again} stands in torn bytes, and is written again")


def work_on(life: Life, told: Book) -> None:
    """New work goes on, and the sector that was opened for it took all over: no loss is told now either."""
    _sell_or_settle(life, told)
    _check_no_loss_told(life)


def _sell_or_settle(life: Life, told: Book) -> None:
    """A sale with a new number and a new trace, and all its way; where the terminal is full, a step towards room."""
    journal = life.journal
    highest = max([t.trace for t in journal.live] + [entry.trace[1] for entry in told.entries.values()], default=0)
    try:
        sale = life.sell(321)
    except Refused as error:
        if error.reason != "refused.too_many_open":
            raise
        settle = journal.live[0]
        if s.is_sendable(settle.state) and not settle.stale and settle.state != s.IS_ASKING:
            life.go_on("sending", settle.number)
            life.go_on("silent", settle.number)
        return
    if sale.number in told.content:
        raise Wrong("repeated", f"the new sale got number {sale.number} again")
    if sale.trace <= highest:
        raise Wrong("repeated", f"the new sale got trace {sale.trace} again")
    life.go_on("sending", sale.number)
    life.go_on("done", sale.number)
    if journal.sale(sale.number) is None:
        raise Wrong("lost", "the new sale")


EXPECTED = (Wrong, MisusedFlash, YuanluError)
