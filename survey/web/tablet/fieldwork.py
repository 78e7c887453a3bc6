"""A tablet's day, but for what it brings home: enrolment, the small endpoint, offers, assignments, slots, turns."""

import re
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, Response, jsonify

from survey.domain.fieldwork import Turn
from survey.domain.problems import Invalid, Problem
from survey.domain.record import LARGEST, read_moment, read_uuid
from survey.services.grant_slots import Outing, change_slots, take_assignment
from survey.services.keep_turns import keep_turns
from survey.services.list_offers import list_offers
from survey.services.tablets import enrol, note_seen, records_from
from survey.web.office import office
from survey.web.tablet.access import answered, device_only, device_time, sent, this_device
from survey.web.tablet.outing import offers_json, outing_json

blueprint = Blueprint("tablet_fieldwork", __name__, url_prefix="/tablet")

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RELEASE = re.compile(r"[0-9a-f]{0,20}")
_CELL = re.compile(r"[0-9]{1,10}", re.ASCII)
_MOST_TURNS = 200


@blueprint.post("/enrol")
def enrol_tablet() -> Response:
    """201 enrolled, 200 the same tablet with the same code again, 422 the code is unknown, used or too old."""
    return answered(_enrol)


def _enrol() -> Response:
    content = sent()
    device_id, digest, code = read_uuid(content.get("device")), content.get("secret_digest"), content.get("code")
    problems = [
        Problem(problem, field)
        for right, problem, field in (
            (device_id is not None, "record_id", "device"),
            (isinstance(digest, str) and _DIGEST.fullmatch(digest), "record_code", "secret_digest"),
            (isinstance(code, str) and len(code) <= 60, "enrolment_unknown", "code"),
        )
        if not right
    ]
    if problems:
        raise Invalid(problems)
    assert device_id is not None
    device, new = enrol(office().db, str(code), device_id, str(digest), office().now())
    response = jsonify(device=str(device.id), label=device.label, server_time=office().now().isoformat())
    response.status_code = 201 if new else 200
    return response


@blueprint.post("/ping")
@device_only
def ping() -> Response:
    """We are here, and who we are: no hotel's page answers this. The tablet says what it holds."""
    content, now, clock = sent(), office().now(), device_time()
    nonce, release = content.get("nonce"), content.get("app", "")
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise Invalid([Problem("record_code", "nonce")])
    device = this_device()
    note_seen(
        office().db,
        device,
        now=now,
        unsent=_count(content, "unsent"),
        refused=_count(content, "refused"),
        offset=None if clock is None else now - clock,
        release=release if isinstance(release, str) and _RELEASE.fullmatch(release) else "",
    )
    return jsonify(service="minsheng-tablet", nonce=nonce, server_time=now.isoformat(), label=device.label)


@blueprint.get("/offers")
@device_only
def offers() -> Response:
    """Who can sign in, where one can go, and when."""
    now = office().now()
    return jsonify(offers_json(list_offers(office().db, office().catalogue, now), now))


@blueprint.post("/assignments")
@device_only
def take() -> Response:
    """201 taken with a grant of slots, 200 taken before under the same id, 422 not to be had."""
    content = sent()
    assignment_id, point, shift = read_uuid(content.get("id")), content.get("point"), content.get("shift")
    if assignment_id is None:
        raise Invalid([Problem("record_id", "id")])
    if not isinstance(point, str) or not point.isascii() or not point.isalnum():
        raise Invalid([Problem("assignment_point", "point")])
    if not isinstance(shift, str):
        raise Invalid([Problem("shift_over", "shift")])
    outing = take_assignment(
        office().db, office().catalogue, this_device(), assignment_id, point, shift, office().now()
    )
    return _outing(outing, 200 if outing.repeated else 201)


@blueprint.post("/assignments/<uuid:assignment_id>/slots")
@device_only
def slots(assignment_id: UUID) -> Response:
    """Give back, ask for more, end the shift; the answer is the grant as it is then."""
    content = sent()
    given = content.get("returned", {})
    returned: dict[int, int] = {}
    for cell, total in given.items() if isinstance(given, dict) else ():
        if not (_CELL.fullmatch(cell) and int(cell) <= LARGEST and type(total) is int and total >= 0):
            raise Invalid([Problem("record_count", "returned")])
        returned[int(cell)] = min(total, LARGEST)
    if not isinstance(given, dict):
        raise Invalid([Problem("not_an_object", "returned")])
    outing = change_slots(
        office().db,
        office().catalogue,
        this_device(),
        assignment_id,
        returned=returned,
        more=_count(content, "more"),
        ended=content.get("ended") is True,
        now=office().now(),
    )
    return _outing(outing, 200)


@blueprint.post("/turns")
@device_only
def turns() -> Response:
    """Whose turn it was; the same turn again is what has become of it since."""
    content, now, clock = sent(), office().now(), device_time()
    given = content.get("turns")
    if not isinstance(given, list) or len(given) > _MOST_TURNS:
        raise Invalid([Problem("answer_not_list", "turns")])
    kept = [_turn(each) for each in given]
    keep_turns(office().db, this_device(), kept, timedelta(0) if clock is None else now - clock, now)
    return jsonify(turns=[str(turn.id) for turn in kept])


@blueprint.get("/manifest")
@device_only
def manifest() -> Response:
    """Everything that came from this tablet, by id and digest, for comparison with what it says it sent."""
    return jsonify(
        records=[[str(record_id), digest] for record_id, digest in records_from(office().db, this_device())],
        server_time=office().now().isoformat(),
    )


def _turn(given: object) -> Turn:
    content = given if isinstance(given, dict) else {}
    turn_id, assignment = read_uuid(content.get("id")), read_uuid(content.get("assignment"))
    began, ended = read_moment(content.get("began")), read_moment(content.get("ended"))
    if turn_id is None or assignment is None:
        raise Invalid([Problem("record_id", "turns")])
    if began is None or (ended is None and content.get("ended") is not None):
        raise Invalid([Problem("record_moment", "turns")])
    return Turn(turn_id, assignment, _count(content, "volunteer"), began, ended, _count(content, "passed"))


def _count(content: dict[str, object], name: str) -> int:
    """A whole number that may be left out. Raises Invalid."""
    number = content.get(name, 0)
    if type(number) is not int or not 0 <= number <= LARGEST:
        raise Invalid([Problem("record_count", name)])
    return number


def _outing(outing: Outing, status: int) -> Response:
    response = jsonify(outing_json(outing, office().now()))
    response.status_code = status
    return response
