"""Answers that vanish, and answers that stand in line.

Where answers are drilled or made up, don't know disappears first, then the middle of the scales; whoever fills forms
in goes down one column. People do all of that by themselves now and then, so the share of interviews is what counts,
beside the others' at the same place. A volunteer who hears don't know seldom is not an alarm: honest volunteers differ,
and the reference is as wide as they do. Middles are fewer and lines straighter where people are content, so for places
these are compared among people who are equally so.

Straight lines are found in two ways (Meade & Craig 2012, Psychological Methods 17:437-455): by the longest run of one
answer, and by the standard deviation of a person's answers (Dunn et al. 2018, Journal of Business and Psychology
33:105-121), which also sees lines with single steps in them.
"""

import numpy as np

from analysis.quality.answers import Answers, Floats, Mask, Unit
from analysis.quality.comparison import Found, means, shares

LINE = 0.8  # of the scale items in one run of the same answer: a straight line
_OWN = (Unit.VOLUNTEER, Unit.POINT)  # whose answers are one hand's; a neighbourhood's are many people's
FEWEST_ITEMS = 4  # scale items answered, for a line to mean anything


def vanished_dont_know(answers: Answers) -> Found:
    """Are there fewer interviews with any don't know than among the others?"""
    possible = np.array([item.dont_know is not None for item in answers.items])
    base = _any(answers.asked[:, possible])
    return shares(
        answers, "vanished_dont_know", _any(answers.dont_know), base, low=True, measure="share_with_dont_know"
    )


def vanished_middle(answers: Answers) -> Found:
    """Are there fewer interviews with any middle answer than among the others?"""
    possible = np.array([item.middle is not None for item in answers.items])
    base = _any(answers.asked[:, possible])
    return shares(
        answers,
        "vanished_middle",
        _any(answers.middle),
        base,
        low=True,
        measure="share_with_middle",
        kinds=_OWN,
        by_content=True,
    )


def straight_lines(answers: Answers) -> Found:
    """Are there more interviews whose longest run of one answer is nearly the whole of the scale items?"""
    length, answered = longest_run(answers.scales)
    base = answered >= FEWEST_ITEMS
    return shares(
        answers,
        "straight_lines",
        length >= LINE * answered,
        base,
        low=False,
        measure="share_of_straight_lines",
        kinds=_OWN,
        by_content=True,
    )


def narrow_answers(answers: Answers) -> Found:
    """Do the answers within a person vary less than with the other volunteers at the place?

    Not asked of places: whoever is content has little to vary between.
    """
    spread = within_person(answers.scales)
    quarter = np.nanquantile(spread, 0.25) if (~np.isnan(spread)).any() else 0.0
    return means(
        answers,
        "narrow_answers",
        spread,
        low=True,
        measure="standard_deviation",
        carrying=spread <= quarter,
        kinds=(Unit.VOLUNTEER,),
    )


def longest_run(scales: Floats) -> tuple[Floats, Floats]:
    """Length of the longest run of equal answers, and answers in all, (n,) each. Unanswered items are skipped over."""
    n = len(scales)
    longest, run, last, answered = np.zeros(n), np.zeros(n), np.full(n, np.nan), np.zeros(n)
    for answer in scales.T:
        said = ~np.isnan(answer)
        run = np.where(said, np.where(answer == last, run + 1, 1), run)
        last = np.where(said, answer, last)
        longest = np.maximum(longest, run)
        answered += said
    return longest, answered


def within_person(scales: Floats) -> Floats:
    """Standard deviation of each person's answers, (n,); nan below FEWEST_ITEMS answers."""
    said: Mask = ~np.isnan(scales)
    answered = said.sum(axis=1)
    enough = answered >= FEWEST_ITEMS
    mean = np.where(said, scales, 0.0).sum(axis=1) / np.maximum(answered, 1)
    squares = np.where(said, scales - mean[:, None], 0.0) ** 2
    return np.where(enough, np.sqrt(squares.sum(axis=1) / np.maximum(answered, 1)), np.nan)


def _any(marks: Mask) -> Mask:
    return np.asarray(marks.any(axis=1))
