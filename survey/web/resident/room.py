"""Is there room? The page's script asks as soon as the entry is answered; where there is, a slot is held.

Who hears nothing goes on all the same: the server decides at the end.
"""

from flask import Response, abort, jsonify, request

from survey.domain.fieldwork import Point
from survey.domain.problems import Invalid, Problem
from survey.services.hold_slot import Room, hold_slot
from survey.services.receive_submission import WaveNotTaking
from survey.web.languages import N_, set_page_language, translate
from survey.web.office import office
from survey.web.resident.incoming import FORM_TYPES, read_form
from survey.web.resident.taking import refused_json
from survey.web.security import whole_body

NOT_ASKED = N_("This survey asks another group of people, so there are no further questions for you.")


def tell_room(point: Point) -> Response:
    """The form's fields so far -> {"room": …}; 422 names what is wrong, 410 where the wave gives out no slots now."""
    whole_body()
    if request.mimetype not in FORM_TYPES:
        abort(415)
    incoming = read_form(point, request.form, request.files)
    set_page_language(incoming.language)
    if incoming.problems:
        return refused_json(incoming.problems)
    try:
        room = hold_slot(office().door, incoming.knock(office().now()))
    except Invalid as refused:
        if any(problem.code != "answer_missing" for problem in refused.problems):
            return refused_json(refused.problems)
        room = Room.UNKNOWN
    except WaveNotTaking as refused:
        return refused_json((Problem(f"wave_{refused.admission.value}", "wave"),), status=410)
    if room is Room.INELIGIBLE:
        return jsonify(room=room, message=translate(NOT_ASKED))
    return jsonify(room=room)
