"""The heap's gate of `make bench` (docs/performance.md): what it lets pass, and what it does not."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
import bench

GATES = {name: limit for name, (_, limit) in bench.HEAP.items()}


def test_what_keeps_every_gate_passes():
    assert bench.budgets_are_kept(GATES, bench.HEAP)


def test_a_gate_above_its_budget_says_that_the_budget_is_not_met(capsys: pytest.CaptureFixture[str]):
    bench.budgets_are_kept(GATES, bench.HEAP)
    above = [name for name, limit in GATES.items() if limit > bench.WANTED.get(name, limit)]
    assert capsys.readouterr().out.count("not met") == len(above) > 0


@pytest.mark.parametrize("name", sorted(GATES))
def test_control_one_figure_above_its_gate_fails(name: str):
    assert not bench.budgets_are_kept({**GATES, name: GATES[name] + 0.1}, bench.HEAP)
