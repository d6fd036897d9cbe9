"""What is open goes to a spare terminal, and no refund goes twice or gets lost, wherever power goes (docs/handover.md)."""

from struct import pack

import parts  # noqa: F401  # first of all: imports nest, and the stack is short where words have 32 bits
from handing import EPOCH, NAMED, OLD, SPARE, ForgetfulVault, Life, Pair, chip_of, service_key, warrant
from parts import APPROVED, Card, PowerCut, Road, answering, create_task, reaches, sleep_ms, stay
from raises import raises
from yuanlu.compat import run
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.errors import BadMessage, Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, Draft, refund_number
from yuanlu.store import fence
from yuanlu.wire import iso8583, service

stay(
    "yuanlu.store.history",
    "yuanlu.store.fence",
    "yuanlu.service.taking",
    "yuanlu.wire.messages",
    "yuanlu.store.family",
    "yuanlu.store.mount",
    "yuanlu.store.opening",
    "yuanlu.crypto.dukpt",
)

UNSENT = [(2000, s.IS_QUEUED), (300, s.IS_PARKED), (500, s.IS_QUEUED)]


def brought(life):
    """What came: (fen, state), by their names."""
    return sorted([(refund_number(life.config, t.called), t.amount, t.state) for t in life.journal.live if t.origin])


def sale_of(life, amount):
    """The one sale of that amount."""
    found = life.journal.sales(5, amount=amount)
    assert len(found) == 1, (amount, len(found))
    return found[0]


def check_brought(pair, where=None):
    """Each open refund is there once, with its number for life; the cap is the old one's."""
    expected = sorted([(refund_number(pair.old.config, t.number), t.amount) for t in pair.old.journal.live])
    assert [row[:2] for row in brought(pair.spare)] == expected, (where, brought(pair.spare))
    assert [row[1:] for row in sorted(brought(pair.spare))] == UNSENT, (where, brought(pair.spare))
    sale = sale_of(pair.spare, 10_000)
    assert pair.spare.journal.spent(sale.number) == 3300, (where, "L3", pair.spare.journal.spent(sale.number))
    assert pair.spare.journal.spent(sale_of(pair.spare, 500).number) == 500, (where, "L3")
    assert pair.spare.journal.trouble == [] or where, pair.spare.journal.trouble


def test_L2_L3_L9_all_that_is_open_goes_over_once():
    pair = Pair()
    pair.whole()
    check_brought(pair)
    assert pair.old.sendable() == [] and len(pair.spare.sendable()) == 2
    sale = sale_of(pair.spare, 10_000)
    with raises(Refused) as caught:
        pair.spare.refund(sale, 6701)
    assert caught.value.reason == "refused.over_cap"
    assert pair.spare.desk.way_back(sale, 10_000) == KIND_REFUND, "a sale of another terminal's batch has no void"
    with raises(Refused):
        pair.spare.desk.open(Draft(KIND_VOID, 500, original=sale_of(pair.spare, 500).number))
    assert [row[4] for row in pair.spare.journal.batch(1)] == [70], "the other's sales are not of this terminal's batch"
    pair.power_on()
    check_brought(pair, "after a restart")
    assert pair.old.sendable() == []


def test_L9_the_old_terminal_writes_nothing_that_moves_money():
    pair = Pair()
    refund = pair.old.journal.live[0]
    pair.export()
    sale = pair.old.journal.sale(refund.original)
    attempts = (
        lambda: pair.old.refund(sale, 1),
        lambda: pair.old.sell(1),
        lambda: pair.old.desk.sending(refund, 1),
        lambda: pair.old.desk.withdraw(refund),
        lambda: pair.old.desk.resolve(pair.old.journal.live[1], False, 1, b"line"),
        lambda: pair.old.desk.again(pair.old.journal.live[1], 1, b"line"),
    )
    for life in (1, 2):
        for attempt in attempts:
            with raises(Refused) as caught:
                attempt()
            assert caught.value.reason == "refused.handed_over", (life, caught.value)
        pair.power_on()
        refund, sale = pair.old.journal.live[0], pair.old.journal.sale(refund.original)


def test_L9_a_cut_at_every_operation_of_a_handover():
    """On both sides: at no moment may both send one refund, and from wherever it stands it can be brought to its end."""
    for side in (0, 1):
        cuts(Pair(), side, lambda pair: pair.whole(), ended)


def test_L9_a_cut_at_every_operation_of_a_handover_that_is_called_off():
    for side in (0, 1):
        cuts(Pair(), side, lambda pair: pair.undone(), called_off)


def some(operation):
    """Reaches to try there: not all on both runtimes, since each is two lives of two terminals."""
    return list(reaches(operation))[operation % 3 :: 3] or list(reaches(operation))


def cuts(pair, side, work, check):
    """Power goes at each operation of that side's chip and vault."""
    flash = pair.flashes[side]
    before = flash.operations
    work(pair)
    count = flash.operations - before
    assert count > 5, count
    for operation in range(1, count + 1):
        for reach in some(operation):
            where = (side, operation, reach)
            pair.restore()
            flash.cut = (operation, reach)
            try:
                work(pair)
                raise AssertionError(("not reached", where))
            except PowerCut:
                pair.power_on()
            assert pair.both_may_send() == [], (where, "L9: both may send", pair.both_may_send())
            work(pair)
            assert pair.both_may_send() == [], where
            check(pair, where)
            pair.power_on()
            check(pair, where)


def ended(pair, where):
    check_brought(pair, where)
    assert pair.old.sendable() == [] and len(pair.spare.sendable()) == 2, where
    assert fence.Fence(pair.old.vault).standing == fence.FINISHED, where
    assert [t for t in pair.spare.journal.owed if t.brought] == [], (where, "a slip would come out twice")


def called_off(pair, where):
    assert len(pair.old.sendable()) == 2 and brought(pair.spare) == [], where
    for block in pair.blocks:
        with raises(Refused):
            pair.spare.command(service.IMPORT, NAMED + block)
    with raises(Refused):
        pair.spare.command(service.TAKE, NAMED)


def test_control_an_old_terminal_that_forgets_its_fence_is_found_out():
    pair = Pair(ForgetfulVault)
    fences = []

    def handed(pair):
        pair.old.command(service.EXPORT, warrant())
        fences.append(fence.Fence(pair.old.vault).standing)

    handed(pair)
    pair.power_on()
    assert fences == [fence.OWN] and len(pair.old.sendable()) == 2, "it sends on after a restart"


def test_control_both_could_send_were_the_old_one_not_shut():
    """What the cuts look for is there to be seen."""
    pair = Pair()
    pair.whole()
    pair.old.journal.shut = ""
    assert len(pair.both_may_send()) == 2


def test_L9_only_the_spares_word_frees_the_old_one_and_only_its_receipt_ends_it():
    pair = Pair()
    pair.export()
    for command in (service.ABORT, service.FINISH):
        for given in (bytes(16), b"\1" * 16):
            with raises(Refused) as caught:
                pair.old.command(command, given)
            assert caught.value.reason == "refused.handover_receipt"
    pair.bring()
    with raises(Refused):
        pair.old.command(service.ABORT, pair.receipt)
    with raises(Refused):
        pair.spare.command(service.DECLINE, NAMED)  # it has it
    assert pair.old.sendable() == []
    pair.old.command(service.FINISH, pair.receipt)
    pair.old.command(service.FINISH, pair.receipt)  # the answer was lost
    with raises(Refused):
        pair.old.command(service.EXPORT, warrant(epoch=EPOCH + 1))


def test_a_capsule_serves_once_and_on_one_spare():
    pair = Pair()
    pair.whole()
    before = brought(pair.spare)
    numbers = pair.spare.journal.log.number
    for block in pair.blocks:
        pair.spare.command(service.IMPORT, NAMED + block)
    assert brought(pair.spare) == before and pair.spare.journal.log.number == numbers
    pair.spare.command(service.DECLINE, OLD.encode() + (EPOCH + 1).to_bytes(4, "little"))
    for block in pair.blocks:
        with raises(Refused):
            pair.spare.command(service.IMPORT, NAMED + block)
    other = Life(pair.flashes[1], "YL000003")
    with raises(BadMessage):
        other.command(service.IMPORT, NAMED + pair.blocks[0])


def test_a_receipt_that_was_lost_is_given_again_after_another_handover():
    """Else the old one would be shut until the authority says that nothing was taken, which is not so."""
    pair = Pair()
    pair.export()
    pair.bring()
    pair.spare.command(service.DECLINE, b"YL000003" + (EPOCH + 1).to_bytes(4, "little"))
    with raises(Refused) as caught:
        pair.spare.command(service.IMPORT, NAMED + pair.blocks[0])
    assert caught.value.reason == "refused.handover_number"
    pair.power_on()
    assert pair.spare.command(service.TAKE, NAMED) == pair.receipt
    pair.old.command(service.FINISH, pair.receipt)
    for never_taken in (OLD.encode() + (EPOCH - 1).to_bytes(4, "little"), b"YL000003" + (EPOCH + 1).to_bytes(4, "little")):
        with raises(Refused) as caught:
            pair.spare.command(service.TAKE, never_taken)
        assert caught.value.reason == "refused.handover_part"


def test_L3_what_was_sent_in_an_earlier_attempt_is_not_withdrawn_on_the_spare():
    pair = Pair()
    desk = pair.old.desk
    refund = next(t for t in pair.old.journal.live if t.amount == 300)
    desk.again(refund, 7, b"123456")
    desk.renew(refund)
    assert refund.state == s.IS_QUEUED
    with raises(Refused):
        desk.withdraw(refund)
    pair.whole()
    sent, unsent = [next(t for t in pair.spare.journal.live if t.origin and t.amount == fen) for fen in (300, 2000)]
    with raises(Refused) as caught:
        pair.spare.desk.withdraw(sent)
    assert (caught.value.reason, sent.state) == ("refused.already_sent", s.IS_PARKED)
    assert refund_number(pair.spare.config, sent.called) not in pair.spare.sendable()
    pair.spare.desk.withdraw(unsent)  # control: this one never left


def test_a_block_that_was_changed_or_left_out_is_not_taken():
    pair = Pair()
    pair.export()
    for at in range(len(pair.blocks[0])):
        block = bytearray(pair.blocks[0])
        block[at] ^= 1
        with raises(BadMessage):
            pair.spare.command(service.IMPORT, NAMED + bytes(block))
    pair.spare.command(service.IMPORT, NAMED + pair.blocks[0])
    with raises(Refused):
        pair.spare.command(service.IMPORT, NAMED + pair.blocks[2])
    with raises(Refused) as caught:
        pair.spare.command(service.TAKE, NAMED)
    assert caught.value.reason == "refused.handover_part"
    assert pair.spare.sendable() == [] and pair.old.sendable() == []
    with raises(Refused):
        pair.spare.sell(1)  # until all is here


def test_what_the_laptop_carries_tells_nothing():
    pair = Pair()
    pair.export()
    card, rrn = Card().number, APPROVED.rrn
    for block in pair.blocks:
        assert card not in block and rrn not in block and b"YUANLU000000001" not in block


def test_the_warrant_is_the_authoritys_and_for_these_two():
    pair = Pair()
    for changed in (0, 8, 12, 50):
        given = bytearray(warrant())
        given[changed] ^= 1
        with raises(Refused) as caught:
            pair.old.command(service.EXPORT, bytes(given))
        assert caught.value.reason == "refused.handover_warrant"
    assert len(pair.old.sendable()) == 2


def test_nothing_goes_over_while_a_sale_is_open_or_an_answer_awaited():
    pair = Pair()
    sale = pair.old.desk.open(Draft(KIND_SALE, 5, card=Card()))
    with raises(Refused) as caught:
        pair.old.command(service.EXPORT, warrant())
    assert caught.value.reason == "refused.handover_open"
    pair.old.settle(sale, s.DONE)
    pair.old.desk.sending(pair.old.journal.live[0], 1)
    with raises(Refused) as caught:
        pair.old.command(service.EXPORT, warrant())
    assert caught.value.reason == "refused.busy"


def test_a_spare_without_room_for_all_takes_nothing_and_serves_on():
    """With a part of it, it would be shut, and could make no room."""
    pair = Pair()
    sale = pair.spare.sell(100)
    refunds = [pair.spare.refund(sale, 1) for _ in range(6)]
    pair.export()
    for _ in (1, 2):
        with raises(Refused) as caught:
            pair.bring()
        assert caught.value.reason == "refused.too_many_open", caught.value
        pair.power_on()
    assert brought(pair.spare) == [] and fence.Fence(pair.spare.vault).standing == fence.OWN
    pair.spare.sell(100)
    assert len(refunds) == 6 and pair.old.sendable() == []
    pair.spare.desk.withdraw(pair.spare.journal.live[0])
    pair.whole()
    assert len(brought(pair.spare)) == 3


def test_two_terminals_capsules_come_in_either_order():
    pair = Pair()
    pair.export()
    later = b"YL000003" + (EPOCH + 9).to_bytes(4, "little")
    pair.spare.command(service.DECLINE, later)
    pair.power_on()
    pair.whole()
    check_brought(pair)
    before = brought(pair.spare)
    for named in (later, NAMED, OLD.encode() + (EPOCH - 1).to_bytes(4, "little")):
        with raises(Refused) as caught:
            pair.spare.command(service.DECLINE, named)
        assert caught.value.reason == "refused.handover_number", named
    for block in pair.blocks:
        pair.spare.command(service.IMPORT, NAMED + block)  # it was taken: nothing changes
    assert brought(pair.spare) == before


def test_L9_no_epoch_of_a_giver_comes_twice_however_many_there_were():
    """Whose rows had to make room begin above the highest of them."""
    pair = Pair()
    named = [b"YL0001%02d" % number + (100 + number).to_bytes(4, "little") for number in range(24)]
    for one in named:
        pair.spare.command(service.DECLINE, one)
        pair.power_on()
    for one in named[:-1]:
        with raises(Refused) as caught:
            pair.spare.command(service.DECLINE, one)
        assert caught.value.reason == "refused.handover_number", one
    pair.spare.command(service.DECLINE, named[-1])  # it stands: its word is given again
    for number, is_new in ((107, False), (108, True)):
        one = b"YL000777" + number.to_bytes(4, "little")
        if is_new:
            pair.spare.command(service.DECLINE, one)
        else:
            with raises(Refused):
                pair.spare.command(service.DECLINE, one)


def test_L9_what_it_took_does_not_bring_back_an_epoch_of_its_own():
    """Blocks of two capsules would be sealed with one key."""
    pair = Pair()
    spare = pair.spare
    spare.command(service.EXPORT, warrant(SPARE, "YL000003", EPOCH + 2))
    names = SPARE.encode() + b"YL000003" + pack("<HI", 1, EPOCH + 2)
    key = hmac_sha256(service_key("YL000003"), b"yuanlu handover" + names)
    spare.command(service.ABORT, hmac_sha256(key, b"yuanlu declined" + names)[:16])
    pair.whole()
    check_brought(pair)
    for epoch in (EPOCH, EPOCH + 2):
        with raises(Refused):
            spare.command(service.EXPORT, warrant(SPARE, "YL000003", epoch))
    spare.command(service.EXPORT, warrant(SPARE, "YL000003", EPOCH + 3))


def test_L9_a_capsule_is_for_one_installation_of_the_spare():
    """An old file at a spare that was erased and installed anew would be taken a second time."""
    pair = Pair()
    pair.whole()
    anew = Life(chip_of(SPARE), SPARE, install=2)
    for block in pair.blocks:
        with raises(BadMessage):
            anew.command(service.IMPORT, NAMED + block)
    assert brought(anew) == []
    control = Life(chip_of(SPARE), SPARE)
    for block in pair.blocks:
        control.command(service.IMPORT, NAMED + block)
    assert len(brought(control)) == 3, "under the epoch of before it would have come again"


def test_a_warrant_for_another_installation_is_another_handover():
    pair = Pair()
    pair.export()
    with raises(Refused) as caught:
        pair.old.command(service.EXPORT, warrant(install=2))
    assert caught.value.reason == "refused.handover_number"
    pair.export()
    pair.whole()


def test_L2_the_spare_sends_it_once_under_its_number_for_life():
    pair = Pair()
    pair.whole()
    names = sorted([row[0] for row in brought(pair.spare) if row[2] == s.IS_QUEUED])
    road = Road(*[[answering()] for _ in range(8)])
    spare = Life(pair.flashes[1], SPARE, [road])

    async def scene():
        task = create_task(spare.forwarder.run())
        await sleep_ms(600_000)
        task.cancel()

    run(scene())
    sent = [iso8583.decode(request[13:]) for request in road.sent]
    told = sorted([str(bytes(fields[57][2 : 2 + fields[57][1]]), "ascii") for kind, fields in sent if kind == "0220"])
    assert told == names, (told, names)
    assert [fields[41] for kind, fields in sent if kind == "0220"] == [SPARE.encode()] * 2
    assert [t.state for t in spare.journal.live] == [s.IS_PARKED]
    assert spare.journal.spent(sale_of(spare, 10_000).number) == 3300


def test_L3_L5_what_came_outlives_the_ring():
    """Its records are carried from sector to sector as those of the terminal's own refunds are."""
    pair = Pair()
    pair.whole()
    before, flash = brought(pair.spare), pair.flashes[1]
    while flash.erases < 3 * flash.sectors:
        pair.spare.sell(100)
    pair.power_on()
    assert brought(pair.spare) == before and pair.spare.journal.trouble == []
    assert len(pair.spare.sendable()) == 2 and pair.old.sendable() == []
    with raises(Refused):
        pair.spare.refund(pair.spare.journal.original(pair.spare.journal.live[0].original), 6701)
