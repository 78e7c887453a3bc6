"""Rescue files: everything a tablet could not send comes in through the same door, as often as the file is brought."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from survey.domain.problems import Invalid, Problem
from survey.domain.submission import Outcome
from survey.services import import_rescue as module
from survey.services.import_rescue import BATCH, LARGEST_FILE, Rescued, import_rescue
from survey.services.receive_records import receive_records
from survey.services.tablets import new_enrolment, revoke_tablet
from tests.field import Field, valid_answers
from tests.tablet_client import Json, Tablet, through

MARK = "一句只有本人才说的话"


@pytest.fixture
def tablet(field: Field) -> Tablet:
    """A tablet that has taken an assignment."""
    made = Tablet(through(field.app), field.clock)
    made.enrol(new_enrolment(field.db, "平板 1", field.clock.now).code)
    shift = made.ask("GET", "/offers")[1]["shifts"][0]["code"]
    assert made.take(field.point.code, shift)[0] == 201
    return made


def rescue_file(tablet: Tablet, *records: Any, **changes: Any) -> bytes:
    """What the tablet saves."""
    tree = {"format": "minsheng-rescue-1", "device": tablet.id, "label": "平板 1", "records": list(records)}
    return json.dumps(tree | changes, ensure_ascii=False).encode()


def bring(field: Field, content: bytes) -> Rescued:
    """The file at the desk."""
    return import_rescue(field.door, content, field.clock.now)


def counts(rescued: Rescued) -> tuple[int, int, int, int]:
    """(new, known already, kept beside, refused)"""
    new, known, beside = (rescued.outcomes[outcome] for outcome in (Outcome.STORED, Outcome.REPEATED, Outcome.CONFLICT))
    assert new + known + beside + len(rescued.refused) == rescued.records
    return new, known, beside, len(rescued.refused)


def codes(rescued: Rescued) -> dict[int, list[str]]:
    """Number -> what is wrong with that record."""
    return {number: [problem.code for problem in problems] for number, problems in rescued.refused.items()}


def test_records_that_were_never_sent_come_in_and_a_second_time_they_are_known(field: Field, tablet: Tablet) -> None:
    sent = tablet.record(valid_answers())
    assert tablet.send(sent)[0] == 201
    file = rescue_file(tablet, sent, *(tablet.record(valid_answers(comment=MARK)) for _ in range(3)))
    assert counts(bring(field, file)) == (3, 1, 0, 0)
    assert counts(bring(field, file)) == (0, 4, 0, 0)
    assert [row["disposition"] for row in field.rows()] == ["complete"] * 4
    assert field.cell().completed == 4
    assert len(tablet.ask("GET", "/manifest")[1]["records"]) == 4


def test_the_organiser_may_bring_in_the_file_of_a_revoked_tablet(field: Field, tablet: Tablet) -> None:
    record = tablet.record(valid_answers())
    revoke_tablet(field.db, bring(field, rescue_file(tablet)).device.id, field.clock.now)
    assert tablet.send(record)[0] == 403
    assert counts(bring(field, rescue_file(tablet, record))) == (1, 0, 0, 0)


def test_other_content_under_a_known_id_is_kept_beside_the_first(field: Field, tablet: Tablet) -> None:
    first = tablet.record(valid_answers())
    second = tablet.record(valid_answers(times=7), id=first["id"])
    assert counts(bring(field, rescue_file(tablet, first, second))) == (1, 0, 1, 0)
    assert (field.rows()[0]["answers"]["times"], field.copies()[0]["answers"]["times"]) == (3, 7)


def test_a_record_that_is_wrong_is_named_by_its_number_and_keeps_no_other_out(field: Field, tablet: Tablet) -> None:
    good = [tablet.record(valid_answers()) for _ in range(2)]
    damaged = good[0] | {"sealed": good[1]["sealed"]}
    records = [
        good[0],
        None,
        damaged,
        good[0] | {"more": 1},
        good[0] | {"id": "x"},
        good[0] | {"key": True},
        good[0] | {"wave": 7},
        tablet.record(valid_answers(sex="?")),
        good[1],
        tablet.record(valid_answers(), assignment=str(uuid4())),
    ]
    rescued = bring(field, rescue_file(tablet, *records))
    assert counts(rescued) == (2, 0, 0, 8)
    assert codes(rescued) == {
        2: ["record_envelope"],
        3: ["record_sealed"],
        4: ["record_envelope"],
        5: ["record_id"],
        6: ["record_envelope"],
        7: ["record_envelope"],
        8: ["answer_unknown_category"],
        10: ["record_foreign"],
    }
    assert [problem.field for problem in rescued.refused[8]] == ["sex"]


def test_records_that_were_sealed_long_ago_are_kept_after_the_wave(field: Field, tablet: Tablet) -> None:
    record = tablet.record(valid_answers())
    field.clock.forward(days=60)
    assert counts(bring(field, rescue_file(tablet, record))) == (1, 0, 0, 0)
    assert [row["disposition"] for row in field.rows()] == ["too_late"]
    assert field.cell().completed == 0


def test_a_large_file_is_brought_in_by_small_transactions(
    field: Field, tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def watched(*given: Any, **how: Any) -> Any:
        sizes.append(len(given[2]))
        return receive_records(*given, **how)

    monkeypatch.setattr(module, "receive_records", watched)
    records = [tablet.record({}, finish="refused", reason="no_time") for _ in range(2 * BATCH + 5)]
    records[BATCH] = None  # type: ignore[call-overload]  # what a file may hold, too
    rescued = bring(field, rescue_file(tablet, *records))
    assert counts(rescued) == (2 * BATCH + 4, 0, 0, 1)
    assert list(rescued.refused) == [BATCH + 1]
    assert sizes == [BATCH, BATCH - 1, 5]
    assert len(field.rows()) == 2 * BATCH + 4


FILE = [("file", "rescue_file")]
NOT_FILES: list[tuple[Callable[[Tablet, Json], bytes], list[tuple[str, str]]]] = [
    (lambda tablet, record: b"", FILE),
    (lambda tablet, record: b"\xff\xfe", FILE),
    (lambda tablet, record: b"[" * 60_000, FILE),
    (lambda tablet, record: b'{"format": NaN}', FILE),
    (lambda tablet, record: b"[]", FILE),
    (lambda tablet, record: b"{}", FILE),
    (lambda tablet, record: b'{"format": "minsheng-rescue-1"}', FILE),
    (lambda tablet, record: rescue_file(tablet, record)[:-1], FILE),
    (lambda tablet, record: rescue_file(tablet, record, format="minsheng-rescue-2"), FILE),
    (lambda tablet, record: rescue_file(tablet, record, format=[]), FILE),
    (lambda tablet, record: rescue_file(tablet, record, records={}), FILE),
    (lambda tablet, record: rescue_file(tablet, record, more=1), FILE),
    (lambda tablet, record: rescue_file(tablet, record).replace(b"{", b'{"format": "x", ', 1), FILE),
    (lambda tablet, record: rescue_file(tablet, record, label="x" * LARGEST_FILE), [("file", "too_large")]),
    (lambda tablet, record: rescue_file(tablet, record, device=None), [("device", "rescue_device")]),
    (lambda tablet, record: rescue_file(tablet, record, device=str(uuid4())), [("device", "rescue_device")]),
    (lambda tablet, record: rescue_file(tablet, record, device=[7]), [("device", "rescue_device")]),
]


@pytest.mark.parametrize(("make", "wrong"), NOT_FILES)
def test_a_file_that_is_none_changes_nothing(
    field: Field, tablet: Tablet, make: Callable[[Tablet, Json], bytes], wrong: list[tuple[str, str]]
) -> None:
    with pytest.raises(Invalid) as refused:
        bring(field, make(tablet, tablet.record(valid_answers())))
    assert [(problem.field, problem.code) for problem in refused.value.problems] == wrong
    assert field.rows() == []


def test_a_tablet_cannot_pass_off_the_records_of_another_as_its_own(field: Field, tablet: Tablet) -> None:
    other = Tablet(through(field.app), field.clock)
    other.enrol(new_enrolment(field.db, "平板 2", field.clock.now).code)
    rescued = bring(field, rescue_file(other, tablet.record(valid_answers())))
    assert codes(rescued) == {1: ["record_foreign"]}


def test_nothing_of_an_answer_stands_in_what_is_told_or_logged(
    field: Field, tablet: Tablet, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = valid_answers(comment=MARK, sex=MARK, age=[MARK], unknown=MARK)
    rescued = bring(field, rescue_file(tablet, tablet.record(valid_answers(comment=MARK)), tablet.record(wrong), "x"))
    assert counts(rescued) == (1, 0, 0, 2)
    sentences = [problem.message() for problems in rescued.refused.values() for problem in problems]
    assert MARK not in repr(rescued) + "".join(sentences) + caplog.text
    assert f"rescue file brought in: tablet {tablet.id}, 1 of 3 records new" in caplog.text
    assert rescued.refused[3] == (Problem("record_envelope", "record"),)


def test_times_of_a_file_are_those_of_the_interviews(field: Field, tablet: Tablet) -> None:
    begun = field.clock.now
    record = tablet.record(valid_answers(), clock_offset_ms=0)
    field.clock.forward(days=3)
    bring(field, rescue_file(tablet, record))
    (row,) = field.rows()
    assert row["received_at"] == field.clock.now
    assert begun - timedelta(minutes=5) < row["opened_at"] <= begun
