"""Every page and every state that a resident can meet, in both languages and in a third that is written from right to
left: by axe in both schemes, in ordinary and in large text, with letters and targets that are large enough, and without
scrolling sideways on the smallest phone."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page, Route, expect

from survey.domain.guessing import BURST
from survey.domain.wave import Mode
from survey.services.move_wave import close_wave
from tests.browser import PHONE, REPOSITORY, BrowserErrors, Server
from tests.field import CHINA, NOW, SECRET, WAVE, Field, as_form, open_field, plan_text, token_in, valid_answers
from tests.journeys import album
from tests.journeys.conftest import Street
from tests.journeys.looks import breaches, overflow, small_targets, text_sizes
from tests.journeys.resident import Resident, fill_in
from tests.letters import POINTS, SAMPLES, print_letters

LOCALES = {"zh-Hans": "zh-CN", "en": "en-GB", "ar": "ar-EG"}
# Letters and targets in pixels, and the rule that holds contrasts: 4.5 to 1, and 7 to 1.
LEAST = {"": (18, 48, "color-contrast"), "large": (24, 60, "color-contrast-enhanced")}
ENTRY = ("age", "sex", "home")


class Looks:
    """Looks at one state after another, and notes what is wrong with each."""

    def __init__(self, page: Page, language: str) -> None:
        self.page, self.language = page, language
        self.wrong: list[tuple[str, object]] = []
        self.seen: set[str] = set()

    def at(self, name: str) -> None:
        """The page as it stands, in both sizes and schemes."""
        self.seen.add(name)
        own = self.page.evaluate("document.documentElement.className")
        before = self.page.viewport_size
        self._note(name, breaches(self.page))
        for size, (letters, target, contrast) in LEAST.items():
            self.page.evaluate("([own, size]) => document.documentElement.className = `${own} ${size}`", [own, size])
            self._note(name, {px: told for px, told in text_sizes(self.page).items() if px < letters})
            self._note(name, small_targets(self.page, target))
            self.page.set_viewport_size({"width": 320, "height": 640})
            self._note(name, overflow(self.page))
            self.page.set_viewport_size(before or {"width": 390, "height": 844})
            for scheme in ("dark", "light"):
                self.page.emulate_media(color_scheme=scheme)
                self._note(name, breaches(self.page, contrast))
        self.page.evaluate("own => document.documentElement.className = own", own)
        album.keep(self.page, f"every-{name}-{self.language}")

    def served(self, name: str, html: str) -> None:
        """A page as it was served, without its script."""
        assert 'src="/static/' in html or "<form" not in html
        assert f'lang="{self.language}"' in html, name
        self.page.set_content(re.sub(r"<script type=\"module\".*?</script>", "", html))
        self.at(name)

    def _note(self, name: str, found: object) -> None:
        if found:
            self.wrong.append((name, found))


@pytest.fixture
def new_looks(new_context: Callable[..., BrowserContext]) -> Callable[[str], Looks]:
    """Whoever looks, on a phone of a language."""
    return lambda language: Looks(new_context(**PHONE | {"locale": LOCALES[language]}).new_page(), language)


@pytest.fixture
def asked_once(sqlite_url: str) -> Iterator[Field]:
    """A wave with letters that wants one person of each kind."""
    samples = SAMPLES | {Mode.INTERCEPT: 12, Mode.OPEN_QR: 12}
    field = open_field(sqlite_url, plan=plan_text(NOW, samples=samples, points=POINTS))
    yield field
    field.close()


@pytest.fixture
def street_of_arabic(sqlite_url: str, start_server: Callable[..., Server]) -> Iterator[Street]:
    """A wave of a questionnaire in Arabic and Chinese, at an office that has a catalogue for Arabic."""
    now, catalogues = datetime.now(CHINA), str(REPOSITORY / "tests/translations")
    text = (REPOSITORY / "tests/questionnaires/right_to_left.yaml").read_text("utf-8")
    plan = re.sub(
        "title: .*", "title: {ar: تجربة, zh-Hans: 试调查}", plan_text(now, questionnaire=("right_to_left", 1))
    )
    field = open_field(sqlite_url, now=now, questionnaire=text, plan=plan, translations=catalogues)
    yield Street(field, start_server(sqlite_url, SECRET_KEY=SECRET, TRANSLATIONS=catalogues))
    field.close()


def phone_of(field: Field, language: str) -> FlaskClient:
    """A phone of a language, without a script."""
    client = field.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    return client


def entry() -> dict[str, object]:
    """The answers of the first screen."""
    return {code: answer for code, answer in valid_answers().items() if code in ENTRY}


# --- with the page's script ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_every_state_of_the_form_is_for_everybody(
    new_looks: Callable[[str], Looks], street: Street, browser_errors: BrowserErrors, language: str
) -> None:
    for part in ("ERR_INTERNET_DISCONNECTED", "503 (Service Unavailable)", "status of 409"):
        browser_errors.allow(part)
    looks = new_looks(language)
    page, resident = looks.page, Resident(looks.page)
    page.goto(street.form)
    looks.at("first-screen")
    resident.tap("age", "under_18")
    resident.tap("sex", "F")
    expect(page.locator("#full")).to_be_visible()
    looks.at("not-asked")
    resident.tap("age", "18-34")
    page.locator("details summary").tap()
    page.locator('button[value="stop"]').focus()
    looks.at("may-stop")

    page = looks.page = page.context.new_page()
    resident = Resident(page)
    page.goto(street.form)
    expect(page.locator("#draft")).to_be_visible()
    looks.at("draft-of-somebody")
    page.locator("#draft button").first.tap()
    expect(page.locator("#draft span")).to_have_text(page.locator("#draft").get_attribute("data-filled") or "")
    looks.at("draft-filled-in")
    page.locator('select[name="home"]').select_option(index=1)
    resident.send()
    expect(page.locator("#summary")).to_be_focused()
    looks.at("missing")

    fill_in(resident)
    page.context.set_offline(True)
    resident.send()
    expect(page.locator("#sending")).to_be_visible()
    looks.at("no-network")
    told = [(503, "text/plain", "busy"), (200, "text/html", "<h1>Please sign in to this network</h1>")]

    def answer(route: Route) -> None:
        route.fulfill(status=told[0][0], content_type=told[0][1], body=told[0][2])

    page.route("**/r/*?send=1", answer)
    page.context.set_offline(False)
    for name in ("busy", "strange-network"):
        expect(page.locator("#try-now")).to_be_visible()
        looks.at(name)
        told.reverse()
        with page.expect_response("**/r/*?send=1"):
            page.locator("#try-now").tap()
    expect(page.locator("#try-now")).to_be_visible()
    page.unroute("**/r/*?send=1")
    page.locator("#try-now").tap()
    resident.receipt()
    looks.at("thanks")
    page.goto(street.form)
    expect(page.locator("#sent")).to_be_visible()
    looks.at("sent-before")
    assert len(looks.seen) == 11
    assert looks.wrong == []


# --- as they are served -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_every_page_of_a_poster_is_for_everybody(
    new_looks: Callable[[str], Looks], asked_once: Field, language: str
) -> None:
    field, looks, phone = asked_once, new_looks(language), phone_of(asked_once, language)
    address = f"/r/{field.point.code}"

    def post(answers: Mapping[str, object], action: str = "send", token: str | None = None) -> str:
        form = as_form(answers, token or field.token(), action, _language=language)
        return phone.post(address, data=form, follow_redirects=True).text

    looks.served("form", phone.get(address).text)
    token = field.token()
    looks.served("room", post(entry(), "next", token))
    looks.served("full", post(entry(), "next"))
    looks.served("strangers", post(entry() | {"age": "under_18", "home": ""}, "next"))
    looks.served("wrong", post({"age": "80", "sex": "X", "home": "1", "times": "many", "parks": "?"}))
    looks.served("thanks-complete", post(valid_answers(), token=token))
    looks.served("thanks-opinion", post(valid_answers()))
    looks.served("thanks-full", post(entry(), "leave"))
    looks.served("thanks-strangers", post({"age": "under_18", "sex": "F"}))
    looks.served("thanks-partial", post(entry(), "stop"))
    looks.served("thanks-refused", post({}, "refuse"))
    looks.served("conflict", post(valid_answers(parks="neutral"), token=token))
    looks.served("large-content", post({"comment": "x" * 70_000}))
    close_wave(field.db, WAVE, field.clock.now)
    field.clock.forward(hours=24 * 30)
    looks.served("over", phone.get(address).text)
    assert len(looks.seen) == 14
    assert looks.wrong == []


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_every_page_of_a_letter_is_for_everybody(
    new_looks: Callable[[str], Looks], asked_once: Field, language: str
) -> None:
    field, looks, phone = asked_once, new_looks(language), phone_of(asked_once, language)
    code, *_ = print_letters(field)
    looks.served("type-a-code", phone.get("/c").text)
    looks.served("unknown-code", phone.post("/c", data={"code": "23456789ABCDEF"}).text)
    form = phone.get(f"/c/{code}").text
    looks.served("letter", form)
    answers = as_form(valid_answers(), token_in(form), _language=language)
    sent = phone.post(f"/c/{code}?send=1&lang={language}", data=answers)
    looks.served("thanks-key", phone.get(sent.location).text)
    looks.served("used-held", phone.get(f"/c/{code}").text)
    looks.served("again", phone.get(f"/c/{code}/again").text)
    other = phone_of(field, language)
    looks.served("thanks-no-key", other.get(sent.location).text)
    looks.served("used", other.get(f"/c/{code}").text)
    looks.served("wrong-key", other.post(f"/c/{code}/key", data={"key": "ABCD-EFGH-JK"}).text)
    looks.served("nothing-here", other.get("/r/23456789ABCDEF").text)
    for _ in range(BURST + 1):
        other.get("/r/23456789ABCDEF")
    looks.served("too-many", other.get("/r/23456789ABCDEF").text)
    assert len(looks.seen) == 11
    assert looks.wrong == []


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_the_pages_for_pupils_and_of_a_wave_to_come_are_for_everybody(
    new_looks: Callable[[str], Looks], sqlite_url: str, language: str
) -> None:
    looks = new_looks(language)
    text = (REPOSITORY / "tests/questionnaires/minors.yaml").read_text("utf-8")
    field = open_field(sqlite_url, questionnaire=text, plan=plan_text(questionnaire=("minors", 1)))
    phone = phone_of(field, language)
    looks.served("guardian", phone.get(f"/r/{field.point.code}").text)
    child = as_form({"age": "under_14", "crossing": "unsafe"}, field.token(), _language=language)
    looks.served("no-consent", phone.post(f"/r/{field.point.code}", data=child).text)
    field.clock.now -= timedelta(days=60)
    looks.served("to-come", phone.get(f"/r/{field.point.code}").text)
    field.close()
    assert looks.wrong == []


# --- from right to left -------------------------------------------------------------------------------------------


def test_a_form_from_right_to_left_is_answered_with_a_thumb_and_is_for_everybody(
    new_looks: Callable[[str], Looks], street_of_arabic: Street
) -> None:
    looks = new_looks("ar")
    page, resident = looks.page, Resident(looks.page)
    page.goto(street_of_arabic.form)
    assert page.locator("html").get_attribute("dir") == "rtl"
    looks.at("first-screen")
    resident.answer_everything({"bus": "often"}, {})
    radio = resident.item("bus").locator("label").first.bounding_box()
    dot = resident.item("bus").locator("input").first.bounding_box()
    assert radio is not None
    assert dot is not None
    assert dot["x"] > radio["x"] + radio["width"] / 2, "what is tapped begins at the right"
    assert resident.progress == 0.75, "all but the comment"
    looks.at("filled-in")
    resident.send()
    resident.receipt()
    looks.at("thanks")
    (row,) = street_of_arabic.field.rows()
    assert (row["language"], row["answers"]["bus"]) == ("ar", "often")
    assert looks.wrong == []


# --- that the looks see -------------------------------------------------------------------------------------------


def test_a_pale_small_and_wide_page_is_found(new_looks: Callable[[str], Looks]) -> None:
    """The planted faults."""
    looks = new_looks("en")
    looks.page.set_content(
        '<html lang="en"><meta name="viewport" content="width=device-width"><title>Pale</title><main><h1>Pale</h1>'
        '<p style="color:#999;font-size:11px">small words</p><p style="color:#707070">pale words</p>'
        '<button style="height:20px;width:700px">low</button></main></html>'
    )
    looks.at("pale")
    found = [told for _, told in looks.wrong]
    assert any("small words" in told.values() for told in found if isinstance(told, dict))
    assert any("color-contrast:" in str(told) for told in found)
    assert any("color-contrast-enhanced:" in str(told) for told in found)
    assert any(isinstance(told, int) for told in found)
    assert any("low</button>" in str(told) for told in found)
