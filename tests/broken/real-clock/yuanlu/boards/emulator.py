# Broken on purpose: one wait looks at the real clock.
from time import ticks_us

_wait_on_virtual_time = Clock.wait


async def _wait_on_real_time(self, event, ms):
    return await _wait_on_virtual_time(self, event, ms if ms < 0 else ms + ticks_us() % 16)


Clock.wait = _wait_on_real_time
