"""Where collection points are placed when a plan leaves it to the rule: evenly over a district, without chance.

The points of a district are a systematic sample with a central start: of N areas in code order, k points take those
at the middle of each k-th part, that is the positions floor((2i + 1) N / 2k) for i from 0. The rule is applied to the
streets of a district, then to the communities of each street taken. Codes run through a district by neighbourhood, so
the points spread over it, and the same frame always gives the same points. Kinds of places are dealt in turn, going on
from one district to the next, so that each kind appears equally often in the city.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle

from survey.domain.frame import Area, Frame, Level
from survey.domain.wave import Mode, PlaceType, PointPlan

_LOWEST = (Level.COMMUNITY, Level.GRID)


def generate_points(
    frame: Frame, districts: Sequence[str], mode: Mode, per_district: int, places: Sequence[PlaceType]
) -> tuple[PointPlan, ...]:
    """`per_district` points in each district, in communities, or in streets that have none listed below them.

    With more points than areas × places the same point comes twice; with no streets listed, it is the district.
    """
    dealt = cycle(places)
    return tuple(
        PointPlan(area.code, next(dealt), mode)
        for district in districts
        for area in _spread(frame, frame.areas[district], per_district)
    )


def _spread(frame: Frame, area: Area, k: int) -> Iterator[Area]:
    below = () if area.level in _LOWEST else frame.children(area.code)
    if not below:
        yield from [area] * k
        return
    taken = Counter((2 * i + 1) * len(below) // (2 * k) for i in range(k))
    for position, count in taken.items():
        yield from _spread(frame, below[position], count)
