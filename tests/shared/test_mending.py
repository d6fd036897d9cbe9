"""A fence that cannot be read opens on the authority's word for this terminal and this loss, once; never otherwise (L9)."""

import parts  # first of all: imports nest, and the stack is short where words have 32 bits
from handing import NAMED, OLD, SPARE, Life, Pair, service_key, warrant
from parts import PowerCut, reaches, stay
from raises import raises
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.errors import BadMessage, Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, Draft
from yuanlu.service import erasing
from yuanlu.store import erasure
from yuanlu.store import fence as f
from yuanlu.ui import alerts
from yuanlu.wire import service

stay("yuanlu.store.history", "yuanlu.store.fence", "yuanlu.service.mending", "yuanlu.wire.messages")

EPOCH = 900
LOST = 7


def rot(life):
    """Both places of its fence become unreadable, and power comes back to a new life of it."""
    for place in f.PLACES:
        data = life.vault.places.get(place, b"")
        life.vault.places[place] = (data or bytes(61))[:-1] + b"?"
    return Life(life.flash, life.config.terminal)


def owner(life):
    """(standing, number or epoch, the other, standing before) as OWNER tells them."""
    told = life.command(service.OWNER)
    return told[0], int.from_bytes(told[1:5], "little"), bytes(told[5:13]), told[17]


def word(number, epoch=EPOCH, terminal=OLD):
    """The authority's, by the page and not by the firmware."""
    names = number.to_bytes(4, "little") + epoch.to_bytes(4, "little")
    return names + hmac_sha256(service_key(terminal), b"yuanlu mend" + terminal.encode() + names)[:16]


def given_away():
    """An old terminal whose capsule is on its way, and whose fence rots then."""
    pair = Pair()
    pair.export()
    pair.old = rot(pair.old)
    return pair


def refused(life, given):
    """Why; it is shut as before."""
    with raises(Refused) as caught:
        life.command(service.MEND, given)
    assert life.journal.shut and life.sendable() == [] and f.Fence(life.vault).lost
    return caught.value.reason


def test_L9_a_fence_that_cannot_be_read_is_shut_and_says_which_number_opens_it():
    pair = given_away()
    standing, number, other, before = owner(pair.old)
    assert (standing, other, before) == (LOST, SPARE.encode(), f.GIVEN) and number == pair.old.journal.log.newest[0]
    assert pair.old.sendable() == []
    sale = pair.old.journal.sales(1)[0]
    with raises(Refused) as caught:
        pair.old.desk.open(Draft(KIND_SALE, 100, card=parts.Card()))
    assert caught.value.reason == pair.old.journal.shut == "refused.fence_lost", "the clerk is told of no handover"
    assert sale and alerts._handed_over(pair.old, None) == ("alert.fence_lost",)
    away = Pair()
    away.export()
    assert alerts._handed_over(away.old, None) == ("alert.handed_over",), "control"
    for life in (pair.old, Life(pair.flashes[0], OLD)):
        assert owner(life)[1] == number, "it is asked once"
        for command, given in ((service.EXPORT, warrant(epoch=EPOCH)), (service.ABORT, bytes(16)), (service.FINISH, bytes(16))):
            with raises(Refused):
                life.command(command, given)
        with raises(Refused):
            life.desk.open(Draft(KIND_SALE, 5, card=parts.Card()))


def test_L9_it_opens_on_that_word_and_the_epoch_never_comes_again():
    pair = given_away()
    number = owner(pair.old)[1]
    pair.old.command(service.MEND, word(number))
    for life in (pair.old, Life(pair.flashes[0], OLD)):
        assert len(life.sendable()) == 2 and not life.journal.shut
        assert owner(life)[:2] == (f.BACK, EPOCH)
        life.command(service.MEND, word(number))  # its answer was lost
        for epoch in (1, 7, EPOCH):
            with raises(Refused):
                life.command(service.EXPORT, warrant(epoch=epoch))
        with raises(Refused):
            life.command(service.MEND, word(number, EPOCH + 1))  # nothing is lost any more
    told = sorted({(r.number, bytes(r.body().text[:6])) for r in parts.every_record(life.journal) if r.type == s.NOTE})
    assert [text for _, text in told] == [b"lost\0\0", b"mended"] and told[0][0] == number, told
    life.command(service.EXPORT, warrant(epoch=EPOCH + 1))
    assert f.Fence(life.vault).standing == f.GIVEN


def test_L9_each_bit_of_the_word_counts_and_no_other_terminals_serves():
    pair = given_away()
    number = owner(pair.old)[1]
    for at in range(24 * 8):
        given = bytearray(word(number))
        given[at // 8] ^= 1 << at % 8
        assert refused(pair.old, bytes(given)) == "refused.handover_warrant", at
    for other in (word(number, terminal=SPARE), word(number + 1), word(number - 1), word(0), bytes(24)):
        assert refused(pair.old, other) == "refused.handover_warrant"
    for length in range(40):
        if length != 24:
            with raises(BadMessage):
                pair.old.command(service.MEND, bytes(length))
    pair.old.command(service.MEND, word(number))


def test_L9_before_it_was_asked_there_is_no_word():
    pair = given_away()
    for number in range(60):
        assert refused(pair.old, word(number)) == "refused.handover_warrant"


def test_L9_an_old_word_does_not_serve_again():
    """Not after another loss, nor when the vault is what it was at the first one."""
    pair = given_away()
    places = dict(pair.old.vault.places)
    number = owner(pair.old)[1]
    pair.old.command(service.MEND, word(number))
    pair.old.command(service.EXPORT, warrant(epoch=EPOCH + 1))
    life = rot(pair.old)
    assert refused(life, word(number)) == "refused.handover_warrant"
    second = owner(life)[1]
    assert second > number
    assert refused(life, word(number)) == "refused.handover_warrant"
    for epoch in (1, EPOCH, EPOCH + 1):
        assert refused(life, word(second, epoch)) == "refused.handover_number", epoch
    for place in f.PLACES:
        life.vault.places[place] = places[place]
    assert refused(Life(life.flash, OLD), word(number)) == "refused.handover_warrant"
    life.command(service.MEND, word(second, EPOCH + 2))
    assert len(life.sendable()) == 2


def test_L9_the_journal_bounds_the_epoch_from_below():
    pair = given_away()
    number = owner(pair.old)[1]
    for epoch in (1, 7):
        assert refused(pair.old, word(number, epoch)) == "refused.handover_number"
    pair.old.command(service.MEND, word(number, 8))


def test_L9_what_the_spare_has_for_good_stays_the_spares():
    pair = Pair()
    for life in (pair.old, pair.spare):
        life.desk.batch_closed(1, 1)
    pair.whole()
    life = rot(pair.old)
    standing, number, _, before = owner(life)
    assert (standing, before) == (LOST, f.FINISHED)
    life.command(service.MEND, word(number))
    for _ in range(2):
        assert life.journal.shut and life.sendable() == [] and f.Fence(life.vault).standing == f.FINISHED
        life = Life(pair.flashes[0], OLD)
    number, tag = life.journal.log.newest
    erasing.do(life.door, service.ERASE, number.to_bytes(4, "little") + tag)
    assert erasure.Erasure(life.vault).standing == erasure.BEGUN, "and it can go out of use"


def test_L9_a_spare_that_has_a_part_stays_shut():
    pair = Pair()
    pair.export()
    for block in pair.blocks[:4]:
        pair.spare.command(service.IMPORT, NAMED + block)
    life = rot(pair.spare)
    standing, number, _, before = owner(life)
    assert (standing, before) == (LOST, f.TAKING)
    assert refused(life, word(number, terminal=SPARE)) == "refused.fence_taking"


def test_L9_a_spare_that_has_taken_all_goes_on_and_takes_that_capsule_never_again():
    pair = Pair()
    pair.export()
    pair.bring()
    life = rot(pair.spare)
    life.command(service.MEND, word(owner(life)[1], terminal=SPARE))
    assert len(life.sendable()) == 2 and pair.both_may_send() == []
    live = len(life.journal.live)
    for block in pair.blocks:
        with raises(Refused):
            life.command(service.IMPORT, NAMED + block)
    assert len(life.journal.live) == live
    pair.old.command(service.FINISH, pair.receipt)


def test_refused_while_a_record_cannot_be_read():
    """It may have been the one that says whose all of it is."""
    pair = given_away()
    pair.old.door.note(pair.old.door.ticket, service.BYE, 0)  # what is torn at the very end is no damage
    for record in parts.every_record(pair.old.journal):
        if record.type == s.HANDOVER:
            place = record.address
    pair.flashes[0].data[place + 40] ^= 0xFF
    life = Life(pair.flashes[0], OLD)
    with raises(Refused) as caught:
        owner(life)
    assert caught.value.reason == "refused.journal_damaged" and life.journal.shut


def test_L9_a_cut_at_every_operation_leaves_it_shut_or_open_and_the_word_still_serves():
    pair = given_away()
    flash, image = pair.flashes[0], pair.flashes[0].snapshot()
    before = flash.operations
    _work(flash)
    count, ends = flash.operations - before, []
    assert count > 5, count
    for operation in range(1, count + 1):
        for reach in reaches(operation):
            where = (operation, reach)
            flash.restore(image)
            flash.cut = where
            numbers = []
            with raises(PowerCut):
                _work(flash, numbers)
            flash.power_on()
            life = Life(flash, OLD)
            ends.append(f.Fence(flash.vault).lost)
            assert bool(life.journal.shut) == ends[-1] and len(life.sendable()) == 2 * (not ends[-1]), where
            if ends[-1] and numbers:
                assert owner(life)[1] == numbers[0], (where, "another number is asked for")
            _finish(life, numbers)
            life = Life(flash, OLD)
            assert len(life.sendable()) == 2 and life.journal.trouble == [], where
            assert refused(rot(life), word(numbers[0])) == "refused.handover_warrant", where
    assert True in ends and False in ends


def _work(flash, numbers=None):
    life = Life(flash, OLD)
    number = owner(life)[1]
    if numbers is not None:
        numbers.append(number)
    life.command(service.MEND, word(number))


def _finish(life, numbers):
    """Whoever holds the word says it again."""
    if not numbers:
        numbers.append(owner(life)[1])
    life.command(service.MEND, word(numbers[0]))
    kept = f.Fence(life.vault).kept
    assert kept.state is not None and not kept.torn, "both places are whole"
    for place in f.PLACES:
        rest = dict(life.vault.places)
        life.vault.places[place] = b"?"
        assert not f.Fence(life.vault).is_shut, "one may rot"
        life.vault.places.update(rest)


def test_control_a_fence_that_forgets_its_loss_would_let_both_send():
    """What is guarded is there to be lost: the spare has taken it, and the old one would send too."""
    pair = given_away()
    pair.bring()
    assert pair.both_may_send() == []
    pair.old.command(service.MEND, word(owner(pair.old)[1]))
    assert len(pair.both_may_send()) == 2, "so the word is the authority's alone"
