"""Why is it given back?"""

REASONS = ("reason.returned", "reason.wrong_amount", "reason.not_delivered", "reason.other")


async def run(till):
    """The number of the reason that the clerk picks."""
    return await till.dialogs.choose("refund.reason", REASONS)
