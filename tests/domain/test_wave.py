"""The states of a wave, and when it takes answers."""

from datetime import UTC, datetime, timedelta

import pytest

from survey.domain.problems import Invalid
from survey.domain.wave import WaveAction, WaveState, accepts, next_state

OPENS = datetime(2026, 3, 2, 8, tzinfo=UTC)
CLOSES = datetime(2026, 3, 9, 20, tzinfo=UTC)
GRACE = timedelta(hours=48)
MOMENT = timedelta(microseconds=1)


def test_a_wave_is_opened_once_and_closed_once() -> None:
    assert next_state(WaveState.DRAFT, WaveAction.OPEN) is WaveState.OPEN
    assert next_state(WaveState.OPEN, WaveAction.CLOSE) is WaveState.CLOSED


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (WaveState.DRAFT, WaveAction.CLOSE),
        (WaveState.OPEN, WaveAction.OPEN),
        (WaveState.CLOSED, WaveAction.OPEN),
        (WaveState.CLOSED, WaveAction.CLOSE),
    ],
)
def test_any_other_step_is_refused(state: WaveState, action: WaveAction) -> None:
    with pytest.raises(Invalid) as refused:
        next_state(state, action)
    assert refused.value.problems[0].field == "state"
    assert state in refused.value.problems[0].message()


@pytest.mark.parametrize(
    ("state", "now", "admission"),
    [
        (WaveState.DRAFT, OPENS - MOMENT, "not_yet"),
        (WaveState.DRAFT, OPENS + MOMENT, "not_yet"),
        (WaveState.DRAFT, CLOSES + GRACE, "not_yet"),
        (WaveState.OPEN, OPENS - MOMENT, "not_yet"),
        (WaveState.OPEN, OPENS, "open"),
        (WaveState.OPEN, CLOSES - MOMENT, "open"),
        (WaveState.OPEN, CLOSES, "grace"),
        (WaveState.OPEN, CLOSES + GRACE - MOMENT, "grace"),
        (WaveState.OPEN, CLOSES + GRACE, "over"),
        (WaveState.CLOSED, OPENS, "grace"),
        (WaveState.CLOSED, CLOSES, "grace"),
        (WaveState.CLOSED, CLOSES + GRACE, "over"),
    ],
)
def test_a_wave_takes_answers_from_its_opening_to_the_end_of_its_grace(
    state: WaveState, now: datetime, admission: str
) -> None:
    assert accepts(state, OPENS, CLOSES, GRACE, now) == admission


def test_without_grace_a_wave_is_over_when_it_closes() -> None:
    assert accepts(WaveState.OPEN, OPENS, CLOSES, timedelta(0), CLOSES) == "over"
