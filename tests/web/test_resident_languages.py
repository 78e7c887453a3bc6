"""Languages that an office adds without code: a catalogue in a folder, and a questionnaire that has the language."""

import ast
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import polib
import pytest
from flask.testing import FlaskClient

from survey.config import SettingsError
from survey.domain.problems import MESSAGES
from survey.web.catalogues import all_languages
from survey.web.errors import TEXTS
from tests.architecture.texts import marked, template_environment
from tests.browser import REPOSITORY
from tests.field import Field, as_form, first_answers, plan_text, token_in

TRANSLATIONS = REPOSITORY / "tests/translations"
INSTRUMENT = REPOSITORY / "tests/questionnaires/right_to_left.yaml"


@pytest.fixture
def field(new_field: Callable[..., Field]) -> Field:
    """A wave of an instrument in Arabic and Chinese, at an office that has put an Arabic catalogue into its folder."""
    plan = re.sub("title: .*", "title: {ar: تجربة, zh-Hans: 试调查}", plan_text(questionnaire=("right_to_left", 1)))
    return new_field(questionnaire=INSTRUMENT.read_text("utf-8"), plan=plan, translations=str(TRANSLATIONS))


@pytest.fixture
def client(field: Field) -> FlaskClient:
    """A phone."""
    return field.app.test_client()


def opening(page: str) -> str:
    """The page's first tag, which says language and direction."""
    found = re.search(r"<html[^>]*>", page)
    assert found
    return found[0]


@pytest.mark.parametrize(
    ("wish", "address", "tag"),
    [
        ("ar-EG,en;q=0.8", "", '<html lang="ar" dir="rtl">'),
        ("zh-CN", "", '<html lang="zh-Hans">'),
        ("en", "", '<html lang="zh-Hans">'),  # the questionnaire has no English
        ("fr;q=0.9,ar;q=0.5", "", '<html lang="ar" dir="rtl">'),
        ("zh-CN", "?lang=ar", '<html lang="ar" dir="rtl">'),
        ("zh-CN", "?lang=en", '<html lang="zh-Hans">'),
        ("ar", "?size=large", '<html lang="ar" dir="rtl" class="large">'),
    ],
)
def test_a_resident_gets_the_dearest_language_of_those_that_form_and_interface_have(
    client: FlaskClient, field: Field, wish: str, address: str, tag: str
) -> None:
    page = client.get(f"/r/{field.point.code}{address}", headers={"Accept-Language": wish})
    assert opening(page.text) == tag


def test_the_whole_form_speaks_the_added_language_and_offers_the_other(client: FlaskClient, field: Field) -> None:
    page = client.get(f"/r/{field.point.code}?lang=ar").text
    for text in ("استبيان السكان", "خط كبير", "المشاركة طوعية", "إرسال إجاباتي", "كانت إجابة السؤال 2 هي «كثيرا»"):
        assert text in page
    assert '<button form="form" name="_action" value="show:zh-Hans" lang="zh-Hans">中文</button>' in page
    assert "English" not in page
    refused = client.post(f"/r/{field.point.code}", data=as_form({}, token_in(page), _language="ar"))
    assert opening(refused.text) == '<html lang="ar" dir="rtl">'
    assert 'لم تتم الإجابة بعد: <a href="#home">السؤال 1</a>' in refused.text


def test_answers_in_the_added_language_are_kept_with_it_and_thanked_for_in_it(
    client: FlaskClient, field: Field
) -> None:
    answers = first_answers(field.questionnaire)
    sent = client.post(f"/r/{field.point.code}", data=as_form(answers, field.token(), _language="ar"))
    thanks = client.get(sent.headers["Location"]).text
    assert opening(thanks) == '<html lang="ar" dir="rtl">'
    assert "شكرا لكم" in thanks
    assert [row["language"] for row in field.rows()] == ["ar"]


# The catalogues of the interface also hold what the desk and the tablets say; a resident meets these.
RESIDENTS_TEMPLATES = (
    *sorted((REPOSITORY / "templates/resident").glob("*.html")),
    *(REPOSITORY / "templates" / name for name in ("layouts/public.html", "errors/error.html")),
    *(REPOSITORY / "templates/components" / name for name in ("items.html", "kept.html")),
)
RESIDENTS_PROBLEMS = re.compile(
    "answer_|token_|work_|guardian_|unknown_(field|action|language)|wave_(not_yet|over)|letter_used|unreadable_text"
    "|too_large"
)


def residents_texts() -> set[str]:
    """Every text that a resident may read: of their pages, of what is wrong with a form, of errors."""
    environment = template_environment()
    found = {
        text if isinstance(text, str) else text[0]
        for path in RESIDENTS_TEMPLATES
        for _, _, text in environment.extract_translations(path.read_text("utf-8"))  # type: ignore[attr-defined]  # of an extension
    }
    words_of_routing = ast.parse((REPOSITORY / "survey/web/resident/routing_words.py").read_text("utf-8"))
    found |= {*marked(words_of_routing), *TEXTS.values()}
    return found | {text for code, text in MESSAGES.items() if RESIDENTS_PROBLEMS.match(code)}


def untranslated(catalogue: Path) -> set[str]:
    """What of it a catalogue lacks."""
    entries = polib.pofile(catalogue.read_text("utf-8"))
    return residents_texts() - {entry.msgid for entry in entries.translated_entries()}


def test_the_third_catalogue_has_every_text_of_the_residents_pages(tmp_path: Path) -> None:
    assert untranslated(TRANSLATIONS / "ar.po") == set()
    assert len(residents_texts()) > 100
    for text in (
        "Send my answers",
        "Answer once more",
        "Choose one answer.",
        " and ",
        "There is nothing at this address.",
    ):
        (tmp_path / "ar.po").write_text(lacking(text), "utf-8")
        assert untranslated(tmp_path / "ar.po") == {text}


def lacking(text: str) -> str:
    """The catalogue without one text."""
    whole = (TRANSLATIONS / "ar.po").read_text("utf-8")
    start = whole.index(f'msgid "{text}"')
    return whole[:start] + whole[whole.index("msgid", start + 5) :]


def test_what_a_catalogue_lacks_stands_in_chinese(tmp_path: Path, new_field: Callable[..., Field]) -> None:
    (tmp_path / "ar.po").write_text(lacking("Send my answers"), "utf-8")
    plan = re.sub("title: .*", "title: {ar: تجربة, zh-Hans: 试调查}", plan_text(questionnaire=("right_to_left", 1)))
    field = new_field(questionnaire=INSTRUMENT.read_text("utf-8"), plan=plan, translations=str(tmp_path))
    page = field.app.test_client().get(f"/r/{field.point.code}?lang=ar").text
    assert "提交答卷" in page
    assert "المشاركة طوعية" in page


def test_staff_work_in_the_shipped_languages_only(client: FlaskClient) -> None:
    page = client.get("/desk/sign-in?lang=ar", headers={"Accept-Language": "ar"}).text
    assert opening(page).startswith('<html lang="zh-Hans"')
    assert "العربية" not in page


HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"X-Language-Name: Cymraeg\\n"\n\n'


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"cy.po": HEADER.replace("X-Language-Name", "X-Name")}, "cy.po lacks X-Language-Name"),
        ({"cy.po": HEADER + 'msgid "Question %(number)d"\nmsgstr "Cwestiwn %(n)d"\n'}, "other placeholders"),
        ({"cy.po": HEADER + 'msgid "Go on"\nmsgstr "Ymlaen <b>"\n'}, "other placeholders"),
        ({"zh_Hans.po": HEADER}, "is there already"),
    ],
)
def test_a_catalogue_that_would_break_pages_stops_the_start_with_its_name(
    tmp_path: Path, files: Mapping[str, str], said: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=said):
        all_languages(str(tmp_path))


def test_a_file_that_is_no_catalogue_stops_the_start_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "cy.po").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"cy.po cannot be read as a PO file"):
        all_languages(str(tmp_path))


def test_a_folder_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is none at"):
        all_languages(str(tmp_path / "nowhere"))


def test_the_name_of_a_language_tells_its_direction(tmp_path: Path) -> None:
    (tmp_path / "cy.po").write_text(HEADER, "utf-8")
    (tmp_path / "ug.po").write_text(HEADER.replace("Cymraeg", "ئۇيغۇرچە"), "utf-8")
    languages = all_languages(str(tmp_path))
    assert {code: language.right_to_left for code, language in languages.items()} == {
        "zh-Hans": False,
        "en": False,
        "cy": False,
        "ug": True,
    }
