"""What a wave says about every neighbourhood: what goes into the model, what it says, and what it keeps to itself."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.planning.adaptive import Placement
from analysis.small_area.areas import Source
from analysis.small_area.forecast import Evaluation
from survey.db import Database
from survey.domain.wave import Mode
from survey.queries import waves
from survey.services.catalogue import Catalogue
from survey.services.move_wave import open_wave
from survey.services.neighbourhoods import MIN_ANSWERS, Neighbourhoods, Outlooks, outlooks, place_next
from survey.services.plan_wave import plan_wave
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.report_wave import WaveResults, report_wave
from survey.services.supersede_questionnaire import supersede_questionnaire
from survey.services.wave_frame import MOST_KEPT, worked_out
from survey.yaml_source import read_yaml
from tests.field import AREAS, HUAYING_AREA, WAVE, Field, open_field, plan_text, questionnaire_text, valid_answers

PEOPLE = [(sex, age) for sex in "FM" for age in ("18-34", "35-54", "55+")]


@pytest.fixture
def wide(database_url: str) -> Iterator[Field]:
    """A wave with room for many."""
    field = open_field(database_url, plan=plan_text(samples={Mode.INTERCEPT: 600}))
    yield field
    field.close()


def ask(field: Field, area: str, yes: int, no: int) -> None:
    """So many satisfied and dissatisfied people of a neighbourhood, at the points of its district in turn."""
    points = [point for point in field.points[Mode.INTERCEPT] if point.district_code == area[:6]]
    for place, parks in enumerate(["satisfied"] * yes + ["dissatisfied"] * no):
        sex, age = PEOPLE[place % 6]
        answers = valid_answers(sex=sex, age=age, area=area, parks=parks)
        receipt = field.receive(answers, point_code=points[place % len(points)].code)
        assert receipt.disposition.value == "complete"


def results(field: Field) -> WaveResults:
    return report_wave(field.db, field.catalogue, WAVE, field.clock.now)


def satisfaction(field: Field) -> Neighbourhoods:
    return results(field).neighbourhoods["satisfaction"]


def worked(field: Field) -> Outlooks:
    found = results(field)
    of = found.neighbourhoods["satisfaction"]
    return outlooks(field.db, field.catalogue, found.wave, of, found.earlier, Evaluation(450, 2.0))


def test_every_neighbourhood_of_the_wave_has_a_rate_a_chance_and_a_flag(wide: Field) -> None:
    for area, (yes, no) in zip(AREAS, ((14, 0), (12, 2), (9, 5), (2, 12)), strict=False):
        ask(wide, area, yes, no)
    found = satisfaction(wide)
    assert len(found.flags.areas) == len(found.places.codes) > len(AREAS)
    low, high = (found.areas.names.index(area) for area in (AREAS[3], AREAS[0]))
    assert found.estimates.below[low] > 0.95 > found.estimates.below[high]
    flag = next(area for area in found.flags.areas if area.name == AREAS[3])
    assert flag.kind.value == "at_risk"


def test_the_flags_of_the_report_are_those_of_the_model_for_neighbourhoods_and_of_the_interval_above(
    wide: Field,
) -> None:
    ask(wide, AREAS[0], 12, 2)
    ask(wide, AREAS[1], 2, 12)
    report = results(wide).report
    codes = {(each.rate.domain_kind, each.rate.domain): each.flag.reason.code for each in report.rates}
    assert codes["neighbourhood", AREAS[1]] == "likely_below"
    assert {codes["neighbourhood", area] for area in AREAS[2:]} <= {"to_be_settled", "likely_below", "near_target"}
    assert codes["city", "city"] in {"upper_below_target", "astride"}
    assert report.methods["flags"] == "logistic_normal_nested_bayes"


def test_fewer_answers_than_may_be_read_are_not_in_the_numbers(wide: Field) -> None:
    ask(wide, AREAS[0], 8, 2)
    ask(wide, AREAS[2], MIN_ANSWERS - 1, 0)
    before = satisfaction(wide)
    at = before.areas.names.index(AREAS[2])
    assert before.areas.n[at] == 0
    assert before.estimates.sources[at] is Source.PREDICTION
    ask(wide, AREAS[2], 1, 0)
    after = satisfaction(wide)
    assert after.areas.n[at] > 0
    assert after.estimates.sources[at] is Source.INTERVIEWS
    assert after.estimates.mean[at] > before.estimates.mean[at]


def test_an_uncertain_neighbourhood_says_whom_to_ask(wide: Field) -> None:
    for area, (yes, no) in zip(AREAS, ((10, 0), (9, 1), (9, 2), (8, 1)), strict=False):
        ask(wide, area, yes, no)
    flags = satisfaction(wide).flags.areas
    asked = [flag for flag in flags if flag.interviews]
    assert asked
    for flag in asked:
        assert sum(count for _, count in flag.cells) == flag.interviews
        assert {cell for cell, _ in flag.cells} <= {f"{sex} × {age}" for sex, age in PEOPLE}


def test_a_wave_without_answers_has_nothing_to_say(wide: Field) -> None:
    assert results(wide).neighbourhoods == {}


def test_a_handful_of_answers_here_and_there_flags_nobody(wide: Field) -> None:
    for area in AREAS[:3]:
        ask(wide, area, 0, MIN_ANSWERS - 1)
    found = results(wide)
    assert found.neighbourhoods == {}, "what the model would say is what it believed before"
    kinds = {each.flag.kind.value for each in found.report.rates if each.rate.domain_kind == "neighbourhood"}
    assert kinds == {"too_few"}


def test_self_selected_answers_alone_say_nothing_of_neighbourhoods(field: Field) -> None:
    field.receive(valid_answers(), point_code=field.points[Mode.OPEN_QR][0].code)
    assert results(field).neighbourhoods == {}


def test_places_outlook_and_the_next_interviews_cover_every_neighbourhood(wide: Field) -> None:
    for area, (yes, no) in zip((*AREAS[:3], HUAYING_AREA), ((14, 0), (9, 5), (5, 9), (11, 3)), strict=True):
        ask(wide, area, yes, no)
    found, of = worked(wide), satisfaction(wide)
    assert {rank.name for rank in found.ranks.areas} == set(of.places.codes)
    assert all(rank.lower <= rank.expected <= rank.upper for rank in found.ranks.areas)
    assert 0 <= found.forecast.city.reaches <= 1
    assert len(found.forecast.districts) == 2
    assert found.changes is None
    placement: Placement = place_next({"satisfaction": of}, 60)
    assert sum(area.interviews for area in placement.areas) + placement.unplaced == 60
    assert placement.after <= placement.after_proportional + 1e-9


def test_the_waves_before_give_the_change_and_what_was_to_be_expected(demonstration: Path) -> None:
    db = Database(f"sqlite:///{demonstration}/demonstration.sqlite")
    try:
        catalogue = Catalogue(db)
        found = report_wave(db, catalogue, "demo-3", datetime.now(UTC))
        of = found.neighbourhoods["participation"]
        assert of.areas.covariate_names == ("last_wave",)
        assert len(found.earlier) == 2
        worked = outlooks(db, catalogue, found.wave, of, found.earlier, Evaluation(450, 2.0))
        assert worked.changes is not None
        assert {each.name for each in worked.changes.areas} == set(of.places.codes)
        assert worked.changes.joint
        assert worked.regression is not None
        again = outlooks(db, catalogue, found.wave, of, found.earlier, Evaluation(450, 2.0))
        assert again is worked, "worked out once"
    finally:
        db.close()


def test_who_was_picked_for_a_low_share_is_expected_to_rise_by_itself(wide: Field) -> None:
    shares = ((14, 0), (13, 1), (12, 2), (5, 9))
    for area, (yes, no) in zip(AREAS, shares, strict=False):
        ask(wide, area, yes, no)
    wide.clock.forward(days=30)
    now = wide.clock.now
    plan = plan_text(now, samples={Mode.INTERCEPT: 600}, code="2026-12")
    with wide.db.reading() as connection:
        first = waves.wave_by_code(connection, WAVE)
    assert first is not None
    planned = plan_wave(
        wide.db, wide.catalogue, read_yaml(plan, "plan.yaml"), first.frame_id, now, secrets.randbelow
    ).wave
    open_wave(wide.db, planned.code)
    with wide.db.reading() as connection:
        points = waves.points_of_wave(connection, planned.id)
    later = replace(wide, points={Mode.INTERCEPT: points}, wave_id=planned.id)
    for area, (yes, no) in zip(AREAS, shares, strict=False):
        ask(later, area, yes, no)
    found = report_wave(wide.db, wide.catalogue, planned.code, now)
    of = found.neighbourhoods["satisfaction"]
    worked = outlooks(wide.db, wide.catalogue, found.wave, of, found.earlier, Evaluation(450, 2.0))
    assert worked.regression is not None
    own = {each.name: each for each in worked.regression.areas}
    assert own[AREAS[3]].expected > 0 > own[AREAS[3]].beyond, "it did not rise, though it was to"
    assert own[AREAS[0]].expected < 0
    assert worked.regression.flagged.count >= 1


def test_an_indicator_whose_target_is_everybody_keeps_the_interval(new_field: Callable[..., Field]) -> None:
    all_of_them = questionnaire_text().replace("target: 0.9", "target: 1")
    field = new_field(questionnaire=all_of_them)
    field.receive(valid_answers())
    found = results(field)
    assert found.neighbourhoods == {}
    assert {each.flag.reason.code for each in found.report.rates} <= {"few_answers", "no_interval", "complementary"}


def test_a_later_version_of_the_questionnaire_is_judged_by_its_own_target(field: Field) -> None:
    ask(field, AREAS[0], 5, 1)
    assert satisfaction(field).flags.target == 0.9
    text = questionnaire_text(2).replace("target: 0.9", "target: 0.7")
    publish_questionnaire(field.db, text, "field.yaml", field.clock.now)
    supersede_questionnaire(field.db, field.catalogue, WAVE, 2)
    assert satisfaction(field).flags.target == 0.7


def test_late_answers_of_the_wave_before_are_not_forgotten(wide: Field) -> None:
    ask(wide, AREAS[0], 9, 3)
    first = results(wide)
    assert worked_out(wide.db, wide.catalogue, first.wave, "a", lambda _: 1, also=(1,)) == 1
    assert worked_out(wide.db, wide.catalogue, first.wave, "a", lambda _: 2, also=(1,)) == 1
    assert worked_out(wide.db, wide.catalogue, first.wave, "a", lambda _: 3, also=(2,)) == 3


def test_what_is_kept_has_an_end(wide: Field) -> None:
    wave = results(wide).wave
    for number in range(MOST_KEPT + 5):
        worked_out(wide.db, wide.catalogue, wave, f"{number}", lambda _: None)
    done: list[int] = []
    worked_out(wide.db, wide.catalogue, wave, "0", lambda _: done.append(1))
    worked_out(wide.db, wide.catalogue, wave, f"{MOST_KEPT + 4}", lambda _: done.append(2))
    assert done == [1]
