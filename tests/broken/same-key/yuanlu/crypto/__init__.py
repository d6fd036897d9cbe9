

# Broken on purpose: what was used of the keys is known in RAM only, so that a power cut brings them back.
class _Forgetful:
    def __init__(self, vault):
        self.vault, self.kept = vault, {}

    def load(self, place):
        return self.kept.get(place) or self.vault.load(place)

    def store(self, place, data):
        self.kept[place] = data


def _begin(self, vault):
    self.vault = _Forgetful(vault)


Dukpt.__init__ = _begin
