"""What is believed of the parameters before the answers, as data.

Weakly informative (Gelman 2006, Bayesian Analysis 1; Gelman et al. 2008, Annals of Applied Statistics 2): on the logit
scale a standard deviation of 1 already spreads the rates of areas from 12 to 88 % around a half, so a half-normal of
scale 1 rules out only what nobody has seen. Covariates are centred and, unless told otherwise, scaled first, so that a
slope is the difference between areas one standard deviation apart.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from analysis.design import Floats, Mask


class Shape(StrEnum):
    """The shapes a prior of a standard deviation may have."""

    HALF_NORMAL = "half_normal"
    HALF_T = "half_t"  # with 3 degrees of freedom
    EXPONENTIAL = "exponential"


T_DF = 3.0


@dataclass(frozen=True, slots=True)
class Spread:
    """The prior of a standard deviation."""

    shape: Shape = Shape.HALF_NORMAL
    scale: float = 1.0

    def log_density(self, sigma: Floats) -> tuple[Floats, Floats]:
        """The log density up to a constant, and its slope, at sigma >= 0."""
        x = sigma / self.scale
        match self.shape:
            case Shape.HALF_NORMAL:
                return -x * x / 2, -x / self.scale
            case Shape.HALF_T:
                return -(T_DF + 1) / 2 * np.log1p(x * x / T_DF), -(T_DF + 1) * x / (T_DF + x * x) / self.scale
            case Shape.EXPONENTIAL:
                return -x, np.full_like(x, -1 / self.scale)


@dataclass(frozen=True, slots=True)
class Priors:
    """Normal priors of the coefficients and the priors of the two spreads, on the logit scale."""

    intercept_sd: float = 2.0
    slope_sd: float = 1.0
    district: Spread = Spread()
    area: Spread = Spread()
    scale_covariates: bool = True

    def centred(self, covariates: Floats, sampled: Mask) -> Floats:
        """Covariates (areas, k) about their mean over the sampled areas, in units of their standard deviation over all.

        A covariate that does not vary says nothing and becomes zero.
        """
        reference = covariates[sampled] if sampled.any() else covariates
        centred: Floats = covariates - reference.mean(axis=0)
        if not self.scale_covariates:
            return centred
        spread = centred.std(axis=0)
        varies = spread > 1e-12 * np.abs(covariates).max(axis=0, initial=1e-300)
        scaled: Floats = centred / np.where(varies, spread, np.inf)
        return scaled
