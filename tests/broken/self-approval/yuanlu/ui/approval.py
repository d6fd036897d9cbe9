# Broken on purpose: whoever is a supervisor may approve, his own refunds too.
async def _supervisor(till, operator):
    _, row = await enter(till, "yuanlu.ui.pin_page", "approval.title", "approval.id")
    if row.role != visit("yuanlu.store.operators").SUPERVISOR or row.initial:
        raise Refused("refused.no_supervisor")
    return row.id
