"""All checks together: any file is answered without a warning, and what cannot be said has its reason."""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.quality import listing
from analysis.quality.answers import AnswersError, Unit, checked_answers, items_of_json
from analysis.quality.command import add_arguments, answer
from analysis.quality.findings import NOTES
from analysis.quality.interviewer_effects import variance_shares
from analysis.quality.leads import Review
from analysis.quality.review import review
from analysis.quality.scenarios import ITEMS, Kind, Setting, scenario
from tests.quality.waves import answers_of, frame_of

SMALL = Setting(places=12, volunteers=12, shifts=4, per_shift=6, scans=150, hot_spots=1)


def small_wave() -> pd.DataFrame:
    """An honest wave of some 440 interviews."""
    return scenario(Kind.HONEST, np.random.default_rng(1), SMALL).frame


def reviewed(frame: pd.DataFrame) -> Review:
    """The review of a frame with the scenarios' items; every finding has a p or says why not, and all of it is JSON."""
    answers = checked_answers(frame, ITEMS)
    found = review(answers, np.random.default_rng(2))
    for finding in found.findings:
        assert finding.notes or not np.isnan(finding.p_value), finding
        assert set(finding.notes) <= set(NOTES)
        assert not finding.p_value < 0
        assert not finding.p_value > 1
        assert set(finding.rows) <= set(frame["id"])
    shares = variance_shares(answers)
    json.dumps(listing.document(found, shares), allow_nan=False)
    assert "nan" not in listing.table(found, shares)
    return found


CODES = [item.code for item in ITEMS]
ODD_FILES = {
    "nobody": lambda frame: frame.iloc[:0],
    "one": lambda frame: frame.iloc[:1],
    "two": lambda frame: frame.iloc[:2],
    "one volunteer": lambda frame: frame[frame["volunteer"] == "V01"],
    "one point": lambda frame: frame[frame["point"] == "P01"],
    "all the same": lambda frame: frame.assign(**{item.code: item.categories[0] for item in ITEMS}),
    "all don't know": lambda frame: frame.assign(**dict.fromkeys(CODES, "dont_know")),
    "all blank": lambda frame: frame.assign(**dict.fromkeys(CODES)),
    "one moment": lambda frame: frame.assign(started=frame["started"].iloc[0], duration=0.0),
    "answers alone": lambda frame: frame[["id", *CODES]],
    "no times": lambda frame: frame.drop(columns=["started", "duration"]),
    "no points": lambda frame: frame.drop(columns=["point"]),
    "volunteers without places": lambda frame: frame.drop(columns=["point", "neighbourhood", "mode"]),
    "posters alone": lambda frame: frame[frame["volunteer"].isna()],
}


@pytest.mark.parametrize("name", ODD_FILES)
def test_any_file_is_reviewed_and_accuses_nobody_without_evidence(name: str) -> None:
    found = reviewed(ODD_FILES[name](small_wave()))
    assert found.listed() == ()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.text("abcde-.", min_size=5, max_size=5), st.sampled_from("UVW"), st.sampled_from("PQ"))))
def test_arbitrary_answers_are_reviewed(rows: list[tuple[str, str, str]]) -> None:
    frame = frame_of([row for row, _, _ in rows], volunteer=[v for _, v, _ in rows], point=[p for _, _, p in rows])
    answers = answers_of(frame if rows else frame.assign(q1=[]))
    for finding in review(answers, np.random.default_rng(3)).findings:
        assert finding.notes or 0 <= finding.p_value <= 1


def test_a_check_that_cannot_be_made_names_what_it_lacks() -> None:
    silent = {(each.check, each.note) for each in reviewed(ODD_FILES["no times"](small_wave())).silences}
    assert {("burst", "no_times"), ("jump", "no_times"), ("fast_interviews", "no_durations")} <= silent


def test_the_order_of_the_file_does_not_matter() -> None:
    frame = small_wave()
    there = {(f.check, f.kind, f.unit): f for f in reviewed(frame).findings}
    back = {(f.check, f.kind, f.unit): f for f in reviewed(frame.iloc[::-1].reset_index(drop=True)).findings}
    assert there.keys() == back.keys()
    for key, finding in there.items():
        if key[0] in ("vanished_dont_know", "straight_lines", "interviewer_effect", "fast_interviews"):
            assert finding.p_value == pytest.approx(back[key].p_value, nan_ok=True, rel=1e-6)
            assert set(finding.rows) == set(back[key].rows)


def test_every_unit_is_looked_at_and_districts_are_made_of_theirs() -> None:
    found = reviewed(small_wave())
    kinds = {lead.kind for lead in found.leads}
    assert kinds == set(Unit)
    assert {lead.unit for lead in found.leads if lead.kind is Unit.VOLUNTEER} == {f"V{at:02}" for at in range(1, 13)}
    assert sum(lead.n for lead in found.leads if lead.kind is Unit.DISTRICT) == len(small_wave())


def asked(*arguments: str) -> argparse.Namespace:
    """What the command line was given."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def test_the_command_lists_a_fabricating_volunteer_of_a_file(tmp_path: Path) -> None:
    wave = scenario(Kind.FABRICATED, np.random.default_rng(4))
    wave.frame.to_csv(tmp_path / "wave.csv", index=False)
    document = [
        {"code": i.code, "categories": list(i.categories), "scale": i.scale, "dont_know": i.dont_know} for i in ITEMS
    ]
    (tmp_path / "items.json").write_text(json.dumps(document), "utf-8")
    assert items_of_json(document) == ITEMS
    files = str(tmp_path / "wave.csv"), "--items", str(tmp_path / "items.json")
    text = answer(asked(*files))
    for _, volunteer in wave.guilty:
        assert f"volunteer {volunteer}" in text
    small_wave().to_csv(tmp_path / "wave.csv", index=False)
    told = json.loads(answer(asked(*files, "--json")))
    assert told["list"] == []
    assert len(told["variance_shares"]) == len(ITEMS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Give a CSV file"),
        (("none.csv", "--items", "none.json"), "cannot be read"),
        (("--scenarios", "--level", "5"), "no share"),
        (("--scenarios", "--repeats", "0"), "1 or more"),
    ],
)
def test_the_command_says_what_it_lacks(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(AnswersError, match=message):
        answer(asked(*arguments))


def test_a_file_without_interviews_says_that_nothing_was_examined(tmp_path: Path) -> None:
    rows, items = tmp_path / "wave.csv", tmp_path / "items.json"
    small_wave().iloc[:0].to_csv(rows, index=False)
    items.write_text(
        json.dumps([{"code": i.code, "categories": i.categories, "dont_know": i.dont_know} for i in ITEMS]), "utf-8"
    )
    text = answer(asked(str(rows), "--items", str(items)))
    assert text.startswith("Nothing was examined")
    assert "stands out" not in text
    told = json.loads(answer(asked(str(rows), "--items", str(items), "--json")))
    assert (told["examined"], told["findings"]) == (0, [])
    small_wave().to_csv(rows, index=False)
    assert "Nothing was examined" not in answer(asked(str(rows), "--items", str(items)))


def test_a_trailing_comma_in_the_interviews_is_refused(tmp_path: Path) -> None:
    rows, items = tmp_path / "wave.csv", tmp_path / "items.json"
    rows.write_text("id,q\n1,a,\n2,b,\n", "utf-8")
    items.write_text(json.dumps([{"code": "q", "categories": ["a", "b"]}]), "utf-8")
    with pytest.raises(ValueError, match=r"wave.csv, row 1 has more cells than there are columns"):
        answer(asked(str(rows), "--items", str(items)))
