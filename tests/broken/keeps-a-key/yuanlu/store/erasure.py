# Broken on purpose: the key that tickets are checked with stays when a terminal is erased.
_overwritten = Erasure._overwrite


def _all_but_one(self, place):
    if place != 14:
        _overwritten(self, place)


Erasure._overwrite = _all_but_one
