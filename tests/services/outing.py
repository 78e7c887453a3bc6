"""Tablets in a test's wave: enrolled, sent to a point, with the shift that runs at the test's clock."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from survey.config import OFFICE_ZONE
from survey.domain.shift import shifts_from
from survey.services.tablets import new_enrolment
from survey.tables.paradata import ParadataRow
from tests.field import Field
from tests.tablet_client import Tablet, through


def enrolled(field: Field, label: str = "平板 1") -> Tablet:
    """A tablet that has just been enrolled through the real code."""
    tablet = Tablet(through(field.app), field.clock)
    code = new_enrolment(field.db, label, field.clock.now).code
    assert tablet.enrol(code)[0] == 201
    return tablet


def shift_now(field: Field, number: int = 0) -> str:
    """The code of the shift that runs now, or of one that comes after it."""
    return shifts_from(field.clock.now, ZoneInfo(OFFICE_ZONE))[number].code


def out(field: Field, label: str = "平板 1", point: str | None = None, shift: int = 0) -> Tablet:
    """A tablet that has gone out to a point (the first of the intercept sample) with a grant."""
    tablet = enrolled(field, label)
    status, told = tablet.take(point or field.point.code, shift_now(field, shift))
    assert status == 201, told
    return tablet


def paradata(field: Field, record: dict[str, Any]) -> dict[str, Any]:
    """What is kept beside the response of a record."""
    with field.db.reading() as connection:
        columns = [col(getattr(ParadataRow, name)) for name in ParadataRow.model_fields]
        row = connection.execute(select(*columns).where(col(ParadataRow.response_id) == UUID(record["id"])))
        return dict(row.mappings().one())
