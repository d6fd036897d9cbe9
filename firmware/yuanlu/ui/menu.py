"""The main menu: data, and the one place where a flow is imported when entered and dropped after."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled, Refused, StoreDamaged, StoreFull

MENU = (
    ("menu.sale", "yuanlu.ui.sale_flow"),
    ("menu.refund", "yuanlu.ui.refund_flow"),
    ("menu.pending", "yuanlu.ui.pending_flow"),
    ("menu.reprint", "yuanlu.ui.reprint_flow"),
    ("menu.line", "yuanlu.ui.line_flow"),
    ("menu.closing", "yuanlu.ui.closing_flow"),
)


async def run(till):
    """Offer the menu for ever. A refusal is shown with its next step; the terminal goes on."""
    while True:
        items = [item[0] for item in MENU]
        choice = await till.dialogs.choose("menu.title", items, hint="hint.menu", leave=False)
        try:
            await enter(till, MENU[choice][1])
        except Cancelled:
            pass
        except Refused as error:
            await till.dialogs.notice("refused.title", ((error.reason,) + error.details, "advice." + error.reason))
        except (StoreFull, StoreDamaged) as error:
            till.log("journal: {}".format(error))
            await till.dialogs.notice("refused.title", ("refused.journal", "advice.refused.journal"))


async def enter(till, name, *given):
    """Walk one flow or step of one; what it returns."""
    try:
        return await visit(name).run(till, *given)
    finally:
        leave(name)
