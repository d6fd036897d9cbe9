
# Broken on purpose: the number on the screen stands for the transaction, whatever is decided about it.
_of_all = digest_of


def digest_of(terminal, number, draft, word="", evidence=b""):
    return _of_all(terminal, number, draft)
