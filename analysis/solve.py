"""Answering the tasks of a reference case in the shape of R's answers.

`reference_case` reads the case. Each task of the answer carries its own keys and, under "expected", the fields that R's
answer to the same task has; nan becomes null. A share of exactly 0 or 1 has no answer in R; ours carries the intervals
that still exist there, and says so in "notes".
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf, isfinite, isnan, nan
from pathlib import Path
from typing import Any

import numpy as np

from analysis.association import association
from analysis.design import Design, LonelyStrata, Mask
from analysis.design_effect import design_effect
from analysis.estimate import (
    Estimate,
    degrees_of_freedom,
    difference,
    evidence,
    factor_mean,
    mean_of,
    ratio,
    total_of,
)
from analysis.intervals import Ends, Evidence, Method, interval, logit_ends, symmetric, t_quantile
from analysis.measure import Measure, both_present, measure
from analysis.profile_spline import fitted_information, profile_ends
from analysis.reference_case import Case, Unsupported, read_case

Task = Mapping[str, Any]
Answer = dict[str, Any]

# R's name of each interval, and ours. R's "wilson" does not cap the effective sample size.
_R_METHODS = {
    "logit": Method.XLOGIT,
    "likelihood": Method.LIKELIHOOD,  # replaced by R's own way to the same ends, `profile_spline`
    "asin": Method.ASIN,
    "beta": Method.BETA,
    "mean": Method.MEAN,
    "xlogit": Method.XLOGIT,
    "wilson": Method.WILSON_UNCAPPED,
}
_R_FULL_DF = ("logit", "asin", "mean", "xlogit", "wilson")
# Where all answers agree: the intervals that remain, in their NCHS form.
_DEGENERATE = {"wilson": Method.WILSON, "beta": Method.KORN_GRAUBARD}
# What a case can get wrong. Anything else is a fault of ours and must be seen.
_UNANSWERABLE = (KeyError, TypeError, ValueError, OSError)
_PARTS = ("design", "options", "calibration", "replicates")  # of a case, beside its tasks


class CaseError(ValueError):
    """The file is no case; the message names the part that is not what it should be."""


def solve_file(path: Path) -> tuple[Answer, bool]:
    """The answers to a case file, and whether every task was supported. Raises OSError and CaseError."""
    document = _read(path)
    kept = {key: value for key, value in document.items() if key not in ("tasks", "produced_by")}
    tasks = [{key: value for key, value in task.items() if key != "expected"} for task in document.get("tasks") or ()]
    try:
        case = read_case(document, path.parent)
    except _UNANSWERABLE as problem:
        return kept | {"tasks": [task | {"expected": {"error": _said(problem)}} for task in tasks]}, False
    answers, supported = [], True
    for task in tasks:
        answer, known = _answer(case, task)
        supported &= known
        answers.append(task | {"expected": _plain(answer)})
    return kept | {"tasks": answers}, supported


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as problem:
        raise CaseError(f"it is not UTF-8: {problem}") from None
    except json.JSONDecodeError as problem:
        raise CaseError(f"it is not JSON: {problem}") from None
    if not isinstance(document, dict):
        raise CaseError(f"a case is an object with a design and tasks, not {json.dumps(document)[:40]}")
    for part in _PARTS:
        if not isinstance(document.get(part) or {}, dict):
            raise CaseError(f"{part} is to be an object, or null")
    tasks = document.get("tasks") or []
    if not isinstance(tasks, list):
        raise CaseError("tasks is to be a list")
    for number, task in enumerate(tasks, start=1):
        if not isinstance(task, dict):
            raise CaseError(f"task {number} is to be an object with a type, not {json.dumps(task)[:40]}")
    return document


def _answer(case: Case, task: Task) -> tuple[Answer, bool]:
    """The answer to one task, and whether its kind is supported. A refusal by the design is an answer."""
    handler = _HANDLERS.get(str(task.get("type")))
    if handler is None:
        return {"error": f"task type {task.get('type')} is not supported"}, False
    try:
        return handler(case, task), True
    except LonelyStrata as refusal:
        return {"error": str(refusal)}, True
    except _UNANSWERABLE as problem:
        return {"error": _said(problem)}, False


def _said(problem: Exception) -> str:
    if isinstance(problem, KeyError):
        return f"the case does not say {problem}"
    return str(problem)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return None if not isfinite(value) else int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value


def _level(estimate: Estimate) -> Answer:
    return {"n": estimate.n, "est": estimate.value, "se": estimate.se, "var": estimate.variance, "df": estimate.df}


def _mean_or_total(case: Case, variable: Measure, kind: str) -> Answer:
    try:
        estimate = (mean_of if kind == "mean" else total_of)(case.design, variable)
    except LonelyStrata as refusal:
        return {"n": int(variable.n.sum()), "error": str(refusal)}
    scale = 1.0 if kind == "mean" else float(variable.base.sum()) ** 2
    variance = estimate.variance / scale if scale > 0 else nan
    if case.design.replicates is not None:
        variable = replace(variable, n=variable.rows)  # R's design effect of replicates counts rows of weight 0
    return _level(estimate) | {
        "ci95_t": symmetric(estimate.value, estimate.variance, estimate.df),
        "ci95_z": symmetric(estimate.value, estimate.variance, inf),
        "deff": _r_deff(case, variable, variance, kind),
        "deff_replace": design_effect(variable, variance),
    }


def _r_deff(case: Case, variable: Measure, variance_of_mean: float, kind: str) -> float:
    """Where the weights sum to fewer than n, R withholds the design effect of a linearised mean only."""
    people, n = float(variable.base.sum()), float(variable.n.sum())
    if people >= n or (kind == "mean" and case.design.replicates is None):
        return design_effect(variable, variance_of_mean, finite=True)
    return design_effect(variable, variance_of_mean) / ((people - n) / people)


def _ratio(case: Case, task: Task, domain: Mask | None = None) -> Answer:
    top, bottom = case.numbers(task["num"]), case.numbers(task["den"])
    try:
        return _level(ratio(case.design, top, bottom, domain))
    except LonelyStrata as refusal:
        known = both_present(case.design, top, bottom) & (case.design.weights > 0)
        return {"n": int((known if domain is None else known & domain).sum()), "error": str(refusal)}


def _ciprop(case: Case, variable: Measure) -> Answer:
    design = case.design
    counted = _r_rows(design, int(variable.rows.sum()))
    answer: Answer = {"n": int(variable.n.sum())}
    try:
        known = evidence(design, variable)
        errors: Answer = {}
        if known.degenerate and isnan(mean_of(design, variable).variance):
            known = replace(known, v=nan)  # all answers agree, in strata whose variance nobody can say
    except LonelyStrata as refusal:
        known = Evidence(nan, nan, 0, degrees_of_freedom(design, variable.n > 0))
        errors = {"errors": dict.fromkeys(_R_METHODS, str(refusal))}
    known = replace(known, n=counted)
    answer |= {
        "est": known.p,
        "var": known.v,
        "df": known.df,
        "nrow_used": counted,
        "degenerate": known.degenerate,
        "zero_variance": known.v < 1e-20,  # of a share: rounding
    }
    answer |= _intervals(design, variable, known, tuple(_R_METHODS))
    whole = replace(known, df=case.full_df)
    answer["full_df"] = {"df": case.full_df} | _intervals(design, variable, whole, _R_FULL_DF)
    if known.degenerate:
        answer["notes"] = ["all_answers_agree: wilson and beta take the effective n from n alone"]
    return answer | errors


def _r_rows(design: Design, rows: int) -> int:
    """R counts rows of weight 0, and after calibration it keeps the rows outside a domain with weight 0."""
    return design.rows if design.calibrations and design.replicates is None else rows


def _intervals(design: Design, variable: Measure, known: Evidence, names: Sequence[str]) -> dict[str, Ends]:
    if known.degenerate:
        own = replace(known, n=float(variable.n.sum()))
        return {name: interval(_DEGENERATE[name], own) if name in _DEGENERATE else (nan, nan) for name in names}
    ends = {name: interval(_R_METHODS[name], known) for name in names}
    v = _variance_of_logit(design, variable, known)
    if "likelihood" in names:
        information = fitted_information(variable.base, variable.total, known.n) if isfinite(v) else nan
        ends["likelihood"] = profile_ends(known, v, information)
    ends["logit"] = logit_ends(known.p, v, t_quantile(0.975, known.df))
    return ends


def _variance_of_logit(design: Design, variable: Measure, known: Evidence) -> float:
    """R fits the logit itself on every set of replicate weights; linearised, it is the delta method's."""
    if not 0 < known.p < 1:
        return nan
    if design.replicates is None:
        return known.v / (known.p * (1 - known.p)) ** 2
    factors = design.replicates.factors(design.weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (factors.T @ variable.total) / (factors.T @ variable.base)
        logits = np.log(shares / (1 - shares))[:, None]
    if np.isinf(logits).any():
        return nan  # a replicate in which all answers agree; R's value there is where its iteration gave up
    return float(design.replicates.covariance(logits, np.array([np.log(known.p / (1 - known.p))]))[0, 0])


def _by(case: Case, task: Task, one: Callable[[Mask], Answer], known: Mask) -> Answer:
    """One answer per combination of levels that occurs among the known rows."""
    names: list[str] = list(task["by"])
    known = known & case.known(*names)
    occurring = case.frame.loc[known, names].drop_duplicates().sort_values(names)
    rows = []
    for values in occurring.itertuples(index=False):
        inside = known.copy()
        for name, value in zip(names, values, strict=True):
            inside &= (case.frame[name] == value).to_numpy()
        rows.append({"level": dict(zip(names, values, strict=True))} | one(inside))
    return {"rows": rows}


def _known(case: Case, *names: str) -> Mask:
    return both_present(case.design, *(case.numbers(name) for name in names))


def _solve_mean(case: Case, task: Task) -> Answer:
    kind = task["type"].removeprefix("by_")
    values = case.numbers(task["var"])
    if task["type"] == kind:
        return _mean_or_total(case, measure(case.design, values), kind)
    return _by(
        case, task, lambda d: _mean_or_total(case, measure(case.design, values, d), kind), _known(case, task["var"])
    )


def _solve_ratio(case: Case, task: Task) -> Answer:
    if task["type"] == "by_ratio":
        return _by(case, task, lambda d: _ratio(case, task, d), _known(case, task["num"], task["den"]))
    answer = _ratio(case, task)
    if "error" in answer:
        return answer
    return answer | {"ci95_t": symmetric(answer["est"], answer["var"], answer["df"])}


def _solve_ciprop(case: Case, task: Task) -> Answer:
    values = case.numbers(task["var"])
    if not np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
        raise Unsupported(f"{task['var']} holds values other than 0 and 1")
    if task["type"] == "by_ciprop":
        return _by(case, task, lambda d: _ciprop(case, measure(case.design, values, d)), _known(case, task["var"]))
    return _ciprop(case, measure(case.design, values))


def _solve_diff(case: Case, task: Task) -> Answer:
    group = case.column(task["by"])
    masks = [(group == task[side]).to_numpy() for side in ("a", "b")]
    for side, mask in zip(("a", "b"), masks, strict=True):
        if not mask.any():
            raise Unsupported(f"{task['by']} has no value {task[side]!r}")
    values = case.numbers(task["var"])
    result = difference(case.design, values, masks[0], masks[1], known=group.notna().to_numpy())
    return {
        "n": result.n,
        "a": result.a,
        "b": result.b,
        "se_a": result.se_a,
        "se_b": result.se_b,
        "cov_ab": result.covariance,
        "est": result.value,
        "se": result.se,
        "df": result.df,
    }


def _solve_factor_mean(case: Case, task: Task) -> Answer:
    shares = factor_mean(case.design, case.column(task["var"]))
    return {
        "n": shares.n,
        "df": shares.df,
        "levels": [_text(level) for level in shares.levels],
        "est": shares.value,
        "se": np.sqrt(np.diag(shares.covariance)),
        "vcov": shares.covariance,
    }


def _text(level: object) -> str:
    """A level as R writes it."""
    if isinstance(level, bool):
        return str(level).upper()
    return str(int(level)) if isinstance(level, float) and level.is_integer() else str(level)


def _solve_chisq(case: Case, task: Task) -> Answer:
    test = association(case.design, case.column(task["v1"]), case.column(task["v2"]))
    # R scales Pearson's statistic to the rows it holds; the tests themselves do not depend on that.
    held = _r_rows(case.design, int(case.known(task["v1"], task["v2"]).sum()))
    return {
        "n": test.n,
        "F": {"statistic": test.f, "parameter": [test.f_df1, test.f_df2], "p_value": test.f_p_value},
        "Chisq": {
            "statistic": test.pearson * held / test.n,
            "parameter": test.pearson_df,
            "p_value": test.pearson_p_value,
        },
    }


def _solve_weights(case: Case, _task: Task) -> Answer:
    weights = case.design.weights
    return {
        "file": "weights_expected.csv",
        "sum": weights.sum(),
        "min": weights.min(),
        "max": weights.max(),
        "sum_sq": (weights**2).sum(),
        "weights": weights,
    }


_HANDLERS: dict[str, Callable[[Case, Task], Answer]] = {
    "mean": _solve_mean,
    "total": _solve_mean,
    "by_mean": _solve_mean,
    "by_total": _solve_mean,
    "ratio": _solve_ratio,
    "by_ratio": _solve_ratio,
    "ciprop": _solve_ciprop,
    "by_ciprop": _solve_ciprop,
    "diff": _solve_diff,
    "factor_mean": _solve_factor_mean,
    "chisq": _solve_chisq,
    "weights": _solve_weights,
}
