"""The collection points of a wave, with the address that each poster's code leads to."""

from dataclasses import dataclass

from survey.db import Database
from survey.domain.fieldwork import Point
from survey.domain.wave import Mode
from survey.queries import waves
from survey.services.read_wave import wave_of_code


@dataclass(frozen=True, slots=True)
class PointAddress:
    """A point and its address. The address is made from PUBLIC_URL alone, never from a request."""

    point: Point
    url: str


def point_url(public_url: str, code: str) -> str:
    """Where a poster's code leads."""
    return f"{public_url}/r/{code}"


def list_points(db: Database, public_url: str, wave_code: str) -> list[PointAddress]:
    """Every point of a wave that has an address of its own; letters lead to theirs by codes. Raises NotFound."""
    wave = wave_of_code(db, wave_code)
    with db.reading() as connection:
        points = waves.points_of_wave(connection, wave.id)
    return [PointAddress(point, point_url(public_url, point.code)) for point in points if point.mode != Mode.SAMPLED]
