"""The rules that `study` compares: each makes rates, intervals and an order of the areas out of the same answers.

- raw: the share, Wilson's interval on the effective n; flagged below the target; the lowest share first
- wilson: the same, flagged where the whole interval is below the target; the lowest upper end first
- fay_herriot: arcsine scale, REML, P(rate < target) from the normal with the mean squared error of Prasad & Rao
- beta_binomial: maximum likelihood, P(rate < target) from each area's beta
- ours: `estimate`
- oracle: the logistic-normal model with the parameters and the intra-class correlation that the city was made with
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, logit, ndtr

from analysis.design import Floats
from analysis.intervals import wilson_ends
from analysis.planning.adaptive import Losses
from analysis.small_area import beta_binomial, fay_herriot, logistic_normal
from analysis.small_area.areas import Areas
from analysis.small_area.estimate import estimate
from analysis.small_area.nested import Rule
from analysis.small_area.study_cities import ICC, City, effective

Z95 = 1.959963984540054
LOSSES = Losses()


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a rule says of every area; arrays are (areas,). score: the greater, the earlier on the list; below: the
    chance, None of rules that have none; ends: the 95 % interval, None where there is none.
    """

    mean: Floats
    ends: tuple[Floats, Floats] | None
    score: Floats
    flagged: npt.NDArray[np.bool_]
    below: Floats | None


def by_chance(mean: Floats, ends: tuple[Floats, Floats] | None, below: Floats) -> Answer:
    """The answer of a rule that has chances: flagged where that loses less."""
    return Answer(mean, ends, below, LOSSES.flagged(below, 1 - below), below)


def wilson(areas: Areas) -> tuple[Floats, Floats]:
    """95 % intervals of the shares, of effective n."""
    ends = [wilson_ends(p, n, Z95) for p, n in zip(areas.shares.tolist(), areas.n.tolist(), strict=True)]
    lower, upper = np.array(ends).T
    return lower, upper


def _raw(areas: Areas, city: City) -> Answer:
    return Answer(areas.shares, wilson(areas), -areas.shares, areas.shares < city.setting.target, None)


def _wilson(areas: Areas, city: City) -> Answer:
    ends = wilson(areas)
    return Answer(areas.shares, ends, -ends[1], ends[1] < city.setting.target, None)


def _fay_herriot(areas: Areas, city: City) -> Answer:
    found = fay_herriot.arcsine(areas)
    cut = np.arcsin(np.sqrt(city.setting.target))
    return by_chance(found.share, (found.lower, found.upper), ndtr((cut - found.predictor) / np.sqrt(found.mse)))


def _beta_binomial(areas: Areas, city: City) -> Answer:
    found = beta_binomial.fit(areas, city.setting.target)
    a, b = found.mu * found.k + areas.yes, (1 - found.mu) * found.k + areas.n - areas.yes
    if not np.isfinite(found.k):
        return by_chance(found.mean, (found.lower, found.upper), found.below)
    lower, upper = (np.asarray(betaincinv(a, b, q), np.float64) for q in (0.025, 0.975))
    return by_chance(found.mean, (lower, upper), found.below)


def _ours(areas: Areas, city: City) -> Answer:
    found = estimate(areas, city.setting.target)
    return by_chance(found.mean, (found.lower, found.upper), found.below)


def _oracle(_areas: Areas, city: City) -> Answer:
    setting = city.setting
    beta = np.array([logit(setting.median), setting.slope])[: 1 + bool(setting.explained)]
    known = logistic_normal.LogisticNormalFit(
        "oracle", (), beta, beta, setting.sigma_district, setting.sigma_area, np.nan, ()
    )
    found = logistic_normal.empirical_bayes(effective(city, ICC), known, setting.target, Rule(9, 9))
    return by_chance(found.mean, None, found.below)


RULES: Mapping[str, Callable[[Areas, City], Answer]] = {
    "raw": _raw,
    "wilson": _wilson,
    "fay_herriot": _fay_herriot,
    "beta_binomial": _beta_binomial,
    "ours": _ours,
    "oracle": _oracle,
}
