# Broken on purpose: a word of the authority about another loss serves too.
_asked = _write


def _write(door, fence, told, number, epoch):
    told.asks, told.words = True, []
    _asked(door, fence, told, told.note, epoch)
