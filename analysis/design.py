"""What the design of a sample is: strata, sampling units by stage, weights, finite populations, and what to do about
strata with a single unit.

A `Design` is about rows, or about the cells of a tally: both are "something with a weight in one stratum and one unit
per stage". It is frozen; calibration and replicate weights make a new one. Rows outside a domain stay in the design.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from analysis.calibration import Calibration
    from analysis.replicates import Replicates

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


_LEAST, _MOST = 1e-100, 1e100  # of a positive weight: beyond, squares and their sums leave the numbers there are


class Lonely(StrEnum):
    """What a stratum with a single sampled unit adds to the variance."""

    FAIL = "fail"  # refuse: the honest default
    REMOVE = "remove"  # nothing
    CERTAINTY = "certainty"  # nothing: the unit was certain to be drawn
    ADJUST = "adjust"  # its squared distance from the mean of all units: conservative
    AVERAGE = "average"  # the average of the other strata


class DesignError(ValueError):
    """The columns do not describe a design; the message names what and the way out."""


class LonelyStrata(DesignError):
    """Strata with one sampled unit, under `Lonely.FAIL`."""

    def __init__(self, strata: Sequence[str], stage: int) -> None:
        self.strata, self.stage = tuple(strata), stage
        shown = ", ".join(self.strata[:10]) + (f" and {len(strata) - 10} more" if len(strata) > 10 else "")
        word = "Stratum" if len(self.strata) == 1 else "Strata"
        super().__init__(
            f"{word} {shown} at stage {stage}: only one sampled unit, so the variance within cannot be estimated. "
            "Merge the stratum with a similar one, or choose lonely='adjust' (conservative), 'average', "
            "'certainty' (the unit was certain to be drawn) or 'remove'."
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of sampling. Units are numbered 0..U-1 across all strata, strata 0..H-1."""

    unit: Codes  # (rows,) the unit of each row
    stratum_of_unit: Codes  # (U,)
    sampled: Floats  # (H,) units drawn
    population: Floats  # (H,) units there are; inf = drawn with replacement, or unknown and large
    labels: tuple[str, ...]  # (H,) for messages

    @property
    def units(self) -> int:
        """How many units were drawn."""
        return len(self.stratum_of_unit)

    @property
    def strata(self) -> int:
        """How many strata they lie in."""
        return len(self.labels)

    @property
    def stratum(self) -> Codes:
        """(rows,) the stratum of each row."""
        return self.stratum_of_unit[self.unit]


@dataclass(frozen=True, slots=True)
class Design:
    """A sample's design. `weights` are the final ones: calibrated where `calibrations` is not empty."""

    weights: Floats  # (rows,) >= 0
    stages: tuple[Stage, ...]
    lonely: Lonely = Lonely.FAIL
    # A stratum that has several units of which the domain holds one: treat it as lonely too.
    lonely_domains: bool = False
    calibrations: tuple["Calibration", ...] = ()
    replicates: "Replicates | None" = None
    # How `weights` came about, so that replicates drawn later can go the same way: the weights before any calibration,
    # and what each step does to any weights.
    base: Floats | None = None
    steps: tuple[Callable[[Floats], Floats], ...] = ()

    @property
    def rows(self) -> int:
        """Rows, or cells of a tally."""
        return len(self.weights)

    def reweighted(self, weights: Floats, calibration: "Calibration", reweigh: Callable[[Floats], Floats]) -> "Design":
        """The design after one more calibration step. reweigh: what the step does to any weights (rows,)."""
        base = self.weights if self.base is None else self.base
        calibrations, steps = (*self.calibrations, calibration), (*self.steps, reweigh)
        return replace(self, weights=weights, base=base, calibrations=calibrations, steps=steps)

    def with_replicates(self, replicates: "Replicates") -> "Design":
        """The same sample with its variance taken from replicate weights."""
        return replace(self, replicates=replicates)


def declare(
    frame: pd.DataFrame,
    *,
    ids: str | Sequence[str] | None = None,
    strata: str | None = None,
    weights: str | None = None,
    fpc: str | Sequence[str] | None = None,
    nest: bool = False,
    lonely: Lonely | str = Lonely.FAIL,
    lonely_domains: bool = False,
) -> Design:
    """The design that the columns of `frame` describe.

    ids: the sampling units by stage; None = every row was drawn by itself.
    fpc: population sizes by stage (units in the stratum, then units in the unit above). weights None: taken from fpc,
    or all 1 without it. nest: unit codes repeat across strata. Raises DesignError.
    """
    ids = [ids] if isinstance(ids, str) else ids
    fpc = [fpc] if isinstance(fpc, str) else fpc
    named = [*(ids or ()), *(fpc or ()), *([strata] if strata else []), *([weights] if weights else [])]
    _check_columns(frame, named)
    codes = [_codes(frame[name]) for name in ids] if ids else [np.arange(len(frame), dtype=np.intp)]
    stratum = _codes(frame[strata]) if strata else np.zeros(len(frame), dtype=np.intp)
    labels = _labels(frame[strata], stratum) if strata else ("(whole sample)",)
    if not nest:
        _check_nested(codes[0], stratum, labels, frame[ids[0]] if ids else None)
    if fpc is not None and len(fpc) > len(codes):
        raise DesignError(
            f"fpc names {len(fpc)} stages but ids name {len(codes)}. Give at most one fpc column a stage."
        )
    stages: list[Stage] = []
    parent = stratum
    for depth, own in enumerate(codes):
        population = _numbers(frame, fpc[depth]) if fpc is not None and depth < len(fpc) else None
        stage = _stage(parent, own, population, labels, depth + 1)
        stages.append(stage)
        if population is None or depth + 1 == len(codes):
            break  # without a finite population the later stages add nothing to the variance
        first = np.unique(stage.unit, return_index=True)[1]
        names = frame[ids[depth]].iloc[first] if ids else first
        labels = tuple(f"{labels[h]} / {name}" for h, name in zip(stage.stratum_of_unit, names, strict=True))
        parent = stage.unit
    final = _weights(frame, weights, stages)
    return Design(weights=final, stages=tuple(stages), lonely=_lonely(lonely), lonely_domains=lonely_domains)


def _lonely(choice: Lonely | str) -> Lonely:
    try:
        return Lonely(choice)
    except ValueError:
        raise DesignError(f"lonely='{choice}' is not known. Choose one of {', '.join(Lonely)}.") from None


def _numbers(frame: pd.DataFrame, column: str) -> Floats:
    try:
        return frame[column].to_numpy(np.float64)
    except (TypeError, ValueError):
        strange = frame[column][pd.to_numeric(frame[column], errors="coerce").isna()]
        raise DesignError(f"Column {column} holds '{strange.iloc[0]}', which is not a number. Correct it.") from None


def _check_columns(frame: pd.DataFrame, named: Sequence[str]) -> None:
    if not len(frame):
        raise DesignError("The frame has no rows, so there is no sample to describe. Check how it was read.")
    absent = [name for name in named if name not in frame.columns]
    if absent:
        raise DesignError(
            f"There is no column {', '.join(absent)}. The columns are {', '.join(map(str, frame.columns))}."
        )
    gaps = [name for name in named if frame[name].isna().any()]
    if gaps:
        raise DesignError(
            f"Column {', '.join(gaps)} has missing values, but every row needs its place in the design. "
            "Fill them in; only outcomes and domains may be missing."
        )


def _codes(column: "pd.Series[Any]") -> Codes:
    codes, _ = pd.factorize(column, sort=True)
    return np.asarray(codes, dtype=np.intp)


def _labels(column: "pd.Series[Any]", codes: Codes) -> tuple[str, ...]:
    first = np.unique(codes, return_index=True)[1]
    return tuple(str(column.iloc[int(row)]) for row in first)


def _check_nested(unit: Codes, stratum: Codes, labels: tuple[str, ...], column: "pd.Series[Any] | None") -> None:
    pairs = np.unique(np.stack([unit, stratum]), axis=1)
    units, times = np.unique(pairs[0], return_counts=True)
    shared = units[times > 1]
    if len(shared) and column is not None:
        names = sorted({labels[h] for h in pairs[1][np.isin(pairs[0], shared)].tolist()})
        codes = _labels(column, unit)
        raise DesignError(
            f"The same unit code of {column.name} ({', '.join(codes[u] for u in shared[:5].tolist())}) occurs in "
            f"several strata ({', '.join(names[:10])}). If the codes are numbered afresh in each stratum, say "
            "nest=True; otherwise correct them."
        )


def _stage(parent: Codes, own: Codes, population: Floats | None, labels: tuple[str, ...], depth: int) -> Stage:
    keys, unit = np.unique(parent.astype(np.int64) * (int(own.max(initial=0)) + 1) + own, return_inverse=True)
    stratum_of_unit = np.zeros(len(keys), dtype=np.intp)
    stratum_of_unit[unit] = parent
    sampled = np.bincount(stratum_of_unit, minlength=len(labels)).astype(np.float64)
    sizes = np.full(len(labels), np.inf)
    if population is not None:
        sizes[parent] = population
        varying = sorted({labels[h] for h in parent[sizes[parent] != population].tolist()})
        if varying:
            raise DesignError(
                f"The finite population size at stage {depth} varies within {', '.join(varying[:10])}. "
                "Give one size per stratum."
            )
        short = [labels[h] for h in np.flatnonzero(sizes < sampled).tolist()]
        if short:
            raise DesignError(
                f"More units were drawn than the finite population holds at stage {depth} in {', '.join(short[:10])}. "
                "fpc columns hold population sizes, not fractions."
            )
    return Stage(unit.astype(np.intp), stratum_of_unit, sampled, sizes, labels)


def _weights(frame: pd.DataFrame, column: str | None, stages: Sequence[Stage]) -> Floats:
    if column is not None:
        weights = _numbers(frame, column)
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise DesignError(f"Column {column} has weights that are negative or not finite. Weights are 0 or more.")
        held = weights[weights > 0]
        if len(held) and not _LEAST <= held.min() <= held.max() <= _MOST:
            raise DesignError(
                f"Column {column} has weights from {held.min():g} to {held.max():g}, whose squares cannot be counted "
                "with. Weights say for how many people a row stands."
            )
        return weights
    weights = np.ones(len(frame))
    for stage in stages:
        known = np.isfinite(stage.population)
        inverse = np.where(known, stage.population, 1.0) / np.where(known, stage.sampled, 1.0)
        weights = weights * inverse[stage.stratum]
    return weights
