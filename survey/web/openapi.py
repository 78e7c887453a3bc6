"""The JSON endpoints, described for programs: /api/openapi.json (OpenAPI 3.1).

What tablets use stands in openapi_tablets.py.
"""

from typing import Any

from flask import Blueprint, Response, jsonify

from survey.domain.disposition import FORM_FINISHES, Disposition, Finish
from survey.domain.stuffing import EASIEST, HARDEST, LONGEST_NUMBER
from survey.domain.submission import Outcome
from survey.services.hold_slot import Room
from survey.web import openapi_tablets
from survey.web.languages import LANGUAGES
from survey.web.openapi_parts import answer, body, in_path

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/api/openapi.json")
def description() -> Response:
    """Every JSON endpoint."""
    response = jsonify(DESCRIPTION)
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


PROBLEMS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["field", "code", "message"],
        "properties": {
            "field": {"type": "string"},
            "code": {"type": "string"},
            "line": {"type": ["integer", "null"]},
            "message": {"type": "string", "description": "in the page's language"},
        },
    },
}


def _form(summary: str, whose: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": [in_path("code", f"code of the {whose}")],
        "requestBody": body("Submission"),
        "responses": {
            "201": answer("Stored", "Receipt"),
            "200": answer("Known already, with the same content; the same receipt", "Receipt"),
            "404": answer(f"No such {whose}", "Problems"),
            "409": answer("Known already, with other content; the first counts", "Receipt"),
            "410": answer("No answers are taken now", "Problems"),
            "413": answer("Too large", "Problems"),
            "415": answer("Compressed bodies are not taken", "Problems"),
            "422": answer(
                "Something is wrong; each problem names its field; nothing was kept. Code work_missing: very "
                "many forms arrive here just now; `work` says what to do first",
                "Refusal",
            ),
            "429": answer("Too many unknown codes were asked for just now; see Retry-After", "Problems"),
            "503": answer("Nothing can be stored now; see Retry-After", "Problems"),
        },
    }


DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Minsheng",
        "version": "1",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        "description": "A submission is identified by the token of the page it was opened with: the same id and "
        "content is the same submission, and gets the same receipt however often it is sent.",
    },
    "paths": {
        "/r/{code}": {"post": _form("Send one filled form", "collection point")},
        "/c/{code}": {"post": _form("Send the form of a letter; 410 also where it has been answered", "letter")},
        "/c/{code}/again": {
            "post": _form("Send a form in the place of a letter's earlier one, with its change key as cookie", "letter")
        },
        "/r/{code}/room": {
            "post": {
                "summary": "Ask whether there is room for who answers so; where there is, a slot is held for a while",
                "description": "The body is the form so far, urlencoded, with its `_token`. Asked again, the same "
                "form's hold lasts longer, or moves with changed answers.",
                "parameters": [in_path("code", "code of the collection point")],
                "responses": {
                    "200": answer("Open, full, ineligible, or unknown from these answers", "Room"),
                    "404": answer("No such collection point", "Problems"),
                    "410": answer("The wave takes no answers now", "Problems"),
                    "413": answer("Too large", "Problems"),
                    "415": answer("Not a form, or compressed", "Problems"),
                    "422": answer("Something is wrong; each problem names its field; nothing is held", "Problems"),
                    "503": answer("Nothing can be held now; see Retry-After", "Problems"),
                },
            }
        },
        "/areas/{frame_id}/{code}.json": {
            "get": {
                "summary": "The areas directly below one area",
                "parameters": [in_path("frame_id", "number of the frame", "integer"), in_path("code", "area code")],
                "responses": {
                    "200": answer("Code, Chinese name, English name (the Chinese one where there is none)", "Areas"),
                    "404": answer("No such frame or area", "Problems"),
                },
            }
        },
        "/healthz": {"get": {"summary": "Alive", "responses": {"200": answer("The process answers", "Status")}}},
        "/readyz": {
            "get": {
                "summary": "Ready",
                "responses": {
                    "200": answer("The database answers", "Status"),
                    "503": answer("The database does not answer", "Status"),
                },
            }
        },
        **openapi_tablets.PATHS,
    },
    "components": {
        "securitySchemes": openapi_tablets.SECURITY,
        "schemas": {
            "Submission": {
                "type": "object",
                "required": ["token", "answers"],
                "additionalProperties": False,
                "properties": {
                    "token": {"type": "string", "description": "`_token` of the served form"},
                    "answers": {
                        "type": "object",
                        "description": "by item code: a category code, a list of them, a whole number, a text, or an "
                        "area code; only items that were asked",
                    },
                    "finish": {
                        "enum": [finish.value for finish in Finish if finish in FORM_FINISHES],
                        "default": Finish.FINISHED.value,
                    },
                    "language": {"enum": list(LANGUAGES)},
                    "work": {
                        "type": "string",
                        "pattern": f"^[0-9]{{0,{LONGEST_NUMBER}}}$",
                        "description": "a number in digits such that SHA-256 of `token`, a colon and the number begins "
                        "with as many zero bits as were asked for",
                    },
                },
            },
            "Refusal": {
                "type": "object",
                "required": ["problems"],
                "properties": {
                    "problems": PROBLEMS,
                    "work": {
                        "type": "object",
                        "required": ["bits", "seconds", "token"],
                        "properties": {
                            "bits": {"type": "integer", "minimum": EASIEST, "maximum": HARDEST},
                            "seconds": {
                                "type": "integer",
                                "description": "after so long the form is taken without work, sent with this token",
                            },
                            "token": {"type": "string"},
                        },
                    },
                },
            },
            "Receipt": {
                "type": "object",
                "required": ["id", "receipt", "outcome", "disposition"],
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "receipt": {"type": "string"},
                    "outcome": {"enum": [outcome.value for outcome in Outcome]},
                    "disposition": {"enum": [disposition.value for disposition in Disposition]},
                },
            },
            "Room": {
                "type": "object",
                "required": ["room"],
                "properties": {
                    "room": {"enum": [room.value for room in Room]},
                    "message": {"type": "string", "description": "in words, for who is not asked"},
                },
            },
            "Problems": {
                "type": "object",
                "required": ["problems"],
                "properties": {"problems": PROBLEMS},
            },
            "Areas": {
                "type": "array",
                "items": {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3},
            },
            "Status": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}},
            **openapi_tablets.SCHEMAS,
        },
    },
}
