
# Broken on purpose: each look at what is urgent is remembered for ever.
_look = run


async def run(till):
    till.looks = getattr(till, "looks", [])
    till.looks.append(bytearray(1000))
    return await _look(till)
