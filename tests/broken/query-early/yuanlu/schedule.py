

# Broken on purpose: the acquirer is asked while the message may still be on its way.
def _no_shortest(self, transaction):
    return 0


Schedule.shortest = _no_shortest
