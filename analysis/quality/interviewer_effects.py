"""How much of an item's variance is the volunteer's, and whose answers lie far out even after shrinking.

For each item the model is y = place + volunteer + rest, places fixed, volunteers random: what a place is like is taken
out first, so that nobody is charged with it. With M the projection that takes the place means out, everything follows
from the matrix A = Z'MZ of volunteers and from Z'My:

- the ratio λ of the two variances by REML (Patterson & Thompson 1971), a search in one dimension;
- its interval from Wald's exact pivot, F in λ (Harville & Fenech 1985, Biometrics 41:137-152); the variance share is
  λ / (1 + λ) (Kish 1962, JASA 57:92-115, calls it ρ of the interviewer);
- each volunteer's effect λ (I + λA)⁻¹ Z'My, shrunk towards 0, with its posterior variance σ² λ (I + λA)⁻¹
  (Robinson 1991, Statistical Science 6:15-32), and from these the chance that the true effect lies beyond BOUND.

The p-value asks something else: whether an effect is larger than those of volunteers usually are in this wave.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan

import numpy as np
import scipy
from scipy.special import ndtr

from analysis.quality.answers import Answers, Codes, Floats, Item, Mask, Unit
from analysis.quality.comparison import Found, named, sites
from analysis.quality.findings import Finding, Silence, with_q
from analysis.quality.reference import FEWEST

CHECK = "interviewer_effect"
BOUND = 0.5  # standard deviations of the item: an effect of this size moves results by itself
LEVEL = 0.95
_LARGEST = 100.0  # of λ


@dataclass(frozen=True, slots=True)
class VarianceShare:
    """The volunteers' share of an item's variance within places: value and interval, 0..1; nan where none can be had.

    `volunteers` are those who can be told apart, `n` the interviews with an answer.
    """

    item: str
    n: int
    volunteers: int
    value: float
    lower: float
    upper: float
    level: float
    method: str


@dataclass(frozen=True, eq=False)
class Effects:
    """One item: the variance share; effect and posterior sd of each volunteer in standard deviations of the item within
    places, chance of an effect beyond BOUND, and p, (volunteers,); nan where the volunteer has no answer to it.
    """

    share: VarianceShare
    effect: Floats
    posterior_sd: Floats
    beyond: Floats
    p_value: Floats


def interviewer_effects(answers: Answers) -> Found:
    """Per volunteer the item on which the effect is most surely beyond BOUND; p is Bonferroni's over the items."""
    unit, place = answers.unit(Unit.VOLUNTEER), sites(answers, Unit.VOLUNTEER)
    if not (unit.codes >= 0).any():
        return (Silence(CHECK, Unit.VOLUNTEER, "unknown_units"),)
    if place is None:
        return (Silence(CHECK, Unit.VOLUNTEER, "no_sites"),)
    found = [(item, each) for item, each in _every_item(answers) if not np.isnan(each.beyond).all()]
    if not found:
        return (Silence(CHECK, Unit.VOLUNTEER, "no_items"),)
    beyond = np.stack([np.nan_to_num(each.beyond, nan=-1.0) for _, each in found])
    p_values = np.stack([np.nan_to_num(each.p_value, nan=1.0) for _, each in found])
    n = np.bincount(unit.codes[unit.codes >= 0], minlength=len(unit.names))

    def finding(at: int) -> Finding:
        most = int(np.argmax(beyond[:, at]))
        item, effects = found[most]
        said = beyond[most, at] >= 0 and n[at] >= FEWEST
        return Finding(
            check=CHECK,
            kind=Unit.VOLUNTEER,
            unit=unit.names[at],
            n=int(n[at]),
            measure=f"effect:{item.code}",
            statistic=float(effects.effect[at]) if said else nan,
            expected=0.0,
            p_value=min(1.0, float(p_values[:, at].min()) * len(found)) if said else nan,
            effect="standard_deviations",
            size=float(effects.effect[at]) if said else nan,
            rows=named(answers, (unit.codes == at) & (place >= 0)),
            method=f"REML within places, variance share {effects.share.value:.3f}",
            posterior=float(beyond[most, at]) if said else nan,
            notes=() if said else ("too_few",) if n[at] < FEWEST else ("alone",),
        )

    return with_q(finding(int(at)) for at in np.flatnonzero(n))


def variance_shares(answers: Answers) -> tuple[VarianceShare, ...]:
    """The volunteers' share of the variance of each item; none without volunteers or places."""
    return tuple(effects.share for _, effects in _every_item(answers))


def _every_item(answers: Answers) -> Iterator[tuple[Item, Effects]]:
    unit, place = answers.unit(Unit.VOLUNTEER), sites(answers, Unit.VOLUNTEER)
    if place is None or not (unit.codes >= 0).any():
        return
    for number, item in enumerate(answers.items):
        if not item.multiple:
            y, said = scores(answers, number)
            rows = said & (unit.codes >= 0) & (place >= 0)
            yield item, effects_of(item.code, y[rows], unit.codes[rows], place[rows], len(unit.names))


def scores(answers: Answers, number: int) -> tuple[Floats, Mask]:
    """An item as numbers, and where there is one: position on a scale, or whether it is the commonest category."""
    item, codes = answers.items[number], answers.codes[:, number]
    said = (codes >= 0) & (codes < len(item.categories))
    if item.scale or len(item.categories) <= 2:
        return codes.astype(np.float64), said
    common = int(np.argmax(np.bincount(codes[said], minlength=1)))
    return (codes == common).astype(np.float64), said


def effects_of(code: str, y: Floats, volunteer: Codes, place: Codes, volunteers: int) -> Effects:
    """The model for one item: y, volunteer, place (n,)."""
    method = f"REML; interval by Wald's pivot; effects beyond {BOUND} sd"
    count = np.bincount(volunteer, minlength=volunteers)
    places = int(place.max()) + 1 if len(place) else 1
    cell = np.bincount(volunteer * places + place, minlength=volunteers * places).reshape(volunteers, places)
    at = np.maximum(cell.sum(axis=0), 1)
    mean = np.bincount(place, y, minlength=places) / at
    rest = y - mean[place]
    total = float(rest @ rest)
    information = np.diag(count).astype(float) - (cell / at) @ cell.T
    values, vectors = np.linalg.eigh(information)
    told = values > 1e-8 * max(float(count.max(initial=0)), 1.0)
    d, v = values[told], vectors[:, told]
    w = np.asarray(v.T @ np.bincount(volunteer, rest, minlength=volunteers), dtype=np.float64)
    used = int((cell.sum(axis=0) > 0).sum())
    df = len(y) - used - len(d)
    residual = total - float((w * w / d).sum())
    if len(d) < 2 or df < 1 or residual <= 1e-9 * max(total, 1e-9):
        nothing = np.full(volunteers, nan)
        silent = VarianceShare(code, len(y), 0, nan, nan, nan, LEVEL, method)
        return Effects(silent, nothing, nothing, nothing, nothing)
    ratio = _reml(d, w, total, len(y) - used)
    lower, upper = _pivot_interval(d, w, residual, df)
    variance = (total - float((ratio * w * w / (1 + ratio * d)).sum())) / (len(y) - used)
    scale = np.sqrt(variance * (1 + ratio))
    told_apart = (v * v) @ np.ones(len(d))
    raw = v @ (w / (1 + ratio * d))
    spread = np.sqrt(variance * ((v * v) @ (d / (1 + ratio * d))))
    reached = (count > 0) & (spread > 0)
    effect = np.where(reached, ratio * raw, nan) / scale
    # Directions about which nothing is told keep the prior variance.
    posterior = ratio * variance * ((v * v) @ (1 / (1 + ratio * d)) + np.maximum(1 - told_apart, 0.0))
    sd = np.where(reached, np.sqrt(posterior), nan) / scale
    z = np.divide(raw, spread, out=np.full(volunteers, nan), where=reached)
    safe = np.where(sd > 0, sd, 1.0)
    beyond = np.where(sd > 0, ndtr((-BOUND - effect) / safe) + ndtr((effect - BOUND) / safe), 0.0)
    share = VarianceShare(
        item=code,
        n=len(y),
        volunteers=int((count > 0).sum()),
        value=ratio / (1 + ratio),
        lower=lower / (1 + lower),
        upper=upper / (1 + upper),
        level=LEVEL,
        method=method,
    )
    p_value = np.where(reached, 2 * scipy.stats.t.sf(np.abs(np.nan_to_num(z)), len(d)), nan)
    return Effects(share, effect, sd, np.where(reached, beyond, nan), p_value)


def _reml(d: Floats, w: Floats, total: float, df: int) -> float:
    """λ at the largest restricted likelihood, with the residual variance profiled out."""

    def deviance(log_ratio: float) -> float:
        ratio = np.exp(log_ratio)
        squares = total - float((ratio * w * w / (1 + ratio * d)).sum())
        return float(df * np.log(squares) + np.log1p(ratio * d).sum())

    best = scipy.optimize.minimize_scalar(
        deviance, bounds=(-14.0, float(np.log(_LARGEST))), method="bounded", options={"xatol": 1e-9}
    )
    at_zero = df * np.log(total)
    return float(np.exp(best.x)) if best.fun < at_zero - 1e-9 else 0.0


def _pivot_interval(d: Floats, w: Floats, residual: float, df: int) -> tuple[float, float]:
    """The λ that Wald's pivot does not reject; it falls as λ grows. 0 where even λ = 0 is above the interval."""
    tail = (1 - LEVEL) / 2

    def pivot(ratio: float) -> float:
        return float((w * w / (d * (1 + ratio * d))).sum() / len(d) / (residual / df))

    def reaching(quantile: float) -> float:
        if pivot(0.0) <= quantile:
            return 0.0
        if pivot(_LARGEST) >= quantile:
            return _LARGEST
        return float(scipy.optimize.brentq(lambda ratio: pivot(ratio) - quantile, 0.0, _LARGEST))

    upper, lower = (float(each) for each in np.asarray(scipy.stats.f.ppf([1 - tail, tail], len(d), df)))
    return reaching(upper), reaching(lower)
