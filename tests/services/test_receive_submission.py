"""The submission door: what is kept, as what, and what the sender is told."""

from collections.abc import Callable
from datetime import UTC, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from survey.domain.disposition import Disposition, Finish
from survey.domain.problems import Invalid
from survey.domain.submission import Outcome
from survey.domain.wave import Admission, Mode
from survey.queries import responses
from survey.services.catalogue import Catalogue, NotFound
from survey.services.move_wave import close_wave
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.receive_submission import Door, WaveNotTaking, receive_submission
from survey.services.recount import recount
from tests.field import (
    AREA,
    HUAYING_AREA,
    NOW,
    OTHER_STREET_AREA,
    STREET,
    WAVE,
    Field,
    plan_text,
    questionnaire_text,
    valid_answers,
)
from tests.frames.excerpt import HUAYING, YUECHI


def test_a_finished_form_is_stored_as_it_was_given(field: Field) -> None:
    submission = field.submission(valid_answers(), language="en")
    receipt = receive_submission(field.door, submission)
    assert (receipt.outcome, receipt.disposition) == (Outcome.STORED, Disposition.COMPLETE)
    row = field.row(submission.id)
    cell = field.cell()
    assert row == {
        "id": submission.id,
        "wave_id": field.wave_id,
        "point_code": field.point.code,
        "mode": "intercept",
        "questionnaire_code": "field",
        "questionnaire_version": 1,
        "disposition": "complete",
        "late": False,
        "superseded": False,
        "cell_id": cell.id,
        "area_code": AREA,
        "language": "en",
        "answers": valid_answers(),
        "content_digest": receipt.content_digest,
        "opened_at": submission.opened_at.astimezone(UTC),
        "received_at": submission.received_at.astimezone(UTC),
        "channel": "web",
        "earlier_forms": None,
        "proof": None,
        "change_digest": None,
    }
    assert cell.completed == 1
    assert recount(field.db) == (24, [])


def test_the_same_form_again_gets_the_same_receipt_and_changes_nothing(field: Field) -> None:
    submission = field.submission(valid_answers())
    first = receive_submission(field.door, submission)
    before = field.rows()
    field.clock.forward(minutes=3)
    again = field.receive(valid_answers(), id=submission.id)
    assert again.outcome is Outcome.REPEATED
    assert (again.code, again.disposition, again.content_digest) == (
        first.code,
        first.disposition,
        first.content_digest,
    )
    assert field.rows() == before
    assert field.cell().completed == 1


def test_order_of_keys_and_of_chosen_categories_makes_no_difference(field: Field) -> None:
    answers = valid_answers()
    turned = dict(reversed(answers.items())) | {"activities": ["traffic", "cleaning"]}
    submission_id = uuid4()
    field.receive(answers, id=submission_id)
    assert field.receive(turned, id=submission_id).outcome is Outcome.REPEATED
    assert field.copies() == []


def test_a_repeat_is_recognised_by_another_process_that_knows_nothing(field: Field) -> None:
    submission = field.submission(valid_answers())
    first = receive_submission(field.door, submission)
    stranger = Door(field.db, Catalogue(field.db), field.settings.secret_key)
    assert receive_submission(stranger, submission).code == first.code


def test_a_repeat_is_told_the_same_after_the_wave_is_over(field: Field) -> None:
    submission_id = uuid4()
    first = field.receive(valid_answers(), id=submission_id)
    field.clock.forward(days=400)
    again = field.receive(valid_answers(), id=submission_id)
    assert (again.outcome, again.code) == (Outcome.REPEATED, first.code)
    with pytest.raises(WaveNotTaking):
        field.receive(valid_answers())


def test_other_content_under_a_known_id_is_kept_beside_the_first_once_per_content(field: Field) -> None:
    submission_id = uuid4()
    field.receive(valid_answers(), id=submission_id)
    before = field.rows()
    for parks in ("neutral", "dissatisfied", "neutral"):
        receipt = field.receive(valid_answers(parks=parks), id=submission_id)
        assert (receipt.outcome, receipt.disposition) == (Outcome.CONFLICT, Disposition.DUPLICATE)
    assert field.rows() == before
    assert [copy["answers"]["parks"] for copy in field.copies()] == ["neutral", "dissatisfied"]
    assert {copy["response_id"] for copy in field.copies()} == {submission_id}
    assert field.cell().completed == 1
    assert recount(field.db)[1] == []


def test_of_one_form_no_more_than_five_other_contents_are_kept(field: Field) -> None:
    submission_id, other_id = uuid4(), uuid4()
    field.receive(valid_answers(), id=submission_id)
    for number in range(8):
        receipt = field.receive(valid_answers(comment=f"{number}"), id=submission_id)
        assert (receipt.outcome, receipt.disposition) == (Outcome.CONFLICT, Disposition.DUPLICATE)
    assert [copy["answers"]["comment"] for copy in field.copies()] == ["0", "1", "2", "3", "4"]
    field.receive(valid_answers(), id=other_id)
    field.receive(valid_answers(parks="neutral"), id=other_id)
    assert field.copies()[-1]["response_id"] == other_id, "each form has its own five"


def test_copies_without_end_are_found(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault."""
    monkeypatch.setattr(responses, "MOST_COPIES", 100)
    responses._insert_copy.cache_clear()
    with pytest.raises(AssertionError):
        test_of_one_form_no_more_than_five_other_contents_are_kept(field)
    responses._insert_copy.cache_clear()


def test_leaving_the_form_otherwise_is_other_content(field: Field) -> None:
    submission_id = uuid4()
    field.receive(valid_answers(), id=submission_id)
    broken_off = field.receive(valid_answers(), id=submission_id, finish=Finish.BROKEN_OFF)
    assert broken_off.outcome is Outcome.CONFLICT


@pytest.mark.parametrize(
    ("changes", "item", "code"),
    [
        ({"parks": "marvellous"}, "parks", "answer_unknown_category"),
        ({"parks": None}, "parks", "answer_missing"),  # null is no answer
        ({"times": 366}, "times", "answer_number_range"),
        ({"times": float("nan")}, "times", "answer_not_number"),
        ({"times": True}, "times", "answer_not_number"),
        ({"activities": ["none", "cleaning"]}, "activities", "answer_exclusive"),
        ({"activities": ["none"]}, "times", "answer_not_asked"),
        ({"age": "under_18"}, "parks", "answer_not_asked"),
        ({"home": "999999999999"}, "home", "answer_area_unknown"),
        ({"home": STREET}, "home", "answer_area_unknown"),
        ({"comment": "a\x00b"}, "comment", "unreadable_text"),
        ({"comment": "\ud800"}, "comment", "unreadable_text"),
        ({"weight": 3}, "weight", "unknown_field"),
        ({"district": YUECHI}, "district", "unknown_field"),
        ({"parks": {}}, "parks", "answer_unknown_category"),
    ],
    ids=str,
)
def test_a_wrong_answer_is_refused_by_its_item_and_nothing_is_kept(
    field: Field, changes: dict[str, object], item: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        field.receive(valid_answers() | changes)
    assert (item, code) in {(problem.field, problem.code) for problem in refused.value.problems}
    assert field.rows() == []
    assert all(cell.completed == 0 for cell in field.cells().values())


def test_an_unfinished_form_is_partial_and_takes_no_slot(field: Field) -> None:
    receipt = field.receive({"age": "18-34", "sex": "F", "parks": "neutral"}, finish=Finish.BROKEN_OFF)
    assert receipt.disposition is Disposition.PARTIAL
    assert field.row(receipt.submission_id)["answers"] == {"age": "18-34", "sex": "F", "parks": "neutral"}
    assert field.cell().completed == 0


def test_a_form_without_any_answer_may_be_broken_off(field: Field) -> None:
    receipt = field.receive({}, finish=Finish.BROKEN_OFF)
    assert receipt.disposition is Disposition.PARTIAL
    assert field.row(receipt.submission_id)["area_code"] is None


def test_who_is_not_eligible_is_recorded_with_the_screening_answers_only(field: Field) -> None:
    screened = {"age": "under_18", "sex": "F"}
    receipt = field.receive(screened)
    assert receipt.disposition is Disposition.INELIGIBLE
    assert field.row(receipt.submission_id)["answers"] == screened
    assert all(cell.completed == 0 for cell in field.cells().values())


def test_of_a_refusal_no_answers_are_kept_not_even_wrong_ones(field: Field) -> None:
    receipt = field.receive(valid_answers(parks="marvellous"), finish=Finish.REFUSED)
    assert receipt.disposition is Disposition.REFUSED
    row = field.row(receipt.submission_id)
    assert (row["answers"], row["area_code"], row["cell_id"]) == ({}, None, None)


def test_the_last_slot_is_given_once_and_the_next_is_kept_over_quota(field: Field) -> None:
    target = field.cell().target
    given = [field.receive(valid_answers()).disposition for _ in range(target + 2)]
    assert given == [Disposition.COMPLETE] * target + [Disposition.OVER_QUOTA] * 2
    assert (field.cell().completed, field.cell().shortfall) == (target, 0)
    assert recount(field.db)[1] == []


def test_a_repeat_of_one_over_quota_is_still_over_quota(field: Field) -> None:
    for _ in range(field.cell().target):
        field.receive(valid_answers())
    submission_id = uuid4()
    assert field.receive(valid_answers(), id=submission_id).disposition is Disposition.OVER_QUOTA
    again = field.receive(valid_answers(), id=submission_id)
    assert (again.outcome, again.disposition) == (Outcome.REPEATED, Disposition.OVER_QUOTA)


def test_a_full_cell_leaves_the_others_open(field: Field) -> None:
    for _ in range(field.cell().target + 1):
        field.receive(valid_answers())
    assert field.receive(valid_answers(sex="M")).disposition is Disposition.COMPLETE
    in_huaying = field.receive(valid_answers(area=HUAYING_AREA))
    assert in_huaying.disposition is Disposition.COMPLETE
    assert field.cell(district=HUAYING).completed == 1


def test_a_person_belongs_to_the_district_where_they_live_not_where_the_poster_hangs(field: Field) -> None:
    assert field.point.district_code == YUECHI
    receipt = field.receive(valid_answers(area=HUAYING_AREA))
    assert field.row(receipt.submission_id)["area_code"] == HUAYING_AREA
    assert (field.cell(district=HUAYING).completed, field.cell().completed) == (1, 0)


def test_a_town_without_listed_neighbourhoods_stands_for_itself(field: Field) -> None:
    assert field.receive(valid_answers(area=OTHER_STREET_AREA)).disposition is Disposition.COMPLETE
    assert field.cell().completed == 1


def test_each_mode_fills_its_own_cells(field: Field) -> None:
    poster = field.points[Mode.OPEN_QR][0]
    receipt = field.receive(valid_answers(), point_code=poster.code)
    assert field.row(receipt.submission_id)["mode"] == "open_qr"
    assert field.cell().completed == 0


def test_who_keeps_a_stratum_to_themselves_is_stored_but_stands_for_nobody(field: Field) -> None:
    receipt = field.receive(valid_answers(sex="refused"))
    assert receipt.disposition is Disposition.PARTIAL
    assert field.row(receipt.submission_id)["cell_id"] is None


def test_who_lives_outside_the_wave_s_districts_may_say_so_and_is_not_eligible(
    new_field: Callable[..., Field],
) -> None:
    field = new_field(plan=plan_text(districts=[YUECHI]))
    receipt = field.receive(valid_answers(area=HUAYING_AREA))
    assert receipt.disposition is Disposition.INELIGIBLE
    assert field.row(receipt.submission_id)["area_code"] == HUAYING_AREA


def test_without_an_area_question_the_poster_s_district_counts(new_field: Callable[..., Field]) -> None:
    start, end = questionnaire_text().split("      - code: home")
    without_area = start + end[end.index("  - code: topics") :]
    field = new_field(questionnaire=without_area)
    assert field.questionnaire.area_item is None
    on_a_street = field.points[Mode.INTERCEPT][0]
    assert on_a_street.area_code == STREET
    receipt = field.receive(valid_answers(home=None), point_code=on_a_street.code)
    assert receipt.disposition is Disposition.COMPLETE
    assert field.cell().completed == 1


def test_before_the_wave_begins_nothing_is_taken(field: Field) -> None:
    with pytest.raises(WaveNotTaking) as refused:
        field.receive(valid_answers(), received_at=NOW - timedelta(days=1, seconds=1))
    assert refused.value.admission is Admission.NOT_YET
    assert field.rows() == []


def test_a_draft_takes_nothing(new_field: Callable[..., Field]) -> None:
    field = new_field(opened=False)
    with pytest.raises(WaveNotTaking) as refused:
        field.receive(valid_answers())
    assert refused.value.admission is Admission.NOT_YET


def test_within_the_grace_a_form_counts_and_is_flagged_as_late(field: Field) -> None:
    close_wave(field.db, WAVE, field.clock())
    last = field.clock() + timedelta(hours=48) - timedelta(seconds=1)
    receipt = field.receive(valid_answers(), received_at=last)
    assert receipt.disposition is Disposition.COMPLETE
    assert field.row(receipt.submission_id)["late"] is True
    assert recount(field.db)[1] == []


def test_after_the_grace_nothing_more_is_taken(field: Field) -> None:
    close_wave(field.db, WAVE, field.clock())
    with pytest.raises(WaveNotTaking) as refused:
        field.receive(valid_answers(), received_at=field.clock() + timedelta(hours=48))
    assert refused.value.admission is Admission.OVER
    assert field.rows() == []


def test_the_grace_is_for_forms_that_were_opened_in_time(field: Field) -> None:
    closing = field.clock()
    close_wave(field.db, WAVE, closing)
    in_time = field.receive(valid_answers(), opened_at=closing, received_at=closing + timedelta(minutes=10))
    assert field.row(in_time.submission_id)["late"] is True
    with pytest.raises(WaveNotTaking) as refused:
        field.receive(
            valid_answers(),
            opened_at=closing + timedelta(seconds=1),
            received_at=closing + timedelta(minutes=10),
        )
    assert refused.value.admission is Admission.OVER


def test_unknown_points_and_questionnaires_are_not_found(field: Field) -> None:
    with pytest.raises(NotFound):
        field.receive(valid_answers(), point_code="22222222222222")
    with pytest.raises(NotFound):
        field.receive(valid_answers(), questionnaire_version=2)
    assert field.rows() == []


def test_a_version_published_meanwhile_changes_nothing_for_who_answers(field: Field) -> None:
    publish_questionnaire(field.db, questionnaire_text(2), "2.yaml", field.clock())
    receipt = field.receive(valid_answers())
    row = field.row(receipt.submission_id)
    assert (row["questionnaire_version"], row["superseded"]) == (1, False)


def test_a_form_of_another_version_than_the_wave_s_is_kept_and_flagged(field: Field) -> None:
    publish_questionnaire(field.db, questionnaire_text(2), "2.yaml", field.clock())
    with field.db.writing() as connection:
        connection.execute(text("UPDATE wave SET questionnaire_version = 2"))
    receipt = field.receive(valid_answers())
    row = field.row(receipt.submission_id)
    assert (row["questionnaire_version"], row["superseded"], row["disposition"]) == (1, True, "complete")


def test_a_recount_finds_a_counter_that_lies(field: Field) -> None:
    field.receive(valid_answers())
    with field.db.writing() as connection:
        connection.execute(
            text("UPDATE quota_cell SET completed = completed + 1 WHERE id = :id"), {"id": field.cell().id}
        )
    _, (wrong,) = recount(field.db)
    assert (wrong.wave, wrong.cell_id, wrong.completed, wrong.rows) == (WAVE, field.cell().id, 2, 1)


def test_receipts_differ_and_show_nothing_of_the_answers(field: Field) -> None:
    receipts = {field.receive(valid_answers()).code for _ in range(5)}
    assert len(receipts) == 5
    assert all(len(code) == 10 for code in receipts)
