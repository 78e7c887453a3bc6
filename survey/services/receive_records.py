"""Taking in what tablets bring: each sealed record is opened, read and goes through the submission door.

A batch is one transaction, but each record has its own result: one that is wrong does not keep the others out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from survey.domain.disposition import Finish
from survey.domain.fieldwork import Assignment, Device
from survey.domain.margins import eligible_codes
from survey.domain.paradata import ClockState, Paradata, put_right
from survey.domain.problems import Invalid, Problem
from survey.domain.record import LARGEST, Record, read_record, read_uuid
from survey.domain.submission import Channel, Receipt, Submission
from survey.services.catalogue import NotFound
from survey.services.keep_responses import Checked, keep_in_a_transaction
from survey.services.receive_submission import Door, check_submission, receipt_of
from survey.services.sealing import NotSealedForUs, digest_of, open_sealed
from survey.services.tablets import must_have_access

LANGUAGES = frozenset({"zh-Hans", "en"})


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record as it left the tablet. `id` is its UUID as it was written there."""

    id: str
    wave_code: str
    key_id: int
    sealed: str


@dataclass(frozen=True, slots=True)
class RecordResult:
    """What became of one record: a receipt, or the problems for which it was refused. `digest`: of the envelope."""

    id: str
    digest: str
    receipt: Receipt | None
    problems: tuple[Problem, ...]
    not_taking: bool = False  # the wave has not begun; the tablet keeps the record


def read_envelope(given: object) -> SealedRecord:
    """A sealed record as JSON gives it. Raises Invalid."""
    if not isinstance(given, dict) or set(given) != {"id", "wave", "key", "sealed"}:
        raise Invalid([Problem("record_envelope", "record")])
    record_id, wave, key, sealed = (given[name] for name in ("id", "wave", "key", "sealed"))
    if read_uuid(record_id) is None:
        raise Invalid([Problem("record_id", "id")])
    if not isinstance(wave, str) or type(key) is not int or not 0 < key <= LARGEST or not isinstance(sealed, str):
        raise Invalid([Problem("record_envelope", "record")])
    return SealedRecord(str(record_id), wave, key, sealed)


def receive_records(
    door: Door,
    device: Device,
    records: Sequence[SealedRecord],
    device_now: datetime | None,
    now: datetime,
    *,
    from_file: bool = False,
) -> list[RecordResult]:
    """Keep the records of a tablet and acknowledge each, in the order given. `device_now`: the tablet's clock.

    `from_file`: an organiser brings them in, also those of a tablet whose access was taken away.
    Raises DeviceRevoked, Unavailable; then nothing was kept.
    """
    offset = None if device_now is None else now - device_now
    results: dict[int, RecordResult] = {}
    ready: list[tuple[int, Checked]] = []
    for place, sealed in enumerate(records):
        digest = digest_of(sealed.sealed)
        try:
            ready.append((place, _opened(door, device, sealed, digest, offset, now)))
        except Invalid as refused:
            results[place] = RecordResult(sealed.id, digest, None, refused.problems)

    def first(connection: Connection) -> None:
        if not from_file:
            must_have_access(connection, device)

    kept = keep_in_a_transaction(door.db, [checked for _, checked in ready], now, first)
    for (place, checked), each in zip(ready, kept, strict=True):
        record_id, digest = records[place].id, digest_of(records[place].sealed)
        if each.outcome is None:
            problem = each.problem or Problem(f"wave_{each.admission.value}", "wave")
            results[place] = RecordResult(record_id, digest, None, (problem,), not_taking=each.problem is None)
        else:
            receipt = receipt_of(door, checked, each.outcome, each.disposition)
            results[place] = RecordResult(record_id, digest, receipt, ())
    return [results[place] for place in range(len(records))]


def _opened(
    door: Door, device: Device, sealed: SealedRecord, digest: str, offset: timedelta | None, now: datetime
) -> Checked:
    """The checked submission of a record. Raises Invalid."""
    try:
        wave_id, private = door.catalogue.private_key(sealed.key_id)
        text = open_sealed(sealed.sealed, private, sealed.wave_code, sealed.id)
    except (NotFound, NotSealedForUs):
        raise Invalid([Problem("record_sealed", "sealed")]) from None
    record, problems = read_record(text, LANGUAGES)
    if record is None:
        raise Invalid(problems)
    if str(record.id) != sealed.id.lower():
        raise Invalid([Problem("record_sealed", "id")])
    try:
        checked = check_submission(door, _submission(door, device, record, digest, offset, now))
    except NotFound:
        raise Invalid([Problem("questionnaire_unknown", "questionnaire")]) from None
    if checked.response.wave_id != wave_id:
        raise Invalid([Problem("record_other_wave", "point")])
    return checked


def _submission(
    door: Door, device: Device, record: Record, digest: str, offset: timedelta | None, now: datetime
) -> Submission:
    try:
        assignment = door.catalogue.assignment(record.assignment_id)
    except NotFound:
        raise Invalid([Problem("record_foreign", "assignment")]) from None
    if assignment.device_id != device.id or assignment.point_code != record.point_code:
        raise Invalid([Problem("record_foreign", "assignment")])
    _allowed(door, record, assignment)
    times = put_right(record.started, record.ended, record.clock_offset, offset, assignment.taken_at, now)
    paradata = Paradata(
        device_id=device.id,
        assignment_id=record.assignment_id,
        turn_id=record.turn_id,
        volunteer_id=record.volunteer_id,
        sequence=record.sequence,
        passed=record.passed,
        record_digest=digest,
        reason=record.reason,
        observed=record.observed,
        handed_over=record.handed_over,
        times=times,
        elapsed_ms=record.elapsed_ms,
        interruptions=record.interruptions,
        timings=record.timings,
        place=record.place,
    )
    return Submission(
        id=record.id,
        point_code=record.point_code,
        questionnaire_code=record.questionnaire_code,
        questionnaire_version=record.questionnaire_version,
        language=record.language,
        finish=record.finish,
        answers=record.answers,
        # Where the clock tells nothing, the interview is taken to have been begun in time.
        opened_at=assignment.taken_at if times.clock is ClockState.UNKNOWN else times.started_at,
        received_at=now,
        paradata=paradata,
        channel=Channel.TABLET,
    )


def _allowed(door: Door, record: Record, assignment: Assignment) -> None:
    """Nothing is taken in that the wave's plan does not ask for. Raises Invalid naming `place` or `observed`."""
    protocol = door.catalogue.ground(assignment.wave_id).plan.protocol
    if record.place is not None and not protocol.place:
        raise Invalid([Problem("record_place_not_asked", "place")])
    if not record.observed:
        return
    codes = eligible_codes(door.catalogue.questionnaire(record.questionnaire_code, record.questionnaire_version))
    for dimension, seen in record.observed.items():
        asked = dimension in protocol.observe and record.finish not in {Finish.FINISHED, Finish.BROKEN_OFF}
        if not asked or seen not in codes.get(dimension, ()):
            raise Invalid([Problem("record_observed", "observed")])
