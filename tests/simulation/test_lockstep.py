"""One seed is one life: on MicroPython, on CPython, on a busy machine."""

import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator.child import Child, InProcess, MicroPython
from emulator.terminal import Terminal
from host_tools.yuanluctl import image
from traces import trace

BROKEN = Path(__file__).parents[1] / "broken"
RUNS = 15


def _burn() -> None:
    while True:
        pass


@pytest.fixture
def busy() -> Iterator[None]:
    """Keeps another core at work."""
    burner = multiprocessing.get_context("spawn").Process(target=_burn, daemon=True)
    burner.start()
    yield
    burner.kill()
    burner.join()


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("child", [pytest.param(MicroPython, marks=pytest.mark.micropython), InProcess])
def test_one_seed_gives_one_trace_in_many_runs(child: Callable[[Terminal], Child]) -> None:
    assert len({trace(7, child=child) for _ in range(RUNS)}) == 1


@pytest.mark.micropython
def test_another_seed_gives_another_trace() -> None:
    assert trace(7) != trace(8)


@pytest.mark.usefixtures("busy")
def test_control_one_wait_on_the_real_clock_gives_many(tmp_path: Path) -> None:
    firmware = image.build(tmp_path / "firmware", BROKEN / "real-clock")
    assert len({trace(7, firmware) for _ in range(6)}) >= 2


@pytest.mark.micropython
@pytest.mark.parametrize("seed", range(1, 9))
def test_two_schedulers_agree(seed: int) -> None:
    """MicroPython's asyncio and the small loop on CPython give the same life."""
    assert trace(seed) == trace(seed, child=InProcess)
