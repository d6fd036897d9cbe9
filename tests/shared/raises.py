"""`with raises(Refused) as caught:` on both runtimes; the exception is `caught.value` afterwards."""


class raises:
    """Demands that the block raises `expected` or a kind of it; any other exception passes through."""

    def __init__(self, expected):
        self.expected = expected
        self.value = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        assert kind is not None, "{} was not raised".format(self.expected.__name__)
        self.value = value
        return issubclass(kind, self.expected)
