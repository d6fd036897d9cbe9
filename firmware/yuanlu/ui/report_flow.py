"""Who gave back how much today?"""

from yuanlu.compat import leave, visit
from yuanlu.refund.money import yuan


async def run(till):
    """One line an operator, from the journal; operator 0 where nobody has to log in."""
    journal = till.journal
    totals = visit("yuanlu.store.shift").given_on(journal, till.board.clock.date()[0])
    leave("yuanlu.store.shift")
    lines = [("report.line", operator, count, yuan(fen)) for operator, count, fen in totals] or ["report.none"]
    if journal.log.damaged:
        lines.append("report.damaged")
    await till.dialogs.notice("menu.report", lines)
