"""Interviews that are too fast, and interviews at intervals that are too regular.

What is fast depends on the questionnaire, on how many of its items were asked, and on who reads it. So a duration is
held against the median, on the log scale, of interviews of the same mode with as many items, and deviations are
counted in robust standard deviations (median absolute deviation × 1.4826; Rousseeuw & Croux 1993, JASA 88:1273-1283),
cut at 3 so that one long pause hides nothing. There is no fixed limit.

Real interviews come at uneven intervals, because people do. For a volunteer the distance of each interval from the
volunteer's own median, on the log scale, is compared with those of all the others.
"""

import numpy as np

from analysis.quality.answers import Answers, Codes, Floats, Unit
from analysis.quality.comparison import Found, means
from analysis.quality.findings import Silence

TOGETHER = 30  # interviews that a median should rest on
CUT = 3.0
FAST = -1.5  # robust standard deviations: interviews that are named
_KINDS = (Unit.VOLUNTEER, Unit.POINT)  # who works fast, or fills in fast; a neighbourhood does neither
BREAK = 180.0  # minutes: a longer interval is a break, not a pace


def fast_interviews(answers: Answers) -> Found:
    """Are a unit's interviews faster than the others'?"""
    if np.isnan(answers.seconds).all():
        return tuple(Silence("fast_interviews", kind, "no_durations") for kind in _KINDS)
    speed = robust_speed(answers)
    fast = np.nan_to_num(speed, nan=0.0) <= FAST
    return means(
        answers, "fast_interviews", speed, low=True, measure="robust_log_duration", carrying=fast, kinds=_KINDS
    )


def robust_speed(answers: Answers) -> Floats:
    """Log duration beyond the median of as many items in the same mode, in robust standard deviations, cut at ±CUT.

    (n,); nan where the duration is not known. Less than a second counts as one.
    """
    known = ~np.isnan(answers.seconds)
    speed = np.full(len(answers), np.nan)
    asked = answers.asked.sum(axis=1)
    mode = answers.place("mode").codes
    for each in np.unique(mode[known]):
        rows = np.flatnonzero(known & (mode == each))
        logs = np.log(np.maximum(answers.seconds[rows], 1.0))
        group = _together(asked[rows])
        rest = logs - np.array([np.median(logs[group == at]) for at in range(group.max() + 1)])[group]
        scale = 1.4826 * np.median(np.abs(rest))
        speed[rows] = np.clip(rest / scale, -CUT, CUT) if scale > 0 else 0.0
    return speed


def _together(asked: Codes) -> Codes:
    """Groups of neighbouring numbers of items with at least TOGETHER interviews each, as far as there are so many."""
    counts = np.bincount(asked)
    group, at, held = np.zeros(len(counts), dtype=np.int64), 0, 0
    for number, count in enumerate(counts):
        group[number] = at
        held += count
        if held >= TOGETHER and counts[number + 1 :].sum() >= TOGETHER:
            at, held = at + 1, 0
    return np.asarray(group[asked])


def regular_intervals(answers: Answers) -> Found:
    """Do a volunteer's interviews follow each other at intervals that are more even than the others'?"""
    check = "regular_intervals"
    if np.isnan(answers.minute).all():
        return (Silence(check, Unit.VOLUNTEER, "no_times"),)
    unevenness = interval_unevenness(answers)
    even = np.nan_to_num(unevenness, nan=np.inf) <= 0.25
    return means(
        answers,
        check,
        unevenness,
        low=True,
        measure="log_interval_from_own_median",
        carrying=even,
        kinds=(Unit.VOLUNTEER,),
        pooled=True,
    )


def interval_unevenness(answers: Answers) -> Floats:
    """How far the log of the interval since the volunteer's interview before lies from the volunteer's median, (n,).

    nan for the first of a shift. A second is the smallest interval.
    """
    volunteer = answers.place("volunteer").codes
    distance = np.full(len(answers), np.nan)
    known = np.flatnonzero((volunteer >= 0) & ~np.isnan(answers.minute))
    order = known[np.lexsort((answers.minute[known], volunteer[known]))]
    gap = np.diff(answers.minute[order])
    follows = (np.diff(volunteer[order]) == 0) & (gap <= BREAK)
    rows, logs = order[1:][follows], np.log(np.maximum(gap[follows], 1 / 60))
    for each in np.unique(volunteer[rows]):
        own = volunteer[rows] == each
        distance[rows[own]] = np.abs(logs[own] - np.median(logs[own]))
    return distance
