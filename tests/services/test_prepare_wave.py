"""What comes before the first answer: a frame, a questionnaire, a plan, a wave that opens and closes."""

import secrets
from datetime import timedelta

import pytest

from survey.db import Database
from survey.domain.problems import Invalid
from survey.domain.questionnaire import parse_questionnaire
from survey.domain.wave import Mode, WaveState
from survey.queries import frames, questionnaires
from survey.services.catalogue import Catalogue, NotFound
from survey.services.import_frame import import_frame
from survey.services.list_points import list_points
from survey.services.move_wave import close_wave, open_wave
from survey.services.plan_wave import plan_wave
from survey.services.publish_questionnaire import check_questionnaire, publish_questionnaire
from survey.services.read_wave import frame_list, wave_of_code
from survey.yaml_source import read_yaml
from tests.field import NOW, WAVE, Field, plan_text, questionnaire_text, valid_answers
from tests.frames import excerpt


def plan_again(field: Field, text: str) -> None:
    """Plan once more over the field's frame."""
    (frame,) = frame_list(field.db)
    plan_wave(field.db, field.catalogue, read_yaml(text, "plan.yaml"), frame.id, NOW, secrets.randbelow)


def test_the_same_files_are_imported_once_and_read_back_whole(field: Field) -> None:
    again = import_frame(field.db, excerpt.areas_csv(), excerpt.population_csv(), excerpt.REFERENCE_DATE, NOW)
    assert again.already_known
    assert [entry.id for entry in frame_list(field.db)] == [again.frame_id]
    with field.db.reading() as connection:
        assert frames.read_frame(connection, again.frame_id) == excerpt.frame()


def test_a_frame_with_one_bad_row_leaves_nothing_behind(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    bad = excerpt.areas_csv().replace(b"511621002,511621,street", b"511699002,511621,street")
    with pytest.raises(Invalid) as refused:
        import_frame(db, bad, excerpt.population_csv(), excerpt.REFERENCE_DATE, NOW)
    assert ("areas.csv", 6) in {(problem.file, problem.line) for problem in refused.value.problems}
    assert frame_list(db) == []
    db.close()


def test_a_published_version_never_changes(field: Field) -> None:
    same = publish_questionnaire(field.db, questionnaire_text(), "field.yaml", NOW)
    assert same.already_known
    changed = questionnaire_text().replace("How old are you?", "What is your age?")
    with pytest.raises(Invalid) as refused:
        publish_questionnaire(field.db, changed, "field.yaml", NOW)
    assert [problem.code for problem in refused.value.problems] == ["version_published"]
    assert Catalogue(field.db).questionnaire("field", 1) == field.questionnaire


def test_what_decides_who_counts_must_be_asked_first(field: Field) -> None:
    parted = questionnaire_text(2).split("      - code: ")
    age, sex, home, parks = parted[1], parted[2], parted[3].partition("  - code: topics"), parted[4]
    mixed = "      - code: ".join([parted[0], parks, age, sex, "".join(home), *parted[5:]])
    with pytest.raises(Invalid) as refused:
        publish_questionnaire(field.db, mixed, "field.yaml", NOW)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == ("questionnaire_strata_first", "sections[1].items[1]")
    assert problem.line is not None
    assert mixed.splitlines()[problem.line - 1].strip() == "- code: parks"
    with pytest.raises(Invalid):
        check_questionnaire(mixed, "field.yaml")
    old = parse_questionnaire(read_yaml(mixed, "field.yaml"))
    assert (old.entry, old.entry_codes[0]) == (4, "parks"), "a version that is published already is still read"
    with field.db.writing() as connection:
        questionnaires.insert_questionnaire(connection, old, NOW)
    assert publish_questionnaire(field.db, mixed, "field.yaml", NOW).already_known


def test_what_a_stratum_question_depends_on_belongs_to_the_entry(field: Field) -> None:
    asked = questionnaire_text(2).replace(
        "        type: area\n", "        type: area\n        show_if: {item: local, is: here}\n"
    )
    local = """      - code: local
        type: one
        text: {zh-Hans: 您住在本市吗？, en: Do you live here?}
        categories:
          - {code: here, text: {zh-Hans: 是, en: Here}}
          - {code: elsewhere, text: {zh-Hans: 否, en: Elsewhere}}
"""
    asked = asked.replace("      - code: home\n", local + "      - code: home\n")
    published = publish_questionnaire(field.db, asked, "field.yaml", NOW).questionnaire
    assert published.entry_codes == ("age", "sex", "local", "home")


def test_a_plan_becomes_cells_that_add_up_and_points_with_codes_of_their_own(field: Field) -> None:
    targets: dict[str, int] = {}
    for key, cell in field.cells().items():
        targets[key.mode] = targets.get(key.mode, 0) + cell.target
    assert targets == {"intercept": 60, "open_qr": 24}
    codes = [point.code for points in field.points.values() for point in points]
    assert len(set(codes)) == len(codes) == 6
    assert {len(code) for code in codes} == {14}
    assert [point.number for points in field.points.values() for point in points] == [1, 2, 3, 4, 5, 6]


def test_a_draft_is_planned_anew_in_place_of_the_old_one(field: Field) -> None:
    plan_again(field, plan_text(code="next", samples={Mode.INTERCEPT: 12}))
    old = {entry.point.code for entry in list_points(field.db, "http://localhost", "next")}
    plan_again(field, plan_text(code="next", samples={Mode.INTERCEPT: 24}))
    new = {entry.point.code for entry in list_points(field.db, "http://localhost", "next")}
    assert len(new) == len(old) == 3
    assert not old & new
    assert {entry.url for entry in list_points(field.db, "http://localhost", "next")} == {
        f"http://localhost/r/{code}" for code in new
    }


def test_an_opened_wave_is_not_planned_anew_and_keeps_its_points(field: Field) -> None:
    before = field.cells()
    with pytest.raises(Invalid) as refused:
        plan_again(field, plan_text(samples={Mode.INTERCEPT: 12}))
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("wave", "wave_not_draft")]
    assert field.cells() == before


def test_a_plan_for_an_unpublished_version_is_refused(field: Field) -> None:
    with pytest.raises(Invalid) as refused:
        plan_again(field, plan_text(code="next", questionnaire=("field", 7)))
    assert [problem.code for problem in refused.value.problems] == ["questionnaire_not_published"]


def test_a_wave_opens_once_and_closes_once(field: Field) -> None:
    with pytest.raises(Invalid):
        open_wave(field.db, WAVE)
    closed = close_wave(field.db, WAVE, field.clock())
    assert (closed.state, closed.closes_at) == (WaveState.CLOSED, field.clock())
    with pytest.raises(Invalid):
        close_wave(field.db, WAVE, field.clock() + timedelta(days=1))
    assert wave_of_code(field.db, WAVE).closes_at == field.clock()
    with pytest.raises(NotFound):
        open_wave(field.db, "another")


def test_points_of_a_draft_are_not_remembered_by_a_running_server(field: Field) -> None:
    plan_again(field, plan_text(code="next"))
    (first, *_) = list_points(field.db, "http://localhost", "next")
    assert field.catalogue.point(first.point.code) == first.point
    plan_again(field, plan_text(code="next"))
    with pytest.raises(NotFound):
        field.catalogue.point(first.point.code)
    assert field.receive(valid_answers()).code
