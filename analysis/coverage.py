"""Do the intervals hold what they promise? Samples from cities with known truth, and how often each interval holds it.

A city has districts of unequal size (the strata) whose rates differ; the points in a district have rates of their own,
spread around it by a beta distribution with the intra-class correlation of its kind. Every district gets equally many
interviews, so that weights differ by district, and people of three kinds are met too often or too seldom, so that they
differ within every point. The true share is known exactly: it is a parameter, not the average of a simulation.

Only the sums per point are drawn, many repeats at once. Value, variance, degrees of freedom and plan are those of
`estimate` (the tests compare them); the ends come from `intervals` itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt
from typing import NamedTuple

import numpy as np

from analysis.design import Floats
from analysis.intervals import Evidence, Method, interval
from analysis.planned_effect import planned

SEED, REPEATS = 1, 10_000  # of the tables in docs/methods.md
LEVEL = 0.95
METHODS = (Method.WILSON, Method.KORN_GRAUBARD, Method.XLOGIT, Method.NORMAL)
NAMES = ("Wilson", "Korn-Graubard", "xlogit", "Wald")
# What the default is to do: never cover less than the first, and lie between the others.
LEAST, LOW, HIGH = 0.93, 0.94, 0.965

# Three kinds of people: their share of the interviews.
MET = np.array([0.5, 0.3, 0.2])
# How far the districts' rates lie apart, as a multiple of p(1-p).
APART = 0.6
# The largest point of unequal ones is so many times the smallest.
UNEQUAL = 7.0
# Repeats drawn at once are so many that their points fill about this many numbers.
_AT_ONCE = 1_000_000

# Interviews, strata, points in each.
Layout = tuple[int, int, int]
FEW_UNITS: tuple[Layout, ...] = ((50, 1, 4), (200, 2, 4), (600, 4, 3), (2000, 4, 5))
MANY_UNITS: tuple[Layout, ...] = ((50, 2, 10), (200, 4, 10), (600, 4, 20), (2000, 8, 25))
LAYOUTS = (*FEW_UNITS, *MANY_UNITS)
OTHER_LAYOUTS: tuple[Layout, ...] = (
    (100, 1, 10),
    (200, 1, 5),
    (300, 1, 30),
    (400, 20, 2),
    (1000, 1, 8),
    (1000, 10, 3),
    (2000, 1, 50),
    (2000, 20, 20),
)
SHARES = (0.5, 0.7, 0.9, 0.95, 0.99)


class Kind(NamedTuple):
    """A kind of city, and how it is sampled. weights: what puts the three kinds of people right."""

    name: str
    icc: float = 0.05
    weights: tuple[float, float, float] = (0.5, 1.0, 2.0)
    unequal: bool = False  # the points, by how many people they meet
    alone: bool = False  # every point meets one person: no clusters
    layouts: tuple[Layout, ...] = LAYOUTS
    shares: tuple[float, ...] = SHARES


USUAL = Kind("as in the table")
KINDS = (
    USUAL,
    Kind("points alike", icc=0.0),
    Kind("intra-class correlation 0.01", icc=0.01),
    Kind("intra-class correlation 0.02", icc=0.02),
    Kind("intra-class correlation 0.1", icc=0.1),
    Kind("intra-class correlation 0.2", icc=0.2),
    Kind("points of unequal size", unequal=True),
    Kind("even weights of people", weights=(1.0, 1.0, 1.0)),
    Kind("very uneven weights", weights=(0.25, 1.0, 4.0)),
    Kind("shares mirrored", shares=tuple(round(1 - p, 2) for p in SHARES)),
    Kind("other layouts, 1 to 20 strata", unequal=True, layouts=OTHER_LAYOUTS),
    Kind(
        "simple random samples",
        icc=0.0,
        weights=(1.0, 1.0, 1.0),
        alone=True,
        layouts=((50, 1, 50), (200, 1, 200), (600, 1, 600)),
    ),
    Kind("stratified, weighted, no clusters", icc=0.0, alone=True, layouts=((60, 2, 30), (200, 4, 50), (600, 4, 150))),
)


class Setting(NamedTuple):
    """A true share, and a sample: n interviews at `units` points in each of `strata` districts of a kind of city."""

    p: float
    n: int
    strata: int
    units: int
    kind: Kind = USUAL


def settings(kind: Kind) -> tuple[Setting, ...]:
    """All layouts and shares of a kind of city."""
    return tuple(Setting(p, *layout, kind) for layout in kind.layouts for p in kind.shares)


SETTINGS = settings(USUAL)


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
        repeats, strata, _ = met.shape
        stratum = np.broadcast_to(np.arange(repeats * strata).reshape(repeats, strata, 1), met.shape)
        square = (self.asked * self.weight**2).sum(axis=-1)
        plans = planned(n, base[met], square[met], stratum[met], np.repeat(np.arange(repeats), strata))
        known = zip(p.tolist(), v.tolist(), n.tolist(), df.astype(float).tolist(), plans, strict=True)
        return [Evidence(share, variance, of, freedom, nan, plan) for share, variance, of, freedom, plan in known]


def draw(setting: Setting, repeats: int, rng: np.random.Generator) -> Samples:
    """`repeats` samples of a setting."""
    truth, kind = city(setting), setting.kind
    kinds, shape = len(MET), (repeats, setting.strata, setting.units)
    if kind.alone:
        asked = rng.multinomial(1, MET, size=shape)
    else:
        size = np.linspace(1.0, UNEQUAL if kind.unequal else 1.0, setting.units)
        place = np.outer(size / size.sum(), MET).ravel()
        asked = rng.multinomial(setting.n // setting.strata, place, size=shape[:2]).reshape(*shape, kinds)
    rates = np.broadcast_to(truth.rates[:, None], shape)
    if kind.icc:
        spread = (1 - kind.icc) / kind.icc
        rates = rng.beta(rates * spread, (1 - rates) * spread)
    yes = rng.binomial(asked, rates[..., None])
    weight = truth.shares[:, None, None] * np.array(kind.weights)
    return Samples(asked.astype(float), yes.astype(float), weight)


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
    kind = setting.kind
    nature = [round(1e6 * part) for part in (setting.p, kind.icc, *kind.weights)]
    rng = np.random.default_rng([seed, *nature, *setting[1:4], kind.unequal, kind.alone])
    known: list[Evidence] = []
    most = max(1, _AT_ONCE // (setting.strata * setting.units))
    while len(known) < repeats:
        known += draw(setting, min(most, repeats - len(known)), rng).evidence()
    df = sum(evidence.df for evidence in known) / repeats
    found = tuple(held(method, known, city(setting).truth) for method in METHODS)
    return Row(setting, df, found, sqrt(LEVEL * (1 - LEVEL) / repeats))


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table; coverage and its error in per cent, widths in points."""
    head = ["true p", "n", "points", "df", *NAMES, *(f"width {name}" for name in NAMES), "± MC"]
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
    return _markdown(lines)


def summary(rows: Sequence[Row]) -> str:
    """One line a kind of city: how many of its settings the default covers as it should, and the worst of each method.

    In per cent; the settings are those of `settings`.
    """
    head = [
        "city",
        "settings",
        "below 93",
        "94 to 96.5",
        "above 96.5",
        "highest",
        *(f"lowest {name}" for name in NAMES),
    ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for kind in dict.fromkeys(row.setting.kind for row in rows):
        found = np.array([[each.coverage for each in row.held] for row in rows if row.setting.kind == kind])
        default = found[:, 0]
        counts = (default < LEAST, (default >= LOW) & (default <= HIGH), default > HIGH)
        lines.append(
            [
                kind.name,
                str(len(default)),
                *(str(int(count.sum())) for count in counts),
                *(f"{100 * share:.1f}" for share in (default.max(), *found.min(axis=0))),
            ]
        )
    return _markdown(lines)


def _markdown(lines: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def documents(rows: Iterable[Row]) -> list[dict[str, object]]:
    """The rows for JSON; shares, not per cent, and null where a method never had an interval."""
    return [
        {
            "city": row.setting.kind.name,
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
