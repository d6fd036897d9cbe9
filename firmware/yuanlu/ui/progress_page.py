"""How far a transaction has come, as pages: its state, its times, a sentence for the customer, notes. A visiting step."""

from yuanlu.compat import leave, visit
from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, ROAD_NO_SALE
from yuanlu.store import pending
from yuanlu.ui.describe import day, kind_word, state_word, told


def sections(till, transaction):
    """Lists of lines, a page each."""
    known, today = ("line.trace_known", transaction.trace, day(transaction)), till.board.clock.date()
    if s.is_final(transaction.state):  # one record tells what became of it, and no more how often it was sent
        times = _settled(till, transaction, today)
    else:
        times = _waiting(till, transaction, today)
        known = ("line.trace",) + known[1:] + (transaction.tries,)
    first = [known] + told(till.words, transaction)
    pages = [first, times, ["say.title", sentence(transaction)]]
    notes = _notes(till, transaction)
    return pages + [notes] if notes else pages


def sentence(transaction):
    """The word of what the clerk can read to the customer."""
    if transaction.road == ROAD_NO_SALE and transaction.state in (s.IS_DONE, s.IS_RESOLVED_DONE):
        return "say.no_original.done"
    if transaction.kind == KIND_REFUND:
        return "say." + state_word(transaction)
    if not s.is_final(transaction.state):
        return "say." + kind_word(transaction) + ".open"
    done = transaction.state in (s.IS_DONE, s.IS_RESOLVED_DONE)
    return "say." + kind_word(transaction) + (".done" if done else ".not_done")


def _waiting(till, transaction, today):
    """Age, due date, next try, last answer, and by what the acquirer finds it."""
    limit = pending.due_days(till.config, transaction)
    age = rules.days(today[0]) - rules.days(transaction.date)
    lines = ["refused.clock"] if not today[2] else [("line.age", age)]
    if today[2]:
        due = day_after(transaction.date, limit)
        lines.append(("line.overdue", age - limit) if age > limit else ("line.due_on", due, limit - age))
    lines.append(("line.next_try", next_try(till, transaction)))
    lines.append(_checked(till, transaction))
    lines += [("line.place", transaction.batch, transaction.trace), _whose(till)]
    if transaction.operator:
        lines.append(("line.operator", transaction.operator))
    if age > limit or transaction.state in (s.IS_HELD, s.IS_PARKED):
        lines += _hotlines(till)
    return lines


def next_try(till, transaction):
    """When it is sent or asked for again by itself, as a text to say."""
    if not s.is_sendable(transaction.state) or pending.needs_person(till.journal, transaction):
        return ("try.held",) if transaction.state == s.IS_HELD else ("try.person",)
    if transaction not in pending.eligible(till.journal):
        return ("try.held",) if till.journal.held else ("try.behind",)
    if till.is_offline():
        return ("try.line",)
    clock = till.board.clock
    left = clock.diff_ms(transaction.due, clock.ticks_ms()) // 1000 if transaction.due is not None else 0
    if left <= 0:
        return ("try.now",)
    return ("try.minutes", left // 60) if left >= 120 else ("try.seconds", left)


def _checked(till, transaction):
    """When the acquirer last answered for it, or did not, as far as flash tells."""
    record = till.journal.log.record_at(transaction.message_place((s.RESULT,)))
    if record is None:
        return "line.never_checked"
    result = record.body()
    return ("line.checked" if any(result.code) else "line.no_answer", day(result))


def _whose(till):
    """What support asks for first."""
    return ("line.whose", till.config.terminal, till.config.merchant)


def _settled(till, transaction, today):
    """When the money is there, and whether it should have been by now."""
    lines = [("line.place", transaction.batch, transaction.trace), _whose(till)]
    if transaction.rrn:
        lines.append(("line.reference", str(transaction.rrn.rstrip(b"\0"), "ascii")))
    if transaction.kind == KIND_REFUND and transaction.state in (s.IS_DONE, s.IS_RESOLVED_DONE) and today[2]:
        age, limit = rules.days(today[0]) - rules.days(transaction.date), visit("yuanlu.ui.done_flow").due_days(transaction.date)
        leave("yuanlu.ui.done_flow")
        late = age > limit
        lines.append(("line.arrival_late", age) if late else ("line.arrives", day_after(transaction.date, limit)))
        lines.append("advice.arrival_late" if late else "advice.arrives")
        lines += _hotlines(till) if late else []
    return lines


def _hotlines(till):
    """Whom to call where it is late or needs a person."""
    try:
        return visit("yuanlu.ui.hotlines").lines(till.config)
    finally:
        leave("yuanlu.ui.hotlines")


def _notes(till, transaction):
    progress = visit("yuanlu.store.progress")
    notes = progress.notes(till.journal.log, transaction)
    leave("yuanlu.store.progress")
    lines, line_of = [], visit("yuanlu.ui.note_flow").told
    for note in notes:
        text = str(note.text.rstrip(b"\0"), "ascii")
        if note.kind == progress.FOUND:
            text = ("note.found", ("found." + text[:1],), text[2:])
        lines.append(line_of(note, text))
    leave("yuanlu.ui.note_flow")
    return ["note.title"] + lines if lines else lines


def day_after(date, count):
    """'2026-11-29': so many days after yyyymmdd."""
    year, month, day_of_month = date // 10_000, date // 100 % 100, date % 100 + count
    while day_of_month > _length(year, month):
        day_of_month -= _length(year, month)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return "{:04d}-{:02d}-{:02d}".format(year, month, day_of_month)


def _length(year, month):
    after = (year, month + 1) if month < 12 else (year + 1, 1)
    return rules.days(after[0] * 10_000 + after[1] * 100 + 1) - rules.days(year * 10_000 + month * 100 + 1)
