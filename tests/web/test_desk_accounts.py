"""The pages on which organisers keep accounts, and everybody their own password."""

import re

import pytest

from tests.web.desk import OTHER_PASSWORD, PASSWORD, Desk


def test_organisers_add_accounts(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    added = visitor.post("/desk/accounts", name="王芳", role="analyst", password=PASSWORD)
    assert (added.status_code, added.location) == (303, "/desk/accounts")
    assert "王芳" in visitor.get("/desk/accounts").text
    assert desk_app.visitor().sign_in("王芳").status_code == 303


def test_an_account_that_cannot_be_added_says_why_at_its_field(desk_app: Desk) -> None:
    answer = desk_app.signed_in().post("/desk/accounts", name="analyst", role="analyst", password=PASSWORD)
    assert answer.status_code == 422
    assert re.search(r'id="new-name-problem">There is an account of this name already', answer.text)
    assert 'href="#new-name"' in answer.text
    assert f'value="{PASSWORD}"' not in answer.text
    answer = desk_app.signed_in().post("/desk/accounts", name="y", role="king", password="short")
    assert answer.text.count('class="problem"') == 3


def test_organisers_disable_enable_and_give_new_passwords(desk_app: Desk) -> None:
    organiser, analyst = desk_app.signed_in(), desk_app.signed_in("analyst")
    where = f"/desk/accounts/{desk_app.people['analyst'].id}"
    assert organiser.post(f"{where}/disable").status_code == 303
    assert not analyst.is_signed_in
    assert "○ disabled" in organiser.get("/desk/accounts").text
    assert organiser.post(f"{where}/enable").status_code == 303
    refused = organiser.post(f"{where}/password", password="short")
    assert refused.status_code == 422
    assert "at least 10 characters" in refused.text
    assert organiser.get(f"{where}/password").location == where
    assert organiser.get(where).status_code == 200
    assert organiser.post(f"{where}/password", password=OTHER_PASSWORD).status_code == 303
    assert analyst.sign_in("analyst").status_code == 422
    assert analyst.sign_in("analyst", OTHER_PASSWORD).status_code == 303


def test_the_last_organiser_stays(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    answer = visitor.post(f"/desk/accounts/{desk_app.people['organiser'].id}/disable")
    assert answer.status_code == 422
    assert "last organiser" in answer.text
    assert visitor.is_signed_in


@pytest.mark.parametrize("number", ["99", "999999999999999999999", "x", "-1"])
def test_an_account_that_is_not_there_is_not_found(desk_app: Desk, number: str) -> None:
    visitor = desk_app.signed_in()
    assert visitor.get(f"/desk/accounts/{number}").status_code == 404
    for change in ("disable", "enable", "password"):
        assert visitor.post(f"/desk/accounts/{number}/{change}", password=PASSWORD).status_code == 404


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"current": "a wrong guess"}, "current", "not your password"),
        ({"again": "seven"}, "again", "not the same"),
        ({"password": "short", "again": "short"}, "password", "at least 10 characters"),
        ({"password": "1234567890", "again": "1234567890"}, "password", "strangers try"),
    ],
)
def test_a_password_that_is_not_changed_says_why_at_its_field(
    desk_app: Desk, fields: dict[str, str], field: str, text: str
) -> None:
    visitor = desk_app.signed_in("analyst")
    whole = {"current": PASSWORD, "password": OTHER_PASSWORD, "again": OTHER_PASSWORD} | fields
    answer = visitor.post("/desk/account", **whole)
    assert answer.status_code == 422
    problem = re.search(rf'id="{field}-problem">([^<]+)<', answer.text)
    assert problem
    assert text in problem[1]
    assert f'href="#{field}"' in answer.text
    for value in whole.values():
        assert f'value="{value}"' not in answer.text
    assert desk_app.visitor().sign_in("analyst").status_code == 303
