"""Anything at all, posted to every address that residents post to: never a fault of ours, never half a row.

Three kinds of senders: one who sends any bytes under any header, one who makes up fields, and one who has a valid form
and spoils it. What is stored after each is either nothing or a whole response that its questionnaire would take.
"""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col
from werkzeug.test import TestResponse

from survey.domain.validation import check_answers
from survey.domain.wave import Mode
from survey.tables.response import ResponseRow
from tests.field import Field, as_form, open_field, valid_answers
from tests.letters import letters_plan, print_letters

FORM, PARTS, JSON = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"
SOME = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Public:
    """A wave with posters and letters, and the addresses that its residents post to: rule of the application ->
    address."""

    def __init__(self, field: Field, addresses: Mapping[str, str]) -> None:
        self.field, self.addresses = field, addresses
        self.client = field.app.test_client()

    def __repr__(self) -> str:
        return "Public()"  # the whole of it would fill the page of any failure

    def post(self, rule: str, body: bytes, content_type: str, headers: Mapping[str, str]) -> TestResponse:
        """A body, exactly as it is. What it leaves behind is looked at before the answer is given back."""
        self.client.delete_cookie("forms")
        known = {row["id"] for row in self.field.rows()}
        answer = self.client.post(
            self.addresses[rule], data=body, content_type=content_type, headers=[*headers.items()]
        )
        assert answer.status_code < 500, (rule, answer.status_code)
        new = [row for row in self.field.rows() if row["id"] not in known]
        assert len(new) <= 1
        assert not new or answer.status_code in {201, 303}, (rule, answer.status_code)
        for row in new:
            assert half(self.field, row) == [], (rule, body)
        if answer.status_code >= 400 and answer.is_json and answer.json is not None:
            assert all("field" in problem and problem["message"] for problem in answer.json["problems"])
        return answer


def half(field: Field, row: Mapping[str, object]) -> list[str]:
    """What is wrong with a stored response, by its own questionnaire."""
    answers = row["answers"]
    assert isinstance(answers, dict)
    homes = field.catalogue.ground(field.wave_id).homes
    finished = row["disposition"] in {"complete", "over_quota"}
    problems = [str(each) for each in check_answers(field.questionnaire, answers, homes, finished=finished).problems]
    if row["disposition"] == "complete" and row["cell_id"] is None and row["mode"] != Mode.SAMPLED:  # letters have none
        problems.append("a complete response without a cell")
    return problems


@pytest.fixture
def public(sqlite_url: str) -> Iterator[Public]:
    field = open_field(sqlite_url, plan=letters_plan(), forms_at_once=0)
    poster = next(points[0] for mode, points in field.points.items() if points and mode is not Mode.SAMPLED).code
    letter = print_letters(field)[0]
    addresses = {
        "/r/<code>": f"/r/{poster}?send=1",
        "/r/<code>/room": f"/r/{poster}/room",
        "/c": "/c",
        "/c/<code>": f"/c/{letter}?send=1",
        "/c/<code>/again": f"/c/{letter}/again",
        "/c/<code>/key": f"/c/{letter}/key",
    }
    yield Public(field, addresses)
    field.close()


def test_every_address_that_residents_post_to_is_tried(public: Public) -> None:
    rules = {
        rule.rule
        for rule in public.field.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.rule.startswith(("/r/", "/c"))
    }
    assert rules == set(public.addresses)


RULES = st.sampled_from(["/r/<code>", "/r/<code>/room", "/c", "/c/<code>", "/c/<code>/again", "/c/<code>/key"])
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.sampled_from(["application/json", "text/html", "*/*", ";;", "a/b;q=x"]) | HEADER,
        "Accept-Language": st.sampled_from(["en", "zh", "*", "en;q=nan", "-"]) | HEADER,
        "Content-Encoding": st.sampled_from(["identity", "gzip", "", "x"]),
        "Cookie": st.sampled_from(["forms=x", "size=large", "change=y", "session=z", "=", ";;"]) | HEADER,
    },
)
TYPES = (
    st.sampled_from([FORM, PARTS, JSON, "multipart/form-data", f"{FORM}; charset=utf-16", "text/plain", ""]) | HEADER
)
ITEMS = ["age", "sex", "home", "parks", "activities", "times", "comment"]
CONTROLS = ["_token", "_language", "_size", "_stage", "_action", "_work", "times__mark", "home__street", "code", "key"]
VALUES = ["", "send", "stop", "refuse", "leave", "next", "show:en", "entry", "whole", "18-34", "under_18", "F", "none"]
VALUES += ["511621001001", "satisfied", "dont_know", "１２", "1e9", "-1", "\x00", "9" * 400, "large", "<b>"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
NAMES = st.sampled_from(ITEMS + CONTROLS) | TEXT
PAIRS = st.lists(st.tuples(NAMES, st.sampled_from(VALUES) | TEXT), max_size=8)


@SOME
@given(rule=RULES, body=st.binary(max_size=300), content_type=TYPES, headers=HEADERS)
def test_any_bytes_under_any_header(
    public: Public, rule: str, body: bytes, content_type: str, headers: dict[str, str]
) -> None:
    public.post(rule, body, content_type, headers)


@SOME
@given(rule=RULES, pairs=PAIRS, headers=HEADERS, own_token=st.booleans())
def test_any_fields(
    public: Public, rule: str, pairs: list[tuple[str, str]], headers: dict[str, str], own_token: bool
) -> None:
    fields = [*pairs, ("_token", token_for(public, rule))] if own_token else pairs
    public.post(rule, urlencode(fields).encode(), FORM, headers)


@SOME
@given(
    rule=RULES,
    spoilt=PAIRS,
    without=st.sets(st.sampled_from(ITEMS), max_size=2),
    cut=st.integers(0, 40),
    headers=HEADERS,
    bytes_in_between=st.binary(max_size=4),
)
def test_a_valid_form_that_was_spoilt(
    public: Public,
    rule: str,
    spoilt: list[tuple[str, str]],
    without: set[str],
    cut: int,
    headers: dict[str, str],
    bytes_in_between: bytes,
) -> None:
    form = as_form(valid_answers(), token_for(public, rule))
    kept = {name: value for name, value in form.items() if name not in without}
    body = urlencode({**kept, **dict(spoilt)}, doseq=True).encode()
    place = len(body) - min(cut, len(body))
    public.post(rule, body[:place] + bytes_in_between + body[place:], FORM, headers)


def token_for(public: Public, rule: str) -> str:
    """A fresh token of the point behind the address."""
    mode = Mode.SAMPLED if rule.startswith("/c") else Mode(public.field.catalogue.point(poster_of(public)).mode)
    return public.field.token(point_code=public.field.points[mode][0].code)


def poster_of(public: Public) -> str:
    return public.addresses["/r/<code>"].removeprefix("/r/").partition("?")[0]


def test_a_form_that_nobody_spoilt_is_stored_whole(public: Public) -> None:
    form = urlencode(as_form(valid_answers(), token_for(public, "/r/<code>")), doseq=True).encode()
    assert public.post("/r/<code>", form, FORM, {}).status_code == 303
    assert len(public.field.rows()) == 1


def test_half_a_row_would_be_seen(public: Public) -> None:
    """The planted fault: a row with an answer too many, one too few, and one that nobody offered."""
    public.field.receive(valid_answers())
    for answers in (
        valid_answers(weight=3),
        {code: answer for code, answer in valid_answers().items() if code != "parks"},
        valid_answers(parks="marvellous"),
    ):
        with public.field.db.writing() as connection:
            connection.execute(update(ResponseRow).values(answers=answers).where(col(ResponseRow.late).is_(False)))
        (row,) = public.field.rows()
        assert half(public.field, row)
