"""The collection points of a wave: their list, their posters, their QR codes."""

from flask import Blueprint, Response, abort, render_template

from survey.domain.wave import Mode
from survey.services.catalogue import NotFound
from survey.services.list_points import list_points, point_url
from survey.services.read_wave import wave_of_code
from survey.web.desk.access import roles
from survey.web.office import office
from survey.web.qr import qr_png, qr_svg

blueprint = Blueprint("desk_points", __name__, url_prefix="/desk")


@blueprint.get("/waves/<code>/points")
@roles("organiser", "analyst")
def show(code: str) -> str:
    """Every point with its code and poster; prints as posters."""
    try:
        wave = wave_of_code(office().db, code)
        points = list_points(office().db, office().settings.public_url, code)
    except NotFound:
        abort(404)
    # A poster bears the questionnaire's title, not the wave's: "mock evaluation" would tell people what to praise.
    return render_template(
        "desk/points.html",
        wave=wave,
        points=points,
        frame=office().catalogue.frame(wave.frame_id),
        questionnaire=office().catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version),
    )


@blueprint.get("/points/<code>.<kind>")
@roles("organiser", "analyst")
def qr(code: str, kind: str) -> Response:
    """A point's QR code as svg or png."""
    if kind not in {"svg", "png"}:
        abort(404)
    try:
        point = office().catalogue.point(code)
    except NotFound:
        abort(404)
    if point.mode == Mode.SAMPLED:
        abort(404)  # letters have codes of their own
    url = point_url(office().settings.public_url, point.code)
    if kind == "svg":
        return Response(qr_svg(url), mimetype="image/svg+xml")
    return Response(qr_png(url), mimetype="image/png")
