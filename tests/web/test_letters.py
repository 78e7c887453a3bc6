"""Letters over HTTP: typing a code, answering, answering anew and whom a phone or a key lets change it."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.domain.letters import shown
from survey.domain.wave import Mode
from survey.services.make_letters import letters_of_wave, void_letters
from tests.field import WAVE, Field, as_form, token_in, valid_answers
from tests.letters import letters_plan, print_letters
from tests.letters import send_form as send


@pytest.fixture
def posted(new_field: Callable[..., Field]) -> Field:
    """A wave that sends letters."""
    return new_field(plan=letters_plan())


@pytest.fixture
def phone(posted: Field) -> FlaskClient:
    """A phone whose browser prefers English."""
    client = posted.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def code(posted: Field) -> str:
    """The code of a letter."""
    return print_letters(posted)[0]


def test_a_letter_is_answered_once_and_never_by_looking(posted: Field, phone: FlaskClient, code: str) -> None:
    pages = [phone.get(f"/c/{code}") for _ in range(3)]
    assert {page.status_code for page in pages} == {200}
    token = token_in(pages[0].text)
    sent = send(phone, code, token=token)
    assert sent.status_code == 303
    thanks = phone.get(sent.location)
    assert thanks.status_code == 200
    assert re.search(r'class="receipt">[2-9A-Z]{10}<', thanks.text)
    assert re.search(r'class="receipt">[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{2}<', thanks.text)
    assert send(phone, code, token=token).location == sent.location
    used = phone.get(f"/c/{code}")
    assert used.status_code == 410
    assert "This letter has been answered" in used.text
    other = send(phone, code, token=posted.token(uuid4(), point_code=posted.points[Mode.SAMPLED][0].code))
    assert other.status_code == 410
    assert "nothing was stored just now" in other.text
    assert len(posted.rows()) == 1


def test_the_pages_script_is_told_of_a_used_letter_in_json(posted: Field, phone: FlaskClient, code: str) -> None:
    point = posted.points[Mode.SAMPLED][0].code
    told = [
        phone.post(
            f"/c/{code}?send=1",
            data=as_form(valid_answers(), posted.token(uuid4(), point_code=point)),
            headers={"Accept": "application/json"},
        )
        for _ in range(2)
    ]
    assert [each.status_code for each in told] == [201, 410]
    assert told[0].get_json()["thanks"].startswith("/c/thanks/")
    (problem,) = told[1].get_json()["problems"]
    assert (problem["code"], problem["field"]) == ("letter_used", "code")


RECEIPT = re.compile(r'class="receipt">([^<]+)<')


def test_the_address_of_a_letters_thanks_holds_no_code_and_leads_to_no_page_of_the_code(
    posted: Field, phone: FlaskClient
) -> None:
    codes = print_letters(posted)[:2]
    sent = [send(phone, code) for code in codes]
    for code, each in zip(codes, sent, strict=True):
        thanks = phone.get(each.location)
        assert each.location.startswith("/c/thanks/")
        for told in (each.location, thanks.text, str(thanks.headers)):
            assert code not in told
            assert shown(code) not in told
        assert not re.search(r"href=|action=|<form", thanks.text.replace('<link rel="icon" href="data:,">', ""))
        assert thanks.headers["Cache-Control"] == "no-store"
    # Signed for this purpose: neither a poster's address nor a changed one is taken.
    poster = posted.app.test_client().post(
        f"/r/{posted.point.code}", data=as_form(valid_answers(), posted.token(uuid4()))
    )
    for receipt in (poster.location.rpartition("/")[2].partition("?")[0], "x.y", "again", "key", codes[0]):
        assert phone.get(f"/c/thanks/{receipt}").status_code == 404
    assert phone.get("/c/thanks").status_code == 404


def test_the_change_key_is_shown_for_minutes_beside_its_own_receipt_only(posted: Field, phone: FlaskClient) -> None:
    codes = print_letters(posted)[:2]
    first = send(phone, codes[0])
    (cookie,) = (value for value in first.headers.getlist("Set-Cookie") if value.startswith("shown="))
    assert "Path=/c/thanks;" in f"{cookie};"
    assert "Max-Age=900" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    key = phone.get_cookie("change", path=f"/c/{codes[0]}")
    assert key is not None
    assert RECEIPT.findall(phone.get(first.location).text)[1:] == [shown(key.value)]
    blocked = posted.app.test_client(use_cookies=False)  # a browser that keeps none, or some minutes later
    without = blocked.get(first.location, headers={"Accept-Language": "en"}).text
    assert len(RECEIPT.findall(without)) == 1
    assert "that is not possible on this phone" in without
    second = send(phone, codes[1])
    assert len(RECEIPT.findall(phone.get(second.location).text)) == 2
    assert "another form has been sent since" in phone.get(first.location).text
    assert "Answer once more" in phone.get(f"/c/{codes[0]}").text  # as that page says, the letter itself leads on


def test_a_repeat_of_a_replaced_answer_is_promised_no_change(phone: FlaskClient, code: str) -> None:
    token = token_in(phone.get(f"/c/{code}").text)
    send(phone, code, token=token, parks="neutral")
    send(phone, code, "/again", parks="satisfied")
    repeated = send(phone, code, token=token, parks="neutral")
    assert not any(value.startswith("shown=") for value in repeated.headers.getlist("Set-Cookie"))
    assert "change your answers" not in phone.get(repeated.location).text


def test_malformed_unknown_and_voided_codes_are_answered_alike(posted: Field, phone: FlaskClient, code: str) -> None:
    (batch,) = letters_of_wave(posted.db, WAVE).batches
    void_letters(posted.db, WAVE, batch.id, posted.clock.now)
    ways: tuple[Callable[[str], TestResponse], ...] = (
        lambda it: phone.get(f"/c/{it}"),
        lambda it: phone.post(f"/c/{it}", data={"_token": "x"}),
        lambda it: phone.get(f"/c/{it}/again"),
        lambda it: phone.post(f"/c/{it}/again", data={}),
        lambda it: phone.post(f"/c/{it}/key", data={"key": "ABCD-EFGH-JK"}),
        lambda it: phone.get(f"/c/{it}", headers={"Accept": "application/json"}),
        lambda it: phone.post(f"/c/{it}", json={}),
        lambda it: phone.post("/c", data={"code": it}),
    )
    for way in ways:
        pages = [way(it) for it in (code, "23456789ABCDEF", "0O1IL", "x" * 300, "编号", "%00", "%ED%A0%80")]
        assert {page.status_code for page in pages} == {404}
        bodies = {re.sub(r' value="[^"]*"', "", page.text) for page in pages}
        assert len(bodies) == 1
        headers = [{name: value for name, value in page.headers if name != "Content-Length"} for page in pages]
        assert all(each == headers[0] for each in headers)


def test_a_code_is_typed_in_any_way_and_led_to_its_form(phone: FlaskClient, code: str) -> None:
    assert "ABCD-EFGH-JKMN-PQ" in phone.get("/c").text
    for typed in (
        shown(code),
        code.lower(),
        f" {shown(code).lower()} ",
        "".join(chr(ord(one) + 0xFEE0) for one in code),
    ):
        found = phone.post("/c", data={"code": typed})
        assert (found.status_code, found.location) == (303, f"/c/{code}")
    assert phone.get(f"/c/{shown(code).lower()}").location == f"/c/{code}"


def test_language_and_size_go_along_from_the_code_to_the_thanks(phone: FlaskClient, code: str) -> None:
    looks = "?lang=zh-Hans&size=large"
    assert phone.get(f"/c/{code.lower()}{looks}").location == f"/c/{code}{looks}"
    assert phone.post(f"/c{looks}", data={"code": code}).location == f"/c/{code}{looks}"
    assert phone.get(f"/c/{code}/again{looks}").location == f"/c/{code}{looks}"
    page = phone.get(f"/c/{code}{looks}").text
    form = as_form(valid_answers(), token_in(page)) | {"_language": "zh-Hans", "_size": "large"}
    sent = phone.post(f"/c/{code}?send=1", data=form)
    assert sent.location.endswith(looks)
    cookie = phone.get_cookie("change", path=f"/c/{code}")
    assert cookie is not None
    assert phone.post(f"/c/{code}/key{looks}", data={"key": cookie.value}).location == f"/c/{code}/again{looks}"
    assert 'name="size" value="large"' in phone.get(f"/c/{code}{looks}").text


def test_the_page_for_a_code_has_the_languages_and_the_sizes_of_the_form(phone: FlaskClient, code: str) -> None:
    page = phone.get("/c").text
    assert re.findall(r'name="_action" value="([^"]+)"', page) == ["show:large", "show:zh-Hans"]
    assert page.index('form="find" class="hidden"') < page.index('name="_action"')  # what Enter presses goes on
    half = code[:5].lower()
    large = phone.post("/c?lang=en", data={"code": half, "_action": "show:large"})
    assert large.status_code == 200
    assert 'class="large"' in large.text
    assert f'value="{half}"' in large.text
    assert "lang=en&amp;size=large" in large.text
    assert "We do not know" not in large.text
    assert 'class="large"' in phone.get("/c").text  # the phone remembers it
    chinese = phone.post("/c?lang=en&size=large", data={"code": half, "_action": "show:zh-Hans"}).text
    assert '<html lang="zh-Hans" class="large">' in chinese
    assert f'value="{half}"' in chinese
    normal = phone.post("/c?lang=en&size=large", data={"code": code, "_action": "show:normal"})
    assert 'class="large"' not in normal.text
    assert 'class="large"' not in phone.get("/c").text
    assert phone.post("/c?lang=en", data={"code": "", "_action": "show:xx"}).status_code == 200


def test_a_letters_form_says_that_the_day_is_kept_and_a_posters_the_time(
    posted: Field, phone: FlaskClient, code: str
) -> None:
    letter, poster = phone.get(f"/c/{code}").text, phone.get(f"/r/{posted.point.code}").text
    assert "the day and how long you took are kept" in letter
    assert "the time are kept" not in letter
    assert "the time are kept" in poster.replace("&#39;", "'")


def test_the_address_of_a_sampled_point_is_answered_like_an_unknown_one(posted: Field, phone: FlaskClient) -> None:
    point = posted.points[Mode.SAMPLED][0].code
    for make in (phone.get, phone.post):
        known, unknown = make(f"/r/{point}"), make("/r/23456789ABCDEF")
        assert (known.status_code, known.data) == (unknown.status_code, unknown.data) == (404, unknown.data)


def test_a_household_answers_anew_with_its_cookie_or_its_key(posted: Field, phone: FlaskClient, code: str) -> None:
    sent = send(phone, code, parks="neutral")
    key = re.findall(r'class="receipt">([^<]+)<', phone.get(sent.location).text)[1]
    cookie = next(value for value in sent.headers.getlist("Set-Cookie") if value.startswith("change="))
    assert f"Path=/c/{code}" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Answer once more" in phone.get(f"/c/{code}").text
    assert send(phone, code, "/again", parks="satisfied").status_code == 303
    other = posted.app.test_client()
    other.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert other.get(f"/c/{code}/again").status_code == 410
    assert other.post(f"/c/{code}/key", data={"key": key}).status_code == 422  # it went with the first answer
    (row,) = posted.rows()
    assert row["answers"]["parks"] == "satisfied"
    newest = phone.get_cookie("change", path=f"/c/{code}")
    assert newest is not None
    led = other.post(f"/c/{code}/key", data={"key": shown(newest.value).lower()})
    assert (led.status_code, led.location) == (303, f"/c/{code}/again")
    assert send(other, code, "/again", parks="dissatisfied").status_code == 303
    (row,) = posted.rows()
    assert row["answers"]["parks"] == "dissatisfied"


def test_a_replaced_answer_that_arrives_once_more_leaves_the_living_key(
    posted: Field, phone: FlaskClient, code: str
) -> None:
    token = token_in(phone.get(f"/c/{code}").text)
    send(phone, code, token=token, parks="neutral")
    send(phone, code, "/again", parks="satisfied")
    living = phone.get_cookie("change", path=f"/c/{code}")
    assert send(phone, code, token=token, parks="neutral").status_code == 303
    assert send(phone, code, token=token, parks="dissatisfied").status_code == 409
    assert phone.get_cookie("change", path=f"/c/{code}") == living
    assert phone.get(f"/c/{code}/again").status_code == 200


def test_a_second_form_on_the_same_phone_replaces_nothing_by_itself(
    posted: Field, phone: FlaskClient, code: str
) -> None:
    tokens = [token_in(phone.get(f"/c/{code}").text) for _ in range(2)]
    assert send(phone, code, token=tokens[0], parks="satisfied").status_code == 303
    assert send(phone, code, token=tokens[1], parks="neutral").status_code == 410
    (row,) = posted.rows()
    assert row["answers"]["parks"] == "satisfied"


def test_who_holds_a_letter_is_told_of_it_while_others_guess(phone: FlaskClient, code: str) -> None:
    sent = send(phone, code)
    while phone.get("/c/23456789ABCDEF").status_code == 404:
        pass
    thanks, used = phone.get(sent.location), phone.get(f"/c/{code}")
    assert (thanks.status_code, used.status_code, phone.get(f"/c/{code}/again").status_code) == (200, 410, 410)
    assert thanks.text.count('class="receipt"') == 2
    assert "Change key, from the page that thanked you" in used.text
    assert phone.post(f"/c/{code}/key", data={"key": "ABCD-EFGH-JK"}).status_code == 429


def test_where_answers_are_final_no_key_is_given(new_field: Callable[..., Field]) -> None:
    final = new_field(plan=letters_plan(replace_hours=0))
    (code, *_) = print_letters(final)
    phone = final.app.test_client()
    sent = send(phone, code)
    assert not any(cookie.startswith("change=") for cookie in sent.headers.getlist("Set-Cookie"))
    assert not any(cookie.startswith("shown=") for cookie in sent.headers.getlist("Set-Cookie"))
    thanks = phone.get(sent.location).text
    assert thanks.count('class="receipt"') == 1
    assert "<h2" not in thanks
    assert "<form" not in phone.get(f"/c/{code}").text


def test_a_letter_of_a_wave_that_is_over_says_so(posted: Field, phone: FlaskClient, code: str) -> None:
    posted.clock.forward(days=40)
    assert phone.get(f"/c/{code}").status_code == 410
    assert "The survey is over" in phone.get(f"/c/{code}").text


def test_no_title_and_no_log_holds_a_code(
    posted: Field, phone: FlaskClient, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent = send(phone, code)
    pages = [phone.get(path) for path in (f"/c/{code}", sent.location, f"/c/{code}/again", "/c")]
    for page in pages:
        title = re.search("<title>(.*?)</title>", page.text)
        assert title is not None
        assert code not in title[1]
        assert page.headers["Referrer-Policy"] == "no-referrer"
    assert code not in caplog.text
