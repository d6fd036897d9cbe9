# Broken on purpose: after a refused seal the same bytes go again, whether a repeat is known or not.
_needs_attempt = needs_attempt


def needs_attempt(config, refund, batch):
    return _needs_attempt(config, refund, batch) and not refuses_seal(config, refund.code)


_instead_of_repeat = instead_of_repeat


def instead_of_repeat(config, refund, batch):
    return 0 if refuses_seal(config, refund.code) else _instead_of_repeat(config, refund, batch)
