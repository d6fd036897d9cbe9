"""A terminal goes out of use: refused while anything is open, and after it nothing of it is left, wherever power goes."""

import parts  # first of all: imports nest, and the stack is short where words have 32 bits
from handing import Pair, TearingVault
from hostile_service import _Board
from parts import NorFlash, PowerCut, Random, Terminal, reaches
from raises import raises
from yuanlu.boards.lines_emulator import Inbox
from yuanlu.compat import create_task, run, sleep_ms
from yuanlu.errors import BadMessage, Refused, YuanluError
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, Draft
from yuanlu.service import erasing
from yuanlu.service.door import SERVICE_KEY, Door
from yuanlu.store import erasure as e
from yuanlu.store import fence
from yuanlu.ui import erased_page
from yuanlu.wire import serial, service

TICKET = service.decode_ticket(service.issue(bytes(32), "YL000001", 7, service.WIPE, 50, 900, bytes(16), bytes(16)))
JOURNAL, TRAINING, SETTINGS = 6, 2, 2  # sectors
SECRETS = {SERVICE_KEY: b"\x5a" * 32, 10: b"\x5b" * 842, 12: b"\x5c" * 16, 24: b"\x5d" * 41}
RETRIES = ("refused.erase_newer",)


class Region:
    """Some sectors of a chip, as a chip of its own."""

    def __init__(self, chip, first, sectors):
        self.chip, self.first, self.sectors = chip, first, sectors
        self.unit, self.sector_size, self.vault = chip.unit, chip.sector_size, chip.vault

    def read_into(self, address, buffer):
        self.chip.read_into(self.first * self.sector_size + address, buffer)

    def program(self, address, data):
        self.chip.program(self.first * self.sector_size + address, data)

    def erase(self, sector):
        self.chip.erase(self.first + sector)


class Wire(Inbox):
    """The line's end in the terminal."""

    def __init__(self):
        super().__init__()
        self.told = []
        self.frames = serial.Deframer()

    async def read(self):
        return await self.get()

    def write(self, data):
        self.told += self.frames.feed(data)


class OneBoard(_Board):
    """All regions on one chip, so that power can go in any of them."""

    def __init__(self, terminal, chip):
        super().__init__(terminal, Region(chip, 0, JOURNAL))
        self.training = Region(chip, JOURNAL, TRAINING)
        self.settings = Region(chip, JOURNAL + TRAINING, SETTINGS)
        self.serial = Wire()

    def shelf(self):
        return self.settings

    def log(self, text):
        pass

    def restart(self):
        pass


class InService(Terminal):
    """One life of a terminal, with a technician in it."""

    def __init__(self, chip):
        super().__init__(Region(chip, 0, JOURNAL))
        self.board = OneBoard(self, chip)
        self.door = Door(self)
        self.door.ticket = TICKET

    def head(self):
        number, tag = self.journal.log.newest
        return number.to_bytes(4, "little") + tag

    def erase(self, given=None):
        return erasing.do(self.door, service.ERASE, self.head() if given is None else given)


class Chip(NorFlash):
    """`worn`: a sector that does not erase."""

    worn = None

    def erase(self, sector):
        if sector == self.worn:
            raise OSError(5)
        super().erase(sector)


_made = []


def new_chip():
    """Of a terminal that has worked and closed its batch; keys, PINs, settings and training are there. It is always the same one:
    there is no room for many."""
    if not _made:
        chip = _work_of_a_day(Chip(JOURNAL + TRAINING + SETTINGS))
        _made.extend((chip, chip.snapshot()))
    _made[0].restore(_made[1])
    _made[0].worn = None
    return _made[0]


def _work_of_a_day(chip):
    chip.vault = TearingVault(chip)
    chip.vault.places.update(SECRETS)
    for sector in range(JOURNAL, chip.sectors):
        chip.program(sector * chip.sector_size, b"\x5e" * 64)
    till = InService(chip)
    till.refund(till.sell(), 1000, s.DONE)
    till.desk.batch_closed(1, 1)
    return chip


def start(chip):
    """What app.main makes of a start: the erasure that it has carried out, or None."""
    erasure = e.Erasure(chip.vault)
    if not erasure.standing:
        return None
    if erasure.standing != e.THROUGH:
        board = OneBoard(InServiceNever(chip), chip)
        erasure.carry_out((board.flash, board.training, board.shelf()))
    return erasure


class InServiceNever:
    """What a board is made for where no terminal is in service."""

    def __init__(self, chip):
        self.clock, self.vault = parts.Clock(), chip.vault


def left(chip):
    """Where something stands that ought to be gone."""
    places = [place for place, data in chip.vault.places.items() if any(data) and place not in e.PLACES]
    return places + [sector for sector in range(chip.sectors) if bytes(of(chip, sector)) != b"\xff" * chip.sector_size]


def of(chip, sector):
    return chip.data[sector * chip.sector_size : (sector + 1) * chip.sector_size]


def refused(till, given=None):
    """Why; all is as before."""
    data, places = bytes(till.board.flash.chip.data), dict(till.vault.places)
    with raises(Refused) as caught:
        till.erase(given)
    assert bytes(till.board.flash.chip.data) == data and till.vault.places == places and not till.journal.shut
    return caught.value.reason


def test_a_terminal_is_erased_and_says_so_for_ever():
    chip = new_chip()
    till = InService(chip)
    till.erase()
    head = till.head()  # the record of the command itself
    assert till.journal.shut
    with raises(Refused):
        till.sell(1)  # not even in the half second before it starts anew
    assert any(chip.vault.places[SERVICE_KEY]), "nothing is erased before it starts anew"
    for _ in range(3):
        erasure = start(chip)
        assert erasure.standing == e.THROUGH and erasure.left == 0 and left(chip) == []
        assert (erasure.terminal, erasure.epoch, erasure.technician) == (b"YL000001", 1, 7)
        assert erasure.number.to_bytes(4, "little") + erasure.tag == head


def test_L5_refused_while_anything_is_open():
    ways = {
        "queued": lambda till, sale: till.refund(sale, 100),
        "unknown": lambda till, sale: till.refund(sale, 100, s.SILENT),
        "parked": lambda till, sale: till.refund(sale, 100, s.PERSON),
        "a sale": lambda till, sale: till.desk.open(Draft(KIND_SALE, 5, card=parts.Card())),
    }
    for name, way in ways.items():
        till = InService(new_chip())
        way(till, till.journal.sales(1)[0])
        assert refused(till) == "refused.erase_open", name
    till = InService(new_chip())
    till.desk.sending(till.refund(till.journal.sales(1)[0], 100), 1)
    assert refused(till) == "refused.exchange"
    till = InService(new_chip())
    till.journal.log.quiet = True
    assert refused(till) == "refused.exchange"


def test_L5_refused_while_the_batch_is_not_closed():
    for way in (lambda till: till.sell(), lambda till: till.refund(till.journal.sales(1)[0], 100, s.DONE)):
        till = InService(new_chip())
        way(till)
        assert refused(till) == "refused.erase_batch"
        till.desk.batch_closed(2, 1)
        till.erase()


def test_refused_while_what_is_there_cannot_be_read():
    chip = new_chip()
    sale = InService(chip).journal.sales(1)[0]
    for record in parts.every_record(InService(chip).journal):
        if record.number == sale.number:
            place = record.address
    chip.data[place + 40] ^= 0xFF
    assert refused(InService(chip)) == "refused.journal_damaged"


def test_L9_refused_while_a_handover_is_not_finished_and_taken_after_it():
    pair = Pair()
    for life in (pair.old, pair.spare):
        life.desk.batch_closed(1, 1)
    pair.export()
    assert _erase(pair.old) == "refused.erase_handover"
    pair.spare.command(service.IMPORT, _named() + pair.blocks[0])
    assert _erase(pair.spare) == "refused.erase_handover"
    pair.bring()
    assert _erase(pair.spare) == "refused.erase_open", "what it has taken is its own"
    pair.old.command(service.FINISH, pair.receipt)
    assert pair.old.journal.live and _erase(pair.old) == "", "what it lists is the spare's"
    assert e.Erasure(pair.old.vault).standing == e.BEGUN


def test_L9_refused_while_nobody_can_tell_whose_it_is():
    till = InService(new_chip())
    for place in fence.PLACES:
        till.vault.places[place] = b"rotten"
    assert refused(till) == "refused.erase_handover"


def _named():
    return b"YL000001" + (7).to_bytes(4, "little")


def _erase(life):
    """Why not; '' when it is."""
    number, tag = life.journal.log.newest
    try:
        erasing.do(life.door, service.ERASE, number.to_bytes(4, "little") + tag)
        return ""
    except Refused as error:
        return error.reason


def test_refused_for_who_has_not_the_newest_record():
    till = InService(new_chip())
    head = till.head()
    assert refused(till, head[:4] + bytes(8)) == "refused.erase_newer"
    assert refused(till, bytes(12)) == "refused.erase_newer"
    till.journal.append(s.NOTE, (0, 0, 1, 1, 20261122, 101507, b"complaint"))
    assert refused(till, head) == "refused.erase_newer"
    head = till.head()
    till.door.note(TICKET, service.BYE, 0)
    till = InService(till.board.flash.chip)  # power was away; a technician came in
    till.door.note(TICKET, service.BYE, 0)
    till.door.note(TICKET, service.ERASE, 0)  # a try that power has cut before the mark
    till.erase(head)
    till = InService(new_chip())
    head = till.head()
    till.journal.append(s.NOTE, (0, 0, 1, 1, 20261122, 101507, b"complaint"))
    till = InService(till.board.flash.chip)  # power was away: the last record is copied, and read as a copy alone
    till.door.note(TICKET, service.BYE, 0)
    assert refused(till, head) == "refused.erase_newer"
    till = InService(new_chip())
    head = till.head()
    till.door.note(TICKET, service.HOLD, 0)
    assert refused(till, head) == "refused.erase_newer", "what he has done before is news"


def test_hostile_arguments_change_nothing():
    till, random = InService(new_chip()), Random(5)
    head = till.head()
    for length in range(40):
        if length != 12:
            with raises(BadMessage):
                till.erase((head * 4)[:length])
    for at in range(96):
        given = bytearray(head)
        given[at // 8] ^= 1 << at % 8
        assert refused(till, bytes(given)) in RETRIES, at
    for _ in range(50):
        assert refused(till, bytes([random.below(256) for _ in range(12)])) in RETRIES


def test_refused_while_firmware_waits_to_be_tried():
    """It would start next, and may be older than the mark."""
    from yuanlu.store.slots import Slots

    till = InService(new_chip())
    slots = Slots(till.board.firmware(), till.vault)
    slots.trial = 1
    slots._note()
    assert refused(till) == "refused.on_trial"
    slots.tried = 1
    slots._note()
    till.erase()


# ---- power


def cuts(chip, ended):
    """Power goes at each operation from the command to the end of the erasing; ended(where) judges each time."""
    image, before = chip.snapshot(), chip.operations
    _work(chip)
    count = chip.operations - before
    assert count > 20, count
    told = set()
    for operation in range(1, count + 1):
        for reach in reaches(operation):
            chip.restore(image)
            chip.cut = (operation, reach)
            with raises(PowerCut):
                _work(chip)
            chip.power_on()
            told.add(ended((operation, reach), image))
    return told


def _work(chip):
    if not e.Erasure(chip.vault).standing:
        InService(chip).erase()
    start(chip)


def test_L5_a_cut_at_every_operation_leaves_all_of_it_or_nothing():
    chip = new_chip()
    assert cuts(chip, lambda where, image: _all_or_nothing(chip, where, image)) == {True, False}


def _all_or_nothing(chip, where, image):
    """Whether it is in service; then with all that it had, and it can be erased still."""
    erasure = start(chip)
    if erasure:
        assert erasure.standing == e.THROUGH and left(chip) == [], (where, left(chip))
        return False
    try:
        _check_whole(InService(chip), where, image)
    except YuanluError as error:
        raise AssertionError((where, error)) from None
    _work(chip)
    assert left(chip) == [], where
    return True


def _check_whole(till, where, image):
    for place, data in SECRETS.items():
        assert till.vault.places[place] == data, (where, place, "a key is gone and it is in service")
    assert till.journal.trouble == [] or "power went" in till.journal.trouble[0], (where, till.journal.trouble)
    assert till.journal.spent(till.journal.sales(1)[0].number) == 1000, where
    chip = till.board.flash.chip
    for sector in range(JOURNAL, chip.sectors):
        start = sector * chip.sector_size
        before = image[0][start : start + chip.sector_size]
        assert bytes(of(chip, sector)) == before, (where, sector, "gone, and it is in service")


def test_L5_cuts_again_and_again_come_to_an_end():
    chip, random = new_chip(), Random(3)
    InService(chip).erase()
    for _ in range(200):
        chip.cut = (1 + random.below(30), random.below(5))
        try:
            start(chip)
            break
        except PowerCut:
            chip.power_on()
    assert start(chip).standing == e.THROUGH and left(chip) == []


def test_control_a_vault_that_loses_the_mark_is_found():
    """Then a terminal is in service that has lost some of what it had."""
    chip = new_chip()
    with raises(AssertionError):
        cuts(chip, lambda where, image: _forgotten(chip, where, image))


def _forgotten(chip, where, image):
    for place in e.PLACES:
        chip.vault.places.pop(place, None)
    return _all_or_nothing(chip, where, image)


def test_a_mark_that_rots_still_counts():
    chip = new_chip()
    InService(chip).erase()
    kept = [chip.vault.places[place] for place in e.PLACES]
    for rotten in ((30,), (31,), (30, 31)):
        for place, data in zip(e.PLACES, kept):
            chip.vault.places[place] = data[:5] + b"?" + data[6:] if place in rotten else data
        assert start(chip).standing == e.THROUGH and left(chip) == [], rotten
        assert e.Erasure(chip.vault).standing == e.THROUGH


def test_what_does_not_erase_is_told():
    chip = new_chip()
    InService(chip).erase()
    chip.worn = JOURNAL
    assert start(chip).left == 1 and start(chip).standing == e.THROUGH
    assert left(chip) == [JOURNAL]


# ---- the page and the line


class Keys:
    """Nobody presses anything."""

    def __init__(self):
        self.inbox = Inbox()

    async def key(self):
        return await self.inbox.get()


class Screen:
    def __init__(self):
        self.pages = []
        self.keypad = Keys()

    def show(self, title, lines, hint=None):
        self.pages.append((title, lines))

    async def key(self):
        return await self.keypad.key()


class TurnedOn:
    """What app.main hands to the page."""

    def __init__(self, chip):
        self.board = OneBoard(InServiceNever(chip), chip)
        self.dialogs = Screen()


def test_the_page_erases_and_the_line_tells_and_lets_nobody_in():
    chip = new_chip()
    InService(chip).erase()
    till = TurnedOn(chip)

    async def day():
        create_task(erased_page.run(till))
        await sleep_ms(10)
        for kind in range(12):
            for channel in (serial.SERVICE, serial.ACQUIRER):
                till.board.serial.put(serial.frame(channel, kind, 9, 1, bytes(83)))
        await sleep_ms(10)

    run(day())
    assert left(chip) == []
    assert [title for title, _ in till.dialogs.pages] == ["erased.title", "erased.title"]
    assert till.dialogs.pages[-1][1][0] == ("erased.who", "YL000001", 1)
    told = till.board.serial.told
    assert [frame.kind for frame in told] == [service.HELLO, service.NO, service.NO]
    hello = service.decode_hello(told[0].body)
    assert (hello.terminal, hello.busy) == (b"YL000001", service.ERASED) and hello.number > 5
    assert {bytes(frame.body) for frame in told[1:]} == {bytes((service.OUT_OF_USE,))}


def test_a_torn_first_mark_is_no_mark():
    chip = new_chip()
    chip.vault.places[31] = b"\1YL"
    till = TurnedOn(chip)
    run(erased_page.run(till))
    assert till.dialogs.pages == [] and InService(chip).journal.sales(1)
    InService(chip).erase()
    assert start(chip).standing == e.THROUGH and left(chip) == []


def test_control_what_is_left_is_seen():
    chip = new_chip()
    assert len(left(chip)) > 8
