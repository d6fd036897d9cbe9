
# Broken on purpose: what was read once is kept for ever.
_strict = decode
_read = {}


def decode(message):
    _read[bytes(message)] = True
    return _strict(message)
