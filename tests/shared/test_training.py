"""Training: the same rules on a journal of its own, and no way out of it."""

from parts import Card, NorFlash, Road, Terminal, Vault, answering, running, settings, types_in
from raises import raises
from yuanlu import training
from yuanlu.compat import run, sleep_ms
from yuanlu.errors import Refused, StoreDamaged, Unreadable
from yuanlu.forwarder import Forwarder
from yuanlu.link.channel import Channel
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft
from yuanlu.store import progress


def a_room(flash=None, vault=None):
    """As a clerk finds it."""
    till = Terminal()
    return training.Room(flash or NorFlash(8), settings(), vault or Vault(), till.clock)


def give_back(room, sale, amount):
    """As the flows do."""
    draft = Draft(room.desk.way_back(sale, amount), amount, sale.number)
    refund = room.desk.open(draft)
    run(room.teacher.outcome(refund, 1000))
    return refund


def done(room):
    """Which tasks are done."""
    return [is_done for _, is_done in room.tasks()]


def forwarded(terminal_or_room, road):
    """The real forwarder for two minutes on that desk, with a road that opens."""
    desk = terminal_or_room.desk
    forwarder = Forwarder(desk, Channel([road], desk.clock), Terminal().forwarder.codes, Vault(), desk.clock, settings())

    async def two_minutes():
        with running(forwarder.run):
            await sleep_ms(120_000)

    run(two_minutes())


def test_not_a_byte_leaves_even_by_the_real_forwarder():
    """There is no message to send: what would send it finds that and leaves it to a person. troubles: T-146"""
    room, road = a_room(), Road(*[[answering()]] * 9)
    refund = room.desk.open(Draft(KIND_REFUND, 1_00, room.sales[1].number))
    sale = room.desk.open(Draft(KIND_SALE, 5_00, card=Card()))
    for transaction in (refund, sale):
        with raises(Unreadable):
            room.journal.message(transaction)
    forwarded(room, road)
    assert road.sent == [] and refund.state == sale.state == s.IS_PARKED


def test_control_the_same_forwarder_sends_what_the_real_desk_opens():
    """So the test before would see bytes."""
    till, road = Terminal(), Road(*[[answering()]] * 9)
    refund = till.refund(till.sell(), 1_00)
    forwarded(till, road)
    assert len(road.sent) == 1 and refund.state == s.IS_DONE


def test_its_vault_has_no_key_and_the_real_one_is_not_written():
    """Neither for messages nor for PINs or the authority's codes."""
    vault = Vault()
    before = dict(vault.places)
    room = a_room(vault=vault)
    give_back(room, room.sales[4], 36_60)
    assert vault.places == before
    assert [place for place in range(256) if room.vault.load(place)] == list(training.PLACES)
    with raises(StoreDamaged):
        room.desk.sealing.next_keys()


def test_the_rules_are_the_same():
    """Never more than was paid."""
    room = a_room()
    with raises(Refused) as caught:
        give_back(room, room.sales[1], 58_01)
    assert caught.value.reason == "refused.over_cap"


def test_the_score_is_what_the_training_journal_holds():
    """Each task by itself, and nothing before."""
    room = a_room()
    assert done(room) == [False] * 6 and room.mistakes() == 0
    give_back(room, room.sales[4], 36_60)
    give_back(room, room.sales[1], 20_00)
    give_back(room, room.sales[2], 58_00)
    assert done(room) == [True, True, True, False, False, False] and room.mistakes() == 0
    room.desk.resolve(room.unknown, True, 0, b"112210150799")
    room.desk.withdraw(room.waits)
    progress.note(room.desk, room.asked, progress.CALL, 0, b"acquirer")
    assert done(room) == [True] * 6


def test_control_what_is_done_otherwise_does_not_score():
    """Another sale, another amount, not done instead of done, another kind of note."""
    room = a_room()
    give_back(room, room.sales[3], 58_00)
    give_back(room, room.sales[1], 20_01)
    room.desk.resolve(room.unknown, False, 0, b"1234")
    progress.note(room.desk, room.asked, progress.COMPLAINT, 0, b"")
    assert done(room) == [False] * 6 and room.mistakes() == 58_01


def test_who_comes_again_finds_it_as_new():
    """Whatever the region held, torn or whole."""
    flash = NorFlash(8)
    room = a_room(flash)
    for _ in range(30):
        give_back(room, room.sales[0], 1)
    count = types_in(room.journal)
    assert count[s.REFUND] >= 30
    again = a_room(flash)
    assert done(again) == [False] * 6 and types_in(again.journal)[s.REFUND] == 0
