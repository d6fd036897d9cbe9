

# Broken on purpose: every MAC is taken for right.
def equal(a, b):
    return True
