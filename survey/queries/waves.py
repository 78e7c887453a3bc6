"""SQL about waves and their collection points."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlmodel import col

from survey.domain.fieldwork import Point, Wave
from survey.domain.wave import Mode, WaveState
from survey.tables.wave import PointRow, WaveRow

_WAVE = (
    col(WaveRow.id),
    col(WaveRow.code),
    col(WaveRow.state),
    col(WaveRow.questionnaire_code),
    col(WaveRow.questionnaire_version),
    col(WaveRow.frame_id),
    col(WaveRow.plan),
    col(WaveRow.opens_at),
    col(WaveRow.closes_at),
    col(WaveRow.grace_seconds),
)
# Asked by every visit and every answer: built once, for building it costs more than running it.
_BY_ID = select(*_WAVE).where(col(WaveRow.id) == bindparam("wave_id"))
_POINT = tuple(col(getattr(PointRow, name)) for name in Point.__slots__)
_POSTERS = (
    select(*_POINT)
    .join(WaveRow, col(WaveRow.id) == col(PointRow.wave_id))
    .where(col(PointRow.mode) != Mode.SAMPLED.value)
)
_POSTER = _POSTERS.where(col(PointRow.code) == bindparam("code"), col(WaveRow.state) != WaveState.DRAFT.value)
_OPEN_POSTERS = _POSTERS.where(col(WaveRow.state) == WaveState.OPEN.value)


def _wave(row: Sequence[Any]) -> Wave:
    columns = dict(zip(Wave.__slots__, row, strict=True))
    columns |= {"state": WaveState(columns["state"]), "grace": timedelta(seconds=columns["grace"])}
    return Wave(**columns)


def insert_wave(connection: Connection, wave: Wave, at: datetime) -> int:
    """Keep a new wave (its `id` is ignored). Returns the id it was given."""
    wave_id = connection.execute(
        insert(WaveRow).returning(col(WaveRow.id)), _columns(wave) | {"state": wave.state.value, "created_at": at}
    ).scalar_one()
    assert wave_id is not None
    return wave_id


def replace_plan(connection: Connection, wave_id: int, wave: Wave) -> None:
    """Give a draft wave another plan."""
    connection.execute(update(WaveRow).where(col(WaveRow.id) == wave_id).values(**_columns(wave)))


def _columns(wave: Wave) -> dict[str, object]:
    return {
        "code": wave.code,
        "questionnaire_code": wave.questionnaire_code,
        "questionnaire_version": wave.questionnaire_version,
        "frame_id": wave.frame_id,
        "plan": wave.plan,
        "opens_at": wave.opens_at,
        "closes_at": wave.closes_at,
        "grace_seconds": int(wave.grace.total_seconds()),
    }


def set_state(connection: Connection, wave_id: int, before: WaveState, after: WaveState) -> bool:
    """Move a wave on. False where it was no longer in the state `before`."""
    result = connection.execute(
        update(WaveRow).where(col(WaveRow.id) == wave_id, col(WaveRow.state) == before.value).values(state=after.value)
    )
    return result.rowcount == 1


def set_closing(connection: Connection, wave_id: int, closes_at: datetime) -> None:
    """Bring the end of a wave forward."""
    connection.execute(update(WaveRow).where(col(WaveRow.id) == wave_id).values(closes_at=closes_at))


def set_version(connection: Connection, wave_id: int, version: int) -> None:
    """Give new forms of a wave another version of its questionnaire."""
    connection.execute(update(WaveRow).where(col(WaveRow.id) == wave_id).values(questionnaire_version=version))


def wave_by_code(connection: Connection, code: str) -> Wave | None:
    """The wave of this code."""
    row = connection.execute(select(*_WAVE).where(col(WaveRow.code) == code)).one_or_none()
    return None if row is None else _wave(row)


def wave_by_id(connection: Connection, wave_id: int) -> Wave:
    """The wave of this id. Raises NoResultFound."""
    return _wave(connection.execute(_BY_ID, {"wave_id": wave_id}).one())


def waves(connection: Connection) -> list[Wave]:
    """Every wave, the one that opens last first."""
    rows = connection.execute(select(*_WAVE).order_by(col(WaveRow.opens_at).desc(), col(WaveRow.id).desc())).all()
    return [_wave(row) for row in rows]


def insert_points(connection: Connection, points: Iterable[Point]) -> None:
    """Keep the points of a wave."""
    rows = [{name: getattr(point, name) for name in Point.__slots__} for point in points]
    if rows:
        connection.execute(insert(PointRow), rows)


def delete_points(connection: Connection, wave_id: int) -> None:
    """Forget the points of a draft wave that is planned anew."""
    connection.execute(delete(PointRow).where(col(PointRow.wave_id) == wave_id))


def point_by_code(connection: Connection, code: str) -> Point | None:
    """The point of this code."""
    row = connection.execute(select(*_POINT).where(col(PointRow.code) == code)).one_or_none()
    return None if row is None else Point(*row)


def poster_by_code(connection: Connection, code: str) -> Point | None:
    """The point of this code, if its wave is no draft and the way there is no letter. One question, whatever is wrong
    with a code, so that the time it takes tells nothing."""
    row = connection.execute(_POSTER, {"code": code}).one_or_none()
    return None if row is None else Point(*row)


def open_posters(connection: Connection) -> list[Point]:
    """The points of all open waves that people may come to by the point's own code."""
    return [Point(*row) for row in connection.execute(_OPEN_POSTERS).all()]


def points_of_wave(connection: Connection, wave_id: int) -> list[Point]:
    """The points of a wave by their number."""
    rows = connection.execute(
        select(*_POINT).where(col(PointRow.wave_id) == wave_id).order_by(col(PointRow.number))
    ).all()
    return [Point(*row) for row in rows]
