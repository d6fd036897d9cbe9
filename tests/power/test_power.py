"""What `make power` ends with: a sample may leave out, a full run may not, and nothing hides a failure."""

from collections import Counter
from io import StringIO

from rich.console import Console

import controls
import power
import rot
from explore import Result


def played(share_of: int) -> power.Report:
    """All controls as expected and one part of one chip, without a failure."""
    report = power.Report(share_of)
    for name in controls.NAMES:
        report.take(("control", (name, True), 0, 1, 0), controls.Outcome(600, 1, True, ""))
    chip = power.geometries()[0]
    report.take(("explore", chip, 0, report.of(chip), 12), Result(raw=9, distinct={1, 2}, states=Counter(full=1)))
    return report


def status(report: power.Report) -> int:
    return power.status(report, report.failures(), report.lacking(power.WANTED_CASES if report.share_of == 1 else 0, 10_000))


def test_a_sample_ends_with_0_and_says_what_it_does_not_show() -> None:
    report = played(power.SAMPLE_SHARE)
    assert status(report) == 0
    lacking = "\n".join(report.lacking(0, 10_000))
    assert "not one part was torn of 53 chips" in lacking and "never reached: torn at the end" in lacking
    assert "of 10000" in lacking or "10000 are wanted" in lacking
    out = StringIO()
    power.tell(report, [], report.lacking(0, 10_000), Console(file=out, width=300))
    assert "A sample." in out.getvalue() and out.getvalue().count("not shown: ") == len(report.lacking(0, 10_000))


def test_control_the_same_is_no_full_run() -> None:
    assert status(played(1)) == 1


def test_control_a_sample_hides_no_failure() -> None:
    failed, blind, unsure, rotten = (played(power.SAMPLE_SHARE) for _ in range(4))
    failed.take(("explore", power.geometries()[1], 0, 120, 12), Result(distinct={3}, failed=Counter(lost=1)))
    blind.controls["no-seal"] = controls.Outcome(600, 0, False, "")
    unsure.controls.pop("littlefs")
    rotten.take(("noise", 2, 0, 20, 0), rot.Table("noise", tried=1, wrong=["noise 0: IndexError"]))
    for report in (failed, blind, unsure, rotten, power.Report(power.SAMPLE_SHARE)):
        assert status(report) == 1


def test_every_bit_larger_flips_and_random_images_are_in_the_table_of_a_full_run() -> None:
    dealt = power.jobs(100)
    assert len([job for job in dealt if job[0] == "flips"]) == power.FLIP_PARTS
    assert {job[1] for job in dealt if job[0] == "larger flips"} == set(range(len(rot.LARGER)))
    assert len([job for job in dealt if job[0] == "noise"]) * power.NOISE_PART == power.NOISES
    report = played(1)
    report.take(("noise", 2, 0, 20, 0), rot.Table(f"noise {rot.SMALL[0]}", tried=100, reported=100))
    out = StringIO()
    power.tell(report, [], [], Console(file=out, width=300))
    assert f"{'noise (4, 4096, 16)':<34}{100:>9}" in out.getvalue()
    assert f"noise {rot.SMALL[0]}: 100 of {power.NOISES} cases" in report.lacking(1, 0)
