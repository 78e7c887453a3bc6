"""How much a planned design widens an interval: unequal weights times interviews that come by the point.

deff = (1 + cv² of the weights) · (1 + (b - 1)·ρ), with b interviews at a point and ρ the intra-class correlation
(Kish 1965, Survey Sampling, section 5.4 for the points and 11.7 for the weights; the product: Kish 1987, "Weighting
in Deft²", The Survey Statistician, June; Gabler, Häder & Lahiri 1999, Survey Methodology 25:105 give its grounds).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.planning.inputs import PlanError, above_zero, at_least, share

KISH = "Kish 1987, The Survey Statistician, June; Gabler, Häder & Lahiri 1999, Survey Methodology 25:105"


@dataclass(frozen=True, slots=True)
class Kish:
    """The design effect of weights and points together. weights: 1 + cv² of the weights, at least 1; rho: intra-class
    correlation, 0 to 1; per_point: interviews at a point, at least 1. Raises PlanError.
    """

    weights: float = 1.0
    rho: float = 0.0
    per_point: float = 1.0

    def __post_init__(self) -> None:
        at_least("The design effect of the weights", self.weights, 1)
        share("rho", self.rho)
        at_least("The number of interviews at a point", self.per_point, 1)

    @property
    def value(self) -> float:
        """The design effect."""
        return self.weights * (1 + (self.per_point - 1) * self.rho)


def weights_effect(weights: Sequence[float]) -> float:
    """1 + cv² of the weights, n·Σw²/(Σw)² (Kish 1965, section 11.7). Raises PlanError."""
    each = np.asarray(weights, dtype=np.float64)
    if not (each.size and np.isfinite(each).all() and (each >= 0).all() and each.sum() > 0):
        raise PlanError("The weights must be numbers of 0 or more, and not all 0.")
    return float(each.size * (each**2).sum() / each.sum() ** 2)


def shared_points_correlation(design: Kish, shared: float, stability: float = 1.0) -> float:
    """How far the estimates of two waves go together because a share of their points is the same.

    shared: share of the points that both waves visit; stability: correlation of what a point adds in the two waves.
    Other people answer, so that only the points are common: shared · stability · ρ·b / deff (Kish 1965, section 12.4).
    """
    share("The share of common points", shared)
    share("The stability of the points", stability)
    return shared * stability * design.rho * design.per_point / above_zero("The design effect", design.value)
