"""The page of the neighbourhoods against the target: what it shows, what it withholds, what it makes of odd wishes."""

import re
from collections.abc import Callable
from html import unescape

import pytest

from survey.domain.account import Role
from survey.domain.wave import Mode
from survey.services.accounts import add_account
from survey.services.neighbourhoods import MIN_ANSWERS
from survey.web.languages import LANGUAGES
from tests.field import AREAS, NOW, WAVE, Field, plan_text
from tests.services.test_neighbourhoods import ask
from tests.web.desk import PASSWORD, Desk

PAGE = f"/desk/waves/{WAVE}/risk"


@pytest.fixture
def wide(new_field: Callable[..., Field], quick_hashing: None) -> Field:
    return new_field(plan=plan_text(samples={Mode.INTERCEPT: 600}))


@pytest.fixture
def office(wide: Field) -> Desk:
    people = {role.value: add_account(wide.db, role.value, role.value, PASSWORD, NOW) for role in Role}
    return Desk(wide.app, wide.db, wide.clock, people)


def lines(page: str, ident: str) -> list[str]:
    """The rows of the table under a heading, without the markup."""
    part = page.split(f'id="{ident}"')[1].split("<h2", maxsplit=1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
    return [unescape(" ".join(re.sub(r"<[^>]*>", " ", row).split())) for row in rows]


def test_the_most_serious_come_first_each_with_its_chance_interval_and_place(wide: Field, office: Desk) -> None:
    for area, (yes, no) in zip(AREAS, ((14, 0), (12, 2), (9, 5), (2, 12)), strict=False):
        ask(wide, area, yes, no)
    page = office.signed_in("analyst").get(f"{PAGE}?all=1").text
    head, first, *rest = lines(page, "list")
    assert head == "Neighbourhood Flag Chance below Modelled rate 95% interval Place What would settle it"
    assert re.search(r"▲ at risk .*> 99% \d+% \d+%–\d+% \d+–\d+ settled$", first), first
    chances = [int(found[1]) for row in rest if (found := re.search(r" (\d+)% \d+%", row))]
    assert chances == sorted(chances, reverse=True)
    assert "predicted" in rest[-1] or any("predicted" in row for row in rest)


def test_a_neighbourhood_with_few_answers_has_the_numbers_of_one_without(wide: Field, office: Desk) -> None:
    ask(wide, AREAS[0], 8, 2)
    ask(wide, AREAS[2], 0, MIN_ANSWERS - 1)
    rows = lines(office.signed_in("analyst").get(f"{PAGE}?all=1").text, "list")
    predicted = [row for row in rows if "predicted" in row and "Yuechi" in row]
    # All that differs is the name and, by a lot among equals, the place.
    assert len({re.sub(r"^.*Yuechi County |\d+–\d+ (?=\d+ more|too|settled)", "", row) for row in predicted}) == 1
    assert len(predicted) > 10


def test_a_filter_shows_its_kind_only_and_says_when_nothing_fits(wide: Field, office: Desk) -> None:
    ask(wide, AREAS[0], 14, 0)
    ask(wide, AREAS[1], 1, 13)
    visitor = office.signed_in("analyst")
    assert all("▲ at risk" in row for row in lines(visitor.get(f"{PAGE}?flag=at_risk&all=1").text, "list")[1:])
    assert "Nothing fits this choice." in visitor.get(f"{PAGE}?district=999999").text


@pytest.mark.parametrize(
    "query",
    [
        "indicator=none",
        "evaluation=-1&deff=0&interviews=0",
        "evaluation=abc&deff=nan&interviews=9999999",
        "flag=x&all=1",
    ],
)
def test_odd_wishes_are_taken_for_the_usual_ones(wide: Field, office: Desk, query: str) -> None:
    ask(wide, AREAS[0], 8, 2)
    page = office.signed_in("analyst").get(f"{PAGE}?{query}")
    assert page.status_code == 200
    assert 'name="evaluation" type="number" min="1" max="100000" value="450"' in page.text
    assert 'value="2.0"' in page.text
    assert 'name="interviews" type="number" min="5" max="2000" value="200"' in page.text


def test_the_outlook_follows_the_evaluation_that_was_asked_for(wide: Field, office: Desk) -> None:
    ask(wide, AREAS[0], 14, 1)
    visitor = office.signed_in("analyst")
    assert lines(visitor.get(f"{PAGE}?evaluation=20").text, "outlook") != lines(
        visitor.get(f"{PAGE}?evaluation=2000").text, "outlook"
    )


def test_a_wave_without_answers_says_so(office: Desk) -> None:
    assert "so nothing can be said about neighbourhoods" in office.signed_in("analyst").get(PAGE).text


def test_the_page_is_whole_in_both_languages_and_the_wave_leads_to_it(wide: Field, office: Desk) -> None:
    ask(wide, AREAS[0], 8, 2)
    visitor = office.signed_in("organiser")
    assert f'href="{PAGE}"' in visitor.get(f"/desk/waves/{WAVE}").text
    for language in LANGUAGES:
        page = visitor.get(PAGE, language=language)
        assert page.status_code == 200
        assert all(f'id="{ident}"' in page.text for ident in ("glance", "outlook", "list", "next"))


def test_only_organisers_and_analysts_see_it(office: Desk) -> None:
    assert office.signed_in("volunteer").get(PAGE).status_code == 403
    assert office.signed_in("analyst").get("/desk/waves/no-such/risk").status_code == 404
