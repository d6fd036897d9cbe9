

# Broken on purpose: what was refused for now goes again at once.
def _at_once(self, tries, shortest=0):
    return self.clock.deadline(1)


Schedule.later = _at_once
