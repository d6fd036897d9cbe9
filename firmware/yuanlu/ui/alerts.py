"""What a person should know first: one line over the menu. A visiting step."""

from yuanlu import VERSION
from yuanlu.compat import const, create_task, leave, visit
from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.store import pending
from yuanlu.ui.menu import PUT_OFF, SELF_TESTED, WATCHES_DAY

_MINUTE_MS = const(60_000)


async def run(till):
    """The most urgent line, in a list; an empty one when there is nothing."""
    today = till.board.clock.date()
    for look in (_handed_over, _overdue, _held, _person, _put_off, _version, _notices, _self_test, _closing):
        line = look(till, today)
        if line:
            return [line]
    return []


def _handed_over(till, _):
    if till.journal.shut == "refused.fence_lost":
        return ("alert.fence_lost",)
    return ("alert.handed_over",) if till.journal.shut else None


def _overdue(till, today):
    late = pending.overdue(till.journal, till.config, today)
    return ("alert.overdue", len(late)) if late else None


def _held(till, _):
    if till.journal.held:
        return ("alert.hold", str(till.journal.held[0][3].rstrip(b"\0"), "ascii"))
    return ("alert.held",) if any(t.state == s.IS_HELD for t in till.journal.live) else None


def _person(till, _):
    waiting = [t for t in till.journal.live if t.state == s.IS_PARKED or pending.needs_person(till.journal, t)]
    return ("alert.person", len(waiting)) if waiting else None


def _put_off(till, today):
    """Rests of refunds that were put off to another day, from the next day on. The journal is asked once, and again when it may
    have changed: that reads all of it."""
    if till.told[PUT_OFF] is None:
        till.told[PUT_OFF] = tuple([part.date for part, _ in visit("yuanlu.store.rests").parts(till.journal)])
        leave("yuanlu.store.rests")
        if till.told[PUT_OFF] and not till.told[WATCHES_DAY]:
            till.told[WATCHES_DAY] = True
            create_task(_next_day(till, today[0]))
    count = len([date for date in till.told[PUT_OFF] if date < today[0]]) if today[2] else 0
    return ("alert.put_off", count) if count else None


async def _next_day(till, day):
    """The menu looks anew when another day begins. Until there is nothing left to remind of."""
    while till.told[PUT_OFF] is None or till.told[PUT_OFF]:
        await till.board.clock.sleep_ms(_MINUTE_MS)
        if till.board.clock.date()[0] != day:
            day = till.board.clock.date()[0]
            till.board.keypad.post("SERVICE")
    till.told[WATCHES_DAY] = False


def _version(till, today):
    config = till.config
    if rules.is_older(VERSION, config.refuse_below):
        return ("alert.refused_version", VERSION)
    if not rules.is_older(VERSION, config.min_version):
        return None
    count = len(valid_notices(config, today))  # both in one line: being old lasts, and would keep notices out of sight
    return ("alert.old_notices", count) if count else ("alert.old_version", config.min_version)


def _notices(till, today):
    count = len(valid_notices(till.config, today))
    return ("alert.notices", count) if count else None


def valid_notices(config, today):
    """(last day yyyymmdd, text) of each notice that still counts; all of them while the clock cannot be trusted."""
    if config.notices == "-":
        return []
    found = [(int(line[:8]), line[9:]) for line in config.notices.split("\n")]
    return [notice for notice in found if notice[0] >= today[0] or not today[2]]


def _self_test(till, today):
    """Days since the last one, as the journal tells."""
    limit = till.config.self_test_days
    if not limit or not today[2]:
        return None
    if till.told[SELF_TESTED] is None:
        till.told[SELF_TESTED] = visit("yuanlu.store.progress").self_tested(till.journal.log)
        leave("yuanlu.store.progress")
    if not till.told[SELF_TESTED]:
        return ("alert.never_tested",)
    age = rules.days(today[0]) - rules.days(till.told[SELF_TESTED])
    return ("alert.self_test", age) if age > limit else None


def _closing(till, today):
    """Days since the oldest transaction of the open batch."""
    limit = till.config.closing_days
    if not limit or not today[2]:
        return None
    since = visit("yuanlu.store.progress").open_since(till.journal.log, till.journal.counters.batch)
    leave("yuanlu.store.progress")
    age = rules.days(today[0]) - rules.days(since) if since else 0
    return ("alert.close_due", age) if age > limit else None
