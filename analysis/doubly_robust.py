"""A modelled rate that is right if either of two models is: the propensity, or the prediction of answers.

Chen, Li & Wu (2020, JASA 115:2011, section 3): with pseudo-weights w on the open sample A and weights d on the
reference sample B (`pseudo_weights`), and predictions m(x) from a logistic regression among the open answers,

    Σ_A w (y - m) / Σ_A w  +  Σ_B d m / Σ_B d.

The reference sample lends its people, not its answers. If the propensity is right the first term corrects whatever the
prediction gets wrong; if the prediction is right the first term is 0 on average under any weights.

So that a group whose answers all agree does not run the regression to infinity, as many artificial answers as there are
coefficients are added, at the overall share and spread as the answers are (Clogg, Rubin, Schenker, Schultz & Weidman
1991, JASA 86:68). They vanish beside the data.

**Variance**: the linearisation of all that was estimated, weights, propensity and prediction, over the points of both
samples. It therefore holds whichever of the two models is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
from scipy.special import expit

from analysis.columns import DIMENSIONS, DISTRICT
from analysis.design import Floats, Mask
from analysis.estimate import Estimate
from analysis.measure import Measure
from analysis.overlap import Overlap, covariates
from analysis.propensity import Logistic, Propensity, logistic
from analysis.pseudo_weights import Weighted, ratio_influence, require_keys
from analysis.weights import Merge


@dataclass(frozen=True, slots=True)
class DoublyRobust:
    """A modelled rate, basis "modelled". estimate.value = prediction + correction.

    covariates: of the propensity; predictors: of the answers. n_reference: interviews of the reference sample.
    """

    indicator: str
    reference: str
    model: Propensity
    covariates: tuple[str, ...]
    predictors: tuple[str, ...]
    estimate: Estimate
    prediction: float
    correction: float
    n_reference: int
    overlap: Overlap
    merges: tuple[Merge, ...]
    method: str


def doubly_robust(weighted: Weighted, indicator: str, predictors: Sequence[str] | None = None) -> DoublyRobust:
    """The doubly robust share under the weights of `pseudo_weights.weigh`.

    predictors: the common questions behind the prediction, beside district, sex and age band; None = those of the
    propensity. Raises ColumnsError, PropensityError.
    """
    variable, side = weighted.measure(indicator), weighted.samples.open
    places = tuple(name for name in weighted.names if name in (DISTRICT, *DIMENSIONS))
    if predictors is not None:
        require_keys(weighted.samples.reduced, predictors)
    names = weighted.names if predictors is None else (*places, *predictors)
    counted = np.where(weighted.weights > 0, weighted.samples.design.weights, 0.0)
    matrix = covariates(weighted.samples.cells, names, counted, side, weighted.rules.min_level)
    answers = weighted.samples.reduced.measure(indicator, ((weighted.weights > 0) & side).astype(np.float64))
    prediction = _prediction(matrix.matrix, matrix.names, answers)
    m = expit(prediction.eta)
    correction, corrected = ratio_influence(variable.total - m * variable.base, variable.base, side)
    predicted, lent = ratio_influence(m * variable.base, variable.base, ~side)
    # The slope of both terms by the coefficients of the prediction; each answer moves those by its score.
    spread = (m * (1 - m) * variable.base)[:, None] * matrix.matrix
    gradient = _mean(spread, variable, ~side) - _mean(spread, variable, side)
    influence = weighted.linearised(corrected + lent) + prediction.scores @ (prediction.bread @ gradient)
    share, variance = predicted + correction, weighted.variance(influence)
    if _agree(answers) and isfinite(share):
        share, variance = float(predicted + correction > 0.5), 0.0
    return DoublyRobust(
        indicator=indicator,
        reference=weighted.samples.reference,
        model=weighted.model,
        covariates=weighted.names,
        predictors=names,
        estimate=weighted.modelled(variable, share, variance),
        prediction=predicted,
        correction=correction,
        n_reference=weighted.n_reference,
        overlap=weighted.overlap,
        merges=weighted.merges,
        method=f"doubly robust ({weighted.model.value}, logistic prediction); linearised over both samples",
    )


def _agree(answers: Measure) -> bool:
    return not answers.total.any() or bool((answers.total == answers.base).all())


def _prediction(x: Floats, names: Sequence[str], answers: Measure) -> Logistic:
    """The logistic regression of the open answers; artificial answers count in its scores as well.

    Where all answers agree there is nothing to tell them apart by, and everybody is predicted the same.
    """
    yes, n = float(answers.total.sum()), float(answers.n.sum())
    if _agree(answers):
        x = np.concatenate([x[:, :1], np.zeros_like(x[:, 1:])], axis=1)
    added = answers.n * (x.shape[1] / max(n, 1.0))
    share = (yes + 0.5) / (n + 1)
    return logistic(x, answers.total + added * share, answers.n + added, names, "The prediction of answers")


def _mean(values: Floats, variable: Measure, side: Mask) -> Floats:
    """(q,): weighted sums over one sample as a share of its base."""
    base = float(variable.base[side].sum())
    return np.asarray(values[side].sum(axis=0) / base if base > 0 else np.full(values.shape[1], nan))
