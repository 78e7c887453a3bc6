"""Whatever volunteers tap, in whatever order it arrives: outcomes, quota counters and receipts tell the same story.

Each example is a wave of its own whose cells hold one or two interviews, so that cells fill, grants run dry and slots
come back within a few taps.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from survey.domain.account import Account
from survey.domain.disposition import AAPOR, REASONS, Disposition, Finish
from survey.domain.fieldwork import Point
from survey.domain.problems import Invalid
from survey.domain.wave import Mode
from survey.queries import waves
from survey.services.accounts import add_account
from survey.services.field_records import Symbols, approaches
from survey.services.move_wave import close_wave, open_wave
from survey.services.plan_wave import plan_wave
from survey.services.receive_submission import WaveNotTaking, receive_submission
from survey.services.recount import recount
from survey.services.watch_fieldwork import Fieldwork, watch_fieldwork
from survey.yaml_source import read_yaml
from tests.field import AREA, HUAYING_AREA, NOW, Field, plan_text, valid_answers
from tests.services.outing import enrolled, shift_now
from tests.tablet_client import Json, Tablet

TABLETS, POINTS = 2, 3
Tap = tuple[Any, ...]

# AAPOR's symbols, written down a second time; a partial interview is either of two.
SYMBOLS = {
    "complete": "I",
    "refused": "R",
    "non_contact": "NC",
    "language": "O",
    "ineligible": "NE",
    "cell_full": "NE",
    "over_quota": "NE",
    "too_late": "NE",
}

_tablet = st.integers(0, TABLETS - 1)
_answers = st.fixed_dictionaries(
    {
        "sex": st.sampled_from(["F", "M", "F", "M", "refused"]),
        "age": st.sampled_from(["18-34", "35-54", "18-34", "under_18"]),
        "area": st.sampled_from([AREA, AREA, HUAYING_AREA]),
    }
)
_one_tap = st.one_of(
    [
        st.tuples(st.just(finish), st.sampled_from([None, *REASONS.get(finish, ())]))
        for finish in (Finish.REFUSED, Finish.NOT_ELIGIBLE, Finish.LANGUAGE, Finish.CELL_FULL, Finish.NOT_REACHED)
    ]
)
_work = st.one_of(
    st.tuples(st.just("interview"), _tablet, _answers),
    st.tuples(st.just("tap"), _tablet, _one_tap),
    st.tuples(st.just("break_off"), _tablet, st.integers(0, 7), st.sampled_from(REASONS[Finish.BROKEN_OFF])),
    st.tuples(st.just("resident"), st.sampled_from([Mode.INTERCEPT, Mode.OPEN_QR]), _answers),
)
_tap = st.one_of(
    _work,
    st.tuples(st.just("take"), _tablet, st.integers(0, POINTS - 1), st.integers(0, 1)),
    st.tuples(st.just("send"), _tablet, st.integers(1, 5)),
    st.tuples(st.just("again"), _tablet, st.integers(0, 30)),
    st.tuples(st.just("other_content"), _tablet, st.integers(0, 30)),
    st.tuples(st.just("change"), _tablet, st.integers(0, 3), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("turn"), _tablet, st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([1, 6, 20])),
    st.tuples(st.just("look")),
)
_crowd = st.lists(st.tuples(st.just("interview"), _tablet, _answers), max_size=12)  # enough to fill cells
TAPS: st.SearchStrategy[list[Tap]] = st.tuples(
    st.lists(_tap, min_size=3, max_size=20),
    _crowd,
    st.lists(_tap, min_size=3, max_size=20),
    st.lists(st.sampled_from([("close",), ("wait", 50)]), max_size=1),
    st.lists(_tap, max_size=12),
).map(lambda parts: [tap for part in parts for tap in part])


@dataclass
class Street:
    """A fresh wave in which the taps of one example happen. `told`: what the first receipt of each record said."""

    office: Field
    tablets: list[Tablet]
    volunteer: Account
    symbols: Symbols
    code: str = field(default_factory=lambda: f"wave-{uuid4().hex[:8]}")
    points: dict[Mode, list[Point]] = field(default_factory=dict)
    outbox: dict[int, list[Json]] = field(default_factory=lambda: {number: [] for number in range(TABLETS)})
    sent: dict[int, list[Json]] = field(default_factory=lambda: {number: [] for number in range(TABLETS)})
    contents: dict[str, Json] = field(default_factory=dict)
    told: dict[str, tuple[Mode, str]] = field(default_factory=dict)
    on_tablets: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.office.clock.now = NOW
        plan = plan_text(samples={Mode.INTERCEPT: 18, Mode.OPEN_QR: 12}, closes_after=timedelta(days=2), code=self.code)
        source = read_yaml(plan.replace("grace_hours: 48", "grace_hours: 24"), "plan.yaml")
        planned = plan_wave(self.office.db, self.office.catalogue, source, 1, NOW, lambda n: uuid4().int % n)
        open_wave(self.office.db, self.code)
        with self.office.db.reading() as connection:
            found = waves.points_of_wave(connection, planned.wave.id)
        self.points = {mode: [point for point in found if point.mode == mode] for mode in Mode}
        for tablet in self.tablets:
            tablet.outing = {}

    def run(self, taps: list[Tap]) -> None:
        """Everything that is tapped, then everything that was not yet sent, then the sums."""
        for number in range(TABLETS):
            self.take(number, number, 0)
        for name, *arguments in taps:
            getattr(self, name)(*arguments)
        for number in range(TABLETS):
            self.send(number, 1000)
        self.look()

    def take(self, number: int, point: int, shift: int) -> None:
        tablet = self.tablets[number]
        tablet.take(self.points[Mode.INTERCEPT][point].code, shift_now(self.office, shift))
        tablet.turn = str(uuid4())

    def _keep(self, number: int, answers: dict[str, object], **changes: Any) -> None:
        tablet = self.tablets[number]
        if tablet.outing:
            content = tablet.content(answers, volunteer=self.volunteer.id, **changes)
            self.contents[content["id"]] = content
            self.outbox[number].append(tablet.sealed(content))

    def tap(self, number: int, came: tuple[Finish, str | None]) -> None:
        self._keep(number, {}, finish=came[0].value, reason=came[1])

    def interview(self, number: int, person: dict[str, str]) -> None:
        self._keep(number, _answered(person))

    def break_off(self, number: int, answered: int, reason: str) -> None:
        answers = dict(list(valid_answers().items())[:answered])
        self._keep(number, answers, finish="broken_off", reason=reason)

    def send(self, number: int, count: int) -> None:
        """The oldest records, in batches as tablets send them."""
        while count > 0 and self.outbox[number]:
            batch = self.outbox[number][: min(count, 20)]
            status, told = self.tablets[number].send_all(*batch)
            assert status == 200, told
            self._believe(told["results"])
            del self.outbox[number][: len(batch)]
            self.sent[number] += batch
            count -= len(batch)

    def _believe(self, results: list[Json]) -> None:
        for result in results:
            assert result["status"] in {200, 201, 409}, result
            if result["status"] == 201:
                assert result["id"] not in self.told
                self.told[result["id"]] = (Mode.INTERCEPT, result["disposition"])
                self.on_tablets.add(result["id"])
            elif result["status"] == 200:
                assert self.told[result["id"]][1] == result["disposition"]

    def again(self, number: int, which: int) -> None:
        """The receipt was lost: the same record once more."""
        if self.sent[number]:
            record = self.sent[number][which % len(self.sent[number])]
            status, _ = self.tablets[number].send(record)
            assert status == 200

    def other_content(self, number: int, which: int) -> None:
        """A faulty tablet uses an id a second time."""
        if self.sent[number]:
            record = self.sent[number][which % len(self.sent[number])]
            content = self.contents[record["id"]]
            other = content | {"finish": "broken_off", "reason": None, "answers": {"age": "55+"}}
            status, _ = self.tablets[number].send(record | self.tablets[number].sealed(other))
            assert status == 409

    def change(self, number: int, returned: int, more: int, ended: bool) -> None:
        tablet = self.tablets[number]
        if tablet.outing:
            totals = {str(cell): min(returned, free) for cell, free in tablet.free.items()}
            tablet.slots(returned=totals, more=more, ended=ended)

    def turn(self, number: int, over: bool) -> None:
        tablet = self.tablets[number]
        if tablet.outing:
            began = self.office.clock.now.isoformat()
            told = {"id": tablet.turn, "assignment": tablet.outing["id"], "volunteer": self.volunteer.id}
            told |= {"began": began, "ended": began if over else None, "passed": 7}
            status, _ = tablet.ask("POST", "/turns", {"turns": [told]})
            assert status == 200

    def resident(self, mode: Mode, person: dict[str, str]) -> None:
        """Somebody answers on their own phone at a poster."""
        submission = self.office.submission(_answered(person), point_code=self.points[mode][0].code)
        try:
            receipt = receive_submission(self.office.door, submission)
        except WaveNotTaking:
            return
        self.told[str(submission.id)] = (mode, receipt.disposition.value)

    def wait(self, hours: int) -> None:
        """Shifts and grants run out."""
        self.office.clock.forward(hours=hours)

    def close(self) -> None:
        try:
            close_wave(self.office.db, self.code, self.office.clock.now)
        except Invalid:
            return  # it is closed already

    def look(self) -> None:
        """Every sum, as a supervisor sees it at this moment."""
        now = self.office.clock.now
        assert recount(self.office.db)[1] == []
        board = watch_fieldwork(
            self.office.db, self.office.catalogue, self.office.settings.secret_key, self.code, now, self.symbols
        )
        for mode in board.modes:
            kinds = Counter(kind for where, kind in self.told.values() if where is mode.mode)
            proof, counts = mode.reconciliation, mode.outcomes
            assert proof.agrees, proof
            assert counts.I == kinds["complete"] == mode.total.completed
            assert proof.approaches == kinds.total() == approaches(counts)
            expected: Counter[str] = Counter()
            for kind, count in kinds.items():
                expected[SYMBOLS.get(kind, "partial")] += count
            for symbol in ("I", "NC", "O", "NE"):
                assert getattr(counts, symbol) == expected[symbol], symbol
            assert expected["R"] + expected["partial"] == counts.P + counts.R
            assert mode.total.completed + mode.total.granted + mode.total.free == mode.total.target
            assert sum(point.outcomes.I for point in mode.points) == counts.I
            assert sum(approaches(point.outcomes) for point in mode.points) == kinds.total()
            _rates_agree(mode.rates and {rate.code: rate for rate in mode.rates}, counts)
        _tablets_agree(board, len(self.on_tablets))


def _answered(person: dict[str, str]) -> dict[str, object]:
    """What somebody of this kind can answer: who is too young is asked no more."""
    answers = valid_answers(**person)
    return {code: answers[code] for code in ("age", "sex")} if person["age"] == "under_18" else answers


def _rates_agree(rates: Any, counts: Any) -> None:
    """Every denominator is made of the same counts; nobody is of unknown eligibility."""
    if rates is None:
        return
    assert rates["RR1"].numerator == rates["RR3"].numerator == rates["RR5"].numerator == counts.I
    assert {rates[f"RR{k}"].denominator for k in range(1, 7)} == {approaches(counts) - counts.NE}
    assert rates["REF1"].numerator == counts.R
    assert rates["CON1"].denominator - rates["CON1"].numerator == counts.NC
    assert rates["COOP3"].denominator == counts.I + counts.P + counts.R


def _tablets_agree(board: Fieldwork, records: int) -> None:
    """By shift, turn and volunteer it is as many as the tablets brought."""
    assert sum(approaches(shift.outcomes) for shift in board.shifts) == records
    assert sum(approaches(turn.outcomes) for shift in board.shifts for turn in shift.turns) == records
    assert sum(approaches(one.outcomes) for one in board.volunteers) == records
    assert sum(one.outcomes.I for one in board.volunteers) == board.interviews
    assert sum(one.lengths.n for one in board.volunteers if one.lengths) == board.interviews
    assert sum(day.total for mode in board.modes for day in mode.days) == board.interviews


@pytest.fixture
def property_of(field: Field) -> Callable[..., Callable[[], None]]:
    """The property, for counting under some symbols, with some settings of the search."""
    tablets = [enrolled(field, f"平板 {number}") for number in range(TABLETS)]
    volunteer = add_account(field.db, "王芳", "volunteer", "seven green bicycles", NOW)

    def make(symbols: Symbols, **search: Any) -> Callable[[], None]:
        @settings(suppress_health_check=[HealthCheck.too_slow], **search)
        @given(TAPS)
        def reconciles(taps: list[Tap]) -> None:
            Street(field, tablets, volunteer, symbols).run(taps)

        return reconciles

    return make


def test_any_sequence_of_taps_reconciles(property_of: Callable[..., Callable[[], None]], field: Field) -> None:
    property_of(AAPOR, max_examples=50 if field.db.is_sqlite else 10)()


@pytest.mark.parametrize(
    ("disposition", "symbol"),
    [(Disposition.OVER_QUOTA, "I"), (Disposition.INELIGIBLE, "O"), (Disposition.COMPLETE, "P")],
)
def test_an_outcome_under_a_wrong_symbol_is_found(
    property_of: Callable[..., Callable[[], None]], disposition: Disposition, symbol: str
) -> None:
    wrong = property_of({**AAPOR, disposition: symbol}, max_examples=50, phases=[Phase.generate], database=None)
    with pytest.raises(AssertionError):
        wrong()
