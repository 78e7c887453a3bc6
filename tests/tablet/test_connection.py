"""That nothing but our server's own answer counts as an answer, and nothing but our service as being online."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.tablet.conftest import Device
from tests.tablet.street import A, Street

NO_ANSWER = {"status": 0, "body": None, "retryAfter": 0}
NOT_OURS = ["portal", "portal that says json", "redirect", "empty", "null", "cut", "hung up"]
ASK = "return m.connection.request(device, 'POST', '/tablet/submissions/batch', { records: [] }, { timeout: 2000 })"
pytestmark = pytest.mark.usefixtures("rough_network")


def answer(device: Device, street: Street, mood: str) -> dict[str, Any]:
    """What a request makes of the server's mood."""
    street.mood = mood
    told: dict[str, Any] = device.run(ASK)
    return told


@pytest.mark.parametrize("mood", NOT_OURS)
def test_what_is_not_plainly_ours_is_no_answer(device: Device, street: Street, mood: str) -> None:
    assert answer(device.load(), street, mood) == NO_ANSWER


def test_neither_is_what_comes_too_late(device: Device, street: Street) -> None:
    assert answer(device.load(), street, "held") == NO_ANSWER


def test_a_refusal_is_an_answer_with_its_reasons(device: Device, street: Street) -> None:
    told = answer(device.load(), street, "busy")
    assert (told["status"], told["retryAfter"], told["body"]["problems"][0]["code"]) == (503, 7_000, "busy")


FAULTS = [
    (
        "pages are answers",
        "return NO_ANSWER;\n    const told = await answer.json();",
        "void 0; const told = {};",
        "portal",
    ),
    ("half of one is", "await answer.json();", "await answer.json().catch(() => ({}));", "cut"),
    ("nothing is", 'told === null || typeof told !== "object"', "false", "null"),
    ("redirects are followed", 'redirect: "error"', 'redirect: "follow"', "redirect"),
]


@pytest.mark.parametrize(("old", "new", "mood"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(device: Device, street: Street, old: str, new: str, mood: str) -> None:
    street.plant(A, "tablet/connection.mjs", old, new)
    assert answer(device.load(), street, mood) != NO_ANSWER


def test_requests_carry_the_tablets_name_and_time_and_no_cookie(device: Device, context: BrowserContext) -> None:
    context.add_cookies([{"name": "staff", "value": "1", "url": device.street.url}])
    with device.load().page.expect_request("**/batch") as asked:
        device.run(ASK)
    headers = asked.value.all_headers()
    assert headers["authorization"] == "Bearer 6f0d7c4e-0000-4000-8000-0000000000dd.s"
    assert "cookie" not in headers
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", headers["device-time"])
    told = datetime.fromisoformat(headers["device-time"])
    assert abs(datetime.now(UTC) - told) < timedelta(minutes=1)


STATE = {"unsent": 3, "refused": 0, "assignment": None, "app": A}
PING = "return m.connection.ping(device, given.state, { now: () => Date.now() + given.wrong })"


def ping(device: Device, wrong: int = 0) -> dict[str, Any]:
    """What a tablet hears whose clock is wrong by so many ms."""
    told: dict[str, Any] = device.run(PING, {"state": STATE, "wrong": wrong})
    return told


@pytest.mark.parametrize("days", [0, -400, 3 * 365])
def test_our_service_is_online_and_tells_how_wrong_the_clock_is(device: Device, days: int) -> None:
    told = ping(device.load(), days * 86_400_000)
    assert told["online"] is True
    assert told["label"] == "平板 3"
    assert told["offset"] == pytest.approx(-days * 86_400_000, abs=2_000)


def test_a_portal_is_not_online(device: Device, street: Street) -> None:
    device.load()
    street.portal = True
    assert ping(device) == {"online": False, "offset": None, "label": None, "problem": None, "retryAfter": 0}


LIES: list[dict[str, Any]] = [
    {"service": "another"},
    {"nonce": "f6a9d2d4-2b5e-4a7e-8d55-000000000000"},
    {"server_time": "soon"},
    {"server_time": None},
]


@pytest.mark.parametrize("lie", LIES, ids=["service", "nonce", "a time that is none", "no time"])
def test_an_answer_that_is_wrong_in_one_point_is_not_online(
    device: Device, street: Street, lie: dict[str, Any]
) -> None:
    street.lie = lie
    assert ping(device.load())["online"] is False


@pytest.mark.parametrize(("status", "code"), [(401, "device_unknown"), (403, "device_revoked")])
def test_a_tablet_that_is_turned_away_knows_why(device: Device, street: Street, status: int, code: str) -> None:
    street.away = (status, code)
    told = ping(device.load())
    assert (told["online"], told["problem"]) == (False, code)
