"""May these settings go on with what is open? A visiting module.

A refund that was made for one merchant, under one install epoch or kind of MAC has to end under the same: a query or a new
attempt would name another refund, and an answer would be checked with a key that is none.
"""

from yuanlu.compat import leave, visit
from yuanlu.errors import BadConfig, BadMessage, StoreDamaged
from yuanlu.refund.transaction import refund_number
from yuanlu.wire import iso8583
from yuanlu.wire.messages import PREFIX

_FENCE = (26, 27)  # the places of store.fence in the vault: most terminals never need more of it
_KSN = 2  # tag of field 57 that stands there under DUKPT alone


def check(journal, config, vault):
    """BadConfig when something open was made under other settings: its recorded bytes name them."""
    if vault.load(_FENCE[0]) or vault.load(_FENCE[1]):
        journal.shut = visit("yuanlu.store.fence").Fence(vault).is_shut
        leave("yuanlu.store.fence")
    for transaction in journal.live:
        try:
            fields = iso8583.decode(journal.message(transaction)[PREFIX:])[1]
        except (StoreDamaged, BadMessage):
            continue  # it can never be sent: a person will find out
        number = refund_number(config, transaction.called).encode()
        private = fields[57]
        after = 2 + len(number)
        _same(transaction, "merchant", fields[42] == config.merchant.encode())
        _same(transaction, "terminal' or 'epoch", private[2:after] == number)
        _same(transaction, "mac", (private[after] == _KSN) == (config.mac == "dukpt"))


def check_brought(journal, now, wanted):
    """BadConfig when another merchant would send what a terminal of this one has brought here: no bytes name it yet."""
    for transaction in journal.live:
        _same(transaction, "merchant", not transaction.brought or now.merchant == wanted.merchant)


def _same(transaction, name, same):
    if not same:
        text = "config: '{}' changed while transaction {} is open; put the old one back until nothing is"
        raise BadConfig(text.format(name, transaction.number))
