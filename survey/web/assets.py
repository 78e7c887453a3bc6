"""Stylesheets and scripts, served under an address that holds their digest, so that browsers may keep them for ever."""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import brotli
import rjsmin
from flask import Blueprint, Flask, Response, abort, request, url_for

_FOLDER = Path(__file__).parent.parent / "static"
# Scripts that come with all that they import, so that a resident's phone asks once for each.
_WHOLE = {"resident/page.mjs", "resident/later.mjs"}
_IMPORT = re.compile(r'import \{ ([\w, ]+) \} from "(\.[\w./]+)";')
_EXPORT = re.compile(r"export (?=(async )?function |const )")
_EXPORTED = re.compile(r"export (?:(?:async )?function |const )(\w+)|export \{ ([\w, ]+) \};")
blueprint = Blueprint("assets", __name__)

mimetypes.add_type("text/javascript", ".mjs")


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    mimetype: str
    packed: Mapping[str, bytes]  # by encoding, the smallest first


@blueprint.get("/static/<digest>/<path:name>")
def asset(digest: str, name: str) -> Response:
    """One file. An old digest gets the file as it is now, but is not told to keep it."""
    found = _asset(name)
    if found is None:
        abort(404)
    kept = "public, max-age=31536000, immutable" if digest == static_digest() else "no-cache"
    return _served(found, kept)


@blueprint.get("/vendor/plotly-<release>.min.js")
def plotly_script(release: str) -> Response:  # noqa: ARG001 (it makes each release's address its own)
    """The chart library's script, as the installed package brings it."""
    return _served(_plotly(), "public, max-age=31536000, immutable")


def _served(found: _Asset, kept: str) -> Response:
    encoding = next((one for one in found.packed if request.accept_encodings[one]), None)
    response = Response(found.packed[encoding] if encoding else found.content, mimetype=found.mimetype)
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = kept
    return response


def plotly_url() -> str:
    """The address of the chart library's script."""
    return url_for("assets.plotly_script", release=version("plotly"))


@cache
def _plotly() -> _Asset:
    content = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return _Asset(content, "text/javascript", {"gzip": gzip.compress(content, 6, mtime=0)})


def asset_url(name: str) -> str:
    """The address of a file in static/. All share one digest, so that a script's imports stay relative and fresh."""
    return url_for("assets.asset", digest=static_digest(), name=name)


def asset_text(name: str) -> str:
    """The text of a file in static/."""
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def static_digest() -> str:
    """One digest over all files of static/: a change in any gives all a new address."""
    digest = hashlib.sha256()
    for path in sorted(path for path in _FOLDER.rglob("*") if path.is_file()):
        digest.update(path.relative_to(_FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def whole_script(name: str, *, packed: bool = True) -> str:
    """A module and all that it imports, as one; packed, without comments and indentation. Their names share a scope."""
    path = (_FOLDER / name).resolve()
    found: dict[Path, str] = {}
    _collect(path, found)
    exported = ", ".join(one or several for one, several in _EXPORTED.findall(path.read_text(encoding="utf-8")))
    text = "\n".join([*found.values(), f"export {{ {exported} }};" if exported else ""])
    return str(rjsmin.jsmin(text)) if packed else text


def _collect(path: Path, found: dict[Path, str]) -> None:
    """Adds a module after those that it imports. What is fetched when it is needed, import(…), stays outside."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        imported = _IMPORT.fullmatch(line)
        if imported and (target := (path.parent / imported[2]).resolve()) not in found:
            _collect(target, found)
        if not imported and not line.startswith("export {"):
            lines.append(_EXPORT.sub("", line))
    found[path] = "\n".join(lines)


@cache
def _asset(name: str) -> _Asset | None:
    path = (_FOLDER / name).resolve()
    if not path.is_relative_to(_FOLDER) or not path.is_file():
        return None
    content = whole_script(name).encode() if name in _WHOLE else path.read_bytes()
    mimetype = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = {"br": brotli.compress(content), "gzip": gzip.compress(content, 9, mtime=0)}
    return _Asset(content, mimetype, packed)


def init_app(app: Flask) -> None:
    """Serve the files and let templates name them."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals |= {"asset_url": asset_url, "plotly_url": plotly_url}
