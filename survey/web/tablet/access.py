"""Which tablet a request comes from, and how its JSON is read and refused.

A tablet says `Authorization: Bearer <its id>.<its secret>`, and in `Device-Time` what its clock shows. There is no
cookie, so no other page can speak in its name.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import ParamSpec
from uuid import UUID

from flask import Response, g, jsonify, request

from survey.domain.fieldwork import Device
from survey.domain.json_text import read_object
from survey.domain.problems import Invalid, Problem
from survey.domain.record import read_moment, read_uuid
from survey.services.catalogue import NotFound
from survey.services.tablets import DeviceRevoked, DeviceUnknown, enrolled_device, known_device
from survey.web.office import office
from survey.web.problem_texts import problems_json
from survey.web.security import whole_body

P = ParamSpec("P")


def device_only(view: Callable[P, Response]) -> Callable[P, Response]:
    """A view for enrolled tablets: 401 for a stranger, 403 for one whose access was taken away, 422 for a body that is
    wrong, naming the field."""
    return _guarded(view, lambda device_id, secret: known_device(office().db, device_id, secret))


def sender_only(view: Callable[P, Response]) -> Callable[P, Response]:
    """The same for a view whose service asks for the access in the transaction that keeps the records."""
    return _guarded(view, lambda device_id, secret: enrolled_device(office().catalogue, device_id, secret))


def _guarded(view: Callable[P, Response], known: Callable[[UUID, str], Device]) -> Callable[P, Response]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        written, _, secret = credentials.partition(".")
        device_id = read_uuid(written) if scheme == "Bearer" else None
        try:
            if device_id is None:
                raise DeviceUnknown
            g.device = known(device_id, secret)
            return answered(view, *args, **kwargs)
        except DeviceUnknown:
            return refused([Problem("device_unknown", "device")], status=401)
        except DeviceRevoked:
            return refused([Problem("device_revoked", "device")], status=403)

    guarded.device_only = True  # type: ignore[attr-defined]  # a test reads which views are guarded
    return guarded


def answered(view: Callable[P, Response], *args: P.args, **kwargs: P.kwargs) -> Response:
    """What the view answers, or 422 with the problems it raised."""
    try:
        return view(*args, **kwargs)
    except Invalid as wrong:
        return refused(wrong.problems)
    except NotFound:
        return refused([Problem("assignment_unknown", "assignment")], status=404)


def this_device() -> Device:
    """The tablet that asks. Only for views under `device_only`."""
    device: Device = g.device
    return device


def device_time() -> datetime | None:
    """What the tablet's clock showed when it asked."""
    return read_moment(request.headers.get("Device-Time"))


def sent(most_bytes: int | None = None) -> dict[str, object]:
    """The object in the request's body, of at most so many bytes. Raises Invalid."""
    if most_bytes is not None:
        request.max_content_length = most_bytes
    content, problems = read_object(whole_body(), "body")
    if problems:
        raise Invalid(problems)
    return content


def refused(problems: Iterable[Problem], status: int = 422) -> Response:
    """Problems, for the tablet's program and for its volunteer."""
    response = jsonify(problems=problems_json(problems))
    response.status_code = status
    return response
