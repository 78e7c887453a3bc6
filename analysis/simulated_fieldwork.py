"""Simulated fieldwork: whom a street crew or a poster meets in a city of known truth, and what those people think.

A person's outcome on an indicator is a threshold on a latent normal score

    score = z(rate of the person's cell) + √r · point + √(1 − r) · (λ · engagement + √(1 − λ²) · own)

so its chance is the cell's rate exactly, whatever the point effect. `r` is chosen per rate so that two people of equal
rate met at one point have outcomes correlated by the declared ICC (Emrich & Piedmonte 1991, American Statistician
45:302-304). Engagement is shared by all indicators, and it is what moves people to scan a poster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.demonstration_city import SEXES, City, age_range
from analysis.simulate import Truth

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

ENGAGEMENT = 0.6  # λ: how much of every opinion is general engagement
DISPOSITIONS = ("complete", "partial", "refused", "ineligible", "over_quota")
MANNERS = ("careful", "straight_lining", "hasty")
PLACE_TYPES = ("market", "square", "housing_estate", "mall", "service_window", "supermarket", "back_street", "station")

# Whom a place draws beyond those who live around it: (towards the old, towards women), on the log scale
_CROWD: Mapping[str, tuple[float, float]] = {
    "market": (0.4, 0.3),
    "mall": (-0.5, 0.15),
    "station": (-0.4, -0.2),
    "school_gate": (-0.2, 0.4),
    "hospital": (0.5, 0.1),
    "square": (0.3, 0.1),
}


@dataclass(frozen=True, slots=True)
class Crew:
    """How a street crew fares: whom it meets and what becomes of an approach. Shares of all approaches."""

    icc: float = 0.04  # correlation of two people of equal rate met at one point, beyond their neighbourhood's
    catchment: tuple[float, float, float, float] = (0.40, 0.35, 0.20, 0.05)  # own neighbourhood, street, district, city
    refused: float = 0.34
    partial: float = 0.03
    ineligible: float = 0.07  # passing through, or under 18
    effort: float = 1.25  # approaches, as a multiple of what would be needed if every cell were met as it should
    days: int = 14


@dataclass(frozen=True, slots=True)
class SelfSelection:
    """Who answers a poster. `engagement` is κ: how many standard deviations more engaged than others they are."""

    engagement: float = 0.5
    women: float = 0.3  # log odds against men
    ageing: float = -1.2  # log odds by 40 years of age
    partial: float = 0.06
    ineligible: float = 0.03
    catchment: tuple[float, float, float, float] = (0.55, 0.30, 0.10, 0.05)
    days: int = 14


def collection_points(city: City, rng: np.random.Generator, per_district: int = 8) -> pd.DataFrame:
    """Points by district: neighbourhoods drawn with chances that grow with their people, place types in turn."""
    homes = city.neighbourhoods.assign(people=city.counts.sum(axis=(1, 2)))
    rows = []
    for _, own in homes.groupby("district", sort=True):
        chances = own["people"] / own["people"].sum()
        for turn, code in enumerate(rng.choice(own["code"], per_district, replace=False, p=chances)):
            rows.append((str(code), PLACE_TYPES[turn % len(PLACE_TYPES)]))
    return pd.DataFrame(rows, columns=["neighbourhood", "place_type"])


def quota_targets(truth: Truth, n: int | Mapping[str, int]) -> "pd.Series[Any]":
    """Interviews by (district, sex, age_band), as the adults are; `n` in all, or in each district. Sums exactly."""
    margins = truth.margins.set_index(["district", "sex", "age_band"])["population"]
    if isinstance(n, int):
        return _largest_remainder(margins, n)
    whole: pd.Series[Any] = pd.concat([_largest_remainder(margins.loc[[code]], own) for code, own in n.items()])
    return whole


def _largest_remainder(sizes: "pd.Series[Any]", n: int) -> "pd.Series[Any]":
    exact = sizes.to_numpy() * n / sizes.sum()
    whole = np.floor(exact).astype(np.int64)
    most = np.argsort(whole - exact, kind="stable")[: n - whole.sum()]
    whole[most] += 1
    return pd.Series(whole, index=sizes.index)


def intercept_sample(
    truth: Truth,
    points: pd.DataFrame,
    targets: "pd.Series[Any]",
    rng: np.random.Generator,
    *,
    wave: int = 0,
    crew: Crew = Crew(),
) -> pd.DataFrame:
    """Everyone a street crew approaches, in the order of time, until the quotas are filled as far as they go.

    `targets` are interviews by (district, sex, age_band) of where people live. Whether someone refuses does not depend
    on what they think, so completes of a cell are an honest sample of those met there. Columns: see `_people`.
    """
    chances = _meeting_chances(truth, points, crew.catchment, _crowd_pull(points, truth.age_groups))
    homes_at = points["neighbourhood"].str[:6]
    wanted = homes_at.map(targets.groupby(level=0).sum()).fillna(0).to_numpy(dtype=float)
    wanted /= homes_at.map(homes_at.value_counts()).to_numpy()
    interviews = max(0.05, 1 - crew.refused - crew.partial - crew.ineligible)
    approaches = np.ceil(crew.effort * wanted / interviews).astype(np.int64)
    point = np.repeat(np.arange(len(points)), approaches)
    minute = _minutes(len(point), crew.days, ((0.45, 8.5, 11.5), (0.55, 15.0, 20.0)), rng)
    point = rng.permutation(point)
    cell = _draw_cells(chances, point, rng)
    shares = (interviews, crew.partial, crew.refused, crew.ineligible)
    outcome = rng.choice(4, size=len(point), p=np.array(shares) / sum(shares))
    outcome, kept = _fill_quotas(truth, targets, cell, outcome, rng)
    scores = _scores(truth, wave, cell, rng, point=point, points=len(points), icc=crew.icc)
    people = _people(
        truth,
        points,
        rng,
        mode="intercept",
        point=point,
        cell=cell,
        minute=minute,
        outcome=outcome,
        scores=scores,
        seconds=150,
    )
    return people[kept].reset_index(drop=True)


def open_qr_sample(
    truth: Truth,
    points: pd.DataFrame,
    n: int,
    rng: np.random.Generator,
    *,
    wave: int = 0,
    selection: SelfSelection = SelfSelection(),
) -> pd.DataFrame:
    """`n` people who scan a poster at the points by themselves, in the order of time. Columns: see `_people`.

    They are younger, more often women and more engaged than the others, and the more engaged are the more favourable:
    `open_qr_rate` gives the rate that their answers tend to.
    """
    point = rng.integers(0, len(points), n)
    minute = _minutes(n, selection.days, ((0.2, 7.0, 9.0), (0.3, 11.5, 14.0), (0.5, 18.0, 23.0)), rng)
    cell = _draw_cells(_scanning_chances(truth, points, selection), point, rng)
    shares = (1 - selection.partial - selection.ineligible, selection.partial, 0.0, selection.ineligible)
    outcome = rng.choice(4, size=n, p=shares)
    scores = _scores(truth, wave, cell, rng, lift=selection.engagement)
    return _people(
        truth,
        points,
        rng,
        mode="open_qr",
        point=point,
        cell=cell,
        minute=minute,
        outcome=outcome,
        scores=scores,
        seconds=110,
    )


def open_qr_rate(
    truth: Truth,
    points: pd.DataFrame,
    indicator: str,
    *,
    wave: int = 0,
    selection: SelfSelection = SelfSelection(),
) -> float:
    """The rate that open QR answers tend to, exactly; less the true rate it is their bias.

    Selecting by exp(κ · engagement) turns a standard normal engagement into one of mean κ, so a cell's rate Φ(z)
    becomes Φ(z + λκ).
    """
    met = _scanning_chances(truth, points, selection).mean(axis=0)
    rates = truth.rates[wave, truth.indicators.index(indicator)].ravel()
    return float(met @ ndtr(ndtri(rates) + ENGAGEMENT * selection.engagement))


def _meeting_chances(
    truth: Truth, points: pd.DataFrame, catchment: tuple[float, float, float, float], pull: Floats
) -> Floats:
    """Chance that a person met at a point is of a cell: points × (neighbourhood × sex × age group), rows sum to 1.

    Nearness is by nesting: the catchment's shares go to the point's own neighbourhood, street, district and the city.
    """
    homes = truth.city.neighbourhoods
    at = points["neighbourhood"].to_numpy(dtype=str)
    codes = homes["code"].to_numpy(dtype=str)
    size = truth.people.sum(axis=(1, 2))
    near = np.zeros((len(points), len(homes)))
    for share, digits in zip(catchment, (12, 9, 6, 4), strict=True):
        inside = (codes.astype(f"U{digits}") == at.astype(f"U{digits}")[:, None]) * size
        near += share * inside / inside.sum(axis=1, keepdims=True)
    cells = (near / size)[:, :, None, None] * truth.people * pull[:, None]
    flat = cells.reshape(len(points), -1)
    return np.asarray(flat / flat.sum(axis=1, keepdims=True))


def _crowd_pull(points: pd.DataFrame, age_groups: tuple[str, ...]) -> Floats:
    """How much likelier than by their number a place draws each sex × age group: points × sex × age group."""
    tilts = np.array([_CROWD.get(place, (0.0, 0.0)) for place in points["place_type"]]).reshape(-1, 2)
    women = tilts[:, 1, None, None] * np.array([0, 1])[:, None]
    return np.asarray(np.exp(women + tilts[:, 0, None, None] * _older(age_groups)))


def _scanning_chances(truth: Truth, points: pd.DataFrame, selection: SelfSelection) -> Floats:
    women = selection.women * np.array([0, 1])[:, None]
    pull = np.exp(women + selection.ageing * _older(truth.age_groups))
    return _meeting_chances(truth, points, selection.catchment, np.broadcast_to(pull, (len(points), *pull.shape)))


def _older(age_groups: tuple[str, ...]) -> Floats:
    """The middle of each group, in units of 40 years from 45."""
    ranges = [age_range(group) for group in age_groups]
    return np.array([(low + min(high, low + 25) - 90) / 80 for low, high in ranges])


def _draw_cells(chances: Floats, point: Indices, rng: np.random.Generator) -> Indices:
    """One cell a person, from the row of its point: one search in all rows laid end to end."""
    ends = np.cumsum(chances, axis=1)
    ends[:, -1] = 1.0
    laid = (ends + np.arange(len(chances))[:, None]).ravel()
    found = np.searchsorted(laid, point + rng.random(len(point)), side="right")
    return np.asarray(np.minimum(found - point * chances.shape[1], chances.shape[1] - 1))


def _minutes(n: int, days: int, shifts: tuple[tuple[float, float, float], ...], rng: np.random.Generator) -> Indices:
    """Sorted minutes of the wave from its first midnight; each shift is (share, from hour, to hour)."""
    chosen = rng.choice(len(shifts), size=n, p=[shift[0] for shift in shifts])
    hours = np.array(shifts)[:, 1:]
    within = hours[chosen, 0] + (hours[chosen, 1] - hours[chosen, 0]) * rng.beta(2, 2, n)
    return np.sort(rng.integers(0, days, n) * 1440 + (within * 60).astype(np.int64))


def _fill_quotas(
    truth: Truth, targets: "pd.Series[Any]", cell: Indices, outcome: Indices, rng: np.random.Generator
) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Outcomes with over_quota, and which approaches were made at all: one in eight where the cell is full already."""
    keys = _labels(truth, cell)[["district", "sex", "age_band"]]
    quota = keys.groupby(list(keys), observed=False).ngroup()  # numbered in the order of the product of categories
    every = pd.MultiIndex.from_product([keys[name].cat.categories for name in keys])
    target = targets.reindex(every).fillna(0).to_numpy()[quota]
    interview = pd.Series(outcome == 0)
    done = interview.groupby(quota).cumsum() - interview
    is_open = done.to_numpy() < target
    kept = is_open | (rng.random(len(cell)) < 1 / 8)
    return np.where((outcome == 0) & ~is_open, 4, outcome), kept


def _scores(
    truth: Truth,
    wave: int,
    cell: Indices,
    rng: np.random.Generator,
    *,
    lift: float = 0.0,
    point: Indices | None = None,
    points: int = 0,
    icc: float = 0.0,
) -> Floats:
    """Latent scores, people × (indicators, then engagement): above 0 is a positive outcome."""
    n = len(cell)
    engagement = rng.normal(lift, 1, n)
    scores = np.empty((n, len(truth.indicators) + 1))
    scores[:, -1] = engagement
    for i in range(len(truth.indicators)):
        rates = truth.rates[wave, i].ravel()
        own = ENGAGEMENT * engagement + np.sqrt(1 - ENGAGEMENT**2) * rng.normal(size=n)
        if point is None:
            scores[:, i] = ndtri(rates)[cell] + own
        else:
            r = latent_correlation(rates, icc)
            shared = rng.normal(size=points)[point]
            scores[:, i] = ndtri(rates)[cell] + np.sqrt(r)[cell] * shared + np.sqrt(1 - r)[cell] * own
    return scores


def latent_correlation(rates: Floats, icc: float) -> Floats:
    """The correlation of two normal scores whose outcomes, of chance `rates`, correlate by `icc`.

    Outcomes agree on 1 with chance ∫ Φ((z + √r x) / √(1 − r))² φ(x) dx, by Gauss-Hermite on 60 nodes; r by bisection on
    a grid of z, then interpolated. Source: Emrich & Piedmonte 1991.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    z = np.linspace(-3.5, 3.5, 141)
    wanted = ndtr(z) ** 2 + icc * ndtr(z) * ndtr(-z)
    low, high = np.zeros_like(z), np.full_like(z, 0.95)
    for _ in range(40):
        r = (low + high) / 2
        inner = (z[:, None] + np.sqrt(r)[:, None] * nodes) / np.sqrt(1 - r)[:, None]
        enough = ndtr(inner) ** 2 @ weights >= wanted
        low, high = np.where(enough, low, r), np.where(enough, r, high)
    return np.asarray(np.interp(ndtri(rates), z, (low + high) / 2 if icc else np.zeros_like(z)))


def _labels(truth: Truth, cell: Indices) -> pd.DataFrame:
    """District, street, neighbourhood, sex and age band of each cell number, as categories."""
    homes = truth.city.neighbourhoods
    home, sex, age = np.unravel_index(cell, truth.people.shape)
    places = {}
    for name, column in (("district", "district"), ("street", "street"), ("neighbourhood", "code")):
        names, codes = np.unique(homes[column].to_numpy(dtype=str), return_inverse=True)
        places[name] = _categories(codes[home], names.tolist())
    groups = {"sex": _categories(sex, SEXES), "age_band": _categories(age, truth.age_groups)}
    return pd.DataFrame({**places, **groups})


def _categories(codes: npt.NDArray[np.integer], names: Sequence[str]) -> "pd.Series[Any]":
    return pd.Series(pd.Categorical.from_codes(codes.astype(np.int64), pd.Index(names)))


def _people(
    truth: Truth,
    points: pd.DataFrame,
    rng: np.random.Generator,
    *,
    mode: str,
    point: Indices,
    cell: Indices,
    minute: Indices,
    outcome: Indices,
    scores: Floats,
    seconds: float,
) -> pd.DataFrame:
    """One row a person.

    mode, point (row of `points`), place_type; district, street, neighbourhood, sex, age_band of the person (blank where
    ineligible); disposition, eligible (blank where refused); minute of the wave; seconds of the interview, share of the
    form answered, manner; engagement, favour (how content beyond the city's average, about standard normal); and a
    column for each indicator: 1.0 or 0.0 for those interviewed to the end, be it over the quota, otherwise NaN.
    """
    n = len(cell)
    whole = (outcome == 0) | (outcome == 4)
    answered = np.where(outcome == 1, rng.uniform(0.2, 0.9, n), whole.astype(float))
    manner = rng.choice(len(MANNERS), size=n, p=(0.94, 0.035, 0.025))
    pace = rng.lognormal(0, 0.3, n) * np.where(manner == 2, 0.25, 1.0)
    leading = truth.indicators.index("satisfaction") if "satisfaction" in truth.indicators else 0
    place_types, place_type = np.unique(points["place_type"].to_numpy(dtype=str), return_inverse=True)
    met: dict[str, object] = {
        "mode": _categories(np.zeros(n, dtype=np.int64), [mode]),
        "point": point,
        "place_type": _categories(place_type[point], place_types.tolist()),
    }
    home: dict[str, object] = {str(name): column.mask(outcome == 3) for name, column in _labels(truth, cell).items()}
    interview: dict[str, object] = {
        "disposition": _categories(outcome, DISPOSITIONS),
        "eligible": pd.Series(outcome != 3, dtype="boolean").mask(outcome == 2),
        "minute": minute,
        "seconds": np.round(seconds * pace * answered).astype(np.int64),
        "answered": answered,
        "manner": _categories(manner, MANNERS),
        "engagement": scores[:, -1],
        "favour": scores[:, leading] - ndtri(truth.rate(truth.indicators[leading])),
    }
    outcomes: dict[str, object] = {
        code: np.where(whole, (scores[:, i] > 0).astype(float), np.nan) for i, code in enumerate(truth.indicators)
    }
    return pd.DataFrame(met | home | interview | outcomes)
