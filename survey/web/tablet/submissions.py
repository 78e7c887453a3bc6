"""What a tablet brings home: sealed records, one a request or in batches with a result for each."""

from collections.abc import Iterator

from flask import Blueprint, Response, jsonify

from survey.domain.problems import Invalid, Problem
from survey.domain.submission import Outcome
from survey.services.receive_records import RecordResult, SealedRecord, read_envelope, receive_records
from survey.web.office import office
from survey.web.problem_texts import problems_json
from survey.web.tablet.access import device_time, refused, sender_only, sent, this_device

blueprint = Blueprint("tablet_submissions", __name__, url_prefix="/tablet/submissions")

MOST_RECORDS = 50
MOST_BYTES = 512 * 1024
_STATUS = {Outcome.STORED: 201, Outcome.REPEATED: 200, Outcome.CONFLICT: 409}


@blueprint.post("")
@sender_only
def one() -> Response:
    """One record. 201 stored, 200 the same again, 409 other content under a known id, 422 it can't be taken."""
    (result,) = _received([read_envelope(sent())])
    if result.receipt is None:
        return refused(result.problems, _status(result))
    response = jsonify(_receipt(result))
    response.status_code = _status(result)
    return response


@blueprint.post("/batch")
@sender_only
def batch() -> Response:
    """Up to 50 records; each has a result of its own, in any order."""
    content = sent(MOST_BYTES)
    given = content.get("records")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_RECORDS:
        bounds = (("low", "1"), ("high", str(MOST_RECORDS)))
        raise Invalid([Problem("record_batch", "records", bounds)])
    results = list(_results(given))
    return jsonify(results=results)


def _results(given: list[object]) -> Iterator[dict[str, object]]:
    envelopes: list[SealedRecord] = []
    for each in given:
        try:
            envelopes.append(read_envelope(each))
        except Invalid as wrong:
            named = each.get("id") if isinstance(each, dict) else None
            yield {"id": named, "status": 422, "problems": problems_json(wrong.problems)}
    for result in _received(envelopes):
        if result.receipt is None:
            yield {"id": result.id, "status": _status(result), "problems": problems_json(result.problems)}
        else:
            yield {"status": _status(result)} | _receipt(result)


def _received(envelopes: list[SealedRecord]) -> list[RecordResult]:
    if not envelopes:
        return []
    return receive_records(office().door, this_device(), envelopes, device_time(), office().now())


def _status(result: RecordResult) -> int:
    if result.receipt is None:
        return 410 if result.not_taking else 422
    return _STATUS[result.receipt.outcome]


def _receipt(result: RecordResult) -> dict[str, object]:
    assert result.receipt is not None
    return {
        "id": result.id,
        "digest": result.digest,
        "receipt": result.receipt.code,
        "outcome": result.receipt.outcome.value,
        "disposition": result.receipt.disposition.value,
    }
