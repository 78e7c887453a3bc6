"""What the weights of a sample look like, before anybody believes an estimate made with them.

How unequal they are: Kish's design effect 1 + cv² = n·sum(w²)/(sum w)² and n over it (Kish 1965, section 11.7; 1992,
J. Official Statistics 8:183), range, quantiles, and the share of the total that the heaviest interviews hold. How far
calibration moved them: g, each weight over the one before (Deville & Särndal 1992), and every margin before, after and
in the population. What they rest on: groups with people but no interview, thin groups, and what a wave's post-strata
had to collapse (`weights.PostStrata`).

Rows are interviews, or cells of a tally with the number of interviews behind each; both give the same report where the
interviews of a cell have one weight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil, isfinite, nan
from typing import Any

import numpy as np

from analysis.design import DesignError, Floats
from analysis.margins import Margin, title
from analysis.weights import Merge, PopulationCell, PostStrata

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
HEAVIEST = (0.01, 0.05)

# What each note of a report means.
NOTES = {
    "negative_weights": "Some weights are negative, as linear calibration may leave them: use raking or bounds.",
    "zero_weights": "Some interviews have weight 0 and count for nothing.",
    "empty_groups": "Groups with people have no interview; no weight can stand for them.",
    "margins_missed": "Some group's weights do not sum to its population.",
}


@dataclass(frozen=True, slots=True)
class Spread:
    """How unequal the weights of n interviews are; nan where there are none.

    ratio: largest over smallest weight that is not 0; nan where some are negative. quantiles: by share of the
    interviews, the smallest weight that at least so many do not exceed. heaviest: by share of the interviews, the share
    of the total that the heaviest of them hold, the last one in part.
    """

    n: int
    total: float
    mean: float
    deff: float
    n_effective: float
    smallest: float
    largest: float
    ratio: float
    negative: int
    zero: int
    quantiles: Mapping[float, float]
    heaviest: Mapping[float, float]


@dataclass(frozen=True, slots=True)
class Change:
    """How far the weights moved from those before: g = after / before, over interviews with a weight before."""

    smallest: float
    largest: float
    quantiles: Mapping[float, float]
    # Kish's design effect of the weights before; what calibration cost is the ratio of the two.
    deff_before: float


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a margin. miss: (after - population) / population, nan where nobody lives.

    before: the sum of the weights before calibration, nan where those were not given.
    """

    margin: str
    label: str
    n: int
    before: float
    after: float
    population: float
    miss: float
    deff: float
    n_effective: float


@dataclass(frozen=True, slots=True)
class WeightReport:
    """Everything there is to say about the weights of a sample. method: the formula of the design effect."""

    spread: Spread
    change: Change | None
    groups: tuple[Group, ...]
    empty: tuple[str, ...]  # groups with people and without interviews
    thin: tuple[str, ...]  # groups with people and fewer interviews than `thin_below`
    thin_below: int
    merges: tuple[Merge, ...]
    collapsed: tuple[PopulationCell, ...]  # cells of the people that no post-stratum of their own speaks for
    notes: tuple[str, ...]  # keys of NOTES
    method: str = "kish"

    def plain(self) -> dict[str, Any]:
        """The report as dictionaries, lists, text and numbers; what is not a number is None."""
        found = _plain(asdict(self))
        assert isinstance(found, dict)
        return found


def weight_report(
    weights: Floats,
    *,
    counts: Floats | None = None,
    before: Floats | None = None,
    margins: Sequence[Margin] = (),
    strata: PostStrata | None = None,
    thin_below: int = 10,
    tolerance: float = 1e-6,
) -> WeightReport:
    """Describe weights (rows,), the total of each row.

    counts: (rows,) interviews behind each row, 1 unless rows are cells of a tally. before: (rows,) the weights before
    calibration. margins: the groups to look into, each with its population. strata: the post-strata of a wave, one more
    margin, and what was collapsed for them. tolerance: the relative miss of a margin that is let pass.
    Raises DesignError where the numbers do not fit together.
    """
    held = np.ones(len(weights)) if counts is None else counts
    margins = [*margins, *([strata.margin] if strata else [])]
    _check(weights, held, before, margins)
    spread = _spread(weights, held)
    groups = tuple(
        group for place, known in enumerate(margins) for group in _groups(known, place, weights, held, before)
    )
    peopled = [group for group in groups if group.population > 0]
    empty = tuple(f"{group.label} ({group.margin})" for group in peopled if group.n == 0)
    thin = tuple(f"{group.label} ({group.margin})" for group in peopled if 0 < group.n < thin_below)
    found = {
        "negative_weights": spread.negative > 0,
        "zero_weights": spread.zero > 0,
        "empty_groups": bool(empty),
        "margins_missed": any(abs(group.miss) > tolerance for group in peopled),
    }
    return WeightReport(
        spread=spread,
        change=None if before is None else _change(weights, held, before),
        groups=groups,
        empty=empty,
        thin=thin,
        thin_below=thin_below,
        merges=strata.merges if strata else (),
        collapsed=tuple(cell for cell in strata.cells if cell.population > 0 and not cell.alone) if strata else (),
        notes=tuple(note for note, true in found.items() if true),
    )


def weights_deff(weights: Floats, counts: Floats | None = None) -> float:
    """n·sum(w²)/(sum w)², the interviews of a row sharing its weight alike; nan where nothing has a weight."""
    n, square = _parts(weights, np.ones(len(weights)) if counts is None else counts)
    return float(_kish(n.sum(), weights.sum(), square.sum()))


def _parts(weights: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """(rows,) each: the interviews with a weight, and the sum of their squared weights."""
    n = counts * (weights != 0)
    return n, np.divide(weights**2, counts, out=np.zeros_like(weights), where=n > 0)


def _kish(n: Floats | float, total: Floats | float, square: Floats | float) -> Floats:
    n, total, square = np.asarray(n), np.asarray(total), np.asarray(square)
    result: Floats = np.divide(n * square, total**2, out=np.full(n.shape, nan), where=(total > 0) & (n > 0))
    return result


def weighted_quantiles(values: Floats, counts: Floats, shares: Sequence[float]) -> dict[float, float]:
    """By share, the smallest value that at least this share of the interviews does not exceed; nan without any."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(counts[order])
    if not len(reached) or reached[-1] <= 0:
        return dict.fromkeys(shares, nan)
    # A share of n that is whole up to rounding is that whole number.
    wanted = [max(ceil(share * reached[-1] - 1e-9), 1e-9) for share in shares]
    places = np.minimum(np.searchsorted(reached, wanted, side="left"), len(reached) - 1)
    return dict(zip(shares, values[order][places].tolist(), strict=True))


def _check(weights: Floats, counts: Floats, before: Floats | None, margins: Sequence[Margin]) -> None:
    lengths = [len(counts), *([] if before is None else [len(before)]), *(len(m.group) for m in margins)]
    if any(length != len(weights) for length in lengths):
        raise DesignError(f"The weights are {len(weights)} rows; counts, earlier weights and margins need as many.")
    if not np.isfinite(weights).all():
        raise DesignError("Some weights are missing or infinite. Every row needs a weight, 0 if it is not to count.")
    if (counts < 0).any() or ((counts == 0) & (weights != 0)).any():
        raise DesignError("A row has a weight but no interview. counts holds the interviews behind each row.")


def _spread(weights: Floats, counts: Floats) -> Spread:
    has, n, total = counts > 0, float(counts.sum()), float(weights.sum())
    each, held = weights[has] / counts[has], counts[has]
    deff = weights_deff(weights, counts)
    used = each != 0
    negative = bool((each < 0).any())
    weighing = float(held[used].sum())
    return Spread(
        n=round(n),
        total=total,
        mean=total / n if n else nan,
        deff=deff,
        n_effective=weighing / deff if deff > 0 else nan,
        smallest=float(each.min()) if n else nan,
        largest=float(each.max()) if n else nan,
        ratio=float(each[used].max() / each[used].min()) if weighing and not negative else nan,
        negative=round(float(held[each < 0].sum())),
        zero=round(float(held[each == 0].sum())),
        quantiles=weighted_quantiles(each, held, QUANTILES),
        heaviest=_heaviest(each, held),
    )


def _heaviest(each: Floats, counts: Floats) -> dict[float, float]:
    order = np.argsort(-each, kind="stable")
    interviews = np.concatenate([[0.0], np.cumsum(counts[order])])
    weight = np.concatenate([[0.0], np.cumsum((each * counts)[order])])
    if weight[-1] <= 0:
        return dict.fromkeys(HEAVIEST, nan)
    return {share: float(np.interp(share * interviews[-1], interviews, weight) / weight[-1]) for share in HEAVIEST}


def _change(weights: Floats, counts: Floats, before: Floats) -> Change:
    had = before != 0
    g = weights[had] / before[had]
    return Change(
        smallest=float(g.min()) if len(g) else nan,
        largest=float(g.max()) if len(g) else nan,
        quantiles=weighted_quantiles(g, counts[had], QUANTILES),
        deff_before=weights_deff(before, counts),
    )


def _groups(known: Margin, place: int, weights: Floats, counts: Floats, before: Floats | None) -> list[Group]:
    n, after = known.sums(counts), known.sums(weights)
    earlier = np.full(len(n), nan) if before is None else known.sums(before)
    weighing, square = (known.sums(part) for part in _parts(weights, counts))
    deff = _kish(weighing, after, square)
    miss = np.divide(after, known.population, out=np.full(len(n), nan), where=known.population > 0) - 1
    columns = (n, earlier, after, known.population, miss, deff, weighing / deff)
    return [
        Group(title(known, place), label, round(values[0]), *values[1:])
        for label, values in zip(known.labels, zip(*(column.tolist() for column in columns), strict=True), strict=True)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value
