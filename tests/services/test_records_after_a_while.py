"""Tablets that were long away: wrong clocks, a wave that closed meanwhile, a questionnaire that was superseded."""

from datetime import datetime, timedelta

import pytest

from survey.domain.problems import Invalid
from survey.services.move_wave import close_wave
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.recount import recount
from survey.services.supersede_questionnaire import supersede_questionnaire
from tests.field import NOW, WAVE, Field, questionnaire_text, valid_answers
from tests.services.outing import out, paradata


@pytest.mark.parametrize("wrong", [timedelta(days=-400), timedelta(days=3 * 365), timedelta(days=-500_000)])
def test_a_tablet_with_a_wrong_clock_is_believed_through_its_offset(field: Field, wrong: timedelta) -> None:
    tablet = out(field)
    field.clock.forward(minutes=30)

    def shown() -> datetime:
        return field.clock.now + wrong

    tablet.clock = shown
    record = tablet.record(valid_answers(), clock_offset_ms=round(-wrong.total_seconds() * 1000))
    assert tablet.send(record)[0] == 201
    kept = paradata(field, record)
    assert kept["clock"] == "off"
    assert kept["started_at"] == field.clock.now - timedelta(minutes=3)
    assert field.rows()[0]["late"] is False


def test_a_clock_that_was_set_between_interview_and_transfer_is_flagged(field: Field) -> None:
    tablet = out(field)
    field.clock.forward(minutes=30)
    record = tablet.record(valid_answers(), clock_offset_ms=0)
    tablet.clock = lambda: field.clock.now + timedelta(hours=5)
    assert tablet.send(record)[0] == 201
    assert paradata(field, record)["clock"] == "set"


def test_times_that_cannot_be_are_moved_into_what_is_possible_and_flagged(field: Field) -> None:
    tablet = out(field)
    field.clock.forward(minutes=30)
    record = tablet.record(valid_answers(), started="1970-01-01T00:00:00Z", ended="9999-12-31T23:59:59Z")
    assert tablet.send(record)[0] == 201
    kept = paradata(field, record)
    assert kept["clock"] == "unknown"
    assert NOW <= kept["started_at"] <= kept["ended_at"] <= field.clock.now


def test_an_interview_made_before_the_wave_closed_counts_within_the_grace_and_is_late(field: Field) -> None:
    tablet = out(field)
    field.clock.forward(minutes=30)
    record = tablet.record(valid_answers())
    field.clock.forward(minutes=1)
    close_wave(field.db, WAVE, field.clock.now)
    field.clock.forward(hours=6)
    assert tablet.send(record)[1]["disposition"] == "complete"
    assert field.rows()[0]["late"] is True


@pytest.mark.parametrize("set_by", [timedelta(days=1), timedelta(days=3 * 365), timedelta(days=-400)])
def test_a_clock_that_was_set_before_the_interview_costs_nothing_in_the_grace(field: Field, set_by: timedelta) -> None:
    tablet = out(field)
    field.clock.forward(minutes=30)
    tablet.clock = lambda: field.clock.now + set_by  # the tablet has not been online since its clock was right
    record = tablet.record(valid_answers(), clock_offset_ms=0)
    field.clock.forward(minutes=1)
    close_wave(field.db, WAVE, field.clock.now)
    field.clock.forward(hours=6)
    assert tablet.send(record)[1]["disposition"] == "complete"
    kept = paradata(field, record)
    assert (kept["clock"], kept["started_at"]) == ("set", NOW + timedelta(minutes=27))


def test_a_clock_that_tells_nothing_is_no_reason_to_drop_an_interview_in_the_grace(field: Field) -> None:
    tablet = out(field)
    field.clock.forward(minutes=30)
    record = tablet.record(valid_answers(), started="1970-01-01T00:00:00Z", ended="2100-01-01T00:00:00Z")
    close_wave(field.db, WAVE, field.clock.now)
    field.clock.forward(hours=6)
    assert tablet.send(record)[1]["disposition"] == "complete"
    assert paradata(field, record)["clock"] == "unknown"


def test_an_interview_made_after_the_wave_closed_is_kept_as_too_late(field: Field) -> None:
    tablet = out(field)
    close_wave(field.db, WAVE, field.clock.now)
    field.clock.forward(hours=6)
    assert tablet.send(tablet.record(valid_answers()))[1]["disposition"] == "too_late"
    assert recount(field.db)[1] == []


def test_what_comes_after_the_grace_is_kept_outside_the_quotas(field: Field) -> None:
    tablet = out(field)
    field.clock.forward(minutes=30)
    interview, refusal = tablet.record(valid_answers()), tablet.record({}, finish="refused")
    field.clock.forward(days=40)
    assert tablet.send(interview)[1]["disposition"] == "too_late"
    assert tablet.send(interview)[0] == 200
    assert tablet.send(refusal)[1]["disposition"] == "too_late", "refusals alone would spoil the response rates"
    assert all(row["late"] for row in field.rows())
    assert all(cell.completed == 0 for cell in field.cells().values())


def later_version(field: Field) -> None:
    text = questionnaire_text(2).replace("您对公园满意吗？", "您对住处附近的公园满意吗？")
    publish_questionnaire(field.db, text, "field.yaml", field.clock.now)
    supersede_questionnaire(field.db, field.catalogue, WAVE, 2)


def test_an_interview_with_a_questionnaire_superseded_meanwhile_is_stored_as_what_it_is(field: Field) -> None:
    tablet = out(field)
    record = tablet.record(valid_answers())
    later_version(field)
    assert tablet.send(record)[1]["disposition"] == "complete"
    (row,) = field.rows()
    assert (row["questionnaire_version"], row["superseded"]) == (1, True)
    fresh = out(field, "平板 2")
    assert fresh.outing["questionnaire"] == {"code": "field", "version": 2}
    assert fresh.send(fresh.record(valid_answers()))[1]["disposition"] == "complete"
    assert sorted(row["superseded"] for row in field.rows()) == [False, True]


@pytest.mark.parametrize(
    ("text", "version", "code"),
    [
        (questionnaire_text(2), 1, "supersede_earlier"),
        (questionnaire_text(2), 3, "questionnaire_not_published"),
        (questionnaire_text(2, valid_until="2026-11-10"), 2, "wave_after_approval"),
        (
            questionnaire_text(2).replace("code: 55+", "code: 55-99").replace("54, 55+]", "54, 55-99]"),
            2,
            "supersede_strata",
        ),
    ],
)
def test_a_version_that_does_not_fit_the_wave_is_refused(field: Field, text: str, version: int, code: str) -> None:
    publish_questionnaire(field.db, text, "field.yaml", field.clock.now)
    with pytest.raises(Invalid) as refused:
        supersede_questionnaire(field.db, field.catalogue, WAVE, version)
    assert [problem.code for problem in refused.value.problems] == [code]
