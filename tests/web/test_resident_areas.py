"""The three lists of areas on the resident's form: around the poster at first, then after what was chosen."""

import re

import pytest
from flask.testing import FlaskClient

from survey.domain.wave import Mode
from tests.field import AREA, HUAYING_AREA, OTHER_STREET_AREA, STREET, Field, as_form, valid_answers
from tests.frames.excerpt import HUAYING, YUECHI


@pytest.fixture
def client(field: Field) -> FlaskClient:
    """A phone whose browser prefers English."""
    client = field.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def url(field: Field) -> str:
    """The address behind the first poster's code."""
    return f"/r/{field.point.code}"


def lists_of(page: str) -> dict[str, tuple[list[str], str]]:
    """Of each list of areas: the codes to choose from, and the one that is chosen."""
    found = {}
    for name, options in re.findall(r'<select name="(home[a-z_]*)".*?>(.*?)</select>', page, re.DOTALL):
        codes = re.findall(r'<option value="(\d+)"', options)
        found[name] = (codes, "".join(re.findall(r'<option value="(\d+)" selected', options)))
    return found


def test_the_lists_of_areas_begin_around_the_poster(client: FlaskClient, field: Field) -> None:
    lists = lists_of(client.get(url(field)).text)
    assert lists["home__district"] == ([YUECHI, HUAYING], YUECHI)
    assert lists["home__street"][1] == STREET
    assert AREA in lists["home"][0]
    assert lists["home"][1] == ""


def test_nobody_s_neighbourhood_is_filled_in_for_them(client: FlaskClient, field: Field) -> None:
    at_a_neighbourhood = next(point for point in field.points[Mode.INTERCEPT] if point.area_code == AREA)
    lists = lists_of(client.get(f"/r/{at_a_neighbourhood.code}").text)
    assert lists["home__street"][1] == STREET
    assert AREA in lists["home"][0]
    assert lists["home"][1] == ""


def test_a_district_chosen_without_script_brings_its_streets_and_unchooses_what_lies_elsewhere(
    client: FlaskClient, field: Field
) -> None:
    form = as_form(valid_answers(), field.token(), "show", home__district=HUAYING, home__street=STREET)
    lists = lists_of(client.post(url(field), data=form).text)
    assert lists["home__district"][1] == HUAYING
    assert all(code.startswith(HUAYING) for code in lists["home__street"][0])
    assert lists["home__street"][1] == lists["home"][1] == ""


def test_an_answer_outside_the_chosen_street_is_not_sent(client: FlaskClient, field: Field) -> None:
    form = as_form(valid_answers(area=HUAYING_AREA), field.token(), home__district=YUECHI, home__street=STREET)
    refused = client.post(url(field), data=form)
    assert refused.status_code == 422
    assert '<a href="#home">Question 3</a>' in refused.text
    assert field.rows() == []


def test_a_town_without_listed_neighbourhoods_can_be_chosen_with_and_without_script(
    client: FlaskClient, field: Field
) -> None:
    chosen = {"home__district": YUECHI, "home__street": OTHER_STREET_AREA}
    form = as_form(valid_answers(home=None), field.token(), "show", **chosen)
    assert lists_of(client.post(url(field), data=form).text)["home"][0] == [OTHER_STREET_AREA]
    frame_id = re.search(r'data-frame="(\d+)"', client.get(url(field)).text)
    assert frame_id
    below = client.get(f"/areas/{frame_id[1]}/{OTHER_STREET_AREA}.json").json
    assert [area[0] for area in below or []] == [OTHER_STREET_AREA]
    sent = client.post(url(field), data=as_form(valid_answers(area=OTHER_STREET_AREA), field.token(), **chosen))
    assert sent.status_code == 303
