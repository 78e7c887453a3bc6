"""Small waves made by hand or by chance, for the tests of the quality checks."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.quality.answers import Answers, Floats, Item, checked_answers
from analysis.quality.comparison import Found
from analysis.quality.findings import Finding

FIVE = ("a", "b", "c", "d", "e")


def scale_items(n: int) -> tuple[Item, ...]:
    """Scales of five with don't know."""
    return tuple(Item(f"q{at}", FIVE, scale=True, dont_know="dk") for at in range(1, n + 1))


def frame_of(rows: Sequence[str], **columns: Sequence[object]) -> pd.DataFrame:
    """Each row a word of answers a to e, "-" for don't know, "." for not asked; the other columns as given."""
    letters = {"-": "dk", ".": None}
    answers = {
        f"q{at + 1}": [letters.get(row[at], row[at]) for row in rows] for at in range(len(rows[0]) if rows else 0)
    }
    return pd.DataFrame({"id": [f"R{at}" for at in range(len(rows))], **columns, **answers})


def wave(
    rng: np.random.Generator,
    *,
    volunteers: int = 20,
    points: int = 5,
    each: int = 8,
    items: int = 10,
    voice: float = 0.0,
    place: float = 0.0,
    unsure: float = 0.05,
) -> pd.DataFrame:
    """Volunteers × points, `each` interviews in every pair.

    `voice` and `place` are standard deviations of what volunteers and places do to the answers, on the normal scale.
    """
    volunteer = np.repeat(np.arange(volunteers), points * each)
    point = np.tile(np.repeat(np.arange(points), each), volunteers)
    score = rng.normal(size=(len(point), items)) + rng.normal(0, place, points)[point][:, None]
    score += rng.normal(0, voice, volunteers)[volunteer][:, None]
    codes = np.searchsorted(np.array([-0.5, 0.4, 1.0, 1.6]), score)
    codes = np.where(rng.random(codes.shape) < unsure, 5, codes)
    names = np.array([*FIVE, "dk"], dtype=object)
    return pd.DataFrame(
        {
            "id": [f"R{at}" for at in range(len(point))],
            "district": "D",
            "neighbourhood": [f"N{at}" for at in point],
            "point": [f"P{at}" for at in point],
            "volunteer": [f"V{at:02}" for at in volunteer],
            "mode": "intercept",
            **{f"q{at + 1}": names[codes[:, at]] for at in range(items)},
        }
    )


def answers_of(frame: pd.DataFrame) -> Answers:
    """The frame with a scale for each of its columns q1, q2, …"""
    return checked_answers(frame, scale_items(sum(column.startswith("q") for column in frame.columns)))


def of(found: Found, unit: str) -> Finding:
    """The one finding about a unit."""
    findings = [each for each in found if isinstance(each, Finding) and each.unit == unit]
    assert len(findings) == 1, findings
    return findings[0]


def p_values(found: Found) -> Floats:
    """All p-values that could be had."""
    p = np.array([each.p_value for each in found if isinstance(each, Finding)], dtype=np.float64)
    return np.asarray(p[~np.isnan(p)])
