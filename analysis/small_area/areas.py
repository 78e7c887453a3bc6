"""What is known about each small area: the input of every model in this package.

One row an area: its district, how many answered and how many of them yes, and covariates. The survey design enters
through the effective sample size: an area whose share p has design variance v counts as n = p(1 - p) / v interviews of
a simple random sample, of which n·p said yes (Chen, Wakefield & Lumley 2014, Spatial and Spatio-temporal Epidemiology
11, section 3; Franco & Bell 2015). So neither needs to be whole. An area without interviews has n = 0 and is predicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from analysis.design import Codes, Floats, Mask
from analysis.intervals import effective_n


class AreaError(ValueError):
    """The areas cannot be read or modelled; the message names the area or the column, and the way out."""


class Source(StrEnum):
    """What an area's estimate rests on."""

    INTERVIEWS = "interviews"  # its own, and what it has in common with the others
    PREDICTION = "prediction"  # the others alone: nobody was asked there


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Areas in the order given. `yes` and `n` are effective numbers; `covariates` is (areas, k), without intercept."""

    names: tuple[str, ...]
    district: Codes  # (areas,) places in `districts`
    districts: tuple[str, ...]
    yes: Floats  # (areas,)
    n: Floats  # (areas,)
    covariates: Floats  # (areas, k)
    covariate_names: tuple[str, ...] = ()

    @property
    def sampled(self) -> Mask:
        """(areas,) whether anybody was asked."""
        asked: Mask = self.n > 0
        return asked

    @property
    def sources(self) -> tuple[Source, ...]:
        """What each area's estimate rests on."""
        return tuple(Source.INTERVIEWS if asked else Source.PREDICTION for asked in self.sampled.tolist())

    @property
    def design_matrix(self) -> Floats:
        """(areas, 1 + k): the intercept and the covariates as they were given."""
        return np.column_stack([np.ones(len(self.names)), self.covariates])

    @property
    def shares(self) -> Floats:
        """(areas,) direct estimates; nan where nobody was asked."""
        shares: Floats = np.divide(self.yes, self.n, out=np.full(len(self.n), np.nan), where=self.n > 0)
        return shares

    @property
    def all_agree(self) -> bool:
        """Nobody was asked, or all answers in all areas are the same: nothing shows how areas differ."""
        return bool(self.yes.sum() == 0 or (self.yes == self.n).all())


def read_areas(frame: pd.DataFrame, covariates: Sequence[str] = ()) -> Areas:
    """Areas from columns `area`, `district`, `n`, one of `yes` or `share`, and the covariates named.

    With `share` the design may be told by `n_effective`, or by `variance` (of the share; 0 or missing: n counts as it
    is). Missing `n` is 0. Raises AreaError naming the column and the area.
    """
    absent = [name for name in ("area", "district", "n", *covariates) if name not in frame.columns]
    if absent:
        raise AreaError(f"There is no column {', '.join(absent)}. Name the columns area, district, n, yes or share.")
    if not len(frame):
        raise AreaError("There is no area. Give one row an area, also for those without interviews.")
    names = tuple(frame["area"].astype(str))
    twice = frame["area"].astype(str).duplicated()
    if twice.any():
        raise AreaError(f"area: {names[int(np.argmax(twice))]} is listed twice. Add its interviews up.")
    if frame["district"].isna().any():
        raise AreaError(f"district: {names[int(np.argmax(frame['district'].isna()))]} has none. Say where it lies.")
    code, districts = pd.factorize(frame["district"].astype(str), sort=True)
    yes, n = _answers(frame, names)
    known = np.column_stack([_numbers(frame, each, names) for each in covariates] or [np.zeros((len(names), 0))])
    return Areas(names, code.astype(np.intp), tuple(districts), yes, n, known, tuple(covariates))


def _answers(frame: pd.DataFrame, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    n = _numbers(frame.assign(n=frame["n"].fillna(0)), "n", names)
    _refuse(n < 0, "n", names, "is negative")
    if "yes" in frame.columns:
        yes = _numbers(frame.assign(yes=frame["yes"].fillna(0)), "yes", names)
        _refuse((yes < 0) | (yes > n), "yes", names, "is not between 0 and n")
        return yes, n
    if "share" not in frame.columns:
        raise AreaError("There is no column yes or share. Give one of them.")
    share = np.where(n > 0, frame["share"].to_numpy(np.float64), 0.0)
    _refuse(~((share >= 0) & (share <= 1)), "share", names, "is not between 0 and 1")
    if "n_effective" in frame.columns:
        n = np.where(n > 0, frame["n_effective"].to_numpy(np.float64), 0.0)
        _refuse(~(np.isfinite(n) & (n >= 0)), "n_effective", names, "is no number of interviews")
    elif "variance" in frame.columns:
        variance = frame["variance"].fillna(0).to_numpy(np.float64)
        _refuse(variance < 0, "variance", names, "is negative")
        n = np.array([effective_n(*each) for each in zip(share.tolist(), variance.tolist(), n.tolist(), strict=True)])
    return share * n, n


def _numbers(frame: pd.DataFrame, column: str, names: tuple[str, ...]) -> Floats:
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(np.float64)
    _refuse(~np.isfinite(values), column, names, "is missing or no number")
    return values


def _refuse(wrong: Mask, column: str, names: tuple[str, ...], what: str) -> None:
    if wrong.any():
        raise AreaError(f"{column}: that of {names[int(np.argmax(wrong))]} {what}. Correct it or leave the column out.")


def full_rank(areas: Areas) -> Floats:
    """The design matrix of the sampled areas. Raises AreaError naming a covariate they cannot tell from the rest."""
    matrix = areas.design_matrix[areas.sampled]
    for place, name in enumerate(areas.covariate_names, 2):
        scaled = matrix[:, :place] / np.maximum(np.abs(matrix[:, :place]).max(axis=0, initial=0.0), 1e-300)
        if np.linalg.matrix_rank(scaled) < place:
            raise AreaError(
                f"{name}: in the areas with interviews it does not vary, or follows from the other covariates. "
                "Leave it out."
            )
    return matrix
