"""The desk's page that makes letters, prints them once, and voids them."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from survey.services.make_letters import letters_of_wave
from tests.field import WAVE, Field
from tests.letters import letters_plan, print_letters
from tests.letters import send_form as send
from tests.web.desk import Desk, Visitor

CODE = re.compile(r"<b>([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{2})</b>")


@pytest.fixture
def posted(new_field: Callable[..., Field]) -> Field:
    """A wave that sends letters."""
    return new_field(plan=letters_plan())


@pytest.fixture
def letters_desk(posted: Field, new_desk: Callable[..., Desk]) -> Desk:
    """The desk of the office that sends these letters."""
    return new_desk()


ADDRESS = f"/desk/waves/{WAVE}/letters"


def make(visitor: Visitor, *points: int, request_id: UUID | None = None, **fields: Any) -> TestResponse:
    """Fill in the form."""
    told: dict[str, Any] = {"point": list(points), "letters": "10", "size": "A5", "contact": "0826-2345678"} | fields
    return visitor.post(ADDRESS, request=str(request_id or uuid4()), **told)


def test_the_desk_prints_letters_once_and_then_knows_numbers_only(posted: Field, letters_desk: Desk) -> None:
    organiser, request_id = letters_desk.signed_in(), uuid4()
    assert "No letters have been made yet." in organiser.get(ADDRESS).text
    page = make(organiser, 3, 4, request_id=request_id)
    assert (page.status_code, page.headers["Cache-Control"]) == (201, "no-store")
    codes = CODE.findall(page.text)
    assert len(set(codes)) == len(codes) == 20
    phone = posted.app.test_client()
    assert send(phone, codes[0].replace("-", "")).status_code == 303
    assert send(phone, codes[10].replace("-", "")).status_code == 303
    again = make(organiser, 3, 4, request_id=request_id)
    assert again.status_code == 409
    assert "shown once" in again.text
    shown_later = organiser.get(ADDRESS).text
    assert not [code for code in codes for page in (again.text, shown_later) if code in page]
    assert re.findall(r'<td class="number">(\d+) <small>\((10.0)%\)', shown_later) == [("1", "10.0"), ("1", "10.0")]
    assert "10.0%" in shown_later


def test_the_desk_voids_a_batch_whose_number_is_typed(posted: Field, letters_desk: Desk) -> None:
    organiser = letters_desk.signed_in()
    codes = CODE.findall(make(organiser, 3).text)
    (batch,) = letters_of_wave(posted.db, WAVE).batches
    phone = posted.app.test_client()
    assert organiser.post(f"{ADDRESS}/{batch.id}/void", confirm="9").status_code == 422
    assert phone.get(f"/c/{codes[0].replace('-', '')}").status_code == 200
    assert organiser.post(f"{ADDRESS}/{batch.id}/void", confirm="10").status_code == 303
    assert phone.get(f"/c/{codes[0].replace('-', '')}").status_code == 404
    assert "Voided" in organiser.get(ADDRESS).text
    assert organiser.post(f"{ADDRESS}/{uuid4()}/void", confirm="10").status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"letters": "9"}, "Make at least 10 letters"),
        ({"letters": "ten"}, "Say in digits"),
        ({"letters": "１０"}, "Say in digits"),
        ({"size": "A3"}, "A4 or A5"),
        ({"contact": ""}, "whom residents can ask"),
        ({"contact": "x" * 101}, "whom residents can ask"),
        ({"point": ["1"]}, "No letters go to point 1"),
        ({"point": ["x"]}, "at least one point"),
        ({"point": []}, "at least one point"),
    ],
)
def test_what_cannot_be_printed_is_refused_by_name(
    posted: Field, letters_desk: Desk, fields: dict[str, Any], said: str
) -> None:
    page = make(letters_desk.signed_in(), 3, **fields)
    assert page.status_code == 422
    assert said in page.text
    assert letters_of_wave(posted.db, WAVE).batches == ()


def test_analysts_look_and_make_nothing(posted: Field, letters_desk: Desk) -> None:
    analyst = letters_desk.signed_in("analyst")
    assert analyst.get(ADDRESS).status_code == 200
    assert '<form method="post" action="/desk/waves' not in analyst.get(ADDRESS).text
    assert make(analyst, 3).status_code == 403
    assert letters_desk.signed_in("volunteer").get(ADDRESS).status_code == 403


def test_a_wave_without_letters_says_how_to_plan_them(field: Field, new_desk: Callable[..., Desk]) -> None:
    assert "sends no letters" in new_desk().signed_in().get(ADDRESS).text


def test_the_code_is_called_the_same_in_the_letter_and_on_its_pages(posted: Field, letters_desk: Desk) -> None:
    organiser = letters_desk.signed_in()
    letter = make(organiser, 3).text
    phone, (code, *_) = posted.app.test_client(), print_letters(posted)
    send(phone, code)
    pages = [phone.get(f"{path}?lang=zh-Hans").text for path in ("/c", "/c/23456789ABCDEF", f"/c/{code}")]
    assert "<span>本信编号</span>" in letter
    assert '<label for="code">本信编号</label>' in pages[0]
    for page in (letter, *pages):
        assert "编号" in page
        assert "登记码" not in page
