"""Who gave back how much today?"""

from yuanlu.compat import leave, visit
from yuanlu.refund.money import yuan


async def run(till):
    """One line an operator, from the journal; operator 0 where nobody has to log in."""
    journal = till.journal
    today = till.board.clock.date()[0]
    totals = visit("yuanlu.store.shift").given_on(journal, today)
    leave("yuanlu.store.shift")
    lines = [("report.line", operator, count, yuan(fen)) for operator, count, fen in totals] or ["report.none"]
    damaged = journal.log.damaged
    without = till.desk.visiting("yuanlu.no_original", "given_on", today)
    if without:
        lines.append(("report.no_original", without))
    if damaged:
        lines.append("report.damaged")
    await till.dialogs.notice("menu.report", lines)
