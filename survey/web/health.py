"""Whether we live, and whether we can answer."""

from flask import Blueprint, Response, jsonify

from survey.web.office import office

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
def ready() -> Response:
    """The database answers, too; 503 where it does not."""
    answers = office().db.answers()
    response = jsonify(status="ready" if answers else "database does not answer")
    response.status_code = 200 if answers else 503
    return response
