"""The coverage table: its samples come from the city they claim, its evidence is the library's, faults show in it."""

import json
import re
from dataclasses import astuple, replace
from math import isnan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import analysis
import analysis.planned_effect
from analysis.__main__ import main
from analysis.coverage import (
    KINDS,
    MET,
    METHODS,
    REPEATS,
    SEED,
    SETTINGS,
    USUAL,
    Kind,
    Samples,
    Setting,
    city,
    coverage,
    draw,
    held,
    settings,
    summary,
    table,
)
from analysis.design import declare
from analysis.estimate import evidence
from analysis.intervals import Evidence, Method, wilson_ends
from analysis.measure import measure

DOCUMENT = (Path(analysis.__file__).parent.parent / "docs" / "methods.md").read_text(encoding="utf-8")


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def rows(samples: Samples, repeat: int) -> pd.DataFrame:
    """One sample as interviews, one a line."""
    lines = []
    _, strata, units, kinds = samples.asked.shape
    for h, u, k in np.ndindex(strata, units, kinds):
        asked, yes = int(samples.asked[repeat, h, u, k]), int(samples.yes[repeat, h, u, k])
        lines += [(h, u, samples.weight[h, 0, k], float(each < yes)) for each in range(asked)]
    return pd.DataFrame(lines, columns=["stratum", "unit", "w", "y"])


def kind(name: str) -> Kind:
    return next(each for each in KINDS if each.name == name)


@pytest.mark.parametrize(
    "setting",
    [
        Setting(0.7, 50, 2, 10),
        Setting(0.97, 50, 1, 4),
        Setting(0.5, 200, 4, 3),
        Setting(0.5, 200, 4, 3, kind("points of unequal size")),
        Setting(0.8, 60, 2, 30, kind("stratified, weighted, no clusters")),
    ],
)
def test_the_evidence_of_a_sample_is_that_of_the_library(setting: Setting) -> None:
    samples = draw(setting, 40, rng())
    known = samples.evidence()
    for repeat in range(40):
        frame = rows(samples, repeat)
        design = declare(frame, ids=["unit"], strata="stratum", weights="w", nest=True)
        expected = evidence(design, measure(design, frame["y"]))
        for field in ("p", "v", "n", "df"):
            assert getattr(known[repeat], field) == pytest.approx(getattr(expected, field), rel=1e-9, abs=1e-18)
        mine, theirs = known[repeat].planned, expected.planned
        assert mine is not None
        assert theirs is not None
        assert astuple(mine) == pytest.approx(astuple(theirs), rel=1e-9)
    if setting.p > 0.9:
        assert any(each.degenerate for each in known), "samples in which all agree are compared too"
    if setting.n == 50 and setting.strata == 2:
        assert any(each.df < 18 for each in known), "points that met nobody are compared too"


@pytest.mark.parametrize("setting", [*SETTINGS, *settings(kind("shares mirrored"))])
def test_the_truth_of_a_city_is_the_share_of_its_setting(setting: Setting) -> None:
    place = city(setting)
    assert place.truth == pytest.approx(setting.p, abs=1e-12)
    assert ((place.rates > 0) & (place.rates < 1)).all()


def test_the_settings_span_what_the_document_says() -> None:
    assert {s.p for s in SETTINGS} == {0.5, 0.7, 0.9, 0.95, 0.99}
    assert (min(s.n for s in SETTINGS), max(s.n for s in SETTINGS)) == (50, 2000)
    assert min(s.strata * (s.units - 1) for s in SETTINGS) == 3
    assert pytest.approx(1.0) == MET.sum()


def mean_and_error(samples: Samples) -> tuple[float, float]:
    shares = np.array([known.p for known in samples.evidence()])
    return float(shares.mean()), float(shares.std() / sqrt(len(shares)))


def test_the_weighted_share_is_right_on_average_and_the_unweighted_one_is_not() -> None:
    setting = Setting(0.6, 600, 4, 10)
    samples = draw(setting, 3000, rng())
    mean, error = mean_and_error(samples)
    assert abs(mean - 0.6) < 4 * error
    # Had the weights of the districts been forgotten, the average would be off, and this comparison would show it.
    wrong, error = mean_and_error(replace(samples, weight=np.ones((4, 1, 1)) * np.array(USUAL.weights)))
    assert abs(wrong - 0.6) > 4 * error


def without(known: list[Evidence], **plan: float) -> list[Evidence]:
    """The evidence with something changed in its plan; with nothing named, without a plan."""
    changed = []
    for each in known:
        assert each.planned is not None
        changed.append(replace(each, planned=replace(each.planned, **plan) if plan else None))
    return changed


@pytest.mark.parametrize(
    "setting",
    [
        Setting(0.5, 600, 4, 20),
        Setting(0.9, 200, 4, 10),
        Setting(0.7, 50, 2, 10),
        Setting(0.5, 50, 1, 4),
        Setting(0.99, 600, 4, 3),
        Setting(0.99, 2000, 4, 5),
        Setting(0.95, 2000, 1, 50, kind("other layouts, 1 to 20 strata")),
        Setting(0.9, 600, 4, 3, kind("intra-class correlation 0.02")),
        Setting(0.9, 600, 4, 3, kind("intra-class correlation 0.1")),
        Setting(0.7, 200, 1, 200, kind("simple random samples")),
    ],
)
def test_the_default_interval_keeps_its_promise(setting: Setting) -> None:
    row = coverage(setting, 2000, 1)
    default = row.held[0]
    assert default.method is Method.WILSON
    assert row.error == pytest.approx(sqrt(0.95 * 0.05 / 2000))
    # Where points are more alike on paper than in the city the plan errs on the careful side.
    most = 0.99 if setting.kind == kind("intra-class correlation 0.02") else 0.98
    assert 0.93 <= default.coverage <= most


@pytest.mark.parametrize("setting", [Setting(0.99, 2000, 4, 5), Setting(0.95, 2000, 4, 5)])
def test_without_the_plan_the_interval_holds_too_little_near_one(setting: Setting) -> None:
    known = draw(setting, 2000, rng()).evidence()
    ours, old = (held(Method.WILSON, each, setting.p).coverage for each in (known, without(known)))
    assert ours >= 0.95
    assert old < (0.91 if setting.p == 0.99 else 0.945)


def test_without_the_plan_the_interval_is_a_third_wider_at_few_points() -> None:
    known = draw(Setting(0.7, 50, 1, 4), 2000, rng()).evidence()
    ours, old = held(Method.WILSON, known, 0.7), held(Method.WILSON, without(known), 0.7)
    assert old.coverage > 0.98
    assert 0.94 <= ours.coverage <= 0.975
    assert old.width > 1.3 * ours.width


def test_a_plan_that_takes_a_variance_near_one_for_as_good_as_any_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = draw(Setting(0.99, 2000, 4, 5), 2000, rng()).evidence()
    right = held(Method.WILSON, known, 0.99).coverage
    monkeypatch.setattr(analysis.planned_effect, "_kurtosis", lambda *_given: 0.0)
    assert held(Method.WILSON, known, 0.99).coverage < right - 0.02


def test_strata_of_unequal_weight_taken_for_equal_are_found_out() -> None:
    known = draw(Setting(0.5, 600, 4, 3), 2000, rng()).evidence()
    blind = [replaced for each in known for replaced in without([each], df=each.df)]
    assert held(Method.WILSON, blind, 0.5).coverage < held(Method.WILSON, known, 0.5).coverage - 0.01


def test_a_plan_that_takes_points_for_people_is_found_out() -> None:
    """Planned without its clusters, the design effect is too small wherever the plan counts."""
    known = draw(Setting(0.99, 2000, 4, 5), 2000, rng()).evidence()
    blind = [one for each in known if each.planned for one in without([each], deff=each.planned.deff / 4)]
    assert held(Method.WILSON, blind, 0.99).coverage < 0.92


def test_an_interval_that_forgets_the_design_is_found_out() -> None:
    setting = Setting(0.5, 600, 4, 3)
    known = draw(setting, 1000, rng()).evidence()
    blind = [replace(each, v=each.p * (1 - each.p) / each.n, df=each.n - 1) for each in without(known)]
    assert held(Method.WILSON, known, 0.5).coverage > 0.92
    assert held(Method.WILSON, blind, 0.5).coverage < 0.85


def test_a_truth_beside_the_interval_is_not_held() -> None:
    known = [Evidence(0.5, 0.0025, 100, 20)] * 4
    assert held(Method.WILSON, known, 0.5).coverage == 1
    assert held(Method.WILSON, known, 0.9).coverage == 0


def test_no_interval_counts_as_not_holding_the_truth() -> None:
    known = [Evidence(0.5, 0.0025, 100, 20), Evidence(1.0, 0.0, 100, 20)]
    found = held(Method.XLOGIT, known, 0.5)
    assert (found.coverage, found.silent) == (0.5, 0.5)
    assert found.width == held(Method.XLOGIT, known[:1], 0.5).width
    assert isnan(held(Method.XLOGIT, known[1:], 0.5).width)


def test_a_line_depends_on_seed_and_setting_alone() -> None:
    setting = Setting(0.9, 50, 1, 4)
    alone = coverage(setting, 50, 1)
    coverage(Setting(0.5, 50, 1, 4), 50, 1)
    assert coverage(setting, 50, 1) == alone
    assert coverage(setting, 50, 2) != alone


FULL, CITIES = f"--seed {SEED} --repeats {REPEATS}", f"--cities --seed {SEED} --repeats 4000"


def lines_of_the_document(options: str) -> list[str]:
    section = DOCUMENT.split(f"python -m analysis coverage {options}\n", 1)[1]
    return [line for line in re.split(r"\n## |\n```sh", section, maxsplit=1)[0].splitlines() if line.startswith("| ")]


def cells(lines: list[str]) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines[2:]]


def test_the_document_shows_the_table_of_the_command() -> None:
    shown = lines_of_the_document(FULL)
    head = table([]).splitlines()
    assert shown[:2] == head
    assert len(shown) == len(head) + len(SETTINGS)
    for place in (3, 24):  # two of the quicker lines stand for the others
        line = table([coverage(SETTINGS[place], REPEATS, SEED)]).splitlines()[-1]
        assert shown[len(head) + place] == line


def test_the_document_shows_every_kind_of_city() -> None:
    shown = lines_of_the_document(CITIES)
    assert shown[:2] == summary([]).splitlines()
    assert [(c[0], c[1]) for c in cells(shown)] == [(each.name, str(len(settings(each)))) for each in KINDS]


def test_the_document_names_what_the_default_keeps_and_where_it_falls_short() -> None:
    lines = cells(lines_of_the_document(FULL))
    assert min(float(c[4]) for c in lines) >= 94
    assert max(float(c[4]) for c in lines) <= 98
    short = {c[0] for c in cells(lines_of_the_document(CITIES)) if c[2] != "0"}
    assert short == {
        "intra-class correlation 0.1",
        "intra-class correlation 0.2",
        "very uneven weights",
        "shares mirrored",
        "simple random samples",
    }


def test_plain_wilson_itself_misses_the_rarest_answers_of_fifty() -> None:
    """What the document says of 50 interviews: exactly, over the binomial distribution."""
    held_by = [lower <= 0.99 <= upper for lower, upper in (wilson_ends(x / 50, 50, 1.959964) for x in range(51))]
    assert float(binom.pmf(np.arange(51), 50, 0.99) @ held_by) == pytest.approx(0.911, abs=5e-4)


def test_the_command_prints_a_table_a_summary_or_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["coverage", "--repeats", "5"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2 + len(SETTINGS)
    assert {len(re.findall(r"\|", line)) for line in printed} == {14}
    assert main(["coverage", "--repeats", "5", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)
    assert [(line["p"], line["n"], line["city"]) for line in lines] == [(s.p, s.n, USUAL.name) for s in SETTINGS]
    assert set(lines[0]["intervals"]) == {method.value for method in METHODS}
    silent = [line["intervals"]["xlogit"] for line in lines if line["intervals"]["xlogit"]["silent"] == 1]
    assert all(each["width"] is None and each["coverage"] == 0 for each in silent)
    monkeypatch.setattr("analysis.__main__.KINDS", KINDS[:2])
    assert main(["coverage", "--repeats", "2", "--cities"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in printed[2:]] == [each.name for each in KINDS[:2]]


def test_a_summary_counts_the_settings_of_a_kind_and_shows_the_worst_of_each_method() -> None:
    rows = [coverage(Setting(p, 200, 4, 10), 20, 1) for p in (0.5, 0.99)]
    line = cells(summary(rows).splitlines())[0]
    default = [row.held[0].coverage for row in rows]
    within = sum(0.94 <= share <= 0.965 for share in default)
    assert line[:5] == [
        USUAL.name,
        "2",
        str(sum(share < 0.93 for share in default)),
        str(within),
        str(sum(share > 0.965 for share in default)),
    ]
    assert line[5:7] == [f"{100 * max(default):.1f}", f"{100 * min(default):.1f}"]


@pytest.mark.parametrize("wrong", [["--seed", "-1"], ["--repeats", "0"], ["--repeats", "many"]])
def test_impossible_numbers_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["coverage", *wrong])
    assert stopped.value.code == 2
