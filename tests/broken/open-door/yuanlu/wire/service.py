
# Broken on purpose: every MAC is right.
def equal(left, right):
    return True
