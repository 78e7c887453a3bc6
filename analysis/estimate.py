"""Estimates of means, totals, ratios and shares, for the whole sample and for domains.

Every estimate here is a total, or a ratio of two totals, of weighted sums. A `Measure` holds those sums per row of the
design, and rows outside the domain hold 0; whether a row is one interview or a cell of a tally makes no difference.

A missing value is not part of the estimate but stays in the design: the estimate is that of the domain "has an answer",
with degrees of freedom of the units that hold one (units less strata; Korn & Graubard 1999, Analysis of Health Surveys,
chapter 5).
"""

from dataclasses import dataclass
from math import inf, isfinite, nan, sqrt

import numpy as np
import numpy.typing as npt

from analysis.design import Codes, Design, Floats, Mask
from analysis.design_effect import design_effect
from analysis.intervals import Effective, Evidence, Method, effective, effective_n, interval, symmetric
from analysis.measure import Measure, both_present, measure
from analysis.planned_effect import Planned, planned
from analysis.sums import sum_by, sums_by
from analysis.variance import covariance, partition_variances

# From this part of the plan in a design effect on, a note says that it is mostly planned.
MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number with everything needed to judge it. What cannot be said is nan, and `notes` says why.

    basis: "design" (variance from the design), "borrowed_deff" (n divided by the design effect of a larger domain),
    "modelled" (self-selected answers: the interval rests on a model), "none".
    """

    value: float
    se: float
    variance: float
    df: float
    n: int
    n_effective: float
    lower: float
    upper: float
    level: float
    interval: str
    basis: str
    deff: float
    notes: tuple[str, ...] = ()
    # Of the default interval: the degrees of freedom of its t quantile (df elsewhere; nan: as df), and how much of the
    # design effect behind n_effective is the planned one.
    interval_df: float = nan
    planned: float = 0.0


def degrees_of_freedom(design: Design, observed: Mask) -> float:
    """Units with an observed row less strata with one; from the rank of the weights for replicates."""
    if design.replicates is not None:
        return design.replicates.degrees_of_freedom(observed)
    stage = design.stages[0]
    units = np.unique(stage.unit[observed])
    return float(len(units) - len(np.unique(stage.stratum_of_unit[units])))


@dataclass(frozen=True, slots=True)
class Statistic:
    """k estimates made together: value (k,), covariance (k, k)."""

    value: Floats
    covariance: Floats


def ratios(design: Design, numerators: Floats, denominators: Floats | None, observed: Mask) -> Statistic:
    """k ratios of totals (k totals, where denominators is None), with their covariance.

    numerators, denominators: (rows, k) weighted sums; observed: (rows,) the rows of the domain.
    """
    top = numerators.sum(axis=0)
    bottom = denominators.sum(axis=0) if denominators is not None else np.ones_like(top)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = top / bottom
    if design.replicates is not None:
        factors = design.replicates.factors(design.weights)
        replicated = factors.T @ numerators
        if denominators is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                replicated = replicated / (factors.T @ denominators)
        return Statistic(value, design.replicates.covariance(replicated, value))
    if not np.isfinite(value).all():
        return Statistic(value, np.full((len(value), len(value)), nan))
    influence = numerators if denominators is None else (numerators - denominators * value) / bottom
    return Statistic(value, covariance(design, influence, observed))


def mean(design: Design, values: npt.ArrayLike, domain: Mask | None = None, level: float = 0.95) -> Estimate:
    """The weighted mean, with a t interval."""
    return mean_of(design, measure(design, values, domain), level)


def mean_of(design: Design, variable: Measure, level: float = 0.95) -> Estimate:
    """`mean` of a measure."""
    result = ratios(design, variable.total[:, None], variable.base[:, None], variable.observed)
    return _estimate(design, variable, result, level)


def total(design: Design, values: npt.ArrayLike, domain: Mask | None = None, level: float = 0.95) -> Estimate:
    """The estimated population total, with a t interval."""
    return total_of(design, measure(design, values, domain), level)


def total_of(design: Design, variable: Measure, level: float = 0.95) -> Estimate:
    """`total` of a measure."""
    result = ratios(design, variable.total[:, None], None, variable.observed)
    return _estimate(design, variable, result, level, scale=float(variable.base.sum()))


def ratio(
    design: Design,
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    domain: Mask | None = None,
    level: float = 0.95,
) -> Estimate:
    """The ratio of two totals over the rows where both are known."""
    known = both_present(design, numerator, denominator)
    if domain is not None:
        known &= domain
    top, bottom = measure(design, numerator, known), measure(design, denominator, known)
    result = ratios(design, top.total[:, None], bottom.total[:, None], known)
    value, variance = float(result.value[0]), float(result.covariance[0, 0])
    df, n = degrees_of_freedom(design, top.n > 0), int(top.n.sum())
    lower, upper = symmetric(value, variance, df, level)
    basis = "design" if isfinite(lower) else "none"
    said = {
        "no_answers": n == 0,
        "zero_denominator": n > 0 and not bottom.total.sum(),
        "no_degrees_of_freedom": n > 0 and df <= 0,
    }
    notes = tuple(note for note, applies in said.items() if applies)
    return Estimate(value, _root(variance), variance, df, n, nan, lower, upper, level, "t", basis, nan, notes)


def _root(variance: float) -> float:
    return sqrt(variance) if variance >= 0 else nan


def _estimate(design: Design, variable: Measure, result: Statistic, level: float, scale: float = 1.0) -> Estimate:
    value, variance = float(result.value[0]), float(result.covariance[0, 0])
    observed = variable.n > 0
    df, n = degrees_of_freedom(design, observed), int(variable.n.sum())
    lower, upper = symmetric(value, variance, df, level)
    deff = design_effect(variable, variance / scale**2 if scale else nan)
    notes = ("no_answers",) if n == 0 else ("no_degrees_of_freedom",) if df <= 0 else ()
    n_effective = n / deff if isfinite(deff) and deff > 0 else nan
    basis = "design" if isfinite(lower) else "none"
    return Estimate(value, _root(variance), variance, df, n, n_effective, lower, upper, level, "t", basis, deff, notes)


def evidence(design: Design, variable: Measure) -> Evidence:
    """What the intervals for a share need to know; p is exactly 0 or 1 where all answers agree."""
    n = float(variable.n.sum())
    df = degrees_of_freedom(design, variable.n > 0)
    dispersion = 1.0 if design.replicates is not None else (n / (n - 1) if n > 1 else nan)
    if n == 0:
        return Evidence(nan, nan, 0, df, dispersion)
    plan = (
        None if design.replicates is not None else _plans(design, variable, np.zeros(design.rows, dtype=np.intp), 1)[0]
    )
    result = ratios(design, variable.total[:, None], variable.base[:, None], variable.observed)
    p, v = float(result.value[0]), float(result.covariance[0, 0])
    if not variable.total.any():
        p, v = 0.0, 0.0
    elif (variable.total == variable.base).all():
        p, v = 1.0, 0.0
    return Evidence(p, v, n, df, dispersion, plan)


def _plans(design: Design, variable: Measure, code: Codes, domains: int) -> tuple[Planned | None, ...]:
    """What the plan says in each domain 0..domains-1. code: (rows,) the domain of each row that the variable holds."""
    stage = design.stages[0]
    counted = np.flatnonzero(variable.n > 0)
    met, pair = np.unique(stage.unit[counted].astype(np.int64) * domains + code[counted], return_inverse=True)
    n = variable.n[counted]
    weight, square = (sum_by(pair, len(met), each[counted]) for each in (variable.base, variable.base_square))
    # Only domains with interviews have a place among the results.
    people = sum_by(code[counted], domains, n)
    held = np.flatnonzero(people > 0)
    place = np.cumsum(people > 0) - 1
    strata, group = np.unique(
        stage.stratum_of_unit[met // domains].astype(np.int64) * domains + met % domains, return_inverse=True
    )
    found = planned(people[held], weight, square, group, place[strata % domains])
    result: list[Planned | None] = [None] * domains
    for d, each in zip(held.tolist(), found, strict=True):
        result[d] = each
    return tuple(result)


def proportion(
    design: Design,
    values: npt.ArrayLike,
    domain: Mask | None = None,
    method: Method | str = Method.WILSON,
    level: float = 0.95,
) -> Estimate:
    """The share of 1 among values of 0 and 1 (nan = missing), with the interval of `method`. ValueError for others."""
    return proportion_of(design, measure(design, _shares(values), domain), method, level)


def proportion_of(
    design: Design, variable: Measure, method: Method | str = Method.WILSON, level: float = 0.95
) -> Estimate:
    """`proportion` of a measure."""
    known = evidence(design, variable)
    return share_estimate(known, Method(method), level, design_effect(variable, known.v))


def share_estimate(known: Evidence, method: Method, level: float, deff: float) -> Estimate:
    """The evidence on a share as an estimate: its interval, and notes on what is special about it."""
    lower, upper = interval(method, known, level)
    size = (
        effective(known)
        if method is Method.WILSON
        else Effective(effective_n(known.p, known.v, known.n), known.df, 0.0)
    )
    notes: list[str] = []
    if known.n == 0:
        notes.append("no_answers")
    else:
        if known.df <= 0:
            notes.append("no_degrees_of_freedom")
        if known.degenerate:
            notes.append("all_answers_agree")
        elif known.v == 0:
            notes.append("zero_variance")
        if size.planned >= MOSTLY and isfinite(lower):
            notes.append("deff_planned")
    return Estimate(
        value=known.p,
        se=_root(known.v),
        variance=known.v,
        df=known.df,
        n=int(known.n),
        n_effective=size.n if known.n else 0.0,
        lower=lower,
        upper=upper,
        level=level,
        interval=method.value,
        basis="design" if isfinite(lower) else "none",
        deff=deff,
        notes=tuple(notes),
        interval_df=size.df,
        planned=size.planned,
    )


def _shares(values: npt.ArrayLike) -> Floats:
    y = np.asarray(values, dtype=np.float64)
    odd = ~(np.isnan(y) | (y == 0) | (y == 1))
    if odd.any():
        raise ValueError(f"A share needs values of 0, 1 or missing; found {y[odd][0]:g}. Recode it, or use mean().")
    return y


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of the levels of one variable: value (k,), covariance (k, k)."""

    levels: tuple[object, ...]
    value: Floats
    covariance: Floats
    n: int
    df: float


def factor_mean(design: Design, column: npt.ArrayLike, domain: Mask | None = None) -> Shares:
    """The share of each level of a variable, with their covariance. None and nan are missing."""
    levels, codes = level_codes(column)
    known = codes >= 0
    if domain is not None:
        known &= domain
    indicators = (codes[:, None] == np.arange(len(levels))) & known[:, None]
    weights = np.where(known, design.weights, 0.0)
    result = ratios(design, indicators * weights[:, None], np.repeat(weights[:, None], len(levels), axis=1), known)
    counted = known & (design.weights > 0)
    return Shares(levels, result.value, result.covariance, int(counted.sum()), degrees_of_freedom(design, counted))


def level_codes(column: npt.ArrayLike) -> tuple[tuple[object, ...], Codes]:
    """The sorted levels of a column and the position of each row's level, -1 where it is missing."""
    import pandas as pd  # noqa: PLC0415  (keeps `import analysis.estimate` light)

    codes, levels = pd.factorize(pd.Series(np.asarray(column)), sort=True)
    return tuple(levels.tolist()), np.asarray(codes, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference b - a of two means with the covariance between them."""

    a: float
    b: float
    se_a: float
    se_b: float
    covariance: float
    value: float
    variance: float
    se: float
    df: float
    n: int
    lower: float
    upper: float
    level: float


def difference(
    design: Design, values: npt.ArrayLike, a: Mask, b: Mask, *, known: Mask | None = None, level: float = 0.95
) -> Difference:
    """mean in domain b less mean in domain a.

    known: (rows,) rows whose grouping is known, from which n and df come; None = the two domains.
    """
    first, second = measure(design, values, a), measure(design, values, b)
    whole = measure(design, values, (a | b) if known is None else known)
    result = ratios(
        design,
        np.stack([first.total, second.total], axis=1),
        np.stack([first.base, second.base], axis=1),
        whole.observed,
    )
    (mean_a, mean_b), v = result.value, result.covariance
    variance = float(v[0, 0] + v[1, 1] - 2 * v[0, 1])
    df = degrees_of_freedom(design, whole.n > 0)
    lower, upper = symmetric(float(mean_b - mean_a), variance, df, level)
    return Difference(
        a=float(mean_a),
        b=float(mean_b),
        se_a=_root(float(v[0, 0])),
        se_b=_root(float(v[1, 1])),
        covariance=float(v[0, 1]),
        value=float(mean_b - mean_a),
        variance=variance,
        se=_root(variance),
        df=df,
        n=int(whole.n.sum()),
        lower=lower,
        upper=upper,
        level=level,
    )


def partition(design: Design, variable: Measure, domain: Codes, domains: int) -> tuple[Evidence, ...]:
    """`evidence` for every domain of a partition at once. domain: (rows,) 0..domains-1, or -1 for none.

    The cost grows with rows plus units × domains, not with rows × domains.
    """
    if domains == 0:
        return ()
    if design.replicates is not None or len(design.stages) > 1:
        return tuple(evidence(design, variable.within(domain == d)) for d in range(domains))
    inside = (domain >= 0) & variable.observed
    code = np.where(inside, domain, 0)
    stacked = np.stack([variable.n, variable.base, variable.total, variable.base - variable.total], axis=1)
    sums = sums_by(code, domains, stacked * inside[:, None])
    n, base, summed, rest = sums.T
    p = np.divide(summed, base, out=np.zeros(domains), where=base > 0)
    influence = np.where(inside, (variable.total - p[code] * variable.base) / np.where(base > 0, base, inf)[code], 0.0)
    v = partition_variances(design, influence, code, domains, inside)
    p, v = np.where(rest == 0, 1.0, p), np.where((rest == 0) | (summed == 0), 0.0, v)
    df = partition_df(design, code, domains, inside & (variable.n > 0))
    plans = _plans(design, variable.within(inside), code, domains)
    dispersion = np.divide(n, n - 1, out=np.full(domains, nan), where=n > 1)
    return tuple(
        Evidence(float(p[d]), float(v[d]), float(n[d]), float(df[d]), float(dispersion[d]), plans[d])
        if n[d] > 0
        else Evidence(nan, nan, 0, 0)
        for d in range(domains)
    )


def partition_df(design: Design, code: Codes, domains: int, inside: Mask) -> Floats:
    """`degrees_of_freedom` (domains,) of every domain of a linearised design at once; inside: the rows that count."""
    stage = design.stages[0]
    met = np.unique(stage.unit[inside].astype(np.int64) * domains + code[inside])
    units = np.bincount(met % domains, minlength=domains)
    strata = np.unique(stage.stratum_of_unit[met // domains].astype(np.int64) * domains + met % domains)
    return (units - np.bincount(strata % domains, minlength=domains)).astype(np.float64)
