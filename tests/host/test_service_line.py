"""The technician's channel: what a stranger gets, what a ticket opens, and that no cable's fault does anything twice."""

import random
from datetime import timedelta
from hashlib import sha256
from struct import pack, unpack

import pytest

from emulator.clerk import Clerk
from host_tools.yuanluctl import authority
from host_tools.yuanluctl.hdlc import frame
from host_tools.yuanluctl.journal.layout import TECHNICIAN, Geometry
from host_tools.yuanluctl.journal.ledger import every_record
from host_tools.yuanluctl.journal.reader import read_journal
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.pull import Pull
from host_tools.yuanluctl.service import CHANNEL, CONSENT_SECONDS, Pass, Session, issue
from tests.conftest import FIRMWARE
from tests.host.service_line import EVERY_COMMAND, Technician, on_the_line
from yuanlu.wire import service as wire


@pytest.fixture
def technician():
    with on_the_line(FIRMWARE) as somebody:
        yield somebody


def trouble(call, *given, **named) -> str:
    """The name of the Trouble that it ends with."""
    with pytest.raises(Trouble) as caught:
        call(*given, **named)
    return caught.value.name


def journal_of(technician: Technician):
    flash = technician.shop.terminal.flash
    return every_record(read_journal(bytes(flash.data), Geometry(flash.sector_size, flash.unit, flash.sectors)))


def named(technician: Technician) -> list[tuple[int, int, int]]:
    """(technician, command, about) of every TECHNICIAN record."""
    found = [record for record in journal_of(technician) if record.type == TECHNICIAN]
    return [(record.value("technician"), record.value("command"), record.value("about")) for record in found]


def sell(technician: Technician) -> Clerk:
    """One more sale; each of another amount, or the clerk would be warned."""
    clerk = Clerk(technician.shop)
    clerk.start_sale(1000 + 100 * len(technician.shop.booked()))
    clerk.see("消费成功")
    clerk.back_to_menu()
    return clerk


def queue_a_refund(technician: Technician) -> int:
    """Its number: of a refund that waits since the network is out."""
    clerk = sell(technician)
    technician.shop.terminal.plug_network(False)
    clerk.start_refund(1000)
    clerk.back_to_menu()
    waiting = [row for row in technician.shop.terminal_ledger() if row["state"] == "queued"]
    assert len(waiting) == 1, technician.shop.terminal.screen.text
    return int(waiting[0]["number"].rsplit("-", 1)[1])


def test_a_stranger_gets_hello_and_nothing_else(technician: Technician):
    hello, body = technician.session.hello()
    assert hello.terminal == b"YL000001" and len(body) == wire.HELLO_SIZE
    before = bytes(technician.shop.terminal.flash.data)
    number = int.from_bytes(hello.nonce[:4], "big")
    for kind in range(256):
        if kind in (wire.ASK, wire.TICKET):
            continue
        technician.cable.write(frame(CHANNEL, kind, number, 0, bytes(40)))
        told = technician.session._receive(0.5)
        assert [one.kind for one in told] == ([wire.NO] if kind == wire.COMMAND else []), kind
    assert bytes(technician.shop.terminal.flash.data) == before


def test_every_command_takes_its_right_and_no_other(technician: Technician):
    bits = [1 << bit for bit in range(len(wire.CAPABILITIES))]
    given = {wire.READ: bytes(4) + b"\x10\0", wire.RELEASE: b"case 1", wire.DONE: bytes(8) + b"line 1"}
    given[wire.RESTART] = b"malformed"  # or the session ended there
    passed: dict[int, list[int]] = {command: [] for command in EVERY_COMMAND}
    for bit in bits:
        technician.answers_at_keypad = ["ENTER"] * (1 + (bit == wire.WIPE))
        session = technician.come_in(bit)
        for command, rights in passed.items():
            try:
                session.command(command, given.get(command, b""))
                told = ""
            except Trouble as caught:
                told = caught.name
            rights += [bit] * (told != "not_allowed")
        assert trouble(session.command, 255) == "protocol"
        session.close()
        technician.shop.world.run(3000)
    right = sum((bit in rights) == (bit == RIGHTS[command]) for command, rights in passed.items() for bit in bits)
    print(f"capability matrix: {right} of {len(RIGHTS) * len(bits)}")
    assert passed == {command: [bit] for command, bit in RIGHTS.items()}
    assert passed != {**{command: [bit] for command, bit in RIGHTS.items()}, wire.HOLD: [wire.RESOLVE]}, "control"


# As docs/service-protocol.md has them; the firmware's own table is not asked.
RIGHTS = {
    wire.PING: 1,
    wire.STATUS: 1,
    wire.SCREEN: 1,
    wire.LOGS: 1,
    wire.KEYS: 1,
    wire.GEOMETRY: 2,
    wire.READ: 2,
    wire.DIGEST: 2,
    wire.SEND_NOW: 4,
    wire.WITHDRAW: 4,
    wire.RELEASE: 4,
    wire.HOLD: 4,
    wire.DONE: 8,
    wire.NOT_DONE: 8,
    wire.AGAIN: 8,
    wire.EXPORT: 16,
    wire.CAPSULE: 16,
    wire.IMPORT: 16,
    wire.TAKE: 16,
    wire.FINISH: 16,
    wire.ABORT: 16,
    wire.DECLINE: 16,
    wire.OWNER: 16,
    wire.MEND: 16,
    wire.TIME: 32,
    wire.SETTINGS_INFO: 32,
    wire.BRING: 32,
    wire.INSTALL: 32,
    wire.INJECT: 64,
    wire.FIRMWARE_INFO: 128,
    wire.FIRMWARE_FITS: 128,
    wire.FIRMWARE_HERE: 128,
    wire.FIRMWARE_BRING: 128,
    wire.FIRMWARE_INSTALL: 128,
    wire.RESTART: 128,
    wire.CONFIRM: 128,
    wire.BACK: 128,
    wire.SELF_TEST: 128,
    wire.ERASE: 256,
}


def test_a_technicians_hold_keeps_what_waits_and_outlives_power(technician: Technician):
    """Another reason does not take the place of the first. Control: after the release it goes by itself, and may be held anew."""
    number = queue_a_refund(technician)
    technician.come_in(wire.QUEUE).command(wire.HOLD, b"case 1")
    technician.shop.terminal.plug_network(True)
    technician.shop.world.run(60_000)
    technician.shop.terminal.power_off()
    technician.shop.terminal.power_on()
    technician.shop.world.run(60_000)
    assert "技术员暂停：case 1" in technician.shop.terminal.screen.text
    session = technician.come_in(wire.DIAG | wire.QUEUE, 8)
    with pytest.raises(Trouble) as caught:
        session.command(wire.HOLD, b"case 3")
    assert "held already: record" in caught.value.text("en") and "technician 7, case 1" in caught.value.text("en")
    session.command(wire.HOLD, b"case 1")  # the same again
    holds = [row for row in named(technician) if row[1] == wire.HOLD]
    assert holds == [(7, wire.HOLD, 0)], "nothing else is on record"
    assert session.status()["held"] == "case 1" and [one[0] for one in session.status()["waiting"]] == [number]
    session.command(wire.RELEASE, b"case 2")
    technician.shop.world.run(60_000)
    assert session.status()["held"] == "" and session.status()["waiting"] == []
    assert technician.shop.count_money() == []
    session.command(wire.HOLD, b"case 3")
    assert session.status()["held"] == "case 3"


def test_L7_what_cannot_be_sent_now_says_what_has_to_happen_first():
    """By its own state. Control: what only waits for its hour is sent when it is told to."""
    with on_the_line(FIRMWARE, kind="c", can_be_asked=False) as technician:
        shop, clerk = technician.shop, Clerk(technician.shop)
        clerk.start_sale(12_300)
        clerk.see("消费成功")
        clerk.back_to_menu()
        shop.terminal.plug_network(False)
        for fen in (1000, 500):
            clerk.start_refund(fen)
            clerk.back_to_menu()
        session = technician.come_in(wire.DIAG | wire.QUEUE)
        first, second = (row[0] for row in session.status()["waiting"])

        def why(number: int) -> str:
            with pytest.raises(Trouble) as refused:
                session.command(wire.SEND_NOW, pack("<I", number))
            return str(refused.value.about[1])

        assert why(second) == "behind"
        session.command(wire.HOLD, b"case 1")
        assert why(first) == "closing_held"
        session.command(wire.RELEASE, b"mended")
        with pytest.raises(Trouble, match="not_held"):
            session.command(wire.RELEASE, b"mended")
        shop.acquirer.set_mood("silent", 99)
        shop.terminal.plug_network(True)
        session.command(wire.SEND_NOW, pack("<I", first))
        shop.world.run(60_000)
        assert session.status()["waiting"][0][2] == "parked"
        assert why(first) == "person" and why(99) == "not_open"


def test_L8_the_terminal_itself_keeps_no_number_like_a_cards(technician: Technician):
    """A tool of somebody else's may not look. It says from which character on. Control: fewer digits are taken."""
    session = technician.come_in(wire.DIAG | wire.QUEUE)
    with pytest.raises(Trouble) as caught:
        session.command(wire.HOLD, b"no 4111111111111")
    assert "13 digits or more from character 4 on" in caught.value.text("en")
    assert "第4位" in caught.value.text("zh") and "RRN" in caught.value.hint("en")
    assert session.status()["held"] == ""
    session.command(wire.HOLD, b"no 411111111111")
    assert session.status()["held"] == "no 411111111111"
    assert b"4111111111111" not in bytes(technician.shop.terminal.flash.data)


def test_the_clock_is_set_on_record_and_never_to_before_the_newest_record(technician: Technician):
    sell(technician)
    technician.shop.terminal.clock_ahead = timedelta(days=-400)
    session = technician.come_in(wire.DIAG | wire.CONFIG)
    wrong, right = session.status()["date"], f"{technician.shop.world.date:%Y%m%d}"
    assert str(wrong) != right
    for absurd, told in (
        ((20261121, 0), "refused"),
        ((20261301, 0), "protocol"),
        ((20270229, 0), "protocol"),
        ((20270101, 246060), "protocol"),
    ):
        assert trouble(session.command, wire.TIME, pack("<II", *absurd)) == told
    assert session.status()["date"] == wrong
    (moved,) = unpack("<q", session.command(wire.TIME, pack("<II", int(right), 100000)))
    assert str(session.status()["date"]) == right and abs(moved - 400 * 86400) < 86400
    assert (7, wire.TIME, moved) in named(technician)


def test_the_log_of_this_life_is_at_hand(technician: Technician):
    lines = technician.come_in(wire.DIAG).command(wire.LOGS).decode().split("\n")
    assert lines == technician.shop.terminal.log[-len(lines) :] and any("ready" in line for line in lines)


def test_looking_takes_no_consent_and_everything_else_does(technician: Technician):
    technician.answers_at_keypad = ["CANCEL"]
    technician.come_in(wire.DIAG).close()
    technician.shop.world.run(3000)
    for bit in (wire.PULL, wire.QUEUE | wire.DIAG, wire.WIPE):
        assert trouble(technician.come_in, bit) == "no_consent"
        technician.shop.world.run(70_000)
    technician.answers_at_keypad = []
    assert trouble(technician.come_in, wire.PULL) == "no_consent"


def test_during_the_self_test_a_laptop_says_why_it_waits_and_for_how_long(technician: Technician):
    """The terminal asks only once that is over. Control: where the clerk is asked at once and agrees, nothing is said."""
    told, shop = list[int](), technician.shop
    hello, _ = technician.session.hello()
    technician.session.open(issue(technician.key, hello, 7, wire.PULL), technician._clerk, told.append)
    assert told == []
    technician.session.close()
    shop.world.run(3000)
    clerk = Clerk(shop)
    clerk.press("7 6")
    clerk.see("请挥卡或插卡")
    hello, _ = technician.session.hello()
    with pytest.raises(Trouble, match="no_consent"):
        technician.session.open(issue(technician.key, hello, 7, wire.PULL), lambda: None, told.append)
    assert len(told) >= 4 and told == sorted(told, reverse=True) and told[0] <= CONSENT_SECONDS and told[-1] >= 0


@pytest.mark.parametrize(("gone_ms", "told"), [(179_500, "no_consent"), (200_000, "no_consent"), (60_000, "silent")])
def test_where_nobody_comes_to_the_keypad_nobody_has_agreed(technician: Technician, gone_ms: int, told: str):
    """A terminal that has given up says nothing any more, by its clock perhaps a moment before the laptop. Control: where the
    cable came out meanwhile it is silent."""
    hello, _ = technician.session.hello()

    def pull_the_cable() -> None:
        technician.shop.terminal.serial.plugged = False

    def wait() -> None:
        technician.shop.world.at(gone_ms, pull_the_cable)

    assert trouble(technician.session.open, issue(technician.key, hello, 7, wire.QUEUE), wait) == told


def test_where_people_log_in_a_supervisor_agrees():
    with on_the_line(FIRMWARE, login=1) as technician:
        pins = technician.shop.pins
        clerk = Clerk(technician.shop)
        clerk.log_in(1)
        clerk.log_out()
        clerk.log_in(8)
        technician.answers_at_keypad = ["ENTER", "1", "ENTER", *pins[1], "ENTER"]
        technician.session.timeout = 3
        assert trouble(technician.come_in, wire.PULL) == "no_consent"  # an operator's PIN is not enough
    # that a supervisor's is: tests/journeys/test_leaks.py


def test_a_ticket_serves_one_terminal_one_question_and_one_laptop(technician: Technician):
    hello, _ = technician.session.hello()
    good = issue(technician.key, hello, 7, wire.DIAG)
    other = authority.service_key(technician.shop.authority_key, "YL000002")
    elsewhere = hello._replace(terminal=b"YL000002")
    earlier = hello._replace(nonce=bytes(16))
    bad = {
        "another terminal's key": issue(other, hello, 7, wire.DIAG),
        "another terminal": issue(technician.key, elsewhere, 7, wire.DIAG),
        "another question": issue(technician.key, earlier, 7, wire.DIAG),
        "no right at all": issue(technician.key, hello, 7, 0),
        "overheard, without its keys": Pass(good.ticket, bytes(64)),
    }
    for what, ticket in list(bad.items())[:4]:
        assert trouble(technician.session.open, ticket) in ("no_ticket",), what
    assert trouble(technician.session.open, bad["overheard, without its keys"]) == "no_ticket"
    technician.session.open(good)
    assert technician.session.status()["batch"] == 1


def test_each_byte_of_a_ticket_counts_and_a_guesser_is_shut_out(technician: Technician):
    hello, _ = technician.session.hello()
    good = issue(technician.key, hello, 7, wire.DIAG)
    draw = random.Random(3)
    told = []
    for at in draw.sample(range(1, wire.TICKET_SIZE), 10):
        edited = bytearray(good.ticket)
        edited[at] ^= 1 << draw.randrange(8)
        told.append(trouble(technician.session.open, Pass(bytes(edited), good.keys)))
    assert told == ["no_ticket"] * 8 + ["shut"] * 2
    technician.shop.world.run(65_000)
    technician.session.open(good)  # a minute's rest is over


def test_who_lost_his_cable_comes_in_anew_at_once(technician: Technician):
    old = technician.come_in(wire.DIAG)
    technician.session = Session(technician.cable)
    technician.come_in(wire.DIAG).status()
    old.timeout = 1
    assert trouble(old.status) == "session_over"
    technician.session.status()


def test_a_repeat_is_answered_again_and_does_nothing_twice(technician: Technician):
    number = queue_a_refund(technician)
    session = technician.come_in(wire.QUEUE)
    lost = _LoseAnswers(technician.cable, 2)
    session.command(wire.WITHDRAW, pack("<I", number))
    assert lost.count == 0
    assert named(technician).count((7, wire.WITHDRAW, number)) == 1
    assert [row["state"] for row in technician.shop.terminal_ledger()][-1] == "withdrawn"
    assert trouble(session.command, wire.WITHDRAW, pack("<I", number)) == "refused"


class _LoseAnswers:
    """The next `count` pieces that come are lost."""

    def __init__(self, cable, count: int) -> None:
        self.count, self._read = count, cable.read
        cable.read = self.read

    def read(self, seconds: float) -> bytes:
        data: bytes = self._read(seconds)
        if data and self.count and wire.ANSWER in data[:4]:
            self.count -= 1
            return b""
        return data


def test_a_command_of_a_thief_ends_the_session(technician: Technician):
    session = technician.come_in(wire.DIAG)
    session.status()
    technician.cable.write(frame(CHANNEL, wire.COMMAND, session._number, 2, (2).to_bytes(4, "little") + bytes(20)))
    technician.session._receive(0.3)
    assert trouble(session.status) == "session_over"


def test_a_session_ends_by_itself(technician: Technician):
    session = technician.come_in(wire.DIAG)
    technician.shop.world.run(899_000)
    assert "技" in technician.shop.terminal.screen.text
    session.status()
    technician.shop.world.run(3_000)
    assert "技" not in technician.shop.terminal.screen.text
    session.timeout = 1
    assert trouble(session.status) in ("silent", "session_over")


def test_power_off_ends_it_and_the_next_life_knows_nothing_of_it(technician: Technician):
    session = technician.come_in(wire.DIAG)
    technician.shop.terminal.power_off()
    technician.shop.terminal.power_on()
    session.timeout = 1
    assert trouble(session.status) in ("silent", "session_over")
    technician.come_in(wire.DIAG).status()


def test_the_clerk_is_served_meanwhile(technician: Technician):
    session = technician.come_in(wire.DIAG | wire.PULL)
    pull = Pull(session)
    read, done = session.read, []  # type: ignore[var-annotated]

    def read_and_sell(address: int, length: int) -> bytes:
        if address and address % 16384 == 0 and len(done) < 3:
            done.append(sell(technician))
        return read(address, length)

    session.read = read_and_sell  # type: ignore[method-assign]
    assert pull.run() == bytes(technician.shop.terminal.flash.data)
    assert len(done) == 3 and len(technician.shop.booked()) == 3
    assert technician.shop.count_money() == []


def test_a_pull_goes_on_after_a_cable_is_pulled_anywhere(technician: Technician, tmp_path):
    sell(technician)
    chip = technician.shop.terminal.flash
    kept = tmp_path / "chip.img.part"
    draw = random.Random(5)
    pulls = 0
    while True:
        technician.session = Session(technician.cable, timeout=1.2)
        technician.cable.line.plugged = True
        session = technician.come_in(wire.DIAG | wire.PULL)
        _PullAfter(technician, draw.randrange(200, 1500))
        pulls += 1
        try:
            image = Pull(session, kept).run()
            break
        except Trouble as caught:
            assert caught.name in ("silent", "session_over")
        del technician.cable.write
        technician.cable.line.plugged = True
        technician.shop.world.run(905_000)
        sell(technician)
        assert pulls < 40
    assert pulls > 3
    assert image == bytes(chip.data)


def _other_bytes(chip: bytes, size: int) -> bytes:
    return chip[:700] + bytes((chip[700] ^ 1,)) + chip[701:]


def _other_order(chip: bytes, size: int) -> bytes:
    return chip[size : 2 * size] + chip[:size] + chip[2 * size :]


def _blank_newest(chip: bytes, size: int) -> bytes:
    return b"\xff" * len(chip)


@pytest.mark.parametrize("forge", [_other_bytes, _other_order, _blank_newest])
def test_what_an_earlier_pull_left_is_not_believed(technician: Technician, tmp_path, forge):
    """Control: a pull that believes it gives an image that is not the chip."""
    sell(technician)
    chip, size = bytes(technician.shop.terminal.flash.data), technician.shop.terminal.flash.sector_size
    session, kept, told = technician.come_in(wire.DIAG | wire.PULL), tmp_path / "chip.img.part", []
    kept.write_bytes(forge(chip, size)[: 3 * size + 5])
    image = Pull(session, kept, resumed=lambda right, wrong: told.append((right, wrong))).run()
    assert image == bytes(technician.shop.terminal.flash.data) and 0 < told[0][1] <= 3 and sum(told[0]) == 3
    assert kept.read_bytes() == image, "a cut behind it would find what is right"
    kept.write_bytes(forge(chip, size)[: 3 * size])
    session.digest = lambda address, length: sha256(kept.read_bytes()[address : address + length]).digest()  # type: ignore[method-assign]
    assert Pull(session, kept).run() != bytes(technician.shop.terminal.flash.data), "control"


def test_a_pull_goes_on_with_what_is_right_and_reads_what_was_added(technician: Technician, tmp_path):
    """Also where the part is of another chip."""
    session, kept, told = technician.come_in(wire.DIAG | wire.PULL), tmp_path / "chip.img.part", []
    flash = technician.shop.terminal.flash
    kept.write_bytes(bytes(flash.data))
    for _ in range(2):
        sell(technician)
    image = Pull(session, kept, resumed=lambda right, wrong: told.append((right, wrong))).run()
    assert image == bytes(flash.data) and told == [(flash.sectors - 1, 1)]
    with on_the_line(FIRMWARE, terminal="YL000002") as other:
        sell(other)
        kept.write_bytes(bytes(other.shop.terminal.flash.data))
    assert Pull(session, kept, resumed=lambda right, wrong: told.append((right, wrong))).run() == bytes(flash.data)
    assert told[1][1] >= 1 and kept.read_bytes() == bytes(flash.data)


def test_a_terminal_that_does_not_know_digests_is_read_anew(technician: Technician, tmp_path):
    session, kept, told = technician.come_in(wire.DIAG | wire.PULL), tmp_path / "chip.img.part", []
    flash, ask = technician.shop.terminal.flash, session.command
    kept.write_bytes(bytes(flash.data))
    session.command = lambda command, given=b"": ask(255 if command == wire.DIGEST else command, given)  # type: ignore[method-assign]
    assert Pull(session, kept, resumed=lambda right, wrong: told.append((right, wrong))).run() == bytes(flash.data)
    assert told == [(0, flash.sectors)]


@pytest.mark.parametrize("given", [(0, 0), (0, 1 << 31), ((1 << 32) - 1, 2), (1 << 31, 16)])
def test_a_digest_is_of_bytes_of_the_chip_and_not_too_many(technician: Technician, given):
    session, size = technician.come_in(wire.DIAG | wire.PULL), 5000
    assert trouble(session.command, wire.DIGEST, pack("<II", *given)) == "protocol"
    assert session.digest(*given) == b""
    assert session.digest(5, size) == sha256(bytes(technician.shop.terminal.flash.data[5 : 5 + size])).digest()


class _PullAfter:
    """The cable comes out when so many bytes have gone to the terminal."""

    def __init__(self, technician: Technician, count: int) -> None:
        self.left, self.line, self._write = count, technician.cable.line, technician.cable.write
        technician.cable.write = self.write  # type: ignore[method-assign]

    def write(self, data: bytes) -> None:
        self.left -= len(data)
        self.line.plugged = self.left > 0
        self._write(data)


def test_what_a_technician_decides_goes_over_the_desk_and_is_on_record(technician: Technician):
    number = queue_a_refund(technician)
    session = technician.come_in(wire.QUEUE | wire.RESOLVE | wire.DIAG, technician=4711)
    assert [one[0] for one in session.status()["waiting"]] == [number]
    assert trouble(session.command, wire.DONE, pack("<II", number, 0) + b"line 3") == "refused"  # never sent: nothing to find out
    assert trouble(session.command, wire.RELEASE, b"case 1") == "refused"
    technician.shop.terminal.plug_network(True)
    session.command(wire.SEND_NOW, pack("<I", number))
    technician.shop.world.run(30_000)
    assert session.status()["waiting"] == []
    assert {(4711, 0, 0), (4711, wire.DONE, number), (4711, wire.SEND_NOW, number)} <= set(named(technician))
    assert technician.shop.count_money() == []


def test_hostile_frames_move_nothing(technician: Technician):
    """More of them: make fuzz."""
    session = technician.come_in(wire.DIAG)
    draw = random.Random(9)
    before = bytes(technician.shop.terminal.flash.data)
    for _ in range(300):
        body = draw.randbytes(draw.randrange(120))
        technician.cable.write(frame(CHANNEL, draw.randrange(10), draw.randrange(1 << 32), draw.randrange(256), body))
        technician.session._receive(0.05)
    assert bytes(technician.shop.terminal.flash.data) == before
    session.status()
