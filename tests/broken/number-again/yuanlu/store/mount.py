

# Broken on purpose: the number that a torn record may carry is used again.
_go_on_beyond = _go_beyond


def _go_beyond(log, business, damage):
    log.unreadable = 0
    _go_on_beyond(log, business, damage)
