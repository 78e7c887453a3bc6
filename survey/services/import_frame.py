"""Importing a sampling frame: the whole of it, or nothing."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from survey.db import Database
from survey.domain.frame_check import FrameReport
from survey.domain.frame_import import parse_frame
from survey.queries import frames


@dataclass(frozen=True, slots=True)
class ImportedFrame:
    """What an import did. `already_known`: these very files had been imported before, and nothing was added."""

    frame_id: int
    report: FrameReport
    already_known: bool


def import_frame(
    db: Database,
    areas_csv: bytes,
    population_csv: bytes,
    reference_date: date,
    now: datetime,
    files: tuple[str, str] = ("areas.csv", "population.csv"),
) -> ImportedFrame:
    """Check two files and keep them as a frame of `reference_date`. Raises Invalid naming every bad row."""
    frame, report = parse_frame(areas_csv, population_csv, reference_date, files)
    parts = (areas_csv, population_csv, reference_date.isoformat().encode())
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
    with db.writing() as connection:
        known = frames.frame_by_digest(connection, digest)
        if known is not None:
            return ImportedFrame(known, report, already_known=True)
        return ImportedFrame(frames.insert_frame(connection, frame, digest, now), report, already_known=False)
