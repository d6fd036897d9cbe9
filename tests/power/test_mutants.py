"""No rule of recovery can be switched off unnoticed."""

from pathlib import Path

import pytest

from mutants import MUTANTS, Mutant, killed, outcome


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name.replace(" ", "-") for mutant in MUTANTS])
def test_a_rule_switched_off_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    assert killed(mutant, tmp_path), f"{mutant.test} does not fail"


def test_control_the_tests_pass_without_a_mutant(tmp_path: Path) -> None:
    done = outcome(None, sorted({mutant.test for mutant in MUTANTS}), tmp_path)
    assert done.returncode == 0, done.stderr


def test_control_a_change_that_changes_nothing_is_not_killed(tmp_path: Path) -> None:
    mutant = MUTANTS[0]
    assert not killed(mutant._replace(new=mutant.old), tmp_path)


def test_control_a_mutant_that_fits_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stands 0 times"):
        killed(MUTANTS[0]._replace(old="nowhere"), tmp_path)


def test_control_a_failure_for_another_reason_is_no_kill(tmp_path: Path) -> None:
    assert not killed(MUTANTS[0]._replace(says="no test says this"), tmp_path)
