"""Near-duplicates are counted as by hand, copies are found, and contentment accuses nobody."""

import numpy as np
import pandas as pd
import pytest

from analysis.quality.answers import Answers, Unit
from analysis.quality.findings import Finding, Silence
from analysis.quality.near_duplicates import dealt_anew, near_duplicates, near_pairs, percent_match
from tests.quality.waves import answers_of, frame_of, of, p_values, wave


def test_the_percent_match_is_the_share_of_equal_answers_among_those_both_were_asked() -> None:
    codes = answers_of(frame_of(["aabb", "aabc", "aab.", "a...", "eeee"])).codes
    match = percent_match(codes, codes)
    assert np.diag(match).tolist() == [1, 1, 1, 1, 1]
    assert match[0].tolist() == pytest.approx([1, 0.75, 1, 0, 0])  # with one item in common nothing is said


def test_pairs_are_those_that_a_loop_over_all_pairs_finds() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 3, (60, 8))
    volunteer, site = rng.integers(0, 6, 60), rng.integers(0, 2, 60)
    pairs = near_pairs(codes, volunteer, site)
    assert pairs is not None
    loop = {(i, j) for i in range(60) for j in range(i + 1, 60) if np.mean(codes[i] == codes[j]) >= pairs.limit - 1e-9}
    assert set(zip(pairs.one.tolist(), pairs.other.tolist(), strict=True)) == loop
    between = [
        np.mean(codes[i] == codes[j])
        for i in range(60)
        for j in range(i + 1, 60)
        if site[i] == site[j] and volunteer[i] != volunteer[j]
    ]
    assert np.mean(np.array(between) >= pairs.limit - 1e-9) <= 0.005


def test_dealing_anew_keeps_who_worked_where() -> None:
    rng = np.random.default_rng(2)
    volunteer, site = rng.integers(0, 5, 200), rng.integers(0, 4, 200)
    dealt = dealt_anew(volunteer, site, rng)
    assert not (dealt == volunteer).all()
    for at in range(4):
        assert sorted(dealt[site == at]) == sorted(volunteer[site == at])


def copying(frame: pd.DataFrame, volunteer: str, rng: np.random.Generator) -> pd.DataFrame:
    """A volunteer who copies four own interviews, with two of ten answers changed."""
    frame = frame.copy()
    items = [column for column in frame.columns if column.startswith("q")]
    own = np.flatnonzero(frame["volunteer"] == volunteer)
    values = frame[items].to_numpy(dtype=object)
    for row in own[4:]:
        kept = rng.permutation(len(items)) < 8
        values[row] = np.where(kept, values[own[rng.integers(4)]], values[rng.integers(len(values))])
    frame[items] = values
    return frame


def test_a_volunteer_who_copies_is_found_and_the_copies_are_named() -> None:
    rng = np.random.default_rng(3)
    answers = answers_of(copying(wave(rng), "V07", rng))
    found = near_duplicates(answers, rng)
    copier = of(found, "V07")
    assert copier.p_value < 1e-4
    assert copier.p_value == p_values(found).min()
    assert copier.statistic > 5 * copier.expected
    assert len(copier.rows) > 20
    others = [each for each in found if isinstance(each, Finding) and each.unit != "V07"]
    assert all(each.q_value > 0.05 for each in others)


def test_p_is_uniform_when_all_are_honest() -> None:
    rng = np.random.default_rng(4)
    found = [p_values(near_duplicates(answers_of(wave(rng, place=0.7, voice=0.1)), rng, draws=100)) for _ in range(8)]
    p = np.concatenate(found)
    assert len(p) == 160
    assert np.mean(p <= 0.05) < 0.05 + 3 * 0.017
    assert 0.35 < np.mean(p <= 0.5) < 0.65


def test_permuting_across_sites_would_accuse_those_who_work_where_people_are_content() -> None:
    """The planted fault: volunteers dealt out over the whole city rather than within the place."""
    rng = np.random.default_rng(5)
    frame = wave(rng, points=4, each=10)
    number = frame["volunteer"].str[1:].astype(int)
    frame["point"] = np.where(number < 3, "P0", frame["point"].where(frame["point"] != "P0", "P1"))
    items = [column for column in frame.columns if column.startswith("q")]
    easily = ((frame["point"] == "P0").to_numpy() & (rng.random(len(frame)) < 0.9))[:, None]
    frame[items] = frame[items].mask(easily & (rng.random((len(frame), len(items))) < 0.75), "a")
    within = near_duplicates(answers_of(frame), rng)
    across = near_duplicates(answers_of(frame.assign(point="P")), rng)
    contented = [f"V{at:02}" for at in range(3)]
    assert min(of(within, unit).q_value for unit in contented) > 0.3
    assert sum(of(across, unit).q_value <= 0.05 for unit in contented) >= 3


def _accused_by_a_fixed_limit(answers: Answers, limit: float = 0.85) -> float:
    """The planted fault: the share of interviews with a match of 85 % or more with any other."""
    match = percent_match(answers.codes, answers.codes)
    np.fill_diagonal(match, 0)
    return float(np.mean(match.max(axis=1) >= limit))


def test_a_fixed_limit_of_85_per_cent_accuses_a_contented_city_and_ours_does_not() -> None:
    rng = np.random.default_rng(6)
    frame = wave(rng)
    items = [column for column in frame.columns if column.startswith("q")]
    frame[items] = frame[items].mask(rng.random((len(frame), len(items))) < 0.6, "a")
    answers = answers_of(frame)
    assert _accused_by_a_fixed_limit(answers) > 0.5
    found = near_duplicates(answers, rng)
    assert all(each.q_value > 0.05 for each in found if isinstance(each, Finding))


def test_where_all_answer_alike_nothing_is_said() -> None:
    frame = frame_of(["aaaaa"] * 40, volunteer=["V1", "V2"] * 20, point=["P"] * 40)
    assert near_duplicates(answers_of(frame), np.random.default_rng(7)) == (
        Silence("near_duplicates", Unit.VOLUNTEER, "too_alike"),
    )


def test_who_works_alone_is_not_judged() -> None:
    rng = np.random.default_rng(8)
    frame = wave(rng, volunteers=2, points=1, each=20)
    frame["point"] = frame["volunteer"]
    alone = of(near_duplicates(answers_of(frame), rng), "V00")
    assert np.isnan(alone.p_value)
    assert alone.notes == ("alone",)


def test_without_volunteers_or_places_the_check_says_what_it_lacks() -> None:
    rng = np.random.default_rng(9)
    frame = wave(rng, volunteers=2, points=2, each=4)
    for lacking, note in ((["volunteer"], "unknown_units"), (["point", "neighbourhood"], "no_sites")):
        (silence,) = near_duplicates(answers_of(frame.drop(columns=lacking)), rng)
        assert isinstance(silence, Silence)
        assert silence.note == note
