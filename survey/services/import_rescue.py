"""Bringing in a rescue file: what a tablet could not send any more, carried to the office.

Its records are as sealed as on the tablet and go through the same door as all others, so a file may come twice, and
after its tablet was revoked: the organiser decides. A file that is none is refused as a whole; a record that is wrong
is named by its number and keeps no other out.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from survey.domain.fieldwork import Device
from survey.domain.json_text import read_object
from survey.domain.problems import Invalid, Problem
from survey.domain.record import read_uuid
from survey.domain.submission import Outcome
from survey.services.catalogue import NotFound
from survey.services.receive_records import SealedRecord, read_envelope, receive_records
from survey.services.receive_submission import Door
from survey.services.tablets import read_tablet

log = logging.getLogger("survey.security")

FORMAT = "minsheng-rescue-1"
LARGEST_FILE = 16 * 2**20  # bytes: some 10,000 interviews
BATCH = 50  # records to a transaction, so that nobody else waits long
_FILE = {"format", "device", "label", "records"}


@dataclass(frozen=True, slots=True)
class Rescued:
    """What became of a file's records. `refused`: number in the file, from 1 -> why."""

    device: Device
    records: int
    outcomes: Mapping[Outcome, int]
    refused: Mapping[int, tuple[Problem, ...]]


def import_rescue(door: Door, content: bytes, now: datetime) -> Rescued:
    """Receive every record of a file. Raises Invalid naming `file` or `device`; then nothing was kept.

    Raises Unavailable, perhaps half-way; the whole file may then be brought in once more.
    """
    device, given = _read(door, content)
    outcomes: Counter[Outcome] = Counter()
    refused: dict[int, tuple[Problem, ...]] = {}
    for start in range(0, len(given), BATCH):
        batch: dict[int, SealedRecord] = {}
        for number, each in enumerate(given[start : start + BATCH], start + 1):
            try:
                batch[number] = read_envelope(each)
            except Invalid as wrong:
                refused[number] = wrong.problems
        results = receive_records(door, device, list(batch.values()), None, now, from_file=True) if batch else []
        for number, result in zip(batch, results, strict=True):
            if result.receipt is None:
                refused[number] = result.problems
            else:
                outcomes[result.receipt.outcome] += 1
    log.info("rescue file brought in: tablet %s, %d of %d records new", device.id, outcomes[Outcome.STORED], len(given))
    return Rescued(device, len(given), outcomes, refused)


def _read(door: Door, content: bytes) -> tuple[Device, list[object]]:
    """(the tablet, the records as they stand in the file). Raises Invalid."""
    if len(content) > LARGEST_FILE:
        raise Invalid([Problem("too_large", "file")])
    tree, unreadable = read_object(content, "file")
    records = tree.get("records")
    if unreadable or set(tree) != _FILE or tree["format"] != FORMAT or not isinstance(records, list):
        raise Invalid([Problem("rescue_file", "file")])
    device_id = read_uuid(tree["device"])
    try:
        if device_id is None:
            raise NotFound("tablet")
        return read_tablet(door.db, device_id), records
    except NotFound:
        raise Invalid([Problem("rescue_device", "device")]) from None
