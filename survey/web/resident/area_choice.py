"""The area item's three lists: district, street, neighbourhood.

Without JavaScript the lists follow the choice only when the form comes back, so what was posted may disagree with
itself: the highest list that was changed wins, and what no longer lies below it is unchosen.
"""

from dataclasses import dataclass

from survey.domain.frame import Area, Level
from survey.services.catalogue import Ground


@dataclass(frozen=True, slots=True)
class AreaChoice:
    """What is chosen ("" = nothing yet) and what may be chosen in each list."""

    district: str
    street: str
    neighbourhood: str
    districts: tuple[Area, ...]
    streets: tuple[Area, ...]
    neighbourhoods: tuple[Area, ...]

    @classmethod
    def of_area(cls, ground: Ground, code: str, *, is_home: bool) -> "AreaChoice":
        """The lists around one area of the frame: a point's neighbourhood, or a street or district that holds it.

        The neighbourhood itself is the answer: it is filled in only where it is known to be their home.
        """
        frame = ground.frame
        district = frame.district_of(code)
        street = frame.street_of(code)
        leaf = code if is_home and code in ground.homes else ""
        return cls.posted(ground, district.code if district else "", street.code if street else "", leaf)

    @classmethod
    def posted(cls, ground: Ground, district: str, street: str, neighbourhood: str) -> "AreaChoice":
        """The lists after a choice was posted."""
        frame = ground.frame
        districts = frame.districts
        if district not in {area.code for area in districts}:
            district = ground.homes.get(neighbourhood, "")
        streets = _below(ground, district)
        neighbourhoods: tuple[Area, ...]
        if street not in {area.code for area in streets}:
            home = frame.street_of(neighbourhood) if neighbourhood in ground.homes else None
            street = home.code if home is not None and home in streets else ""
        if streets and all(area.code in ground.homes for area in streets):
            # No level between: what lies below the district are the neighbourhoods themselves.
            streets, neighbourhoods = (), streets
        elif (street or district) in ground.homes:
            # Nothing is listed below, so the street or district stands for its neighbourhoods.
            neighbourhoods = (frame.areas[street or district],)
        else:
            neighbourhoods = _below(ground, street)
        if neighbourhood not in {area.code for area in neighbourhoods}:
            neighbourhood = ""
        return cls(district, street, neighbourhood, districts, streets, neighbourhoods)


def _below(ground: Ground, code: str) -> tuple[Area, ...]:
    return tuple(area for area in ground.frame.children(code) if area.level is not Level.GRID) if code else ()
