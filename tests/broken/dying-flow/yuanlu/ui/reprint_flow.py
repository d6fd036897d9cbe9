"""Broken on purpose: a flow that dies. The clerk must be told, and the terminal must go on."""


async def run(till):
    """Die as a flow would that runs out of memory."""
    raise MemoryError
