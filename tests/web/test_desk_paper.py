"""Paper at the desk: sheets with numbers of their own, and typing them in by one key an answer."""

import re
from collections.abc import Callable

import pytest

from survey.queries.answer_sheets import answer_sheets
from survey.services.move_wave import close_wave
from survey.services.recount import recount
from tests.browser import REPOSITORY
from tests.field import AREA, WAVE, Field, plan_text, questionnaire_text, valid_answers
from tests.questionnaires.instruments import tiny
from tests.web.desk import Desk, Visitor

PAPER = f"/desk/waves/{WAVE}/paper"
# The short questionnaire as one types it: 18 to 34, female, the neighbourhood, satisfied, two activities, three times.
TYPED = {"age": "2", "sex": "2", "home": AREA, "parks": "1", "activities": "1 2", "times": "3", "comment": "树多一点"}
MEANT = {
    "age": "18-34",
    "sex": "F",
    "home": AREA,
    "parks": "satisfied",
    "activities": ["cleaning", "traffic"],
    "times": 3,
    "comment": "树多一点",
}
DAY = "2026-11-02"


@pytest.fixture
def visitor(field: Field, desk_app: Desk) -> Visitor:
    """An analyst at the desk of an opened wave."""
    return desk_app.signed_in("analyst")


def printed(visitor: Visitor, field: Field, copies: int = 3, language: str = "en") -> list[str]:
    """The serials of new sheets."""
    page = visitor.get(f"{PAPER}/sheets?point={field.point.code}&copies={copies}&language={language}")
    assert page.status_code == 200, page.text
    return re.findall(r'class="serial">\S+ <b>(\S+)</b>', page.text)


def type_in(
    visitor: Visitor, serial: str, *, day: str = DAY, action: str = "store", guardian: str = "", **changes: str
) -> tuple[int, str]:
    """Type in a sheet. Returns (status, what is said next)."""
    fields = {f"item-{code}": answer for code, answer in (TYPED | changes).items()}
    fields |= {"_serial": serial, "_day": day, "_language": "zh-Hans", "_action": action}
    fields |= {"_guardian": guardian} if guardian else {}
    told = visitor.post(f"{PAPER}/entry", **fields)
    if told.status_code == 303:
        return 303, visitor.get(told.location).text
    return told.status_code, told.text


def test_each_sheet_has_a_number_of_its_own_and_another_printing_other_numbers(visitor: Visitor, field: Field) -> None:
    serials = printed(visitor, field, 50) + printed(visitor, field, 50)
    assert len(set(serials)) == 100
    assert all(re.fullmatch(r"P1-1-[2-9A-Z]{4}[0-9]{2}-[2-9A-Z]{2}", serial) for serial in serials)
    assert visitor.get(f"/desk/waves/{WAVE}").text.count(f"{PAPER}") == 1, "the wave's page leads here"


def test_a_sheet_asks_what_the_form_asks_with_a_number_at_each_box(visitor: Visitor, field: Field) -> None:
    page = visitor.get(f"{PAPER}/sheets?point={field.point.code}&copies=1&language=en").text
    for said in (
        "测01表",
        "Field trial",
        "voluntary and anonymous",
        "How old are you?",
        "Only if question 5 is answered",
    ):
        assert said in page
    assert re.search(r"<b>4</b> 55 or older", page)
    assert re.search(r"<b>A</b> Cannot remember", page), "beside a number there are letters"
    assert "1 <code>under_18</code> · 2 <code>18-34</code>" in page
    chinese = visitor.get(f"{PAPER}/sheets?point={field.point.code}&copies=1&language=zh-Hans").text
    assert "您的年龄？" in chinese
    assert "参加调查完全自愿" in chinese


def test_a_sheet_is_stored_as_what_stands_on_it(visitor: Visitor, field: Field) -> None:
    (serial,) = printed(visitor, field, 1)
    status, told = type_in(visitor, serial)
    assert (status, f"{serial} is stored: Complete." in told) == (303, True)
    (row,) = field.rows()
    assert row["answers"] == MEANT
    assert (row["channel"], row["mode"], row["language"]) == ("desk", "intercept", "zh-Hans")
    assert row["opened_at"].date().isoformat() == DAY
    assert field.cell().completed == 1
    assert recount(field.db)[1] == []


def test_the_same_sheet_counts_once_however_often_it_is_typed(visitor: Visitor, field: Field) -> None:
    first, other, _ = printed(visitor, field)
    type_in(visitor, first)
    assert "had been entered already, with the same answers" in type_in(visitor, f" {first.lower()} ")[1]
    assert "had been entered already with other answers" in type_in(visitor, first, parks="3")[1]
    assert (len(field.rows()), len(field.copies())) == (1, 1)
    type_in(visitor, other)
    assert len(field.rows()) == 2


def test_a_slip_in_the_number_names_no_other_sheet(visitor: Visitor, field: Field) -> None:
    (serial,) = printed(visitor, field, 1)
    known = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
    slips = {
        serial[:place] + letter + serial[place + 1 :]
        for place in range(5, len(serial))
        if serial[place] != "-"
        for letter in ("2", "7", known[(known.find(serial[place]) + 1) % len(known)])
    } - {serial}
    caught = [type_in(visitor, slip)[0] for slip in sorted(slips)]
    assert caught.count(422) >= len(slips) - 1, "of a thousand slips one may hit"
    for nonsense in ("", "P1", "P99-1-HK4T07-QX", "P1-9-HK4T07-QX", "\x00", "x" * 500, "Ｐ１－１"):
        assert type_in(visitor, nonsense)[0] == 422


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"age": "9"}, "Question 1: Choose one of the answers offered."),
        ({"age": ""}, "Question 1: Please answer this question."),
        ({"sex": "1 2"}, "Question 2: Choose one of the answers offered."),
        ({"home": "nowhere"}, "Question 3: Choose the place from the list."),
        ({"activities": "1 3"}, "Question 5: This answer cannot be chosen together with others."),
        ({"times": "0"}, "Question 6: Give a number from 1 to 365."),
        ({"times": "C"}, "Question 6: Give one whole number"),
        ({"comment": "字" * 201}, "Question 7: Shorten this to 200 characters."),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_key_is_named_at_its_question_and_nothing_typed_is_lost(
    visitor: Visitor, field: Field, changes: dict[str, str], said: str
) -> None:
    (serial,) = printed(visitor, field, 1)
    status, told = type_in(visitor, serial, **changes)
    assert status == 422
    assert said in told
    for code, typed in (TYPED | changes).items():
        assert f'name="item-{code}"' in told
        assert code == "comment" or f'value="{typed}"' in told
    assert field.rows() == []


@pytest.mark.parametrize(
    ("changes", "answers"),
    [
        ({"activities": "３、", "times": "3"}, {"activities": ["none"], "times": None}),  # answered though not asked
        ({"times": "a"}, {"times": "dont_know"}),
        ({"times": "１２"}, {"times": 12}),
        ({"age": "1", "home": AREA}, {"age": "under_18", "home": None, "parks": None}),
    ],
    ids=str,
)
def test_full_width_keys_and_what_was_not_asked(
    visitor: Visitor, field: Field, changes: dict[str, str], answers: dict[str, object]
) -> None:
    (serial,) = printed(visitor, field, 1)
    assert type_in(visitor, serial, **changes)[0] == 303
    (row,) = field.rows()
    assert {code: row["answers"].get(code) for code in answers} == answers


def test_a_place_is_typed_by_its_name(visitor: Visitor, field: Field) -> None:
    (serial,) = printed(visitor, field, 1)
    page = visitor.get(f"{PAPER}/entry?serial={serial}&day={DAY}&language=en").text
    name = re.findall(r'<option value="([^"]+)"', page)[0]
    assert type_in(visitor, serial, home=name)[0] == 303
    assert field.rows()[0]["answers"]["home"] in {AREA, field.rows()[0]["area_code"]}


def test_an_incomplete_sheet_is_kept_as_one(visitor: Visitor, field: Field) -> None:
    (serial,) = printed(visitor, field, 1)
    assert type_in(visitor, serial, parks="", action="incomplete")[0] == 303
    assert [row["disposition"] for row in field.rows()] == ["partial"]


@pytest.mark.parametrize("day", ["", "2026-10-01", "2026-11-03", "yesterday"])
def test_the_day_lies_within_the_wave_and_not_in_the_future(visitor: Visitor, field: Field, day: str) -> None:
    (serial,) = printed(visitor, field, 1)
    status, told = type_in(visitor, serial, day=day)
    assert status == 422
    assert "Give a day of the wave, from 2026-11-01 to 2026-11-02." in told


def test_sheets_of_a_closed_wave_are_late_and_after_its_grace_not_taken(
    field: Field, new_desk: Callable[..., Desk]
) -> None:
    desk = new_desk()
    visitor = desk.signed_in("analyst")
    first, second, _ = printed(visitor, field)
    close_wave(field.db, WAVE, field.clock.now)
    desk.clock.forward(hours=4)
    assert type_in(desk.signed_in("analyst"), first)[0] == 303
    assert field.rows()[0]["late"] is True
    desk.clock.forward(hours=50)
    status, told = type_in(desk.signed_in("analyst"), second)
    assert (status, "The survey is over" in told) == (410, True)


@pytest.mark.parametrize("copies", ["0", "51", "-1", "x", "", "٣", "9" * 30])
def test_a_number_of_sheets_that_cannot_be_is_refused(visitor: Visitor, field: Field, copies: str) -> None:
    page = visitor.get(f"{PAPER}/sheets?point={field.point.code}&copies={copies}&language=en")
    assert page.status_code == 422
    assert "Print 1 to 50 sheets at a time." in page.text
    assert visitor.get(f"{PAPER}/sheets?point=NOSUCH&copies=1").status_code == 404
    assert visitor.get("/desk/waves/none/paper").status_code == 404


def test_how_long_paper_took_nobody_knows(visitor: Visitor, field: Field) -> None:
    (serial,) = printed(visitor, field, 1)
    type_in(visitor, serial)
    field.receive(valid_answers())
    frame = field.catalogue.ground(field.wave_id).frame
    items = tuple(field.questionnaire.items.values())
    with field.db.reading() as connection:
        sheets = answer_sheets(connection, field.wave_id, [("field", 1)], frame, items)
    assert sorted(sheets["duration"].isna()) == [False, True]
    assert visitor.get(f"/desk/waves/{WAVE}/quality").status_code == 200


def sheet_page(field: Field, visitor: Visitor, language: str) -> str:
    """One sheet, printed."""
    return visitor.get(f"{PAPER}/sheets?point={field.point.code}&copies=1&language={language}").text


def open_wave(new_field: Callable[..., Field], name: str) -> Field:
    """A wave of a tiny instrument."""
    titles = ", ".join(f"{language}: Trial wave" for language in tiny(name).languages)
    plan = plan_text(questionnaire=(name, 1)).replace("{zh-Hans: 试调查, en: Trial wave}", f"{{{titles}}}")
    return new_field(questionnaire=(REPOSITORY / f"tests/questionnaires/{name}.yaml").read_text("utf-8"), plan=plan)


@pytest.mark.parametrize(
    ("language", "kept", "contact"),
    [
        ("en", "are kept for 24 months, then deleted.", "Questions or complaints: Survey office, 000-1234567"),
        ("zh-Hans", "24个月后删除。", "疑问或投诉请联系：调查办，电话000-1234567"),
    ],
)
def test_a_sheet_says_before_the_questions_what_is_kept_and_whom_to_ask(
    new_field: Callable[..., Field], new_desk: Callable[..., Desk], language: str, kept: str, contact: str
) -> None:
    notice = "{contact: {zh-Hans: 调查办，电话000-1234567, en: 'Survey office, 000-1234567'}, keep_months: 24}"
    field = new_field(plan=f"{plan_text()}\nnotice: {notice}")
    page = sheet_page(field, new_desk().signed_in("analyst"), language)
    assert 0 < page.index(kept) < page.index(contact) < page.index('class="question"')


def test_a_sheet_of_a_plan_without_a_notice_names_the_issuing_office(visitor: Visitor, field: Field) -> None:
    page = sheet_page(field, visitor, "en")
    assert "are kept until this office deletes them." in page
    assert f"Questions or complaints: {field.questionnaire.legal.issued_by}" in page
    assert "Children under 14" not in page
    assert "guardian" not in page


def test_a_sheet_that_asks_no_children_says_so_and_has_no_box(
    new_field: Callable[..., Field], new_desk: Callable[..., Desk]
) -> None:
    field, visitor = open_wave(new_field, "children"), new_desk().signed_in("analyst")
    page = sheet_page(field, visitor, "en")
    assert 0 < page.index("Children under 14 are not asked.") < page.index('class="question"')
    assert "guardian" not in page
    (serial,) = printed(visitor, field, 1)
    assert "_guardian" not in visitor.get(f"{PAPER}/entry?serial={serial}&day={DAY}").text
    assert type_in(visitor, serial, age="1", playgrounds="1")[0] == 303
    assert [(row["disposition"], row["answers"]) for row in field.rows()] == [("ineligible", {})]


def test_a_pupil_s_sheet_is_stored_with_a_guardian_s_consent_only(
    new_field: Callable[..., Field], new_desk: Callable[..., Desk]
) -> None:
    field, visitor = open_wave(new_field, "minors"), new_desk().signed_in("analyst")
    page = sheet_page(field, visitor, "en")
    statement, box = page.index("about their way to school"), page.index("I am the parent or guardian and agree")
    assert 0 < statement < box < page.index('class="question"')
    assert "本办公室向学生了解" in sheet_page(field, visitor, "zh-Hans")
    agreed, refused, older = printed(visitor, field)
    child = {"age": "1", "crossing": "2"}
    assert 'name="_guardian" value="yes" autofocus' in visitor.get(f"{PAPER}/entry?serial={agreed}&day={DAY}").text
    status, told = type_in(visitor, agreed, **child)
    assert (status, field.rows()) == (422, [])
    assert '<a href="#_guardian">Under 14, a parent or guardian has to agree first.' in told
    assert 'name="item-crossing" value="2"' in told
    assert type_in(visitor, agreed, guardian="yes", **child)[0] == 303
    assert type_in(visitor, refused, action="incomplete", **child)[0] == 303
    assert type_in(visitor, older, age="2", crossing="1")[0] == 303
    assert [row["answers"] for row in field.rows()] == [
        {"age": "under_14", "crossing": "unsafe"},
        {},
        {"age": "14-17", "crossing": "safe"},
    ]


def test_a_guardian_s_tick_is_not_lost_when_another_answer_is_wrong(
    new_field: Callable[..., Field], new_desk: Callable[..., Desk]
) -> None:
    field, visitor = open_wave(new_field, "minors"), new_desk().signed_in("analyst")
    (serial,) = printed(visitor, field, 1)
    status, told = type_in(visitor, serial, guardian="yes", age="1", crossing="9")
    assert status == 422
    assert 'name="_guardian" value="yes" checked' in told


@pytest.mark.parametrize(
    ("hint", "marked"),
    [
        ("{zh-Hans: 可多选。, en: Choose all that apply.}", False),
        ("{zh-Hans: 请回想过去一年。, en: Think of the past year.}", True),
    ],
)
def test_that_several_answers_may_be_ticked_stands_there_once(
    new_field: Callable[..., Field], new_desk: Callable[..., Desk], hint: str, marked: bool
) -> None:
    text = questionnaire_text().replace("did you take part in?}", f"did you take part in?}}\n        hint: {hint}", 1)
    field, visitor = new_field(questionnaire=text), new_desk().signed_in("analyst")
    chinese, english = sheet_page(field, visitor, "zh-Hans"), sheet_page(field, visitor, "en")
    assert (chinese.count("可多选"), english.count("all that apply")) == (1, 1)
    assert ("（可多选）" in chinese, "(tick all that apply)" in english) == (marked, marked)
