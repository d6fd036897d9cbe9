"""The demo's story on the shipped firmware: it must agree, and each broken firmware must be found out by the ledger."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.shop import Shop
from emulator.story import Story

ROOT = Path(__file__).parents[2]


def demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the demo as a user does."""
    command = [sys.executable, "-m", "emulator", "demo", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=120)


@pytest.mark.micropython
@pytest.mark.parametrize("kind", ["a", "c"])
def test_L2_L6_the_story_agrees_with_either_kind_of_acquirer(kind: str) -> None:
    shop = Shop(real=False, kind=kind)
    try:
        assert Story(shop, lambda text: None).play() == []
        states = {row["state"] for row in shop.terminal_ledger()}
    finally:
        shop.close()
    # Kind a answers a repeat with the first answer, so everything ends done; with kind c two refunds need a person.
    assert states == ({"done"} if kind == "a" else {"done", "parked"})


@pytest.mark.micropython
def test_the_demo_in_real_time_exits_0() -> None:
    done = demo()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "booked exactly once" in done.stdout


@pytest.mark.parametrize(
    ("broken", "found"),
    [("new-trace", "booked it 2 times"), ("forget", "terminal says declined"), ("resend", "booked it 2 times")],
)
def test_controls_a_broken_firmware_exits_1(broken: str, found: str) -> None:
    done = demo("--fast", "--break", broken)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "DISCREPANCY" in done.stdout
    assert found in done.stdout


def test_an_unknown_break_exits_2_and_names_the_known_ones() -> None:
    done = demo("--break", "nonsense")
    assert done.returncode == 2
    assert "new-trace" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.micropython
def test_one_seed_gives_one_life() -> None:
    """The same seed on virtual time: the same records, screens and slips."""

    def life(seed: int) -> tuple[bytes, list[str]]:
        shop = Shop(real=False, seed=seed)
        try:
            Story(shop, lambda text: None).play()
            return bytes(shop.terminal.flash.data), shop.terminal.paper
        finally:
            shop.close()

    assert life(1) == life(1)
    assert life(1) != life(2)
