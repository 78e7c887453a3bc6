"""What do weights and models make of an open sample? Cities with known truth, where the selection is known as well.

A city has districts of unequal size, sexes, age bands, and people who are active in their neighbourhood or not: a
question that both samples ask and that no census knows. What people think depends on all of them. A point shifts the
thoughts of everybody met there on the probit scale, so that a cell's rate over all points is exactly what it should be
(as in `simulated_fieldwork`). The reference sample meets people at its own points as the population is; the open
sample answers at others, with a chance that is exp(selection), given a person's kind and, where the scenario says so,
the answer. The true share is a sum over people, not the average of a simulation.

Each repeat goes through the library itself: the same tally, weights, variances and intervals as a wave.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, ndtr, ndtri

from analysis.columns import (
    AGE_BAND,
    DISTRICT,
    MODE,
    NEIGHBOURHOOD,
    POPULATION,
    SEX,
    STRATUM,
    STREET,
    UNIT,
    checked_population,
)
from analysis.design import Floats
from analysis.doubly_robust import doubly_robust
from analysis.estimate import Estimate, proportion_of
from analysis.mode_gap import mode_gap
from analysis.modes import OPEN_QR
from analysis.propensity import Propensity
from analysis.pseudo_weights import pseudo_weighted, weigh
from analysis.rates import RateRules, wave_design
from analysis.tally import Tally, tally
from analysis.wave_tally import TALLY_KEYS

SEED, REPEATS = 1, 400  # of the table in docs/methods.md
LEVEL = 0.95
REFERENCE, ANSWER, ACTIVE = "intercept", "aware", "active"

DISTRICTS, SEXES, BANDS = 4, ("F", "M"), ("18-34", "35-59", "60+")
PEOPLE = 200_000
POINTS = 8  # of each mode in each district
AT_POINT = 25  # interviews of the reference sample; the open sample has about twice as many answers in all
LATENT = 0.08  # correlation of the latent scores of two people at one point: about 0.05 between their answers
COMPANY = 0.05  # the same for being active


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who answers by themselves, on the log scale, and what the models know of it.

    groups: by sex and age band; active: by the common question; answer: by the answer itself. asked, predictors: the
    common questions in the propensity and in the prediction.
    """

    code: str
    title: str
    groups: float = 0.0
    active: float = 0.0
    answer: float = 0.0
    asked: tuple[str, ...] = (ACTIVE,)
    predictors: tuple[str, ...] = (ACTIVE,)


SCENARIOS = (
    Scenario("none", "no selection"),
    Scenario("groups", "sex and age", groups=1.0),
    Scenario("question", "a common question", groups=1.0, active=1.2),
    Scenario("propensity_wrong", "the same, propensity wrong", groups=1.0, active=1.2, asked=()),
    Scenario("prediction_wrong", "the same, prediction wrong", groups=1.0, active=1.2, predictors=()),
    Scenario("answer", "the answer itself", groups=1.0, answer=0.6),
)

# The estimates that are compared, and how the table calls them.
ESTIMATES = {
    "open": "open, as it is",
    "calibrated": "open, post-stratified",
    "elliott_valliant": "pseudo-weights (Elliott-Valliant)",
    "chen_li_wu": "pseudo-weights (Chen-Li-Wu)",
    "doubly_robust": "doubly robust",
    "reference": "reference sample",
}


@dataclass(frozen=True, slots=True)
class Town:
    """The truth. Arrays are district × sex × age band × active: people, and their rates."""

    people: Floats
    rates: Floats

    @property
    def truth(self) -> float:
        """The share in the whole city."""
        return float((self.people * self.rates).sum() / self.people.sum())

    @property
    def population(self) -> pd.DataFrame:
        """What a census knows: people by district, sex and age band."""
        sizes = self.people.sum(axis=3)
        lines = [
            (f"D{d}", SEXES[s], BANDS[a], sizes[d, s, a]) for d, s, a in np.ndindex(DISTRICTS, len(SEXES), len(BANDS))
        ]
        return pd.DataFrame(lines, columns=[DISTRICT, SEX, AGE_BAND, POPULATION])


def town() -> Town:
    """The one city of every scenario: the old, women and the active are more content."""
    d, s, a, active = np.ix_(range(DISTRICTS), range(2), range(3), range(2))
    sizes = (1.0 + d) * (1 + 0.05 * (1 - s)) * (1.2 - 0.2 * a)
    share = expit(-0.8 + 0.4 * a + 0.2 * (d - 1.5))
    people = sizes * np.where(active == 1, share, 1 - share)
    score = 0.1 + 0.1 * (d - 1.5) + 0.1 * (1 - s) + 0.15 * (a - 1) + 0.6 * active
    return Town(people * PEOPLE / people.sum(), ndtr(score))


Counts = npt.NDArray[np.int64]


def draw(place: Town, scenario: Scenario, rng: np.random.Generator) -> Tally:
    """One wave of both samples, as a tally."""
    shape = (DISTRICTS, POINTS, *place.people.shape[1:])
    reference = _met(place, rng.standard_normal((DISTRICTS, POINTS)), rng)
    # The open sample: each kind at each point in its expected number, the active in company.
    s, a, active = np.ix_(range(2), range(3), range(2))
    pull = np.exp(scenario.groups * (0.4 * (1 - s) - 0.6 * (a - 1)) + scenario.active * active)
    expected = place.people * pull
    expected *= 2 * DISTRICTS * POINTS * AT_POINT / POINTS / expected.sum()
    own = rng.gamma(1 / COMPANY, COMPANY, size=(DISTRICTS, POINTS, 1, 1, 2))
    rate = _at_points(place.rates, rng.standard_normal((DISTRICTS, POINTS)))
    lift = np.exp(scenario.answer)
    # As many answers as without the selection on them, more of them favourable.
    level = place.truth * lift + 1 - place.truth
    wanted = np.broadcast_to(expected[:, None] * own / level, shape)
    chosen = np.stack([rng.poisson(wanted * (1 - rate)), rng.poisson(wanted * rate * lift)], axis=-1)
    rows = pd.concat([_rows(REFERENCE, reference), _rows(OPEN_QR, chosen)], ignore_index=True)
    return tally(rows, (*TALLY_KEYS, ACTIVE), [ANSWER])


def _at_points(rates: Floats, shift: Floats) -> Floats:
    """Rates at points whose people share a standard normal shift: Φ((z + √r · shift)/√(1 - r)), z on average."""
    score = ndtri(rates)[:, None] + sqrt(LATENT) * shift[:, :, None, None, None]
    return np.asarray(ndtr(score / sqrt(1 - LATENT)))


def _met(place: Town, shift: Floats, rng: np.random.Generator) -> Counts:
    """Answers (district, point, sex, band, active, answer) of the reference sample: AT_POINT interviews at a point."""
    sizes = place.people.sum(axis=3)
    groups = (sizes / sizes.sum(axis=(1, 2), keepdims=True)).reshape(DISTRICTS, -1)
    met = rng.multinomial(AT_POINT, np.repeat(groups[:, None], POINTS, axis=1))
    met = met.reshape(DISTRICTS, POINTS, len(SEXES), len(BANDS))
    share, spread = (place.people[..., 1] / sizes)[:, None], 1 / COMPANY - 1
    active = rng.binomial(met, rng.beta(share * spread, (1 - share) * spread, size=met.shape))
    kinds = np.stack([met - active, active], axis=-1)
    yes = rng.binomial(kinds, _at_points(place.rates, shift))
    return np.stack([kinds - yes, yes], axis=-1).astype(np.int64)


def _rows(mode: str, counts: Counts) -> pd.DataFrame:
    """One line an interview; the points of the two modes are different ones."""
    d, p, s, a, active, answer = np.repeat(np.argwhere(counts > 0), counts[counts > 0], axis=0).T
    home = _named(d, [f"D{district}" for district in range(DISTRICTS)])
    none = _named(np.full(len(d), -1), ["none"])
    return pd.DataFrame(
        {
            MODE: mode,
            STRATUM: home,
            UNIT: pd.Series(d * POINTS + p).map(lambda number: f"{mode} {number}"),
            DISTRICT: home,
            STREET: none,
            NEIGHBOURHOOD: none,
            SEX: _named(s, SEXES),
            AGE_BAND: _named(a, BANDS),
            ACTIVE: _named(active, ["no", "yes"]),
            ANSWER: answer.astype(np.float64),
        }
    )


def _named(codes: Counts, names: Sequence[str]) -> "pd.Categorical[str]":
    return pd.Categorical.from_codes(codes, pd.Index(names))


def estimates(reduced: Tally, population: pd.DataFrame, scenario: Scenario) -> dict[str, Estimate]:
    """Every estimate of `ESTIMATES` from one wave."""
    rules, margins = RateRules(), checked_population(population)
    found: dict[str, Estimate] = {}
    for name, mode, known in (
        ("open", OPEN_QR, None),
        ("calibrated", OPEN_QR, margins),
        ("reference", REFERENCE, margins),
    ):
        part = reduced.where(reduced.cells[MODE] == mode)
        sample = wave_design(part.cells, known, rules)
        found[name] = proportion_of(sample.design, part.measure(ANSWER, sample.factor))
    for model in Propensity:
        weighted = weigh(reduced, population, REFERENCE, asked=scenario.asked, model=model)
        found[model.value] = pseudo_weighted(weighted, ANSWER).estimate
        if model is Propensity.CHEN_LI_WU:
            found["doubly_robust"] = doubly_robust(weighted, ANSWER, scenario.predictors).estimate
    return {name: found[name] for name in ESTIMATES}


@dataclass(frozen=True, slots=True)
class Line:
    """One estimate in one scenario, over the repeats: bias, root mean square error, coverage and mean width."""

    name: str
    bias: float
    rmse: float
    coverage: float
    width: float


@dataclass(frozen=True, slots=True)
class Block:
    """One scenario. average, anywhere, wald: how often these tests of the gap reject at 5 %. error: the Monte Carlo
    standard error of a coverage of 95 %.
    """

    scenario: Scenario
    truth: float
    lines: tuple[Line, ...]
    average: float
    anywhere: float
    wald: float
    error: float


def simulate(scenario: Scenario, repeats: int, seed: int) -> Block:
    """One block of the table; it depends on seed and scenario alone, not on what else is in the table."""
    place = town()
    population = place.population
    rng = np.random.default_rng([seed, *scenario.code.encode()])
    drawn: dict[str, list[Estimate]] = {name: [] for name in ESTIMATES}
    rejected = np.zeros((repeats, 3))
    for repeat in range(repeats):
        reduced = draw(place, scenario, rng)
        for name, estimate in estimates(reduced, population, scenario).items():
            drawn[name].append(estimate)
        gap = mode_gap(reduced, population, ANSWER, REFERENCE)
        p_values = (gap.average.p_value, gap.anywhere.p_value, gap.anywhere.wald_p_value)
        rejected[repeat] = [p <= 1 - LEVEL for p in p_values]
    lines = tuple(_line(name, found, place.truth) for name, found in drawn.items())
    average, anywhere, wald = rejected.mean(axis=0).tolist()
    return Block(scenario, place.truth, lines, average, anywhere, wald, sqrt(LEVEL * (1 - LEVEL) / repeats))


def _line(name: str, found: Sequence[Estimate], truth: float) -> Line:
    errors = np.array([estimate.value - truth for estimate in found])
    held = [estimate.lower <= truth <= estimate.upper for estimate in found]
    width = [estimate.upper - estimate.lower for estimate in found]
    rmse = sqrt(float((errors**2).mean()))
    return Line(name, float(errors.mean()), rmse, float(np.mean(held)), float(np.mean(width)))


def table(blocks: Iterable[Block]) -> str:
    """Two Markdown tables, for the estimates and for the tests of the gap; in points and per cent."""
    blocks = tuple(blocks)
    estimated = [["who answers by choice", "estimate", "bias", "RMSE", "coverage", "width", "± MC"]]
    estimated += [
        [
            block.scenario.title,
            ESTIMATES[line.name],
            f"{round(100 * line.bias, 1) + 0.0:+.1f}",  # never -0.0
            f"{100 * line.rmse:.1f}",
            f"{100 * line.coverage:.1f}",
            f"{100 * line.width:.1f}",
            f"{100 * block.error:.1f}",
        ]
        for block in blocks
        for line in block.lines
    ]
    tested = [["who answers by choice", "average gap", "gap anywhere (Rao-Scott)", "gap anywhere (Wald)"]]
    tested += [
        [block.scenario.title, *(f"{100 * share:.1f}" for share in (block.average, block.anywhere, block.wald))]
        for block in blocks
        # The same selection seen by other models has the same gaps.
        if not block.scenario.code.endswith("_wrong")
    ]
    return "\n\n".join(_markdown(lines, words) for lines, words in ((estimated, 2), (tested, 1)))


def _markdown(lines: Sequence[Sequence[str]], words: int) -> str:
    """words: how many columns hold text; the others are numbers."""
    rule = ["---"] * words + ["---:"] * (len(lines[0]) - words)
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))


def documents(blocks: Iterable[Block]) -> list[dict[str, object]]:
    """The blocks for JSON; shares, not per cent."""
    return [
        {
            "scenario": block.scenario.code,
            "truth": block.truth,
            "monte_carlo_error": block.error,
            "gap_rejected": {"average": block.average, "anywhere": block.anywhere, "wald": block.wald},
            "estimates": {
                line.name: {"bias": line.bias, "rmse": line.rmse, "coverage": line.coverage, "width": line.width}
                for line in block.lines
            },
        }
        for block in blocks
    ]


def answer(seed: int, repeats: int, *, as_json: bool) -> str:
    """What `python -m analysis modes` prints: every scenario, `repeats` waves each."""
    blocks = [simulate(scenario, repeats, seed) for scenario in SCENARIOS]
    return json.dumps(documents(blocks), indent=1, allow_nan=False) if as_json else table(blocks)
