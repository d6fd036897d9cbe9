"""Has somebody else to agree? A refund within the operator's limits needs nobody."""


async def run(till, draft, sale, found_by):
    """Sets `draft.approver` where an approval is due. Raises Cancelled, or Refused when there is none."""
