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

from emulator.shop import PASSPHRASE, Shop
from host_tools.yuanluctl import image
from tests.conftest import ROOT
from tests.journeys.two_terminals import OLD, SPARE, Laptop, Two

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
            asked = "技术员请求接入" in shop.terminal.screen.text
            if asked and not self.answered[shop.id]:
                shop.terminal.press("ENTER")
            self.answered[shop.id] = asked
        self.two.world.at(50, self._look)

    def run(self, *words: str, code: int = 0) -> Any:
        """What `yuanluctl` prints as JSON."""
        environment = {**os.environ, "YUANLU_PASSPHRASE": PASSPHRASE, "YUANLU_AUTHORITY": str(self.key_file), "LANG": "C.UTF-8"}
        command = [sys.executable, "-m", "host_tools.yuanluctl", *words, "--json"]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, timeout=60, check=False)
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
