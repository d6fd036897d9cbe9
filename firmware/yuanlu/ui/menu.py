"""The main menu: data, and the one place where a flow is imported when entered and dropped after."""

from yuanlu.compat import const, leave, visit
from yuanlu.errors import Cancelled, Refused, StoreDamaged, StoreFull

# Places of till.told: what was asked for, since an attribute of its own each would cost memory for ever.
SELF_TESTED = const(0)  # date of the last self-test, 0 for never; None: ask the journal
PUT_OFF = const(1)  # dates of the rests of refunds that were put off; None: ask the journal
WATCHES_DAY = const(2)  # whether a task waits for the next day

MENU = (
    ("menu.sale", "yuanlu.ui.sale_flow"),
    ("menu.refund", "yuanlu.ui.refund_flow"),
    ("menu.pending", "yuanlu.ui.pending_flow"),
    ("menu.reprint", "yuanlu.ui.reprint_flow"),
    ("menu.line", "yuanlu.ui.line_flow"),
    ("menu.closing", "yuanlu.ui.closing_flow"),
)
# Behind "menu.more".
MORE = (
    ("menu.done", "yuanlu.ui.done_flow"),
    ("menu.explain", "yuanlu.ui.explain_flow"),
    ("menu.contingency", "yuanlu.ui.contingency_flow"),
    ("menu.notices", "yuanlu.ui.notice_flow"),
    ("menu.policy", "yuanlu.ui.policy_page"),
    ("menu.self_test", "yuanlu.ui.self_test_flow"),
    ("menu.settings", "yuanlu.ui.settings_flow"),
    ("menu.operators", "yuanlu.ui.operators_flow"),
    ("menu.wrong", "yuanlu.ui.wrong_flow"),
    ("menu.training", "yuanlu.ui.training_flow"),
    ("menu.transport", "yuanlu.ui.transport_flow"),
)


async def run(till):
    """Offer the menu for ever. A refusal is shown with its next step; the terminal goes on."""
    while True:
        till.dialogs.left = False
        try:
            try:
                if till.config.login and not till.operator:
                    await enter(till, "yuanlu.ui.login_flow")
                while till.door and till.door.asks():
                    await enter(till, "yuanlu.ui.service_flow")
                above = await enter(till, "yuanlu.ui.alerts")
                await pick(till, "menu.title", MENU + ((("menu.more", ""),) if MORE else ()), leave=False, above=above)
            except Refused as error:
                await enter(till, "yuanlu.ui.refusal_page", error)
            except (StoreFull, StoreDamaged) as error:
                till.log("journal: {}".format(error))
                await till.dialogs.notice("refused.title", ("refused.journal", "advice.refused.journal"))
        except Cancelled:
            pass  # also by who goes away from a refusal


async def pick(till, title, menu, leave=True, above=()):
    """Offer a menu, and walk the flow that is picked. above: what a person should know first."""
    choice = await till.dialogs.choose(title, [item[0] for item in menu], above, "hint.menu", leave, "SERVICE")
    if choice is None:
        return  # a technician asks to come in: the menu comes back with that
    if menu[choice][1]:
        await enter(till, menu[choice][1])
    else:
        await pick(till, "menu.more", MORE)


async def enter(till, name, *given):
    """Walk one flow or step of one; what it returns."""
    try:
        return await visit(name).run(till, *given)
    finally:
        leave(name)
