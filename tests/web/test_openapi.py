"""The description of the JSON endpoints: nothing is left out of it, and real answers are as it says."""

import re
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from survey.domain.wave import Mode
from survey.services.accounts import add_account
from survey.services.tablets import new_enrolment
from survey.services.volunteer_pins import set_pin
from tests.field import Field, valid_answers
from tests.tablet_client import Carrier, Tablet, through
from tests.web.desk import PASSWORD

Json = dict[str, Any]

# What browsers show, or run: no JSON for programs.
PAGES = {
    *("/r/<code>/thanks/<receipt>", "/static/<digest>/<path:name>", "/vendor/plotly-<release>.min.js"),
    *("/c", "/c/<code>/key", "/c/thanks/<receipt>"),
    "/api/openapi.json",
    *("/tablet/", "/tablet/interview/<code>", "/tablet/worker.mjs", "/tablet/manifest.webmanifest"),
}


FORMS = {("GET", "/r/<code>"), ("GET", "/c/<code>"), ("GET", "/c/<code>/again")}


def description(app: Flask) -> Json:
    """As programs read it."""
    told: Json = app.test_client().get("/api/openapi.json").get_json()
    return told


def routes(app: Flask) -> set[tuple[str, str]]:
    """(method, address as the description writes it) of whatever answers JSON outside the desk."""
    return {
        (method.lower(), re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/desk") and rule.rule not in PAGES and (method, rule.rule) not in FORMS
    }


def described(told: Json) -> set[tuple[str, str]]:
    """(method, address) of whatever is described."""
    return {(method, path) for path, methods in told["paths"].items() for method in methods}


def test_every_endpoint_is_described_and_nothing_else(field: Field) -> None:
    assert routes(field.app) == described(description(field.app))


def test_an_endpoint_that_is_not_described_is_found(field: Field) -> None:
    field.app.add_url_rule("/tablet/<uuid:device_id>/secret", "forgotten", dict, methods=["POST"])
    assert routes(field.app) - described(description(field.app)) == {("post", "/tablet/{device_id}/secret")}


def test_every_reference_leads_somewhere(field: Field) -> None:
    told = description(field.app)
    references = set(re.findall(r"'\$ref': '#/([^']+)'", str(told)))
    assert len(references) > 15
    for reference in references:
        there = told
        for part in reference.split("/"):
            there = there[part]
    used = {reference.split("/")[2] for reference in references}
    assert used == set(told["components"]["schemas"])


def test_tablets_are_asked_who_they_are_everywhere_but_where_nobody_can_know_them(field: Field) -> None:
    open_to_all = {
        path
        for path, methods in description(field.app)["paths"].items()
        for each in methods.values()
        if path.startswith("/tablet/") and not each.get("security")
    }
    assert open_to_all == {"/tablet/enrol", "/tablet/areas/{frame}.json"}
    for endpoint, view in field.app.view_functions.items():
        if endpoint.startswith(("tablet_fieldwork.", "tablet_submissions.")):
            assert hasattr(view, "device_only") == (endpoint != "tablet_fieldwork.enrol_tablet")


class Checker:
    """Carries requests, and holds every body and answer against the description."""

    def __init__(self, carry: Carrier, told: Json) -> None:
        self.carry, self.told = carry, told
        self.seen: set[tuple[str, str, int]] = set()

    def __call__(self, method: str, path: str, body: Json | None, headers: Any) -> tuple[int, Json]:
        status, content = self.carry(method, path, body, headers)
        address = next(each for each in self.told["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), path))
        endpoint = self.told["paths"][address][method.lower()]
        assert str(status) in endpoint["responses"], f"{method} {path} answers {status}"
        self.fits(endpoint["responses"][str(status)], content)
        if body is not None and status < 400:
            self.fits(endpoint["requestBody"], body)
        self.seen.add((method.lower(), address, status))
        return status, content

    def fits(self, part: Json, content: object) -> None:
        """Raises ValidationError."""
        schema = part["content"]["application/json"]["schema"] | {"components": self.told["components"]}
        validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        validator.validate(content)


@pytest.fixture
def checker(field: Field) -> Checker:
    """Requests of tablets to the wave's application."""
    return Checker(through(field.app), description(field.app))


@pytest.fixture
def tablet(field: Field, checker: Checker) -> Tablet:
    """A tablet that is enrolled."""
    made = Tablet(checker, field.clock)
    code = new_enrolment(field.db, "平板 1", field.clock.now).code
    assert made.enrol(code)[0] == 201
    assert made.enrol(code)[0] == 200
    assert made.enrol("AAAA")[0] == 422
    return made


def test_a_tablets_day_is_as_described(field: Field, checker: Checker, tablet: Tablet, quick_hashing: None) -> None:
    volunteer = add_account(field.db, "volunteer", "volunteer", PASSWORD, field.clock.now)
    set_pin(field.db, volunteer.id, "493817")
    point = field.points[Mode.INTERCEPT][0].code
    stranger = Tablet(checker, field.clock)
    assert stranger.ask("GET", "/offers")[0] == 401
    assert (
        tablet.ask("POST", "/ping", {"nonce": "n1", "unsent": 2, "refused": 0, "assignment": None, "app": "ab"})[0]
        == 200
    )
    assert tablet.ask("POST", "/ping", {"nonce": "?"})[0] == 422
    offers = tablet.ask("GET", "/offers")[1]
    assert [wave["points"][0]["code"] for wave in offers["waves"]] == [point]
    assert tablet.take(point, offers["shifts"][0]["code"])[0] == 201
    assert tablet.take(point, offers["shifts"][0]["code"], tablet.outing["id"])[0] == 200
    assert tablet.take("NOWHERE", "x")[0] == 404
    cell = str(next(iter(tablet.free)))
    assert tablet.slots(returned={cell: 1}, more=1, ended=False)[0] == 200
    assert stranger.ask("POST", f"/assignments/{tablet.outing['id']}/slots", {})[0] == 401
    record = tablet.record(valid_answers())
    assert [tablet.send(record)[0] for _ in range(2)] == [201, 200]
    assert tablet.send(tablet.record(valid_answers(times=4), id=record["id"]))[0] == 409
    assert tablet.send(record | {"sealed": "AAAA"})[0] == 422
    status, results = tablet.send_all(record, tablet.record(valid_answers()), record | {"key": 99})
    assert (status, sorted(each["status"] for each in results["results"])) == (200, [200, 201, 422])
    turn: Json = {"id": tablet.turn, "assignment": tablet.outing["id"], "volunteer": volunteer.id, "passed": 5}
    turn |= {"began": offers["server_time"], "ended": None}
    assert tablet.ask("POST", "/turns", {"turns": [turn]})[0] == 200
    assert len(tablet.ask("GET", "/manifest")[1]["records"]) == 2
    assert checker("GET", "/tablet/areas/1.json", None, {})[0] == 200
    assert checker("GET", "/tablet/areas/99.json", None, {"Accept": "application/json"})[0] == 404
    assert tablet.slots(ended=True)[0] == 200
    visited = {path for _, path, status in checker.seen if status < 300}
    assert {path for path in checker.told["paths"] if path.startswith("/tablet/")} == visited


def test_an_answer_of_another_shape_is_found(checker: Checker, tablet: Tablet) -> None:
    checker.told["components"]["schemas"]["Manifest"]["required"].append("more")
    with pytest.raises(ValidationError, match="'more' is a required property"):
        tablet.ask("GET", "/manifest")
