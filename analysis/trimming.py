"""Weights cut to bounds, what was cut given back, and calibrated anew until bounds and margins both hold.

A few very large weights make an estimate unsteady; cutting them trades some bias for variance (Kish 1992, J. Official
Statistics 8:183; Potter 1990, Proc. ASA Survey Research Methods 225). Bounds are given outright or as multiples of the
median, of the mean or of each interview's own base weight (individual and global caps: Izrael, Battaglia & Frankel
2009, SAS Global Forum 247), as a multiple of the root mean square (Potter 1990), or chosen by the estimated mean
squared error (`mse_by_cap`, Potter 1990).

What is cut goes to the interviews within the bounds, in equal amounts (as R's `trimWeights`) or in proportion to their
weights. `strict` is the limit of doing so again and again, computed at once. In equal amounts it is R's: what one
sharing leaves, plus c, cut to the bounds, with the c that keeps the sum. In proportion it is w·c cut to the bounds.

`trim_to_margins` goes back and forth between the bounds and the margins. In proportion, both steps are the nearest
weights in relative entropy, and such steps in turn arrive where both hold, if there is such a place (Bregman 1967, USSR
Computational Mathematics 7:200); if there is none, linear programming says so (`feasibility`).

**Variance.** Which weights are cut is taken as fixed: the linearised variance uses the cut weights as they are, and
each set of replicate weights is multiplied by the same factors. After `trim_to_margins` the influence values are
residuals from the margins, with the final weights, since these do hold. After `trim` alone earlier margins hold no
longer exactly; their residuals are kept, as in R. The bias from cutting is in neither.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf, isfinite, nan, sqrt

import numpy as np
import numpy.typing as npt

from analysis.calibration import Margin, poststratify, rake
from analysis.design import Design, Floats, Mask
from analysis.estimate import mean
from analysis.feasibility import names_of_totals, reach_of_margins
from analysis.raking import combinations
from analysis.sums import sum_by
from analysis.weight_diagnostics import weighted_quantiles, weights_deff

# Rounds after which a proof is asked for that bounds and margins can both hold.
_PATIENCE = 100
# Sums of weights are equal up to this share of themselves.
_ROUNDING = 1e-9


class TrimmingError(ValueError):
    """The bounds cannot hold, alone or with the margins; the message names the group and the bound that would do."""


class GiveBack(StrEnum):
    """Who gets what is cut."""

    EQUAL = "equal"  # the same amount to every interview within the bounds
    PROPORTIONAL = "proportional"  # in proportion to its weight


Bound = float | Floats  # of the weight of one interview: one for all, or (rows,)


@dataclass(frozen=True, slots=True)
class Round:
    """One cut. moved: the weight that was taken from interviews above and given to those below the bounds.

    miss: how far the cut weights then were from the margins, the largest in relation to the population; nan without.
    """

    cut: int  # interviews above the upper bound
    raised: int  # interviews below the lower bound
    moved: float
    deff_before: float  # Kish's design effect of the weights
    deff_after: float
    miss: float = nan


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The design with its new weights, and what was done to them. rounds: empty where no weight was out of bounds."""

    design: Design
    rounds: tuple[Round, ...]
    give_back: GiveBack
    deff_before: float
    deff_after: float


def of_median(weights: Floats, multiple: float, counts: Floats | None = None) -> float:
    """A bound at a multiple of the median weight of an interview; rows without weight do not count."""
    held = weights != 0
    n = np.ones(len(weights)) if counts is None else counts
    return multiple * weighted_quantiles(weights[held] / n[held], n[held], (0.5,))[0.5]


def of_mean(weights: Floats, multiple: float, counts: Floats | None = None) -> float:
    """A bound at a multiple of the mean weight of an interview; rows without weight do not count."""
    n = np.ones(len(weights)) if counts is None else counts
    return multiple * float(weights.sum() / n[weights != 0].sum())


def of_mean_square(weights: Floats, multiple: float = 10.0, counts: Floats | None = None) -> float:
    """The bound sqrt(multiple · sum(w²)/n), above which one interview holds too much of the variance (Potter 1990)."""
    n = np.ones(len(weights)) if counts is None else counts
    held = weights != 0
    return sqrt(multiple * float((weights[held] ** 2 / n[held]).sum() / n[held].sum()))


def trim(
    design: Design,
    *,
    lower: Bound = 0.0,
    upper: Bound = inf,
    within: Margin | None = None,
    counts: Floats | None = None,
    give_back: GiveBack | str = GiveBack.EQUAL,
    strict: bool = True,
) -> Trimmed:
    """Weights cut to the bounds, the sum kept: over all interviews, or in each group of `within`.

    lower, upper: of the weight of one interview. counts: (rows,) interviews behind each row, 1 unless rows are cells of
    a tally. strict: no weight is out of bounds in the end; otherwise what is given back may put some out again, as in
    R's `trimWeights` by default. Rows of weight 0 stay at 0. Raises TrimmingError where no weights within the bounds
    have the sum.
    """
    kind = GiveBack(give_back)
    cut = _Cut(lower, upper, within or _everyone(design), _counts(design, counts), kind, strict)
    weights, done = cut.once(design.weights)
    return Trimmed(_reweighted(design, weights), done, kind, *_deffs(design.weights, weights, cut.counts))


def trim_to_margins(
    design: Design,
    margins: Sequence[Margin],
    *,
    lower: Bound = 0.0,
    upper: Bound = inf,
    counts: Floats | None = None,
    give_back: GiveBack | str = GiveBack.PROPORTIONAL,
    tolerance: float = 1e-6,
    rounds: int = 1000,
) -> Trimmed:
    """Weights that meet the margins and the bounds: calibrated, cut, calibrated anew, until no weight is out of bounds.

    design: before calibration to these margins; one margin is post-stratified to, several are raked to. The margins are
    met to rounding, the bounds to `tolerance` of themselves. Other arguments as for `trim`.
    Raises TrimmingError where both cannot hold, naming the groups and the cap that would do; CalibrationError where the
    margins alone cannot.
    """
    kind = GiveBack(give_back)
    cut = _Cut(lower, upper, _everyone(design), _counts(design, counts), kind, strict=True)
    bare = replace(design, replicates=None)

    def calibrated(start: Design) -> Design:
        return poststratify(start, margins[0]) if len(margins) == 1 else rake(start, margins, counts=counts)

    first = weights = calibrated(bare).weights
    start = design.weights
    trace: list[Round] = []
    for known in margins:
        cut.refuse(known, known.population, design.weights != 0)
    while cut.out(weights, tolerance).any():
        if len(trace) in (_PATIENCE, rounds):
            cut.refuse_impossible(design.weights, margins)
        if len(trace) == rounds:
            raise TrimmingError(
                f"After {rounds} rounds {int(cut.counts[cut.out(weights, tolerance)].sum())} weights are still out of "
                "bounds, though some weights meet both bounds and margins: there is next to no room between them. "
                "Widen the bounds a little, or collapse thin groups."
            )
        start, done = cut.once(weights)
        trace += [replace(one, miss=_miss(start, margins)) for one in done]
        weights = calibrated(replace(bare, weights=start)).weights
    final = calibrated(_reweighted(design, start))
    return Trimmed(final, tuple(trace), kind, *_deffs(first, final.weights, cut.counts))


def _everyone(design: Design) -> Margin:
    return Margin(np.zeros(design.rows, dtype=np.intp), np.array([design.weights.sum()]), ("the whole sample",))


def _counts(design: Design, counts: Floats | None) -> Floats:
    held = np.ones(design.rows) if counts is None else np.asarray(counts, dtype=np.float64)
    if ((held <= 0) & (design.weights != 0)).any():
        raise TrimmingError("A row has a weight but no interview. counts holds the interviews behind each row.")
    return held


def _reweighted(design: Design, weights: Floats) -> Design:
    """The design with other weights, and its replicates moved by the same factors."""
    done = replace(design, weights=weights)
    if design.replicates is None:
        return done
    factor = np.divide(weights, design.weights, out=np.ones_like(weights), where=design.weights != 0)
    return done.with_replicates(design.replicates.reweighted(lambda replicate: replicate * factor))


def _deffs(before: Floats, after: Floats, counts: Floats) -> tuple[float, float]:
    return weights_deff(before, counts), weights_deff(after, counts)


def _miss(weights: Floats, margins: Sequence[Margin]) -> float:
    """The largest relative miss of any group with people."""
    worst = 0.0
    for known in margins:
        peopled = known.population > 0
        worst = max(worst, float(np.abs(known.sums(weights)[peopled] / known.population[peopled] - 1).max(initial=0.0)))
    return worst


@dataclass(frozen=True, slots=True)
class _Cut:
    """The bounds, and how to bring weights within them."""

    lower: Bound
    upper: Bound
    within: Margin
    counts: Floats  # (rows,)
    kind: GiveBack
    strict: bool

    def __post_init__(self) -> None:
        low, high = np.asarray(self.lower), np.asarray(self.upper)
        if not (np.all(low >= 0) and np.all(low <= high) and np.all(np.isfinite(low))):
            raise TrimmingError("The bounds of a weight are 0 <= lower <= upper, none of them missing.")

    def out(self, weights: Floats, tolerance: float = 0.0) -> Mask:
        """(rows,): which weights are out of bounds by more than `tolerance` of the bound."""
        above, below = self._sides(weights, tolerance)
        return above | below

    def _sides(self, weights: Floats, tolerance: float = 0.0) -> tuple[Mask, Mask]:
        held = weights != 0
        each = weights / np.where(held, self.counts, 1.0)
        return held & (each > self.upper * (1 + tolerance)), held & (each < self.lower * (1 - tolerance))

    def once(self, weights: Floats) -> tuple[Floats, tuple[Round, ...]]:
        """The weights within the bounds, each group's sum kept, and what that took; nothing where none was out."""
        above, below = self._sides(weights)
        if not (above | below).any():
            return weights, ()
        if self.kind is GiveBack.PROPORTIONAL and (weights < 0).any():
            raise TrimmingError("Some weights are negative, so nothing can be given in proportion. Give equal amounts.")
        sums = self.within.sums(weights)
        self.refuse(self.within, sums, weights != 0)
        held = weights != 0
        counts = np.where(held, self.counts, 0.0)
        each = weights / np.where(held, self.counts, 1.0)
        low, high = (np.broadcast_to(end, weights.shape) for end in (self.lower, self.upper))
        result = each.copy()
        for g in np.unique(self.within.group[above | below]).tolist():
            inside = np.flatnonzero((self.within.group == g) & held)
            rate = each[inside] if self.kind is GiveBack.PROPORTIONAL else np.ones(len(inside))
            part = (counts[inside], low[inside], high[inside], rate, float(sums[g]))
            if self.kind is GiveBack.EQUAL or not self.strict:
                result[inside] = _shared(each[inside], *part)
            if self.strict:
                result[inside] = _levelled(result[inside], *part)
            elif not np.isclose(counts[inside] @ result[inside], sums[g], rtol=_ROUNDING):
                raise TrimmingError(
                    f"All weights in {self.within.labels[g]} are out of bounds, so nobody can take what is cut. "
                    "Widen the bounds."
                )
        moved = float((np.abs(each - np.clip(each, low, high)) * counts).sum())
        result = result * counts
        done = Round(
            cut=round(float(counts[above].sum())),
            raised=round(float(counts[below].sum())),
            moved=moved,
            deff_before=weights_deff(weights, self.counts),
            deff_after=weights_deff(result, self.counts),
        )
        return result, (done,)

    def refuse(self, known: Margin, totals: Floats, held: Mask) -> None:
        """Raises TrimmingError for a group whose interviews cannot weigh its total (groups,) within the bounds."""
        counts = self.counts[held]
        group = replace(known, group=known.group[held])
        n = group.sums(counts)
        low, high = (np.broadcast_to(end, held.shape)[held] for end in (self.lower, self.upper))
        least, most = group.sums(counts * low), group.sums(counts * high)
        short = np.divide(totals, most, out=np.ones_like(most), where=n > 0)
        over = np.divide(totals, least, out=np.ones_like(least), where=(least > 0) & (totals > 0))
        if short.max() > 1 + _ROUNDING:
            g = int(short.argmax())
            raise TrimmingError(
                f"The {n[g]:.10g} interviews in {known.labels[g]} weigh at most {most[g]:.6g} together, but stand for "
                f"{totals[g]:.6g}. Raise the upper bound {_times(self.upper, float(short[g]))}, or collapse the group "
                "with another."
            )
        if over.min() < 1 - _ROUNDING:
            g = int(over.argmin())
            raise TrimmingError(
                f"The {n[g]:.10g} interviews in {known.labels[g]} weigh at least {least[g]:.6g} together, but stand "
                f"for {totals[g]:.6g}. Lower the lower bound {_times(self.lower, float(over[g]))}."
            )

    def refuse_impossible(self, base: Floats, margins: Sequence[Margin]) -> None:
        """Raises TrimmingError where no weights meet both the bounds and the margins. base: (rows,) before the cut."""
        keys, cell = combinations(margins)
        held = base != 0
        low, high = (np.broadcast_to(end, held.shape)[held] for end in (self.lower, self.upper))
        n, least, most = (
            sum_by(cell[held], keys.shape[1], self.counts[held] * end) for end in (np.ones(len(low)), low, high)
        )
        cells = [replace(known, group=keys[place]) for place, known in enumerate(margins)]
        constraints = reach_of_margins(np.ones(keys.shape[1]), cells, least, most)
        nearest = constraints.nearest()
        if nearest.feasible:
            return
        up, down = constraints.widening(0.0, n), constraints.widening(n, 0.0)
        ways = [f"raise the upper bound by {up:.4g}"] if isfinite(up) else []
        ways += [f"lower the lower bound by {down:.4g}"] if isfinite(down) and np.any(low - down >= 0) else []
        raise TrimmingError(
            "No weights meet both the bounds and the margins: with those within the bounds that come nearest "
            f"{nearest.told(names_of_totals(margins))}. To meet both, {' or '.join([*ways, 'collapse thin groups'])}."
        )


def _times(bound: Bound, factor: float) -> str:
    return f"to {float(bound) * factor:.6g}" if np.ndim(bound) == 0 else f"by the factor {factor:.6g}"


def _levelled(each: Floats, counts: Floats, low: Floats, high: Floats, rate: Floats, total: float) -> Floats:
    """each + c·rate cut to the bounds, with the c that makes the sum of counts times it the total.

    The sum is a broken line in c, which rises by counts·rate for each weight between its bounds.
    """
    leaves, arrives = (low - each) / rate, (high - each) / rate
    turns = np.concatenate([leaves, arrives])
    change = np.concatenate([counts * rate, -counts * rate])
    order = np.argsort(turns, kind="stable")
    order = order[np.isfinite(turns[order])]
    turns, slope = turns[order], np.cumsum(change[order])
    height = float((counts * low).sum()) + np.concatenate([[0.0], np.cumsum(slope[:-1] * np.diff(turns))])
    beyond = total - height[-1]
    if beyond > 0 and slope[-1] > _ROUNDING * slope.max():
        c = turns[-1] + beyond / slope[-1]
    else:
        c = float(np.interp(total, height, turns))
    result: Floats = np.clip(each + c * rate, low, high)
    return result


def _shared(each: Floats, counts: Floats, low: Floats, high: Floats, rate: Floats, total: float) -> Floats:
    """The weights cut to the bounds, and what was cut shared out once among those within, if there are any."""
    result: Floats = np.clip(each, low, high)
    takers = np.where(result == each, rate, 0.0)
    if not takers.any():
        return result
    return result + takers * (total - float((counts * result).sum())) / float((counts * takers).sum())


@dataclass(frozen=True, slots=True)
class CapError:
    """What a cap on the weights does to estimates, as a multiple of the mean squared error without it."""

    cap: float
    cut: int  # interviews above it
    relative_mse: float


def mse_by_cap(
    design: Design,
    outcomes: Sequence[npt.ArrayLike],
    caps: Sequence[float],
    *,
    trimmed: Callable[[Design, float], Trimmed] | None = None,
) -> tuple[CapError, ...]:
    """The estimated mean squared error of the outcomes' means under each cap; the least one names the cap to take.

    outcomes: (rows,) numbers each, nan = missing. trimmed: how to cut a design to a cap; `trim` in equal amounts unless
    given. With t the cut and u the uncut estimate, u unbiased and t going along with it,
    mse(t) = (t - u)² - v(u) + 2·sqrt(v(t)·v(u)), never below v(t) (Potter 1990); the mean over the outcomes of
    mse(t) / v(u). Raises TrimmingError where no outcome has a variance.
    """
    how = trimmed or (lambda uncut, cap: trim(uncut, upper=cap))
    plain = [mean(design, outcome) for outcome in outcomes]
    known = [(outcome, uncut) for outcome, uncut in zip(outcomes, plain, strict=True) if uncut.variance > 0]
    if not known:
        raise TrimmingError("No outcome has a variance, so that no cap can lower it. Name outcomes that vary.")
    found = []
    for cap in caps:
        done = how(design, cap)
        ratios = []
        for outcome, uncut in known:
            cut = mean(done.design, outcome)
            both = 2 * sqrt(cut.variance * uncut.variance)
            mse = max((cut.value - uncut.value) ** 2 - uncut.variance + both, cut.variance)
            ratios.append(mse / uncut.variance)
        found.append(CapError(cap, done.rounds[0].cut if done.rounds else 0, float(np.mean(ratios))))
    return tuple(found)
