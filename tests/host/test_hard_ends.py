"""How verbs of yuanluctl end where something outside fails: no file that matters is lost, no failure looks like a finding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from host_tools.yuanluctl.verbs import Verbs
from tests.conftest import ROOT
from tests.host.journal_writer import Writer
from tests.host.kept_chips import run
from tests.host.test_journal_verify import trade


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    """A journal of some sales."""
    (tmp_path / "chip").write_bytes(bytes(trade(Writer(), 6).chip))
    return tmp_path / "chip"


def test_a_device_or_pipe_is_not_replaced_by_a_file_and_a_link_leads_on(chip: Path, tmp_path: Path) -> None:
    """`-o /dev/null`, by root, would leave a file of that name."""
    os.mkfifo(tmp_path / "pipe")
    done = run("journal", "export", "csv", "-t", f"image:{chip}", "-o", tmp_path / "pipe")
    assert done.exit_code == 2 and "a device or a pipe" in done.stderr
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    assert run("journal", "export", "csv", "-t", f"image:{chip}", "-o", tmp_path / "link").exit_code == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "there").stat().st_size  # and control


@pytest.mark.parametrize(
    "verb", ["status -t image:{} --json", "journal verify {} --json", "flash dump {}", "journal export csv -t image:{}"]
)
def test_a_full_disk_under_stdout_is_told_and_is_no_finding(chip: Path, verb: str) -> None:
    """1 would say: done, with findings."""
    command = [sys.executable, "-m", "host_tools.yuanluctl", *verb.format(chip).split()]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, env={**os.environ, "LANG": "C"})
    assert done.returncode == 2 and "Traceback" not in done.stderr and "standard output: No space left" in done.stderr
    if "--json" in verb:
        error = json.loads(done.stderr.splitlines()[-1])["error"]
        assert (error["code"], error["exit"]) == ("output", 2)


def test_a_question_that_nobody_answers_is_no_finding(tmp_path: Path) -> None:
    assert run("authority", "new", tmp_path / "key").exit_code == 2
    assert not (tmp_path / "key").exists()


def test_no_verb_on_an_image_writes_over_another_journal(chip: Path, tmp_path: Path) -> None:
    other = bytes(trade(Writer(), 9).chip)
    (tmp_path / "other").write_bytes(other)
    (tmp_path / "text").write_text(run("flash", "dump", chip).stdout)
    for words in (
        ("flash", "damage", chip, tmp_path / "other", "--flip", "0x100:3"),
        ("flash", "load", tmp_path / "text", tmp_path / "other"),
    ):
        done = run(*words)
        assert done.exit_code == 8 and "not overwritten" in done.stderr
    assert (tmp_path / "other").read_bytes() == other
    assert run("flash", "load", tmp_path / "text", tmp_path / "new").exit_code == 0  # control
    assert (tmp_path / "new").read_bytes() == chip.read_bytes()


def test_ctrl_c_is_130_wherever_it_comes() -> None:
    """Before the verb begins, too. Control: click itself says 1, which of a status means that money needs a person."""

    def interrupted(context: click.Context, option: click.Parameter, value: object) -> None:
        raise KeyboardInterrupt

    early = click.Command("early", params=[click.Option(["--x"], callback=interrupted)], callback=lambda x: None)
    late = click.Command("late", callback=lambda: interrupted(click.get_current_context(), early.params[0], None))
    for group, code in ((Verbs("tool"), 130), (click.Group("tool"), 1)):
        group.add_command(early)
        group.add_command(late)
        assert [CliRunner().invoke(group, [name]).exit_code for name in ("early", "late")] == [code, code]
