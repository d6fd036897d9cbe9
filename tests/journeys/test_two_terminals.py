"""What one terminal confirmed, another one ends: docs/handover.md on two real MicroPythons and one acquirer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.parts.flash import TEARS
from emulator.shop import PASSPHRASE, Shop
from host_tools.yuanluctl import image
from host_tools.yuanluctl.outcome import Trouble
from tests.conftest import ROOT
from tests.journeys.two_terminals import NAMES, OLD, SPARE, Laptop, Two

pytestmark = pytest.mark.micropython
BROKEN = ROOT / "tests" / "broken"
MINUTE = 60_000


@pytest.fixture
def two() -> Iterator[Two]:
    both = Two()
    yield both
    both.close()


def end(two: Two, laptop: Laptop) -> list[str]:
    """The old one has its network again, a person decides what is parked on the spare; then all money is counted."""
    two.old.terminal.plug_network(True)
    two.world.run(MINUTE)
    laptop.decide()
    two.world.run(MINUTE)
    return two.count_money()


def test_L2_L3_L9_all_that_was_confirmed_happens_once_on_the_spare(two: Two) -> None:
    laptop = Laptop(two)
    for step in (laptop.export, laptop.bring, laptop.finish):
        assert laptop.until_done(step) == 0
    two.world.run(MINUTE)
    assert two.open_on_the_spare() == [(600, 0, "parked"), (700, 1, "parked")], "what may go has gone"
    assert end(two, laptop) == []
    assert two.open_on_the_spare() == []
    back = two.old.acquirer.ledger.money("refund")
    assert sorted(booked["amount"] for booked in back.values()) == [600, 700, 1000, 2000, 4300]
    assert {booked["times"] for booked in back.values()} == {1} and set(back) <= two.confirmed


def test_control_an_old_terminal_that_forgets_its_fence_is_found_by_the_count(tmp_path: Path) -> None:
    two = Two(firmware=image.build(tmp_path / "firmware", BROKEN / "forgets-fence"))
    laptop = Laptop(two)
    for step in (laptop.export, laptop.bring):
        laptop.until_done(step)
    two.world.run(MINUTE)
    two.old.terminal.power_off()
    two.old.terminal.power_on()
    two.old.terminal.plug_network(True)
    two.world.run(MINUTE)
    wrong = two.count_money()
    two.close()
    assert [line for line in wrong if "booked it 2 times, 40.00 in all" in line], wrong


# ---- what breaks off is begun again


@pytest.fixture(scope="module")
def lengths() -> dict[tuple[str, str], int]:
    """How much there is of what can break, of each step: frames on the cable, operations of chip and vault."""
    two = Two()
    laptop, found = Laptop(two), {}
    for step, shop in (("export", two.old), ("bring", two.spare), ("finish", two.old)):
        before = shop.terminal.flash.operations, shop.terminal.vault.operations
        getattr(laptop, step)()
        found[step, "flash"] = shop.terminal.flash.operations - before[0]
        found[step, "vault"] = shop.terminal.vault.operations - before[1]
        found[step, "cable"] = found[step, "laptop"] = laptop.frames
    two.close()
    return found


BREAKS = [("cable", 1), ("flash", 0.5)]


@pytest.mark.parametrize(("what", "where"), BREAKS)
@pytest.mark.parametrize("step", ["export", "bring", "finish"])
def test_L2_L5_L9_whatever_breaks_in_a_step(
    two: Two, lengths: dict[tuple[str, str], int], step: str, what: str, where: float
) -> None:
    """The cable pulled at its last frame, power gone in the middle; tests/shared cut every operation (TAKE ends `bring`)."""
    laptop, at = Laptop(two), max(1, round(where * lengths[step, what]))
    terminal = (two.spare if step == "bring" else two.old).terminal
    for name in ("export", "bring", "finish"):
        if name == step and what in ("cable", "laptop"):
            laptop.fray = {"at": at, "kills": what == "laptop"}
        elif name == step:
            part = terminal.flash if what == "flash" else terminal.vault
            part.cut = (part.operations + at, list(TEARS)[at % len(TEARS)])
        assert laptop.until_done(getattr(laptop, name)) == (name == step)
    assert end(two, laptop) == []
    assert two.open_on_the_spare() == []
    assert len(two.old.acquirer.ledger.money("refund")) == 5, "and each was paid"


# ---- from a dead chip


def test_L3_L9_what_a_dead_terminal_had_open_is_a_persons_on_the_spare(two: Two, tmp_path: Path) -> None:
    laptop = Laptop(two)
    laptop.salvage(tmp_path)
    two.old.terminal.power_off()
    assert laptop.until_done(laptop.bring) == 0
    two.world.run(MINUTE)
    parked = [(600, 0, "parked"), (700, 1, "parked"), (2000, 0, "parked"), (4300, 0, "parked")]
    assert two.open_on_the_spare() == parked, "nothing goes by itself"
    laptop.decide()
    two.world.run(MINUTE)
    assert two.count_money() == [] and two.open_on_the_spare() == []
    assert len(two.old.acquirer.ledger.money("refund")) == 5


def test_L9_it_wakes_before_anybody_has_decided_and_ends_what_it_has(two: Two, tmp_path: Path) -> None:
    """What it sends then a person finds at the acquirer. It is shut, its journal is salvaged again: nothing enters twice."""
    laptop = Laptop(two)
    laptop.salvage(tmp_path)
    two.old.terminal.power_off()
    laptop.bring()
    two.old.terminal.power_on()
    two.old.terminal.plug_network(True)
    two.world.run(MINUTE)
    assert [row[1] for row in two.open_on_the_spare()] == [0, 1, 1, 1], "it has sent two"
    laptop.decide()
    two.world.run(MINUTE)
    laptop.names = NAMES._replace(epoch=NAMES.epoch + 1)
    laptop.export()
    with pytest.raises(Trouble, match="handover_salvaged"):
        laptop.bring()
    again = tmp_path / "again"
    laptop.salvage(again)
    laptop.bring()
    laptop.finish()
    two.world.run(MINUTE)
    assert two.count_money() == [] and two.open_on_the_spare() == []


def test_control_where_it_wakes_after_another_attempt_the_count_finds_it(two: Two, tmp_path: Path) -> None:
    """Nothing can keep it from that but who takes it out of use, or an acquirer that blocks it: docs/handover.md says so."""
    laptop = Laptop(two)
    laptop.salvage(tmp_path)
    two.old.terminal.power_off()
    laptop.bring()
    laptop.decide()
    two.world.run(MINUTE)
    two.old.terminal.power_on()
    two.old.terminal.plug_network(True)
    two.world.run(MINUTE)
    assert [line for line in two.count_money() if "booked it 2 times, 40.00 in all" in line]


# ---- by the commands


class Counter:
    """Both terminals on real time, one on a pty and one on a TCP port; somebody at each keypad lets technicians in."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.two = folder, Two(real=True)
        self.spare, self.key_file = self.two.spare.serve_line(folder)
        self.old = self.two.old.terminal.serial.open_pty()
        self.two.old.terminal.serial.plugged = True
        self.stopping = False
        self.answered = dict.fromkeys((OLD, SPARE), False)
        self.two.world.at(50, self._look)
        self.thread = threading.Thread(target=lambda: self.two.world.run_until(lambda: self.stopping, 1 << 40))
        self.thread.start()

    def _look(self) -> None:
        for shop in self.two.shops:
            asked = "同意请按确认" in shop.terminal.screen.text
            if asked and not self.answered[shop.id]:
                shop.terminal.press("ENTER")
            self.answered[shop.id] = asked
        self.two.world.at(50, self._look)

    def run(self, *words: str, code: int = 0) -> Any:
        """What `yuanluctl` prints as JSON."""
        environment = {**os.environ, "YUANLU_PASSPHRASE": PASSPHRASE, "YUANLU_AUTHORITY": str(self.key_file), "LANG": "C.UTF-8"}
        command = [sys.executable, "-m", "host_tools.yuanluctl", *words, "--json"]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, timeout=240, check=False)
        assert done.returncode == code, (words, done)
        return json.loads(done.stdout)

    def stop(self) -> None:
        """The world stands still, and can be looked at."""
        self.stopping = True
        self.two.world.call(lambda: None)
        self.thread.join()


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    shop = Counter(tmp_path)
    yield shop
    if not shop.stopping:
        shop.stop()
    shop.two.close()


def called(shop: Shop, state: str) -> dict[int, str]:
    """Number for life of what is in that state there, by fen."""
    return {row["amount"]: row["number"] for row in shop.terminal_ledger() if row["state"] == state}


def test_the_same_by_the_commands_of_the_page(counter: Counter) -> None:
    """T-078."""
    run, two = counter.run, counter.two
    plan = run("handover", "plan", counter.spare, "-t", counter.old)
    assert plan["possible"] and len(plan["waiting"]) == 4
    exported = run("handover", "export", "--spare", SPARE, "-o", "open.ylh", "-t", counter.old)
    assert exported["blocks"] == 1 + 2 + 2 + 4, "the head, two sales, what was given back of one, what is open"
    run("handover", "import", "open.ylh", "-o", "taken", "-t", counter.spare)
    assert run("handover", "finish", "taken", "-t", counter.old)["standing"] == "finished"
    waiting = {row["amount"]: row["number"] for row in run("queue", "list", "-t", counter.spare, code=1)["waiting"]}
    run("queue", "resolve", str(waiting[700]), "--as", "done", "--evidence", "BANK 7", "-t", counter.spare)
    run("queue", "resolve", str(waiting[600]), "--as", "again", "--evidence", "BANK 7", "-t", counter.spare)
    two.world.call(lambda: two.old.terminal.plug_network(True))
    counter.stop()
    assert two.world.run_until(lambda: len(two.old.booked()) == 2 + 5, MINUTE), two.old.booked()
    two.world.run(1000)
    assert two.count_money() == [] and two.open_on_the_spare() == []
    assert called(two.old, "queued").keys() == {2000, 4300}, "the old one sends nothing, and says so of each"
