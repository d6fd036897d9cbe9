"""When what waits is tried again.

Waits are full jitter: a random time between 0 and min(cap, base x 2^n), so that thousands of terminals that lost the same line do
not come back in the same second.
"""

from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.codes import BALANCE_SHORT, TOMORROW


def delay_ms(tries, base_ms, cap_ms, draw):
    """A wait before try number `tries` + 1. `draw(n)` gives a random int of 0 to n."""
    ceiling = base_ms
    for _ in range(tries):
        if ceiling >= cap_ms:
            break
        ceiling *= 2
    return draw(min(ceiling, cap_ms))


class Schedule:
    """Given the Journal, the Clock and Vault ports and the Config. Due times live in RAM alone: after power-up everything waits
    a random while."""

    def __init__(self, journal, clock, vault, config):
        self.journal = journal
        self.clock = clock
        self.vault = vault
        self.config = config
        self.tries = 0  # roads that could not be opened and sends without an answer, in a row

    def all(self):
        """Power or a line came back: anywhere within the cap, since it came back for many."""
        self.tries = 0
        for transaction in self.journal.live:
            timed = transaction.due is not None and self.shortest(transaction)  # its time does not begin anew with each line
            if s.is_sendable(transaction.state) and not timed:
                transaction.due = self.clock.deadline(self.shortest(transaction) + self.vault.draw(self.config.cap_ms))

    def put_off(self, reason=None):
        """No road, or no answer: everything that waits shares the same wait, since it would meet the same dead line or host.
        reason: what hinders all of it."""
        self.tries += 1
        due = self.later(self.tries)
        for transaction in self.journal.live:
            if s.is_sendable(transaction.state):
                transaction.why = reason or transaction.why
                if transaction.due is None or self.clock.diff_ms(due, transaction.due) > 0:
                    transaction.due = due  # never sooner than it was: a query has to wait for its time

    def later(self, tries, shortest=0):
        """A ticks time after so many tries; shortest: ms that pass in any case."""
        wait = delay_ms(tries, self.config.base_ms, self.config.cap_ms, self.vault.draw)
        return self.clock.deadline(shortest + wait)

    def in_time(self, transaction):
        """A ticks time after the least that has to pass."""
        return self.clock.deadline(self.shortest(transaction))

    def shortest(self, transaction):
        """A query makes sense only once the message cannot arrive any more; a wallet is asked at its times, and a merchant's
        account is filled no sooner; tomorrow is tomorrow."""
        asks = self.config.wallet_asks
        if transaction.state == s.IS_ACCEPTED:
            at = min(transaction.asked, len(asks) - 1)
            return 1000 * (asks[at] - (asks[at - 1] if at else 0))
        if transaction.state == s.IS_WAITING and transaction.code == TOMORROW:
            return 1000 * (86_400 - rules.seconds(self.clock.date()[1]))
        if transaction.state == s.IS_WAITING and transaction.code in BALANCE_SHORT:
            return 1000 * asks[min(transaction.sends, len(asks)) - 1]
        return self.config.ask_ms if transaction.state == s.IS_ASKING else 0
