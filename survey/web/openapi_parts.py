"""How the description of the JSON endpoints writes its parts: contents, references, answers, addresses, shapes."""

from typing import Any

Schema = dict[str, Any]

MOMENT: Schema = {"type": "string", "format": "date-time"}
UUID: Schema = {"type": "string", "format": "uuid"}
COUNT: Schema = {"type": "integer", "minimum": 0}
DIGEST: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
TEXT: Schema = {"type": "string"}


def content(schema: Schema) -> dict[str, Any]:
    """A body of JSON."""
    return {"content": {"application/json": {"schema": schema}}}


def reference(name: str) -> Schema:
    """A shape that stands under components."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(about: str, name: str) -> dict[str, Any]:
    """An answer of this shape."""
    return {"description": about, **content(reference(name))}


def body(name: str) -> dict[str, Any]:
    """What has to be sent."""
    return {"required": True, **content(reference(name))}


def in_path(name: str, about: str, kind: str = "string") -> dict[str, Any]:
    """A part of the address."""
    return {"name": name, "in": "path", "required": True, "description": about, "schema": {"type": kind}}


def shape(*optional: str, **properties: Schema) -> Schema:
    """An object of these values, each of them required but for those named."""
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def listed(schema: Schema, **bounds: int) -> Schema:
    """A list."""
    return {"type": "array", "items": schema, **bounds}


def maybe(schema: Schema) -> Schema:
    """A value that may be null."""
    return {"anyOf": [schema, {"type": "null"}]}


def by_name(schema: Schema) -> Schema:
    """An object whose names are data."""
    return {"type": "object", "additionalProperties": schema}
