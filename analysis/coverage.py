"""Do the intervals hold what they promise? Samples from cities with known truth, and how often each interval holds it.

A city has districts of unequal size (the strata) whose rates differ; the points in a district have rates of their own,
spread around it by a beta distribution with intra-class correlation ICC. Every district gets equally many interviews,
so that weights differ by district, and people of three kinds are met too often or too seldom, so that they differ
within every point. The true share is known exactly: it is a parameter, not the average of a simulation.

Only the sums per point are drawn, all repeats at once. Value, variance and degrees of freedom are those of `estimate`
(the tests compare them); the ends come from `intervals` itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt
from typing import NamedTuple

import numpy as np

from analysis.design import Floats
from analysis.intervals import Evidence, Method, interval

SEED, REPEATS = 1, 10_000  # of the table in docs/methods.md
LEVEL = 0.95
METHODS = (Method.WILSON, Method.KORN_GRAUBARD, Method.XLOGIT, Method.NORMAL)

ICC = 0.05
# Three kinds of people: their share of the interviews, and the weight that puts them right.
MET = np.array([0.5, 0.3, 0.2])
WEIGHT = np.array([0.5, 1.0, 2.0])
# How far the districts' rates lie apart, as a multiple of p(1-p).
APART = 0.6


class Setting(NamedTuple):
    """A true share, and a sample: n interviews at `units` points in each of `strata` districts."""

    p: float
    n: int
    strata: int
    units: int


FEW_UNITS = ((50, 1, 4), (200, 2, 4), (600, 4, 3), (2000, 4, 5))
MANY_UNITS = ((50, 2, 10), (200, 4, 10), (600, 4, 20), (2000, 8, 25))
SETTINGS = tuple(Setting(p, *layout) for layout in (*FEW_UNITS, *MANY_UNITS) for p in (0.5, 0.7, 0.9, 0.95, 0.99))


@dataclass(frozen=True, slots=True)
class City:
    """The truth about the districts: `shares` of the population and `rates`, both (strata,)."""

    shares: Floats
    rates: Floats

    @property
    def truth(self) -> float:
        """The share in the whole city."""
        return float(self.shares @ self.rates)


def city(setting: Setting) -> City:
    """Districts in the proportion 1 : 2 : … : strata, the larger with the higher rate, p on average over people."""
    shares = np.arange(1.0, setting.strata + 1)
    shares /= shares.sum()
    place = np.linspace(-1.0, 1.0, setting.strata) if setting.strata > 1 else np.zeros(1)
    place -= shares @ place
    return City(shares, setting.p + APART * setting.p * (1 - setting.p) * place)


@dataclass(frozen=True, slots=True)
class Samples:
    """Sums per repeat, stratum, point and kind of person: `asked` and `yes` (repeats, strata, units, kinds); `weight`
    (strata, 1, kinds).
    """

    asked: Floats
    yes: Floats
    weight: Floats

    def evidence(self) -> list[Evidence]:
        """What each sample knows about the share, as `estimate.evidence` would say it from the rows."""
        base, total = (self.asked * self.weight).sum(axis=-1), (self.yes * self.weight).sum(axis=-1)
        n, yes = self.asked.sum(axis=(1, 2, 3)), self.yes.sum(axis=(1, 2, 3))
        p = total.sum(axis=(1, 2)) / base.sum(axis=(1, 2))
        influence = (total - p[:, None, None] * base) / base.sum(axis=(1, 2))[:, None, None]
        # A point that met nobody leaves no rows, so it is no unit of the sample.
        met = base > 0
        units = met.sum(axis=2)
        centre = influence.sum(axis=2) / np.maximum(units, 1)
        squares = np.where(met, (influence - centre[:, :, None]) ** 2, 0.0).sum(axis=2)
        v = (squares * units / np.maximum(units - 1, 1)).sum(axis=1)
        df = units.sum(axis=1) - (units > 0).sum(axis=1)
        agreed = (yes == 0) | (yes == n)
        p, v = np.where(agreed, yes / n, p), np.where(agreed, 0.0, v)
        return [
            Evidence(*known)
            for known in zip(p.tolist(), v.tolist(), n.tolist(), df.astype(float).tolist(), strict=True)
        ]


def draw(setting: Setting, repeats: int, rng: np.random.Generator) -> Samples:
    """`repeats` samples of a setting."""
    truth = city(setting)
    kinds, shape = len(MET), (repeats, setting.strata, setting.units)
    place = np.tile(MET / setting.units, setting.units)
    asked = rng.multinomial(setting.n // setting.strata, place, size=shape[:2]).reshape(*shape, kinds)
    spread = (1 - ICC) / ICC
    rate = truth.rates[:, None] * np.ones(setting.units)
    rates = rng.beta(rate * spread, (1 - rate) * spread, size=shape)
    yes = rng.binomial(asked, rates[..., None])
    return Samples(asked.astype(float), yes.astype(float), truth.shares[:, None, None] * WEIGHT)


@dataclass(frozen=True, slots=True)
class Held:
    """How an interval did: the share of samples whose interval holds the truth, and the mean width.

    No interval counts as not holding the truth; `silent` is the share of such samples. They have no width.
    """

    method: Method
    coverage: float
    width: float
    silent: float


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: `df` is the mean over the samples, `error` the Monte Carlo standard error of a coverage of 95 %."""

    setting: Setting
    df: float
    held: tuple[Held, ...]
    error: float


def held(method: Method, known: Sequence[Evidence], truth: float) -> Held:
    """How often the intervals of `method` hold the truth."""
    ends = [interval(method, evidence, LEVEL) for evidence in known]
    spoken = [(lower, upper) for lower, upper in ends if isfinite(lower)]
    holding = sum(lower <= truth <= upper for lower, upper in spoken)
    width = sum(upper - lower for lower, upper in spoken) / len(spoken) if spoken else nan
    return Held(method, holding / len(known), width, 1 - len(spoken) / len(known))


def coverage(setting: Setting, repeats: int, seed: int) -> Row:
    """One line of the table. The samples depend on the seed and the setting alone, not on what else is in the table."""
    rng = np.random.default_rng([seed, round(setting.p * 1e6), setting.n, setting.strata, setting.units])
    known = draw(setting, repeats, rng).evidence()
    df = sum(evidence.df for evidence in known) / repeats
    found = tuple(held(method, known, city(setting).truth) for method in METHODS)
    return Row(setting, df, found, sqrt(LEVEL * (1 - LEVEL) / repeats))


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table; coverage and its error in per cent, widths in points."""
    names = ("Wilson", "Korn-Graubard", "xlogit", "Wald")
    head = ["true p", "n", "points", "df", *names, *(f"width {name}" for name in names), "± MC"]
    lines = [head, ["---:"] * len(head)]
    for row in rows:
        s = row.setting
        lines.append(
            [
                f"{s.p:.2f}",
                str(s.n),
                str(s.strata * s.units),
                f"{row.df:.0f}",
                *(f"{100 * each.coverage:.1f}" for each in row.held),
                *(f"{100 * each.width:.1f}" for each in row.held),
                f"{100 * row.error:.2f}",
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def documents(rows: Iterable[Row]) -> list[dict[str, object]]:
    """The rows for JSON; shares, not per cent, and null where a method never had an interval."""
    return [
        {
            "p": row.setting.p,
            "n": row.setting.n,
            "strata": row.setting.strata,
            "points": row.setting.strata * row.setting.units,
            "df": row.df,
            "monte_carlo_error": row.error,
            "intervals": {
                each.method.value: {
                    "coverage": each.coverage,
                    "width": each.width if isfinite(each.width) else None,
                    "silent": each.silent,
                }
                for each in row.held
            },
        }
        for row in rows
    ]
