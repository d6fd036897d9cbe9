

# Broken on purpose: a no to a repeat is taken for a no.
_with_doubt = Codes.verdict


def _without_doubt(self, code, doubt, conclusive):
    return _with_doubt(self, code, False, True)


Codes.verdict = _without_doubt
