"""Answers to a small-area reference case in the shape of its `expected.json`: R's lme4, sae and rstanarm beside ours.

A case is a folder: units.csv (a row an interview: nbhd, district, covariates, age, sex, and the answer, 1 or 0),
areas.csv (a row an area, also those without interviews: nbhd, district, covariates) and population.csv (nbhd, age, sex,
N). All other columns of areas.csv are covariates, and every model with covariates has them all. Every area has a row in
every method; one without interviews is predicted (`"source": "prediction"`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
from scipy.special import logit, ndtr, xlogy

from analysis.design import Codes, Floats
from analysis.small_area import as_lme4, beta_binomial, fay_herriot, logistic_normal, mixed, poststratified
from analysis.small_area.areas import AreaError, Areas, read_areas
from analysis.small_area.estimate import SmallAreaEstimates, estimate
from analysis.small_area.priors import Priors, Shape, Spread
from analysis.small_area.quadrature import expit
from analysis.table_file import read_csv

KEYS = ("nbhd", "district", "age", "sex")
# rstanarm's: slopes N(0, 1) and the intercept N(0, 2) at centred covariates; decov(1, 1, 1, 1) is an exponential sigma.
STAN_PRIORS = Priors(2.0, 1.0, area=Spread(Shape.EXPONENTIAL, 1.0), scale_covariates=False)
STAN_POINTS = 1024
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A case as it was read."""

    areas: Areas
    units: pd.DataFrame  # area, sex, age, yes, n
    population: pd.DataFrame  # area, sex, age, population
    threshold: float


def read_case(folder: Path, threshold: float) -> Case:
    """Raises OSError for a missing file, and AreaError for what cannot be read in one."""
    if not 0 < threshold < 1:
        raise AreaError(f"threshold: {threshold} is not between 0 and 1. Give a share, not per cent.")
    units = _read(folder / "units.csv", "nbhd", "age", "sex")
    areas = _read(folder / "areas.csv", "nbhd", "district")
    population = _read(folder / "population.csv", "nbhd", "age", "sex", "N")
    covariates = [name for name in areas.columns if name not in {"area", "district"}]
    answers = [name for name in units.columns if name not in {"area", "district", "age", "sex", *covariates}]
    if len(answers) != 1:
        raise AreaError(f"units.csv: one column of answers is needed beside the others, not {answers}.")
    units = units[units[answers[0]].notna()]  # who did not say is not in the base
    if not units[answers[0]].isin([0, 1]).all():
        raise AreaError(f"units.csv: {answers[0]} has values other than 0 and 1. Code them so.")
    lost = sorted(set(units["area"]) - set(areas["area"]))
    if lost:
        raise AreaError(f"nbhd: {lost[0]} has interviews but no line in areas.csv. Add one.")
    counts = units.groupby("area")[answers[0]].agg(["sum", "count"]).reindex(areas["area"], fill_value=0)
    told = areas.assign(yes=counts["sum"].to_numpy(), n=counts["count"].to_numpy())
    units = units.assign(yes=units[answers[0]].astype(float), n=1.0)
    return Case(read_areas(told, covariates), units, population.rename(columns={"N": "population"}), threshold)


def _read(path: Path, *needed: str) -> pd.DataFrame:
    """A table with its keys as text whatever they look like (an area may be called 1, or NA), and numbers beside."""
    frame = read_csv(path, dtype=str, na_values=())
    absent = [column for column in needed if column not in frame.columns]
    if absent:
        raise AreaError(f"{path.name} has no column {', '.join(absent)}. Add it.")
    for column in frame.columns.difference(list(KEYS)):
        values = frame[column].replace({"": None, "NA": None})
        numbers = pd.to_numeric(values, errors="coerce")
        odd = values[numbers.isna() & values.notna()]
        if len(odd):
            raise AreaError(f"{path.name}: {column} has the value {odd.iloc[0]}. Give numbers.")
        frame[column] = numbers.astype(np.float64)
    return frame.rename(columns={"nbhd": "area"})


def answer(case: Case) -> Row:
    """Every method of the case, each a key; nan is null."""
    areas = case.areas
    parts: Mapping[str, Any] = {
        "threshold": case.threshold,
        "direct": _direct(areas),
        **_one_effect(case),
        "glmer_nested_laplace": _nested(areas),
        "beta_binomial_ml": _beta_binomial(case),
        "fh_arcsine_reml": _fay_herriot(areas, fay_herriot.arcsine(areas), "z", "p_naive_back"),
        "fh_logit_reml": _fay_herriot(areas, fay_herriot.logit(areas), "l", "p_back"),
        "mrp_glmer": _poststratified(case),
        "stan": full_bayes(case),
        "estimate": _bayes(areas, estimate(areas, case.threshold, level=0.9)),
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    }
    return {name: _plain(part) for name, part in parts.items()}


def _plain(value: Any) -> Any:
    """The value for JSON: null for what cannot be said."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _rows(areas: Areas, **columns: Floats) -> list[Row]:
    rows = []
    for i, (name, source) in enumerate(zip(areas.names, areas.sources, strict=True)):
        row: Row = {"nbhd": name, **{column: float(values[i]) for column, values in columns.items()}}
        rows.append(row if areas.n[i] > 0 else {**row, "source": source.value})
    return rows


def _named(names: Sequence[str], values: Floats) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def _saturated(areas: Areas) -> float:
    """The log-likelihood if every area had a rate of its own, without binomial coefficients."""
    yes, n = areas.yes[areas.sampled], areas.n[areas.sampled]
    return float((xlogy(yes, yes / n) + xlogy(n - yes, 1 - yes / n)).sum())


def _effect(name: str, code: Codes, levels: tuple[str, ...]) -> mixed.Effect:
    return mixed.Effect(name, code, levels)


def _direct(areas: Areas) -> list[Row]:
    rows = _rows(areas, y=areas.yes, n=areas.n, p=areas.shares)
    return [{**row, "y": int(row["y"]), "n": int(row["n"])} for row in rows]


def _one_effect(case: Case) -> dict[str, Row]:
    areas = case.areas
    found = logistic_normal.fit(areas, nested=False)
    modes = logistic_normal.area_modes(areas, found)
    variance = modes.variance
    constant = mixed.log_choose(areas.yes, areas.n) + _saturated(areas)
    if found.sigma_area > 0:
        # glmer's conditional variances are from the weights of the round before the last.
        effect = _effect("area", np.arange(len(areas.names)), areas.names)
        rows = mixed.Rows(areas.yes, areas.n, areas.design_matrix, [effect])
        sigma = np.array([found.sigma_area])
        weights = as_lme4.last_weights(rows, np.concatenate([found.beta, sigma]), _saturated(areas))
        variance = sigma**2 / (1 + sigma**2 * weights)
    linear = areas.design_matrix @ found.beta + modes.mode
    apart = logit(case.threshold) - linear
    normal = ndtr(np.divide(apart, np.sqrt(variance), out=np.copysign(np.inf, apart), where=variance > 0))
    normal[np.isnan(linear)] = np.nan
    bayes = logistic_normal.empirical_bayes(areas, found, case.threshold)
    fitted = {
        "method": found.method,
        "fixef": _named(found.coefficients, found.beta),
        "fixef_se": _named(found.coefficients, found.beta_se),
        "sigma_nbhd": found.sigma_area,
        "loglik": found.log_likelihood - constant,
        "notes": list(found.notes),
        "areas": _rows(areas, mode=modes.mode, cond_var=variance, p_mode=modes.share, p_below_threshold_normal=normal),
    }
    given = _rows(areas, p_mean=bayes.mean, p_sd=bayes.sd, p_below_threshold=bayes.below)
    return {"glmer_agq25": fitted, "eb_exact": {"method": bayes.method, "areas": given}}


def _nested(areas: Areas) -> Row:
    effects = [
        _effect("nbhd", np.arange(len(areas.names)), areas.names),
        _effect("district", areas.district, areas.districts),
    ]
    matrix, asked = areas.design_matrix, areas.sampled
    sampled = [mixed.Effect(each.name, each.code[asked], each.levels) for each in effects]
    found = mixed.fit(areas.yes[asked], areas.n[asked], matrix[asked], sampled)
    rows = mixed.Rows(areas.yes[asked], areas.n[asked], matrix[asked], sampled)
    found = as_lme4.follow(found, rows, _saturated(areas))
    linear = matrix @ found.beta + found.modes[0] + found.modes[1][areas.district]
    return {
        "method": found.method,
        "fixef": _named(("(Intercept)", *areas.covariate_names), found.beta),
        "sigma_nbhd": float(found.sigma[0]),
        "sigma_district": float(found.sigma[1]),
        "loglik": found.log_likelihood,
        "notes": list(found.notes),
        "areas": _rows(areas, p_mode=expit(linear)),
    }


def _beta_binomial(case: Case) -> Row:
    found = beta_binomial.fit(case.areas, case.threshold)
    return {
        "method": found.method,
        "mu": found.mu,
        "k": found.k,
        "alpha": found.mu * found.k,
        "beta": (1 - found.mu) * found.k,
        "rho": found.rho,
        "loglik": found.log_likelihood,
        "notes": list(found.notes),
        "areas": _rows(case.areas, p_mean=found.mean, q05=found.lower, q95=found.upper, p_below_threshold=found.below),
    }


def _fay_herriot(areas: Areas, found: fay_herriot.FayHerriot, z: str, back: str) -> Row:
    columns = {z: found.z, "vardir": found.d, "eblup": found.predictor, "mse": found.mse, back: found.share}
    return {
        "method": found.method,
        "refvar": found.variance,
        "beta": _named(found.coefficients, found.beta),
        "beta_se": _named(found.coefficients, found.beta_se),
        "loglik": found.log_likelihood,
        "notes": list(found.notes),
        "areas": _rows(areas, **columns),
    }


def _poststratified(case: Case) -> Row:
    chosen = poststratified.model(case.areas, case.units, ["sex"], ["age"], district=False)
    cells = case.units.groupby(["area", "sex", "age"], as_index=False)[["yes", "n"]].sum()
    yes, n = cells["yes"].to_numpy(np.float64), cells["n"].to_numpy(np.float64)
    found = mixed.fit(yes, n, chosen.matrix(cells), chosen.effects(cells), "logistic_mixed_poststratified")
    # glmer was given interviews, so its deviance is counted from 0, and it begins at theirs.
    ones = np.ones(len(case.units))
    answers = case.units["yes"].to_numpy(np.float64)
    rows = mixed.Rows(answers, ones, chosen.matrix(case.units), chosen.effects(case.units))
    found = as_lme4.follow(found, rows, 0.0)
    rates = poststratified.shares(chosen, cells, found, case.population)
    return {
        "method": rates.method,
        "fixef": _named(rates.coefficients, rates.beta),
        "sigma_age": float(rates.sigma[0]),
        "sigma_nbhd": float(rates.sigma[1]),
        "loglik": rates.log_likelihood - mixed.log_choose(yes, n),
        "notes": list(rates.notes),
        "areas": _rows(case.areas, p=rates.share, p_sd=rates.sd),
    }


def full_bayes(case: Case) -> Row:
    """What rstanarm answers, with its priors and without district effects."""
    alone = replace(case.areas, district=np.zeros_like(case.areas.district), districts=("",))
    found = estimate(alone, case.threshold, level=0.9, priors=STAN_PRIORS, points=STAN_POINTS)
    return _bayes(case.areas, found)


def _bayes(areas: Areas, found: SmallAreaEstimates) -> Row:
    return {
        "method": found.method,
        "parameters": {each.name: {"mean": each.mean, "sd": each.sd} for each in found.parameters},
        "points": found.diagnostics.points,
        "effective_points": found.diagnostics.effective,
        "notes": list(found.notes),
        "areas": _rows(
            areas,
            p_mean=found.mean,
            p_sd=found.sd,
            q05=found.lower,
            q95=found.upper,
            p_below_threshold=found.below,
            mc_se_mean=found.error,
        ),
    }


def table(document: Row) -> str:
    """The answers as a Markdown table: an area a line, a method a column of rates."""
    columns = {
        "direct": "p", "eb_exact": "p_mean", "glmer_nested_laplace": "p_mode", "beta_binomial_ml": "p_mean",
        "fh_arcsine_reml": "p_naive_back", "fh_logit_reml": "p_back", "mrp_glmer": "p", "stan": "p_mean",
        "estimate": "p_mean",
    }  # fmt: skip
    areas = {name: document[name] if name == "direct" else document[name]["areas"] for name in columns}
    lines = [["nbhd", "n", *columns, "below"], ["---", *["---:"] * (len(columns) + 2)]]
    for i, row in enumerate(document["direct"]):
        rates = [areas[name][i][field] for name, field in columns.items()]
        rates.append(areas["estimate"][i]["p_below_threshold"])
        lines.append([row["nbhd"], str(row["n"]), *("" if rate is None else f"{rate:.3f}" for rate in rates)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
