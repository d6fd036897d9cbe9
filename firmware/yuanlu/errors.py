"""The exception family. A reason is a word id of tables.bin; the words themselves live there."""


class YuanluError(Exception):
    """Everything this firmware raises on purpose."""


class Cancelled(YuanluError):
    """The person at the keys pressed CANCEL; nothing was recorded."""


class Refused(YuanluError):
    """A rule says no. `reason` is a word id, `details` fill its places; `advice.<reason>` says what to do next.
    `sale`: the Transaction that was to be given back, once it was found."""

    def __init__(self, reason, *details):
        super().__init__(reason, *details)
        self.reason = reason
        self.details = details
        self.sale = None


class NotSent(YuanluError):
    """Not one byte left the terminal: trying another road, or later, is safe."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Silence(YuanluError):
    """Bytes left and no conclusive answer came: the acquirer may or may not have booked."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class BadMessage(YuanluError):
    """Bytes that are not a message of ours: says where and why."""


class BadConfig(YuanluError):
    """A setting is missing or wrong: says which and what is expected."""


class StoreFull(YuanluError):
    """The journal has no room that is safe to use."""


class StoreDamaged(YuanluError):
    """The flash does not hold what was written, or a record contradicts the ones before it."""


class Unreadable(StoreDamaged):
    """The bytes that a transaction should send are not on the flash any more: a person has to find out about it."""
