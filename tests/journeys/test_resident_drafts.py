"""Drafts on a phone that several people use: nobody's is overwritten, shown or erased without being asked, none is kept
for long, and who takes no part leaves nothing."""

import json
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser import BrowserErrors
from tests.field import HUAYING_AREA
from tests.frames.excerpt import HUAYING, YUECHI
from tests.journeys.conftest import Street
from tests.journeys.resident import ENGLISH, Resident, fill_in

LISTS = (("home__district", HUAYING), ("home__street", HUAYING_AREA[:9]), ("home", HUAYING_AREA))
DRAFTS = "Object.keys(localStorage).filter((name) => name.startsWith('draft:'))"


def begin(page: Page, street: Street, parks: str) -> Resident:
    """Somebody opens the form anew, and is interrupted before sending it."""
    page.goto(street.form)
    somebody = Resident(page)
    fill_in(somebody)
    somebody.tap("parks", parks)
    return somebody


def send(somebody: Resident) -> None:
    """Send it, and see the receipt."""
    somebody.send()
    somebody.receipt()


def test_who_sends_with_somebody_s_phone_leaves_the_other_s_draft_alone(english_phone: Page, street: Street) -> None:
    begin(english_phone, street, "dissatisfied")
    tab = english_phone.context.new_page()
    second = begin(tab, street, "satisfied")
    english_phone.close()
    send(second)
    tab.goto(street.form)
    tab.get_by_role("button", name="Go on with them").tap()
    expect(tab.get_by_text("are filled in again")).to_be_visible()
    assert second.chosen("parks") == ["dissatisfied"]
    send(second)
    assert tab.evaluate(DRAFTS) == []


def test_two_who_were_interrupted_find_each_their_own(english_phone: Page, street: Street) -> None:
    begin(english_phone, street, "dissatisfied")
    other = english_phone.context.new_page()
    begin(other, street, "neutral")
    third = english_phone.context.new_page()
    third.goto(street.form)
    somebody = Resident(third)
    go_on = third.get_by_role("button", name="Go on with them")
    expect(go_on).to_have_count(2)
    assert somebody.chosen("parks") == []
    somebody.tap("age", "55+")
    go_on.nth(1).tap()  # the older one
    expect(third.get_by_text("are filled in again")).to_be_visible()
    assert somebody.chosen("parks") == ["dissatisfied"]
    assert somebody.chosen("age") == ["18-34"]
    send(somebody)
    assert len(third.evaluate(DRAFTS)) == 1, "of what was tapped before nothing is left, and the other waits"
    third.goto(street.form)
    third.get_by_role("button", name="Clear them").tap()
    expect(third.locator("#draft")).to_be_hidden()
    assert third.evaluate(DRAFTS) == []


def test_who_has_begun_is_not_led_to_the_receipt_of_somebody_else(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    before, context = street.stored(), english_phone.context
    first = begin(english_phone, street, "neutral")
    tab = context.new_page()
    second = begin(tab, street, "satisfied")
    context.set_offline(True)
    first.send()
    expect(english_phone.locator("#sending-text")).to_contain_text("There is no network")
    english_phone.close()
    context.set_offline(False)
    tab.reload()
    expect(tab.get_by_text("are filled in again")).to_be_visible()
    tab.wait_for_function("() => !JSON.stringify(localStorage).includes('neutral')")
    assert street.stored() == before + 1
    assert second.chosen("parks") == ["satisfied"]
    send(second)
    assert street.stored() == before + 2


def test_no_draft_is_older_than_a_day_on_whatever_page_the_phone_comes_back(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("status of 404")
    begin(english_phone, street, "neutral")
    (name,) = english_phone.evaluate(DRAFTS)
    english_phone.evaluate(
        """(name) => {
          const draft = JSON.parse(localStorage[name]);
          localStorage[name] = JSON.stringify({ ...draft, at: draft.at - 86400000 });
          localStorage["draft:/c/ABCDEFGHJKMNPQ"] = "what an older release has left";
        }""",
        name,
    )
    english_phone.goto(f"{street.server.url}/c")
    english_phone.wait_for_function(f"() => {DRAFTS}.length === 0")


def test_who_takes_no_part_sends_nothing_of_what_was_filled_in(
    new_context: Callable[..., BrowserContext], street: Street
) -> None:
    page = new_context(**ENGLISH).new_page()
    begin(page, street, "neutral")
    page.get_by_text("I don't want to go on").tap()
    with page.expect_request(lambda request: request.method == "POST" and "send=1" in request.url) as sent:
        page.get_by_role("button", name="Take no part; send no answers").tap()
    Resident(page).receipt()
    body = sent.value.post_data or ""
    assert "_action=refuse" in body
    assert not [name for name in ("age", "sex", "home", "parks", "activities") if f"&{name}" in f"&{body}"], body
    assert "neutral" not in json.dumps(page.evaluate("({ ...localStorage })"))


def test_what_was_said_of_other_answers_goes_when_they_are_corrected(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_FAILED")
    english_phone.goto(street.form)
    somebody = Resident(english_phone)
    somebody.tap("age", "under_18")
    somebody.tap("sex", "F")
    expect(english_phone.locator("#full")).to_be_visible()
    english_phone.route("**/room", lambda route: route.abort())
    fill_in(somebody)
    expect(english_phone.locator("#full")).to_be_hidden()
    expect(english_phone.locator("#rest")).to_be_visible()


def in_another_district(page: Page) -> None:
    """Choose a home whose lists the page has to fetch."""
    for name, code in LISTS[:2]:
        with page.expect_response("**/areas/**"):
            page.locator(f'select[name="{name}"]').select_option(code)
    page.locator('select[name="home"]').select_option(HUAYING_AREA)


def interrupted_elsewhere(page: Page, street: Street, times: int | None = None) -> Resident:
    """Somebody from another district is interrupted, and comes back where so many times no list comes."""
    page.goto(street.form)
    somebody = Resident(page)
    somebody.tap("age", "35-54")
    in_another_district(page)
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.route("**/areas/**", lambda route: route.abort(), times=times)
    page.reload()
    expect(page.get_by_text("are filled in again")).to_be_visible()
    return somebody


def test_the_lists_of_areas_come_after_all_on_a_bad_network(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_FAILED")
    browser_errors.allow("status of 503")
    english_phone.goto(street.form)
    english_phone.route("**/areas/**", lambda route: route.abort(), times=1)
    english_phone.route("**/areas/**", lambda route: route.fulfill(status=503, body="[]"), times=1)
    in_another_district(english_phone)
    expect(english_phone.locator('select[name="home"]')).to_have_value(HUAYING_AREA)


def test_a_draft_in_another_district_waits_for_its_lists_on_a_bad_network(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_FAILED")
    somebody = interrupted_elsewhere(english_phone, street, times=2)
    somebody.tap("sex", "F")  # nobody has to wait for the lists
    for name, code in LISTS:
        expect(english_phone.locator(f'select[name="{name}"]')).to_have_value(code)
    english_phone.reload()
    for name, code in LISTS:
        expect(english_phone.locator(f'select[name="{name}"]')).to_have_value(code)
    assert somebody.chosen("sex") == ["F"]


def test_the_list_of_a_street_that_was_given_up_fills_nothing(english_phone: Page, street: Street) -> None:
    english_phone.goto(street.form)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    english_phone.route(f"**/areas/**/{HUAYING_AREA[:9]}.json", hold)
    district, towns, home = (english_phone.locator(f'select[name="{name}"]') for name, _ in LISTS)
    with english_phone.expect_response("**/areas/**"):
        district.select_option(HUAYING)
    with english_phone.expect_request("**/areas/**"):
        towns.select_option(HUAYING_AREA[:9])
    with english_phone.expect_response("**/areas/**"):
        district.select_option(YUECHI)
    expect(towns.locator("option").nth(1)).to_be_attached()
    with english_phone.expect_response("**/areas/**"):
        held[0].continue_()
    english_phone.evaluate("new Promise((done) => setTimeout(done, 200))")
    assert (towns.input_value(), home.locator("option").count()) == ("", 1)


def network_comes_back(page: Page) -> None:
    page.unroute("**/areas/**")
    page.evaluate("dispatchEvent(new Event('online'))")


def test_what_is_chosen_while_a_draft_waits_for_its_lists_is_not_overwritten(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_FAILED")
    interrupted_elsewhere(english_phone, street)
    district, towns, home = (english_phone.locator(f'select[name="{name}"]') for name, _ in LISTS)
    english_phone.unroute("**/areas/**")
    for code in (YUECHI, HUAYING):
        with english_phone.expect_response("**/areas/**"):
            district.select_option(code)
    other = towns.locator("option").nth(2)
    expect(other).to_be_attached()
    chosen = other.get_attribute("value") or ""
    assert chosen != HUAYING_AREA[:9]
    with english_phone.expect_response("**/areas/**"):
        towns.select_option(chosen)
    network_comes_back(english_phone)
    english_phone.evaluate("new Promise((done) => setTimeout(done, 500))")
    assert (towns.input_value(), home.input_value()) == (chosen, "")


def test_a_draft_that_waits_for_its_lists_loses_nothing_to_other_answers(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_FAILED")
    somebody = interrupted_elsewhere(english_phone, street)
    somebody.tap("sex", "F")
    english_phone.reload()
    expect(english_phone.get_by_text("are filled in again")).to_be_visible()
    network_comes_back(english_phone)
    for name, code in LISTS:
        expect(english_phone.locator(f'select[name="{name}"]')).to_have_value(code)
    assert somebody.chosen("sex") == ["F"]


def test_a_draft_comes_back_when_the_script_that_brings_it_does(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_FAILED")
    somebody = begin(english_phone, street, "dissatisfied")
    english_phone.route("**/later*.mjs*", lambda route: route.abort(), times=1)
    english_phone.reload()
    expect(english_phone.get_by_text("are filled in again")).to_be_visible()
    assert somebody.chosen("parks") == ["dissatisfied"]


def test_a_number_that_was_seen_to_is_no_longer_marked(english_phone: Page, street: Street) -> None:
    somebody = begin(english_phone, street, "dissatisfied")
    somebody.tap("activities", "cleaning")
    somebody.send()
    times = somebody.item("times")
    expect(times.locator(".problem")).to_be_visible()
    field = times.get_by_role("textbox")
    field.fill("2")
    field.press("Tab")
    expect(times.locator(".problem")).to_have_count(0)
    expect(times.and_(english_phone.locator("[aria-invalid]"))).to_have_count(0)
    expect(times.locator("[aria-invalid]")).to_have_count(0)
    send(somebody)
