"""The areas below one area, for lists that follow a choice."""

from flask import Blueprint, Response, abort, jsonify

from survey.domain.frame import Level
from survey.services.catalogue import NotFound
from survey.web.area_names import area_name
from survey.web.office import office

blueprint = Blueprint("areas", __name__)


@blueprint.get("/areas/<int(max=999_999_999):frame_id>/<code>.json")
def below(frame_id: int, code: str) -> Response:
    """`[[code, Chinese name, English name or ""], …]` of the areas directly below; where nothing is listed below, of
    the area itself, which then stands for its neighbourhoods. A frame never changes."""
    try:
        frame = office().catalogue.frame(frame_id)
    except NotFound:
        abort(404)
    if code not in frame.areas:
        abort(404)
    found = [area for area in frame.children(code) if area.level is not Level.GRID] or [frame.areas[code]]
    response = jsonify([[area.code, area_name(area, "zh-Hans"), area_name(area, "en")] for area in found])
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
