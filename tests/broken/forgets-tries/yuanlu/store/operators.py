# Broken on purpose: the try is not kept, so that there are as many as one likes.
def _checked(self, row, is_right):
    return (row, 0) if is_right() else (None, WRONG)


Operators._try = _checked
