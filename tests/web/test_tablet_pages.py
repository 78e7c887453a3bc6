"""The pages of the volunteer's app: what they hold, what they may do, and what a tablet needs to keep."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from survey.domain.instrument_table import instrument_table
from survey.domain.validation import check_answers
from survey.web.assets import static_digest
from survey.web.languages import LANGUAGES
from survey.web.tablet import pages
from tests.field import OTHER_STREET_AREA, Field, valid_answers
from tests.frames.excerpt import YUECHI

ASSET = re.compile(r"/static/([0-9a-f]{16})/([\w./-]+)")


@pytest.fixture
def client(field: Field) -> FlaskClient:
    """A tablet that nobody has enrolled, with an English browser."""
    client = field.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def questionnaire(field: Field) -> str:
    """The address of the first point's questionnaire on a tablet."""
    return f"/tablet/interview/{field.point.code}"


def embedded(page: str, element: str) -> dict[str, object]:
    """A table that stands in a page as JSON."""
    found = re.search(rf'<script type="application/json" id="{element}">(.*?)</script>', page, re.DOTALL)
    assert found
    table: dict[str, object] = json.loads(found[1])
    return table


def told_to_the_worker(client: FlaskClient) -> dict[str, Any]:
    """What the service worker of this release is told."""
    found = re.search(r"serve\(self, (\{.*\})\);", client.get("/tablet/worker.mjs").text)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


# --- pages ------------------------------------------------------------------------------------------------------


def test_the_pages_need_no_key_and_have_rules_of_their_own(client: FlaskClient, field: Field) -> None:
    for path in ("/tablet/", questionnaire(field), "/tablet/worker.mjs", "/tablet/manifest.webmanifest"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["Content-Security-Policy"]
        assert "manifest-src 'self'" in policy
        assert "worker-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("code", ["22222222222222", "x", "%00", "ü", "2" * 500])
def test_a_point_that_nobody_has_planned_is_not_found(client: FlaskClient, code: str) -> None:
    assert client.get(f"/tablet/interview/{code}").status_code == 404


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_page_speaks_the_language_that_its_address_names(
    client: FlaskClient, field: Field, language: str
) -> None:
    for path in ("/tablet/", questionnaire(field)):
        page = client.get(f"{path}?lang={language}")
        assert f'<html lang="{language}"' in page.text
        assert page.headers["Content-Language"] == language
    assert client.get(f"/tablet/manifest.webmanifest?lang={language}").get_json(force=True)["lang"] == language


def test_every_item_of_the_questionnaire_is_rendered_as_residents_see_it(client: FlaskClient, field: Field) -> None:
    on_tablet = re.sub(r"\n\s*<", "<", client.get(questionnaire(field)).text)
    on_phone = client.get(f"/r/{field.point.code}").text.replace(" data-entry", "")
    fieldsets = re.compile(r"<fieldset id=.*?</fieldset>", re.DOTALL)
    assert fieldsets.findall(on_tablet) == fieldsets.findall(on_phone)
    assert len(fieldsets.findall(on_tablet)) == len(field.questionnaire.items)
    for legal in (field.questionnaire.legal.form_number, field.questionnaire.legal.approval_number):
        assert legal in on_tablet


def test_the_browser_is_told_to_remember_nothing_of_the_form(client: FlaskClient, field: Field) -> None:
    assert '<form id="questions" autocomplete="off"' in client.get(questionnaire(field)).text


def test_the_table_in_the_page_keeps_the_order_of_the_items(client: FlaskClient, field: Field) -> None:
    table = embedded(client.get(questionnaire(field)).text, "instrument")
    assert json.dumps(table) == json.dumps(instrument_table(field.questionnaire))


def test_the_page_has_a_sentence_for_everything_that_can_be_wrong_with_an_answer(
    client: FlaskClient, field: Field
) -> None:
    sentences = embedded(client.get(questionnaire(field)).text, "sentences")
    wrong = valid_answers(age=["18-34"], sex="X", activities=["cleaning", "none"], times=999, comment="x" * 999)
    problems = check_answers(field.questionnaire, wrong | {"parks": None, "times": [1, 2]}, set()).problems
    assert len(problems) >= 5
    assert {problem.code for problem in problems} <= set(sentences)
    assert "{low}" in str(sentences["answer_number_range"])


# --- without a network ------------------------------------------------------------------------------------------


def test_one_file_holds_every_list_of_areas_that_a_form_can_ask_for(client: FlaskClient) -> None:
    lists = client.get("/tablet/areas/1.json").get_json()
    assert {YUECHI, OTHER_STREET_AREA} <= set(lists)
    for code, rows in lists.items():
        assert client.get(f"/areas/1/{code}.json").get_json() == rows, code
    assert client.get("/tablet/areas/999.json").status_code == 404


def test_the_worker_is_told_of_every_file_and_language_of_the_app(client: FlaskClient) -> None:
    told = told_to_the_worker(client)
    assert told["digest"] == static_digest()
    for path in told["shell"] + told["assets"]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        if path in told["assets"]:
            assert "immutable" in answer.headers["Cache-Control"]
    for language in LANGUAGES:
        assert f"/tablet/?lang={language}" in told["shell"]


def test_whatever_a_page_or_a_script_of_the_app_loads_is_among_the_worker_s_files(
    client: FlaskClient, field: Field
) -> None:
    assets = told_to_the_worker(client)["assets"]
    loaded = {
        found[0]
        for path in ("/tablet/", questionnaire(field), "/tablet/manifest.webmanifest")
        for found in ASSET.finditer(client.get(path).text)
    }
    for address in assets:
        if address.endswith(".mjs") and not address.endswith("/worker.mjs"):
            loaded |= {_beside(address, name) for name in imported_by(client.get(address).text)}
    assert loaded <= set(assets)


def imported_by(script: str) -> list[str]:
    """What a script imports, at once or later."""
    return re.findall(r'(?:from|import\()\s*"(\.[^"]+)"', script)


def _beside(address: str, name: str) -> str:
    folder = address.rpartition("/")[0]
    while name.startswith("../"):
        folder, name = folder.rpartition("/")[0], name[3:]
    return f"{folder}/{name.removeprefix('./')}"


def test_a_script_that_the_worker_would_miss_is_found() -> None:
    assert imported_by('import { a } from "./b.mjs";\nawait import("../c/d.mjs");') == ["./b.mjs", "../c/d.mjs"]
    assert _beside("/static/0123456789abcdef/tablet/app.mjs", "../c/d.mjs") == "/static/0123456789abcdef/c/d.mjs"


def test_the_manifest_names_icons_of_the_size_they_have(client: FlaskClient) -> None:
    manifest = client.get("/tablet/manifest.webmanifest?lang=zh-Hans").get_json(force=True)
    assert manifest["name"] == "民声"
    assert manifest["scope"] == "/tablet/"
    for icon in manifest["icons"]:
        picture = client.get(icon["src"]).data
        width = int.from_bytes(picture[16:20], "big")  # of the PNG's first chunk
        assert icon["sizes"] == f"{width}x{width}"


def test_pages_hold_nothing_of_people(client: FlaskClient, field: Field) -> None:
    field.receive(valid_answers(comment="secretword"))
    for path in ("/tablet/", questionnaire(field), "/tablet/worker.mjs"):
        assert "secretword" not in client.get(path).text
    assert pages.blueprint.name == "tablet_pages"
