
# Broken on purpose: a message that ends a byte too early is given one.
_strict = decode


def decode(message):
    try:
        return _strict(message)
    except BadMessage:
        return _strict(bytes(message) + b"\0")
