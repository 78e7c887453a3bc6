"""What nobody should send to the form's address: always refused by name, never a fault of ours, never half kept."""

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from survey.db import migrate
from tests.field import Field, as_form, open_field, valid_answers

JSON = "application/json"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """An opened wave that all these tests share, since none of them may leave anything in it."""
    with ExitStack() as ended:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('shared')}/shared.db"
            migrate(url)
        else:
            url = ended.enter_context(request.getfixturevalue("postgresql_databases").fresh())
        field = open_field(url)
        ended.callback(field.close)
        yield field


@pytest.fixture
def field(opened: Field) -> Iterator[Field]:
    """The shared wave; nothing is in it before a test, and nothing after it."""
    yield opened
    assert opened.rows() + opened.copies() == []


@pytest.fixture
def client(field: Field) -> FlaskClient:
    """A browser that prefers English."""
    client = field.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def post(
    client: FlaskClient, field: Field, body: bytes | str, content_type: str = JSON, **headers: str
) -> TestResponse:
    """A body, exactly as it is."""
    return client.post(f"/r/{field.point.code}", data=body, content_type=content_type, headers=headers)


def fields_named(response: TestResponse) -> set[str]:
    """The fields that the problems of a refusal name."""
    assert response.json is not None
    assert all(problem["message"] for problem in response.json["problems"])
    return {problem["field"] for problem in response.json["problems"]}


def body(field: Field, answers: object, **others: object) -> str:
    """The JSON of a submission."""
    return json.dumps({"token": field.token(), "answers": answers} | others)


@pytest.mark.parametrize(
    ("changes", "item"),
    [
        ({"parks": {}}, "parks"),
        ({"parks": []}, "parks"),
        ({"parks": [["satisfied"]]}, "parks"),
        ({"parks": "\ud800"}, "parks"),
        ({"parks": 1}, "parks"),
        ({"activities": "cleaning"}, "activities"),
        ({"activities": [{}]}, "activities"),
        ({"activities": ["cleaning"] * 1000}, "activities"),
        ({"times": 10**400}, "times"),
        ({"times": 1.0}, "times"),
        ({"times": "3"}, "times"),
        ({"comment": "\ud800"}, "comment"),
        ({"comment": "a\x00b"}, "comment"),
        ({"comment": "字" * 201}, "comment"),
        ({"comment": {"a": 1}}, "comment"),
        ({"home": "511621001"}, "home"),
        ({"home": None}, "home"),
        ({"weight": 100}, "weight"),
        ({"district": "511621"}, "district"),
        ({"age": "under_18"}, "parks"),
    ],
    ids=str,
)
def test_json_with_a_wrong_answer_names_its_item(
    client: FlaskClient, field: Field, changes: dict[str, object], item: str
) -> None:
    answer = post(client, field, body(field, valid_answers() | changes))
    assert answer.status_code == 422
    assert item in fields_named(answer)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[" * 60_000, "body"),
        ('{"a":' * 10_000, "body"),
        ("", "body"),
        ("null", "body"),
        ("7", "body"),
        ('"text"', "body"),
        ("[]", "body"),
        ("{", "body"),
        ('{"token": NaN}', "body"),
        ('{"answers": {"times": Infinity}}', "body"),
        ('{"answers": {"times": 1e999}}', "token"),
        ('{"answers": {"times": ' + "9" * 5000 + "}}", "body"),
        ('{"token": "x", "token": "y"}', "body"),
        ('{"answers": {"parks": "satisfied", "parks": "neutral"}}', "body"),
        ('{"\\ud800": 1}', "answers"),
        ('{"answers": []}', "answers"),
        ('{"answers": "x"}', "answers"),
        ('{"language": []}', "language"),
        ('{"language": {}}', "language"),
        ('{"language": "fr"}', "language"),
        ('{"finish": []}', "finish"),
        ('{"finish": "later"}', "finish"),
        ('{"weight": 2}', "weight"),
        ("﻿{}", "body"),
    ],
    ids=lambda text: text[:40],
)
def test_json_that_is_no_submission_names_what_is_wrong(
    client: FlaskClient, field: Field, text: str, named: str
) -> None:
    answer = post(client, field, text)
    assert answer.status_code == 422
    assert named in fields_named(answer)


def test_a_number_too_large_for_a_float_names_its_item(client: FlaskClient, field: Field) -> None:
    text = body(field, valid_answers(times=1)).replace('"times": 1', '"times": 1e999')
    assert "times" in fields_named(post(client, field, text))


def test_json_that_is_not_utf_8_is_refused(client: FlaskClient, field: Field) -> None:
    for encoding in ("gbk", "utf-16"):
        text = body(field, valid_answers()).replace("\\u6811", "树").encode(encoding)
        assert fields_named(post(client, field, text)) == {"body"}


def test_a_refusal_names_twenty_unknown_fields_and_no_more(client: FlaskClient, field: Field) -> None:
    many = {f"x{number}": number for number in range(4000)}
    as_json = post(client, field, body(field, valid_answers(), **many))
    assert as_json.status_code == 422
    assert len(fields_named(as_json)) == 20
    as_fields = client.post(f"/r/{field.point.code}", data=as_form(valid_answers(), field.token()) | many)
    assert as_fields.status_code == 422
    assert as_fields.text.count("There is no field of this name here.") == 20
    assert len(as_fields.data) < 60_000


@pytest.mark.parametrize("content_type", [JSON, "application/x-www-form-urlencoded"])
def test_a_body_over_the_limit_is_too_large(client: FlaskClient, field: Field, content_type: str) -> None:
    answer = post(client, field, b'{"a": "' + b"x" * 70_000 + b'"}', content_type)
    assert answer.status_code == 413
    assert "too large" in answer.text


@pytest.mark.parametrize("packing", ["gzip", "deflate", "br", "identity, gzip", "GZIP"])
def test_packed_bodies_are_never_unpacked(client: FlaskClient, field: Field, packing: str) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    answer = post(client, field, bomb, **{"Content-Encoding": packing})
    assert answer.status_code == 415


@pytest.mark.parametrize("content_type", ["text/plain", "text/csv", "application/xml", "", "image/png"])
def test_other_kinds_of_content_are_not_taken(client: FlaskClient, field: Field, content_type: str) -> None:
    assert post(client, field, body(field, valid_answers()), content_type).status_code == 415


@pytest.mark.parametrize("host", ["evil", "evil.example:80", "localhost.evil", "localhost:99999x", "a b", ""])
def test_a_foreign_host_is_refused(client: FlaskClient, field: Field, host: str) -> None:
    answer = client.get(f"/r/{field.point.code}", headers={"Host": host})
    assert answer.status_code == 400
    assert host not in answer.text or not host


def test_fields_that_the_form_does_not_have_are_named(client: FlaskClient, field: Field) -> None:
    form = as_form(valid_answers(), field.token(), weight="3", parks__x="1")
    refused = client.post(f"/r/{field.point.code}", data=form)
    assert refused.status_code == 422
    assert "(weight)" in refused.text
    assert "(parks__x)" in refused.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"parks": ["satisfied", "neutral"]}, "Question 4: Choose one answer."),
        ({"parks": "marvellous"}, "Question 4: Choose one of the answers offered."),
        ({"activities": ["none", "cleaning"]}, "Question 5: This answer cannot be chosen together with others."),
        ({"times": "many"}, "Question 6: Give one whole number in digits."),
        ({"times": "0"}, "Question 6: Give a number from 1 to 365."),
        ({"times": ["1", "2"]}, "Question 6: Give one whole number"),
        ({"comment": "x" * 201}, "Question 7: Shorten this to 200 characters."),
        ({"comment": "a\x00b"}, "Question 7: This text contains characters that cannot be stored."),
        ({"comment": ["a", "b"]}, "Question 7: This must be text."),
        ({"home": "999"}, "Question 3: "),
    ],
    ids=str,
)
def test_a_form_with_a_wrong_answer_says_so_at_its_question(
    client: FlaskClient, field: Field, changes: dict[str, object], sentence: str
) -> None:
    refused = client.post(f"/r/{field.point.code}", data=as_form(valid_answers() | changes, field.token()))
    assert refused.status_code == 422
    assert sentence in refused.text


def test_a_form_in_chinese_is_refused_in_chinese(client: FlaskClient, field: Field) -> None:
    form = as_form(valid_answers(parks=None), field.token()) | {"_language": "zh-Hans"}
    refused = client.post(f"/r/{field.point.code}", data=form)
    assert refused.status_code == 422
    assert '<html lang="zh-Hans"' in refused.text
    assert "您对公园满意吗？" in refused.text


def test_markup_in_an_answer_comes_back_as_text(client: FlaskClient, field: Field) -> None:
    form = as_form(valid_answers(parks=None, comment='</textarea><script>alert("x")</script>'), field.token())
    refused = client.post(f"/r/{field.point.code}", data=form | {"<script>": "1", "_action": "send"})
    assert "<script>alert" not in refused.text
    assert "(<script>" not in refused.text
    assert "&lt;/textarea&gt;" in refused.text


def test_bytes_that_are_not_utf_8_are_seen_for_what_they_are(sqlite_field: Field) -> None:
    field, client = sqlite_field, sqlite_field.app.test_client()
    answers = "age=18-34&sex=F&home=511621001001&parks=satisfied&activities=none"
    form = f"_token={field.token()}&_action=send&{answers}".encode()
    kind = "application/x-www-form-urlencoded"
    assert post(client, field, form + b"&comment=%ff%fe", kind).status_code == 303
    assert [row["answers"]["comment"] for row in field.rows()] == ["%FF%FE"]
    for not_a_form in (b"&comment=\xff", b"&%ff=1", b"&\xff=1"):
        assert post(client, field, form + not_a_form, kind).status_code == 422
    assert len(field.rows()) == 1


def test_files_are_refused_by_name(client: FlaskClient, field: Field) -> None:
    form: dict[str, Any] = as_form(valid_answers(), field.token())
    form["photo"] = (io.BytesIO(b"not wanted"), "photo.jpg")
    refused = client.post(f"/r/{field.point.code}", data=form, content_type="multipart/form-data")
    assert refused.status_code == 422
    assert "(photo)" in refused.text


def test_a_file_in_place_of_an_answer_is_refused_too(client: FlaskClient, field: Field) -> None:
    form: dict[str, Any] = as_form(valid_answers(comment=None), field.token())
    form["comment"] = (io.BytesIO(b"not wanted"), "photo.jpg")
    refused = client.post(f"/r/{field.point.code}", data=form, content_type="multipart/form-data")
    assert refused.status_code == 422


def test_a_form_of_too_many_parts_is_too_large(client: FlaskClient, field: Field) -> None:
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="a{n}"\r\n\r\n1\r\n' for n in range(600))
    answer = post(client, field, parts + "--x--\r\n", "multipart/form-data; boundary=x")
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "text", ["", "--x", "--x--", "--x\r\n\r\n", "x" * 50, "--x\r\nContent-Disposition: form-data\r\n\r\n1"]
)
def test_a_broken_multipart_body_is_refused(client: FlaskClient, field: Field, text: str) -> None:
    for content_type in ("multipart/form-data; boundary=x", "multipart/form-data"):
        assert 400 <= post(client, field, text, content_type).status_code < 500


def test_an_unknown_button_is_named(client: FlaskClient, field: Field) -> None:
    for action in ("delete", "show:fr:x", ":", "SEND"):
        answer = client.post(f"/r/{field.point.code}", data=as_form(valid_answers(), field.token(), action))
        assert answer.status_code == (200 if action.startswith("show") else 422)


def test_other_methods_are_refused(client: FlaskClient, field: Field) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        assert client.open(f"/r/{field.point.code}", method=method).status_code == 405


@pytest.mark.parametrize("path", ["/areas/99999999999999999999999/1.json", "/areas/1/%00.json", "/areas/7/1.json"])
def test_lists_of_areas_that_do_not_exist_are_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


# --- anything at all --------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec=None), max_size=12) | st.sampled_from(
    ["18-34", "F", "511621001001", "satisfied", "cleaning", "none", "dont_know", "\x00", "\ud800", "１２", "under_18"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
ITEMS = ["age", "sex", "home", "parks", "activities", "times", "comment"]
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=2))
ANSWERS = st.dictionaries(st.sampled_from(ITEMS) | TEXTS, VALUES, max_size=8)
OTHERS = ["times__mark", "home__street", "home__district", "_token", "_language", "_size", "_action"]
ENVELOPE = st.sampled_from(["token", "answers", "finish", "language", "x"])
SENDABLE = st.text(st.characters(codec="utf-8"), max_size=12) | TEXTS.map(
    lambda text: text.encode("utf-8", "replace").decode()
)
FIELDS = st.sampled_from(ITEMS + OTHERS) | SENDABLE
FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def sqlite_field(sqlite_url: str) -> Iterator[Field]:
    """An opened wave for many requests."""
    field = open_field(sqlite_url)
    yield field
    field.close()


@FUZZ
@given(
    answers=ANSWERS | ANSWERS.map(lambda bad: valid_answers() | bad),
    envelope=st.dictionaries(ENVELOPE, VALUES, max_size=1),
)
def test_no_json_whatever_breaks_us_or_is_half_kept(
    sqlite_field: Field, answers: dict[str, object], envelope: dict[str, object]
) -> None:
    field, client = sqlite_field, sqlite_field.app.test_client()
    before = len(field.rows() + field.copies())
    content = {"token": field.token(), "answers": answers} | envelope
    answer = client.post(f"/r/{field.point.code}", json=content)
    after = len(field.rows() + field.copies())
    assert answer.status_code < 500
    assert after == before + (answer.status_code == 201)
    assert answer.status_code == 201 or fields_named(answer)


@FUZZ
@given(
    base=st.sampled_from([{}, valid_answers()]),
    bad=st.dictionaries(
        st.sampled_from(ITEMS + OTHERS) | SENDABLE, SENDABLE | st.lists(SENDABLE, max_size=3), max_size=4
    ),
)
def test_no_form_whatever_breaks_us_or_is_half_kept(
    sqlite_field: Field, base: dict[str, object], bad: dict[str, object]
) -> None:
    field, client = sqlite_field, sqlite_field.app.test_client()
    before = len(field.rows() + field.copies())
    answer = client.post(f"/r/{field.point.code}", data=as_form(base, field.token()) | bad)
    after = len(field.rows() + field.copies())
    assert answer.status_code in {200, 303, 422}
    assert after == before + (answer.status_code == 303)
