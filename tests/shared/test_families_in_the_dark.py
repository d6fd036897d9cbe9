"""The chance steps of test_families.py with power going at chance operations: the model takes over one step at most."""

from parts import REACHES, NorFlash, PowerCut, Terminal, every_record, stay
from test_families import Shop
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE

stay("yuanlu.store.history", "yuanlu.wire.messages", "yuanlu.crypto.dukpt", "yuanlu.store.mount")


class DarkShop(Shop):
    """A shop whose power goes during every second step."""

    def __init__(self, seed, flash):
        super().__init__(seed, flash)
        self.highest = 0  # the largest record number when the last step ended
        self.cuts = 0

    def step(self):
        """One step; when power went, the journal may be ahead of the model by that step's transaction alone."""
        known = self._known()
        if self.random.below(2):
            self.flash.cut = (1 + self.random.below(3), self.random.below(len(REACHES)))
        try:
            super().step()
        except PowerCut:
            self.cuts += 1
            self._put_back(known)
            self.flash.power_on()
            self.till = Terminal(self.flash, open_limit=32)
            self._agree()
        self.flash.power_on()
        self.highest = self.till.journal.log.number - 1

    def _known(self):
        model = self.model
        return [dict(table) for table in (model.states, model.amounts, model.originals, model.messages)] + [list(model.sales)]

    def _put_back(self, known):
        model = self.model
        model.states, model.amounts, model.originals, model.messages, model.sales = known

    def _agree(self):
        """Take over the one transaction that is further than the model thinks, or new."""
        journal, model = self.till.journal, self.model
        further = []
        for number in sorted(model.states):
            found = journal.find_live(number) or journal.transaction(number)
            if found is None:
                assert number not in model.open(), ("lost", number)
            elif found.state != model.states[number] or (not s.is_final(found.state) and self._other_bytes(found)):
                further.append(found)
        for record in every_record(journal):
            if record.type == s.INTENT and record.transaction > self.highest and record.transaction not in model.states:
                number = record.transaction
                if number not in [t.number for t in further]:
                    further.append(journal.find_live(number) or journal.transaction(number))
        assert len(further) <= 1, [(t.number, t.state) for t in further]
        for transaction in further:
            self._take_over(transaction)

    def _other_bytes(self, transaction):
        return self.till.journal.message(transaction) != self.model.messages[transaction.number]

    def _take_over(self, found):
        model, number = self.model, found.number
        model.states[number], model.amounts[number], model.originals[number] = found.state, found.amount, found.original
        model.messages[number] = None if s.is_final(found.state) else self.till.journal.message(found)
        if not s.is_final(found.state):
            return
        if found.kind == KIND_SALE and found.state == s.IS_DONE:
            model.sales.append(number)
        elif found.kind == KIND_SALE:
            model.forget(number)


def test_L2_L3_L4_L5_chance_cuts_in_a_shop_that_works_on():
    """Opens, sends, compactions and power-ups, each cut anywhere; nothing told is lost, nothing settled comes back."""
    for seed, sectors, size, unit in ((4, 6, 4096, 16), (2, 4, 6144, 1)):
        shop = DarkShop(seed, NorFlash(sectors, size, unit))
        for turn in range(300):
            shop.step()
            shop.check(list(shop.model.sales) if turn % 20 == 0 else ())
        shop.restart()
        shop.check(list(shop.model.sales))
        assert shop.cuts > 12 and shop.flash.erases > 3 * sectors, (shop.cuts, shop.flash.erases)
