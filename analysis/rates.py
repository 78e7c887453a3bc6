"""The rates of a wave: every indicator, by mode, for the city and its domains, each with an interval.

Per mode (modes are never pooled): strata are the districts, units the collection points in them; every interview starts
with weight 1 and is post-stratified to the respondents' district × sex × age band (those of them that the population
has), and the variance is that of the residuals (`calibration`). All of it is computed from one tally. People from
districts that the population does not list count for nothing, but the points they were met at stay in the design.

A domain that cannot estimate its own variance takes the design effect of its district, at least 1, or of the city:
Wilson's interval on n / deff, basis "borrowed_deff". Either it holds too few points (one point has none), and the
degrees of freedom are the lender's; or its points do not differ, as where all answers agree, and the smaller count is.
Answers from open QR codes are self-selected: the same arithmetic, basis "modelled".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import hypot, isfinite, nan, sqrt

import numpy as np
import pandas as pd

from analysis.calibration import poststratify
from analysis.columns import (
    AGE_BAND,
    DISTRICT,
    DONT_KNOW,
    MODE,
    NEIGHBOURHOOD,
    POPULATION,
    REFUSED,
    SEX,
    STRATUM,
    STREET,
    UNIT,
    Indicator,
    checked_population,
)
from analysis.design import Codes, Design, Floats, Lonely, declare
from analysis.design_effect import kish_deff
from analysis.estimate import Estimate, partition, share_estimate
from analysis.intervals import Evidence, Method, effective, t_quantile, wilson_ends
from analysis.measure import Measure
from analysis.modes import MODES
from analysis.tally import Tally
from analysis.wave_tally import left_out_column, wave_tally
from analysis.weights import Merge, poststrata

CITY = "city"
DOMAIN_KINDS = (CITY, DISTRICT, STREET, SEX, AGE_BAND, NEIGHBOURHOOD)
HEADLINE_MODE = "intercept"
SELF_SELECTED_MODES = frozenset(mode.code for mode in MODES if mode.basis == "modelled")


@dataclass(frozen=True, slots=True)
class RateRules:
    """The choices behind the rates, as data."""

    level: float = 0.95
    method: Method = Method.WILSON
    # Fewer degrees of freedom than this, and the design effect is borrowed where a larger domain can lend one: with 1
    # or 2 the t quantile is 12.7 or 4.3 and the interval says nothing.
    min_df: int = 3
    # Interviews that a post-stratum needs to stand alone.
    min_cell: int = 1
    lonely: Lonely = Lonely.ADJUST


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Interviews in a domain that are not in the base of its rate, by what was answered; unweighted."""

    dont_know: int
    refused: int


@dataclass(frozen=True, slots=True)
class Rate:
    """One indicator in one domain, by one mode.

    left_out: for the city and its districts, where the rows say why outcomes are missing (`columns.missing_column`).
    """

    indicator: str
    mode: str
    domain_kind: str
    domain: str
    estimate: Estimate
    left_out: LeftOut | None = None


@dataclass(frozen=True, slots=True)
class WaveRates:
    """All rates of a wave, and per mode what the weights had to assume. Iterates over the rates."""

    rates: tuple[Rate, ...]
    merges: Mapping[str, tuple[Merge, ...]] = field(default_factory=dict)
    # The columns that the post-strata are made of; empty where nothing was weighted.
    weighted_by: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Rate]:
        return iter(self.rates)

    def __len__(self) -> int:
        return len(self.rates)

    def get(self, indicator: str, mode: str, domain_kind: str = CITY, domain: str = CITY) -> Estimate | None:
        """The estimate of one domain, or None where it does not occur."""
        for rate in self.rates:
            if (rate.indicator, rate.mode, rate.domain_kind, rate.domain) == (indicator, mode, domain_kind, domain):
                return rate.estimate
        return None


def wave_rates(
    rows: pd.DataFrame,
    population: pd.DataFrame | None,
    indicators: Sequence[Indicator],
    *,
    expected: Mapping[str, Sequence[str]] | None = None,
    rules: RateRules | None = None,
) -> WaveRates:
    """Every indicator in every domain of every mode that occurs, the headline mode always.

    rows: `columns.WAVE_COLUMNS` and one column an indicator. population: `columns.POPULATION_COLUMNS`; None leaves the
    interviews unweighted and says so. expected: domains by kind that are listed even with no answer.
    Raises ColumnsError.
    """
    return rates_of_tally(wave_tally(rows, indicators), population, indicators, expected=expected, rules=rules)


def rates_of_tally(
    reduced: Tally,
    population: pd.DataFrame | None,
    indicators: Sequence[Indicator],
    *,
    expected: Mapping[str, Sequence[str]] | None = None,
    rules: RateRules | None = None,
) -> WaveRates:
    """`wave_rates` from a tally by TALLY_KEYS, or from the sum of several: no row is read any more."""
    rules = rules or RateRules()
    margins = checked_population(population) if population is not None else None
    listed = _listed(margins, expected or {})
    rates: list[Rate] = []
    merges: dict[str, tuple[Merge, ...]] = {}
    modes = {HEADLINE_MODE, *reduced.cells[MODE].tolist()}
    for mode in sorted(modes, key=lambda name: (name != HEADLINE_MODE, name)):
        part = reduced.where(reduced.cells[MODE] == mode)
        found, merges[mode] = _mode_rates(part, margins, indicators, listed, rules)
        cells = part.cells if margins is None else part.cells[part.cells[DISTRICT].isin(margins[DISTRICT])]
        rates += [
            Rate(code, mode, kind, domain, of_mode(e, mode), _left_out(cells, code, kind, domain))
            for code, kind, domain, e in found
        ]
    weighted_by = () if margins is None else tuple(margins.columns.drop(POPULATION))
    return WaveRates(tuple(rates), merges, weighted_by)


def _listed(margins: pd.DataFrame | None, expected: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Domains by kind that are reported even where nobody answered."""
    listed = {kind: list(expected.get(kind, ())) for kind in DOMAIN_KINDS}
    listed[CITY] = [CITY]
    if margins is not None:
        for kind in margins.columns.drop(POPULATION):
            listed[kind] = sorted({*listed[kind], *margins[kind]})
    return listed


def _left_out(cells: pd.DataFrame, code: str, kind: str, domain: str) -> LeftOut | None:
    if kind not in (CITY, DISTRICT) or left_out_column(DONT_KNOW, code) not in cells:
        return None
    inside = cells if kind == CITY else cells[cells[DISTRICT] == domain]
    return LeftOut(*(int(inside[left_out_column(reason, code)].sum()) for reason in (DONT_KNOW, REFUSED)))


# Merges that change whom the city's rates speak for.
_CITY_NOTES = {"no_interviews": "districts_without_interviews", "outside": "interviews_outside"}

Found = tuple[str, str, str, Estimate]  # indicator, kind of domain, domain


def _mode_rates(
    reduced: Tally,
    margins: pd.DataFrame | None,
    indicators: Sequence[Indicator],
    listed: Mapping[str, Sequence[str]],
    rules: RateRules,
) -> tuple[list[Found], tuple[Merge, ...]]:
    cells = reduced.cells
    if cells.empty:
        nothing = share_estimate(Evidence(nan, nan, 0, 0), rules.method, rules.level, nan)
        places = [(kind, domain) for kind in DOMAIN_KINDS for domain in listed[kind]]
        return [(i.code, kind, domain, nothing) for i in indicators for kind, domain in places], ()
    sample = wave_design(cells, margins, rules)
    found: list[Found] = []
    for indicator in indicators:
        lenders = _Lenders(sample.design, reduced.measure(indicator.code, sample.factor), cells, rules)
        for kind in DOMAIN_KINDS:
            for domain, estimate in lenders.estimates(kind, listed[kind]):
                noted = replace(estimate, notes=(*estimate.notes, *sample.notes(kind)))
                found.append((indicator.code, kind, domain, noted))
    return found, sample.merges


@dataclass(frozen=True, slots=True)
class WaveDesign:
    """The post-stratified sample of one mode. factor: (cells,) what post-stratification multiplied the weights by."""

    design: Design
    factor: Floats
    merges: tuple[Merge, ...]
    weighted: bool

    def notes(self, kind: str) -> tuple[str, ...]:
        """What every estimate for a kind of domain has to say about the weights."""
        everywhere = () if self.weighted else ("unweighted",)
        codes = {merge.code for merge in self.merges}
        return everywhere + tuple(note for code, note in _CITY_NOTES.items() if kind == CITY and code in codes)


def wave_design(cells: pd.DataFrame, margins: pd.DataFrame | None, rules: RateRules) -> WaveDesign:
    """The design of the cells of one mode, at least one of them; margins: a checked population, or None."""
    design = declare(cells, ids=[UNIT], strata=STRATUM, weights="w", nest=True, lonely=rules.lonely)
    merges: tuple[Merge, ...] = ()
    if margins is not None:
        strata = poststrata(cells, margins, rules.min_cell)
        design, merges = poststratify(design, strata.margin), strata.merges
    return WaveDesign(design, design.weights / cells["w"].to_numpy(np.float64), merges, margins is not None)


def of_mode(estimate: Estimate, mode: str) -> Estimate:
    """The intervals of self-selected answers rest on a model, and say so."""
    if mode in SELF_SELECTED_MODES and estimate.basis != "none":
        return replace(estimate, basis="modelled", notes=(*estimate.notes, "self_selected"))
    return estimate


@dataclass(frozen=True, slots=True)
class _Loan:
    """A design effect to borrow, with the degrees of freedom it was estimated on."""

    deff: float
    df: float
    source: str


class _Lenders:
    """The estimates of one indicator, with the design effects that larger domains lend to smaller ones."""

    def __init__(self, design: Design, variable: Measure, cells: pd.DataFrame, rules: RateRules) -> None:
        self._design, self._variable, self._cells, self._rules = design, variable, cells, rules
        everyone = np.zeros(design.rows, dtype=np.intp)
        self._city = partition(design, variable, everyone, 1)[0]
        self._district_codes, self._districts = pd.factorize(cells[DISTRICT], sort=True)
        codes = np.asarray(self._district_codes, dtype=np.intp)
        self._by_district = partition(design, variable, codes, len(self._districts))

    def estimates(self, kind: str, listed: Sequence[str]) -> Iterator[tuple[str, Estimate]]:
        """The estimate of every domain of a kind that occurs or is listed, in the order of their codes."""
        codes, occurring = self._domains(kind)
        known = partition(self._design, self._variable, codes, len(occurring)) if kind != CITY else (self._city,)
        lenders = self._home_districts(codes, len(occurring))
        found = {
            domain: self._estimate(evidence, kind, home)
            for domain, evidence, home in zip(occurring, known, lenders, strict=True)
        }
        nothing = share_estimate(Evidence(nan, nan, 0, 0), self._rules.method, self._rules.level, nan)
        for domain in sorted({*occurring, *listed}):
            yield domain, found.get(domain, nothing)

    def _domains(self, kind: str) -> tuple[Codes, list[str]]:
        if kind == CITY:
            return np.zeros(self._design.rows, dtype=np.intp), [CITY]
        inside = self._cells[kind].where(self._design.weights > 0)
        codes, occurring = pd.factorize(inside, sort=True)
        return np.asarray(codes, dtype=np.intp), [str(name) for name in occurring]

    def _home_districts(self, codes: Codes, domains: int) -> list[int]:
        """For each domain the district that most of its interviews come from."""
        inside = codes >= 0
        counts = np.zeros((domains, len(self._districts)))
        np.add.at(counts, (codes[inside], self._district_codes[inside]), self._cells["n"].to_numpy()[inside])
        return np.asarray(counts.argmax(axis=1)).tolist() if domains else []

    def _estimate(self, evidence: Evidence, kind: str, home: int) -> Estimate:
        own = share_estimate(evidence, self._rules.method, self._rules.level, _deff(evidence))
        if evidence.n == 0 or (evidence.df >= self._rules.min_df and _has_spread(evidence)):
            return own
        loan = self._loan(evidence, kind, home)
        if loan is None:
            return own
        borrowed = _borrowed(evidence, loan, self._rules.level)
        # Enough points that only do not differ: the default's plan says how much to expect, and so does the lender. Of
        # two opinions about what cannot be seen the more careful is taken.
        planned = self._rules.method is Method.WILSON and evidence.df >= self._rules.min_df
        return own if planned and own.upper - own.lower > borrowed.upper - borrowed.lower else borrowed

    def _loan(self, evidence: Evidence, kind: str, home: int) -> _Loan | None:
        """The district's design effect, else the city's; a domain without df or spread takes that of the weights."""
        district = self._by_district[home]
        if kind in (STREET, NEIGHBOURHOOD) and self._lends(district):
            return self._lent(district, evidence, "deff_of_district")
        if kind != CITY and self._lends(self._city):
            return self._lent(self._city, evidence, "deff_of_city")
        if evidence.df > 0 and _has_spread(evidence):
            return None
        return _Loan(kish_deff(self._variable), evidence.n - 1, "deff_of_weights")

    def _lends(self, lender: Evidence) -> bool:
        return lender.df >= self._rules.min_df and (lender.planned is not None or _has_spread(lender))

    def _lent(self, lender: Evidence, borrower: Evidence, source: str) -> _Loan:
        """The lender's design effect, as much smaller as the plan of fewer interviews to a point is."""
        known = effective(lender)
        deff = lender.n / known.n
        if lender.planned is not None and borrower.planned is not None:
            deff *= borrower.planned.deff / lender.planned.deff
        enough = borrower.df >= self._rules.min_df
        return _Loan(deff, min(known.df, borrower.df) if enough else known.df, source)


def _has_spread(evidence: Evidence) -> bool:
    """Can the points tell a variance? Not where all answers agree, nor where all points have the same share."""
    return not evidence.degenerate and evidence.v > 0


def _deff(evidence: Evidence) -> float:
    """The design effect of a share: its variance as a multiple of p(1-p)/(n-1); nan where there is no spread."""
    if evidence.n < 2 or evidence.df <= 0 or not _has_spread(evidence):
        return nan
    return evidence.v * (evidence.n - 1) / (evidence.p * (1 - evidence.p))


def _borrowed(evidence: Evidence, loan: _Loan, level: float) -> Estimate:
    """Wilson's interval on n divided by a borrowed design effect of at least 1."""
    deff = max(1.0, loan.deff)
    n_effective = evidence.n / deff
    variance = evidence.p * (1 - evidence.p) / n_effective
    # One interview lends itself no degrees of freedom; the normal quantile is the least that can be said.
    t = t_quantile((1 + level) / 2, max(loan.df, 1.0))
    lower, upper = wilson_ends(evidence.p, n_effective, t)
    agreeing = "all_answers_agree" if evidence.degenerate else "zero_variance" if evidence.df > 0 >= evidence.v else ""
    notes = (loan.source, *((agreeing,) if agreeing else ()))
    return Estimate(
        value=evidence.p,
        se=sqrt(variance),
        variance=variance,
        df=loan.df,
        n=int(evidence.n),
        n_effective=n_effective,
        lower=lower,
        upper=upper,
        level=level,
        interval=Method.WILSON.value,
        basis="borrowed_deff",
        deff=deff,
        notes=notes,
        interval_df=max(loan.df, 1.0),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A rate beside the same rate of an earlier wave. difference = now - before; nan where either is missing."""

    now: Rate
    before: Rate | None
    difference: float
    se: float
    lower: float
    upper: float


def beside(now: WaveRates, before: WaveRates) -> tuple[Change, ...]:
    """Every rate with its counterpart in an earlier wave, and the interval of the change from those of both rates
    (Newcombe 1998, Statistics in Medicine 17:873, method 10), so that answers that all agree are not taken for certain.

    The waves are taken as independent. Where they share points this is conservative, as estimates at the same points
    go up and down together.
    """
    earlier = {(r.indicator, r.mode, r.domain_kind, r.domain): r for r in before}
    changes = []
    for rate in now:
        old = earlier.get((rate.indicator, rate.mode, rate.domain_kind, rate.domain))
        if old is None or "none" in (rate.estimate.basis, old.estimate.basis):
            changes.append(Change(rate, old, nan, nan, nan, nan))
            continue
        a, b = old.estimate, rate.estimate
        difference = b.value - a.value
        lower = difference - hypot(b.value - b.lower, a.upper - a.value)
        upper = difference + hypot(b.upper - b.value, a.value - a.lower)
        changes.append(Change(rate, old, difference, hypot(_error(a), _error(b)), lower, upper))
    return tuple(changes)


def _error(estimate: Estimate) -> float:
    """The standard error, or what the interval says of it where all answers or all points agree."""
    if estimate.variance > 0:
        return estimate.se
    df = estimate.interval_df if isfinite(estimate.interval_df) else estimate.df
    return (estimate.upper - estimate.lower) / (2 * t_quantile((1 + estimate.level) / 2, df))
