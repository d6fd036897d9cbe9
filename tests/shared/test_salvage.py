"""What was open on a dead terminal, by the image of its chip, on a spare: once, parked, whatever wakes (docs/handover.md)."""

from struct import pack

import parts  # first of all: imports nest, and the stack is short where words have 32 bits
from handing import EPOCH, NAMED, OLD, SPARE, Life, Pair, service_key, warrant
from parts import PowerCut, reaches, stay
from raises import raises
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.errors import BadMessage, Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import refund_number
from yuanlu.service import handover
from yuanlu.store import salvaged
from yuanlu.wire import service

stay("yuanlu.store.history", "yuanlu.store.fence", "yuanlu.service.taking", "yuanlu.wire.messages", "yuanlu.store.mount")

MERCHANT = b"YUANLU000000001"
OPEN = [300, 500, 2000]  # of a Pair's old one


class Dead(Pair):
    """The same two, the old one dead. What the authority makes of its chip is made of the old one's journal here."""

    def salvage(self, epoch=EPOCH, merchant=MERCHANT, secret=None, unsent=False, alone=False):
        """The blocks that the authority makes. unsent: it errs, and says that these were never sent; alone: of a journal with a
        hole."""
        head, named = b"", OLD.encode() + SPARE.encode() + pack("<HI", 1, epoch)
        plain = [handover._block(self.old, kind, part, has, unsent) for kind, part, has, _ in handover._items(self.old)]
        plain = [block[:1] + b"\0" + block[2:] for block in plain if block[0] == s.HANDOVER] if alone else plain
        opens = sum([block[0] == s.HANDOVER for block in plain])
        head = pack(handover.HEAD, 2, OLD.encode(), SPARE.encode(), 1, epoch, 1, merchant, len(plain) + 1, opens)
        keys = handover.keys(hmac_sha256(secret or service_key(SPARE), b"yuanlu handover" + named))
        return [service.seal(keys, b"H", index, block) for index, block in enumerate([head] + plain)]

    def take(self, epoch=EPOCH, **given):
        """All of it to the spare."""
        named = OLD.encode() + epoch.to_bytes(4, "little")
        for block in self.salvage(epoch, **given):
            self.spare.command(service.IMPORT, named + block)
        return self.spare.command(service.TAKE, named)

    def came(self):
        """(fen, state) of what came and is open."""
        return sorted([(t.amount, t.state) for t in self.spare.journal.live if t.origin])

    def left(self):
        """Fen that may still go back of the sale of 100.00."""
        sale = self.spare.journal.sales(5, amount=10_000)
        assert len(sale) == 1
        return 10_000 - self.spare.journal.spent(sale[0].number)


def check(pair, where=None):
    assert pair.came() == [(fen, s.IS_PARKED) for fen in OPEN], (where, pair.came())
    assert pair.spare.sendable() == [], (where, "nothing of it is sent by itself")
    assert pair.left() == 6700, (where, "L3")


def test_L3_L9_all_that_was_open_arrives_once_and_parked():
    pair = Dead()
    assert len(pair.old.sendable()) == 2, "control: the old one would send"
    pair.take()
    check(pair)
    pair.power_on()
    check(pair, "after a restart")
    names = sorted([refund_number(pair.old.config, t.number) for t in pair.old.journal.live])
    assert sorted([refund_number(pair.spare.config, t.called) for t in pair.spare.journal.live]) == names
    again = pair.spare.journal.live[0]
    pair.spare.desk.again(again, 1, b"line")
    assert len(pair.spare.sendable()) == 1, "a person may have it sent"


def test_L9_nor_is_it_sent_when_the_capsule_says_that_it_never_was():
    pair = Dead()
    pair.take(unsent=True)
    check(pair)
    control = Pair()
    control.whole()
    assert len(control.spare.sendable()) == 2, "a terminal's own word counts"


def test_L5_L9_a_cut_at_every_operation_on_the_spare():
    pair = Dead()
    flash = pair.flashes[1]
    before = flash.operations
    pair.take()
    count = flash.operations - before
    assert count > 5, count
    for operation in range(1, count + 1):
        for reach in list(reaches(operation))[operation % 3 :: 3] or list(reaches(operation)):
            pair.restore()
            flash.cut = (operation, reach)
            with raises(PowerCut):
                pair.take()
            pair.power_on()
            assert pair.spare.sendable() == [], (operation, reach)
            pair.take()
            check(pair, (operation, reach))
            pair.power_on()
            check(pair, (operation, reach))
            with raises(Refused):
                pair.spare.desk.open(parts.Draft(parts.KIND_REFUND, 6701, original=pair.spare.journal.live[-1].original))


def test_L9_a_second_salvage_brings_nothing_twice_whatever_became_of_the_first():
    pair = Dead()
    pair.take()
    unknown, small, large = sorted(pair.spare.journal.live, key=lambda t: t.amount)
    pair.spare.desk.resolve(unknown, True, 1, b"line 7")
    pair.spare.desk.resolve(small, False, 1, b"case 7")
    pair.spare.desk.again(large, 1, b"case 8")
    pair.spare.desk.renew(large)
    pair.spare.settle(large, s.DONE)
    assert pair.came() == [] and pair.left() == 6700
    for epoch in (EPOCH + 1, EPOCH + 2):
        pair.take(epoch)
        assert pair.came() == [] and pair.left() == 6700 and pair.spare.sendable() == [], epoch
        pair.power_on()
    with raises(Refused):
        pair.take(EPOCH)  # an epoch never comes again


def test_L5_without_its_sale_a_person_decides_and_no_other_attempt_gets_stuck():
    pair = Dead()
    for epoch in (EPOCH, EPOCH + 1):
        pair.take(epoch, alone=True)
        assert pair.came() == [(fen, s.IS_PARKED) for fen in OPEN], epoch
    for refund in list(pair.spare.journal.live):
        with raises(Refused) as caught:
            pair.spare.desk.again(refund, 1, b"line")
        assert caught.value.reason == "refused.no_new_attempt"
        pair.spare.desk.resolve(refund, refund.amount == 300, 1, b"line")
    assert pair.came() == []
    head = pair.spare.journal.log.head
    while pair.spare.journal.log.head == head:
        pair.spare.sell(5)
    pair.take(EPOCH + 2)
    assert pair.came() == [], "with its sale, from a better image: it is known all the same"
    for epoch in (EPOCH + 3, EPOCH + 4):
        assert pair.left() == 6700, "and counts against that from now on, once"
        pair.take(epoch)


def test_L9_what_the_old_one_ended_after_its_image_was_made_counts_once():
    """It woke and sent one by itself; its newer image says done, the spare has it parked."""
    pair = Dead()
    pair.take()
    large = sorted(pair.old.journal.live, key=lambda t: t.amount)[-1]
    pair.old.settle(large, s.DONE)
    pair.take(EPOCH + 1)
    check(pair)


def test_L9_an_old_terminal_that_wakes_hands_nothing_over_here_any_more():
    pair = Dead()
    pair.take()
    given = warrant(epoch=EPOCH + 1)
    count = int.from_bytes(pair.old.command(service.EXPORT, given), "little")
    blocks = [pair.old.command(service.CAPSULE, pack("<H", index)) for index in range(count)]
    named = OLD.encode() + (EPOCH + 1).to_bytes(4, "little")
    for life in (1, 2):
        with raises(Refused) as caught:
            pair.spare.command(service.IMPORT, named + blocks[0])
        assert caught.value.reason == "refused.handover_salvaged", life
        check(pair, life)
        pair.power_on()
    assert pair.old.sendable() == [], "but its export has shut it"
    receipt = pair.take(EPOCH + 1)
    check(pair, "its own journal, salvaged under that epoch")
    pair.old.command(service.FINISH, receipt)
    control = Dead()
    control.take()
    for place in salvaged.PLACES:
        control.spare.vault.places[place] = b""
    control.old.command(service.EXPORT, given)
    head = control.old.command(service.CAPSULE, b"\0\0")
    assert control.spare.command(service.IMPORT, named + head) == b"\1\0", "it is the vault that remembers"


def test_L5_a_live_capsule_and_a_salvaged_one_are_not_put_together():
    """Both are as long, but an older image has other blocks in their places."""
    pair = Dead()
    pair.export()
    for block in pair.blocks[:3]:
        pair.spare.command(service.IMPORT, NAMED + block)
    with raises(Refused) as caught:
        pair.take()
    assert caught.value.reason == "refused.handover_number"
    pair.bring()  # the control: the file that was begun
    assert len(pair.came()) == 3


def test_a_new_installation_of_the_old_terminal_may_hand_over():
    pair = Dead()
    pair.take()
    known = salvaged.Salvaged(pair.flashes[1].vault)
    assert known.has(OLD.encode(), 1) and not known.has(OLD.encode(), 2) and not known.has(SPARE.encode(), 1)


def test_where_the_vault_cannot_say_from_whom_something_came_a_live_capsule_is_refused():
    pair = Pair()
    for place in salvaged.PLACES:
        pair.flashes[1].vault.places[place] = b"rot"
    pair.export()
    with raises(Refused) as caught:
        pair.bring()
    assert caught.value.reason == "refused.handover_salvaged"


def test_another_merchant_another_key_and_another_spare_are_refused():
    pair = Dead()
    with raises(Refused) as caught:
        pair.take(merchant=b"YUANLU000000002")
    assert caught.value.reason == "refused.handover_merchant"
    with raises(BadMessage):
        pair.take(secret=bytes(32))
    other = Life(pair.flashes[1], "YL000003")
    with raises(BadMessage):
        other.command(service.IMPORT, OLD.encode() + EPOCH.to_bytes(4, "little") + pair.salvage()[0])
    assert pair.spare.journal.live == [] and not pair.spare.journal.shut
    pair.take()  # the control
