"""Do people who chose themselves to answer say something else than the reference sample?

Within a post-stratum (district × sex × age band) both samples estimate a share, and the gap is open less reference.
Thin post-strata are merged as for weights (`weights`); what is still too thin is not tested and is listed. Three
questions:

- Is there a gap on average? The gaps weighted by people (direct standardisation), with a t test.
- Is there a gap anywhere, and is it the same everywhere? Rao-Scott's F, and Wald's beside it (`gap_tests`). Under the
  hypothesis both samples have one share p in a post-stratum, so that the variance of a simple random sample is
  p(1 - p)(1/n + 1/m).
- Where? A t test in every post-stratum, with Holm's correction for their number.

Where all answers of one sample agree, its linearised variance is 0, which no reader should trust: the variance of the
common share is taken in its place, with the sample's average design effect in the other post-strata.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan, sqrt

import numpy as np
import pandas as pd

from analysis.columns import AGE_BAND, POPULATION, SEX, ColumnsError, checked_population
from analysis.design import Codes, Floats, Mask
from analysis.estimate import degrees_of_freedom, ratios
from analysis.gap_tests import JointTest, holm, joint_test, spread, two_sided
from analysis.intervals import symmetric
from analysis.measure import Measure
from analysis.sums import sum_by
from analysis.tally import Tally
from analysis.two_samples import TwoSamples, two_samples
from analysis.weights import Merge, poststrata

METHOD = "gap by post-stratum: t with Holm's correction; all together: Rao-Scott F, adjusted Wald F"

# What the notes of a gap mean; each a fragment like those of `notes.NOTES`.
GAP_NOTES: Mapping[str, str] = {
    "too_few_answers": "too few answers by one of the modes to compare",
    "too_few_points": "one of the modes has answers from a single point",
    "all_answers_agree": "all answers by both modes agree, so there is nothing to test",
    "no_degrees_of_freedom": "at most one point in each district, so there is no test",
    "borrowed_spread": "one mode shows no variance here: that of a common share is taken",
    "untested_people": "some post-strata are too thin to be tested and stand in no average",
    "left_out": "answers without a known district, sex or age band are in no post-stratum",
    "same_points": "in some districts both modes worked at the same points, and their answers vary together",
    "too_many_strata": "with so few points Wald's test of so many post-strata rejects too often, or is silent",
}


@dataclass(frozen=True, slots=True)
class GapRules:
    """The choices behind the tests, as data."""

    level: float = 0.95
    # Answers by each mode that a post-stratum needs. One with fewer is merged with its neighbours.
    min_n: int = 10


@dataclass(frozen=True, slots=True)
class Gap:
    """Open less reference, as shares, with a t interval; nan where nothing can be said, and notes say why.

    people: how many the post-stratum holds. p_value: of no gap, two-sided. holm: the same, corrected for the number of
    post-strata.
    """

    label: str
    people: float
    open_share: float
    reference_share: float
    n_open: int
    n_reference: int
    value: float
    se: float
    df: float
    lower: float
    upper: float
    p_value: float
    holm: float = nan
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModeGap:
    """One indicator's gap between the open sample and a reference sample.

    average: standardised to the people of the tested post-strata, who are the share `covered` of the population.
    spread: standard deviation of the true gaps around their average, over people; 0 where chance explains all of it.
    merges: the post-strata that were too thin to stand alone.
    """

    indicator: str
    reference: str
    average: Gap
    strata: tuple[Gap, ...]
    anywhere: JointTest
    heterogeneity: JointTest
    spread: float
    covered: float
    merges: tuple[Merge, ...]
    level: float
    notes: tuple[str, ...]
    method: str = METHOD


def mode_gap(
    reduced: Tally, population: pd.DataFrame, indicator: str, reference: str, *, rules: GapRules | None = None
) -> ModeGap:
    """The gap between the open QR answers and those of the mode `reference`, from a wave's tally.

    population: `columns.POPULATION_COLUMNS`. Raises ColumnsError where a mode or the indicator does not occur.
    """
    rules = rules or GapRules()
    if indicator not in reduced.variables:
        raise ColumnsError(f"There is no indicator {indicator}. There are {', '.join(reduced.variables)}.")
    margins = checked_population(population)
    margins = margins[margins[POPULATION] > 0].reset_index(drop=True)
    samples = two_samples(reduced, reference)
    variable = samples.reduced.measure(indicator)
    strata = _joint_strata(samples, variable, margins, rules.min_n)
    found = _compare(samples, variable, strata, rules.min_n)
    tested, df = found.tested, degrees_of_freedom(samples.design, found.observed)
    several = found.gap[tested], found.covariance[np.ix_(tested, tested)]
    weight = strata.people[tested] / max(strata.people[tested].sum(), 1.0)
    simple = found.simple.sum(axis=0)
    varied = np.flatnonzero(simple[tested] > 0)
    tests = [
        joint_test(several[0][varied], several[1][np.ix_(varied, varied)], simple[tested][varied], df, equal=equal)
        for equal in (False, True)
    ]
    covered = float(strata.people[tested].sum() / strata.people.sum())
    unplaced = bool(((strata.of_cell < 0) & (variable.n > 0)).any())
    said = {
        "untested_people": len(tested) < len(strata.people),
        "left_out": unplaced,
        "same_points": bool(samples.shared),
        "no_degrees_of_freedom": len(tested) > 0 and df <= 0,
        "too_many_strata": tests[0].wald_df2 < 4 * tests[0].rank,
    }
    return ModeGap(
        indicator=indicator,
        reference=reference,
        average=_average(found, weight, df, rules.level),
        strata=_each(samples, variable, strata, found, rules.level),
        anywhere=tests[0],
        heterogeneity=tests[1],
        spread=spread(*several, weight) if len(tested) > 1 else nan,
        covered=covered,
        merges=strata.merges,
        level=rules.level,
        notes=tuple(note for note, applies in said.items() if applies),
    )


@dataclass(frozen=True, slots=True)
class _Strata:
    """The post-strata of both samples: `of_cell` (cells,), -1 in none; people and labels (strata,)."""

    of_cell: Codes
    people: Floats
    labels: tuple[str, ...]
    merges: tuple[Merge, ...]


def _joint_strata(samples: TwoSamples, variable: Measure, margins: pd.DataFrame, min_n: int) -> _Strata:
    """District × sex × age band, merged until both samples have min_n answers, as far as that goes."""
    keys = [str(name) for name in margins.columns.drop(POPULATION)]
    known = pd.MultiIndex.from_frame(margins[keys].astype(object))
    place = np.asarray(known.get_indexer(pd.MultiIndex.from_frame(samples.cells[keys].astype(object))), dtype=np.intp)
    fewer = np.minimum(*(_sums(place, len(margins), variable.n, side) for side in (samples.open, ~samples.open)))
    # A cell that is empty on one side must still find its neighbours: to `poststrata` it holds next to nothing.
    joint = margins[keys].assign(n=np.maximum(fewer, 1e-9))
    absent = {name: None for name in (SEX, AGE_BAND) if name not in keys}
    merged = poststrata(joint.assign(**absent), margins, min_n)
    group, people = merged.margin.group, merged.margin.population
    labels = _labels(margins, keys, group)
    return _Strata(np.where(place >= 0, group[place], -1), people, labels, merged.merges)


def _sums(group: Codes, groups: int, values: Floats, side: Mask) -> Floats:
    held = side & (group >= 0)
    return sum_by(group[held], groups, values[held])


def _labels(margins: pd.DataFrame, keys: Sequence[str], group: Codes) -> tuple[str, ...]:
    """District and levels of each post-stratum; a dimension of which it has every level is not named."""
    members: dict[int, list[tuple[str, ...]]] = {}
    levels: dict[str, list[set[str]]] = {}
    for k, cell in zip(group.tolist(), margins[list(keys)].itertuples(index=False, name=None), strict=True):
        members.setdefault(k, []).append(cell)
        for held, level in zip(levels.setdefault(cell[0], [set() for _ in keys]), cell, strict=True):
            held.add(level)
    labels = []
    for k in sorted(members):
        columns = [list(dict.fromkeys(column)) for column in zip(*members[k], strict=True)]
        whole = levels[members[k][0][0]]
        named = [column for column, every in zip(columns[1:], whole[1:], strict=True) if len(column) < len(every)]
        labels.append(" × ".join([columns[0][0], *("+".join(column) for column in named)]))
    return tuple(labels)


@dataclass(frozen=True, slots=True)
class _Compared:
    """Of every post-stratum: n and share (2, strata), open first; simple (2, strata), the variance under one share and
    simple random sampling; gap (strata,) and covariance (strata, strata), nan where not tested; why (strata,).
    """

    n: Floats
    share: Floats
    simple: Floats
    gap: Floats
    covariance: Floats
    tested: Codes
    why: tuple[str, ...]
    observed: Mask


def _compare(samples: TwoSamples, variable: Measure, strata: _Strata, min_n: int) -> _Compared:
    size = len(strata.people)
    sides = (samples.open, ~samples.open)
    n = np.stack([_sums(strata.of_cell, size, variable.n, side) for side in sides])
    yes = np.stack([_sums(strata.of_cell, size, variable.total, side) for side in sides])
    share = np.divide(yes, n, out=np.full_like(n, nan), where=n > 0)
    common = yes.sum(axis=0) / np.maximum(n.sum(axis=0), 1)
    simple = np.divide(common * (1 - common), n, out=np.full_like(n, nan), where=n > 0)
    units = np.stack([_units(samples, strata.of_cell, size, side & (variable.n > 0)) for side in sides])
    thin, lone = (n < min_n).any(axis=0), (units < 2).any(axis=0)
    why = np.where(thin, "too_few_answers", np.where(lone, "too_few_points", "")).astype(object)
    tested = np.flatnonzero(~thin & ~lone)
    member = strata.of_cell[:, None] == tested
    observed = member.any(axis=1) & variable.observed
    columns = np.concatenate([member & side[:, None] for side in sides], axis=1)
    covariance = ratios(
        samples.design, columns * variable.total[:, None], columns * variable.base[:, None], observed
    ).covariance
    lent, borrowed = _lent(np.diag(covariance).reshape(2, -1), share[:, tested], n[:, tested], simple[:, tested])
    k = len(tested)
    contrast = np.concatenate([np.eye(k), -np.eye(k)], axis=1)
    gap, whole = np.full(size, nan), np.full((size, size), nan)
    gap[tested] = share[0, tested] - share[1, tested]
    whole[np.ix_(tested, tested)] = contrast @ covariance @ contrast.T + np.diag(lent)
    why[tested[borrowed]] = "borrowed_spread"
    why[tested[simple[:, tested].sum(axis=0) == 0]] = "all_answers_agree"
    return _Compared(n, share, simple, gap, whole, tested, tuple(why.tolist()), observed)


def _units(samples: TwoSamples, group: Codes, groups: int, held: Mask) -> Floats:
    """(groups,) the points that hold an answer."""
    held = held & (group >= 0)
    pairs = np.unique(np.stack([group[held], samples.design.stages[0].unit[held]]), axis=1)
    return np.bincount(pairs[0], minlength=groups).astype(np.float64)


def _lent(own: Floats, share: Floats, n: Floats, simple: Floats) -> tuple[Floats, Mask]:
    """(tested,) what a sample that shows no variance is lent, and where. own: (2, tested) its variances."""
    plain = share * (1 - share) / n
    lent = np.zeros(own.shape[1])
    silent = own <= 0
    for side in (0, 1):
        seen = ~silent[side]
        deff = float(np.mean(own[side, seen] / plain[side, seen])) if seen.any() else 1.0
        lent += np.where(silent[side], max(1.0, deff) * simple[side], 0.0)
    return lent, np.asarray(silent.any(axis=0))


def _average(found: _Compared, weight: Floats, df: float, level: float) -> Gap:
    tested = found.tested
    n_open, n_reference = (int(n) for n in found.n[:, tested].sum(axis=1))
    if not len(tested):
        return Gap("", 0.0, nan, nan, n_open, n_reference, nan, nan, df, nan, nan, nan, notes=("untested_people",))
    shares = found.share[:, tested] @ weight
    variance = float(weight @ found.covariance[np.ix_(tested, tested)] @ weight)
    gap = _gap("", nan, shares, (n_open, n_reference), variance, df, level)
    notes = ("no_degrees_of_freedom",) if df <= 0 else ("all_answers_agree",) if gap.se == 0 else ()
    return replace(gap, notes=notes)


def _each(samples: TwoSamples, variable: Measure, strata: _Strata, found: _Compared, level: float) -> tuple[Gap, ...]:
    """The gap of every post-stratum, tested or not."""
    gaps = []
    for k, (label, people) in enumerate(zip(strata.labels, strata.people.tolist(), strict=True)):
        df = degrees_of_freedom(samples.design, (strata.of_cell == k) & (variable.n > 0))
        n = int(found.n[0, k]), int(found.n[1, k])
        gap = _gap(label, people, found.share[:, k], n, float(found.covariance[k, k]), df, level)
        why = found.why[k] or ("no_degrees_of_freedom" if df <= 0 else "")
        gaps.append(replace(gap, notes=(why,) if why else ()))
    corrected = holm(np.array([gap.p_value for gap in gaps])).tolist()
    return tuple(replace(gap, holm=p) for gap, p in zip(gaps, corrected, strict=True))


def _gap(
    label: str, people: float, shares: Floats, n: tuple[int, int], variance: float, df: float, level: float
) -> Gap:
    open_share, reference_share = shares.tolist()
    value, se = open_share - reference_share, sqrt(variance) if variance >= 0 else nan
    lower, upper = symmetric(value, variance, df, level) if se > 0 else (nan, nan)
    return Gap(label, people, open_share, reference_share, *n, value, se, df, lower, upper, two_sided(value, se, df))
