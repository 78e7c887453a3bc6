"""Every text of the interface has its Chinese, and the Chinese is written as it should be."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from string import Formatter

import pytest
from flask import Flask

from survey.web import languages
from tests.architecture import texts as checks
from tests.browser import REPOSITORY

Check = Callable[[Path], list[str]]

PAGE = "templates/a.html"
CODE = "survey/web/a.py"
MESSAGES = "survey/domain/problems.py"


def po(english: str, chinese: str, plural: str = "") -> str:
    """An entry of the catalogue."""
    if plural:
        return f'msgid "{english}"\nmsgid_plural "{plural}"\nmsgstr[0] "{chinese}"\n\n'
    return f'msgid "{english}"\nmsgstr "{chinese}"\n\n'


# the check, files with a fault in them, and the complaint that they must bring
FAULTS: list[tuple[Check, Mapping[str, str], str]] = [
    (checks.texts_are_looked_up_whole, {CODE: 'translate(f"{n} waves")'}, "is marked for translation with its values"),
    (checks.every_text_is_translated, {PAGE: "<p title=\"{{ _('Wave') }}\">"}, "“Wave” has no Chinese"),
    (checks.every_text_is_translated, {PAGE: "{% trans %}Wave{% endtrans %}"}, "“Wave” has no Chinese"),
    (checks.every_text_is_translated, {PAGE: '{{ _("Wave") }}', checks.CATALOGUE: po("Wave", "")}, "“Wave” has no"),
    (checks.every_text_is_translated, {PAGE: '{{ _("Wave %(n)d", n=1) }}'}, "“Wave %(n)d” has no Chinese"),
    (
        checks.every_text_is_translated,
        {PAGE: '{{ ngettext("%(num)d row", "%(num)d rows", n) }}'},
        "“%(num)d row” has no",
    ),
    (
        checks.every_text_is_translated,
        {PAGE: '{{ ngettext("%(num)d row", "%(num)d rows", n) }}', checks.CATALOGUE: po("%(num)d row", "%(num)d行")},
        "“%(num)d row” has another plural",
    ),
    (checks.every_text_is_translated, {CODE: 'translate("The wave "\n"is open.")'}, "“The wave is open.” has no"),
    (checks.every_text_is_translated, {CODE: 'STATES = {"open": N_("Open")}'}, "“Open” has no Chinese"),
    (checks.every_text_is_translated, {CODE: 'languages.translate("Open")'}, "“Open” has no Chinese"),
    (
        checks.every_text_is_translated,
        {MESSAGES: 'MESSAGES: dict[str, str] = {"a": "Write "\n"{known}."}'},
        "“Write {known}.” has no Chinese",
    ),
    (checks.no_translation_is_left_over, {checks.CATALOGUE: po("Old", "旧")}, "“Old” is shown nowhere"),
    (
        checks.no_translation_is_left_over,
        {CODE: 'N_("Open")', checks.CATALOGUE: po("Open", "进行中") + po("Open", "打开")},
        "“Open” is translated twice",
    ),
    (checks.placeholders_agree, {checks.CATALOGUE: po("Question %(number)d", "第%(n)d题")}, "第%(n)d题"),
    (checks.placeholders_agree, {checks.CATALOGUE: po("{n} answers", "答卷若干份")}, "答卷若干份"),
    (checks.placeholders_agree, {checks.CATALOGUE: po("95%% interval", "95%区间")}, "95%区间"),
    (checks.placeholders_agree, {checks.CATALOGUE: po("a 95% interval", "95%%区间")}, "95%%区间"),
    (checks.placeholders_agree, {checks.CATALOGUE: po("{n}: {{a}}", "{n}：{{a}")}, "unbalanced braces"),
    (checks.chinese_minds_its_manners, {checks.CATALOGUE: po("Please check", "请你检查")}, "says 你"),
    (checks.chinese_minds_its_manners, {checks.CATALOGUE: po("Thank you", "谢谢您！")}, "raises its voice"),
    (checks.chinese_minds_its_manners, {checks.CATALOGUE: po("Please wait.", "请稍候.")}, "half-width punctuation"),
    (checks.chinese_minds_its_manners, {checks.CATALOGUE: po("{a} ({b})", "{a}({b})")}, "half-width punctuation"),
    (checks.chinese_minds_its_manners, {checks.CATALOGUE: po("Save as “CSV”: file", "存为“CSV”: 文件")}, "half-width"),
    (checks.chinese_minds_its_manners, {checks.CATALOGUE: po("3 minutes", "约 3 分钟")}, "has a space"),
    (checks.no_english_is_left, {checks.CATALOGUE: po("Open the wave", "启动wave")}, "says wave"),
    (checks.no_english_is_left, {checks.CATALOGUE: po("Write true.", "请写“yes”。")}, "says yes"),
    (checks.templates_say_nothing_of_their_own, {PAGE: "<h1>Waves</h1>"}, "says “Waves”"),
    (checks.templates_say_nothing_of_their_own, {PAGE: "{% if a %}轮次{% endif %}"}, "says “轮次”"),
    (checks.templates_say_nothing_of_their_own, {PAGE: '<img alt="QR code {{ n }}">'}, "says “QR code”"),
    (checks.templates_say_nothing_of_their_own, {PAGE: '{{ _("Frame") }}: {{ name }}'}, "says “:”"),
]
CHECKS = list(dict.fromkeys(check for check, _, _ in FAULTS))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_interface_holds(check: Check) -> None:
    assert check(REPOSITORY) == []


@pytest.mark.parametrize(("check", "files", "complaint"), FAULTS, ids=[complaint for _, _, complaint in FAULTS])
def test_a_planted_fault_is_caught(check: Check, files: Mapping[str, str], complaint: str, tmp_path: Path) -> None:
    for name, text in ({checks.CATALOGUE: ""} | dict(files)).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert any(complaint in found for found in check(tmp_path)), check(tmp_path)


def test_every_check_has_a_planted_fault() -> None:
    defined = {
        value
        for name, value in vars(checks).items()
        if getattr(value, "__annotations__", {}) == {"root": Path, "return": list[str]} and not name.startswith("_")
    }
    assert defined == set(CHECKS)


@pytest.fixture(params=list(languages.LANGUAGES))
def page(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """A page of each language, with the words that the application gives its templates."""
    app = Flask(__name__)
    languages.init_app(app)
    with app.test_request_context(f"/?lang={request.param}"):
        yield app


def test_every_text_of_a_template_can_be_filled_in(page: Flask) -> None:
    texts = checks.template_texts(REPOSITORY)
    assert texts
    for text, plural in texts.items():
        call = "gettext(text, **values)" if plural is None else "ngettext(text, plural, 7, **values)"
        values = dict.fromkeys(set(re.findall(r"%\((\w+)\)", text)) - {"num"}, 7)
        shown = page.jinja_env.from_string(f"{{{{ {call} }}}}").render(text=text, plural=plural, values=values)
        assert shown.strip(), text
        assert not re.search(r"%%|%\(", shown), shown


def test_every_text_of_the_code_can_be_filled_in(page: Flask) -> None:
    texts = checks.python_texts(REPOSITORY)
    assert texts
    for text in texts:
        names = {name for _, name, _, _ in Formatter().parse(text) if name}
        shown = languages.translate(text).format(**dict.fromkeys(names, "7"))
        assert not re.search(r"[{}]\w", shown) or "{{" in text, shown


def test_a_percent_sign_reaches_the_page_once(page: Flask) -> None:
    shown = page.jinja_env.from_string('{{ _("95%% interval") }}').render()
    assert shown in {"95% interval", "95%区间"}
