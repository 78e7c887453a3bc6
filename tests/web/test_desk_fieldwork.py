"""The supervisors' board as a page: who sees it, what it says, and noting what came of a call-back."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from survey.domain.account import Role
from survey.domain.call_back import is_drawn
from survey.domain.wave import Mode
from survey.services.accounts import add_account
from survey.web.languages import LANGUAGES
from tests.field import NOW, SECRET, WAVE, Field, valid_answers
from tests.services.outing import enrolled, out
from tests.web.desk import PASSWORD, Desk, Visitor

PAGE = f"/desk/waves/{WAVE}/fieldwork"


@pytest.fixture
def office(field: Field, quick_hashing: None) -> Desk:
    """An open wave, and somebody of each role."""
    people = {role.value: add_account(field.db, role.value, role.value, PASSWORD, NOW) for role in Role}
    return Desk(field.app, field.db, field.clock, people)


def drawn_interview(field: Field, desk: Desk) -> UUID:
    """A complete interview on a tablet that the system draws."""
    tablet = out(field)
    chosen = next(each for each in iter(uuid4, None) if is_drawn(SECRET, each))
    record = tablet.record(valid_answers(), id=str(chosen), volunteer=desk.people["volunteer"].id)
    assert tablet.send(record)[0] == 201
    return chosen


def part(page: str, ident: str) -> str:
    """The text of the element of this id, up to the next element that has one."""
    found = re.search(rf'id="{ident}"[^>]*>(.*?)(?=<[^>]* id=")', page, re.DOTALL)
    assert found, ident
    return " ".join(re.sub(r"<[^>]*>", " ", found[1]).split())


def test_organisers_and_analysts_see_it_and_nobody_else(office: Desk) -> None:
    for role in ("organiser", "analyst"):
        assert office.signed_in(role).get(PAGE).status_code == 200
    assert office.signed_in("volunteer").get(PAGE).status_code == 403
    assert office.visitor().get(PAGE).status_code == 302
    assert office.signed_in().get("/desk/waves/no-such/fieldwork").status_code == 404


def test_the_wave_s_page_leads_to_it(office: Desk) -> None:
    assert f'href="{PAGE}"' in office.signed_in().get(f"/desk/waves/{WAVE}").text


def test_without_tablets_it_says_what_to_do(office: Desk) -> None:
    page = office.signed_in().get(PAGE).text
    assert "No tablet has been sent out in this wave yet." in page
    assert 'href="/desk/tablets"' in page
    assert 'href="/desk/tablets"' not in office.signed_in("analyst").get(PAGE).text.split("<main")[1]


def test_a_tablet_that_waits_at_the_office_is_named(field: Field, office: Desk) -> None:
    enrolled(field, "平板 9")
    assert "Enrolled, but not sent out in this wave · 平板 9" in office.signed_in().get(PAGE).text


def test_a_tablet_is_shown_with_where_it_is_and_what_it_holds(field: Field, office: Desk) -> None:
    tablet = out(field, "平板 3")
    tablet.ask("POST", "/ping", {"nonce": "n", "unsent": 4, "refused": 2, "assignment": None})
    said = part(office.signed_in().get(PAGE).text, f"tablet-{tablet.id}")
    assert "平板 3 ● in touch" in said
    assert "1 · Jiulong Subdistrict · square" in said
    assert "Unsent 4" in said
    assert "▲ 2" in said
    field.clock.forward(hours=3)
    said = part(office.signed_in().get(PAGE).text, f"tablet-{tablet.id}")
    assert "○ not heard of" in said
    assert "3 hours ago" in said


def test_the_counts_agree_and_a_lie_is_named(field: Field, office: Desk) -> None:
    tablet = out(field)
    tablet.send(tablet.record(valid_answers()))
    visitor = office.signed_in()
    said = part(visitor.get(PAGE).text, "mode-intercept")
    assert "● Counts agree interviews 1, counted by the quota cells 1; records 1, outcomes 1" in said
    with field.db.writing() as connection:
        connection.execute(
            text("UPDATE quota_cell SET completed = completed + 1 WHERE id = :id"), {"id": field.cell(sex="M").id}
        )
    said = part(visitor.get(PAGE).text, "mode-intercept")
    assert "▲ Counts do not agree Interviews 1, but counted by the quota cells 2." in said


def test_no_share_of_fewer_than_ten_is_a_percentage(field: Field, office: Desk) -> None:
    tablet = out(field)
    for _ in range(3):
        tablet.send(tablet.record({}, finish="refused", reason="no_time"))
    tablet.send(tablet.record(valid_answers()))
    visitor = office.signed_in()
    page = visitor.get(PAGE).text
    assert "3 of 4" in part(page, f"point-{field.point.code}")
    assert "75%" not in page
    for _ in range(6):
        tablet.send(tablet.record({}, finish="refused", reason="no_time"))
    assert "90% 9/10" in part(visitor.get(PAGE).text, f"point-{field.point.code}")


def test_every_mode_has_its_points_and_posters_have_no_refusals(field: Field, office: Desk) -> None:
    poster = field.points[Mode.OPEN_QR][0]
    field.receive(valid_answers(), point_code=poster.code)
    said = part(office.signed_in().get(PAGE).text, f"point-{poster.code}")
    assert said.startswith("4 · Jiulong Subdistrict · square 1 ")
    assert said.endswith("2026-11-02 09:25")


@pytest.mark.parametrize("role", ["organiser", "analyst"])
def test_a_finding_is_noted_with_who_noted_it_and_can_be_changed(field: Field, office: Desk, role: str) -> None:
    response_id = drawn_interview(field, office)
    visitor = office.signed_in(role)
    where = f"{PAGE}/call-backs/{response_id}"
    assert f'action="{where}"' in visitor.get(PAGE).text
    answer = visitor.post(where, finding="doubtful")
    assert (answer.status_code, answer.location) == (303, f"{PAGE}#call-backs")
    page = visitor.get(PAGE).text
    assert "The finding is noted." in page
    said = part(page + '<i id="end">', f"call-back-{response_id}")
    assert f"▲ Doubtful {role} · 2026-11-02 09:30" in said
    assert visitor.post(where, finding="confirmed").status_code == 303
    assert "● Confirmed" in part(visitor.get(PAGE).text + '<i id="end">', f"call-back-{response_id}")


def test_a_finding_that_cannot_be_is_refused(field: Field, office: Desk) -> None:
    response_id, visitor = drawn_interview(field, office), office.signed_in()
    where = f"{PAGE}/call-backs"
    assert visitor.post(f"{where}/{response_id}", finding="fine").status_code == 400
    assert visitor.post(f"{where}/{response_id}").status_code == 400
    assert visitor.post(f"{where}/{uuid4()}", finding="confirmed").status_code == 404
    assert visitor.post(f"{where}/x", finding="confirmed").status_code == 404
    assert office.signed_in("volunteer").post(f"{where}/{response_id}", finding="confirmed").status_code == 403
    assert visitor.post(f"{where}/{response_id}", finding="confirmed", csrf_token="").status_code == 400
    assert "Asked already" not in visitor.get(PAGE).text


def refresh(visitor: Visitor, *, unattended: bool) -> int:
    """The page as its own script asks for it."""
    headers = {"Accept-Language": "en"} | ({"Unattended": "1"} if unattended else {})
    return visitor.client.get(PAGE, base_url=visitor.base_url, headers=headers).status_code


@pytest.mark.parametrize(("unattended", "status"), [(True, 302), (False, 200)])
def test_a_screen_that_nobody_touches_signs_out_in_the_usual_time(office: Desk, unattended: bool, status: int) -> None:
    visitor = office.signed_in()
    visitor.get(PAGE)
    for _ in range(7):  # ten minutes each; an hour is the limit
        office.clock.forward(minutes=10)
        told = refresh(visitor, unattended=unattended)
    assert told == status


def test_a_refresh_of_its_own_does_not_use_up_a_message(field: Field, office: Desk) -> None:
    visitor = office.signed_in()
    visitor.post(f"{PAGE}/call-backs/{drawn_interview(field, office)}", finding="confirmed")
    refresh(visitor, unattended=True)
    assert "The finding is noted." in visitor.get(PAGE).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_whole_at_every_stage_in_every_language(field: Field, office: Desk, language: str) -> None:
    visitor = office.signed_in()
    enrolled(field, "平板 9")
    tablet = out(field)
    for number in range(12):
        tablet.send(tablet.record(valid_answers(sex="FM"[number % 2]), elapsed_ms=100_000 + number))
        tablet.send(tablet.record({}, finish="refused", reason="other"))
    tablet.turn = str(uuid4())
    began = (NOW - timedelta(minutes=1)).isoformat()
    turn = {"id": tablet.turn, "assignment": tablet.outing["id"], "volunteer": office.people["volunteer"].id}
    tablet.ask("POST", "/turns", {"turns": [turn | {"began": began, "ended": began, "passed": 9}]})
    for days in (0, 2, 60):
        office.clock.now = NOW + timedelta(days=days)
        visitor.sign_in("organiser")
        answer = visitor.get(PAGE, language)
        assert answer.status_code == 200
        assert f'lang="{language}"' in answer.text
        idents = re.findall(r' id="([^"]+)"', answer.text)
        assert len(idents) == len(set(idents))


def test_a_draft_has_a_board_too(new_field: Callable[..., Field], quick_hashing: None) -> None:
    field = new_field(opened=False)
    people = {role.value: add_account(field.db, role.value, role.value, PASSWORD, NOW) for role in Role}
    page = Desk(field.app, field.db, field.clock, people).signed_in().get(PAGE)
    assert page.status_code == 200
