"""All checks of a wave, and the list of whom to contact again first.

Nothing here decides anything about anybody. A unit is on the list because its interviews differ from what honest ones
do, and the reasons stand beside it with the interviews they rest on.
"""

from collections.abc import Callable, Iterator

import numpy as np

from analysis.quality.answer_patterns import narrow_answers, straight_lines, vanished_dont_know, vanished_middle
from analysis.quality.answers import Answers, Unit
from analysis.quality.bursts import bursts
from analysis.quality.coaching import identical_answers, jumps, poster_gap
from analysis.quality.comparison import Found
from analysis.quality.findings import Finding, Silence
from analysis.quality.interviewer_effects import interviewer_effects
from analysis.quality.leads import Review, leads
from analysis.quality.near_duplicates import near_duplicates
from analysis.quality.pace import fast_interviews, regular_intervals

CHECKS: tuple[Callable[[Answers, np.random.Generator], Found], ...] = (
    near_duplicates,
    lambda answers, _: vanished_dont_know(answers),
    lambda answers, _: vanished_middle(answers),
    lambda answers, _: straight_lines(answers),
    lambda answers, _: narrow_answers(answers),
    lambda answers, _: interviewer_effects(answers),
    lambda answers, _: fast_interviews(answers),
    lambda answers, _: regular_intervals(answers),
    bursts,
    jumps,
    identical_answers,
    lambda answers, _: poster_gap(answers),
)


def review(answers: Answers, rng: np.random.Generator) -> Review:
    """Every check on every unit. An empty file has none."""
    results = [each for check in CHECKS for each in check(answers, rng)] if len(answers) else []
    findings = tuple(each for each in results if isinstance(each, Finding))
    silences = tuple(each for each in results if isinstance(each, Silence))
    return Review(findings, silences, leads(findings, dict(_districts(answers))))


def _districts(answers: Answers) -> Iterator[tuple[tuple[Unit, str], str]]:
    """Where each point and neighbourhood lies: the district of most of its interviews."""
    district = answers.place("district")
    for kind in (Unit.POINT, Unit.NEIGHBOURHOOD):
        unit = answers.unit(kind)
        known = (unit.codes >= 0) & (district.codes >= 0)
        for at in np.unique(unit.codes[known]).tolist():
            most = np.bincount(district.codes[known & (unit.codes == at)]).argmax()
            yield (kind, unit.names[at]), district.names[most]
