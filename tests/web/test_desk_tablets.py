"""The pages on which organisers enrol tablets, take their access away and bring in what they could not send."""

import base64
import io
import json
import logging
import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page
from werkzeug.test import TestResponse

from survey.domain.submission import CODE_ALPHABET
from survey.services.accounts import add_account
from survey.services.tablets import enrol, list_tablets, new_enrolment, note_seen, read_tablet
from survey.services.volunteer_pins import has_pin
from tests.field import NOW, Field, valid_answers
from tests.tablet_client import Tablet, through
from tests.web.desk import PASSWORD, Desk, Visitor

CODE = re.compile(rf"<code>([{CODE_ALPHABET}]{{5}} [{CODE_ALPHABET}]{{5}} [{CODE_ALPHABET}]{{4}})</code>")
PIN = "493817"


def code_in(answer: TestResponse) -> str:
    """The code that a page shows."""
    found = CODE.search(answer.text)
    assert found, answer.text
    return found[1].replace(" ", "")


def enrolled(desk: Desk, label: str = "平板 1") -> UUID:
    """A tablet."""
    return enrol(desk.db, new_enrolment(desk.db, label, NOW).code, uuid4(), "0" * 64, NOW)[0].id


def test_a_tablet_is_enrolled_with_the_code_that_the_page_shows(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    assert "No tablet has been enrolled yet." in visitor.get("/desk/tablets").text
    answer = visitor.post("/desk/tablets", label=" 平板 １ ")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert "30 minutes" in answer.text
    assert "Valid until 2026-11-02 10:00" in answer.text
    page = visitor.get("/desk/tablets")
    assert "Codes that wait for their tablet" in page.text
    tablet = Tablet(through(desk_app.app), desk_app.clock)
    assert tablet.enrol(code_in(answer))[0] == 201
    page = visitor.get("/desk/tablets")
    assert "Codes that wait for their tablet" not in page.text
    assert re.search(r"平板 1</a></th>\s*<td[^>]*>● enrolled</td>", page.text)


def test_the_code_is_in_the_page_once_and_nowhere_else(desk_app: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = desk_app.signed_in()
    code = code_in(answer := visitor.post("/desk/tablets", label="平板 1"))
    spaced = re.sub(r"\s", "", answer.text)
    assert spaced.count(code) == 1
    assert code not in str(answer.headers) + str(visitor.session(desk_app.app)) + caplog.text
    for path in ("/desk/tablets", "/desk/accounts"):
        assert code not in re.sub(r"\s", "", visitor.get(path).text)


def test_the_qr_code_leads_from_its_pixels_to_the_app_with_the_code_behind_the_hash(
    new_desk: Callable[..., Desk], phone: Page
) -> None:
    desk = new_desk(public_url="https://survey.example.org")
    visitor = desk.signed_in()
    answer = visitor.post("/desk/tablets", label="平板 1")
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', answer.text)
    assert picture
    phone.set_content(f'<img width="240" height="240" src="data:image/svg+xml;base64,{picture[1]}">')
    seen = Image.open(io.BytesIO(phone.screenshot()))
    read = [code.text for code in zxingcpp.read_barcodes(seen)]
    assert read == [f"https://survey.example.org/tablet/#enrol={code_in(answer)}"]
    assert "https://survey.example.org/tablet/" in answer.text
    assert base64.b64decode(picture[1]).startswith(b"<svg")


@pytest.mark.parametrize(
    ("public_url", "warned"),
    [("http://10.0.0.7:8000", True), ("http://127.0.0.1:8000", False), ("http://localhost", False)],
)
def test_an_address_that_keeps_tablets_from_working_offline_is_warned_of(
    new_desk: Callable[..., Desk], public_url: str, warned: bool
) -> None:
    visitor = new_desk(public_url=public_url).signed_in()
    assert ("does not begin with" in visitor.get("/desk/tablets").text) == warned


def test_a_label_that_will_not_do_says_why_at_its_field(desk_app: Desk) -> None:
    enrolled(desk_app)
    visitor = desk_app.signed_in()
    for label, text in (("平板 1", "There is a tablet of this label already"), ("", "1 to 40 characters")):
        answer = visitor.post("/desk/tablets", label=label)
        assert answer.status_code == 422
        assert re.search(rf'id="label-problem">[^<]*{text}', answer.text)
        assert 'href="#label"' in answer.text
        assert f'value="{label}"' in answer.text
    assert len(list_tablets(desk_app.db, NOW)[0]) == 1


def test_a_code_that_nobody_has_used_can_be_withdrawn(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    code = code_in(visitor.post("/desk/tablets", label="平板 1"))
    assert visitor.post("/desk/tablets/withdraw", label="平板 1").location == "/desk/tablets"
    assert "no longer valid" in visitor.get("/desk/tablets").text
    assert Tablet(through(desk_app.app), desk_app.clock).enrol(code)[0] == 422
    visitor.post("/desk/tablets/withdraw", label="平板 1")
    assert "had been used or had ended" in visitor.get("/desk/tablets").text
    assert visitor.get("/desk/tablets/withdraw").location == "/desk/tablets"


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        (timedelta(seconds=119), None),
        (timedelta(seconds=-120), None),
        (timedelta(seconds=181), "◆ 3 minutes slow"),
        (timedelta(minutes=-61), "◆ 61 minutes fast"),
        (timedelta(hours=-8), "◆ 8 hours fast"),
        (timedelta(days=400), "◆ 24 days slow"),
        (None, None),
    ],
)
def test_a_clock_that_is_off_is_said_in_words(desk_app: Desk, offset: timedelta | None, said: str | None) -> None:
    device = read_tablet(desk_app.db, enrolled(desk_app))
    note_seen(desk_app.db, device, now=NOW, unsent=12, refused=1, offset=offset, release="")
    text = desk_app.signed_in().get("/desk/tablets").text
    assert re.findall(r"◆[^<\n]*", text) == ([] if said is None else [said])
    assert ">12</td>" in text


def test_access_is_taken_away_only_when_the_label_was_typed(desk_app: Desk) -> None:
    device_id = enrolled(desk_app)
    visitor, where = desk_app.signed_in(), f"/desk/tablets/{device_id}"
    page = visitor.get(where).text
    for promise in ("Nothing is erased from the tablet", "rescue file", "come free when their grant ends"):
        assert promise in page
    refused = visitor.post(f"{where}/revoke", confirm="平板")
    assert refused.status_code == 422
    assert "as it stands above" in refused.text
    assert read_tablet(desk_app.db, device_id).revoked_at is None
    assert visitor.get(f"{where}/revoke").location == where
    assert visitor.post(f"{where}/revoke", confirm=" 平板 １").location == "/desk/tablets"
    assert read_tablet(desk_app.db, device_id).revoked_at == NOW
    assert "○ revoked" in visitor.get("/desk/tablets").text
    page = visitor.get(where).text
    assert "can no longer send" in page
    assert "/revoke" not in page


@pytest.mark.parametrize("number", ["8a1d4c1e-6f0b-4b9e-9a53-0d6d2f5f7c11", "1", "x"])
def test_a_tablet_that_is_not_there_is_not_found(desk_app: Desk, number: str) -> None:
    visitor = desk_app.signed_in()
    assert visitor.get(f"/desk/tablets/{number}").status_code == 404
    assert visitor.post(f"/desk/tablets/{number}/revoke", confirm="x").status_code == 404


def test_only_organisers_see_tablets(desk_app: Desk) -> None:
    assert 'href="/desk/tablets"' in desk_app.signed_in().get("/desk/").text
    analyst = desk_app.signed_in("analyst")
    assert 'href="/desk/tablets"' not in analyst.get("/desk/").text
    for role in ("analyst", "volunteer"):
        visitor = desk_app.signed_in(role)
        for path in ("/desk/tablets", "/desk/tablets/rescue", f"/desk/tablets/{enrolled(desk_app, role)}"):
            assert visitor.get(path).status_code == 403
        assert visitor.post("/desk/tablets", label="x").status_code == 403


def bring_in(visitor: Visitor, content: bytes, name: str = "rescue.json") -> TestResponse:
    """Upload a file."""
    return visitor.post("/desk/tablets/rescue", file=(io.BytesIO(content), name))


def test_a_rescue_file_is_brought_in_and_told_by_number_without_a_word_of_it(field: Field, quick_hashing: None) -> None:
    add_account(field.db, "organiser", "organiser", PASSWORD, field.clock.now)
    visitor = Visitor(field.app.test_client())
    visitor.sign_in("organiser")
    tablet = Tablet(through(field.app), field.clock)
    tablet.enrol(code_in(visitor.post("/desk/tablets", label="平板 1")))
    tablet.take(field.point.code, tablet.ask("GET", "/offers")[1]["shifts"][0]["code"])
    mark = "一句只有本人才说的话"
    known, new = (tablet.record(valid_answers(comment=mark)) for _ in range(2))
    tablet.send(known)
    records = [known, new, tablet.record(valid_answers(times=5), id=known["id"]), new | {"sealed": mark}]
    tree = {"format": "minsheng-rescue-1", "device": tablet.id, "label": "平板 1", "records": records}
    device_page = f"/desk/tablets/{tablet.id}"
    assert visitor.post(f"{device_page}/revoke", confirm="平板 1").status_code == 303
    answer = bring_in(visitor, json.dumps(tree).encode())
    assert answer.status_code == 200
    facts = dict(re.findall(r"<li>([^<]+) <b>(\d+)</b></li>", answer.text))
    assert facts == {
        "Records in the file": "4",
        "New": "1",
        "Known already": "1",
        "Kept beside the first": "1",
        "Refused records": "1",
    }
    assert re.search(r'<th scope="row">4</th><td class="reason"><b>sealed</b> This record does not open', answer.text)
    assert mark not in answer.text
    assert len(field.rows()) == 2


def test_a_file_that_is_no_rescue_file_changes_nothing(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    assert visitor.get("/desk/tablets/rescue").status_code == 200
    for answer, text in (
        (visitor.post("/desk/tablets/rescue"), "Choose a file."),
        (bring_in(visitor, b"hello"), "This is not a rescue file of a tablet."),
    ):
        assert answer.status_code == 422
        assert text in answer.text
    assert list_tablets(desk_app.db, NOW) == ([], [])


def test_organisers_give_volunteers_pins(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    assert "no PIN for tablets" in visitor.get("/desk/accounts").text
    where = f"/desk/accounts/{desk_app.people['volunteer'].id}"
    assert "has no PIN yet" in visitor.get(where).text
    for pin, text in (("12345", "A PIN is 6 digits."), ("123456", "one of the first that strangers try")):
        refused = visitor.post(f"{where}/pin", pin=pin)
        assert refused.status_code == 422
        assert re.search(rf'id="pin-problem">[^<]*{text}', refused.text)
        assert f'value="{pin}"' not in refused.text
    assert not has_pin(desk_app.db, desk_app.people["volunteer"].id)
    assert visitor.get(f"{where}/pin").location == where
    answer = visitor.post(f"{where}/pin", pin=PIN)
    assert answer.status_code == 303
    assert PIN not in answer.text + str(answer.headers) + str(visitor.session(desk_app.app))
    assert "This volunteer has a PIN." in visitor.get(where).text
    assert "no PIN for tablets" not in visitor.get("/desk/accounts").text


def test_only_volunteers_have_a_pin_and_only_organisers_give_it(desk_app: Desk) -> None:
    visitor, analyst = desk_app.signed_in(), desk_app.people["analyst"].id
    assert "PIN" not in visitor.get(f"/desk/accounts/{analyst}").text
    assert visitor.post(f"/desk/accounts/{analyst}/pin", pin=PIN).status_code == 422
    assert visitor.post("/desk/accounts/99/pin", pin=PIN).status_code == 404
    volunteer = desk_app.people["volunteer"].id
    for role in ("analyst", "volunteer"):
        assert desk_app.signed_in(role).post(f"/desk/accounts/{volunteer}/pin", pin=PIN).status_code == 403
    assert not has_pin(desk_app.db, volunteer)


def test_after_a_new_volunteer_comes_the_page_for_the_pin(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    added = visitor.post("/desk/accounts", name="李伟", role="volunteer", password=PASSWORD)
    page = visitor.get(added.location)
    assert "needs a PIN as well" in page.text
    assert 'name="pin"' in page.text
