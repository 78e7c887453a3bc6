"""The JSON endpoints, described for programs: /api/openapi.json (OpenAPI 3.1)."""

from typing import Any

from flask import Blueprint, Response, jsonify

from survey.domain.disposition import FORM_FINISHES, Disposition, Finish
from survey.domain.submission import Outcome
from survey.web.languages import LANGUAGES

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/api/openapi.json")
def description() -> Response:
    """Every JSON endpoint."""
    response = jsonify(DESCRIPTION)
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(about: str, name: str) -> dict[str, Any]:
    return {"description": about, **_content(_reference(name))}


def _path(name: str, about: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": about, "schema": {"type": kind}}


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
        "/r/{code}": {
            "post": {
                "summary": "Send one filled form",
                "parameters": [_path("code", "code of the collection point")],
                "requestBody": {"required": True, **_content(_reference("Submission"))},
                "responses": {
                    "201": _answer("Stored", "Receipt"),
                    "200": _answer("Known already, with the same content; the same receipt", "Receipt"),
                    "404": _answer("No such collection point", "Problems"),
                    "409": _answer("Known already, with other content; the first counts", "Receipt"),
                    "410": _answer("The wave takes no answers now", "Problems"),
                    "413": _answer("Too large", "Problems"),
                    "415": _answer("Compressed bodies are not taken", "Problems"),
                    "422": _answer("Something is wrong; each problem names its field; nothing was kept", "Problems"),
                    "503": _answer("Nothing can be stored now; see Retry-After", "Problems"),
                },
            }
        },
        "/areas/{frame_id}/{code}.json": {
            "get": {
                "summary": "The areas directly below one area",
                "parameters": [_path("frame_id", "number of the frame", "integer"), _path("code", "area code")],
                "responses": {
                    "200": _answer("Code, Chinese name, English name (the Chinese one where there is none)", "Areas"),
                    "404": _answer("No such frame or area", "Problems"),
                },
            }
        },
        "/healthz": {"get": {"summary": "Alive", "responses": {"200": _answer("The process answers", "Status")}}},
        "/readyz": {
            "get": {
                "summary": "Ready",
                "responses": {
                    "200": _answer("The database answers", "Status"),
                    "503": _answer("The database does not answer", "Status"),
                },
            }
        },
    },
    "components": {
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
            "Problems": {
                "type": "object",
                "required": ["problems"],
                "properties": {
                    "problems": {
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
                },
            },
            "Areas": {
                "type": "array",
                "items": {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3},
            },
            "Status": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}},
        }
    },
}
