"""Weights for people who chose themselves to answer: a modelled rate beside the headline, never in its place.

1. The reference sample is post-stratified as for every rate (`weights`), so that it stands for the population.
2. The propensity of answering by oneself is fitted on both samples (`propensity`) with district, sex, age band and the
   questions `asked` of both; its inverse is the pseudo-weight of an open answer.
3. The pseudo-weights are post-stratified to the population.

Where nothing is asked beyond what the population knows, step 3 undoes step 2 and the result is the open sample's
ordinary modelled rate. Pseudo-weights add something only by covariates that census margins lack.

**Variance**: the linearisation of all three steps over the points of both samples. With r the residuals of the weighted
influence values from the post-strata, and w(η) the pseudo-weights, the share's slope by θ is b = Σ_A r · ∂log w/∂η · x
(post-strata absorb the rest), and every row of either sample adds its score times bread · b; the scores of the
reference are residuals from its own post-strata. So the uncertainty of the propensity and of the reference sample is in
it (Chen, Li & Wu 2020, JASA 115:2011, section 3, for the form; the points take the place of people). Pseudo-weights
make some points much of a post-stratum; residuals are therefore adjusted for leverage (Valliant 2002, Survey
Methodology 28:103), which brings them to the jackknife's. The degrees of freedom are the smaller of the two
samples'.

It holds if, given the covariates, who answers does not depend on what is answered, and everybody might have. Robbins,
Ghosh-Dastidar & Ramchand (2021, J. Survey Statistics and Methodology 9:1114) show how little is gained and how much can
be wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan

import numpy as np
import pandas as pd

from analysis.calibration import Margin, PostStratified, poststratify
from analysis.columns import DIMENSIONS, DISTRICT, ColumnsError, checked_population
from analysis.design import Codes, Floats, Mask
from analysis.design_effect import kish_deff
from analysis.estimate import Estimate, degrees_of_freedom, share_estimate
from analysis.intervals import Evidence, Method
from analysis.measure import Measure
from analysis.overlap import Covariates, Overlap, covariates, overlap
from analysis.propensity import Logistic, Propensity, fit, inverse_chance
from analysis.sums import sum_by
from analysis.tally import Tally
from analysis.two_samples import TwoSamples, two_samples
from analysis.variance import covariance
from analysis.weights import Merge, poststrata

# What the notes of these estimates mean beyond those of `notes.NOTES`.
MODEL_NOTES: Mapping[str, str] = {
    "no_common_question": "both samples share no question that the population does not know: ordinary weighting",
    "pooled_levels": "answers to a question that one sample hardly gave are pooled",
    "outside_support": "of some groups of the reference sample nobody answered by themselves",
    "unbalanced": "after weighting the samples still differ by more than a tenth of a standard deviation",
    "no_reference_answers": "nobody in the reference sample was asked this",
    "outside_range": "the model's value lies outside 0 to 1, so it has no interval",
}


@dataclass(frozen=True, slots=True)
class PseudoRules:
    """The choices behind the model, as data."""

    level: float = 0.95
    # Interviews that a level of a covariate needs in each sample.
    min_level: int = 5
    # Interviews that a post-stratum needs to stand alone.
    min_cell: int = 1
    # Standardised differences above this are said.
    balance: float = 0.1


@dataclass(frozen=True, slots=True)
class PseudoWeighted:
    """A modelled rate, basis "modelled". covariates: what the propensity was fitted on; n_reference: interviews of the
    reference sample.
    """

    indicator: str
    reference: str
    model: Propensity
    covariates: tuple[str, ...]
    estimate: Estimate
    n_reference: int
    overlap: Overlap
    merges: tuple[Merge, ...]
    method: str


def pseudo_weighted(weighted: "Weighted", indicator: str) -> PseudoWeighted:
    """The share among the open QR answers under the weights of `weigh`. Raises ColumnsError."""
    variable, side = weighted.measure(indicator), weighted.samples.open
    share, influence = ratio_influence(variable.total, variable.base, side)
    return PseudoWeighted(
        indicator=indicator,
        reference=weighted.samples.reference,
        model=weighted.model,
        covariates=weighted.names,
        estimate=weighted.modelled(variable, share, weighted.variance(weighted.linearised(influence))),
        n_reference=weighted.n_reference,
        overlap=weighted.overlap,
        merges=weighted.merges,
        method=f"pseudo-weights ({weighted.model.value}), post-stratified; linearised over both samples",
    )


@dataclass(frozen=True, slots=True)
class Weighted:
    """Both samples with their final weights (cells,), and what is needed to linearise anything made of them.

    group (cells,): the post-strata, apart for the two samples. slope (cells,): ∂log w/∂η of the open sample, else 0.
    """

    samples: TwoSamples
    model: Propensity
    names: tuple[str, ...]
    covariates: Covariates
    propensity: Logistic
    weights: Floats
    slope: Floats
    group: Codes
    overlap: Overlap
    merges: tuple[Merge, ...]
    rules: PseudoRules

    @property
    def n_reference(self) -> int:
        """Interviews of the reference sample."""
        return int(self.samples.design.weights[~self.samples.open].sum())

    def measure(self, indicator: str) -> Measure:
        """An indicator over the cells of both samples under the final weights. Raises ColumnsError."""
        reduced = self.samples.reduced
        if indicator not in reduced.variables:
            raise ColumnsError(f"There is no indicator {indicator}. There are {', '.join(reduced.variables)}.")
        return reduced.measure(indicator, self.weights / self.samples.design.weights)

    def linearised(self, influence: Floats) -> Floats:
        """(cells,) weighted influence values with fixed weights -> those with estimated and calibrated weights."""
        residual = PostStratified(self.group, self.weights).residuals(influence[:, None])[:, 0]
        gradient = self.covariates.matrix.T @ (residual * self.slope)
        # The scores of the open sample carry no calibrated weight, those of the reference sample do.
        calibrated = np.where(self.samples.open, 0.0, self.weights)
        scores = PostStratified(self.group, calibrated).residuals(self.propensity.scores)
        return np.asarray(residual * self._leverage() + scores @ (self.propensity.bread @ gradient))

    def _leverage(self) -> Floats:
        """(cells,): what a point's residuals lack because its own answers pulled the post-stratum's mean towards them.

        (1 - 1/m)/(1 - h), with h the point's share of the post-stratum's weight and m the points of its stratum.
        """
        stage, groups = self.samples.design.stages[0], int(self.group.max()) + 1
        place = stage.unit * groups + self.group
        held = sum_by(place, stage.units * groups, self.weights)[place]
        share = held / np.maximum(sum_by(self.group, groups, self.weights)[self.group], 1e-300)
        # A point that is most of its post-stratum leaves too little to divide by.
        return np.asarray((1 - 1 / np.maximum(stage.sampled[stage.stratum], 2)) / (1 - np.minimum(share, 0.5)))

    def variance(self, influence: Floats) -> float:
        """Of a sum of influence values (cells,), over the points of both samples."""
        everyone = np.ones(len(influence), dtype=np.bool_)
        return float(covariance(self.samples.design, influence[:, None], everyone)[0, 0])

    def df(self, variable: Measure) -> float:
        """The smaller of both samples' degrees of freedom."""
        design, answered = self.samples.design, variable.n > 0
        return min(degrees_of_freedom(design, answered & side) for side in (self.samples.open, ~self.samples.open))

    def modelled(self, variable: Measure, share: float, variance: float) -> Estimate:
        """A share with Wilson's interval on its effective n, capped at the open answers; basis "modelled"."""
        n, level = float(variable.n[self.samples.open].sum()), self.rules.level
        if n > 0 and not 0 <= share <= 1:
            nothing = share_estimate(Evidence(nan, nan, n, nan), Method.WILSON, level, nan)
            why = "no_reference_answers" if isnan(share) else "outside_range"
            return replace(nothing, value=share, notes=(*self.notes, why))
        deff = variance * (n - 1) / (share * (1 - share)) if n > 1 and 0 < share < 1 else nan
        notes, counted = self.notes, n
        if n > 0 and not variance > 0:
            # Answers that agree show no design effect; the weights alone still cost something (Kish 1992).
            deff = kish_deff(variable.within(self.samples.open))
            notes, counted = (*notes, "deff_of_weights"), n / deff
        known = share_estimate(Evidence(share, variance, counted, self.df(variable)), Method.WILSON, level, deff)
        basis = "modelled" if known.basis == "design" else known.basis
        return replace(known, n=int(n), basis=basis, notes=(*notes, *known.notes))

    @property
    def notes(self) -> tuple[str, ...]:
        """What every estimate has to say about the weights."""
        merged = {merge.code for merge in self.merges}
        said = {
            "self_selected": True,
            "no_common_question": not set(self.names) - {DISTRICT, *DIMENSIONS},
            "pooled_levels": bool(self.overlap.pooled),
            "outside_support": self.overlap.outside_support > 0,
            "unbalanced": self.overlap.worst_after > self.rules.balance,
            "districts_without_interviews": "no_interviews" in merged,
            "interviews_outside": "outside" in merged,
        }
        return tuple(note for note, applies in said.items() if applies)


def weigh(
    reduced: Tally,
    population: pd.DataFrame,
    reference: str,
    *,
    asked: Sequence[str] = (),
    model: Propensity | str = Propensity.CHEN_LI_WU,
    rules: PseudoRules | None = None,
) -> Weighted:
    """Pseudo-weights for the open QR answers, for any number of indicators, made with the mode `reference`.

    reduced: a wave's tally, by `asked` as well (`two_samples.tally_by`). population: `columns.POPULATION_COLUMNS`.
    Raises ColumnsError, PropensityError.
    """
    model, rules = Propensity(model), rules or PseudoRules()
    require_keys(reduced, asked)
    margins = checked_population(population)
    samples = two_samples(reduced, reference)
    known = [name for name in (DISTRICT, *DIMENSIONS) if name in margins.columns]
    names = (*known, *asked)
    n = samples.design.weights
    both, merges = _margins(samples, margins, rules.min_cell)
    people = poststratify(samples.design, both).weights
    # Nobody weighs those whom the population does not count; they are in neither sample here.
    counted = people > 0
    matrix = covariates(samples.cells, names, n * counted, samples.open, rules.min_level)
    started = np.where(samples.open, n * counted, people)
    found = fit(model, matrix.matrix, matrix.names, started, samples.open)
    inverse, slope = inverse_chance(model, found.eta)
    raw = np.where(samples.open, n * counted * inverse, people)
    sums = sum_by(both.group, len(both.population), raw)
    weights = raw * (both.population / np.where(sums > 0, sums, 1.0))[both.group]
    return Weighted(
        samples=samples,
        model=model,
        names=names,
        covariates=matrix,
        propensity=found,
        weights=weights,
        slope=np.where(samples.open, slope, 0.0),
        group=both.group,
        overlap=overlap(matrix, n, weights, samples.open),
        merges=merges,
        rules=rules,
    )


def require_keys(reduced: Tally, asked: Sequence[str]) -> None:
    """Raises ColumnsError where the tally is not by all of them."""
    absent = [name for name in asked if name not in reduced.keys]
    if absent:
        raise ColumnsError(f"The tally is not by {', '.join(absent)}. Make it with two_samples.tally_by.")


def _margins(samples: TwoSamples, margins: pd.DataFrame, min_cell: int) -> tuple[Margin, tuple[Merge, ...]]:
    """The post-strata of both samples, those of the open one first; the merges are the open sample's."""
    group = np.zeros(len(samples.open), dtype=np.intp)
    sizes: list[Floats] = []
    labels: list[str] = []
    traced: tuple[Merge, ...] = ()
    for side, name in ((samples.open, "open"), (~samples.open, samples.reference)):
        strata = poststrata(samples.cells[side].reset_index(drop=True), margins, min_cell)
        group[side] = strata.margin.group + len(labels)
        sizes.append(strata.margin.population)
        labels += [f"{name} / {label}" for label in strata.margin.labels]
        if name == "open":
            traced = strata.merges
    return Margin(group, np.concatenate(sizes), tuple(labels)), traced


def ratio_influence(total: Floats, base: Floats, side: Mask) -> tuple[float, Floats]:
    """The ratio of two sums over one sample, and the weighted influence values (cells,) of it; nan without answers."""
    bottom = float(base[side].sum())
    value = float(total[side].sum()) / bottom if bottom > 0 else nan
    return value, np.where(side, (total - value * base) / bottom if bottom > 0 else nan, 0.0)
