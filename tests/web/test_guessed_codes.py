"""Addresses with codes that nobody was given: one answer for all of them, and an end to a flood of guesses."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from survey.domain.guessing import BURST, PER_SECOND, Failures
from survey.domain.wave import Mode
from survey.queries import waves
from survey.services.catalogue import LEARN_EVERY, Catalogue
from survey.services.plan_wave import plan_wave
from survey.web.office import Office
from survey.web.resident import views
from survey.yaml_source import read_yaml
from tests.field import AREA, NOW, Field, plan_text

UNKNOWN = "2" * 14
GUESSES = ("3" * 14, "2", "2" * 1500, "lower", "%00", "%ff", "ü", "'--")


def of_office(field: Field) -> Office:
    office = field.app.extensions["minsheng"]
    assert isinstance(office, Office)
    return office


@pytest.fixture
def client(field: Field) -> FlaskClient:
    return field.app.test_client()


@contextmanager
def statements(field: Field) -> Iterator[list[str]]:
    """What the application asks its database meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = of_office(field).db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def selects(asked: list[str]) -> list[str]:
    return [statement for statement in asked if statement.lstrip().startswith("SELECT")]


def guess_until_nothing_is_looked_up(client: FlaskClient) -> None:
    for _ in range(BURST):
        assert client.get(f"/r/{UNKNOWN}").status_code == 404


def draft_point(field: Field) -> str:
    """The code of a poster whose wave was planned and never opened."""
    document, frame = read_yaml(plan_text(code="draft").encode(), "plan.yaml"), field.catalogue.ground(field.wave_id)
    planned = plan_wave(field.db, field.catalogue, document, frame.frame_id, NOW, secrets.randbelow)
    with field.db.reading() as connection:
        return waves.points_of_wave(connection, planned.wave.id)[0].code


def test_whatever_is_wrong_with_a_code_the_answer_is_the_same(new_field: Callable[..., Field]) -> None:
    points = [(AREA, "market", Mode.INTERCEPT), (AREA, "market", Mode.SAMPLED)]
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 60, Mode.SAMPLED: 24}, points=points))
    client = field.app.test_client()
    by_letter_alone = field.points[Mode.SAMPLED][0].code
    usual = client.get(f"/r/{UNKNOWN}")
    assert usual.status_code == 404
    for code in (by_letter_alone, draft_point(field), *GUESSES):
        for answer in (client.get(f"/r/{code}"), client.get(f"/r/{code}/thanks/x")):
            assert (answer.status_code, answer.data, dict(answer.headers)) == (404, usual.data, dict(usual.headers))
        assert client.post(f"/r/{code}", data={}).data == usual.data
    assert field.rows() == []


def test_whatever_is_wrong_with_a_code_the_database_is_asked_once(new_field: Callable[..., Field]) -> None:
    points = [(AREA, "market", Mode.INTERCEPT), (AREA, "market", Mode.SAMPLED)]
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 60, Mode.SAMPLED: 24}, points=points))
    for code in (UNKNOWN, field.points[Mode.SAMPLED][0].code, draft_point(field)):
        with statements(field) as asked:
            assert field.app.test_client().get(f"/r/{code}").status_code == 404
        assert len(selects(asked)) == 1, code


def test_after_many_wrong_codes_nothing_more_is_looked_up_for_a_while(client: FlaskClient, field: Field) -> None:
    guess_until_nothing_is_looked_up(client)
    with statements(field) as asked:
        assert client.get(f"/r/{UNKNOWN}").status_code == 429
    assert len(selects(asked)) == 1, "all posters of open waves"
    with statements(field) as asked:
        refused = client.get("/r/" + "4" * 14, headers={"Accept-Language": "en"})
        posted = client.post("/r/" + "5" * 14, json={})
    assert (refused.status_code, posted.status_code) == (429, 429)
    assert int(refused.headers["Retry-After"]) >= 1
    assert "Wait a little" in refused.text
    assert asked == []
    field.clock.forward(seconds=int(refused.headers["Retry-After"]))
    assert client.get("/r/" + "4" * 14).status_code == 404


def test_a_poster_that_somebody_has_scanned_stays_open_during_the_flood(client: FlaskClient, field: Field) -> None:
    assert client.get(f"/r/{field.point.code}").status_code == 200
    guess_until_nothing_is_looked_up(client)
    assert client.get(f"/r/{UNKNOWN}").status_code == 429
    assert client.get(f"/r/{field.point.code}").status_code == 200


def test_a_poster_that_nobody_has_scanned_stays_open_during_the_flood(client: FlaskClient, field: Field) -> None:
    guess_until_nothing_is_looked_up(client)
    assert client.get(f"/r/{UNKNOWN}").status_code == 429
    assert client.get(f"/r/{field.point.code}").status_code == 200
    assert client.post(f"/r/{field.points[Mode.OPEN_QR][0].code}", json={}).status_code == 422


def test_a_poster_of_a_wave_that_opens_in_the_flood_is_known_within_a_minute(
    client: FlaskClient, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(waves, "open_posters", lambda _connection: [])  # it opens only afterwards
        guess_until_nothing_is_looked_up(client)
        assert client.get(f"/r/{field.point.code}").status_code == 429
    assert client.get(f"/r/{field.point.code}").status_code == 429
    field.clock.forward(seconds=LEARN_EVERY.total_seconds())
    guess_until_nothing_is_looked_up(client)
    assert client.get(f"/r/{UNKNOWN}").status_code == 429
    assert client.get(f"/r/{field.point.code}").status_code == 200


def test_a_flood_that_closes_posters_is_found(
    client: FlaskClient, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault."""
    monkeypatch.setattr(Catalogue, "learn_posters", lambda *_: None)
    with pytest.raises(AssertionError):
        test_a_poster_that_nobody_has_scanned_stays_open_during_the_flood(client, field)


def test_right_codes_cost_nothing_however_many_come(client: FlaskClient, field: Field) -> None:
    for point in (point for points in field.points.values() for point in points):
        assert client.get(f"/r/{point.code}").status_code == 200
    assert of_office(field).failures.wait(field.clock()) == 0


def test_the_limit_knows_no_addresses(client: FlaskClient, field: Field) -> None:
    for number in range(BURST):
        client.get(f"/r/{UNKNOWN}", environ_base={"REMOTE_ADDR": f"203.0.113.{number % 250}"})
    assert client.get(f"/r/{UNKNOWN}", environ_base={"REMOTE_ADDR": "198.51.100.1"}).status_code == 429


def test_without_the_guard_the_flood_reaches_the_database(
    client: FlaskClient, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault."""
    monkeypatch.setattr(views, "guard_poster", lambda _code: None)
    guess_until_nothing_is_looked_up(client)
    with statements(field) as asked:
        assert client.get(f"/r/{UNKNOWN}").status_code == 404
    assert len(selects(asked)) == 1


def test_failures_are_forgotten_as_time_passes_and_a_clock_put_back_forgets_none() -> None:
    failures = Failures(burst=10, per_second=2)
    for _ in range(25):
        failures.note(NOW)
    assert failures.wait(NOW) == 1
    assert failures.wait(NOW - timedelta(hours=1)) == 1
    assert failures.wait(NOW + timedelta(seconds=0.5)) == 0
    failures.note(NOW + timedelta(seconds=0.5))
    assert failures.wait(NOW + timedelta(seconds=0.5)) == 1
    assert failures.wait(NOW + timedelta(days=1)) == 0


def test_the_limit_leaves_room_for_a_street_that_mistypes_and_none_for_a_search() -> None:
    a_year = 365 * 24 * 3600 * PER_SECOND + BURST
    assert BURST >= 100
    assert a_year / 31**12 < 1e-9
