"""The tablets' endpoints, described for programs: their part of /api/openapi.json."""

from typing import Any

from survey.domain.disposition import Disposition
from survey.domain.protocol import OBSERVABLE
from survey.domain.submission import Outcome
from survey.web.openapi_parts import (
    COUNT,
    DIGEST,
    MOMENT,
    TEXT,
    UUID,
    Schema,
    answer,
    body,
    by_name,
    in_path,
    listed,
    maybe,
    reference,
    shape,
)

SECURITY = {
    "Tablet": {
        "type": "http",
        "scheme": "bearer",
        "description": "`<id of the tablet>.<its secret>`; the tablet makes up both and enrols with a one-time code",
    }
}
_CLOCK = {
    "name": "Device-Time",
    "in": "header",
    "description": "what the tablet's clock shows at sending; with it the times of records are put right",
    "schema": MOMENT,
}
_STRANGER = {
    "401": answer("No tablet of this id and secret is enrolled (`device_unknown`)", "Problems"),
    "403": answer("The tablet's access was taken away (`device_revoked`)", "Problems"),
}
_WRONG = {
    "413": answer("Too large", "Problems"),
    "415": answer("Compressed bodies are not taken", "Problems"),
    "422": answer("Something is wrong; each problem names its field; nothing was changed", "Problems"),
}
_LATER = {"503": answer("Nothing can be read or kept now; see Retry-After", "Problems")}


def _told(summary: str, *responses: dict[str, Any], sent: str | None = None, path: str | None = None) -> dict[str, Any]:
    """One endpoint for enrolled tablets."""
    told: dict[str, Any] = {"summary": summary, "security": [{"Tablet": []}], "parameters": [_CLOCK]}
    if path is not None:
        told["parameters"] = [in_path(path, "id that the tablet gave its assignment"), _CLOCK]
    if sent is not None:
        told["requestBody"] = body(sent)
        responses += (_WRONG,)
    told["responses"] = {status: each for some in (*responses, _STRANGER, _LATER) for status, each in some.items()}
    return told


PATHS: dict[str, Any] = {
    "/tablet/enrol": {
        "post": {
            "summary": "Enrol a tablet with a one-time code",
            "requestBody": body("Enrolment"),
            "responses": {
                "201": answer("Enrolled", "Enrolled"),
                "200": answer("The same tablet with the same code again", "Enrolled"),
                **_WRONG,
                "422": answer("The code is unknown, used or too old, or something else is wrong", "Problems"),
                **_LATER,
            },
        }
    },
    "/tablet/ping": {
        "post": _told(
            "Ask whether the server is there; say what the tablet holds", {"200": answer("We are", "Pong")}, sent="Ping"
        )
    },
    "/tablet/offers": {
        "get": _told("Who can sign in, where one can go, and when", {"200": answer("As of now", "Offers")})
    },
    "/tablet/assignments": {
        "post": _told(
            "Go to a point for a shift, with a grant of quota slots",
            {
                "201": answer("Taken", "Assignment"),
                "200": answer("Taken before under this id; as it is now", "Assignment"),
                "404": answer("No such point", "Problems"),
            },
            sent="Going",
        )
    },
    "/tablet/assignments/{assignment_id}/slots": {
        "post": _told(
            "Give slots back, ask for more, end the shift; every part may be repeated",
            {
                "200": answer("The assignment with its grant as it is then", "Assignment"),
                "404": answer("This tablet has no such assignment", "Problems"),
            },
            sent="Slots",
            path="assignment_id",
        )
    },
    "/tablet/turns": {
        "post": _told(
            "Whose turn it was on the tablet", {"200": answer("The ids of what is kept", "Kept")}, sent="Turns"
        )
    },
    "/tablet/manifest": {
        "get": _told("Everything that came from this tablet, to compare", {"200": answer("All of it", "Manifest")})
    },
    "/tablet/submissions": {
        "post": _told(
            "Bring one sealed record",
            {
                "201": answer("Stored", "RecordReceipt"),
                "200": answer("Known already, with the same content", "RecordReceipt"),
                "409": answer("Known already, with other content; kept beside the first", "RecordReceipt"),
                "410": answer("The wave has not begun; the tablet keeps the record", "Problems"),
            },
            sent="SealedRecord",
        )
    },
    "/tablet/submissions/batch": {
        "post": _told(
            "Bring up to 50 sealed records; one that is wrong keeps no other out",
            {"200": answer("A result for each, in any order", "Results")},
            sent="Batch",
        )
    },
    "/tablet/areas/{frame}.json": {
        "get": {
            "summary": "Every list of areas of a frame, to take along",
            "parameters": [in_path("frame", "number of the frame", "integer")],
            "responses": {
                "200": answer("Area code -> the areas below it", "AreaLists"),
                "404": answer("No such frame", "Problems"),
            },
        }
    },
}

_TEXTS: Schema = by_name(TEXT)
_POINT: Schema = {"code": TEXT, "number": COUNT, "name": _TEXTS, "place": _TEXTS}
_QUESTIONNAIRE: Schema = shape(code=TEXT, version={"type": "integer", "minimum": 1})
_CATEGORY: Schema = shape(code=TEXT, text=_TEXTS)
_OUTCOMES: Schema = {"enum": [outcome.value for outcome in Outcome]}
_DISPOSITIONS: Schema = {"enum": [disposition.value for disposition in Disposition]}
_STORED: Schema = {
    "id": UUID,
    "digest": {**DIGEST, "description": "SHA-256 of the text `sealed`"},
    "receipt": TEXT,
    "outcome": _OUTCOMES,
    "disposition": _DISPOSITIONS,
}
_CELL: Schema = shape(
    cell={"type": "integer"},
    district={**TEXT, "description": "where the respondent lives"},
    items={**_TEXTS, "description": "strata item -> the category of this cell"},
    name=_TEXTS,
    slots={**COUNT, "description": "granted to this assignment in all"},
    used=COUNT,
    returned=COUNT,
)

SCHEMAS: dict[str, Schema] = {
    "Enrolment": shape(
        code={**TEXT, "maxLength": 60},
        device=UUID,
        secret_digest={**DIGEST, "description": "SHA-256 of the secret's ASCII"},
    ),
    "Enrolled": shape(device=UUID, label=TEXT, server_time=MOMENT),
    "Ping": shape(
        "unsent",
        "refused",
        "assignment",
        "app",
        nonce={"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        unsent=COUNT,
        refused=COUNT,
        assignment=maybe(UUID),
        app={**TEXT, "description": "digest of the app's files"},
    ),
    "Pong": shape(
        service={"const": "minsheng-tablet"},
        nonce={**TEXT, "description": "the one that was sent: no other service knows it"},
        server_time=MOMENT,
        label=TEXT,
    ),
    "Offers": shape(
        volunteers=listed(shape(id=COUNT, name=TEXT, salt=TEXT, iterations=COUNT, verifier=DIGEST)),
        waves=listed(
            shape(
                code=TEXT,
                title=_TEXTS,
                closes_at=MOMENT,
                points=listed(shape(**_POINT, free={"type": "integer"}, taken=listed(TEXT))),
            )
        ),
        shifts=listed(shape(code=TEXT, name=_TEXTS)),
        server_time=MOMENT,
    ),
    "Going": shape(id={**UUID, "description": "made up by the tablet"}, point=TEXT, shift=TEXT),
    "Slots": shape(
        "returned",
        "more",
        "ended",
        returned={**by_name(COUNT), "description": "cell -> given back in all, not since the last time"},
        more={**COUNT, "description": "a number not sent before asks for more slots; 0 for none"},
        ended={"type": "boolean"},
    ),
    "Assignment": shape(
        id=UUID,
        wave=TEXT,
        title=_TEXTS,
        closes_at=MOMENT,
        point=shape(**_POINT),
        shift=TEXT,
        questionnaire=_QUESTIONNAIRE,
        languages=listed(TEXT),
        frame=COUNT,
        key=shape(id=COUNT, public={**TEXT, "description": "base64 of an uncompressed point of P-256"}),
        every={"type": "integer", "minimum": 1, "description": "k of every k-th passer-by"},
        observe=listed({"enum": list(OBSERVABLE)}),
        observed=by_name(listed(_CATEGORY)),
        ask_place={"type": "boolean"},
        renewals=COUNT,
        ended={"type": "boolean"},
        grant=shape(expires_at=MOMENT, cells=listed(_CELL)),
        server_time=MOMENT,
    ),
    "Turns": shape(
        turns=listed(
            shape(
                "ended",
                "passed",
                id=UUID,
                assignment=UUID,
                volunteer=COUNT,
                began={**MOMENT, "description": "by the tablet's clock"},
                ended=maybe(MOMENT),
                passed={**COUNT, "description": "passers-by until now"},
            ),
            maxItems=200,
        )
    ),
    "Kept": shape(turns=listed(UUID)),
    "Manifest": shape(
        records=listed({"type": "array", "prefixItems": [UUID, DIGEST], "minItems": 2, "maxItems": 2}),
        server_time=MOMENT,
    ),
    "SealedRecord": shape(
        id={**UUID, "description": "the same id is the same record, however often it is sent"},
        wave=TEXT,
        key={"type": "integer", "minimum": 1},
        sealed={
            **TEXT,
            "description": "base64 of an HPKE envelope (RFC 9180, base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, "
            "AES-256-GCM) with the info `minsheng record <wave> <id>`",
        },
    )
    | {"additionalProperties": False},
    "RecordReceipt": shape(**_STORED),
    "Batch": shape(records=listed(reference("SealedRecord"), minItems=1, maxItems=50)),
    "Results": shape(
        results=listed(
            {
                "anyOf": [
                    shape(status={"enum": [200, 201, 409]}, **_STORED),
                    shape(
                        id={"description": "as it was sent"},
                        status={"enum": [410, 422]},
                        problems={"$ref": "#/components/schemas/Problems/properties/problems"},
                    ),
                ]
            }
        )
    ),
    "AreaLists": by_name(reference("Areas")),
}
