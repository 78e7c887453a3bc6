"""Lists of areas on a tablet: the worker has them or nobody has, so an interview opens all the same."""

import pytest

from tests.tablet.conftest import Device

_FORM = """
  const { fillLists } = await import(`/static/${given.release}/instrument/areas.mjs`);
  const form = document.createElement("form");
  form.dataset.frame = 1;
  form.innerHTML = '<select name="home__street"><option></option><option selected>511681001</option></select>'
    + '<select name="home"><option></option></select>';
  document.body.append(form);
  const [street, home] = form.elements;
"""


@pytest.fixture
def given_up(device: Device) -> Device:
    """A page that gets no list."""
    device.load()
    device.page.route("**/areas/**", lambda route: route.abort())
    return device


def test_a_draft_asks_once(given_up: Device, rough_network: None) -> None:
    told = given_up.run(
        f"{_FORM} return [await fillLists(form, street, 1), home.length]", {"release": given_up.street.release}
    )
    assert told == [False, 1]


def test_a_form_that_has_left_the_page_asks_no_more(given_up: Device, rough_network: None) -> None:
    asked: list[str] = []
    given_up.page.on("request", lambda request: asked.append(request.url))
    script = f"""{_FORM}
      const filled = fillLists(form, street);
      await new Promise((done) => setTimeout(done, 100));
      form.remove();
      for (let times = 0; times < 3; times += 1) {{
        dispatchEvent(new Event("online"));
        await new Promise((done) => setTimeout(done, 50));
      }}
      return filled;
    """
    assert given_up.run(script, {"release": given_up.street.release}) is False
    assert len([url for url in asked if "/areas/" in url]) == 1


@pytest.mark.parametrize(("status", "body"), [(404, "{}"), (200, '{"welcome": "to our hotel"}'), (200, "<html>")])
def test_what_is_no_list_fills_nothing(device: Device, rough_network: None, status: int, body: str) -> None:
    device.load()
    device.page.route("**/areas/**", lambda route: route.fulfill(status=status, body=body))
    told = device.run(
        f"{_FORM} return [await fillLists(form, street, 1), home.length]", {"release": device.street.release}
    )
    assert told == [status == 404, 1]
