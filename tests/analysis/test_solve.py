"""`python -m analysis solve`: the shape of the answer, refusals, and what is not supported."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.solve import solve_file
from tests.analysis.samples import clustered


def case(folder: Path, tasks: list[dict[str, Any]], **more: Any) -> Path:
    clustered().to_csv(folder / "data.csv", index=False)
    document: dict[str, Any] = {
        "case": "made",
        "data": "data.csv",
        "string_columns": ["district", "point", "sex", "age_band"],
        "design": {"ids": ["point"], "strata": "district", "weights": "w", "fpc": None, "nest": True},
        "options": {"lonely_psu": "fail", "adjust_domain_lonely": False},
        "calibration": None,
        "replicates": None,
        "tasks": tasks,
    }
    path = folder / "case.json"
    path.write_text(json.dumps(document | more), encoding="utf-8")
    return path


def test_every_kind_of_task_is_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks: list[dict[str, Any]] = [
        {"id": "1", "type": "mean", "var": "score"},
        {"id": "2", "type": "total", "var": "score"},
        {"id": "3", "type": "ratio", "num": "aware", "den": "score"},
        {"id": "4", "type": "ciprop", "var": "aware"},
        {"id": "5", "type": "by_mean", "var": "score", "by": ["sex", "age_band"]},
        {"id": "6", "type": "by_total", "var": "score", "by": ["sex"]},
        {"id": "7", "type": "by_ratio", "num": "aware", "den": "score", "by": ["sex"]},
        {"id": "8", "type": "by_ciprop", "var": "aware", "by": ["district"]},
        {"id": "9", "type": "diff", "var": "score", "by": "sex", "a": "F", "b": "M"},
        {"id": "10", "type": "factor_mean", "var": "age_band"},
        {"id": "11", "type": "chisq", "v1": "sex", "v2": "age_band"},
        {"id": "12", "type": "weights"},
    ]
    assert main(["solve", str(case(tmp_path, tasks))]) == 0
    answers = json.loads(capsys.readouterr().out)["tasks"]
    assert [{k: v for k, v in answer.items() if k != "expected"} for answer in answers] == tasks
    assert not any("error" in answer["expected"] for answer in answers)
    assert len(answers[4]["expected"]["rows"]) == 6


def test_an_unknown_kind_of_task_is_named_and_the_others_are_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = case(tmp_path, [{"id": "1", "type": "median", "var": "score"}, {"id": "2", "type": "mean", "var": "score"}])
    assert main(["solve", str(path)]) == 1
    first, second = json.loads(capsys.readouterr().out)["tasks"]
    assert "median" in first["expected"]["error"]
    assert second["expected"]["n"] > 0


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"type": "mean", "var": "nothing"}, "no column nothing"),
        ({"type": "ciprop", "var": "score"}, "other than 0 and 1"),
        ({"type": "mean", "var": "sex"}, "column sex holds something that is not a number"),
        ({"type": "by_mean", "var": "score", "by": ["town"]}, "no column town"),
        ({"type": "factor_mean", "var": "town"}, "no column town"),
        ({"type": "chisq", "v1": "sex", "v2": "town"}, "no column town"),
        ({"type": "diff", "var": "score", "by": "sex", "a": "F", "b": "X"}, "sex has no value 'X'"),
        ({"type": "mean"}, "the case does not say 'var'"),
        ({"var": "score"}, "task type None is not supported"),
    ],
)
def test_a_task_that_cannot_be_done_says_why(tmp_path: Path, task: dict[str, Any], message: str) -> None:
    answer, supported = solve_file(case(tmp_path, [{"id": "1", **task}]))
    assert not supported
    assert message in answer["tasks"][0]["expected"]["error"]


def test_an_unknown_calibration_is_an_error_of_every_task(tmp_path: Path) -> None:
    path = case(tmp_path, [{"id": "1", "type": "mean", "var": "score"}], calibration={"type": "magic"})
    answer, supported = solve_file(path)
    assert not supported
    assert answer["tasks"][0]["expected"] == {"error": "calibration magic"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"design": {"ids": ["site"]}}, "no column site"),
        ({"design": {"weights": "sex"}}, "Column sex holds"),
        ({"options": {"lonely_psu": "ignore"}}, "lonely='ignore' is not known"),
        ({"replicates": {"file": "nowhere.csv"}}, "nowhere.csv"),
        ({"calibration": {"type": "poststratify"}}, "the case does not say 'population'"),
        (
            {"calibration": {"type": "calibrate", "formula": "~sex", "levels": {"sex": ["F"]}, "population": {}}},
            "sex has the value M",
        ),
        (
            {"calibration": {"type": "calibrate", "formula": "~score", "population": {"(Intercept)": 900}}},
            "do not name the columns of the model matrix: score",
        ),
    ],
)
def test_a_design_that_cannot_be_read_is_an_error_of_every_task(
    tmp_path: Path, more: dict[str, Any], message: str
) -> None:
    answer, supported = solve_file(case(tmp_path, [{"id": "1", "type": "mean", "var": "score"}], **more))
    assert not supported
    assert message in answer["tasks"][0]["expected"]["error"]


def test_a_single_unit_is_refused_in_the_domains_that_meet_it_only(tmp_path: Path) -> None:
    tasks: list[dict[str, Any]] = [
        {"id": "1", "type": "by_ratio", "num": "score", "den": "w", "by": ["district"]},
        {"id": "2", "type": "ratio", "num": "score", "den": "w"},
    ]
    path = case(tmp_path, tasks)
    rows = pd.read_csv(tmp_path / "data.csv")
    rows[(rows["district"] != "D2") | (rows["point"] == "P0")].to_csv(tmp_path / "data.csv", index=False)
    answer, supported = solve_file(path)
    by_district, whole = (task["expected"] for task in answer["tasks"])
    assert supported
    assert ["error" in row for row in by_district["rows"]] == [False, False, True, False]
    assert "D2" in whole["error"]


def test_levels_of_a_factor_are_written_as_r_writes_them(tmp_path: Path) -> None:
    path = case(tmp_path, [{"id": "1", "type": "factor_mean", "var": "grade"}])
    rows = pd.read_csv(tmp_path / "data.csv")
    rows.assign(grade=[1.0, 2.0, 2.5, float("nan")] + [1.0] * (len(rows) - 4)).to_csv(
        tmp_path / "data.csv", index=False
    )
    answer, _ = solve_file(path)
    assert answer["tasks"][0]["expected"]["levels"] == ["1", "2", "2.5"]


def test_r_s_answers_are_never_read(tmp_path: Path) -> None:
    task = {"id": "1", "type": "mean", "var": "score"}
    blind, _ = solve_file(case(tmp_path, [task]))
    seeing, _ = solve_file(case(tmp_path, [task | {"expected": {"n": 1, "est": 99.0}}]))
    assert blind == seeing


def test_a_level_that_is_a_number_in_text_stays_text(tmp_path: Path) -> None:
    path = case(tmp_path, [{"id": "1", "type": "by_mean", "var": "score", "by": ["code"]}], string_columns=["code"])
    frame = pd.read_csv(tmp_path / "data.csv").assign(code=lambda rows: (rows.index % 2).astype(str))
    frame.to_csv(tmp_path / "data.csv", index=False)
    answer, _ = solve_file(path)
    assert [row["level"] for row in answer["tasks"][0]["expected"]["rows"]] == [{"code": "0"}, {"code": "1"}]


def test_a_case_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["solve", str(tmp_path / "nowhere.json")])
    assert stopped.value.code == 2
    assert "nowhere.json cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"[]", "a case is an object with a design and tasks, not []"),
        (b"3", "not 3"),
        (b"null", "not null"),
        (b'{"tasks": "mean"}', "tasks is to be a list"),
        (b'{"tasks": ["mean"]}', 'task 1 is to be an object with a type, not "mean"'),
        (b'{"design": "srs"}', "design is to be an object"),
        (b"\xff\xfe{}", "it is not UTF-8"),
        (b"{", "it is not JSON"),
    ],
)
def test_a_document_that_is_no_case_is_refused_in_one_line(
    tmp_path: Path, written: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "case.json"
    path.write_bytes(written)
    with pytest.raises(SystemExit) as ended:
        main(["solve", str(path)])
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert f"{path} cannot be read: " in error
    assert said in error
    assert error.count("\n") == 1


def test_a_trailing_comma_in_the_data_of_a_case_is_an_error_of_every_task(tmp_path: Path) -> None:
    path = case(tmp_path, [{"id": "1", "type": "mean", "var": "score"}])
    header, *rows = (tmp_path / "data.csv").read_text("utf-8").splitlines()
    (tmp_path / "data.csv").write_text("\n".join([header, *(f"{row}," for row in rows)]), "utf-8")
    answer, supported = solve_file(path)
    assert not supported
    assert "row 1 has more cells than there are columns" in answer["tasks"][0]["expected"]["error"]


def test_bounds_hold_for_what_is_left_after_weights_are_scaled_to_the_population(tmp_path: Path) -> None:
    calibration = {
        "type": "calibrate",
        "calfun": "logit",
        "formula": "~sex",
        "levels": {"sex": ["F", "M"]},
        "population": {"(Intercept)": 90_000, "sexM": 46_000},
        "bounds": [0.5, 2],
    }
    tasks: list[dict[str, Any]] = [{"id": "1", "type": "weights"}]
    answer, supported = solve_file(case(tmp_path, tasks, calibration=calibration))
    assert supported
    assert answer["tasks"][0]["expected"]["sum"] == pytest.approx(90_000)


def test_what_a_case_leaves_open_is_r_s_default(tmp_path: Path) -> None:
    clustered().to_csv(tmp_path / "data.csv", index=False)
    path = tmp_path / "case.json"
    nothing = dict.fromkeys(("data", "string_columns", "design", "options", "calibration", "replicates"))
    path.write_text(json.dumps(nothing | {"tasks": [{"id": "1", "type": "mean", "var": "score"}]}), encoding="utf-8")
    answer, supported = solve_file(path)
    assert supported
    assert answer["tasks"][0]["expected"]["df"] == len(clustered()) - 1
    path.write_text("{}", encoding="utf-8")
    assert solve_file(path) == ({"tasks": []}, True)
