"""What the frame import accepts, and that it names every bad row and then keeps nothing."""

import codecs
import re
import time
from datetime import date
from pathlib import Path

import pytest

from survey.domain.frame import Frame, Level
from survey.domain.frame_check import FrameReport, SumKind
from survey.domain.frame_import import parse_frame
from survey.domain.problems import Invalid, Problem
from tests.frames import excerpt
from tests.reference_data import frames_folder

AREAS = """code,parent_code,level,name_zh,name_en
511600,,city,广安市,Guang'an City
511621,511600,district,岳池县,Yuechi County
511621001,511621,street,九龙街道,Jiulong Subdistrict
511621001001,511621001,community,东湖社区,
"""
POPULATION = """area_code,sex,age_band,population,source
511621,,,742747,普查
511621,M,,377000,普查
511621,M,15-19,20000,普查
"""


def read(areas: str | bytes = AREAS, population: str | bytes = POPULATION) -> tuple[Frame, FrameReport]:
    pair = [text.encode() if isinstance(text, str) else text for text in (areas, population)]
    return parse_frame(pair[0], pair[1], date(2020, 11, 1))


def problems(areas: str | bytes = AREAS, population: str | bytes = POPULATION) -> list[Problem]:
    with pytest.raises(Invalid) as refused:
        read(areas, population)
    for problem in refused.value.problems:
        assert "{" not in problem.message()
        assert len(problem.message()) > 15
    return list(refused.value.problems)


def only(areas: str | bytes = AREAS, population: str | bytes = POPULATION) -> tuple[str | None, int | None, str, str]:
    (problem,) = problems(areas, population)
    return problem.file, problem.line, problem.field, problem.code


def with_area(row: str) -> tuple[str | None, int | None, str, str]:
    return only(AREAS + row + "\n")


def with_figure(row: str) -> tuple[str | None, int | None, str, str]:
    return only(population=POPULATION + row + "\n")


@pytest.mark.parametrize(("city", "counts"), [("guangan", [1, 6, 124, 1715]), ("changsha", [1, 9, 172, 1624])])
def test_the_real_frames_import_without_an_error_or_a_discrepancy(city: str, counts: list[int]) -> None:
    folder = frames_folder() / city
    frame, report = parse_frame(
        (folder / "areas.csv").read_bytes(), (folder / "population.csv").read_bytes(), date(2020, 11, 1)
    )
    assert [report.areas[level] for level in (Level.CITY, Level.DISTRICT, Level.STREET, Level.COMMUNITY)] == counts
    assert sum(check.checked for check in report.checks) > 60
    assert all(check.checked == check.held for check in report.checks)
    assert report.discrepancies == ()
    assert report.notes == ()
    assert frame.population_of(frame.city.code) == {"guangan": 3_254_883, "changsha": 10_047_914}[city]


def test_the_excerpt_imports_and_knows_its_tree() -> None:
    frame = excerpt.frame()
    assert [area.code for area in frame.districts] == [excerpt.YUECHI, excerpt.HUAYING]
    assert len(frame.children(excerpt.YUECHI)) == 27
    community = frame.children("511681001")[0]
    assert [area.level for area in frame.ancestors(community.code)] == [Level.STREET, Level.DISTRICT, Level.CITY]


@pytest.mark.parametrize(
    ("encode", "name"),
    [
        (lambda text: text.encode(), "UTF-8"),
        (lambda text: codecs.BOM_UTF8 + text.encode(), "UTF-8 with BOM"),
        (lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"), "UTF-16 LE with BOM"),
        (lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"), "UTF-16 BE with BOM"),
        (lambda text: text.encode("utf-16-le"), "UTF-16 LE"),
        (lambda text: text.encode("utf-16-be"), "UTF-16 BE"),
        (lambda text: text.encode("gbk"), "GB18030"),
        (lambda text: text.encode("gb18030"), "GB18030"),
        (lambda text: text.replace("\n", "\r\n").encode("gb18030"), "GB18030"),
        (lambda text: text.replace(",", "\t").encode("utf-16"), "UTF-16 LE with BOM"),
        (lambda text: text.replace(",", ";").encode(), "UTF-8"),
    ],
)
def test_every_usual_encoding_and_separator_gives_the_same_frame(encode: object, name: str) -> None:
    assert callable(encode)
    frame, report = read(encode(AREAS), encode(POPULATION))
    assert frame == read()[0]
    assert report.encodings == (("areas.csv", name), ("population.csv", name))


def test_a_character_outside_gbk_is_read_from_gb18030() -> None:
    frame, _ = read(AREAS.replace("东湖", "𬇙㵲").encode("gb18030"))
    assert frame.areas["511621001001"].name_zh == "𬇙㵲社区"


def test_damaged_utf8_is_refused_with_its_line_instead_of_being_read_as_gb18030() -> None:
    damaged = AREAS.encode().replace("九龙".encode(), "九龙".encode()[:-1])
    assert only(damaged) == ("areas.csv", 4, "areas.csv", "csv_encoding")


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    assert only(AREAS.encode("gb18030") + b"\xff\xff,\n") == ("areas.csv", 6, "areas.csv", "csv_encoding")


def test_columns_stand_in_any_order_and_unknown_ones_are_noted() -> None:
    rows = [line.split(",") for line in AREAS.splitlines()]
    shuffled = "\n".join(",".join([row[4], row[0], "x", row[2], row[1], row[3]]) for row in rows)
    shuffled = shuffled.replace("name_en,code,x", " name_en ,ｃｏｄｅ,备注")
    frame, report = read(shuffled)
    assert frame == read()[0]
    assert [(note.code, note.field, note.line) for note in report.notes] == [("csv_column_unknown", "备注", 1)]


def test_missing_columns_are_refused_by_name() -> None:
    found = problems(AREAS.replace("level,name_zh", "Level,name"))
    assert [(problem.code, problem.field, problem.line) for problem in found] == [
        ("csv_column_missing", "level", 1),
        ("csv_column_missing", "name_zh", 1),
    ]


def test_a_column_that_stands_twice_is_refused() -> None:
    twice = AREAS.replace("name_en", "ｃｏｄｅ", 1)
    assert {problem.code for problem in problems(twice)} == {"csv_column_twice", "csv_column_missing"}


def test_an_empty_file_is_refused() -> None:
    assert only(b"") == ("areas.csv", None, "areas.csv", "csv_empty")
    assert only(population=b" \n\n") == ("population.csv", None, "population.csv", "csv_empty")


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("511621002,511621,street", "row", "csv_row_short"),
        ("511621002,511621,street,朝阳街道,Chaoyang, Subdistrict", "row", "csv_row_long"),
        (",511621,street,朝阳街道,", "code", "area_code_blank"),
        ("511621001,511621,street,朝阳街道,", "code", "area_code_twice"),
        ("５１１６２１００１,511621,street,朝阳街道,", "code", "area_code_twice"),
        ("51162100x,511621,street,朝阳街道,", "code", "area_code_shape"),
        ("٥١١٦٢١٠٠٢,511621,street,朝阳街道,", "code", "area_code_shape"),
        ("5.11621E+08,511621,street,朝阳街道,", "code", "area_code_shape"),
        ("51162102,511621,street,朝阳街道,", "code", "area_code_shape"),
        ("511621001001,511621,street,朝阳街道,", "code", "area_code_twice"),
        ("511621002,,street,朝阳街道,", "parent_code", "area_parent_blank"),
        ("511621002,511629,street,朝阳街道,", "parent_code", "area_parent_unknown"),
        ("511622002,511621,street,朝阳街道,", "code", "area_code_prefix"),
        ("512222,511600,district,某县,", "code", "area_code_prefix"),
        ("511621002001,511621001,community,某社区,", "code", "area_code_prefix"),
        ("511621001002,511621,community,某社区,", "parent_code", "area_parent_level"),
        ("511621002,511621001,street,朝阳街道,", "parent_code", "area_parent_level"),
        ("511621002,511621002,street,朝阳街道,", "parent_code", "area_cycle"),
        ("511621002,511621,village,朝阳街道,", "level", "area_level_unknown"),
        ("511621002,511621,,朝阳街道,", "level", "area_level_unknown"),
        ("511621002,511621,street,,Chaoyang", "name_zh", "area_name_blank"),
        ("511621002,511621,street, 　 ,Chaoyang", "name_zh", "area_name_blank"),
        ("511621002,511621,street,朝阳" + "街" * 200 + ",", "name_zh", "area_name_long"),
        ("511621002,511621,street,朝\x00阳,", "name_zh", "unreadable_text"),
        ("511621002,511621,street,朝\ufffd阳,", "name_zh", "unreadable_text"),
        ('511621002,511621,street,"朝阳"街道,', "row", "csv_quotes"),
        ('511621002,511621,street,"朝阳街道,', "row", "csv_quotes"),
        ("511700,,city,达州市,", "level", "area_second_city"),
        ("511700,511600,city,达州市,", "parent_code", "area_city_parent"),
    ],
)
def test_a_bad_area_is_named_with_its_line_and_column(row: str, column: str, code: str) -> None:
    found = [(one.file, one.line, one.field, one.code) for one in problems(AREAS + row + "\n")]
    assert found[0] == ("areas.csv", 6, column, code)
    assert {line for _, line, _, _ in found} == {6}


@pytest.mark.parametrize(
    "people", ["１２", "1_000", "True", "1,000", "-5", "+5", "12.0", "1e3", "=12", "٣", "12 人", "0x1"]
)
def test_a_population_that_is_not_plain_digits_is_named(people: str) -> None:
    row = f'511621,F,,"{people}",census'
    assert with_figure(row) == ("population.csv", 5, "population", "population_shape")


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("511621,F,,,census", "population", "population_blank"),
        ("511621,F,, ,census", "population", "population_blank"),
        ("511621,F,," + "9" * 5000 + ",census", "population", "population_shape"),
        ("511621,f,,1,census", "sex", "population_sex"),
        ("511621,女,,1,census", "sex", "population_sex"),
        ("511621,F,19-15,1,census", "age_band", "population_age_band"),
        ("511621,F,4-Jan,1,census", "age_band", "population_age_band"),
        ("511621,F,15-999,1,census", "age_band", "population_age_band"),
        (",F,,1,census", "area_code", "population_area_blank"),
        ("511622,F,,1,census", "area_code", "population_area_unknown"),
        ("511621,M,15-19,20000,again", "area_code", "population_twice"),
        ("511621,Ｍ,15-19,20000,again", "area_code", "population_twice"),
        ("511621,M,015-19,20000,again", "area_code", "population_twice"),
        ("511621,M,15-19,many,again", "population", "population_shape"),
        ("511621,F", "row", "csv_row_short"),
        ("511621,F,,1,census,more", "row", "csv_row_long"),
        ("511621,F,,1,cen\x00sus", "source", "unreadable_text"),
    ],
)
def test_a_bad_figure_is_named_with_its_line_and_column(row: str, column: str, code: str) -> None:
    found = [(one.file, one.line, one.field, one.code) for one in problems(population=POPULATION + row + "\n")]
    assert found[0] == ("population.csv", 5, column, code)


def test_every_bad_row_of_both_files_is_named_at_once() -> None:
    areas = AREAS + "511621002,511621,street,,\n511621003,511621,town,某镇,\n511621004,511629,street,某镇,\n"
    population = POPULATION + "511621002,M,,１２,census\n511621099,M,,12,census\n"
    assert [(one.file, one.line, one.field) for one in problems(areas, population)] == [
        ("areas.csv", 6, "name_zh"),
        ("areas.csv", 7, "level"),
        ("areas.csv", 8, "parent_code"),
        ("population.csv", 5, "population"),
        ("population.csv", 6, "area_code"),
    ]


def test_a_bad_row_does_not_make_its_children_and_figures_bad() -> None:
    areas = AREAS.replace("511621,511600,district,岳池县", "511621,511600,county,岳池县")
    assert only(areas) == ("areas.csv", 3, "level", "area_level_unknown")


def test_a_quotation_mark_that_is_never_closed_hides_the_rest_without_blaming_it() -> None:
    areas = AREAS.replace("岳池县", '"岳池县')
    assert only(areas) == ("areas.csv", 3, "row", "csv_quotes")


def test_a_quotation_mark_that_is_never_closed_is_blamed_once_in_a_large_file() -> None:
    rows = "".join(f"511621001{one:03d},511621001,community,某社区,\n" for one in range(2, 900)) * 6
    assert only(AREAS.replace("岳池县", '"岳池县') + rows) == ("areas.csv", 3, "row", "csv_quotes")


def test_a_cycle_is_named_at_each_of_its_areas() -> None:
    areas = AREAS + "511621002,511621003,street,甲,\n511621003,511621002,street,乙,\n"
    assert [(one.line, one.code) for one in problems(areas)] == [(6, "area_cycle"), (7, "area_cycle")]


def test_a_file_without_a_city_is_refused() -> None:
    areas = "code,parent_code,level,name_zh,name_en\n"
    assert {one.code for one in problems(areas, POPULATION.splitlines()[0])} == {"area_no_city"}


def test_lines_are_counted_as_an_editor_shows_them_even_after_a_quoted_line_break() -> None:
    areas = AREAS.replace("岳池县", '"岳池\n县"') + "\n\n511621002,511621,street,,\n"
    assert only(areas) == ("areas.csv", 9, "name_zh", "area_name_blank")
    frame, _ = read(AREAS.replace("Yuechi County", '"Yuechi\r\nCounty"'))
    assert frame.areas["511621"].name_en == "Yuechi County"


def test_a_formula_in_a_name_is_text() -> None:
    frame, _ = read(AREAS.replace("东湖社区", '=HYPERLINK("x")'.replace('"', "'")))
    assert frame.areas["511621001001"].name_zh == "=HYPERLINK('x')"


def test_blank_lines_and_rows_of_separators_are_no_rows() -> None:
    assert read(AREAS + "\n,,,,\n \n", POPULATION + ",,,,\n")[0] == read()[0]


def test_a_city_without_a_county_level_has_streets_in_the_place_of_districts() -> None:
    areas = """code,parent_code,level,name_zh,name_en
441900,,city,东莞市,Dongguan City
441900003,441900,street,东城街道,Dongcheng Subdistrict
441900003001,441900003,community,岗贝社区,
"""
    frame, report = read(areas, "area_code,sex,age_band,population,source\n441900003,,,10,census\n")
    assert [area.code for area in frame.districts] == ["441900003"]
    district = frame.district_of("441900003001")
    assert district is not None
    assert district.code == "441900003"
    assert frame.street_of("441900003001") == district
    assert Level.DISTRICT not in report.areas


def test_a_municipality_has_districts_that_share_its_first_two_digits() -> None:
    areas = "code,parent_code,level,name_zh,name_en\n110000,,city,北京市,\n110101,110000,district,东城区,\n"
    frame, _ = read(areas, POPULATION.splitlines()[0])
    assert [area.code for area in frame.districts] == ["110101"]


def test_grid_zones_may_stand_below_communities_and_below_each_other() -> None:
    zone = "511621001001001,511621001001,grid,第一片区,\n511621001001001002,511621001001001,grid,第二网格,\n"
    frame, report = read(AREAS + zone)
    assert report.areas[Level.GRID] == 2
    street = frame.street_of("511621001001001002")
    assert street is not None
    assert street.code == "511621001"
    outside = "511621001002001,511621001001,grid,第一片区,"
    assert with_area(outside) == ("areas.csv", 6, "code", "area_code_prefix")


def test_figures_without_a_source_are_noted() -> None:
    _, report = read(population=POPULATION.replace("20000,普查", "20000,"))
    (note,) = report.notes
    assert (note.code, dict(note.params)) == ("population_unsourced", {"count": "1"})


def test_the_files_in_the_documentation_import_and_show_published_figures() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "frame.md").read_text()
    areas, population = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    frame, report = read(areas, population)
    assert list(report.areas.values()) == [1, 1, 1, 1, 1]
    published = {(one.area_code, one.sex, one.age_band): one.population for one in excerpt.frame().population}
    assert len(frame.population) == 4
    for one in frame.population:
        assert published[one.area_code, one.sex, one.age_band] == one.population
    assert all(f"`{level}`" in text for level in Level)
    assert all(f"`{kind}`" in text for kind in SumKind)


def test_a_hundred_thousand_rows_are_read_in_less_than_two_seconds() -> None:
    streets = [f"5116210{street:02d}" for street in range(1, 100)]
    rows = [AREAS.splitlines()[0], "511600,,city,广安市,", "511621,511600,district,岳池县,"]
    rows += [f"{code},511621,street,某街道,Some Subdistrict" for code in streets]
    communities = [f"{street}{one:03d}" for street in streets for one in range(1, 253)]
    rows += [f"{code},{code[:9]},community,某社区居委会," for code in communities]
    figures = [POPULATION.splitlines()[0]]
    figures += [f"{code},{sex},{band},12,census" for code in communities for sex in "MF" for band in ("0-17", "18+")]
    pair = ("\n".join(rows).encode(), "\n".join(figures).encode())
    assert len(figures) > 99_000
    began = time.process_time()  # processor time: other programs on this machine do not count
    _, report = parse_frame(*pair, date(2020, 11, 1))
    assert time.process_time() - began < 2
    assert report.areas[Level.COMMUNITY] == len(communities)
