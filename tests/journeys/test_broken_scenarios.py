"""A firmware that is broken in one place fails the scenario that is about it."""

from pathlib import Path

import pytest

from emulator import scenario as scenarios
from host_tools.yuanluctl import image

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("broken", "scenario", "found"),
    [
        ("no-mac", "answer-bad-mac", "messages"),
        ("query-early", "never-arrived-query", "refunds"),
        ("reversal-late", "reversal-before-refund", "messages"),
        ("reversal-any-code", "reversal-declined", "sales"),
        ("doubtless", "repeat-declined-is-no-no", "a slip"),
        ("no-backoff", "acquirer-busy-then-back", "refunds"),
        ("same-nonce", "query-asked-twice", "not everything came to an end"),
        ("self-approval", "people-limit-and-supervisor", "the screen never showed 不能给自己授权"),
        ("forgets-tries", "people-locked-out", "the screen never showed 输错太多"),
        ("sells-before-void", "wrong-amount-void-unknown", "the screen never showed 更正金额"),
        ("reseal-anew", "session-keys-x9-19", "a slip"),
    ],
)
def test_control_a_broken_firmware_is_found_by_its_scenario(tmp_path: Path, broken: str, scenario: str, found: str) -> None:
    firmware = image.build(tmp_path / "firmware", TESTS / "broken" / broken)
    report = scenarios.play(scenarios.load(TESTS / "scenarios" / f"{scenario}.yaml"), firmware=firmware)
    assert report.code, "it holds"
    assert report.why.startswith(found), report.why
