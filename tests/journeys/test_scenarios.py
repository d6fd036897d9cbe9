"""Every scenario file holds on real MicroPython; mistakes in a file are told with their line."""

from pathlib import Path

import pytest

from emulator import scenario as scenarios
from emulator.__main__ import main

FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))


@pytest.mark.micropython
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    report = scenarios.play(scenarios.load(path))
    assert report.code == 0, (
        f"{path.name}:{report.line}: {report.why} {report.discrepancies}\nreplay: python -m emulator run {path}"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: x\nsteps:\n  - sell: 100.00\n  - refnd: 30.00\n", "4: no step 'refnd'"),
        ("name: x\nsteps:\n  - sell: lots\n", "3: expected: an amount"),
        ("name: x\nsteps:\n  - wait: 3 weeks\n", "3: expected: a duration"),
        ("name: x\nsteps:\n  - cut: {at: noon}\n", "3: expected: one of sent, flash"),
        ("name: x\nsteps:\n  - expect: {refunds: [done], sails: [done]}\n", "3: expected: fields"),
        ("name: x\nacquirer: z\nsteps: []\n", "2: expected: one of a"),
        ("name: x\ncolour: red\nsteps: []\n", "2: 'colour' is not known"),
        ("name: x\nsteps:\n  - [sell\n", "not YAML"),
        ("- a\n", "1: a scenario has"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, "utf-8")
    assert main(["run", str(path)]) == 2
    assert f"x.yaml:{told}" in capsys.readouterr().err or told in ("not YAML",)


@pytest.mark.micropython
@pytest.mark.parametrize(
    ("step", "code"),
    [("see: never shown", 42), ("expect: {refunds: [done]}", 1), ("slip: 交易失败", 1)],
)
def test_control_a_scenario_that_does_not_hold_fails_and_can_be_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], step: str, code: int
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"name: x\nsteps:\n  - sell: 10.00\n  - {step}\n", "utf-8")
    assert main(["run", str(path), "--seed", "7"]) == code
    told = capsys.readouterr().err
    assert f"{path}:4:" in told
    assert f"replay: python -m emulator run {path} --seed 7" in told
