"""Imaginary cities for `study`: true rates that are known, and a wave of clustered interviews in them.

A city has 200 neighbourhoods in 10 districts. The logit of a neighbourhood's rate is normal; of its variance the part
`explained` lies with a covariate that is known of every neighbourhood, of the rest a quarter between districts. A
neighbourhood has 5 to `most` interviews, made at points of five. A point has a rate of its own, beta-distributed about
the neighbourhood's with intra-class correlation 0.05, so that answers at one point are alike.

What is handed to the models is what an office would hand them: effective numbers, by a design effect estimated from
the answers. It is 1 + (b - 1)·ρ with b = Σ m²/n for an area with points of m interviews (Kish 1965, section 5.4), ρ
from the analysis of variance of points within areas, all areas together (Donner 1986, Int. Statistical Review 54:67).
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from analysis.design import Codes, Floats
from analysis.small_area.areas import Areas
from analysis.small_area.quadrature import expit

AREAS, DISTRICTS, BETWEEN = 200, 10, 0.25
FEWEST, PER_POINT, ICC = 5, 5, 0.05


class Setting(NamedTuple):
    """Median rate, standard deviation of the logit, target, part of the variance that the covariate explains, and the
    most interviews of a neighbourhood.
    """

    median: float
    spread: float
    target: float
    explained: float
    most: int

    @property
    def slope(self) -> float:
        """Of the standard normal covariate, on the logit scale."""
        return self.spread * sqrt(self.explained)

    @property
    def sigma_district(self) -> float:
        """Standard deviation of the districts' effects."""
        return self.spread * sqrt((1 - self.explained) * BETWEEN)

    @property
    def sigma_area(self) -> float:
        """Standard deviation of the neighbourhoods' effects."""
        return self.spread * sqrt((1 - self.explained) * (1 - BETWEEN))


@dataclass(frozen=True, slots=True, eq=False)
class City:
    """True rates (areas,), the answers as they were counted, and the size (areas, points) and yes of each point."""

    setting: Setting
    rates: Floats
    counted: Areas
    sizes: npt.NDArray[np.int64]
    yes: npt.NDArray[np.int64]

    @property
    def at_risk(self) -> npt.NDArray[np.bool_]:
        """(areas,) whether the true rate is below the target."""
        below: npt.NDArray[np.bool_] = self.rates < self.setting.target
        return below


def draw_city(setting: Setting, rng: np.random.Generator, areas: int = AREAS) -> City:
    """A city and its wave. areas: a multiple of the number of districts."""
    district: Codes = np.repeat(np.arange(DISTRICTS), areas // DISTRICTS)
    x = rng.standard_normal(areas)
    effect = setting.sigma_district * rng.standard_normal(DISTRICTS)[district]
    effect = effect + setting.sigma_area * rng.standard_normal(areas)
    rates = expit(logit(setting.median) + setting.slope * x + effect)
    n = rng.integers(FEWEST, setting.most + 1, areas)
    points = -(-setting.most // PER_POINT)
    sizes = np.clip(n[:, None] - PER_POINT * np.arange(points), 0, PER_POINT)
    k = (1 - ICC) / ICC
    p = np.clip(rates[:, None], 1e-9, 1 - 1e-9)
    yes = rng.binomial(sizes, rng.beta(p * k, (1 - p) * k, sizes.shape))
    covariates, names = (x[:, None], ("x",)) if setting.explained else (np.zeros((areas, 0)), ())
    counted = Areas(
        names=tuple(f"N{i:03}" for i in range(areas)),
        district=district,
        districts=tuple(f"D{i:02}" for i in range(DISTRICTS)),
        yes=yes.sum(axis=1).astype(np.float64),
        n=n.astype(np.float64),
        covariates=covariates,
        covariate_names=names,
    )
    return City(setting, rates, counted, sizes, yes)


def pooled_icc(sizes: npt.NDArray[np.int64], yes: npt.NDArray[np.int64]) -> float:
    """Intra-class correlation of answers at one point within its area, at least 0; sizes, yes: (areas, points)."""
    n, points = sizes.sum(axis=1), (sizes > 0).sum(axis=1)
    area = yes.sum(axis=1) / n
    share = np.divide(yes, sizes, out=np.zeros(sizes.shape), where=sizes > 0)
    between = float((sizes * (share - area[:, None]) ** 2).sum() / max((points - 1).sum(), 1))
    within = float((sizes * share * (1 - share)).sum() / max((n - points).sum(), 1))
    size = float((n - (sizes**2).sum(axis=1) / n).sum() / max((points - 1).sum(), 1))
    spread = between + (size - 1) * within
    return max((between - within) / spread, 0.0) if spread > 0 else 0.0


def effective(city: City, icc: float | None = None) -> Areas:
    """The areas in effective numbers, by the intra-class correlation of the sample or a given one."""
    icc = pooled_icc(city.sizes, city.yes) if icc is None else icc
    n = city.counted.n
    deff = 1 + ((city.sizes**2).sum(axis=1) / n - 1) * icc
    return replace(city.counted, yes=city.counted.yes / deff, n=n / deff)
