"""Estimates for every domain that one or several columns make, at once, and comparisons between any of them.

Missing is a level like any other, so that no row is dropped; the wave may be one of the columns, and then the change
between waves that share sampling units has their covariance. Domain estimates are ratios of totals over the whole
design (`estimate`); contrasts have the variance a'Va of their joint covariance matrix V (Lumley 2010, Complex Surveys,
sections 2.4 and 5.1), with the degrees of freedom of the units that any of their domains meets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan, sqrt
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.design import Codes, Design, Floats, Mask
from analysis.estimate import Estimate, degrees_of_freedom, partition, partition_df, ratios, share_estimate
from analysis.intervals import Method, symmetric
from analysis.measure import Measure, both_present, measure
from analysis.sums import group_codes, sum_by
from analysis.variance import partition_variances

Kind = Literal["mean", "total", "proportion", "ratio"]
Level = Any  # of a column; None = missing


class DomainError(ValueError):
    """There is no such column or domain; the message names what there is."""


@dataclass(frozen=True, slots=True)
class DomainEstimate:
    """One domain: its level in each column (None = missing), and the estimate."""

    levels: tuple[Level, ...]
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Contrast:
    """A weighted sum of domain estimates. covariance: (k, k) of the estimates, in the order of `coefficients`."""

    coefficients: tuple[tuple[tuple[Level, ...], float], ...]
    value: float
    variance: float
    se: float
    covariance: Floats
    df: float
    n: int
    lower: float
    upper: float
    level: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Domains:
    """The estimates of one variable in all domains, sorted by their levels, missing last."""

    columns: tuple[str, ...]
    kind: Kind
    level: float
    results: tuple[DomainEstimate, ...]
    _design: Design = field(repr=False, compare=False)
    _top: Measure = field(repr=False, compare=False)
    _bottom: Floats | None = field(repr=False, compare=False)  # (rows,) weighted denominators; None for a total
    _code: Codes = field(repr=False, compare=False)  # (rows,) the domain of each row

    def of(self, *levels: Level) -> Estimate:
        """The estimate of the domain with these levels, one a column. Raises DomainError."""
        return self.results[self._place(levels)].estimate

    def table(self) -> pd.DataFrame:
        """One row a domain: its levels, then the estimate."""
        named = ("value", "se", "lower", "upper", "n", "n_effective", "df", "deff", "interval", "basis")
        rows = [
            dict(zip(self.columns, one.levels, strict=True))
            | {name: getattr(one.estimate, name) for name in named}
            | {"notes": ", ".join(one.estimate.notes)}
            for one in self.results
        ]
        return pd.DataFrame(rows, columns=[*self.columns, *named, "notes"])

    def covariance(self, domains: Sequence[Level | tuple[Level, ...]] | None = None) -> Floats:
        """(k, k): the covariance of the estimates of these domains, of all of them by default."""
        places = range(len(self.results)) if domains is None else [self._place(_tuple(one)) for one in domains]
        return self._joint(list(places))[1]

    def difference(self, a: Level | tuple[Level, ...], b: Level | tuple[Level, ...]) -> Contrast:
        """Domain b less domain a."""
        if _tuple(a) == _tuple(b):
            raise DomainError(f"{_tuple(a)} is compared with itself. Name two domains.")
        return self.contrast({_tuple(a): -1.0, _tuple(b): 1.0})

    def contrast(self, coefficients: Mapping[Any, float]) -> Contrast:
        """The sum of coefficient times estimate, over domains named by their level, or tuple of levels."""
        named = [(_tuple(domain), float(share)) for domain, share in coefficients.items()]
        if not named:
            raise DomainError("A contrast needs at least one domain with its coefficient.")
        places = [self._place(domain) for domain, _ in named]
        values, v = self._joint(places)
        share = np.array([coefficient for _, coefficient in named])
        counted = np.isin(self._code, places) & (self._top.n > 0)
        value, df = float(share @ values), degrees_of_freedom(self._design, counted)
        # Rounding can leave a variance just below 0 where the domains are the same people.
        variance = float(share @ v @ share)
        variance = max(variance, 0.0) if isfinite(variance) else nan
        lower, upper = symmetric(value, variance, df, self.level)
        n = int(self._top.n[counted].sum())
        return Contrast(tuple(named), value, variance, _root(variance), v, df, n, lower, upper, self.level, self.kind)

    def _place(self, levels: tuple[Level, ...]) -> int:
        wanted = tuple(_none_if_missing(level) for level in levels)
        for place, one in enumerate(self.results):
            if one.levels == wanted:
                return place
        known = ", ".join(str(one.levels) for one in self.results[:10])
        more = f" and {len(self.results) - 10} more" if len(self.results) > 10 else ""
        raise DomainError(f"There is no domain {wanted} of {', '.join(self.columns)}. There are {known}{more}.")

    def _joint(self, places: list[int]) -> tuple[Floats, Floats]:
        member = self._code[:, None] == np.array(places)
        top = np.where(member, self._top.total[:, None], 0.0)
        bottom = None if self._bottom is None else np.where(member, self._bottom[:, None], 0.0)
        result = ratios(self._design, top, bottom, member.any(axis=1) & self._top.observed)
        return result.value, result.covariance


def by(
    design: Design,
    frame: pd.DataFrame,
    columns: str | Sequence[str],
    values: str | npt.ArrayLike,
    kind: Kind = "mean",
    *,
    denominator: str | npt.ArrayLike | None = None,
    method: Method | str = Method.WILSON,
    level: float = 0.95,
) -> Domains:
    """The estimates of `values` in every combination of levels of `columns` that occurs in `frame`.

    values, denominator: a column of `frame` or (rows,) numbers, nan = missing. kind: "mean", "total", "proportion"
    (values of 0 and 1, with the interval of `method`) or "ratio" of the totals of values and denominator. Raises
    DomainError for columns that are not there, LonelyStrata where a domain meets single units and the design forbids.
    """
    named = (columns,) if isinstance(columns, str) else tuple(columns)
    if (kind == "ratio") != (denominator is not None):
        raise DomainError("A ratio, and only a ratio, needs a denominator.")
    if len(frame) != design.rows:
        raise DomainError(
            f"The frame has {len(frame)} rows and the design {design.rows}. Give the frame it was made of."
        )
    _check_columns(frame, (*named, *(one for one in (values, denominator) if isinstance(one, str))))
    code, first = group_codes(frame, named)
    levels = [
        tuple(_none_if_missing(level) for level in row)
        for row in frame.iloc[first][list(named)].itertuples(index=False, name=None)
    ]
    y = _numbers(frame, values)
    if kind == "proportion":
        _check_shares(y)
        variable = measure(design, y)
        bottom: Floats | None = variable.base
        estimates = _proportions(design, variable, code, len(levels), Method(method), level)
    else:
        known = both_present(design, y)
        below = None if denominator is None else _numbers(frame, denominator)
        if below is not None:
            known &= both_present(design, below)
        variable = measure(design, y, known)
        bottom = measure(design, below, known).total if below is not None else variable.base
        bottom = None if kind == "total" else bottom
        estimates = _ratios(design, variable, bottom, code, len(levels), kind, level)
    results = tuple(DomainEstimate(*pair) for pair in zip(levels, estimates, strict=True))
    return Domains(named, kind, level, results, design, variable, bottom, code)


def _check_columns(frame: pd.DataFrame, named: Sequence[str]) -> None:
    absent = [name for name in named if name not in frame]
    if absent:
        raise DomainError(
            f"There is no column {', '.join(absent)}. The columns are {', '.join(map(str, frame.columns))}."
        )


def _numbers(frame: pd.DataFrame, values: str | npt.ArrayLike) -> Floats:
    column = frame[values] if isinstance(values, str) else values
    try:
        return np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        name = values if isinstance(values, str) else "values"
        raise DomainError(f"{name} holds something that is not a number. Recode it to numbers first.") from None


def _check_shares(y: Floats) -> None:
    odd = ~(np.isnan(y) | (y == 0) | (y == 1))
    if odd.any():
        raise DomainError(f"A proportion needs 0, 1 or missing; found {y[odd][0]:g}. Recode it, or ask for a mean.")


def _none_if_missing(level: Level) -> Level:
    return None if pd.api.types.is_scalar(level) and pd.isna(level) else level


def _tuple(levels: Level) -> tuple[Level, ...]:
    return levels if isinstance(levels, tuple) else (levels,)


def _root(variance: float) -> float:
    return sqrt(variance) if variance >= 0 else nan


def _proportions(
    design: Design, variable: Measure, code: Codes, domains: int, method: Method, level: float
) -> list[Estimate]:
    known = partition(design, variable, code, domains)
    deff = _design_effects(variable, code, domains, np.array([one.v for one in known]))
    return [share_estimate(one, method, level, float(d)) for one, d in zip(known, deff, strict=True)]


def _ratios(
    design: Design, top: Measure, bottom: Floats | None, code: Codes, domains: int, kind: Kind, level: float
) -> list[Estimate]:
    value, variance = _values_and_variances(design, top, bottom, code, domains)
    n = sum_by(code, domains, top.n)
    people = sum_by(code, domains, top.base)
    deff = np.full(domains, nan)
    if kind != "ratio":
        of_mean = variance if kind == "mean" else np.divide(variance, people**2, where=people > 0, out=deff.copy())
        deff = _design_effects(top, code, domains, of_mean)
    df = _degrees_of_freedom(design, code, domains, top.n > 0)
    return [
        _t_estimate(
            float(value[d]) if n[d] else nan,
            float(variance[d]) if n[d] else nan,
            float(df[d]),
            int(n[d]),
            float(deff[d]),
            level,
            zero=bool(n[d] > 0 and kind == "ratio" and np.isnan(value[d])),
        )
        for d in range(domains)
    ]


def _degrees_of_freedom(design: Design, code: Codes, domains: int, observed: Mask) -> Floats:
    """`degrees_of_freedom` of every domain at once."""
    if design.replicates is not None:
        return np.array([degrees_of_freedom(design, observed & (code == d)) for d in range(domains)])
    return partition_df(design, code, domains, observed)


def _t_estimate(value: float, variance: float, df: float, n: int, deff: float, level: float, *, zero: bool) -> Estimate:
    lower, upper = symmetric(value, variance, df, level)
    return Estimate(
        value=value,
        se=_root(variance),
        variance=variance,
        df=df,
        n=n,
        n_effective=n / deff if isfinite(deff) and deff > 0 else nan,
        lower=lower,
        upper=upper,
        level=level,
        interval="t",
        basis="design" if isfinite(lower) else "none",
        deff=deff,
        notes=("no_answers",)
        if n == 0
        else (*(("zero_denominator",) if zero else ()), *(("no_degrees_of_freedom",) if df <= 0 else ())),
    )


def _values_and_variances(
    design: Design, top: Measure, bottom: Floats | None, code: Codes, domains: int
) -> tuple[Floats, Floats]:
    """Value and variance (domains,) of the ratio of totals in each domain; of the total where bottom is None."""
    above = sum_by(code, domains, top.total)
    below = np.ones(domains) if bottom is None else sum_by(code, domains, bottom)
    value = np.divide(above, below, out=np.full(domains, nan), where=below != 0)
    if design.replicates is not None:
        factors = design.replicates.factors(design.weights).T
        replicated = np.stack([sum_by(code, domains, one * top.total) for one in factors])
        if bottom is not None:
            under = np.stack([sum_by(code, domains, one * bottom) for one in factors])
            replicated = np.divide(replicated, under, out=np.full_like(replicated, nan), where=under != 0)
        variances = [
            float(design.replicates.covariance(replicated[:, d : d + 1], value[d : d + 1])[0, 0])
            for d in range(domains)
        ]
        return value, np.array(variances)
    spoken = np.isfinite(value)
    at = np.where(spoken, value, 0.0)[code]
    influence = top.total if bottom is None else (top.total - at * bottom) / np.where(spoken, below, 1.0)[code]
    variance = partition_variances(design, influence, code, domains, top.observed)
    return value, np.where(spoken, variance, nan)


def _design_effects(variable: Measure, code: Codes, domains: int, variance_of_mean: Floats) -> Floats:
    """`design_effect` of every domain at once (Kish 1965, section 8.2)."""
    n, people = sum_by(code, domains, variable.n), sum_by(code, domains, variable.base)
    held: Mask = variable.base > 0
    centre = np.divide(sum_by(code, domains, variable.total), people, out=np.zeros(domains), where=people > 0)
    base, summed, own = variable.base[held], variable.total[held], code[held]
    apart = (summed - centre[own] * base) ** 2 / base
    inside = np.where(variable.n[held] > 1, np.maximum(variable.square[held] - summed**2 / base, 0.0), 0.0)
    scatter = sum_by(own, domains, apart + inside)
    simple = np.divide(scatter, people * (n - 1), out=np.full(domains, nan), where=(people > 0) & (n > 1))
    result: Floats = np.divide(variance_of_mean, simple, out=np.full(domains, nan), where=simple > 0)
    return result
