# Broken on purpose: who walks away leaves what is typed on the screen.
async def _end_when_idle(till):
    pass
