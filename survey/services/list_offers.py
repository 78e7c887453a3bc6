"""Where volunteers can go now: open waves with the points at which tablets work, what is free there, who has them."""

from dataclasses import dataclass
from datetime import datetime

from survey.db import Database
from survey.domain.fieldwork import Point, Wave
from survey.domain.frame import Frame
from survey.domain.wave import Admission, accepts
from survey.queries import devices, grants, quotas, waves
from survey.queries.devices import Volunteer
from survey.services.catalogue import Catalogue
from survey.services.grant_slots import TABLET_MODES


@dataclass(frozen=True, slots=True)
class PointOffer:
    """A point, the slots free in its district, and the labels of the tablets that are out there."""

    point: Point
    free: int
    taken: list[str]


@dataclass(frozen=True, slots=True)
class WaveOffer:
    """An open wave and its points for tablets."""

    wave: Wave
    frame: Frame
    points: list[PointOffer]


@dataclass(frozen=True, slots=True)
class Offers:
    """Who can sign in on a tablet, and where one can go."""

    volunteers: list[Volunteer]
    waves: list[WaveOffer]


def list_offers(db: Database, catalogue: Catalogue, now: datetime) -> Offers:
    """What a tablet can choose from at this moment."""
    with db.reading() as connection:
        labels = {device.id: device.label for device in devices.devices(connection)}
        found = []
        for wave in waves.waves(connection):
            if accepts(wave.state, wave.opens_at, wave.closes_at, wave.grace, now) is not Admission.OPEN:
                continue
            free: dict[tuple[str, str], int] = {}
            for cell in quotas.cells_of_wave(connection, wave.id):
                place = (cell.key.mode, cell.key.district)
                free[place] = free.get(place, 0) + cell.shortfall
            out = [
                each
                for each in grants.assignments_of_wave(connection, wave.id)
                if each.ended_at is None and now < each.expires_at
            ]
            points = [
                PointOffer(
                    point,
                    free.get((point.mode, point.district_code), 0),
                    sorted({labels[each.device_id] for each in out if each.point_code == point.code}),
                )
                for point in waves.points_of_wave(connection, wave.id)
                if point.mode in TABLET_MODES
            ]
            if points:
                found.append((wave, points))
        volunteers = devices.volunteers(connection)
    return Offers(volunteers, [WaveOffer(wave, catalogue.frame(wave.frame_id), points) for wave, points in found])
