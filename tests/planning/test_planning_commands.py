"""Planning from the command line: as somebody who plans a wave would ask."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.__main__ import main
from analysis.planning.design_effects import Kish
from analysis.planning.sample_size import Conditions, precision, sample_size

STRATA = """stratum,population,cost,least,aware,satisfied
north,410000,1,40,0.55,0.92
south,250000,1.5,40,0.70,0.40
hills,6000,6,40,0.50,0.95
"""


def ask(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def asked(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    return json.loads(ask(capsys, *words, "--json"))


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    assert left.value.code == 2
    return capsys.readouterr().err


@pytest.fixture
def strata(tmp_path: Path) -> Path:
    path = tmp_path / "strata.csv"
    path.write_text(STRATA, "utf-8")
    return path


def test_the_size_for_a_precision(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("plan", "size", "--rate", 0.75, "--half-width", 0.03, "--rho", 0.05, "--per-point", 11, "--response", 0.4)
    expected = sample_size(precision(0.75, 0.03), Conditions(Kish(1.0, 0.05, 11), response=0.4))
    found = asked(capsys, *words)
    assert (found["n"], found["approaches"]) == (expected.n, expected.approaches)
    assert found["assumed"]["rho"] == 0.05
    assert found["assumed"]["df"] is None
    assert f"| interviews | {expected.n} |" in ask(capsys, *words)


def test_the_size_to_tell_a_rate_from_its_target_or_from_the_last_wave(capsys: pytest.CaptureFixture[str]) -> None:
    two, one = (
        asked(capsys, "plan", "size", "--rate", 0.8, "--target", 0.75, *more)["n"] for more in ([], ["--one-sided"])
    )
    assert one < two
    assert asked(capsys, "plan", "size", "--rate", 0.75, "--from", 0.7)["n"] == 1251
    assert asked(capsys, "plan", "size", "--rate", 0.75, "--from", 0.7, "--half-width", 0.03)["wanted"] == 0.03


def test_the_size_by_level(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "levels.csv"
    path.write_text("level,areas,population,deff\ncity,1,,1.8\ndistrict,11,,1.5\nneighbourhood,240,1500,\n", "utf-8")
    words = ("plan", "size", "--rate", 0.75, "--half-width", 0.05, "--levels", path)
    found = asked(capsys, *words)
    assert [(each["level"], each["areas"]) for each in found] == [("city", 1), ("district", 11), ("neighbourhood", 240)]
    assert found[1]["n"] == 11 * found[1]["each"]["n"]
    assert ask(capsys, *words).count("\n| ") == 4


def test_an_allocation_by_rule(capsys: pytest.CaptureFixture[str], strata: Path) -> None:
    found = asked(capsys, "plan", "allocate", strata, "--n", 1000)
    assert found["indicators"] == ["aware", "satisfied"]
    assert [part["n"] for part in found["allocation"]["parts"]] == [596, 364, 40]
    equal = ask(capsys, "plan", "allocate", strata, "--n", 1000, "--rule", "equal")
    assert "| north | 334 |" in equal or "| north | 333 |" in equal
    assert "| all | 1000 |" in equal


def test_a_rule_for_one_indicator_asks_which(capsys: pytest.CaptureFixture[str], strata: Path) -> None:
    words = ("plan", "allocate", strata, "--n", 1000, "--rule", "neyman")
    assert "Name one" in refused(capsys, *words)
    found = asked(capsys, *words, "--indicator", "satisfied")
    assert found["indicators"] == ["satisfied"]
    # South has the larger deviation by far: 0.49 against 0.27.
    assert found["allocation"]["parts"][1]["n"] > found["allocation"]["parts"][0]["n"]
    assert "no indicator happy, but aware, satisfied" in refused(capsys, *words, "--indicator", "happy")


def test_bethels_allocation_keeps_the_margins(capsys: pytest.CaptureFixture[str], strata: Path) -> None:
    margins = ("--margin", "aware=0.03", "--margin", "satisfied=0.025")
    found = asked(capsys, "plan", "allocate", strata, *margins)["allocation"]
    assert found["margins"][0] <= 0.03
    assert found["margins"][1] <= 0.025
    assert found["bound"] <= found["cost"]
    assert asked(capsys, "plan", "allocate", strata, *margins, "--n", 500)["allocation"]["n"] == 500


def test_the_hours_of_a_plan(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "districts.csv"
    path.write_text("district,interviews,points\nnorth,200,5\nsouth,70,4\n", "utf-8")
    effort = ("--minutes-per-interview", 6, "--minutes-per-failure", 2, "--yield-rate", 0.4)
    found = asked(capsys, "plan", "hours", path, *effort)
    assert [(each["shifts"], each["volunteers"]) for each in found["districts"]] == [(10, 5), (4, 2)]
    assert found["total"]["hours"] == 84
    assert found["effort"]["team"] == 2
    assert "| all | 270 | 9 | 675 | 14 | 84.0 |" in ask(capsys, "plan", "hours", path, *effort)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stratum,people\na,5\n", "strata.csv, line 1: there is no column population"),
        ("stratum,population,population\na,5,5\n", "line 1: the column population is there twice"),
        ("stratum,population,aware\na,500,0.5\nb,many,0.5\n", "line 3, column population: 'many': it is not a number"),
        ("stratum,population,aware\na,500,1.2\n", "line 2, column aware: '1.2': it is a share, 0 to 1"),
        ("stratum,population,aware\na,500,\n", "line 2, column aware: the cell is empty"),
        ("stratum,population,cost\na,500,-1\n", "line 2, column cost: '-1': it is a number above 0"),
        ("stratum,population\na,500,7\n", "line 2: there are more cells than columns"),
        ("stratum,population,least,most\na,500,30,20\n", "line 2: a: at least 30 and at most 20"),
        ("stratum,population\na,500\na,600\n", "The stratum a is there twice"),
        ("stratum,population\n", "no line below its header"),
        ("stratum,population\na,1e300\n", "line 2, column population: '1e300': it is above 1e+15"),
        ("stratum,population\na,nan\n", "line 2, column population: 'nan': it is not a number"),
    ],
)
def test_a_fault_in_a_file_is_named_with_its_place(
    text: str, said: str, capsys: pytest.CaptureFixture[str], strata: Path
) -> None:
    strata.write_text(text, "utf-8")
    assert said in refused(capsys, "plan", "allocate", strata, "--n", 100)


def test_what_contradicts_itself_is_refused(capsys: pytest.CaptureFixture[str], strata: Path, tmp_path: Path) -> None:
    assert "Nothing is wanted" in refused(capsys, "plan", "size", "--rate", 0.5)
    assert "stands alone" in refused(capsys, "plan", "size", "--rate", 0.5, "--target", 0.6, "--from", 0.4)
    assert "Nothing is wanted" in refused(capsys, "plan", "allocate", strata)
    assert "leave out --rule" in refused(capsys, "plan", "allocate", strata, "--rule", "equal", "--margin", "aware=0.1")
    assert "State one --margin for each" in refused(capsys, "plan", "allocate", strata, "--margin", "aware=0.1")
    assert "is not INDICATOR=HALF-WIDTH" in refused(capsys, "plan", "allocate", strata, "--margin", "0.1")
    assert "gone.csv" in refused(capsys, "plan", "allocate", tmp_path / "gone.csv", "--n", 5)
    levels = tmp_path / "levels.csv"
    levels.write_text("level,areas,population,deff\ncity,1.5,,\n", "utf-8")
    words = ("plan", "size", "--rate", 0.5, "--half-width", 0.1, "--levels", levels)
    assert "levels.csv, line 2, column areas: '1.5': it is a whole number" in refused(capsys, *words)


def test_numbers_beyond_all_counting_are_refused_in_a_line(capsys: pytest.CaptureFixture[str], strata: Path) -> None:
    size = ("plan", "size", "--rate", 0.5, "--half-width", 0.05)
    for deff in ("1e+300", "1e+200"):
        error = refused(capsys, *size, "--deff", deff)
        assert error == f"The design effect is {deff}; it must be a number from 1e-15 to 1e+15.\n"
    assert "interviews are not enough" in refused(capsys, *size, "--deff", "1e15")
    assert "times the response rate is 0" in refused(capsys, *size, "--eligible", "1e-200", "--response", "1e-200")
    assert "n is 1e+30; it must not be above 1e+15" in refused(capsys, "plan", "allocate", strata, "--n", 10**30)


def test_the_adaptive_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "adaptive", "--seed", 3, "--repeats", 1)
    assert len(found) == 16
    assert {row["further"] for row in found} == {0, 200, 400, 600}
