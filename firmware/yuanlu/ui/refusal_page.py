"""A refusal: what was refused, why, what to do next (L7), and on wish the same on paper. A visiting module.

A refund that was refused after its sale was found (`error.sale`) is noted with that sale: by whom, when and why.
"""

from yuanlu.compat import leave, visit
from yuanlu.errors import Refused
from yuanlu.ui.grid import wrap
from yuanlu.ui.result import put_on_paper

# Refusals that no waiting and no other person here can lift.
_CLOSED = ("refused.wallet_days", "refused.wallet_parts", "refused.no_reference", "refused.share")


async def run(till, error):
    """Until it is acknowledged; 1 prints it."""
    if error.sale and till.desk.may_note():
        progress = visit("yuanlu.store.progress")
        progress.note(till.desk, error.sale, progress.REFUSED, till.operator, error.reason[len("refused.") :].encode())
        leave("yuanlu.store.progress")
    if till.config.login and not till.operator:  # nobody is here yet: it is about his number and PIN, and nobody's paper
        await till.dialogs.notice("refused.title", reasons(error))
        return
    lines = reasons(error) + _hotlines(till.config)
    while await till.dialogs.read("refused.title", lines, "hint.refusal", ("ENTER", "CANCEL", "1")) == "1":
        try:
            put_on_paper(till, "yuanlu.ui.refusal_page", error)
            lines = reasons(error) + ["refusal.printed"]
        except Refused as trouble:
            lines = reasons(error) + [(trouble.reason,), "paper.again"]


def reasons(error):
    """Texts: why, and what to do next."""
    return [(error.reason,) + error.details, "advice." + error.reason]


def _hotlines(config):
    try:
        return visit("yuanlu.ui.hotlines").lines(config, False)
    finally:
        leave("yuanlu.ui.hotlines")


def render(till, error):
    """The refusal slip: no money is in the journal, and it says so. Where only the acquirer can go on, its sheet stands below."""
    slip = visit("yuanlu.ui.slip")
    say, config = till.words, till.config
    date, time, _ = till.board.clock.date()
    day = "{:04d}-{:02d}-{:02d} {:02d}:{:02d}".format(
        date // 10000, date // 100 % 100, date % 100, time // 10000, time // 100 % 100
    )
    out = [slip.middle(config.shop), slip.middle(say("refusal.slip")), slip.RULE]
    out += [slip.pair(say("slip.merchant"), config.merchant), slip.pair(say("slip.terminal"), config.terminal)]
    out += [slip.pair(say("slip.when"), day), slip.RULE]
    for text in reasons(error) + ["refusal.nothing"] + visit("yuanlu.ui.hotlines").lines(config, False):
        out += wrap(say(text), slip.COLUMNS)
    if error.reason in _CLOSED and error.sale:
        out += [slip.RULE, slip.middle(say("sheet.title"))] + visit("yuanlu.ui.request_sheet").for_sale(till, error.sale, slip)
        leave("yuanlu.ui.request_sheet")
    out += [slip.RULE, slip.middle(say("slip.emulated"))]
    leave("yuanlu.ui.hotlines")
    leave("yuanlu.ui.slip")
    return "\n".join(out + [""])


def code(till, error):
    """No transaction, no code."""
    return ""
