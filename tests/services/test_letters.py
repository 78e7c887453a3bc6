"""Letters with codes: one answer a letter, changed within hours, and no way from a code to its answer."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from survey.domain.disposition import Disposition, Finish
from survey.domain.letters import read_typed, shown
from survey.domain.problems import Invalid
from survey.domain.submission import Outcome
from survey.domain.wave import Mode
from survey.queries import letters
from survey.services import answer_letter as service
from survey.services.answer_letter import CodeState, CodeUsed, find_letter
from survey.services.catalogue import NotFound
from survey.services.make_letters import AlreadyMade, letters_of_wave, make_letters, void_letters
from survey.services.move_wave import close_wave
from survey.services.receive_submission import WaveNotTaking
from survey.services.recount import recount
from survey.services.report_wave import report_wave
from survey.services.review_quality import review_quality
from tests.field import AREA, HUAYING_AREA, WAVE, Field, plan_text, valid_answers
from tests.letters import answer, change, key_of, letters_plan, print_letters, table

AT_ONCE = 20


@pytest.fixture
def posted(new_field: Callable[..., Field]) -> Field:
    """A wave that sends letters."""
    return new_field(plan=letters_plan())


def used(field: Field) -> int:
    """How many codes are used."""
    return letters_of_wave(field.db, WAVE).used


@pytest.mark.parametrize(
    "typed",
    [
        "ABCD-EFGH-JKMN-PQ",
        "abcdefghjkmnpq",
        " abcd efgh jkmn pq ",
        "ＡＢＣＤ－ＥＦＧＨ－ＪＫＭＮ－ＰＱ",
        "ABCD–EFGH—JKMN−PQ",
    ],
)
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert read_typed(typed) == "ABCDEFGHJKMNPQ"
    assert shown("ABCDEFGHJKMNPQ") == "ABCD-EFGH-JKMN-PQ"


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCD-EFGH-JKMN-PO", "ABCDEFGHJKMNPQR", "\ud800" * 14, "x" * 10**6])
def test_what_is_no_code_is_read_as_none(typed: str) -> None:
    assert read_typed(typed) is None


def test_a_code_is_good_for_one_answer_and_a_repeat_gets_the_same_receipt(posted: Field) -> None:
    code, other = print_letters(posted)[:2]
    form = uuid4()
    first = answer(posted, code, form)
    assert (first.outcome, first.disposition) == (Outcome.STORED, Disposition.COMPLETE)
    again = answer(posted, code, form)
    assert (again.outcome, again.code) == (Outcome.REPEATED, first.code)
    with pytest.raises(CodeUsed):
        answer(posted, code)
    assert answer(posted, code, form, parks="neutral").outcome is Outcome.CONFLICT
    assert answer(posted, other).outcome is Outcome.STORED
    assert used(posted) == 2
    assert len(posted.rows()) == 2


def test_looking_at_a_letter_spends_nothing(posted: Field) -> None:
    (code, *_) = print_letters(posted)
    assert [find_letter(posted.door, code).state for _ in range(3)] == [CodeState.FRESH] * 3
    answer(posted, code)
    assert find_letter(posted.door, code).state is CodeState.USED


def race(field: Field, code: str, forms: list[UUID]) -> tuple[list[Any], list[Exception]]:
    """The same code with these forms, all at once: what came back, and what was raised."""
    told: list[Any] = []
    refused: list[Exception] = []
    start = threading.Barrier(len(forms))

    def send(form: UUID) -> None:
        start.wait()
        try:
            told.append(answer(field, code, form))
        except CodeUsed as used_up:
            refused.append(used_up)

    threads = [threading.Thread(target=send, args=(form,)) for form in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told, refused


def test_exactly_one_of_twenty_posts_at_once_wins(posted: Field) -> None:
    code, other = print_letters(posted)[:2]
    told, refused = race(posted, code, [uuid4() for _ in range(AT_ONCE)])
    assert ([receipt.outcome for receipt in told], len(refused)) == ([Outcome.STORED], AT_ONCE - 1)
    same = [uuid4()] * AT_ONCE
    told, refused = race(posted, other, same)
    assert sorted(receipt.outcome for receipt in told) == [Outcome.REPEATED] * (AT_ONCE - 1) + [Outcome.STORED]
    assert refused == []
    assert (used(posted), len(posted.rows())) == (2, 2)


def test_a_race_is_won_twice_where_the_code_is_checked_and_then_spent(
    posted: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Barrier(AT_ONCE)

    def careless(connection: Any, batch_id: UUID, digest: str) -> bool:
        connection.execute(text("UPDATE letter_code SET spent = true WHERE digest = :digest"), {"digest": digest})
        return True

    def look_before(door: Any, letter: Any, submission: Any) -> Any:
        fresh = find_letter(door, code).state is CodeState.FRESH
        looked.wait()
        if not fresh:
            raise CodeUsed
        return original(door, letter, submission)

    original = service.answer_letter
    monkeypatch.setattr(letters, "spend_code", careless)
    monkeypatch.setattr("tests.letters.answer_letter", look_before)
    (code, *_) = print_letters(posted)
    told, _ = race(posted, code, [uuid4() for _ in range(AT_ONCE)])
    assert len(told) == AT_ONCE


def test_a_code_is_not_spent_where_nothing_was_stored(posted: Field) -> None:
    (code, *_) = print_letters(posted)
    with pytest.raises(Invalid):
        answer(posted, code, parks="wonderful")
    posted.clock.forward(days=40)
    with pytest.raises(WaveNotTaking):
        answer(posted, code)
    assert (used(posted), posted.rows()) == (0, [])


def test_a_form_of_one_letter_does_not_spend_another(posted: Field) -> None:
    code, other = print_letters(posted)[:2]
    form = uuid4()
    answer(posted, code, form)
    assert answer(posted, other, form).outcome is Outcome.REPEATED
    assert answer(posted, other, form, parks="neutral").outcome is Outcome.CONFLICT
    assert find_letter(posted.door, other).state is CodeState.FRESH


def test_an_answer_is_replaced_within_the_hours_and_leaves_every_count(posted: Field) -> None:
    (code, *_) = print_letters(posted)
    first = answer(posted, code, parks="dissatisfied")
    posted.clock.forward(hours=47)
    second = change(posted, code, key_of(posted, first), parks="satisfied")
    assert second.outcome is Outcome.STORED
    (row,) = posted.rows()
    assert (row["id"], row["answers"]["parks"]) == (second.submission_id, "satisfied")
    (aside,) = table(posted.db, "replaced_response")
    assert UUID(str(aside["id"])) == first.submission_id
    assert used(posted) == 1
    results = report_wave(posted.db, posted.catalogue, WAVE, posted.clock.now)
    assert results.dispositions == {("sampled", Disposition.COMPLETE): 1}
    # The phone repeats each of them once more: both had been received, and nothing moves.
    assert answer(posted, code, first.submission_id, parks="dissatisfied").outcome is Outcome.REPEATED
    key = key_of(posted, first)
    assert change(posted, code, key, second.submission_id, parks="satisfied").outcome is Outcome.REPEATED
    with pytest.raises(CodeUsed):  # the first key is spent, the second goes on
        change(posted, code, key)
    assert change(posted, code, key_of(posted, second)).outcome is Outcome.STORED


def test_other_content_under_the_id_of_a_replaced_answer_is_kept_as_a_conflict(posted: Field) -> None:
    (code, *_) = print_letters(posted)
    first = answer(posted, code, parks="dissatisfied")
    second = change(posted, code, key_of(posted, first), parks="satisfied")
    for _ in range(2):
        other = answer(posted, code, first.submission_id, parks="neutral")
        assert (other.outcome, other.disposition) == (Outcome.CONFLICT, Disposition.DUPLICATE)
    (copy,) = table(posted.db, "conflict_copy")
    assert UUID(str(copy["response_id"])) == first.submission_id
    assert "neutral" in str(copy["answers"])
    assert [row["id"] for row in posted.rows()] == [second.submission_id]


def test_nothing_is_replaced_without_the_key_or_after_the_hours_or_where_the_wave_says_no(
    posted: Field, new_field: Callable[..., Field]
) -> None:
    code, other = print_letters(posted)[:2]
    mine, theirs = answer(posted, code), answer(posted, other)
    for key in (None, "", "ABCDEFGHJK", key_of(posted, mine)[:-1]):
        with pytest.raises(CodeUsed):
            change(posted, code, key)
    posted.clock.forward(days=3, hours=15)
    with pytest.raises(CodeUsed):
        change(posted, code, key_of(posted, mine))
    assert {row["id"] for row in posted.rows()} == {mine.submission_id, theirs.submission_id}


def test_a_wave_may_take_first_answers_for_final(new_field: Callable[..., Field]) -> None:
    final = new_field(plan=letters_plan(replace_hours=0))
    (code, *_) = print_letters(final)
    first = answer(final, code)
    assert final.row(first.submission_id)["change_digest"] is None
    with pytest.raises(CodeUsed):
        change(final, code, key_of(final, first))


def test_of_two_changes_at_once_one_counts(posted: Field) -> None:
    (code, *_) = print_letters(posted)
    key = key_of(posted, answer(posted, code))
    outcomes: list[str] = []
    start = threading.Barrier(5)

    def send() -> None:
        start.wait()
        try:
            outcomes.append(change(posted, code, key).outcome)
        except CodeUsed:
            outcomes.append("used")

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["stored", *["used"] * 4]
    assert (len(posted.rows()), len(table(posted.db, "replaced_response"))) == (1, 1)


def test_a_voided_batch_is_as_unknown_as_a_code_that_never_was(posted: Field) -> None:
    codes = print_letters(posted)
    kept = answer(posted, codes[0])
    (batch,) = letters_of_wave(posted.db, WAVE).batches
    void_letters(posted.db, WAVE, batch.id, posted.clock.now)
    for code in (codes[0], codes[1], "23456789ABCDEF", "", None):
        with pytest.raises(NotFound):
            find_letter(posted.door, code)
    with pytest.raises(NotFound):
        void_letters(posted.db, WAVE, batch.id, posted.clock.now)
    found = letters_of_wave(posted.db, WAVE)
    assert (found.out, found.used, posted.row(kept.submission_id)["disposition"]) == (1, 1, "complete")


def test_a_batch_that_is_voided_while_somebody_answers_takes_nothing(posted: Field) -> None:
    (code, *_) = print_letters(posted)
    letter = find_letter(posted.door, code)
    void_letters(posted.db, WAVE, letter.batch_id, posted.clock.now)
    with pytest.raises(CodeUsed):
        service.answer_letter(posted.door, letter, posted.submission(valid_answers(), point_code=letter.point.code))
    assert (used(posted), posted.rows()) == (0, [])


def test_the_same_request_makes_letters_once(posted: Field) -> None:
    request = uuid4()
    print_letters(posted, request_id=request)
    with pytest.raises(AlreadyMade):
        print_letters(posted, request_id=request)
    assert len(letters_of_wave(posted.db, WAVE).batches) == 1


@pytest.mark.parametrize(
    ("points", "each", "field"),
    [([3], 9, "letters"), ([3], 2001, "letters"), ([3, 4], 1001, "letters"), ([1], 10, "point"), ([], 10, "point")],
)
def test_letters_are_refused_by_name(posted: Field, points: list[int], each: int, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        make_letters(posted.db, "secret", WAVE, points, each, uuid4(), None, posted.clock.now, lambda n: n - 1)
    assert [problem.field for problem in refused.value.problems] == [field]
    close_wave(posted.db, WAVE, posted.clock.now)
    with pytest.raises(Invalid):
        print_letters(posted)
    assert table(posted.db, "letter_code") == []


def test_letters_have_no_quota_and_who_lives_elsewhere_or_hides_their_kind_does_not_count(posted: Field) -> None:
    codes = print_letters(posted, 40)
    assert not [key for key in posted.cells() if key.mode == Mode.SAMPLED]
    told = [answer(posted, code) for code in codes[:15]]
    assert {receipt.disposition for receipt in told} == {Disposition.COMPLETE}
    assert answer(posted, codes[20], sex="refused").disposition is Disposition.PARTIAL
    child = posted.submission({"age": "under_18", "sex": "F"}, point_code=posted.points[Mode.SAMPLED][0].code)
    told_child = service.answer_letter(posted.door, find_letter(posted.door, codes[21]), child)
    assert told_child.disposition is Disposition.INELIGIBLE
    letter = find_letter(posted.door, codes[22])
    form = posted.submission({}, point_code=letter.point.code, finish=Finish.REFUSED)
    assert service.answer_letter(posted.door, letter, form).disposition is Disposition.REFUSED
    assert recount(posted.db)[1] == []


def test_letters_are_made_once_the_points_of_a_wave_are_settled(new_field: Callable[..., Field]) -> None:
    draft = new_field(plan=letters_plan(), opened=False)
    with pytest.raises(Invalid) as refused:
        print_letters(draft)
    assert [problem.code for problem in refused.value.problems] == ["letter_wave_draft"]


def city_rates(field: Field) -> dict[str, Any]:
    """mode -> the city's estimate, as the report has it now."""
    report = report_wave(field.db, field.catalogue, WAVE, field.clock.now).report
    return {each.rate.mode: each.rate.estimate for each in report.rates if each.rate.domain_kind == "city"}


def test_letters_are_estimated_apart_and_open_answers_move_nothing_else(posted: Field) -> None:
    people = [(sex, age) for sex in "FM" for age in ("18-34", "35-54", "55+")]
    for area, point in ((AREA, 0), (HUAYING_AREA, 1)):
        codes = print_letters(posted, 24, point=point)
        for place, code in enumerate(codes[:18]):
            sex, age = people[place % 6]
            answer(posted, code, sex=sex, age=age, area=area, parks="neutral" if place % 3 else "satisfied")
            posted.receive(valid_answers(sex=sex, age=age, area=area, parks="satisfied" if place % 4 else "neutral"))
    before = city_rates(posted)
    assert (before["sampled"].n, before["intercept"].n) == (36, 36)
    for sex, age in people:
        form = valid_answers(sex=sex, age=age, parks="satisfied")
        posted.receive(form, point_code=posted.points[Mode.OPEN_QR][0].code)
    after = city_rates(posted)
    assert after["open_qr"].basis == "modelled"
    assert {after[mode].basis for mode in ("intercept", "sampled")} <= {"design", "borrowed_deff"}
    assert [after[mode] for mode in ("intercept", "sampled")] == [before[mode] for mode in ("intercept", "sampled")]
    results = report_wave(posted.db, posted.catalogue, WAVE, posted.clock.now)
    assert results.headline_mode == "intercept"
    assert (results.letters_out, results.letters_used) == (48, 36)


def test_the_rates_are_those_of_the_answers_given_anew(posted: Field) -> None:
    codes = print_letters(posted, 12)
    told = [answer(posted, code, parks="dissatisfied") for code in codes]
    assert city_rates(posted)["sampled"].value == 0
    for code, receipt in zip(codes, told, strict=True):
        change(posted, code, key_of(posted, receipt), parks="satisfied")
    assert city_rates(posted)["sampled"].value == 1


def test_without_interviews_in_the_street_letters_carry_the_headline(new_field: Callable[..., Field]) -> None:
    samples = {Mode.OPEN_QR: 24, Mode.SAMPLED: 40}
    field = new_field(plan=plan_text(samples=samples))
    assert report_wave(field.db, field.catalogue, WAVE, field.clock.now).headline_mode == "sampled"


def test_answers_of_one_day_are_no_burst(posted: Field) -> None:
    for code in print_letters(posted, 30)[:20]:
        answer(posted, code)
    review = review_quality(posted.db, posted.catalogue, WAVE)
    assert review.interviews == 20
    assert not [lead for lead in review.review.findings if lead.check == "burst"]
