"""Signs that a neighbourhood has been told what to answer.

Three things follow a drill. From one day to the next the best answers become more frequent and don't know vanishes,
there and not elsewhere; people give the very same answers to everything; and the answers that come in through the
poster, which anybody can be told to scan, lie further above those that volunteers collect than in other places.

Each is measured where a place cannot be charged with what it is like. The jump is a difference in differences: the
change there less the change of everybody else on the same days, and less what each volunteer usually hears. The day is
not known, so all are tried, and the largest step is held against the largest in as many interviews that are drawn from
other places (a scan over change points, as in James, James & Siegmund 1987, Biometrika 74:71-83). Identical answers are
counted among people who are equally content. The gap between poster and volunteers is compared with the gap in other
places.
"""

from math import log

import numpy as np
import scipy
from scipy.special import ndtr

from analysis.quality.answers import Answers, Codes, Floats, Mask, Unit
from analysis.quality.comparison import Found, equally_content, named
from analysis.quality.findings import Finding, Silence, with_q
from analysis.quality.reference import FEWEST, PRIOR, between_variance, heavier, honest_differences, skewed_tail

DRAWS = 400
SIDE = 4  # interviews before and after, at the least
_DAY = 1440.0
_PLACES = (Unit.POINT, Unit.NEIGHBOURHOOD)


def jumps(answers: Answers, rng: np.random.Generator, *, draws: int = DRAWS) -> Found:
    """Per neighbourhood: the day from which on people answer `as_told` more than before, against elsewhere.

    The finding tells the step in the best answers, in logits, there and among the others.
    """
    check, kind = "jump", Unit.NEIGHBOURHOOD
    unit = answers.unit(kind)
    if not (unit.codes >= 0).any():
        return (Silence(check, kind, "unknown_units"),)
    usable = ~np.isnan(answers.minute) & ~np.isnan(answers.best_share) & (unit.codes >= 0)
    if not usable.any():
        return (Silence(check, kind, "no_times" if np.isnan(answers.minute).all() else "no_items"),)
    rows = np.flatnonzero(usable)
    rows = rows[np.argsort(answers.minute[rows], kind="stable")]
    place, day = unit.codes[rows], (answers.minute[rows] // _DAY).astype(np.int64)
    mode = answers.place("mode").codes[rows]
    elsewhere = _elsewhere(answers.best_share[rows], place, day, mode)
    told = as_told(answers)[rows]
    rest = told - _elsewhere(told, place, day, mode)
    rest -= _usual(rest, answers.place("volunteer").codes[rows], place)
    names = np.unique(place)
    raw, cuts = np.full(len(unit.names), np.nan), np.zeros(len(unit.names), dtype=np.int64)
    for at in names.tolist():
        own = place == at
        possible = _cuts(day[own])
        if len(possible):
            usual = float(np.var(rest[~own])) if (~own).any() else float(np.var(rest))
            steps = _steps(rest[own][None, :], possible, usual)
            cuts[at] = possible[int(steps[0].argmax())]
            # From elsewhere: a drill that is there would widen what its own interviews could show by chance.
            dealt = rng.choice(rest[~own] if (~own).any() else rest, (draws, int(own.sum())))
            null = _steps(dealt, possible, usual).max(axis=1)
            raw[at] = skewed_tail(steps.max(axis=1), null[:, None])[0]
    p_value = honest_differences(raw)

    def finding(at: int) -> Finding:
        own = np.flatnonzero(place == at)
        after = np.zeros(len(answers), dtype=bool)
        after[rows[own[cuts[at] :]]] = True
        late = np.arange(len(own)) >= cuts[at]
        said = not np.isnan(raw[at])
        here = _logit_step(answers.best_share[rows[own]], late) if said else np.nan
        there = _logit_step(elsewhere[own], late) if said else np.nan
        return Finding(
            check=check,
            kind=kind,
            unit=unit.names[at],
            n=len(own),
            measure="logit_step_of_best_answers",
            statistic=here,
            expected=there,
            p_value=float(p_value[at]),
            effect="logit_difference_in_differences",
            size=here - there,
            rows=named(answers, after) if said else (),
            method="scan over days, interviews of other places drawn anew"
            + (f"; from day {int(day[own[cuts[at]]]) + 1}" if said else ""),
            notes=() if said else ("too_few",),
        )

    return with_q(finding(at) for at in names.tolist())


def as_told(answers: Answers) -> Floats:
    """How much an interview looks drilled, (n,): best answers and no don't know, each in its standard deviations.

    As exponential scores, −log of the share that looks at least as drilled (Savage 1956, Annals of Mathematical
    Statistics 27:590-615): a drill makes the extremes frequent, not everybody a little better.
    """
    best, known = answers.best_share, 1.0 - answers.dont_know.any(axis=1)
    parts = [each / spread for each in (best, known) if (spread := float(np.nanstd(each))) > 0]
    drilled: Floats = np.asarray(sum(parts, np.zeros(len(answers))), dtype=np.float64)
    said = ~np.isnan(drilled)
    above = said.sum() + 1 - scipy.stats.rankdata(drilled[said])
    scores = np.full(len(answers), np.nan)
    scores[said] = -np.log(above / (said.sum() + 1))
    return scores


def identical_answers(answers: Answers, rng: np.random.Generator, *, draws: int = DRAWS) -> Found:
    """Per point and neighbourhood: interviews whose answers are exactly those of another one there.

    Held against dealing the places out anew among interviews of the same mode with as many best answers.
    """
    check = "identical_answers"
    found: list[Finding | Silence] = []
    _, vector = np.unique(answers.codes, axis=0, return_inverse=True)
    for kind in _PLACES:
        unit = answers.unit(kind)
        rows = np.flatnonzero(unit.codes >= 0)
        if not len(rows):
            found.append(Silence(check, kind, "unknown_units"))
            continue
        place, same, units = unit.codes[rows], vector[rows], len(unit.names)
        alike = equally_content(answers)[rows]
        seen = _sharing(place, same)
        counted = np.bincount(place[seen], minlength=units).astype(np.float64)
        dealt = np.empty((draws, units))
        order = np.argsort(alike, kind="stable")
        for draw in range(draws):
            anew = np.empty_like(place)
            anew[order] = place[np.lexsort((rng.random(len(place)), alike))]
            dealt[draw] = np.bincount(anew[_sharing(anew, same)], minlength=units)
        expected, n = dealt.mean(axis=0), np.bincount(place, minlength=units)
        enough = n >= FEWEST
        p_value = honest_differences(np.where(enough, skewed_tail(counted, dealt), np.nan))
        carrying = np.zeros(len(answers), dtype=bool)
        carrying[rows[seen]] = True
        found += with_q(
            Finding(
                check=check,
                kind=kind,
                unit=unit.names[at],
                n=int(n[at]),
                measure="share_with_identical_answers",
                statistic=float(counted[at] / n[at]),
                expected=float(expected[at] / n[at]),
                p_value=float(p_value[at]),
                effect="log_ratio",
                size=log((counted[at] + 0.5) / (expected[at] + 0.5)),
                rows=named(answers, carrying & (unit.codes == at)),
                method="permutation among the equally content",
                notes=("too_few",) if not enough[at] else ("few_units",) if enough.sum() < FEWEST else (),
            )
            for at in np.flatnonzero(n).tolist()
        )
    return tuple(found)


def poster_gap(answers: Answers) -> Found:
    """Per neighbourhood: best answers of those without a volunteer less those with one, against the gap elsewhere."""
    check, kind = "poster_above_volunteers", Unit.NEIGHBOURHOOD
    unit, units = answers.unit(kind), len(answers.unit(kind).names)
    known = (unit.codes >= 0) & ~np.isnan(answers.best_share)
    if not known.any():
        return (Silence(check, kind, "no_items" if (unit.codes >= 0).any() else "unknown_units"),)
    poster, met = known & ~answers.volunteered, known & answers.volunteered
    n = [np.bincount(unit.codes[rows], minlength=units) for rows in (poster, met)]
    enough = (n[0] >= FEWEST) & (n[1] >= FEWEST)
    if enough.sum() < 2:
        return (Silence(check, kind, "nothing_to_compare"),)
    mean = [_mean(answers.best_share[rows], unit.codes[rows], units) for rows in (poster, met)]
    within = [
        float(np.var(answers.best_share[rows] - each[unit.codes[rows]]))
        for rows, each in zip((poster, met), mean, strict=True)
    ]
    gap = mean[0] - mean[1]
    chance = within[0] / np.maximum(n[0], 1) + within[1] / np.maximum(n[1], 1)
    usual = float(np.median(gap[enough]))
    spread = np.full(units, sum(within) / 2)
    between = between_variance((gap - usual)[enough], chance[enough], spread[enough])
    variance = chance + between * spread
    z = np.divide(gap - usual, np.sqrt(variance), out=np.zeros(units), where=variance > 0)
    p_value = heavier(np.where(enough, ndtr(-z), np.nan), int(enough.sum()))
    sd = float(np.std(answers.best_share[known]))
    return with_q(
        Finding(
            check=check,
            kind=kind,
            unit=unit.names[at],
            n=int(n[0][at] + n[1][at]),
            measure="gap_of_best_answers",
            statistic=float(gap[at]) if enough[at] else np.nan,
            expected=usual,
            p_value=float(p_value[at]),
            effect="standard_deviations",
            size=float(gap[at] - usual) / sd if enough[at] and sd > 0 else 0.0 if enough[at] else np.nan,
            rows=named(answers, poster & (unit.codes == at)),
            method=f"gap against the median gap, τ² = {between:.3f}",
            notes=("too_few",) if not enough[at] else ("few_units",) if enough.sum() < FEWEST else (),
        )
        for at in np.flatnonzero(n[0] + n[1]).tolist()
    )


def _elsewhere(values: Floats, place: Codes, day: Codes, mode: Codes) -> Floats:
    """For each interview the mean of those on the same day in the same mode elsewhere, or of the mode where there are
    none, or of all, (n,).
    """
    result = np.full(len(values), float(values.mean()))
    for group in (mode, mode * (day.max() + 1) + day):
        others = _others(values, group, place)
        result = np.where(np.isnan(others), result, others)
    return result


def _usual(rest: Floats, volunteer: Codes, place: Codes) -> Floats:
    """What the interview's volunteer hears beyond others in other places, (n,); 0 where that is not known."""
    return np.where(volunteer >= 0, np.nan_to_num(_others(rest, volunteer, place), nan=0.0), 0.0)


def _others(values: Floats, group: Codes, place: Codes) -> Floats:
    """For each interview the mean of its group in other places, (n,); nan without any."""
    cell = np.unique(group, return_inverse=True)[1]
    own = np.unique(np.stack([cell, place]), axis=1, return_inverse=True)[1]
    count = np.bincount(cell)[cell] - np.bincount(own)[own]
    total = np.bincount(cell, values)[cell] - np.bincount(own, values)[own]
    return np.asarray(np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0))


def _cuts(day: Codes) -> Codes:
    """Where a new day begins with SIDE interviews on either side; day (n,) in order."""
    new = np.flatnonzero(np.diff(day) > 0) + 1
    return new[(new >= SIDE) & (new <= len(day) - SIDE)]


def _steps(rest: Floats, cuts: Codes, usual: float) -> Floats:
    """The step up at each cut in standard errors, (draws, cuts); rest (draws, n) in the order of time.

    The variance is that of the interviews before the cut, with PRIOR more of the `usual` one, and never below it: what
    comes after a drill is no measure of chance.
    """
    n = rest.shape[1]
    total, squares = np.cumsum(rest, axis=1), np.cumsum(rest**2, axis=1)
    before = total[:, cuts - 1] / cuts
    after = (total[:, -1:] - total[:, cuts - 1]) / (n - cuts)
    around = np.maximum(squares[:, cuts - 1] - cuts * before**2, 0.0)
    variance = np.maximum((around + PRIOR * usual) / (cuts + PRIOR), usual)
    scale = np.sqrt(variance * (1 / cuts + 1 / (n - cuts)))
    return np.asarray(np.divide(after - before, scale, out=np.zeros_like(before), where=scale > 1e-12))


def _logit_step(share: Floats, late: Mask) -> float:
    """Logit of the mean share after less before, with half an interview added on either side."""
    logits = [log((share[rows].sum() + 0.5) / (rows.sum() - share[rows].sum() + 0.5)) for rows in (late, ~late)]
    return logits[0] - logits[1]


def _mean(values: Floats, unit: Codes, units: int) -> Floats:
    count = np.maximum(np.bincount(unit, minlength=units), 1)
    return np.asarray(np.bincount(unit, values, minlength=units) / count)


def _sharing(place: Codes, vector: Codes) -> Mask:
    """Interviews whose vector is another's at the same place, (n,)."""
    _, cell, count = np.unique(place * (vector.max() + 1) + vector, return_inverse=True, return_counts=True)
    return np.asarray(count[cell] > 1)
