"""`python -m analysis plan`: what the command line asks for, and how the answers are printed."""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from math import isfinite
from pathlib import Path

from analysis.planning.allocation import Allocation, Rule, Stratum, allocate
from analysis.planning.bethel import best_precision, cheapest
from analysis.planning.cost import Cost, Effort, cost
from analysis.planning.design_effects import Kish
from analysis.planning.inputs import PlanError
from analysis.planning.plan_files import read_fieldwork, read_levels, read_strata
from analysis.planning.sample_size import (
    Conditions,
    Demand,
    Interval,
    LevelSize,
    SampleSize,
    by_level,
    change,
    detect_change,
    precision,
    sample_size,
    threshold,
)


def add_arguments(plan: argparse.ArgumentParser) -> None:
    """The options of `plan`."""
    ways = plan.add_subparsers(dest="way", required=True)
    _add_size(ways.add_parser("size", help="how many interviews a precision, a threshold or a change takes"))
    shared = ways.add_parser("allocate", help="how interviews are shared out over strata")
    shared.add_argument("strata", type=Path, help="CSV: stratum, population[, cost, deff, least, most], rates")
    shared.add_argument("--n", type=int, help="interviews; with margins, their best common precision")
    shared.add_argument("--rule", choices=[each.value for each in Rule], help="proportional if left out")
    shared.add_argument("--power", type=float, default=0.5, help="q of the power rule (%(default)s)")
    shared.add_argument("--indicator", help="the one that the rules power, neyman and optimum go by")
    shared.add_argument(
        "--margin",
        type=_margin,
        action="append",
        default=[],
        metavar="INDICATOR=HALF-WIDTH",
        help="precision of an indicator in all strata together, one for each (Bethel)",
    )
    hours = ways.add_parser("hours", help="what a plan asks of volunteers")
    hours.add_argument("districts", type=Path, help="CSV: district, interviews, points")
    for field in fields(Effort):
        kind = int if isinstance(field.default, int) else float
        option = f"--{field.name.replace('_', '-')}"
        hours.add_argument(option, type=kind, default=field.default, help="(%(default)s)")
    for each in ways.choices.values():
        each.add_argument("--json", action="store_true", help="print JSON, not a table")


def _add_size(size: argparse.ArgumentParser) -> None:
    size.add_argument("--rate", type=float, required=True, help="the expected rate; of a change, the second wave's")
    size.add_argument("--half-width", type=float, help="wanted: an interval no wider to each side")
    size.add_argument("--relative", action="store_true", help="the half-width is a part of the rate")
    size.add_argument("--interval", choices=[each.value for each in Interval], default=Interval.WILSON.value)
    size.add_argument("--target", type=float, help="wanted: to tell the rate from this one")
    size.add_argument("--from", type=float, dest="first", help="wanted: a change from this rate")
    size.add_argument("--correlation", type=float, default=0.0, help="of the two waves' estimates (%(default)s)")
    size.add_argument("--power", type=float, default=0.8, help="(%(default)s)")
    size.add_argument("--one-sided", action="store_true", help="the test looks to one side")
    size.add_argument("--level", type=float, default=0.95, help="of the interval; of a test, 1 - this (%(default)s)")
    size.add_argument("--deff", type=float, help="the design effect; or its parts:")
    size.add_argument("--weights", type=float, default=1.0, help="design effect of the weights (%(default)s)")
    size.add_argument("--rho", type=float, default=0.0, help="intra-class correlation of a point (%(default)s)")
    size.add_argument("--per-point", type=float, default=1.0, help="interviews at a point (%(default)s)")
    size.add_argument("--population", type=int, help="people; without end if left out")
    size.add_argument("--eligible", type=float, default=1.0, help="share of the people approached (%(default)s)")
    size.add_argument("--response", type=float, default=1.0, help="share of the eligible (%(default)s)")
    size.add_argument("--levels", type=Path, help="CSV: level, areas[, population, deff]")


def _margin(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        margin = float(number)
    except ValueError:
        name = ""
    if not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not INDICATOR=HALF-WIDTH, as aware=0.03")
    return name, margin


def answer(chosen: argparse.Namespace) -> str:
    """What `plan` prints. Raises PlanError, also for a file that cannot be read."""
    try:
        found, text = _planned(chosen)
    except OSError as problem:
        raise PlanError(f"{problem.filename} cannot be read: {problem.strerror}.") from problem
    return json.dumps(document(found), indent=1, ensure_ascii=False, allow_nan=False) if chosen.json else text


def _planned(chosen: argparse.Namespace) -> tuple[object, str]:
    if chosen.way == "size":
        return _size(chosen)
    if chosen.way == "hours":
        effort = Effort(**{field.name: getattr(chosen, field.name) for field in fields(Effort)})
        needed = cost(read_fieldwork(chosen.districts), effort)
        return needed, _hours_table(needed)
    strata, indicators = read_strata(chosen.strata)
    if chosen.indicator is not None:
        strata, indicators = _only(strata, indicators, chosen.indicator)
    found = _allocated(chosen, strata, indicators)
    return {"indicators": indicators, "allocation": found}, _allocation_table(found, indicators)


def _size(chosen: argparse.Namespace) -> tuple[object, str]:
    kish = Kish(chosen.weights, chosen.rho, chosen.per_point)
    deff = kish if chosen.deff is None else chosen.deff
    under = Conditions(deff, chosen.population, chosen.eligible, chosen.response, chosen.level)
    demand = _demand(chosen)
    if chosen.levels:
        levels = by_level(demand, read_levels(chosen.levels, under))
        return levels, _level_table(levels)
    found = sample_size(demand, under)
    return found, _size_table(found)


def _demand(chosen: argparse.Namespace) -> Demand:
    two_sided = not chosen.one_sided
    if chosen.target is not None:
        if chosen.first is not None or chosen.half_width is not None:
            raise PlanError("--target stands alone: leave out --from and --half-width.")
        return threshold(chosen.rate, chosen.target, power=chosen.power, two_sided=two_sided)
    if chosen.first is not None and chosen.half_width is not None:
        return change(chosen.first, chosen.rate, chosen.half_width, correlation=chosen.correlation)
    if chosen.first is not None:
        given = {"power": chosen.power, "two_sided": two_sided, "correlation": chosen.correlation}
        return detect_change(chosen.first, chosen.rate, **given)
    if chosen.half_width is None:
        raise PlanError("Nothing is wanted: state --half-width, --target or --from.")
    return precision(chosen.rate, chosen.half_width, relative=chosen.relative, interval=chosen.interval)


def _only(strata: Sequence[Stratum], indicators: Sequence[str], kept: str) -> tuple[list[Stratum], tuple[str, ...]]:
    if kept not in indicators:
        raise PlanError(f"The file has no indicator {kept}, but {', '.join(indicators) or 'none at all'}.")
    i = indicators.index(kept)
    return [replace(each, rates=(each.rates[i],)) for each in strata], (kept,)


def _allocated(chosen: argparse.Namespace, strata: Sequence[Stratum], indicators: Sequence[str]) -> Allocation:
    if not chosen.margin:
        if chosen.n is None:
            raise PlanError("Nothing is wanted: state --n, or a --margin for each indicator.")
        return allocate(chosen.n, strata, chosen.rule or Rule.PROPORTIONAL, power=chosen.power)
    if chosen.rule:
        raise PlanError("--margin asks for Bethel's allocation: leave out --rule.")
    given = dict(chosen.margin)
    if sorted(given) != sorted(indicators):
        raise PlanError(
            f"The file has the indicators {', '.join(indicators) or '(none)'}. State one --margin for each."
        )
    margins = [given[name] for name in indicators]
    return cheapest(strata, margins) if chosen.n is None else best_precision(strata, margins, chosen.n)


def document(value: object) -> object:
    """A frozen result as plain values; null for what is not a finite number."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: document(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): document(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        pairs = value and all(isinstance(each, tuple) and len(each) == 2 and isinstance(each[0], str) for each in value)
        return {name: document(each) for name, each in value} if pairs else [document(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _markdown(lines: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _size_table(found: SampleSize) -> str:
    lines = [("", ""), ("---", "---:"), ("interviews", str(found.n)), ("approaches", str(found.approaches))]
    lines += [("wanted", f"{found.wanted:.4g}"), ("attained", f"{found.attained:.4g}")]
    lines += [(name, f"{number:g}") for name, number in found.assumed]
    return f"{_markdown(lines)}\n\n{found.formula}\n{found.source}"


def _level_table(levels: Sequence[LevelSize]) -> str:
    lines = [("level", "areas", "interviews each", "interviews", "approaches"), ("---", *["---:"] * 4)]
    lines += [(x.level, str(x.areas), str(x.each.n), str(x.n), str(x.approaches)) for x in levels]
    return f"{_markdown(lines)}\n\n{levels[0].each.formula}\n{levels[0].each.source}" if levels else _markdown(lines)


def _allocation_table(found: Allocation, indicators: Sequence[str]) -> str:
    def points(margin: float) -> str:
        return f"± {100 * margin:.1f}" if isfinite(margin) else "none"

    lines = [("stratum", "interviews", "cost", *indicators), ("---", *["---:"] * (2 + len(indicators)))]
    lines += [(x.name, str(x.n), f"{x.cost:g}", *map(points, x.margins)) for x in found.parts]
    lines.append(("all", str(found.n), f"{found.cost:g}", *map(points, found.margins)))
    return f"{_markdown(lines)}\n\n{found.formula}\n{found.source}"


def _hours_table(found: Cost) -> str:
    head = ("district", "interviews", "points", "approaches", "shifts", "hours", "travel hours", "volunteers")
    lines = [head, ("---", *["---:"] * 7)]
    lines += [
        (
            *(x.district, str(x.interviews), str(x.points), str(x.approaches), str(x.shifts)),
            *(f"{x.hours:.1f}", f"{x.travel_hours:.1f}", str(x.volunteers)),
        )
        for x in (*found.districts, found.total)
    ]
    return _markdown(lines)
