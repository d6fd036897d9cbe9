# Broken on purpose: the right amount is taken whatever became of the void.
async def _sell_anew(till, void, right):
    await enter(till, "yuanlu.ui.sale_flow", right)
