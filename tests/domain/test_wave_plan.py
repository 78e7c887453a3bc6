"""What a wave plan file says, and that every fault in one is named with its field and line."""

import copy
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.domain.allocation import Allocation
from survey.domain.document import Document
from survey.domain.frame_import import parse_frame
from survey.domain.problems import Invalid
from survey.domain.questionnaire import Questionnaire, parse_questionnaire
from survey.domain.quota import quota_cells
from survey.domain.wave import Mode, PlaceType, PointPlan, SamplePlan, WavePlan, Within
from survey.domain.wave_json import plan_from_json, plan_to_json
from survey.domain.wave_notes import plan_notes
from survey.domain.wave_plan import parse_plan
from survey.yaml_source import read_yaml
from tests.frames import excerpt
from tests.frames.excerpt import HUAYING, YUECHI
from tests.frames.instrument import questionnaire
from tests.reference_data import frames_folder

ROOT = Path(__file__).resolve().parents[2]
FRAME = excerpt.frame()
ADULTS = questionnaire()

PLAN = """\
wave: 2026-q1
title: {zh-Hans: 第一季度, en: First quarter}
questionnaire: {code: civic, version: 1}
timezone: Asia/Shanghai
opens: 2026-03-02T08:00
closes: 2026-03-15T20:00
districts: all
samples:
  - {mode: intercept, n: 400, allocation: power}
  - mode: open_qr
    n: 1000
    allocation: fixed
    fixed: {"511621": 600, "511681": 400}
points:
  - {area: 511621001, place: square, mode: intercept}
"""


def parse(text: str = PLAN, instrument: Questionnaire = ADULTS) -> WavePlan:
    return parse_plan(read_yaml(text, "plan.yaml"), instrument, FRAME)


def refusal(text: str, instrument: Questionnaire = ADULTS) -> list[tuple[int | None, str, str]]:
    with pytest.raises(Invalid) as refused:
        parse(text, instrument)
    for problem in refused.value.problems:
        assert problem.file == "plan.yaml"
        assert not re.search(r"\{\w", problem.message())
    return [(problem.line, problem.field, problem.code) for problem in refused.value.problems]


def changed(old: str, new: str) -> str:
    assert PLAN.count(old) == 1
    return PLAN.replace(old, new)


def civic() -> Questionnaire:
    path = ROOT / "questionnaires" / "civic" / "1.yaml"
    return parse_questionnaire(read_yaml(path.read_bytes(), path.name))


def test_a_plan_says_when_where_how_many_and_how() -> None:
    plan = parse()
    assert (plan.code, plan.title["en"], plan.questionnaire_version) == ("2026-q1", "First quarter", 1)
    assert plan.opens_at == datetime(2026, 3, 2, 0, tzinfo=UTC)
    assert plan.closes_at.isoformat() == "2026-03-15T20:00:00+08:00"
    assert plan.grace == timedelta(hours=72)
    assert plan.districts == (YUECHI, HUAYING)
    assert plan.samples == (
        SamplePlan(Mode.INTERCEPT, 400, Allocation.POWER),
        SamplePlan(Mode.OPEN_QR, 1000, Allocation.FIXED, {YUECHI: 600, HUAYING: 400}),
    )
    assert plan.points == (PointPlan("511621001", PlaceType.SQUARE, Mode.INTERCEPT),)
    assert plan.within is Within.POPULATION


def test_a_plan_comes_back_from_storage_as_it_was() -> None:
    instrument = questionnaire(others=("local", "migrant"))
    generate = "generate:\n  - {mode: open_qr, per_district: 5, places: [market, station]}\n"
    shares = "shares:\n  hukou: {local: 0.7, migrant: 0.3}\n"
    plan = parse(PLAN + generate + shares, instrument)
    assert plan.shares == {"hukou": {"local": Fraction(7, 10), "migrant": Fraction(3, 10)}}
    stored = plan_to_json(plan)
    assert plan_from_json(stored) == plan
    assert plan_to_json(plan_from_json(stored)) == stored


def test_storage_of_another_format_is_not_read() -> None:
    with pytest.raises(ValueError, match="format 2"):
        plan_from_json(plan_to_json(parse()).replace('"format":1', '"format":2'))


def test_the_form_of_the_desk_sends_numbers_as_text_and_gets_the_same_plan() -> None:
    form = {
        "wave": "2026-q1",
        "title": {"zh-Hans": "第一季度", "en": "First quarter"},
        "questionnaire": {"code": "civic", "version": "1"},
        "opens": "2026-03-02T08:00+08:00",
        "closes": "2026-03-15T20:00+08:00",
        "districts": ["511621", "511681"],
        "samples": [
            {"mode": "intercept", "n": "400", "allocation": "power", "power": "0.5"},
            {"mode": "open_qr", "n": "1000", "allocation": "fixed", "fixed": {"511621": "600", "511681": "400"}},
        ],
        "points": [{"area": "511621001", "place": "square", "mode": "intercept"}],
    }
    assert parse_plan(Document("form", form, {}), ADULTS, FRAME) == parse()
    wrong: dict[str, Any] = copy.deepcopy(form)
    wrong["samples"][0]["n"] = "4OO"
    with pytest.raises(Invalid) as refused:
        parse_plan(Document("form", wrong, {}), ADULTS, FRAME)
    (problem,) = refused.value.problems
    assert (problem.field, problem.code, problem.line) == ("samples[1].n", "wave_count", None)


@pytest.mark.parametrize("n", ['"１２"', '"1_000"', '"True"', "true", "1.5", "-3", "0", "99999999", '""', "[1]", "{}"])
def test_a_sample_size_that_is_not_a_whole_number_is_refused(n: str) -> None:
    assert refusal(changed("n: 400", f"n: {n}")) == [(9, "samples[1].n", "wave_count")]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "code"),
    [
        ("wave: 2026-q1", "wave: 第一季", 1, "wave", "document_bad_code"),
        (", en: First quarter", "", 2, "title.en", "document_missing_key"),
        ("en: First quarter", "en: " + "x" * 201, 2, "title.en", "wave_text_long"),
        ("code: civic", "code: other", 3, "questionnaire.code", "wave_other_questionnaire"),
        ("version: 1", "version: 2", 3, "questionnaire.version", "wave_other_questionnaire"),
        ("Asia/Shanghai", "Asia/Guangan", 4, "timezone", "wave_timezone"),
        ("Asia/Shanghai", "../../etc/passwd", 4, "timezone", "wave_timezone"),
        ("Asia/Shanghai", "Asia", 4, "timezone", "wave_timezone"),
        ("opens: 2026-03-02T08:00", "opens: 2026-03-32T08:00", 5, "opens", "wave_time"),
        ("opens: 2026-03-02T08:00", "opens: 0001-01-01T00:00", 5, "opens", "wave_time"),
        ("opens: 2026-03-02T08:00", "opens: 2026-03-02T08:00+99:00", 5, "opens", "wave_time"),
        ("opens: 2026-03-02T08:00", "opens: 2026-03-02", 5, "opens", "wave_time"),
        ("opens: 2026-03-02T08:00", 'opens: "２０２６-03-02T08:00"', 5, "opens", "wave_time"),
        ("opens: 2026-03-02T08:00", "opens: 2026-03-15T20:00", 6, "closes", "wave_closes_first"),
        ("closes: 2026-03-15T20:00", "closes: 2027-01-01T00:00", 6, "closes", "wave_after_approval"),
        ("closes: 2026-03-15T20:00", "closes: [x]", 6, "closes", "wave_time"),
        ("districts: all", "districts: [511621, 511600]", 7, "districts[2]", "wave_district_unknown"),
        ("districts: all", 'districts: [511621, 511681, "５１１６２１"]', 7, "districts[3]", "wave_district_twice"),
        ("districts: all", "districts: []", 7, "districts", "document_too_few"),
        ("districts: all", "districts: some", 7, "districts", "document_not_list"),
        ("mode: intercept, n", "mode: telephone, n", 9, "samples[1].mode", "document_not_known"),
        ("mode: open_qr", "mode: intercept", 10, "samples[2].mode", "wave_mode_twice"),
        ("allocation: power", "allocation: fixed", 9, "samples[1].fixed", "document_missing_key"),
        ("allocation: power", "allocation: equal, power: 0.5", 9, "samples[1].power", "wave_other_rule"),
        ("allocation: power", "allocation: power, power: 1.5", 9, "samples[1].power", "wave_fraction"),
        ('"511681": 400', '"511681": 401', 13, "samples[2].fixed", "allocation_fixed_sum"),
        (', "511681": 400', "", 13, "samples[2].fixed", "allocation_fixed_missing"),
        ('"511681": 400', '"511682": 400', 13, "samples[2].fixed.511682", "wave_district_unknown"),
        ('"511681": 400', '"５１１６２１": 400', 13, "samples[2].fixed.５１１６２１", "wave_district_twice"),
        ('"511681": 400', '"511681": true', 13, "samples[2].fixed.511681", "wave_count"),
        ("area: 511621001", "area: 511621099", 15, "points[1].area", "wave_area_unknown"),
        ("area: 511621001", "area: 511621", 15, "points[1].area", "wave_area_too_large"),
        ("place: square", "place: palace", 15, "points[1].place", "document_not_known"),
        ("square, mode: intercept", "square, mode: sampled", 15, "points[1].mode", "wave_mode_unsampled"),
        ("place: square", "plaza: square", 15, "points[1].plaza", "document_unknown_key_nearest"),
        ("points:", "grace_hours: 800\npoints:", 14, "grace_hours", "wave_count"),
        ("points:", "within: equally\npoints:", 14, "within", "document_not_known"),
        ("points:", "shares: {sex: {M: 0.5, F: 0.5}}\npoints:", 14, "shares.sex", "document_unknown_key"),
        ("points:", "letters: {replace_hours: 49}\npoints:", 14, "letters.replace_hours", "wave_count"),
        ("points:", "letters: {replace_hours: -1}\npoints:", 14, "letters.replace_hours", "wave_count"),
        ("points:", "letters: {replace_hours: 1.5}\npoints:", 14, "letters.replace_hours", "wave_count"),
        ("points:", 'letters: {replace_hours: "４８"}\npoints:', 14, "letters.replace_hours", "wave_count"),
        ("points:", "letters: {replace_hours: [48]}\npoints:", 14, "letters.replace_hours", "wave_count"),
        ("points:", "letters: {replace_hour: 48}\npoints:", 14, "letters.replace_hour", "document_unknown_key_nearest"),
        ("points:", "letters: {quota: 5}\npoints:", 14, "letters.quota", "document_unknown_key"),
        ("points:", "letters: 48\npoints:", 14, "letters", "document_not_mapping"),
        ("points:", "letters: [48]\npoints:", 14, "letters", "document_not_mapping"),
    ],
)
def test_a_fault_is_named_with_its_field_and_line(old: str, new: str, line: int, field: str, code: str) -> None:
    assert (line, field, code) in refusal(changed(old, new))


@pytest.mark.parametrize(
    ("said", "hours"),
    [("", 48), ("letters: {}", 48)] + [(f"letters: {{replace_hours: {hours}}}", hours) for hours in (0, 1, 48)],
)
def test_answers_to_letters_may_be_replaced_for_the_hours_that_the_plan_says(said: str, hours: int) -> None:
    plan = parse(f"{PLAN}{said}\n")
    assert plan.replace_hours == hours
    assert plan_from_json(plan_to_json(plan)) == plan


def test_every_fault_is_named_at_once() -> None:
    text = changed("n: 400", "n: 0").replace("wave: 2026-q1", "wave: Q1").replace("place: square", "place: here")
    assert [line for line, _, _ in refusal(text)] == [1, 9, 15]


@pytest.mark.parametrize(
    "key", ["wave", "title", "questionnaire", "opens", "closes", "districts", "samples", "timezone"]
)
def test_what_is_missing_is_asked_for(key: str) -> None:
    pattern = rf"^{key}:.*\n(  .*\n)*"
    text = re.sub(pattern, "", PLAN, flags=re.MULTILINE)
    codes = {code for _, _, code in refusal(text)}
    assert codes & {"document_missing_key", "wave_time_zone"}


@pytest.mark.parametrize("tree", [None, [], "plan", 5, {"wave": None}, {"samples": [[]], "points": {}, "title": "x"}])
def test_a_document_of_another_shape_is_refused_and_never_an_error(tree: object) -> None:
    with pytest.raises(Invalid):
        parse_plan(Document("form", tree, {}), ADULTS, FRAME)


def paths(tree: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    keys = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(below for key, value in keys for below in paths(value, (*path, key)))]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["all", "\ud800", "\x00", "１２"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FORM = read_yaml(
    PLAN
    + "generate: [{mode: open_qr, per_district: 2, places: [mall]}]\ngrace_hours: 1\nletters: {replace_hours: 24}\n",
    "p",
).tree


@given(st.sampled_from(paths(FORM)[1:]), JSON)
def test_whatever_a_form_sends_in_one_place_is_a_plan_or_a_refusal(path: tuple[str | int, ...], value: object) -> None:
    tree: Any = copy.deepcopy(FORM)
    around = tree
    for key in path[:-1]:
        around = around[key]
    around[path[-1]] = value
    try:
        plan = parse_plan(Document("form", tree, {}), ADULTS, FRAME)
    except Invalid as refused:
        told = "".join(str(problem) for problem in refused.problems)
        told.encode()  # a message can always be shown
        return
    assert plan_from_json(plan_to_json(plan)) == plan


def test_a_wave_may_close_on_the_last_day_of_the_approval() -> None:
    plan = parse(changed("closes: 2026-03-15T20:00", "closes: 2026-12-31T23:59"))
    assert plan.closes_at.date() == ADULTS.legal.valid_until


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    text = changed("Asia/Shanghai", "Europe/Berlin").replace("2026-03-02T08:00", "2026-03-29T02:30")
    assert (5, "opens", "wave_time_skipped") in refusal(text.replace("2026-03-15", "2026-04-15"))


def test_times_with_an_offset_need_no_time_zone() -> None:
    text = (
        PLAN.replace("timezone: Asia/Shanghai\n", "").replace("T08:00", " 08:00:00Z").replace("T20:00", "T20:00+08:00")
    )
    assert parse(text).opens_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_a_frame_without_the_ages_needs_within_equal_at_that_line() -> None:
    counts = tuple(count for count in FRAME.population if not count.age_band)
    bare = type(FRAME)(FRAME.areas, counts, FRAME.reference_date)
    text = PLAN + "within: population\n"
    with pytest.raises(Invalid) as refused:
        parse_plan(read_yaml(text, "plan.yaml"), ADULTS, bare)
    assert {(problem.line, problem.code) for problem in refused.value.problems} == {(16, "margins_no_figure")}
    parse_plan(read_yaml(text.replace("within: population", "within: equal"), "plan.yaml"), ADULTS, bare)


@pytest.mark.parametrize(
    ("shares", "field", "code"),
    [
        ("{local: 0.7, migrant: 0.2}", "shares.hukou", "wave_shares_sum"),
        ("{local: 0.7}", "shares.hukou.migrant", "document_missing_key"),
        ("{local: 0.7, migrant: 0.3, other: 0}", "shares.hukou.other", "document_unknown_key"),
        ("{local: 0.7, migrant: three tenths}", "shares.hukou.migrant", "wave_fraction"),
        ("[0.7, 0.3]", "shares.hukou", "document_not_mapping"),
    ],
)
def test_shares_that_do_not_fit_are_refused(shares: str, field: str, code: str) -> None:
    instrument = questionnaire(others=("local", "migrant"))
    assert (16, field, code) in refusal(PLAN + f"shares: {{hukou: {shares}}}\n", instrument)


def test_a_point_listed_twice_is_refused() -> None:
    text = PLAN + '  - {area: "５１１６２１００１", place: square, mode: intercept}\n'
    assert refusal(text) == [(16, "points[2]", "wave_point_twice")]


def test_a_point_outside_the_districts_of_the_wave_is_refused() -> None:
    text = changed("districts: all", "districts: [511681]").replace(
        'fixed: {"511621": 600, "511681": 400}', 'fixed: {"511681": 1000}'
    )
    assert refusal(text) == [(15, "points[1].area", "wave_area_outside")]


def test_notes_tell_where_points_are_too_few_for_a_variance() -> None:
    generate = "generate:\n  - {mode: intercept, per_district: %d, places: [market, station]}\n"
    found = {
        each: [(note.code, dict(note.params).get("district")) for note in plan_notes(plan, ADULTS, FRAME)]
        for each, plan in {
            0: parse(),
            1: parse(PLAN.replace("511621001, place: square", "511621001, place: market") + generate % 1),
            3: parse(PLAN + generate % 3),
            4: parse(PLAN + generate % 4),
        }.items()
    }
    no_qr = [("wave_no_point", "岳池县"), ("wave_no_point", "华蓥市")]
    split = [("margins_age_split", None)]
    assert found[0] == [*split, ("wave_one_point", "岳池县"), ("wave_no_point", "华蓥市"), *no_qr]
    assert found[1] == [*split, ("wave_few_points", "岳池县"), ("wave_one_point", "华蓥市"), *no_qr]
    assert found[3] == [*split, ("wave_few_points", "华蓥市"), *no_qr]
    assert found[4] == [*split, *no_qr]
    assert all("{" not in note.message() for note in plan_notes(parse(), ADULTS, FRAME))


def test_a_district_that_gets_no_interviews_needs_no_points() -> None:
    text = changed('"511621": 600, "511681": 400', '"511621": 1000, "511681": 0')
    notes = [note for note in plan_notes(parse(text), ADULTS, FRAME) if ("mode", "open_qr") in note.params]
    assert [dict(note.params)["district"] for note in notes] == ["岳池县"]


def test_invited_people_need_no_points() -> None:
    text = changed("mode: open_qr", "mode: sampled").replace("mode: intercept", "mode: household")
    text = text.replace("points:\n  - {area: 511621001, place: square, mode: household}\n", "")
    assert [note.code for note in plan_notes(parse(text), ADULTS, FRAME)] == ["margins_age_split"]


def test_the_example_over_the_real_frame_is_a_plan() -> None:
    folder = frames_folder() / "guangan"
    frame, _ = parse_frame(
        (folder / "areas.csv").read_bytes(), (folder / "population.csv").read_bytes(), excerpt.REFERENCE_DATE
    )
    path = ROOT / "docs" / "examples" / "plan-guangan.yaml"
    plan = parse_plan(read_yaml(path.read_bytes(), path.name), civic(), frame)
    cells = quota_cells(plan, civic(), frame)
    assert len(cells) == 2 * 6 * 2 * 3
    assert sum(cell.target for cell in cells if cell.key.mode == "intercept") == 1800
    assert min(cell.target for cell in cells) > 20
    assert len(plan.points) == 6 * 6 + 1 + 6 * 10 + 1
    assert [note.code for note in plan_notes(plan, civic(), frame)] == ["margins_age_split"]


def test_every_plan_in_the_documentation_is_one() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "wave-plan.md").read_text(), re.DOTALL)
    assert len(blocks) >= 2
    for block in blocks:
        plan = parse_plan(read_yaml(block, "wave-plan.md"), civic(), FRAME)
        assert quota_cells(plan, civic(), FRAME)


def test_the_documentation_names_every_place_mode_and_rule() -> None:
    text = (ROOT / "docs" / "wave-plan.md").read_text()
    for word in (*PlaceType, *Mode, *Allocation, *Within):
        assert f"`{word}`" in text
