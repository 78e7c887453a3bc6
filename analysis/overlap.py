"""The covariates of two samples: which levels both have, and how far weights make the samples alike.

A level that one sample hardly has cannot be weighted: such levels of a covariate are pooled, with each other and if
that is not enough with the covariate's largest. Standardised differences: of a share, divided by the root mean of the
two variances p(1 - p) (Austin 2009, Communications in Statistics, Simulation and Computation 38:1228); above 0.1 they
are usually taken to matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd

from analysis.columns import ColumnsError
from analysis.design import Codes, Floats, Mask
from analysis.propensity import PropensityError
from analysis.sums import sum_by
from analysis.two_samples import UNKNOWN

_REST = "others"


class NobodyCounted(ColumnsError, PropensityError):
    """No open answer is from the population: a fault of the columns that leaves no propensity to fit."""


@dataclass(frozen=True, slots=True)
class Covariate:
    """One covariate with its thin levels pooled. code (rows,): the place of the level in `levels`."""

    name: str
    levels: tuple[str, ...]
    code: Codes
    pooled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Covariates:
    """matrix (rows, q): intercept and a 0/1 column for each level but the first, `names` (q,) what they are of."""

    parts: tuple[Covariate, ...]
    matrix: Floats
    names: tuple[str, ...]

    @property
    def pooled(self) -> tuple[str, ...]:
        """Every level that could not stand alone, with its covariate."""
        return tuple(f"{part.name}: {level}" for part in self.parts for level in part.pooled)


def covariates(cells: pd.DataFrame, names: Sequence[str], n: Floats, is_open: Mask, min_n: float) -> Covariates:
    """The columns `names` of the cells as a model matrix. n: (rows,) interviews; min_n: that a level needs in each.

    Raises NobodyCounted where none of the interviews is an open answer.
    """
    _refuse_nobody(is_open & (n > 0))
    parts = tuple(_covariate(cells[name], name, n, is_open, min_n) for name in names)
    columns, labels = [np.ones(len(cells))], ["(Intercept)"]
    for part in parts:
        for place, level in enumerate(part.levels[1:], start=1):
            columns.append((part.code == place).astype(np.float64))
            labels.append(f"{part.name} {level}")
    return Covariates(parts, np.stack(columns, axis=1), tuple(labels))


def _refuse_nobody(inside: Mask) -> None:
    if not inside.any():
        raise NobodyCounted(
            "No open answer is from a group that the population counts, so none can be weighted. Check that both name "
            "districts, sexes and age bands alike, or leave the open answers out."
        )


def _covariate(column: "pd.Series[Any]", name: str, n: Floats, is_open: Mask, min_n: float) -> Covariate:
    """The largest level comes first, the others by name."""
    code, values = pd.factorize(column)
    occurring = [*map(str, values), UNKNOWN]
    code = np.where(code < 0, len(values), code)
    counts = np.stack([sum_by(code, len(occurring), n * side) for side in (is_open, ~is_open)])
    fewer, either = counts.min(axis=0), counts.sum(axis=0) > 0
    largest = int(fewer.argmax())
    thin = either & (fewer < min_n)
    # Together the thin levels may be enough; if not, they join the largest.
    rest = _REST if counts[:, thin].sum(axis=1).min(initial=np.inf) >= min_n else occurring[largest]
    renamed = [rest if thin[place] else level for place, level in enumerate(occurring)]
    kept = {level for place, level in enumerate(renamed) if either[place]} - {occurring[largest]}
    levels = (occurring[largest], *sorted(kept))
    place = np.array([levels.index(level) if level in levels else 0 for level in renamed], dtype=np.intp)
    pooled = tuple(occurring[at] for at in np.flatnonzero(thin).tolist())
    return Covariate(name, levels, place[code], pooled)


@dataclass(frozen=True, slots=True)
class Balance:
    """One level of a covariate: its shares, and the standardised differences from the reference before and after
    weighting.
    """

    covariate: str
    level: str
    open_share: float
    weighted_share: float
    reference_share: float
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """What pseudo-weights had to bridge.

    smallest, largest: pseudo-weights of an interview as multiples of their mean. n_effective: (Σw)²/Σw² (Kish 1992).
    outside_support: share of the reference population whose combination of covariates no open answer has.
    """

    smallest: float
    largest: float
    n_effective: float
    outside_support: float
    balance: tuple[Balance, ...]
    pooled: tuple[str, ...]

    @property
    def worst_before(self) -> float:
        """The largest standardised difference before weighting."""
        return max((abs(each.before) for each in self.balance), default=0.0)

    @property
    def worst_after(self) -> float:
        """The largest standardised difference after weighting."""
        return max((abs(each.after) for each in self.balance), default=0.0)


def overlap(found: Covariates, n: Floats, weights: Floats, is_open: Mask) -> Overlap:
    """How the weighted samples compare. n, weights: (rows,) interviews, and the people they stand for.

    Raises NobodyCounted where no open answer stands for anybody.
    """
    inside = is_open & (weights > 0)
    _refuse_nobody(inside)
    each = weights[inside] / n[inside]
    mean = weights[inside].sum() / n[inside].sum()
    kinds = np.stack([part.code for part in found.parts])
    group = np.asarray(np.unique(kinds, axis=1, return_inverse=True)[1], dtype=np.intp)
    met = sum_by(group, int(group.max()) + 1, np.where(inside, n, 0.0)) > 0
    outside = float(weights[~is_open & ~met[group]].sum() / weights[~is_open].sum())
    balance = []
    for part in found.parts:
        for place, level in enumerate(part.levels):
            member = part.code == place
            raw, after = _share(member & is_open, is_open, n), _share(member & is_open, is_open, weights)
            held = _share(member & ~is_open, ~is_open, weights)
            balance.append(Balance(part.name, level, raw, after, held, _standard(raw, held), _standard(after, held)))
    return Overlap(
        smallest=float(each.min() / mean),
        largest=float(each.max() / mean),
        n_effective=float(weights[inside].sum() ** 2 / (weights[inside] * each).sum()),
        outside_support=outside,
        balance=tuple(balance),
        pooled=found.pooled,
    )


def _share(part: Mask, whole: Mask, weights: Floats) -> float:
    return float(weights[part].sum() / weights[whole].sum())


def _standard(share: float, reference: float) -> float:
    variance = (share * (1 - share) + reference * (1 - reference)) / 2
    return (share - reference) / sqrt(variance) if variance > 0 else 0.0
