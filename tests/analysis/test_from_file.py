"""Estimates from a file, asked for on the command line."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.calibration import margin, poststratify, rake
from analysis.design import declare
from analysis.drawn_replicates import draw_replicates
from analysis.estimate import mean, proportion, ratio, total
from tests.analysis.samples import clustered

DESIGN = ["--strata", "district", "--units", "point", "--nest", "--weights", "w"]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    clustered().to_csv(path, index=False)
    return path


def asked(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    assert main(["estimate", *map(str, arguments), "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["estimate", *map(str, arguments)])
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_every_kind_of_estimate_is_that_of_the_library(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = clustered()
    design = declare(frame, strata="district", ids=["point"], weights="w", nest=True)
    found = asked(
        capsys, rows, *DESIGN, "--mean", "score", "--total", "score", "--proportion", "aware", "--ratio", "aware/score"
    )
    expected = [
        mean(design, frame["score"]),
        total(design, frame["score"]),
        proportion(design, frame["aware"]),
        ratio(design, frame["aware"], frame["score"]),
    ]
    for one, right in zip(found, expected, strict=True):
        for name in ("value", "se", "lower", "upper", "n", "df"):
            assert one["estimate"][name] == pytest.approx(getattr(right, name), rel=1e-12), (one["kind"], name)
    assert [one["variable"] for one in found] == ["score", "score", "aware", "aware/score"]


def test_domains_follow_the_whole_and_missing_is_one_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, frame = tmp_path / "rows.csv", clustered()
    frame.loc[::7, "sex"] = None
    frame.to_csv(path, index=False)
    found = asked(capsys, path, *DESIGN, "--mean", "score", "--by", "sex", "--by", "sex,district")
    assert [one["domain"] for one in found[:4]] == [{}, {"sex": "F"}, {"sex": "M"}, {"sex": None}]
    assert sum(one["estimate"]["n"] for one in found[1:4]) == found[0]["estimate"]["n"] == len(frame)
    assert len(found) == 1 + 3 + 3 * frame["district"].nunique()


def test_codes_keep_their_leading_zeros(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("place,y\n01,1\n1,2\n01,3\n1,4\n", "utf-8")
    found = asked(capsys, path, "--mean", "y", "--by", "place")
    assert [(one["domain"], one["estimate"]["value"]) for one in found[1:]] == [
        ({"place": "01"}, 2),
        ({"place": "1"}, 3),
    ]


def test_weights_are_calibrated_to_the_files_of_margins(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = clustered()
    design = declare(frame, strata="district", ids=["point"], weights="w", nest=True)
    cells = frame[["sex", "age_band"]].drop_duplicates().reset_index(drop=True)
    cells["population"] = 1000.0 + 100.0 * cells.index
    whole = tmp_path / "cells.csv"
    cells.to_csv(whole, index=False)
    (one,) = asked(capsys, rows, *DESIGN, "--mean", "score", "--poststratify", whole)
    right = mean(poststratify(design, margin(frame, cells)), frame["score"])
    assert (one["estimate"]["value"], one["estimate"]["se"]) == pytest.approx((right.value, right.se), rel=1e-12)
    margins = [cells.groupby(name)[["population"]].sum().reset_index() for name in ("sex", "age_band")]
    files = []
    for each in margins:
        files += ["--rake", str(tmp_path / f"{each.columns[0]}.csv")]
        each.to_csv(files[-1], index=False)
    (one,) = asked(capsys, rows, *DESIGN, "--mean", "score", *files)
    right = mean(rake(design, [margin(frame, each) for each in margins]), frame["score"])
    assert (one["estimate"]["value"], one["estimate"]["se"]) == pytest.approx((right.value, right.se), rel=1e-9)


def test_replicates_are_drawn_on_request(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = clustered()
    design = declare(frame, strata="district", ids=["point"], weights="w", nest=True)
    right = mean(draw_replicates(design, "JKn"), frame["score"])
    (one,) = asked(capsys, rows, *DESIGN, "--mean", "score", "--replicates", "JKn")
    assert (one["estimate"]["se"], one["estimate"]["df"]) == pytest.approx((right.se, right.df), rel=1e-12)


def test_a_standard_marks_what_it_would_withhold(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, rows, *DESIGN, "--proportion", "aware", "--by", "point,district", "--standard", "nchs")
    assert "few_answers" in found[-1]["breaches"]
    assert (
        main(["estimate", str(rows), *DESIGN, "--proportion", "aware", "--by", "point,district", "--standard", "nchs"])
        == 0
    )
    assert "few_answers" in capsys.readouterr().out


def test_table_and_csv_hold_the_same_numbers(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["estimate", str(rows), *DESIGN, "--proportion", "aware", "--by", "sex"]
    assert main([*arguments, "--csv"]) == 0
    saved = tmp_path / "answer.csv"
    saved.write_text(capsys.readouterr().out, "utf-8")
    table = pd.read_csv(saved)
    assert table["domain"].fillna("").tolist() == ["", "sex=F", "sex=M"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 4
    assert f"{table['value'][1]:.6g}" in shown[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mean", "nothing"], "There is no column nothing"),
        (["--mean", "sex"], "Column sex, row 1: "),
        ([], "Nothing to estimate"),
        (["--ratio", "score"], "--ratio score: name TOP/BOTTOM"),
        (["--mean", "a/b"], "--mean a/b: name one column"),
        (["--mean", "score", "--by", "town"], "There is no column town"),
        (["--mean", "score", "--weights", "town"], "There is no column town"),
        (["--mean", "score", "--units", "point", "--strata", "district"], "nest=True"),
        (["--proportion", "score"], "0, 1 or missing"),
        (["--mean", "score", "--level", "95"], "--level 95 is not between 0 and 1"),
        (["--mean", "score", "--seed", "-1"], "--seed -1 is negative"),
        (["--mean", "score", "--replicates", "JK1", "--strata", "district", "--units", "point", "--nest"], "JK1"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    rows: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, rows, *arguments)
    assert said in error
    assert error.count("\n") == 1


def test_a_file_that_is_not_there_or_no_table_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "none.csv cannot be read" in refused(capsys, tmp_path / "none.csv", "--mean", "y")
    empty = tmp_path / "empty.csv"
    empty.write_text("", "utf-8")
    assert "empty.csv cannot be read" in refused(capsys, empty, "--mean", "y")
    wrong = tmp_path / "margin.csv"
    wrong.write_text("town,people\na,1\n", "utf-8")
    rows = tmp_path / "rows.csv"
    rows.write_text("y\n1\n2\n", "utf-8")
    assert "A margin needs columns that the rows have" in refused(capsys, rows, "--mean", "y", "--poststratify", wrong)


def test_a_margin_that_names_no_cells_or_holds_text_for_people_is_refused(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone, text = tmp_path / "alone.csv", tmp_path / "text.csv"
    alone.write_text("population\n10\n", "utf-8")
    text.write_text("sex,population\nF,10\nM,many\n", "utf-8")
    assert "the margin has population alone" in refused(capsys, rows, "--mean", "score", "--poststratify", alone)
    error = refused(capsys, rows, "--mean", "score", "--rake", text)
    assert error == "text.csv: Column population, row 2: 'many' is no finite number.\n"


@pytest.mark.parametrize("first", ["1", "0"])
def test_a_trailing_comma_does_not_shift_the_columns(
    tmp_path: Path, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"y,w\n{first},0,\n1,1,\n1,1,\n", "utf-8")
    assert "rows.csv, row 1 has more cells than there are columns" in refused(capsys, path, "--proportion", "y")
    path.write_text(f"y,w\n{first},0\n1,1\n1,1,\n", "utf-8")
    assert "Expected 2 fields in line 4, saw 3" in refused(capsys, path, "--proportion", "y")


def test_two_columns_of_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("y,y,w\n1,0,1\n0,1,1\n", "utf-8")
    assert "rows.csv has two columns y" in refused(capsys, path, "--proportion", "y")


def test_a_value_that_is_not_finite_is_named_with_its_column_and_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("y,w\n1,1\n0,1\ninf,1\n", "utf-8")
    for kind in ("--mean", "--total", "--proportion"):
        assert refused(capsys, path, kind, "y") == "Column y, row 3: 'inf' is no finite number.\n"


def test_a_value_or_a_weight_beyond_counting_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("y,w,tiny\n1,1,1e-320\n1e300,1e200,1\n0,1,1\n", "utf-8")
    assert refused(capsys, path, "--mean", "y") == "Column y, row 2: '1e+300' is beyond 1e+100.\n"
    for column in ("w", "tiny"):
        assert f"Column {column} has weights from" in refused(capsys, path, "--mean", "w", "--weights", column)


def test_lists_of_a_parquet_file_make_no_domains_and_no_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "rows.parquet"
    pd.DataFrame({"y": [1.0, 0.0, 1.0], "tags": [["a"], ["b"], ["a"]]}).to_parquet(path)
    assert "Column tags holds lists" in refused(capsys, path, "--mean", "y", "--by", "tags")
    assert "Column tags, row 1: " in refused(capsys, path, "--mean", "tags")
    assert asked(capsys, path, "--mean", "y")[0]["estimate"]["n"] == 3


def test_a_ratio_over_nothing_says_that_its_denominator_is_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b,d\n1,0,x\n2,0,x\n3,2,y\n4,2,y\n", "utf-8")
    whole, empty, full = asked(capsys, path, "--ratio", "a/b", "--by", "d")
    assert (empty["estimate"]["value"], empty["estimate"]["notes"]) == (None, ["zero_denominator"])
    assert whole["estimate"]["value"] == 2.5
    assert whole["estimate"]["notes"] == full["estimate"]["notes"] == []


def test_without_degrees_of_freedom_no_standard_error_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("y,d\n1,x\n2,y\n4,y\n", "utf-8")
    whole, alone, pair = asked(capsys, path, "--mean", "y", "--by", "d")
    assert (alone["estimate"]["df"], alone["estimate"]["se"], alone["estimate"]["variance"]) == (0, None, None)
    assert "no_degrees_of_freedom" in alone["estimate"]["notes"]
    assert min(whole["estimate"]["se"], pair["estimate"]["se"]) > 0
    assert main(["estimate", str(path), "--mean", "y", "--by", "d", "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[2].startswith("y,mean,d=x,1.0,,,,1,")
