"""What tablets bring home: each record once, each with its result; strangers are not let in."""

import base64
import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from survey.domain.wave import Mode
from survey.queries.grants import turns_of_wave
from survey.services.accounts import add_account
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.recount import recount
from survey.services.sealing import seal
from survey.services.tablets import list_tablets, revoke_tablet
from tests.field import NOW, WAVE, Field, plan_text, questionnaire_text, valid_answers
from tests.services.outing import enrolled, out, paradata
from tests.tablet_client import Tablet


def codes(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["field"], each["code"]) for each in told["problems"]]


# --- the receipt --------------------------------------------------------------------------------------------------


def test_a_record_is_stored_once_and_its_receipt_echoes_id_and_digest(field: Field) -> None:
    tablet = out(field)
    record = tablet.record(valid_answers())
    first, again = tablet.send(record), tablet.send(record)
    assert (first[0], again[0]) == (201, 200)
    assert first[1] | {"outcome": "repeated"} == again[1]
    assert first[1]["id"] == record["id"]
    assert len(first[1]["digest"]) == 64
    assert len(field.rows()) == 1


def test_the_same_content_sealed_again_is_the_same_submission(field: Field) -> None:
    tablet = out(field)
    content = tablet.content(valid_answers())
    assert tablet.send(tablet.sealed(content))[0] == 201
    assert tablet.send(tablet.sealed(content))[0] == 200


@pytest.mark.parametrize("change", [{"answers": valid_answers(parks="neutral")}, {"finish": "broken_off"}])
def test_other_content_under_a_known_id_is_kept_beside_the_first(field: Field, change: dict[str, Any]) -> None:
    tablet = out(field)
    content = tablet.content(valid_answers())
    assert tablet.send(tablet.sealed(content))[0] == 201
    status, told = tablet.send(tablet.sealed(content | change))
    assert (status, told["outcome"], told["disposition"]) == (409, "conflict", "duplicate")
    assert (len(field.rows()), len(field.copies())) == (1, 1)
    assert recount(field.db)[1] == []


def test_a_bad_record_in_a_batch_does_not_keep_the_others_out(field: Field) -> None:
    tablet = out(field)
    good = [tablet.record(valid_answers(sex=sex)) for sex in ("F", "M")]
    wrong = tablet.record(valid_answers(parks="splendid"))
    status, told = tablet.send_all(good[0], wrong, {"id": "x"}, good[1], good[0])
    by_id = {each["id"]: each for each in told["results"]}
    assert status == 200
    assert by_id[good[1]["id"]]["status"] == 201
    assert by_id[wrong["id"]]["status"] == 422
    assert codes(by_id[wrong["id"]]) == [("parks", "answer_unknown_category")]
    assert by_id["x"]["status"] == 422
    assert sorted(each["status"] for each in told["results"] if each["id"] == good[0]["id"]) == [200, 201]
    assert len(field.rows()) == 2


def test_the_paradata_are_kept_beside_the_response(new_field: Callable[..., Field]) -> None:
    field = new_field(plan=plan_text() + "\nintercept: {place: true}")
    tablet = out(field)
    record = tablet.record(
        valid_answers(), handed_over=True, interruptions=2, timings={"age": [1200, 3400]}, place="30.47,106.63"
    )
    tablet.send(record)
    kept = paradata(field, record)
    assert kept["granted"] is True
    assert (kept["handed_over"], kept["interruptions"], kept["place"]) == (True, 2, "30.47,106.63")
    assert kept["timings"] == {"age": [1200, 3400]}
    assert kept["elapsed_ms"] == 180_000
    assert kept["started_at"] == NOW - timedelta(minutes=3) or kept["clock"] == "unknown"


# --- approaches ---------------------------------------------------------------------------------------------------

APPROACHES = [
    ("refused", "no_time", "refused"),
    ("not_eligible", "not_resident", "ineligible"),
    ("language", None, "language"),
    ("cell_full", None, "cell_full"),
    ("not_reached", None, "non_contact"),
]


@pytest.mark.parametrize(("finish", "reason", "disposition"), APPROACHES)
def test_an_approach_without_an_interview_is_recorded_with_its_reason(
    field: Field, finish: str, reason: str | None, disposition: str
) -> None:
    tablet = out(field)
    record = tablet.record({}, finish=finish, reason=reason, observed={"sex": "F", "age_band": "35-54"})
    status, told = tablet.send(record)
    assert (status, told["disposition"]) == (201, disposition)
    kept = paradata(field, record)
    assert (kept["reason"], kept["observed_sex"], kept["observed_age_band"]) == (reason, "F", "35-54")
    assert field.rows()[0]["answers"] == {}
    assert all(cell.completed == 0 for cell in field.cells().values())


def test_answers_given_before_the_person_turned_out_not_to_be_wanted_are_kept(field: Field) -> None:
    tablet = out(field)
    record = tablet.record({"age": "55+", "sex": "F"}, finish="cell_full")
    assert tablet.send(record)[1]["disposition"] == "cell_full"
    assert field.rows()[0]["answers"] == {"age": "55+", "sex": "F"}


def test_a_break_off_is_partial_and_a_refusal_keeps_no_answers(field: Field) -> None:
    tablet = out(field)
    broken = tablet.record({"age": "55+", "sex": "F"}, finish="broken_off", reason="interrupted")
    refused = tablet.record({"age": "55+"}, finish="refused", reason="distrust")
    assert tablet.send(broken)[1]["disposition"] == "partial"
    assert tablet.send(refused)[1]["disposition"] == "refused"
    assert sorted(len(row["answers"]) for row in field.rows()) == [0, 2]


# --- who and what is let in ---------------------------------------------------------------------------------------


def test_a_stranger_a_wrong_secret_and_a_revoked_tablet_are_told_apart_and_nothing_is_kept(field: Field) -> None:
    tablet = out(field)
    record = tablet.record(valid_answers())
    stranger = Tablet(tablet.carry, field.clock, outing=tablet.outing)
    assert stranger.send(record)[0] == 401
    secret, tablet.secret = tablet.secret, "x" * 43
    assert tablet.send(record)[0] == 401
    tablet.secret = secret
    revoke_tablet(field.db, UUID(tablet.id), field.clock.now)
    assert tablet.send(record)[0] == 403
    assert field.rows() == []


NOT_ASKED: list[tuple[dict[str, Any], str]] = [
    ({"place": "30.47,106.63"}, "record_place_not_asked"),
    ({"finish": "refused", "observed": {"sex": "F", "age_band": "under_18"}}, "record_observed"),
    ({"finish": "refused", "observed": {"sex": "a tall man in a red coat"}}, "record_observed"),
    ({"finish": "refused", "observed": {"sex": "F"}}, "record_observed"),
    ({"observed": {"age_band": "55+"}}, "record_observed"),
]


@pytest.mark.parametrize(("change", "code"), NOT_ASKED)
def test_nothing_is_taken_in_that_the_plan_does_not_ask_for(
    new_field: Callable[..., Field], change: dict[str, Any], code: str
) -> None:
    field = new_field(plan=plan_text() + "\nintercept: {observe: [age_band]}")
    tablet = out(field)
    answers = {} if "finish" in change else valid_answers()
    status, told = tablet.send(tablet.sealed(tablet.content(answers) | change))
    assert (status, [each["code"] for each in told["problems"]]) == (422, [code])
    assert field.rows() == []


def test_a_tablet_cannot_fill_a_quota_with_another_questionnaire(field: Field) -> None:
    text = questionnaire_text()
    publish_questionnaire(field.db, text.replace("code: field", "code: other"), "other.yaml", NOW)
    publish_questionnaire(field.db, questionnaire_text(2), "field.yaml", NOW)
    tablet = out(field)
    for named in ({"code": "other", "version": 1}, {"code": "field", "version": 2}):
        status, told = tablet.send(tablet.record(valid_answers(), questionnaire=named))
        assert (status, codes(told)) == (422, [("questionnaire", "questionnaire_unknown")])
    assert field.rows() == []


def test_a_record_of_another_tablets_assignment_is_refused(field: Field) -> None:
    mine, theirs = out(field, "平板 1"), out(field, "平板 2")
    record = mine.record(valid_answers())
    status, told = theirs.send(record)
    assert (status, codes(told)) == (422, [("assignment", "record_foreign")])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sealed": "AAAA"}, "record_sealed"),
        ({"sealed": "not base64 é"}, "record_sealed"),
        ({"wave": "another"}, "record_sealed"),
        ({"id": str(uuid4())}, "record_sealed"),
        ({"key": 99}, "record_sealed"),
        ({"key": 2**40}, "record_envelope"),
        ({"key": True}, "record_envelope"),
        ({"id": 5}, "record_id"),
        ({"extra": 1}, "record_envelope"),
    ],
)
def test_an_envelope_that_is_not_ours_is_refused(field: Field, change: dict[str, Any], code: str) -> None:
    tablet = out(field)
    status, told = tablet.send(tablet.record(valid_answers()) | change)
    assert (status, codes(told)[0][1]) == (422, code)
    assert field.rows() == []


WRONG: list[tuple[str, object, str]] = [
    ("format", 2, "record_format"),
    ("point", "NOWHERE", "record_foreign"),
    ("questionnaire", {"code": "field", "version": 9}, "questionnaire_unknown"),
    ("questionnaire", {"code": "\u0000", "version": 1}, "record_code"),
    ("questionnaire", "field/1", "record_code"),
    ("language", "fr", "unknown_language"),
    ("finish", "vanished", "record_finish"),
    ("finish", ["finished"], "record_finish"),
    ("answers", [], "not_an_object"),
    ("reason", "no_time", "record_reason"),
    ("observed", {"name": "Wang"}, "record_observed"),
    ("observed", {"sex": {"is": "F"}}, "record_observed"),
    ("assignment", "none", "record_id"),
    ("turn", None, "record_id"),
    ("volunteer", 0, "record_count"),
    ("sequence", 2**40, "record_count"),
    ("passed", -1, "record_count"),
    ("passed", True, "record_count"),
    ("handed_over", "yes", "document_not_boolean"),
    ("started", "yesterday", "record_moment"),
    ("started", "2026-11-02T09:30:00", "record_moment"),
    ("ended", 5, "record_moment"),
    ("elapsed_ms", 1.5, "record_count"),
    ("interruptions", None, "record_count"),
    ("clock_offset_ms", "late", "record_count"),
    ("timings", {"age": [1, -1]}, "record_timings"),
    ("timings", [], "record_timings"),
    ("place", "30.4721,106.6312", "record_place"),
    ("place", "-0.00,999.99", "record_place"),
    ("questionnaire", {"code": "x" * 30 + "\u0000", "version": 1}, "record_code"),
    ("questionnaire", {"code": "x" * 30 + "\ud800", "version": 1}, "record_code"),
    ("name", "Wang", "unknown_field"),
]


@pytest.mark.parametrize(("name", "value", "code"), WRONG, ids=[f"{name}-{code}" for name, _, code in WRONG])
def test_what_is_wrong_in_a_record_is_named_and_nothing_is_kept(
    field: Field, name: str, value: object, code: str
) -> None:
    tablet = out(field)
    status, told = tablet.send(tablet.sealed(tablet.content(valid_answers()) | {name: value}))
    assert status == 422
    assert code in {each["code"] for each in told["problems"]}
    assert field.rows() == []


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 40_000, '{"a": NaN}', '{"id": 1, "id": 2}', "\ufeff{}"])
def test_a_sealed_text_that_is_no_record_is_refused(field: Field, text: str) -> None:
    tablet, record_id = out(field), str(uuid4())
    sealed = seal(text, base64.b64decode(tablet.outing["key"]["public"]), WAVE, record_id)
    status, _ = tablet.send({"id": record_id, "wave": WAVE, "key": tablet.outing["key"]["id"], "sealed": sealed})
    assert status == 422


# --- turns and the manifest -----------------------------------------------------------------------------------------


def test_a_turn_is_kept_as_it_grows(field: Field) -> None:
    ming = add_account(field.db, "李明", "volunteer", "a long password for the tests", NOW)
    tablet = out(field)
    field.clock.forward(minutes=30)
    turn = {
        "id": str(uuid4()),
        "assignment": tablet.outing["id"],
        "volunteer": ming.id,
        "began": NOW.isoformat(),
        "ended": None,
        "passed": 10,
    }
    for changes in ({}, {"passed": 40}, {"passed": 30, "ended": field.clock.now.isoformat()}):
        status, told = tablet.ask("POST", "/turns", {"turns": [turn | changes]})
        assert (status, told) == (200, {"turns": [turn["id"]]})
    with field.db.reading() as connection:
        (kept,) = turns_of_wave(connection, field.wave_id)
    assert (kept.passed, kept.account_id, kept.ended_at) == (40, ming.id, field.clock.now)
    late = turn | {"passed": 12, "ended": None}
    assert tablet.ask("POST", "/turns", {"turns": [late]})[0] == 200, "it was on its way for long"
    other = out(field, "平板 2")
    assert other.ask("POST", "/turns", {"turns": [turn | {"assignment": other.outing["id"], "passed": 777}]})[0] == 200
    with field.db.reading() as connection:
        assert turns_of_wave(connection, field.wave_id) == [kept], "a turn only grows, on its own tablet"
    for change in ({"volunteer": 999}, {"assignment": str(uuid4())}, {"began": "now"}, {"id": 1}):
        assert tablet.ask("POST", "/turns", {"turns": [turn | change]})[0] == 422


def test_the_manifest_lists_what_came_from_this_tablet_alone(field: Field) -> None:
    mine, theirs = out(field, "平板 1"), out(field, "平板 2", point=field.points[Mode.INTERCEPT][1].code)
    record = mine.record(valid_answers())
    receipt = mine.send(record)[1]
    theirs.send(theirs.record({}, finish="not_reached"))
    assert mine.ask("GET", "/manifest")[1]["records"] == [[record["id"], receipt["digest"]]]
    assert len(theirs.ask("GET", "/manifest")[1]["records"]) == 1


def test_the_small_endpoint_answers_with_the_nonce_and_notes_what_the_tablet_holds(field: Field) -> None:
    tablet = enrolled(field)
    tablet.clock = lambda: field.clock.now - timedelta(minutes=7)
    status, told = tablet.ask("POST", "/ping", {"nonce": "a1_-", "unsent": 3, "refused": 1, "app": "0123456789abcdef"})
    assert (status, told["service"], told["nonce"]) == (200, "minsheng-tablet", "a1_-")
    ((seen,), _) = list_tablets(field.db, field.clock.now)
    assert (seen.unsent, seen.refused, seen.clock_offset_ms) == (3, 1, 7 * 60 * 1000)
    assert seen.last_seen_at == field.clock.now
    for body in ({}, {"nonce": "a b"}, {"nonce": "a", "unsent": -1}, {"nonce": "a", "unsent": "3"}):
        assert tablet.ask("POST", "/ping", copy.copy(body))[0] == 422


@pytest.mark.parametrize("number", [0, 51])
def test_a_batch_has_one_to_fifty_records(field: Field, number: int) -> None:
    tablet = out(field)
    record = tablet.record(valid_answers())
    assert tablet.send_all(*[record] * number)[0] == 422


def test_a_batch_may_be_larger_than_a_form_but_not_endless(field: Field, new_field: Callable[..., Field]) -> None:
    tablet = out(field)
    fifty = [tablet.record(valid_answers(), timings={f"q{n}": [n, n] for n in range(100)}) for _ in range(50)]
    assert tablet.send_all(*fifty)[0] == 200
    assert tablet.ask("POST", "/submissions/batch", {"records": ["x" * 600_000]})[0] == 413
