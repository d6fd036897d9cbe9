"""The technician's way in, against somebody on the cable who writes what frames he likes, and against hasty fingers."""

import pytest

from emulator.clerk import Clerk
from host_tools.yuanluctl import hdlc, tables
from host_tools.yuanluctl.service import CHANNEL, Pass, issue
from tests.conftest import FIRMWARE
from tests.host.service_line import ASKED_MS, Technician, on_the_line
from yuanlu.wire import service as wire


@pytest.fixture
def technician():
    with on_the_line(FIRMWARE) as somebody:
        yield somebody


class Frames:
    """A laptop that writes what it likes: raw frames, with a ticket's own keys where it has one."""

    def __init__(self, technician: Technician) -> None:
        self.cable, self.key, self.deframer = technician.cable, technician.key, hdlc.Deframer()

    def send(self, kind: int, number: int = 0, body: bytes = b"") -> hdlc.Frame:
        self.cable.write(hdlc.frame(CHANNEL, kind, number, 0, body))
        until = self.cable.now() + 2
        while self.cable.now() < until:
            for frame in self.deframer.feed(self.cable.read(0.05)):
                if frame.channel == CHANNEL:
                    return frame
        raise AssertionError("nothing came")

    def ticket(self, allowed: int) -> Pass:
        return issue(self.key, wire.decode_hello(self.send(wire.ASK).body), 7, allowed)

    def ask_each_minute(self, technician: Technician, minutes: int) -> None:
        """Who is there, again and again, for so long."""
        for _ in range(minutes):
            technician.shop.world.run(60_000)
            self.send(wire.ASK)

    def ask(self, issued: Pass, body: bytes = b"") -> hdlc.Frame:
        """With this ticket, or with these bytes in its place."""
        number = int.from_bytes(wire.decode_ticket(issued.ticket).nonce[:4], "big")
        return self.send(wire.TICKET, number, (body or issued.ticket) + wire.proof(issued.keys, b"L", issued.ticket))


def test_a_yes_is_for_the_ticket_that_stands_on_the_screen(technician: Technician):
    """Another one comes while somebody reads: it is asked about on a page of its own."""
    frames, shop = Frames(technician), technician.shop
    assert frames.ask(frames.ticket(wire.PULL)).kind == wire.WAIT
    shop.world.run(ASKED_MS)
    second = frames.ticket(wire.ALL)
    frames.ask(second)
    shop.world.run(500)
    shop.terminal.press("ENTER")
    shop.world.run(500)
    assert "技术员已不在等待" in shop.terminal.screen.text
    assert frames.ask(second).kind == wire.WAIT
    shop.terminal.press("ENTER")
    shop.world.run(ASKED_MS)
    for kind in (wire.WAIT, wire.WAIT, wire.OPENED):
        shop.terminal.press("ENTER")
        shop.world.run(ASKED_MS)
        assert frames.ask(second).kind == kind, "three pages: two of what he may do, and what is lost for good"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_right_has_been_seen_before_it_is_given(technician: Technician, language: str):
    """A page holds so many rows: who agrees has seen them all, with the question below each."""
    frames, shop = Frames(technician), technician.shop
    if language == "en":
        shop.terminal.press("LANG")
    words = {word.id: getattr(word, language) for word in tables.read_words()}
    issued, seen = frames.ticket(wire.ALL & ~wire.WIPE), ""
    while frames.ask(issued).kind == wire.WAIT:
        shop.world.run(ASKED_MS)
        page = shop.terminal.screen.text
        assert words["service.ask"] in page, page
        seen += page
        shop.terminal.press("ENTER")
        shop.world.run(100)
    rights = [words[f"able.{name}"] for name in "diag pull queue resolve handover config keyload firmware".split()]
    shown = "".join(seen.split())
    assert [right for right in rights if "".join(right.split()) not in shown] == []


@pytest.mark.parametrize("gap_ms", [0, 150, 900])
def test_keys_that_were_meant_for_the_page_before_let_nobody_in(technician: Technician, gap_ms: int):
    frames, shop, clerk = Frames(technician), technician.shop, Clerk(technician.shop)
    clerk.start_sale(12_300)
    clerk.see("消费成功")
    shop.world.run(3000)
    issued = frames.ticket(wire.RESOLVE)
    frames.ask(issued)
    for _ in range(2):
        shop.terminal.press("ENTER")
        shop.world.run(gap_ms)
    shop.world.run(ASKED_MS)
    assert frames.ask(issued).kind == wire.WAIT and "同意请按确认" in shop.terminal.screen.text
    shop.terminal.press("ENTER")  # control: once it could be read
    shop.world.run(500)
    assert frames.ask(issued).kind == wire.OPENED


def test_no_proof_is_given_for_other_bytes_than_the_ticket(technician: Technician):
    """Whoever is on the cable could else have MACs made for answers that he makes up."""
    frames = Frames(technician)
    issued = frames.ticket(wire.DIAG)
    assert frames.ask(issued).kind == wire.OPENED
    made_up = b"\1\0\0\0" + bytes(47) + issued.ticket[51:]
    assert len(made_up) == len(issued.ticket) and frames.ask(issued, made_up).kind == wire.NO
    assert frames.ask(issued).body == wire.proof(issued.keys, b"T", issued.ticket), "control: its own ticket again"
    answer = wire.seal(issued.keys, b"T", 1, b"\0")
    assert wire.proof(issued.keys, b"T", answer[:-16]) != answer[-16:], "nor is a proof the MAC of an answer"


def test_a_ticket_comes_within_ten_minutes_of_the_newest_question_and_an_hour_of_the_first(technician: Technician):
    frames, shop = Frames(technician), technician.shop
    issued = frames.ticket(wire.DIAG)
    frames.ask_each_minute(technician, 50)
    shop.world.run(590_000)
    assert frames.ask(issued).kind == wire.OPENED, "control"
    issued = frames.ticket(wire.DIAG)
    shop.world.run(610_000)
    frames.send(wire.ASK)
    assert frames.ask(issued).kind == wire.NO
    issued = frames.ticket(wire.DIAG)
    frames.ask_each_minute(technician, 61)
    assert frames.ask(issued).kind == wire.NO, "however often somebody asks"
    issued = frames.ticket(wire.DIAG)
    frames.ask_each_minute(technician, 59)
    shop.world.run(120_000)
    assert frames.ask(issued).kind == wire.NO, "nor when he falls silent before the hour is over"


def test_a_question_right_after_a_no_has_its_ten_minutes(technician: Technician):
    frames, shop = Frames(technician), technician.shop
    frames.ask(frames.ticket(wire.PULL))
    shop.world.run(ASKED_MS)
    shop.terminal.press("CANCEL")
    shop.world.run(1000)
    issued = frames.ticket(wire.DIAG)
    shop.world.run(180_000)
    assert frames.ask(issued).kind == wire.OPENED
