"""What is allowed in a wave plan but worth knowing before the wave opens.

Interviews at one place are alike, so a rate's variance comes from the differences between points: one point gives
none at all, and at least four a district are needed for a usable interval.
"""

from collections import Counter

from survey.domain.frame import Frame
from survey.domain.margins import people_by_cell
from survey.domain.problems import Problem
from survey.domain.questionnaire import Questionnaire
from survey.domain.quota import district_sizes
from survey.domain.wave import Mode, WavePlan, Within

FEWEST_POINTS = 4
_CLUSTERED = (Mode.INTERCEPT, Mode.HOUSEHOLD)  # interviews cluster at points or communities
_AT_POINTS = (Mode.INTERCEPT, Mode.OPEN_QR)  # nothing is collected without points


def plan_notes(plan: WavePlan, questionnaire: Questionnaire, frame: Frame) -> tuple[Problem, ...]:
    """Notes on a plan that `parse_plan` accepted, for the same questionnaire and frame."""
    notes: list[Problem] = []
    if plan.within is Within.POPULATION:
        notes += people_by_cell(frame, plan.districts, questionnaire)[1]
    for sample in plan.samples:
        found = Counter(
            area.code
            for point in plan.points
            if point.mode is sample.mode and (area := frame.district_of(point.area_code))
        )
        if sample.mode not in _AT_POINTS and not found:
            continue  # households and invited people can be reached without points
        for district, n in district_sizes(plan, sample, questionnaire, frame).items():
            code = _about(sample.mode, n, found[district])
            if code is not None:
                params = (
                    ("mode", str(sample.mode)),
                    ("district", frame.areas[district].name_zh),
                    ("found", str(found[district])),
                    ("fewest", str(FEWEST_POINTS)),
                )
                notes.append(Problem(code, "points", params))
    return tuple(notes)


def _about(mode: Mode, n: int, points: int) -> str | None:
    if not n:
        return None
    if not points:
        return "wave_no_point"
    if mode not in _CLUSTERED or points >= FEWEST_POINTS:
        return None
    return "wave_one_point" if points == 1 else "wave_few_points"
