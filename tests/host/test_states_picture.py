"""docs/states.md is what the fold in refund/state.py gives, arrow for arrow."""

from tests.host import states_picture
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s


def tried(record_type: int, state: int, verdict: int) -> int | None:
    """The state after that, None where there is no arrow."""
    try:
        return s.next_state(state, record_type, verdict)
    except StoreDamaged:
        return None


def test_the_committed_page_is_what_the_code_gives() -> None:
    assert states_picture.PAGE.read_text("utf-8") == states_picture.drawn(), "run: make states"


def test_every_constant_of_the_fold_has_its_name() -> None:
    parts = states_picture.names_of((states_picture.ROOT / "firmware/yuanlu/refund/state.py").read_text("utf-8"))
    assert set(parts) >= {"Record types", "ATTEMPT", "Verdicts", "States"}
    assert [name.removeprefix("IS_").lower() for name in parts["States"].values()] == list(s.STATE_NAMES)
    assert parts["Record types"][s.INTENT] == "INTENT"
    assert (parts["Verdicts"][s.SILENT], parts["ATTEMPT"][s.REVERSAL]) == ("SILENT", "REVERSAL")


def test_every_step_that_is_allowed_is_an_arrow() -> None:
    """Counted by (record type, state, state after): the grouping of verdicts loses none and adds none."""
    types = states_picture.names_of((states_picture.ROOT / "firmware/yuanlu/refund/state.py").read_text("utf-8"))["Record types"]
    steps = {
        (types[kind], before, tried(kind, before, verdict))
        for kind in types
        for before in range(len(s.STATE_NAMES))
        for verdict in range(20)
    }
    arrows = states_picture.arrows_of(s, s.next_state)
    drawn = {(label.split()[0], before, after) for label, ends in arrows.items() for before, after in ends.items()}
    assert drawn == {step for step in steps if step[2] is not None}
    assert len(drawn) > 60


def test_control_one_more_arrow_or_one_less_gives_another_page() -> None:
    def unguarded(state: int, record_type: int, verdict: int) -> int:
        if (state, record_type) == (s.IS_DONE, s.WITHDRAWN):
            return s.IS_WITHDRAWN
        return s.next_state(state, record_type, verdict)

    def deaf(state: int, record_type: int, verdict: int) -> int:
        if (state, record_type, verdict) == (s.IS_SENDING, s.RESULT, s.SILENT):
            raise StoreDamaged("deaf")
        return s.next_state(state, record_type, verdict)

    page = states_picture.drawn()
    assert "done --> withdrawn: WITHDRAWN" in states_picture.drawn(next_state=unguarded)
    assert "sending --> unknown: RESULT silent" in page
    assert "sending --> unknown" not in states_picture.drawn(next_state=deaf)
