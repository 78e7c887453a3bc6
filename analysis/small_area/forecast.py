"""Will the city and its districts meet the target when they are evaluated, and where would an effort help most?

The true rate of a city is the mean of its areas' rates by people, in every joint posterior draw; areas without
interviews come in with their prediction. An evaluator draws n interviews: each draw's rate m is then that of the areas
by the evaluator's allocation, and the number of yes among them is binomial with n over the design effect,

    P(share >= target | m) = I_m(k, n' - k + 1),   n' = n/deff,   k = (⌈n·target⌉ - ½)/deff + ½,

I the incomplete beta function: exact where deff = 1, else with the continuity correction of ½ interview scaled as the
interviews are. The mean over the draws is the posterior predictive probability (Gelman et al. 2013, Bayesian Data
Analysis, section 1.3); no sampling error is drawn, so that higher rates can only raise it.

What lifts it most: an area's rate is raised, in every draw, to the target (where it is below) or by so many points, and
all else is left. The gain is the rise of that probability, by area, and per head of its people or per given cost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy.special import betainc

from analysis.design import Floats
from analysis.small_area.areas import AreaError, Areas
from analysis.small_area.ranks import places

METHOD = "posterior predictive over joint draws of the areas"
ROUNDING = 1e-9  # of an interview


@dataclass(frozen=True, slots=True)
class Evaluation:
    """n interviews with a design effect. allocation: interviews by district or by area; None: in proportion to people.

    Their result is the plain share among them, so an uneven allocation moves it. Raises AreaError.
    """

    n: int
    deff: float = 1.0
    allocation: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if self.n < 1:
            raise AreaError(f"n: {self.n} interviews are no evaluation. Give 1 or more.")
        if not 1 <= self.deff < np.inf:
            raise AreaError(f"deff: {self.deff:g} is not 1 or more.")
        if self.allocation is not None and sum(self.allocation.values()) != self.n:
            raise AreaError(
                f"allocation: adds up to {sum(self.allocation.values())}, and n is {self.n}. Make them agree."
            )
        if self.allocation is not None and min(self.allocation.values()) < 0:
            raise AreaError("allocation: a number is negative. Give 0 or more.")


@dataclass(frozen=True, slots=True)
class Outlook:
    """The true rate with its interval, P(true rate >= target), and P(the share among their interviews >= target).

    interviews: the evaluator's here, in expectation where they are shared out by people; their chance is nan if none.
    """

    name: str
    people: float
    interviews: float
    mean: float
    lower: float
    upper: float
    reaches: float
    passes: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """The outlook of the city and of each district."""

    target: float
    level: float
    evaluation: Evaluation
    city: Outlook
    districts: tuple[Outlook, ...]
    draws: int
    method: str = METHOD


@dataclass(frozen=True, slots=True)
class Lift:
    """What raising one area (or district) adds to P(pass) of the city, the most per cost first.

    gain: expected; lower, upper: its interval over the draws of the rates. points: expected rise of the city's rate.
    place: of the gain per cost among all, with its interval (`place_lower`, `place_upper`).
    """

    name: str
    gain: float
    lower: float
    upper: float
    points: float
    cost: float
    per_cost: float
    place: float
    place_lower: int
    place_upper: int


@dataclass(frozen=True, slots=True)
class Lifts:
    """Every area's lift. by: points it is raised by; None: to the target where it is below."""

    target: float
    level: float
    by: float | None
    passes: float  # as things are
    areas: tuple[Lift, ...]
    method: str = METHOD


def forecast(
    areas: Areas, drawn: Floats, people: Floats, target: float, evaluation: Evaluation, *, level: float = 0.95
) -> Forecast:
    """drawn: (draws, areas) from `draws.draw`; people: (areas,). Raises AreaError naming what does not fit."""
    _checked(areas, drawn, people, target)
    shares = _shares(areas, people, evaluation)

    def outlook(name: str, own: Floats) -> Outlook:
        live, their = people * own, shares * own
        rate = drawn @ (live / live.sum()) if live.sum() > 0 else np.full(len(drawn), np.nan)
        n = float(their.sum()) * evaluation.n
        passes = np.nan
        if n > 0:
            passes = float(_passes(drawn @ (their / their.sum()), n, evaluation.deff, target).mean())
        lower, upper = np.quantile(rate, [(1 - level) / 2, (1 + level) / 2])
        reaches = float((rate >= target).mean()) if live.sum() > 0 else np.nan
        mean = float(rate.mean())
        return Outlook(name, float(live.sum()), n, mean, float(lower), float(upper), reaches, passes)

    districts = tuple(
        outlook(name, (areas.district == code).astype(np.float64)) for code, name in enumerate(areas.districts)
    )
    city = outlook("", np.ones(len(areas.names)))
    return Forecast(target, level, evaluation, city, districts, len(drawn))


def lifts(
    areas: Areas,
    drawn: Floats,
    people: Floats,
    target: float,
    evaluation: Evaluation,
    rng: np.random.Generator,
    *,
    by: float | None = None,
    cost: Floats | None = None,
    districts: bool = False,
    level: float = 0.95,
) -> Lifts:
    """What raising each area adds to the city's chance; cost: (areas,), people unless told; districts: whole ones.

    The generator breaks ties between places. Raises AreaError naming what does not fit.
    """
    _checked(areas, drawn, people, target)
    if by is not None and not 0 < by < 1:
        raise AreaError(f"by: {by} is not between 0 and 1. Give a share, not points.")
    cost = people if cost is None else cost
    _of_areas(areas, cost, "cost")
    raised = np.maximum(drawn, target) if by is None else np.minimum(drawn + by, 1.0)
    weight = _shares(areas, people, evaluation)
    rise, live = (raised - drawn) * weight, (raised - drawn) * (people / people.sum())
    names: Sequence[str] = areas.names
    if districts:
        of = (areas.district[:, None] == np.arange(len(areas.districts))).astype(np.float64)
        rise, live, cost, names = rise @ of, live @ of, cost @ of, areas.districts
    rate = drawn @ weight
    now = _passes(rate, evaluation.n, evaluation.deff, target)
    # In passes of one area: the incomplete beta function of all at once would take much memory.
    then = np.column_stack([_passes(rate + each, evaluation.n, evaluation.deff, target) for each in rise.T])
    gains = then - now[:, None]
    worth = np.divide(gains, cost, out=np.zeros_like(gains), where=cost > 0)
    found = places(worth, rng)
    ends = [(1 - level) / 2, (1 + level) / 2]
    lower, upper = np.quantile(gains, ends, axis=0)
    place = found.mean(axis=0)
    first, last = np.quantile(found, ends, axis=0, method="inverted_cdf")
    order = np.lexsort((np.arange(len(names)), -worth.mean(axis=0)))
    areas_lifted = tuple(
        Lift(
            name=names[i],
            gain=float(gains[:, i].mean()),
            lower=float(lower[i]),
            upper=float(upper[i]),
            points=float(live[:, i].mean()),
            cost=float(cost[i]),
            per_cost=float(worth[:, i].mean()),
            place=float(place[i]),
            place_lower=int(min(first[i], np.floor(place[i]))),
            place_upper=int(max(last[i], np.ceil(place[i]))),
        )
        for i in order.tolist()
    )
    return Lifts(target, level, by, float(now.mean()), areas_lifted)


def _passes(rate: Floats, n: float, deff: float, target: float) -> Floats:
    """P(share among n interviews >= target) at each rate."""
    least = ceil(n * target - ROUNDING)
    k = (least - 0.5) / deff + 0.5
    chance: Floats = betainc(k, n / deff - k + 1, np.clip(rate, 0.0, 1.0))
    return chance


def _shares(areas: Areas, people: Floats, evaluation: Evaluation) -> Floats:
    """(areas,) the share of the evaluator's interviews that each area has, adding up to 1."""
    allocation = evaluation.allocation
    if allocation is None:
        in_proportion: Floats = people / people.sum()
        return in_proportion
    if set(allocation) <= set(areas.names):
        given = np.array([allocation.get(name, 0) for name in areas.names], dtype=np.float64)
        named: Floats = given / given.sum()
        return named
    strange = sorted(set(allocation) - set(areas.districts))
    if strange:
        raise AreaError(f"allocation: {strange[0]} is no district. Name districts, or areas, and not both.")
    in_district = np.bincount(areas.district, people, len(areas.districts))
    n = np.array([allocation.get(name, 0) for name in areas.districts], dtype=np.float64)
    if (n[in_district == 0] > 0).any():
        empty = areas.districts[int(np.argmax((in_district == 0) & (n > 0)))]
        raise AreaError(f"allocation: nobody lives in {empty}. Give its people, or no interviews.")
    per_head = np.divide(n, in_district, out=np.zeros_like(n), where=in_district > 0)
    shares: Floats = people * per_head[areas.district] / n.sum()
    return shares


def _checked(areas: Areas, drawn: Floats, people: Floats, target: float) -> None:
    if not 0 < target < 1:
        raise AreaError(f"target: {target} is not between 0 and 1. Give a share, not per cent.")
    if drawn.ndim != 2 or not len(drawn) or drawn.shape[1] != len(areas.names):
        raise AreaError(f"The draws are {drawn.shape}; they need a column for each of {len(areas.names)} areas.")
    _of_areas(areas, people, "people")
    if not people.sum() > 0:
        raise AreaError("people: nobody lives in any area. Give the people of at least one.")


def _of_areas(areas: Areas, values: Floats, name: str) -> None:
    if values.shape != (len(areas.names),):
        raise AreaError(f"{name}: there are {values.shape} for {len(areas.names)} areas. Give one number an area.")
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        raise AreaError(f"{name}: that of {areas.names[int(np.argmax(wrong))]} is no number of 0 or more.")
