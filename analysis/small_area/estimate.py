"""Rates of small areas: the method to use. Everything uncertain is averaged over, nothing is plugged in.

The nested logistic-normal model (`nested`) with the priors of `priors`; its parameters are the weighted points of
`hyperparameters`. Given a point and a district's effect at a quadrature node, an area's rate has a posterior of one
dimension; the area's posterior is the mixture of these. Means and standard deviations are exact in that mixture,
chances and the ends of the interval come from the modified signed root (`quadrature.Tails`).

With a fixed n, an area's mean rises with its yes answers: given its rate they depend on nothing else.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit, ndtr, ndtri

from analysis.design import Floats
from analysis.small_area.areas import AreaError, Areas, Source
from analysis.small_area.hyperparameters import POINTS, Hyperparameters, posterior
from analysis.small_area.nested import Data, Rule
from analysis.small_area.priors import Priors
from analysis.small_area.quadrature import Tails, expit

RULE = Rule(district=5, area=7)
RARE = 1e-5  # points that weigh less than this beside the heaviest change no digit
NEWTON = 2  # steps to an end of the interval
FEW = 32  # effective points; below, a note says so


@dataclass(frozen=True, slots=True)
class Parameter:
    """Posterior mean and standard deviation of one parameter; slopes are per standard deviation of the covariate."""

    name: str
    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """How well the points stand for the posterior of the parameters."""

    points: int
    effective: float
    moves: int


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What the estimates were computed from: `draws` takes it further. Areas are in the order of `data`."""

    data: Data
    hyperparameters: Hyperparameters


@dataclass(frozen=True, slots=True, eq=False)
class SmallAreaEstimates:
    """Each area's rate: posterior mean, standard deviation, interval, and P(rate < target); arrays are (areas,)."""

    method: str
    names: tuple[str, ...]
    sources: tuple[Source, ...]
    target: float
    level: float
    mean: Floats
    sd: Floats
    lower: Floats
    upper: Floats
    below: Floats
    error: Floats  # of the mean, from standing for the parameters' posterior by so many points
    parameters: tuple[Parameter, ...]
    diagnostics: Diagnostics
    notes: tuple[str, ...]
    posterior: Posterior


def estimate(
    areas: Areas,
    target: float,
    *,
    level: float = 0.95,
    priors: Priors = Priors(),  # noqa: B008  (frozen)
    points: int = POINTS,
    rule: Rule = RULE,
) -> SmallAreaEstimates:
    """Posterior of every area's rate, also of those without interviews. The same areas give the same numbers.

    Raises AreaError for a target or a level that is not between 0 and 1.
    """
    for name, value in (("target", target), ("level", level)):
        if not 0 < value < 1:
            raise AreaError(f"{name}: {value} is not between 0 and 1. Give a share, not per cent.")
    covariates = priors.centred(areas.covariates, areas.sampled)
    data = Data.of(areas, np.column_stack([np.ones(len(areas.names)), covariates]))
    found = posterior(data, priors, rule, points)
    weight, given = found.weight, found.given
    mean = weight @ given.mean
    sd = np.sqrt(np.maximum(weight @ given.square - mean * mean, 0.0))
    mixture = Mixture(data, found)
    below, _ = mixture.below(np.full(len(mean), logit(target)))
    half = float(ndtri((1 + level) / 2))
    lower, upper = (expit(mixture.quantile(z)) for z in (-half, half))
    back = np.argsort(data.order)
    notes = [
        ("nobody_asked", not areas.sampled.any()),
        ("all_answers_agree", areas.sampled.any() and areas.all_agree),
        ("few_effective_points", found.effective < FEW),
    ]
    return SmallAreaEstimates(
        method="logistic_normal_nested_bayes" if data.nested else "logistic_normal_bayes",
        names=areas.names,
        sources=areas.sources,
        target=target,
        level=level,
        mean=mean[back],
        sd=sd[back],
        lower=lower[back],
        upper=upper[back],
        below=below[back],
        error=np.sqrt(weight**2 @ (given.mean - mean) ** 2)[back],
        parameters=_parameters(areas, found, nested=data.nested),
        diagnostics=Diagnostics(points, found.effective, found.moves),
        notes=tuple(note for note, holds in notes if holds),
        posterior=Posterior(data, found),
    )


class Mixture:
    """The distribution of the areas' logits, mixed over points and nodes. Areas are in the order of `data`."""

    def __init__(self, data: Data, found: Hyperparameters) -> None:
        kept = found.weight > RARE * found.weight.max()
        given = found.given
        eta = given.eta[kept][:, :, None] + given.node[kept][:, data.district]
        share = found.weight[kept] / found.weight[kept].sum()
        self.weight = given.weight[kept][:, data.district] * share[:, None, None]
        self.tails = Tails.of(data.yes[:, None], data.n[:, None], eta, found.sigma_v[kept][:, None, None])

    def below(self, x: Floats) -> tuple[Floats, Floats]:
        """P(logit < x) and the density there; x (areas,)."""
        root, slope = self.tails.root(x[:, None])
        chance = np.einsum("sak,sak->a", self.weight, ndtr(root))
        density = np.einsum("sak,sak,sak->a", self.weight, slope, np.exp(-root * root / 2)) / np.sqrt(2 * np.pi)
        return np.clip(chance, 0.0, 1.0), density

    def quantile(self, z: float) -> Floats:
        """(areas,) the logits below which lies the chance Φ(z): Newton on the scale of z, from mean and deviation."""
        tails = self.tails
        mode, deviation = tails.eta + tails.sigma * tails.mode, tails.sigma * tails.deviation
        middle = np.einsum("sak,sak->a", self.weight, mode)
        second = np.einsum("sak,sak->a", self.weight, mode * mode + deviation * deviation)
        spread = np.sqrt(np.maximum(second - middle * middle, 1e-300))
        x: Floats = middle + z * spread
        for _ in range(NEWTON):
            chance, density = self.below(x)
            now = ndtri(np.clip(chance, 1e-12, 1 - 1e-12))
            slope = np.maximum(density * np.sqrt(2 * np.pi) * np.exp(now * now / 2), 0.2 / spread)
            x = x + np.clip((z - now) / slope, -3 * spread, 3 * spread)
        return x


def _parameters(areas: Areas, found: Hyperparameters, *, nested: bool) -> tuple[Parameter, ...]:
    columns = {name: found.beta[:, place] for place, name in enumerate(("(Intercept)", *areas.covariate_names))}
    if nested:
        columns["sigma_district"] = found.sigma_u
    columns["sigma_area"] = found.sigma_v
    means = {name: float(found.weight @ values) for name, values in columns.items()}
    return tuple(
        Parameter(name, means[name], float(np.sqrt(found.weight @ (values - means[name]) ** 2)))
        for name, values in columns.items()
    )
