# Broken on purpose: after a power cut the journal goes on in the sector that was open.
_mount_and_seal = mount


def mount(log, business):
    _mount_and_seal(log, business)
    log.sealed, log.last = True, None
