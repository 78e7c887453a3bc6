"""Four hundred people, fifty slots, and tablets that go out meanwhile: who was let in counts, nobody counts beyond."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam, update
from sqlmodel import col

from survey.domain.disposition import Disposition
from survey.domain.quota import HOLD
from survey.domain.wave import Mode
from survey.queries import holds
from survey.services.hold_slot import Knock, Room, hold_slot
from survey.services.recount import recount
from survey.services.release_slots import release_slots
from survey.tables.quota import QuotaCellRow
from tests.faults.test_tablets_at_once import at_once
from tests.field import Field, open_field, plan_text, valid_answers
from tests.frames.excerpt import YUECHI
from tests.services.outing import out

WANTED, PEOPLE, AT_ONCE, TABLETS = 50, 400, 8, 3
FEWER = 160  # for a planted fault
BEHAVIOURS = ("steady", "steady", "changing", "wandering", "late", "hasty")


@pytest.fixture
def wave(database_url: str) -> Iterator[Field]:
    """Fifty wanted in each cell, by the clock of the test, on each engine."""
    yield from _opened(database_url)


@pytest.fixture
def sqlite_wave(sqlite_url: str) -> Iterator[Field]:
    """The same on SQLite alone."""
    yield from _opened(sqlite_url)


def _opened(url: str) -> Iterator[Field]:
    opened = open_field(url, plan=plan_text(samples={Mode.INTERCEPT: 6 * WANTED}, districts=[YUECHI]))
    yield opened
    opened.close()


@dataclass
class Crowd:
    """What people were told, and what was wrong with it."""

    wave: Field
    wrong: list[str] = field(default_factory=list)
    rooms: Counter[Room] = field(default_factory=Counter)
    ended: Counter[Disposition] = field(default_factory=Counter)

    def knock(self, me: UUID, sex: str, ago: timedelta = timedelta(0)) -> Room:
        asked = self.wave.questionnaire
        answers = valid_answers(sex=sex)
        at = self.wave.clock.now - ago
        room = hold_slot(self.wave.door, Knock(me, self.wave.point.code, asked.code, asked.version, answers, at, at))
        self.rooms[room] += 1
        return room

    def send(self, me: UUID, sex: str) -> Disposition:
        ended = self.wave.receive(valid_answers(sex=sex), id=me).disposition
        self.ended[ended] += 1
        return ended

    def live(self, behaviour: str) -> None:
        """One person's way through the form. Who was let in and comes back in time must count."""
        me, sex = uuid4(), "F"
        if behaviour in {"wandering", "late"}:
            self.knock(me, sex, ago=HOLD)
            if behaviour == "late":
                self.send(me, sex)
            return
        let_in = False
        if behaviour != "hasty":
            let_in = set(at_once(partial(self.knock, me, sex), partial(self.knock, me, sex))) == {Room.OPEN}
        if behaviour == "changing":
            sex = "M"
            let_in = self.knock(me, sex) is Room.OPEN
        if self.send(me, sex) is not Disposition.COMPLETE and let_in:
            self.wrong.append(f"somebody {behaviour} was let in and turned away at the end")

    def outing(self, number: int) -> None:
        """A tablet takes its share and brings it back."""
        tablet = out(self.wave, f"平板 {number}")
        tablet.slots(returned={str(cell): free for cell, free in tablet.free.items()}, ended=True)

    def meet(self, people: int) -> None:
        """All of them at once."""
        chance = random.Random(7)
        lives: list[Callable[[], Any]] = [partial(self.outing, number) for number in range(TABLETS)]
        lives += [partial(self.live, BEHAVIOURS[number % len(BEHAVIOURS)]) for number in range(people)]
        chance.shuffle(lives)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for each in [threads.submit(life) for life in lives]:
                if (fault := each.exception()) is not None:
                    self.wrong.append(type(fault).__name__)

    def watch(self, over: threading.Event) -> None:
        """At every moment no more is promised and counted than is wanted."""
        while not over.wait(0.02):
            for cell in self.wave.cells().values():
                if cell.completed + cell.granted > WANTED or min(cell.completed, cell.granted) < 0:
                    self.wrong.append(f"{cell.completed} completed and {cell.granted} granted")


def an_afternoon(wave: Field, people: int = PEOPLE) -> list[str]:
    """Everybody meets the form. Returns what is wrong afterwards."""
    crowd, over = Crowd(wave), threading.Event()
    watching = threading.Thread(target=crowd.watch, args=(over,))
    watching.start()
    crowd.meet(people)
    over.set()
    watching.join()
    wrong = crowd.wrong + [f"{each}" for each in recount(wave.db)[1]]
    if min(crowd.rooms[Room.OPEN], crowd.rooms[Room.FULL], crowd.ended[Disposition.OVER_QUOTA]) == 0:
        wrong.append("the cell was never full, or never open")
    release_slots(wave.db, wave.clock.now)
    if any(cell.granted for cell in wave.cells().values()):
        wrong.append("somebody who wandered off or has sent the form holds a slot")
    free = {sex: wave.cell(sex=sex).shortfall for sex in "FM"}
    told = [wave.receive(valid_answers(sex=sex)).disposition for sex in "FM" for _ in range(free[sex])]
    if set(told) - {Disposition.COMPLETE} or {wave.cell(sex=sex).completed for sex in "FM"} != {WANTED}:
        wrong.append("what was left could not be filled to the last slot")
    return wrong + [f"{each}" for each in recount(wave.db)[1]]


def test_who_is_let_in_counts_and_no_cell_is_exceeded(wave: Field) -> None:
    assert an_afternoon(wave) == []


def test_a_hold_that_asks_for_no_room_is_found(sqlite_wave: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    careless = update(QuotaCellRow).where(col(QuotaCellRow.id) == bindparam("cell"))
    monkeypatch.setattr(holds, "_TAKE", careless.values(granted=col(QuotaCellRow.granted) + 1))
    assert an_afternoon(sqlite_wave, FEWER)


def test_a_form_that_forgets_its_hold_is_found(sqlite_wave: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "end_hold", lambda *_: None)
    assert any("holds a slot" in each for each in an_afternoon(sqlite_wave, FEWER))
