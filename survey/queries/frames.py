"""SQL about the sampling frame."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, select
from sqlmodel import col

from survey.domain.frame import SEXES, Area, Frame, Level, PopulationCount, Sex
from survey.tables.frame import AreaRow, FrameVersion, PopulationRow


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """One imported frame in a list."""

    id: int
    city_code: str
    reference_date: date
    imported_at: datetime


def insert_frame(connection: Connection, frame: Frame, digest: str, at: datetime) -> int:
    """Keep a frame as a new version. Returns its id."""
    frame_id = connection.execute(
        insert(FrameVersion).returning(col(FrameVersion.id)),
        {
            "city_code": frame.city.code,
            "reference_date": frame.reference_date,
            "digest": digest,
            "imported_at": at,
        },
    ).scalar_one()
    assert frame_id is not None
    connection.execute(
        insert(AreaRow),
        [
            {
                "frame_id": frame_id,
                "code": area.code,
                "parent_code": area.parent_code,
                "level": area.level.value,
                "name_zh": area.name_zh,
                "name_en": area.name_en,
            }
            for area in frame.areas.values()
        ],
    )
    if frame.population:
        connection.execute(
            insert(PopulationRow),
            [
                {
                    "frame_id": frame_id,
                    "area_code": count.area_code,
                    "sex": count.sex,
                    "age_band": count.age_band,
                    "population": count.population,
                    "source": count.source,
                }
                for count in frame.population
            ],
        )
    return frame_id


def frame_by_digest(connection: Connection, digest: str) -> int | None:
    """The id of the frame made of exactly these files."""
    return connection.scalar(select(col(FrameVersion.id)).where(col(FrameVersion.digest) == digest))


def frames(connection: Connection) -> list[FrameEntry]:
    """Every imported frame, the newest date last."""
    rows = connection.execute(
        select(
            col(FrameVersion.id),
            col(FrameVersion.city_code),
            col(FrameVersion.reference_date),
            col(FrameVersion.imported_at),
        ).order_by(col(FrameVersion.reference_date), col(FrameVersion.id))
    ).all()
    return [FrameEntry(row[0] or 0, row[1], row[2], row[3]) for row in rows]


def read_frame(connection: Connection, frame_id: int) -> Frame | None:
    """A whole frame."""
    reference_date = connection.scalar(select(col(FrameVersion.reference_date)).where(col(FrameVersion.id) == frame_id))
    if reference_date is None:
        return None
    areas = connection.execute(
        select(
            col(AreaRow.code), col(AreaRow.parent_code), col(AreaRow.level), col(AreaRow.name_zh), col(AreaRow.name_en)
        )
        .where(col(AreaRow.frame_id) == frame_id)
        .order_by(col(AreaRow.code))
    ).all()
    population = connection.execute(
        select(
            col(PopulationRow.area_code),
            col(PopulationRow.sex),
            col(PopulationRow.age_band),
            col(PopulationRow.population),
            col(PopulationRow.source),
        )
        .where(col(PopulationRow.frame_id) == frame_id)
        .order_by(col(PopulationRow.id))
    ).all()
    return Frame(
        areas={row[0]: Area(row[0], row[1], Level(row[2]), row[3], row[4]) for row in areas},
        population=tuple(PopulationCount(row[0], _sex(row[1]), *row[2:]) for row in population),
        reference_date=reference_date,
    )


def _sex(code: str | None) -> Sex | None:
    return next((sex for sex in SEXES if sex == code), None)
