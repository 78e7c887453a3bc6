"""Enrolling tablets: a code enrols one tablet, once, for half an hour; secrets are kept nowhere."""

import hashlib
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text, update
from sqlmodel import SQLModel

from survey.db import Database
from survey.domain.problems import Invalid
from survey.domain.submission import CODE_ALPHABET
from survey.queries import devices
from survey.services.catalogue import Catalogue, NotFound
from survey.services.tablets import (
    CODE_LASTS,
    CODE_LENGTH,
    DeviceRevoked,
    DeviceUnknown,
    enrol,
    enrolled_device,
    enrolment_url,
    known_device,
    list_tablets,
    must_have_access,
    new_enrolment,
    note_seen,
    read_tablet,
    revoke_tablet,
    withdraw_enrolment,
)
from survey.tables.device import EnrolmentRow
from tests.services.guessing import NOON

SECRET = "s" * 43
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
AT_ONCE = 20


def code_for(db: Database, label: str = "平板 1") -> str:
    """A new code."""
    return new_enrolment(db, label, NOON).code


def enrolled(db: Database, label: str = "平板 1") -> UUID:
    """A tablet with the secret SECRET."""
    return enrol(db, code_for(db, label), uuid4(), DIGEST, NOON)[0].id


def refusal(attempt: Callable[[], object]) -> list[tuple[str, str]]:
    """(field, code) of what is wrong."""
    with pytest.raises(Invalid) as refused:
        attempt()
    return [(problem.field, problem.code) for problem in refused.value.problems]


UNKNOWN = [("code", "enrolment_unknown")]


def test_a_code_enrols_a_tablet_and_the_secret_opens_the_door(db: Database) -> None:
    made = new_enrolment(db, "平板 1", NOON)
    assert (len(made.code), set(made.code) <= set(CODE_ALPHABET)) == (CODE_LENGTH, True)
    assert made.expires_at == NOON + CODE_LASTS
    assert made.code not in repr(made)
    assert enrolment_url("https://survey.example.org", "AB") == "https://survey.example.org/tablet/#enrol=AB"
    _, waiting = list_tablets(db, NOON)
    assert [each.label for each in waiting] == ["平板 1"]
    device, new = enrol(db, made.code, uuid4(), DIGEST, NOON)
    assert (new, device.label) == (True, "平板 1")
    assert known_device(db, device.id, SECRET) == read_tablet(db, device.id)
    assert list_tablets(db, NOON) == ([device], [])


def test_a_code_may_be_typed_in_groups_and_in_any_width_of_letters(db: Database) -> None:
    code = code_for(db)
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in code.lower())
    assert enrol(db, f" {wide[:5]}-{wide[5:10]} {wide[10:]}\n", uuid4(), DIGEST, NOON)[1]


def test_a_code_works_once_and_a_lost_answer_is_told_again(db: Database) -> None:
    code, tablet = code_for(db), uuid4()
    first, new = enrol(db, code, tablet, DIGEST, NOON)
    again, new_again = enrol(db, code, tablet, DIGEST, NOON + 10 * CODE_LASTS)
    assert (new, new_again, again) == (True, False, first)
    assert refusal(lambda: enrol(db, code, uuid4(), DIGEST, NOON)) == UNKNOWN
    assert refusal(lambda: enrol(db, code, tablet, hashlib.sha256(b"other").hexdigest(), NOON)) == UNKNOWN
    second = code_for(db, "平板 2")
    assert refusal(lambda: enrol(db, second, tablet, DIGEST, NOON)) == UNKNOWN
    assert enrol(db, second, uuid4(), DIGEST, NOON)[1], "the refused attempt has not used the code up"


def test_a_code_ends_with_its_time(db: Database) -> None:
    code = code_for(db)
    assert refusal(lambda: enrol(db, code, uuid4(), DIGEST, NOON + CODE_LASTS)) == UNKNOWN
    assert list_tablets(db, NOON + CODE_LASTS) == ([], [])
    assert enrol(db, code, uuid4(), DIGEST, NOON + CODE_LASTS - timedelta(seconds=1))[1]


@pytest.mark.parametrize("code", ["", "A", "\0", "\ud800", "平板", "2" * 14, "2" * 60])
def test_a_code_that_nobody_made_is_unknown(db: Database, code: str) -> None:
    assert refusal(lambda: enrol(db, code, uuid4(), DIGEST, NOON)) == UNKNOWN


def test_a_label_stands_for_one_tablet(db: Database) -> None:
    tablet = enrolled(db)
    revoke_tablet(db, tablet, NOON)
    taken = [("label", "device_label_taken")]
    assert refusal(lambda: new_enrolment(db, " 平板 １ ", NOON)) == taken
    code = code_for(db, "平板 2")
    assert refusal(lambda: new_enrolment(db, "平板 2", NOON)) == taken
    assert new_enrolment(db, "平板 2", NOON + CODE_LASTS), "nobody used the first code in time"
    assert refusal(lambda: enrol(db, code, uuid4(), DIGEST, NOON)) == UNKNOWN


def test_a_code_can_be_withdrawn_until_it_is_used(db: Database) -> None:
    code = code_for(db)
    withdraw_enrolment(db, "平板 1")
    assert refusal(lambda: enrol(db, code, uuid4(), DIGEST, NOON)) == UNKNOWN
    tablet = enrolled(db)
    with pytest.raises(NotFound):
        withdraw_enrolment(db, "平板 1")
    assert read_tablet(db, tablet).revoked_at is None


@pytest.mark.parametrize("label", ["", "   ", "x" * 41, "a\0b", "a\nb", "a\u202eb", "a\ud800"])
def test_a_label_that_cannot_be_read_is_refused(db: Database, label: str) -> None:
    assert refusal(lambda: new_enrolment(db, label, NOON)) == [("label", "device_label")]
    assert list_tablets(db, NOON) == ([], [])


def simultaneous(attempt: Callable[[int], bool]) -> list[bool]:
    """What each of twenty attempts in the same moment came to; False is a refusal."""
    barrier = Barrier(AT_ONCE)

    def one(number: int) -> bool:
        barrier.wait()
        try:
            return attempt(number)
        except Invalid:
            return False

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_of_twenty_tablets_with_one_code_exactly_one_is_enrolled(db: Database) -> None:
    code = code_for(db)
    results = simultaneous(lambda _: enrol(db, code, uuid4(), DIGEST, NOON)[1])
    assert sorted(results) == [False] * (AT_ONCE - 1) + [True]
    assert len(list_tablets(db, NOON)[0]) == 1


def test_a_code_that_is_looked_up_before_it_is_used_lets_several_in(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL alone: SQLite has one writer at a time, so there the fault can't show."""
    together = Barrier(AT_ONCE)

    def checked_first(connection: Connection, digest: str, *_: object) -> str | None:
        found = devices.enrolment_of(connection, digest)
        together.wait()
        return None if found is None else str(uuid4())

    monkeypatch.setattr(devices, "use_enrolment", checked_first)
    db = Database(postgresql_url)
    code = code_for(db)
    assert sum(simultaneous(lambda _: enrol(db, code, uuid4(), DIGEST, NOON)[1])) > 1
    db.close()


def test_of_twenty_repetitions_by_one_tablet_each_is_told_the_same(db: Database) -> None:
    code, tablet = code_for(db), uuid4()
    results = simultaneous(lambda _: enrol(db, code, tablet, DIGEST, NOON)[1])
    assert sum(results) == 1
    assert len(list_tablets(db, NOON)[0]) == 1


def test_two_codes_of_one_label_enrol_one_tablet(db: Database) -> None:
    codes = code_for(db, "平板 1"), code_for(db, "平板 2")
    with db.writing() as connection:  # as if both had been made in the same moment
        connection.execute(update(EnrolmentRow).values(label="平板 1"))
    assert sum(simultaneous(lambda number: enrol(db, codes[number % 2], uuid4(), DIGEST, NOON)[1])) == 1
    assert [device.label for device in list_tablets(db, NOON)[0]] == ["平板 1"]


def test_a_stranger_is_not_let_in(db: Database) -> None:
    tablet, catalogue = enrolled(db), Catalogue(db)
    for device_id, secret in (
        (uuid4(), SECRET),
        (tablet, "x" * 43),
        (tablet, ""),
        (tablet, DIGEST),
        (tablet, "\ud800"),
    ):
        with pytest.raises(DeviceUnknown):
            known_device(db, device_id, secret)
        with pytest.raises(DeviceUnknown):
            enrolled_device(catalogue, device_id, secret)


def test_a_revoked_tablet_is_told_so_and_stays_revoked(db: Database) -> None:
    tablet, catalogue = enrolled(db), Catalogue(db)
    device = known_device(db, tablet, SECRET)
    assert enrolled_device(catalogue, tablet, SECRET) == device
    with db.writing() as connection:
        must_have_access(connection, device)
    revoke_tablet(db, tablet, NOON + timedelta(hours=1))
    revoke_tablet(db, tablet, NOON + timedelta(hours=2))
    with pytest.raises(DeviceRevoked):
        known_device(db, tablet, SECRET)
    with db.writing() as connection, pytest.raises(DeviceRevoked):
        must_have_access(connection, enrolled_device(catalogue, tablet, SECRET))
    with pytest.raises(DeviceUnknown):
        known_device(db, tablet, "a guess")
    assert read_tablet(db, tablet).revoked_at == NOON + timedelta(hours=1)
    for missing in (revoke_tablet, lambda db, device, _: read_tablet(db, device)):
        with pytest.raises(NotFound):
            missing(db, uuid4(), NOON)


@pytest.mark.parametrize(
    ("offset", "kept"),
    [
        (timedelta(milliseconds=-350), -350),
        (timedelta(days=-400), 1 - 2**31),
        (timedelta(days=365_000), 2**31 - 1),
        (None, None),
    ],
)
def test_what_a_tablet_says_of_itself_is_kept_however_wrong_its_clock(
    db: Database, offset: timedelta | None, kept: int | None
) -> None:
    device = read_tablet(db, enrolled(db))
    seen = NOON + timedelta(minutes=5)
    note_seen(db, device, now=seen, unsent=3, refused=1, offset=offset, release="abc")
    now = read_tablet(db, device.id)
    assert (now.last_seen_at, now.unsent, now.refused, now.clock_offset_ms) == (seen, 3, 1, kept)


def everything(db: Database) -> str:
    """All that the database holds, as text."""
    with db.reading() as connection:
        return "\n".join(
            str(tuple(row))
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(text(f"SELECT * FROM {table.name}"))
        )


def test_codes_and_secrets_are_neither_in_the_database_nor_in_the_log(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = code_for(db)
    tablet = enrol(db, code, uuid4(), DIGEST, NOON)[0].id
    with pytest.raises(Invalid):
        enrol(db, code, uuid4(), DIGEST, NOON)
    known_device(db, tablet, SECRET)
    code_for(db, "平板 2")
    withdraw_enrolment(db, "平板 2")
    revoke_tablet(db, tablet, NOON)
    kept, told = everything(db), caplog.text
    assert DIGEST in kept
    assert [text for text in (code, code.lower(), SECRET) if text in kept + told] == []
    assert [text for text in (DIGEST, "平板") if text in told] == []
    lines = [record.getMessage() for record in caplog.records if record.name == "survey.security"]
    assert [re.sub(str(tablet), "…", line) for line in lines] == [
        "tablet enrolment code made",
        "tablet enrolled: …",
        "tablet enrolment code made",
        "tablet enrolment code withdrawn",
        "tablet revoked: …",
    ]
