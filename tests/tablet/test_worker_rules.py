"""What the service worker answers and what it keeps, as rules: the worker itself is tried in a browser."""

from pathlib import Path
from typing import Any

import pytest

from tests.tablet.node import MODULES, in_node, planted

ORIGIN = "https://survey.example"
DIGEST = "0123456789abcdef"
RELEASE = {
    "digest": DIGEST,
    "shell": ["/tablet/?lang=zh-Hans", "/tablet/manifest.webmanifest"],
    "assets": [f"/static/{DIGEST}/tablet/app.mjs"],
}

# method, mode, address, who answers
REQUESTS = [
    ("GET", "navigate", "/tablet/", "kept"),
    ("GET", "navigate", "/tablet/interview/ABC?lang=en", "kept"),
    ("GET", "cors", f"/static/{DIGEST}/tablet/app.mjs", "kept"),
    ("GET", "cors", "/static/fedcba9876543210/tablet/app.mjs", "kept"),
    ("GET", "cors", "/tablet/manifest.webmanifest", "kept"),
    ("GET", "cors", "/tablet/interview/ABC?lang=en", "kept"),
    ("GET", "cors", "/areas/1/511621.json", "list"),
    ("GET", "cors", "/tablet/offers", None),
    ("GET", "cors", "/tablet/manifest", None),
    ("POST", "cors", "/tablet/submissions/batch", None),
    ("POST", "navigate", "/tablet/", None),
    ("POST", "cors", f"/static/{DIGEST}/tablet/app.mjs", None),
    ("POST", "cors", "/areas/1/511621.json", None),
    ("GET", "cors", "https://elsewhere.example/static/x.js", None),
]


def handled(folder: Path = MODULES) -> list[str | None]:
    requests = [
        {"method": method, "mode": mode, "url": address if "://" in address else ORIGIN + address}
        for method, mode, address, _ in REQUESTS
    ]
    given = {"requests": requests, "release": RELEASE, "origin": ORIGIN}
    script = "return given.requests.map((one) => modules.worker.handlingOf(one, given.origin, given.release))"
    told = in_node("worker", script, given, folder)
    assert isinstance(told, list)
    return told


def test_pages_static_files_and_lists_are_answered_and_nothing_that_is_sent() -> None:
    assert handled() == [each for *_, each in REQUESTS]


OURS = f'<html><script type="module" src="/static/{DIGEST}/tablet/app.mjs">'
PAGE = {"url": "/tablet/?lang=zh-Hans", "type": "text/html; charset=utf-8", "text": OURS, "cacheControl": ""}
ASSET = {"url": RELEASE["assets"][0], "type": "text/javascript", "text": "//", "cacheControl": "public, immutable"}
LISTS = {"url": "/tablet/areas/1.json", "type": "application/json", "text": "{}", "cacheControl": ""}
PORTAL = {"type": "text/html", "text": "<h1>Welcome to the market hall</h1>", "cacheControl": "no-store"}
ANSWERS: list[tuple[str, dict[str, Any], str | None]] = [
    ("our page", PAGE, None),
    ("our file", ASSET, None),
    ("our lists", LISTS, None),
    ("our page, redirected", PAGE | {"redirected": True}, "not_ours"),
    ("a page that is gone", PAGE | {"status": 404}, "gone"),
    ("a server in trouble", PAGE | {"status": 503}, "offline"),
    ("a page of the next release", PAGE | {"text": OURS.replace(DIGEST, DIGEST[::-1])}, "other_release"),
    ("a file of the next release under our address", ASSET | {"cacheControl": "no-cache"}, "other_release"),
    ("a portal in place of the page", PAGE | PORTAL, "not_ours"),
    ("a portal in place of a file", ASSET | PORTAL, "other_release"),
    ("a portal in place of the lists", LISTS | PORTAL, "not_ours"),
    ("half of the lists", LISTS | {"text": '{"51":[["5116'}, "not_ours"),
]


def objections(folder: Path = MODULES) -> list[str | None]:
    answers = [{"status": 200, "redirected": False} | answer for _, answer, _ in ANSWERS]
    script = "return given.answers.map((one) => modules.worker.objection(one, given.release))"
    told = in_node("worker", script, {"answers": answers, "release": RELEASE}, folder)
    assert isinstance(told, list)
    return told


def test_only_what_is_of_this_release_is_kept() -> None:
    told = dict(zip([name for name, *_ in ANSWERS], objections(), strict=True))
    assert told == {name: expected for name, _, expected in ANSWERS}


FAULTS = [
    ("posts pass through the worker", 'method !== "GET" || ', ""),
    ("anybody's address", "address.origin !== origin", "false"),
    ("a portal's page is kept", 'if (!named) return "not_ours";', "if (!named) return null;"),
    ("releases mix", 'named === digest ? null : "other_release"', "null"),
    ("files of another release are kept", 'cacheControl.includes("immutable") ? null : "other_release"', "null"),
    ("half a list is kept", 'isJson(text) ? null : "not_ours"', "null"),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(tmp_path: Path, old: str, new: str) -> None:
    folder = planted(tmp_path, "worker.mjs", old, new)
    right = [each for *_, each in REQUESTS], [each for *_, each in ANSWERS]
    assert (handled(folder), objections(folder)) != right


AREAS = {
    "511600": [["511621", "岳池县", "Yuechi"], ["511681", "华蓥市", "Huaying"]],
    "511621": [["511621001", "九龙街道", ""]],
}


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        ("511600", AREAS["511600"]),
        ("511681", [["511681", "华蓥市", "Huaying"]]),  # nothing below: it stands for itself
        ("999999", None),
        ("constructor", None),
    ],
)
def test_a_list_of_areas_is_what_the_server_would_tell(code: str, rows: object) -> None:
    given = {"areas": AREAS, "code": code}
    assert in_node("worker_areas", "return modules.worker_areas.listBelow(given.areas, given.code)", given) == rows


def test_only_addresses_of_lists_ask_for_a_list() -> None:
    others = ["/areas/3/511600", "/areas/x/1.json", "/tablet/areas/3.json", "/areas/3/a/b.json"]
    script = "return given.map(modules.worker_areas.listAsked)"
    asked, *nothing = in_node("worker_areas", script, ["/areas/3/511600.json", *others])
    assert asked == {"all": "/tablet/areas/3.json", "code": "511600"}
    assert nothing == [None] * 4
