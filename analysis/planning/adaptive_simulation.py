"""What does adaptive placing save? Cities with known truth, a first phase, and four rules for the interviews after it.

A city has 200 neighbourhoods in 10 districts. The logit of a neighbourhood's rate is normal, a quarter of its variance
between districts. The first phase has 5 to 40 interviews in each, in proportion to people. Answers come from points of
five interviews with intra-class correlation 0.05. Then 200 further interviews are placed three times over, each time
with what is known by then:

- adaptive: `adaptive.place`, at least 5 interviews where there are any
- proportional to people, and equal in all
- nearest: 10 to each neighbourhood whose estimate is nearest to the target, until they are used up

All rules share the truth and the answers: whoever asks the k-th person of a neighbourhood gets the same answer. They
also share the model, an empirical-Bayes logit-normal without districts fitted to all answers by maximum likelihood
(Gauss-Hermite quadrature), and the judgement that loses less. What they lose is counted against the truth.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from analysis.design import Floats
from analysis.planning.adaptive import Area, Losses, place
from analysis.planning.foresight import Posteriors, logit_normal
from analysis.planning.whole_numbers import Counts, whole_numbers

SEED, REPEATS = 1, 200  # of the table in docs/methods.md
AREAS, DISTRICTS, BETWEEN = 200, 10, 0.25
FIRST = (5, 40)  # interviews of the first phase
PEOPLE_PER_INTERVIEW = 50
PER_POINT, ICC = 5, 0.05
DEFF = 1 + (PER_POINT - 1) * ICC
PHASE, PHASES = 200, 3
MOST, BATCH, NEAREST = 40, 5, 10  # further interviews of a neighbourhood in a phase
CURVE = (200, 400, 600, 800, 1000, 1300, 1600, 2000, 2500, 3000, 4000, 5000)  # further interviews placed in proportion
LOSSES = Losses()


class Setting(NamedTuple):
    """Median rate, standard deviation of the logit of the rates, and target."""

    median: float
    spread: float
    target: float


SETTINGS = (Setting(0.6, 0.7, 0.45), Setting(0.6, 0.7, 0.6), Setting(0.6, 0.4, 0.5), Setting(0.8, 0.6, 0.75))


@dataclass(frozen=True, slots=True)
class City:
    """True rates (areas,), people (areas,), first-phase interviews (areas,), and `yes` among the first 0, 1, 2 …
    people asked, (areas, people asked + 1).
    """

    rates: Floats
    people: Counts
    first: Counts
    yes: Counts


def draw(setting: Setting, rng: np.random.Generator) -> City:
    """A city and the answers of everybody who may be asked."""
    district = np.repeat(rng.normal(0, sqrt(BETWEEN), DISTRICTS), AREAS // DISTRICTS)
    own = rng.normal(0, sqrt(1 - BETWEEN), AREAS)
    rates = expit(logit(setting.median) + setting.spread * (district + own))
    first = rng.integers(FIRST[0], FIRST[1] + 1, AREAS)
    points = (FIRST[1] + PHASES * MOST) // PER_POINT
    size = (1 - ICC) / ICC
    rate = np.repeat(rng.beta(rates[:, None] * size, (1 - rates[:, None]) * size, (AREAS, points)), PER_POINT, axis=1)
    answers = rng.random(rate.shape) < rate
    yes = np.concatenate([np.zeros((AREAS, 1), dtype=np.int64), answers.cumsum(axis=1)], axis=1)
    return City(rates, first * PEOPLE_PER_INTERVIEW, first, yes)


def posteriors(city: City, asked: Counts, target: float) -> Posteriors:
    """What the model knows after so many people asked in each neighbourhood, (areas,)."""
    yes = city.yes[np.arange(AREAS), asked] / DEFF
    no = asked / DEFF - yes
    mean, sd = fitted(yes, no)
    return logit_normal(np.full(AREAS, mean), np.full(AREAS, sd), target).updated(yes, no)


NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
SPREADS = (0.05, 3.0)  # of the prior on the logit scale: the search stays within


def fitted(yes: Floats, no: Floats) -> tuple[float, float]:
    """Mean and standard deviation of the logit of the rates by maximum marginal likelihood; yes, no: (areas,)."""

    def lack(parameters: Floats) -> float:
        eta = parameters[0] + np.exp(parameters[1]) * NODES
        # log(rate) and log(1 - rate) without overflow.
        logs = np.outer(yes, -np.logaddexp(0, -eta)) + np.outer(no, -np.logaddexp(0, eta))
        highest = logs.max(axis=1)
        return -float((highest + np.log(np.exp(logs - highest[:, None]) @ NODE_WEIGHTS)).sum())

    start = np.array([logit((yes.sum() + 0.5) / (yes.sum() + no.sum() + 1)), np.log(0.5)])
    found = minimize(lack, start, method="L-BFGS-B", bounds=[(-8, 8), tuple(np.log(SPREADS))])
    return float(found.x[0]), float(np.exp(found.x[1]))


Rule = Callable[[City, Posteriors, Counts, int], Counts]  # further interviews so far, and to place -> to place


def _adaptive(city: City, known: Posteriors, _had: Counts, n: int) -> Counts:
    areas = [Area(str(i), int(people), MOST) for i, people in enumerate(city.people)]
    placed = place([known], areas, n, LOSSES, deff=DEFF, batch=BATCH)
    return np.array([each.interviews for each in placed.areas], dtype=np.int64)


def _proportional(city: City, _known: Posteriors, had: Counts, n: int) -> Counts:
    return whole_numbers(city.people.astype(np.float64), int(had.sum()) + n) - had


def _equal(_city: City, _known: Posteriors, had: Counts, n: int) -> Counts:
    return whole_numbers(np.ones(AREAS), int(had.sum()) + n) - had


def _nearest(_city: City, known: Posteriors, _had: Counts, n: int) -> Counts:
    nearest = np.argsort(np.abs(known.means - known.target), kind="stable")[: n // NEAREST]
    placed = np.zeros(AREAS, dtype=np.int64)
    placed[nearest] = NEAREST
    return placed


RULES: dict[str, Rule] = {
    "adaptive": _adaptive,
    "proportional": _proportional,
    "equal": _equal,
    "nearest": _nearest,
}


class Score(NamedTuple):
    """Judged against the truth: loss, missed neighbourhoods, false alarms; and the loss the model expected."""

    loss: float
    missed: float
    false_alarms: float
    expected: float


def judged(city: City, known: Posteriors) -> Score:
    """How the better judgement of every neighbourhood compares with the truth."""
    risk = known.at_risk
    flagged, truth = LOSSES.flagged(risk, 1 - risk), city.rates < known.target
    missed, false = float((truth & ~flagged).sum()), float((flagged & ~truth).sum())
    expected = float(LOSSES.expected(risk, 1 - risk).sum())
    return Score(LOSSES.missed * missed + LOSSES.false_alarm * false, missed, false, expected)


@dataclass(frozen=True, slots=True)
class Run:
    """One city: the score before, by rule and phase, and of ever more proportional interviews (`CURVE`)."""

    before: Score
    after: dict[str, tuple[Score, ...]]
    curve: tuple[Score, ...]


def run(setting: Setting, rng: np.random.Generator) -> Run:
    """All rules on one city."""
    city = draw(setting, rng)
    start = posteriors(city, city.first, setting.target)
    after = {}
    for name, rule in RULES.items():
        known, had, scores = start, np.zeros(AREAS, dtype=np.int64), []
        for _ in range(PHASES):
            had = had + rule(city, known, had, PHASE)
            known = posteriors(city, city.first + had, setting.target)
            scores.append(judged(city, known))
        after[name] = tuple(scores)
    people = city.people.astype(np.float64)
    longer = [
        judged(city, posteriors(city, city.first + whole_numbers(people, n), setting.target)) for n in CURVE[PHASES:]
    ]
    return Run(judged(city, start), after, (*after["proportional"], *longer))


@dataclass(frozen=True, slots=True)
class Row:
    """Means over the cities of one setting after so many further interviews. equivalent: the proportional interviews
    that lose as little as the adaptive ones, None where more than `CURVE` has; error: Monte Carlo standard error of the
    adaptive loss less the proportional one.
    """

    setting: Setting
    further: int
    scores: dict[str, Score]
    equivalent: float | None
    error: float


def rows(setting: Setting, repeats: int, seed: int) -> list[Row]:
    """The lines of one setting. Its cities depend on the seed and the setting alone."""
    rng = np.random.default_rng([seed, *(round(value * 1e6) for value in setting)])
    runs = [run(setting, rng) for _ in range(repeats)]
    before = _mean([each.before for each in runs])
    curve = np.array([before.loss, *(_mean([each.curve[i] for each in runs]).loss for i in range(len(CURVE)))])
    found = [Row(setting, 0, dict.fromkeys(RULES, before), 0.0, 0.0)]
    for phase in range(PHASES):
        scores = {name: _mean([each.after[name][phase] for each in runs]) for name in RULES}
        difference = [each.after["adaptive"][phase].loss - each.after["proportional"][phase].loss for each in runs]
        error = float(np.std(difference) / sqrt(max(repeats - 1, 1)))
        equal = equivalent(scores["adaptive"].loss, np.array([0, *CURVE], dtype=np.float64), curve)
        found.append(Row(setting, PHASE * (phase + 1), scores, equal, error))
    return found


def _mean(scores: Sequence[Score]) -> Score:
    return Score(*np.mean(scores, axis=0).tolist())


def equivalent(loss: float, interviews: Floats, curve: Floats) -> float | None:
    """Where a falling curve of losses first comes down to `loss`, a straight line between its points; None beyond."""
    reached = np.flatnonzero(curve <= loss)
    if not reached.size:
        return None
    i = int(reached[0])
    if i == 0:
        return float(interviews[0])
    part = (curve[i - 1] - loss) / (curve[i - 1] - curve[i])
    return float(interviews[i - 1] + part * (interviews[i] - interviews[i - 1]))


def table(found: Iterable[Row]) -> str:
    """The rows as a Markdown table: the loss, and in brackets the one that the model expected."""
    head = ["median", "spread", "target", "further", *(f"loss {name}" for name in RULES)]
    head += [*(f"wrong {name}" for name in RULES), "proportional for the same", "± MC"]
    lines = [head, ["---:"] * len(head)]
    for row in found:
        same = f"> {CURVE[-1]}" if row.equivalent is None else f"{row.equivalent:.0f}"
        lines.append(
            [
                f"{row.setting.median:.2f}",
                f"{row.setting.spread:.1f}",
                f"{row.setting.target:.2f}",
                str(row.further),
                *(f"{row.scores[name].loss:.2f} ({row.scores[name].expected:.2f})" for name in RULES),
                *(f"{row.scores[name].missed + row.scores[name].false_alarms:.1f}" for name in RULES),
                same,
                f"{row.error:.2f}",
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def documents(found: Iterable[Row]) -> list[dict[str, object]]:
    """The rows for JSON; null where the proportional interviews of the simulation did not suffice."""
    return [
        {
            **row.setting._asdict(),
            "further": row.further,
            "rules": {name: score._asdict() for name, score in row.scores.items()},
            "proportional_for_the_same": row.equivalent,
            "monte_carlo_error": row.error,
        }
        for row in found
    ]


def answer(seed: int, repeats: int, *, as_json: bool) -> str:
    """What `python -m analysis adaptive` prints: every setting, `repeats` cities each."""
    found = [row for setting in SETTINGS for row in rows(setting, repeats, seed)]
    return json.dumps(documents(found), indent=1, allow_nan=False) if as_json else table(found)
