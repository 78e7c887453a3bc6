"""A reference case: the data, the design and the options that its JSON file describes.

`case.json` lies beside `data.csv`, and `repweights.csv` where the variance is to come from replicate weights. What it
describes follows R: `svydesign`, `svrepdesign`, `postStratify`, `rake`, `calibrate`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.calibration import Margin, calibrate, margin, poststratify, rake
from analysis.design import Design, Floats, Mask, declare
from analysis.estimate import degrees_of_freedom
from analysis.model_formula import formula_columns
from analysis.replicates import Replicates
from analysis.table_file import read_csv

# R's `grake`: the least ratio of all totals to those of the sample from which it scales the weights up.
_FAR_BELOW = 20


class Unsupported(ValueError):
    """The case asks for something that is not implemented."""


@dataclass(frozen=True, slots=True)
class Case:
    """The data of a case and its design, ready for tasks."""

    frame: pd.DataFrame
    design: Design
    df: float | None = None  # of the whole design where the case says it; R counts those of each task from its rows

    def column(self, name: str) -> "pd.Series[Any]":
        """A column as it stands."""
        if name not in self.frame:
            raise Unsupported(f"the data have no column {name}")
        return self.frame[name]

    def numbers(self, name: str) -> Floats:
        """A column as (rows,) numbers."""
        column = self.column(name)
        try:
            return column.to_numpy(np.float64)
        except (TypeError, ValueError):
            raise Unsupported(f"column {name} holds something that is not a number") from None

    def known(self, *names: str) -> Mask:
        """(rows,) True where all these columns have a value."""
        known = np.ones(len(self.frame), dtype=np.bool_)
        for name in names:
            known &= self.column(name).notna().to_numpy()
        return known

    @property
    def full_df(self) -> float:
        """Degrees of freedom of the whole design."""
        return degrees_of_freedom(self.design, self.design.weights > 0) if self.df is None else self.df


def read_case(document: Mapping[str, Any], folder: Path) -> Case:
    """The case's data and design: declared, calibrated, with replicate weights where it has them."""
    text = dict.fromkeys(document.get("string_columns") or (), str)
    frame = read_csv(folder / (document.get("data") or "data.csv"), dtype=text)
    spec, options = document.get("design") or {}, document.get("options") or {}
    design = declare(
        frame,
        ids=spec.get("ids"),
        strata=spec.get("strata"),
        weights=spec.get("weights"),
        fpc=spec.get("fpc"),
        nest=bool(spec.get("nest")),
        lonely=options.get("lonely_psu") or "fail",
        lonely_domains=bool(options.get("adjust_domain_lonely")),
    )
    df: float | None = None
    if document.get("replicates"):
        design = design.with_replicates(_replicates(document["replicates"], folder))
        df = document["replicates"].get("degf")
    if document.get("calibration"):
        design = _calibrated(design, frame, document["calibration"])
        df = None if _counted_anew(document["calibration"]) else df
    return Case(frame, design, df)


def _counted_anew(spec: Mapping[str, Any]) -> bool:
    """R counts the degrees of freedom of replicate weights anew after these steps, and keeps them after the others."""
    return spec["type"] != "calibrate" or (spec["calfun"] == "linear" and not spec.get("bounds"))


def _replicates(spec: Mapping[str, Any], folder: Path) -> Replicates:
    weights = read_csv(folder / (spec.get("file") or "repweights.csv")).to_numpy(np.float64)
    rscales = np.broadcast_to(np.asarray(spec["rscales"], dtype=np.float64), weights.shape[1:])
    return Replicates(weights, float(spec["scale"]), rscales, bool(spec.get("mse")))


def _calibrated(design: Design, frame: pd.DataFrame, spec: Mapping[str, Any]) -> Design:
    kind = spec["type"]
    if kind == "poststratify":
        return poststratify(design, _margin(frame, spec))
    if kind == "rake":
        return rake(design, [_margin(frame, one) for one in spec["margins"]])
    if kind == "calibrate":
        columns = formula_columns(frame, spec["formula"], spec.get("levels") or {})
        if set(columns) != set(spec["population"]):
            odd = ", ".join(sorted(set(columns) ^ set(spec["population"])))
            raise Unsupported(f"the population totals do not name the columns of the model matrix: {odd}")
        totals = np.array([spec["population"][name] for name in columns], dtype=np.float64)
        bounds = _bounds(spec["bounds"]) if spec.get("bounds") else None
        variables = np.column_stack(list(columns.values()))
        if spec["calfun"] != "linear" or bounds:
            design = _scaled_up(design, variables, totals)
        return calibrate(design, variables, totals, distance=spec["calfun"], bounds=bounds)
    raise Unsupported(f"calibration {kind}")


def _scaled_up(design: Design, variables: Floats, totals: Floats) -> Design:
    """Weights far below the population's size are scaled up first, as R does: bounds then hold for what is left."""
    weights = design.weights * _scales(variables, design.weights[:, None], totals)
    if design.replicates is None:
        return replace(design, weights=weights)
    sets = design.replicates.weights
    scaled = replace(design.replicates, weights=sets * _scales(variables, sets, totals))
    return replace(design, weights=weights, replicates=scaled)


def _scales(variables: Floats, weights: Floats, totals: Floats) -> Floats:
    """(sets,): by how much each set of weights (rows, sets) is scaled up."""
    sums = variables.T @ weights
    ratios = np.divide(totals[:, None], sums, out=np.zeros_like(sums), where=sums != 0)
    scales: Floats = np.where(ratios.min(axis=0) > _FAR_BELOW, ratios.mean(axis=0), 1.0)
    return scales


def _bounds(given: Sequence[float | str | None]) -> tuple[float, float]:
    """Null is no bound, and R's Inf is written as text."""
    low, high = given
    return (-inf if low is None else float(low)), (inf if high is None else float(high))


def _margin(frame: pd.DataFrame, spec: Mapping[str, Any]) -> Margin:
    population = pd.DataFrame(spec["population"])
    for name in spec["vars"]:
        population[name] = population[name].astype(frame[name].dtype)
    return margin(frame, population[[*spec["vars"], "Freq"]], size="Freq")
