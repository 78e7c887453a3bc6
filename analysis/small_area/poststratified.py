"""Multilevel regression and poststratification: areas as sums over the groups of people who live there.

A mixed logistic regression (`mixed`) of the answers on covariates of the area, on fixed groups (sex) and with random
intercepts for other groups (age), areas and districts; then each area's rate is the mean of the fitted rates of its
groups, weighted by how many people are in each (Gelman & Little 1997, Survey Methodology 23; Park, Gelman & Bafumi
2004, Political Analysis 12). It puts right whom the interviews met too often in an area, as weights do for a city.

The standard deviation is by the delta method from the joint curvature of coefficients and effects, with the spreads
taken for known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve

from analysis.design import Codes, Floats
from analysis.small_area.areas import AreaError, Areas, Source, full_rank
from analysis.small_area.mixed import Effect, MixedFit, fit
from analysis.small_area.quadrature import expit


@dataclass(frozen=True, slots=True, eq=False)
class Poststratified:
    """Shares and standard deviations (areas,), with the coefficients and the spreads behind them."""

    method: str
    names: tuple[str, ...]
    sources: tuple[Source, ...]
    coefficients: tuple[str, ...]
    beta: Floats
    effects: tuple[str, ...]
    sigma: Floats
    log_likelihood: float
    share: Floats
    sd: Floats
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """How rows of groups become a design: the levels that the fixed and the random groups have."""

    areas: Areas
    fixed: tuple[tuple[str, tuple[str, ...]], ...]  # (column, its levels but for the first)
    random: tuple[tuple[str, tuple[str, ...]], ...]  # (column, its levels)
    district: bool

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Named as R names them."""
        groups = (column + level for column, levels in self.fixed for level in levels[1:])
        return ("(Intercept)", *self.areas.covariate_names, *groups)

    def matrix(self, frame: pd.DataFrame) -> Floats:
        """(rows, coefficients). Raises AreaError for a fixed group that no interview is of."""
        columns: list[Floats] = [self.areas.design_matrix[self.area(frame)]]
        for column, levels in self.fixed:
            code = _codes(frame[column], levels)
            if (code < 0).any():
                lost = frame[column].astype(str).to_numpy()[int(np.argmin(code))]
                raise AreaError(f"{column}: nobody of {lost} was asked. Collapse it with another group.")
            columns.append((code[:, None] == np.arange(1, len(levels))).astype(np.float64))
        return np.column_stack(columns)

    def effects(self, frame: pd.DataFrame) -> tuple[Effect, ...]:
        """The random intercepts of rows; a level that no interview is of has code -1: its effect is 0."""
        found = [Effect(column, _codes(frame[column], levels), levels) for column, levels in self.random]
        area = self.area(frame)
        found.append(Effect("area", area, self.areas.names))
        if self.district:
            found.append(Effect("district", self.areas.district[area], self.areas.districts))
        return tuple(found)

    def area(self, frame: pd.DataFrame) -> Codes:
        """(rows,) places of the areas. Raises AreaError for one that is not known."""
        code = _codes(frame["area"], self.areas.names)
        if (code < 0).any():
            lost = frame["area"].astype(str).to_numpy()[int(np.argmin(code))]
            raise AreaError(f"area: {lost} is not among the areas. Add it there, or drop its lines.")
        return code


def _codes(values: pd.Series, levels: tuple[str, ...]) -> Codes:
    return pd.Index(levels).get_indexer(pd.Index(values.astype(str))).astype(np.intp)


def model(areas: Areas, cells: pd.DataFrame, fixed: Sequence[str], random: Sequence[str], *, district: bool) -> Model:
    """The model for cells with columns `area` and those named; levels in the order of their names."""
    for name in ("area", *fixed, *random):
        if name not in cells.columns:
            raise AreaError(f"There is no column {name} among the cells. Add it, or leave it out of the model.")

    def levels(column: str) -> tuple[str, ...]:
        return tuple(sorted(set(cells[column].astype(str))))

    found = Model(
        areas,
        tuple((column, levels(column)) for column in fixed),
        tuple((column, levels(column)) for column in random),
        district and len(areas.districts) > 1,
    )
    full_rank(areas)
    return found


def poststratify(
    areas: Areas,
    cells: pd.DataFrame,
    population: pd.DataFrame,
    *,
    fixed: Sequence[str] = ("sex",),
    random: Sequence[str] = ("age",),
    district: bool = True,
) -> Poststratified:
    """Rates of the areas from cells (columns area, the groups, `yes` and `n`: effective numbers) and from how many
    people there are (columns area, the groups, `population`).

    Where people are counted by `district` and not by area, each area is taken to be made up as its district is. Raises
    AreaError for areas or groups that are unknown, for an area without people, and for a cell of people that is
    negative, missing or there twice.
    """
    if "area" not in population.columns:
        population = as_its_district(areas, population)
    chosen = model(areas, cells, fixed, random, district=district)
    yes, n = cells["yes"].to_numpy(np.float64), cells["n"].to_numpy(np.float64)
    fitted = fit(yes, n, chosen.matrix(cells), chosen.effects(cells), "logistic_mixed_poststratified")
    return shares(chosen, cells, fitted, population)


def as_its_district(areas: Areas, population: pd.DataFrame) -> pd.DataFrame:
    """Counts by area from counts by district. Raises AreaError for a column or a district that is not there."""
    if "district" not in population.columns:
        raise AreaError("There is no column area or district among the people. Give one of them.")
    lies = pd.DataFrame({"area": areas.names, "district": np.array(areas.districts)[areas.district]})
    return lies.merge(population.astype({"district": str}), on="district", how="inner")


def shares(chosen: Model, cells: pd.DataFrame, fitted: MixedFit, population: pd.DataFrame) -> Poststratified:
    """The areas' rates from a fit. Raises AreaError for people who cannot be counted."""
    areas, area = chosen.areas, chosen.area(population)
    people = _people(population)
    total = np.bincount(area, people, len(areas.names))
    if not (total > 0).all():
        raise AreaError(f"population: nobody lives in {areas.names[int(np.argmin(total))]}. Give its counts.")
    matrix, effects = chosen.matrix(population), chosen.effects(population)
    eta = matrix @ fitted.beta
    for effect, modes in zip(effects, fitted.modes, strict=True):
        eta = eta + np.where(effect.code >= 0, modes[effect.code], 0.0)
    p = expit(eta)
    share = np.bincount(area, people * p, len(areas.names)) / total
    weight = people * p * (1 - p) / total[area]
    slope = _by_area(matrix, effects, fitted, area, weight, len(areas.names))
    known = np.isfinite(fitted.log_likelihood)
    sd = _sd(chosen, cells, fitted, slope) if known else np.full(len(areas.names), np.nan)
    return Poststratified(
        fitted.method, areas.names, areas.sources, chosen.coefficients, fitted.beta,
        tuple(effect.name for effect in effects), fitted.sigma, fitted.log_likelihood, share, sd, fitted.notes,
    )  # fmt: skip


def _people(population: pd.DataFrame) -> Floats:
    """(cells,): how many people are in each. Raises AreaError naming a cell without a usable number or there twice."""
    cells = population[[name for name in population.columns if name != "population"]].astype(str)
    people = pd.to_numeric(population["population"], errors="coerce").to_numpy(np.float64)
    for wrong, what in (
        (~(np.isfinite(people) & (people >= 0)), "has no number of 0 or more. Give how many people there are."),
        (cells.duplicated().to_numpy(), "is there twice. Add the two up."),
    ):
        if wrong.any():
            cell = " × ".join(cells.iloc[int(np.argmax(wrong))])
            raise AreaError(f"population: {cell} {what}")
    return people


def _by_area(
    matrix: Floats, effects: Sequence[Effect], fitted: MixedFit, area: Codes, weight: Floats, areas: int
) -> Floats:
    """(areas, coefficients + levels): slopes of the shares in the coefficients and in the standard effects."""
    parts: list[Floats] = [np.column_stack([np.bincount(area, weight * x, areas) for x in matrix.T])]
    for effect, sigma in zip(effects, fitted.sigma.tolist(), strict=True):
        part = np.zeros((areas, len(effect.levels)))
        known = effect.code >= 0
        np.add.at(part, (area[known], effect.code[known]), sigma * weight[known])
        parts.append(part)
    return np.column_stack(parts)


def _sd(chosen: Model, cells: pd.DataFrame, fitted: MixedFit, slope: Floats) -> Floats:
    matrix, effects = chosen.matrix(cells), chosen.effects(cells)
    eta = matrix @ fitted.beta
    columns: list[Floats] = [matrix]
    for effect, sigma, modes in zip(effects, fitted.sigma.tolist(), fitted.modes, strict=True):
        eta = eta + modes[effect.code]
        columns.append(sigma * (effect.code[:, None] == np.arange(len(effect.levels))))
    p, whole = expit(eta), np.column_stack(columns)
    bend = (whole.T * (cells["n"].to_numpy(np.float64) * p * (1 - p))) @ whole
    levels = np.arange(matrix.shape[1], len(bend))
    bend[levels, levels] += 1
    variance: Floats = (slope.T * cho_solve(cho_factor(bend), slope.T)).sum(axis=0)
    return np.sqrt(variance)
