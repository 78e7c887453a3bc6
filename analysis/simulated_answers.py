"""What simulated people tick: one column of category codes for each question of a form.

A question either repeats what is known of the person (sex, age, where they live), or follows the person's outcome on an
indicator, or is an opinion that leans on how favourable the person is, or is plain chance. The rates of an indicator
stay true: "don't know" comes without regard to the outcome, and careless people are careless with opinions only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

Codes = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Question:
    """How the answers to one question come about.

    `categories` run from the most favourable to the least, without don't know; `shares` are their shares, by default
    equal. Exactly one of these, or none for chance: `column` copies a column of the people (through `renamed`);
    `indicator` with `counted` gives a counted category to those whose outcome is 1 and another to the rest, each by
    their shares; `pull` above 0 leans on `favour` with that correlation. `asked_if` names an earlier question and the
    answers that lead here.
    """

    code: str
    categories: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    column: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    indicator: str | None = None
    counted: frozenset[str] = frozenset()
    pull: float = 0.0
    dont_know: str | None = None
    dont_know_rate: float = 0.05
    asked_if: tuple[str, frozenset[str]] | None = None


def draw_answers(people: pd.DataFrame, questions: Sequence[Question], rng: np.random.Generator) -> pd.DataFrame:
    """A category code for each person and question, None where it was not asked, or the person had broken off.

    `people` as `analysis.simulated_fieldwork` gives them. Those whose manner is straight_lining always take the first
    category of opinions, those who are hasty take any.
    """
    answers: dict[str, Codes] = {}
    reached = people["answered"].to_numpy() * len(questions)
    for number, question in enumerate(questions):
        drawn = _draw(people, question, rng)
        asked = reached > number
        if question.asked_if is not None:
            earlier, leading = question.asked_if
            asked &= np.isin(answers[earlier].astype(str), list(leading))
        drawn[~asked] = None
        answers[question.code] = drawn
    return pd.DataFrame(answers, index=people.index, dtype=object)


def _draw(people: pd.DataFrame, question: Question, rng: np.random.Generator) -> Codes:
    n = len(people)
    if question.column is not None:
        own = people[question.column].astype(object)
        return own.map(lambda code: question.renamed.get(code, code), na_action="ignore").to_numpy(dtype=object)
    codes = np.array(question.categories, dtype=object)
    shares = np.array(question.shares or [1 / len(codes)] * len(codes), dtype=float)
    if question.indicator is not None:
        chosen = _by_outcome(people[question.indicator].to_numpy(dtype=float), question, shares, rng)
    elif question.pull > 0:
        noise = rng.normal(size=n)
        score = question.pull * people["favour"].to_numpy() + np.sqrt(1 - question.pull**2) * noise
        chosen = np.searchsorted(ndtri(np.cumsum(shares / shares.sum())[:-1]), -score)
        manner = people["manner"].astype(str).to_numpy()
        chosen[manner == "straight_lining"] = 0
        hasty = manner == "hasty"
        chosen[hasty] = rng.integers(0, len(codes), int(hasty.sum()))
    else:
        chosen = rng.choice(len(codes), size=n, p=shares / shares.sum())
    drawn = codes[chosen]
    if question.dont_know is not None:
        drawn[rng.random(n) < question.dont_know_rate] = question.dont_know
    return drawn


def _by_outcome(
    outcome: npt.NDArray[np.float64], question: Question, shares: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """A category among the counted for outcome 1 and among the others for 0 (or where it is not known)."""
    counts = np.array([code in question.counted for code in question.categories])
    chosen = np.empty(len(outcome), dtype=np.int64)
    for positive in (True, False):
        rows = (outcome == 1.0) == positive
        weights = np.where(counts == positive, shares, 0.0)
        chosen[rows] = rng.choice(len(shares), size=int(rows.sum()), p=weights / weights.sum())
    return chosen
