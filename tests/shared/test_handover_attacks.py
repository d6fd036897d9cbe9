"""Attacks on a handover that got through once: money twice, a case unseen, a batch that never closes (docs/handover.md)."""

import parts  # first of all: imports nest, and the stack is short where words have 32 bits
from handing import NAMED, OLD, SPARE, Life, Pair, TearingVault, chip_of, warrant
from parts import APPROVED, Card, PowerCut, Road, create_task
from raises import raises
from yuanlu import continuity
from yuanlu.compat import run
from yuanlu.errors import BadConfig, Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, ROAD_CASH, ROAD_OFFLINE, Draft
from yuanlu.store import fence
from yuanlu.wire import service
from yuanlu.wire.messages import Answer


class Made(Pair):
    """The old one with what `make` makes in its life."""

    def __init__(self, make):
        self.flashes = chip_of(OLD, TearingVault), chip_of(SPARE, TearingVault)
        make(Life(self.flashes[0], OLD))
        self.images = [flash.snapshot() for flash in self.flashes]
        self.restore()


def came(pair):
    """The one refund that was brought."""
    found = [t for t in pair.spare.journal.live if t.origin]
    assert len(found) == 1, found
    return found[0]


def an_old_sale(old):
    """4000 of 10 000 are given back, 1000 wait; then the ring lets go of the 4000, and no more is given back of it."""
    sale = old.sell(10_000)
    old.refund(sale, 4000, s.DONE)
    old.refund(sale, 1000)
    while old.journal.log.lowest <= sale.number:
        old.sell(5)
    assert old.journal.original(sale.number) is not None and old.journal.sale(sale.number) is None


def test_L3_a_sale_does_not_go_over_without_what_was_given_back_of_it():
    pair = Made(an_old_sale)
    pair.whole()
    assert pair.spare.journal.sales(5, amount=10_000) == []
    assert came(pair).state == s.IS_PARKED and pair.spare.sendable() == [], "how much is left nobody knows"


def an_alarm(old):
    """The acquirer has booked another amount than was asked for."""
    refund = old.refund(old.sell(10_000), 700)
    old.desk.sending(refund, 1)
    old.desk.note(refund, s.OTHERWISE, Answer(b"00", 1000, APPROVED.rrn, APPROVED.approval, 1122, 101500))


def test_L6_an_alarm_is_one_on_the_spare_too():
    pair = Made(an_alarm)
    pair.whole()
    for life in (1, 2):
        refund = came(pair)
        assert refund.alarm and refund.amount == 1000 and pair.spare.journal.spent(refund.original) == 1000, life
        with raises(Refused) as caught:
            pair.spare.desk.again(refund, 1, b"line")
        assert caught.value.reason == "refused.no_new_attempt"
        pair.power_on()
    control = Pair()
    control.whole()
    assert [t.alarm for t in control.spare.journal.live] == [False] * 3


def an_offline_sale(old):
    """Made without a line, and a refund of it that nobody knows of."""
    sale = old.settle(old.desk.open(Draft(KIND_SALE, 10_000, card=Card(), road=ROAD_OFFLINE)), s.DONE)
    old.refund(sale, 1000, s.SILENT)


def test_no_message_of_the_spare_names_an_offline_sale_as_its_own():
    """Field 62 would name the spare, where batch and trace are another customer's."""
    pair = Made(an_offline_sale)
    pair.whole()
    with raises(Refused) as caught:
        pair.spare.desk.again(came(pair), 1, b"line")
    assert caught.value.reason == "refused.no_new_attempt"
    sale = pair.spare.journal.sales(1, amount=10_000)[0]
    with raises(Refused) as caught:
        pair.spare.refund(sale, 100)
    assert caught.value.reason == "refused.no_reference"
    pair.spare.config.cash_refunds = 1  # the till needs no acquirer
    cash = Draft(KIND_REFUND, 100, original=sale.number, road=ROAD_CASH)
    try:
        assert pair.spare.desk.visiting("yuanlu.cash", "record", cash).amount == 100
    finally:
        pair.spare.config.cash_refunds = 0  # others read the same settings


def test_what_a_person_finds_done_is_of_no_batch_of_the_spare():
    pair = Pair()
    pair.whole()
    before = pair.spare.journal.batch(1)
    parked = next(t for t in pair.spare.journal.live if t.state == s.IS_PARKED)
    original, spent = parked.original, pair.spare.journal.spent(parked.original)
    pair.spare.desk.resolve(parked, True, 1, b"line")
    assert pair.spare.journal.batch(1) == before
    assert pair.spare.journal.spent(original) == spent


def test_L9_a_cut_between_the_two_places_of_the_fence_leaves_no_single_one():
    """Power goes at each operation of an export, it is asked for again, then the place that was written last rots."""
    pair = Pair()
    flash = pair.flashes[0]
    before = flash.operations
    pair.export()
    for operation in range(1, flash.operations - before + 1):
        pair.restore()
        flash.cut = (operation, 0)
        with raises(PowerCut):
            pair.export()
        pair.power_on()
        pair.export()
        rot(flash)
        pair.power_on()
        assert pair.old.sendable() == [], operation


def test_L9_nor_does_one_in_the_word_that_frees_the_old_one():
    pair = Pair()
    flash = pair.flashes[1]
    pair.export()
    before = flash.operations
    pair.spare.command(service.DECLINE, NAMED)
    count = flash.operations - before
    for operation in range(1, count + 1):
        pair.restore()
        pair.export()
        flash.cut = (operation, 0)
        with raises(PowerCut):
            pair.spare.command(service.DECLINE, NAMED)
        pair.power_on()
        pair.spare.command(service.DECLINE, NAMED)
        rot(flash)
        pair.power_on()
        with raises(Refused):
            pair.spare.command(service.IMPORT, NAMED + pair.blocks[0])


def rot(flash):
    """The newest of the fence's two places cannot be read any more."""
    newest = fence.Fence(flash.vault).kept.newest
    flash.vault.places[newest] = b"rot" + flash.vault.places[newest][3:]


def closing(pair, standing):
    """Why its batch is not closed, where a repeat is known in the open batch alone."""
    assert fence.Fence(pair.old.vault).standing == standing
    old = Life(pair.flashes[0], OLD, [Road()])
    config = old.config
    before = config.repeat, config.ask_ms
    config.repeat, config.ask_ms = "open_batch", 0  # no terminal would start with that
    assert s.IS_UNKNOWN in [t.state for t in old.journal.live]

    async def scene():
        task = create_task(old.forwarder.run())
        told = await old.forwarder.run_errand("closing", 600_000)
        task.cancel()
        return getattr(told, "reason", told)

    try:
        return run(scene())
    finally:  # others read the same settings
        config.repeat, config.ask_ms = before


def test_the_old_one_closes_its_batch_once_it_has_finished():
    """What it does not know of it can neither send nor decide any more: it would have kept that batch open for ever."""
    pair = Pair()
    pair.export()
    assert closing(pair, fence.GIVEN) == "refused.closing_unknown", "it may come back"
    pair.bring()
    pair.old.command(service.FINISH, pair.receipt)
    assert closing(pair, fence.FINISHED) == "why.no_connection", "nothing but the road keeps it from that"


def test_L5_a_capsule_of_another_length_is_not_put_together_with_the_first():
    pair = Pair()
    pair.export()
    pair.spare.command(service.IMPORT, NAMED + pair.blocks[0])
    items, refund = pair.old.journal.live, pair.old.journal.live[0]
    items.remove(refund)  # as if it were not there any more
    count = int.from_bytes(pair.old.command(service.EXPORT, warrant()), "little")
    assert count == len(pair.blocks) - 1
    with raises(Refused) as caught:
        pair.spare.command(service.IMPORT, NAMED + pair.old.command(service.CAPSULE, b"\0\0"))
    assert caught.value.reason == "refused.handover_number"
    pair.bring()  # the first file is good


def test_what_was_brought_ends_under_its_merchant():
    """No recorded bytes name the merchant yet, which tells of a change elsewhere."""
    pair = Pair()
    other = parts.settings(terminal=SPARE, merchant="YUANLU000000002")
    continuity.check_brought(pair.spare.journal, pair.spare.config, other)  # the control: nothing is here
    pair.whole()
    continuity.check_brought(pair.spare.journal, pair.spare.config, pair.spare.config)
    with raises(BadConfig):
        continuity.check_brought(pair.spare.journal, pair.spare.config, other)


def held(old):
    """Two refunds wait, and a technician holds them."""
    sale = old.sell(10_000)
    old.refund(sale, 1000)
    old.refund(old.sell(500), 500)
    old.desk.visiting("yuanlu.resolving", "hold", 254, b"case 1")


def test_L9_what_is_held_is_held_on_the_spare_too():
    pair = Made(held)
    pair.whole()
    for _ in range(2):
        assert pair.spare.sendable() == [] and len(pair.spare.journal.live) == 2
        assert pair.spare.journal.held[0][3].rstrip(b"\0") == b"case 1", "with its reason"
        pair.power_on()
    pair.spare.desk.release(1, b"line")
    assert pair.spare.sendable() == [], "no supervisor lets go what a technician holds"
    pair.spare.desk.release(254, b"case 2")
    assert len(pair.spare.sendable()) == 2
    control = Pair()
    control.whole()
    assert control.spare.journal.held == [] and len(control.spare.sendable()) == 2


def test_L9_a_hold_of_the_spares_own_stays_and_is_said_as_it_was():
    pair = Made(held)
    pair.spare.desk.visiting("yuanlu.resolving", "hold", 254, b"case 7")
    pair.whole()
    assert pair.spare.journal.held[0][3].rstrip(b"\0") == b"case 7" and pair.spare.sendable() == []


def test_L9_a_cut_at_every_operation_of_the_spare_keeps_what_is_held():
    pair = Made(held)
    flash = pair.flashes[1]
    before = flash.operations
    pair.whole()
    for operation in range(1, flash.operations - before + 1):
        pair.restore()
        flash.cut = (operation, operation % 5)
        with raises(PowerCut):
            pair.whole()
        pair.power_on()
        assert pair.spare.sendable() == [], operation
        pair.whole()
        assert pair.spare.sendable() == [] and len(pair.spare.journal.live) == 2, operation
        assert pair.spare.journal.held[0][3].rstrip(b"\0") == b"case 1", operation


def test_a_capsule_that_is_refused_holds_nothing():
    pair = Made(held)
    pair.export()
    pair.spare.command(service.DECLINE, NAMED)
    with raises(Refused):
        pair.spare.command(service.IMPORT, NAMED + pair.blocks[0])
    assert pair.spare.journal.held == []
