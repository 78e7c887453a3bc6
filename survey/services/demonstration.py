"""The demonstration: a fictional city with two closed waves and an open one, for trying everything out.

The people are simulated from a known truth (analysis/simulate.py) and their answers go through the same door as real
ones, with the times at which they would have been given.
"""

import random
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd

from analysis.demonstration_city import City, demonstration_city
from analysis.simulate import Truth, draw_truth
from analysis.simulated_answers import Question, draw_answers
from analysis.simulated_fieldwork import collection_points, intercept_sample, open_qr_sample
from survey.db import Database
from survey.domain.disposition import Disposition, Finish
from survey.domain.document import Document
from survey.domain.fieldwork import Point, Wave
from survey.domain.margins import eligible_codes
from survey.domain.questionnaire import Indicator, Item, ItemType, Mark, Questionnaire
from survey.domain.submission import Submission
from survey.queries import quotas, waves
from survey.services.accounts import add_account, find_account
from survey.services.catalogue import Catalogue
from survey.services.demonstration_tablets import Crew, send_out_now, tablets_of_the_demonstration
from survey.services.import_frame import import_frame
from survey.services.installation import mark_demonstration
from survey.services.keep_responses import keep_responses
from survey.services.move_wave import close_wave, open_wave
from survey.services.plan_wave import plan_wave
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.receive_submission import Door, check_submission
from survey.services.volunteer_pins import set_pin

QUESTIONNAIRE = Path(__file__).parents[2] / "questionnaires" / "civic" / "1.yaml"
FRAME_DATE = date(2025, 11, 1)
# Names and passwords are printed by `make run`; they exist in a demonstration database only.
ACCOUNTS = (
    ("organiser", "organiser", "demonstration-organiser"),
    ("analyst", "analyst", "demonstration-analyst"),
    ("volunteer", "volunteer", "demonstration-volunteer"),
)
PIN = "290417"  # of the volunteer's account on a tablet
OTHER_VOLUNTEERS = ("志愿者甲", "志愿者乙", "志愿者丙", "志愿者丁", "志愿者戊")
FIELD_DAYS = 14
# How many days ago each wave began; the last one is still in the field.
BEGAN_DAYS_AGO = (75, 40, 9)
INTERCEPT_N, OPEN_QR_N = 2000, 1000
AT_ONCE = 200  # people kept in one transaction
INTERVIEWS = frozenset({Finish.FINISHED, Finish.BROKEN_OFF})

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What was made: the truth behind the answers, for whoever wants to hold the estimates against it."""

    truth: Truth
    waves: tuple[str, ...]


def build_demonstration(
    db: Database, secret: str, now: datetime, progress: Progress, *, seed: int = 1, share: float = 1.0
) -> Demonstration:
    """Fill an empty database. `progress(what, done, of)` hears how far it is; `share` scales the samples down.

    Raises Invalid where the database is not empty.
    """
    mark_demonstration(db)
    for name, role, password in ACCOUNTS:
        add_account(db, name, role, password, now, demonstration=True)
    rng = np.random.default_rng(seed)
    crew = _crew(db, rng, now)
    city = demonstration_city(rng)
    frame_id = _import(db, city, now)
    catalogue = Catalogue(db)
    questionnaire = publish_questionnaire(db, QUESTIONNAIRE.read_bytes(), QUESTIONNAIRE.name, now).questionnaire
    age_groups = eligible_codes(questionnaire)["age_band"]
    truth = draw_truth(city, rng, waves=len(BEGAN_DAYS_AGO), age_groups=age_groups)
    door = Door(db, catalogue, secret)
    codes_from = random.Random(int(rng.integers(2**63)))  # noqa: S311 (made-up points keep no secrets)
    codes = []
    for number, days in enumerate(BEGAN_DAYS_AGO):
        midnight = (now - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
        code = f"demo-{number + 1}"
        document = _plan(code, number, midnight, city, questionnaire, rng, share)
        wave = plan_wave(db, catalogue, document, frame_id, now, codes_from.randrange).wave
        open_wave(db, code)
        _fill(door, wave, truth, questionnaire, number, now, rng, progress, crew)
        if wave.closes_at < now:
            close_wave(db, code, now)
        else:
            send_out_now(db, catalogue, crew, _points(db, wave, "intercept"), now)
        codes.append(code)
    return Demonstration(truth, tuple(codes))


def _crew(db: Database, rng: np.random.Generator, now: datetime) -> Crew:
    """The account that is printed, volunteers of whom nobody knows the password, and their tablets."""
    set_pin(db, find_account(db, "volunteer").id, PIN)
    others = [
        add_account(db, name, "volunteer", secrets.token_urlsafe(), now, demonstration=True)
        for name in OTHER_VOLUNTEERS
    ]
    return Crew(tablets_of_the_demonstration(db, rng, now), [find_account(db, "volunteer"), *others], rng)


def _points(db: Database, wave: Wave, mode: str) -> list[Point]:
    with db.reading() as connection:
        return [point for point in waves.points_of_wave(connection, wave.id) if point.mode == mode]


def _import(db: Database, city: City, now: datetime) -> int:
    areas, population = (table.to_csv(index=False).encode("utf-8") for table in (city.areas, city.population))
    return import_frame(db, areas, population, FRAME_DATE, now).frame_id


def _plan(
    code: str,
    number: int,
    midnight: datetime,
    city: City,
    questionnaire: Questionnaire,
    rng: np.random.Generator,
    share: float,
) -> Document:
    names = (("第一次", "first"), ("第二次", "second"), ("第三次", "third"))[number]
    points = [
        {"area": area, "place": place, "mode": mode}
        for mode, per_district in (("intercept", 10), ("open_qr", 6))
        for area, place in collection_points(city, rng, per_district).itertuples(index=False)
    ]
    tree: dict[str, object] = {
        "wave": code,
        "title": {"zh-Hans": f"{names[0]}模拟测评（演示）", "en": f"Mock evaluation, {names[1]} (demonstration)"},
        "questionnaire": {"code": questionnaire.code, "version": questionnaire.version},
        "opens": midnight.isoformat(timespec="minutes"),
        "closes": (midnight + timedelta(days=FIELD_DAYS)).isoformat(timespec="minutes"),
        "grace_hours": 48,
        "notice": {
            "contact": {
                "zh-Hans": "听澜市城市调查办公室（示范），电话000-1234567",
                "en": "Tinglan City Survey Office (demonstration), telephone 000-1234567",
            },
            "keep_months": 24,
        },
        "districts": "all",
        "samples": [
            {"mode": "intercept", "n": round(INTERCEPT_N * share), "allocation": "power"},
            {"mode": "open_qr", "n": round(OPEN_QR_N * share), "allocation": "proportional"},
        ],
        "points": points,
    }
    return Document("demonstration", tree, {})


def _fill(
    door: Door,
    wave: Wave,
    truth: Truth,
    questionnaire: Questionnaire,
    number: int,
    now: datetime,
    rng: np.random.Generator,
    progress: Progress,
    crew: Crew,
) -> None:
    """Let a wave's people answer, in the order of time, as far as the time has come."""
    with door.db.reading() as connection:
        cells = quotas.cells_of_wave(connection, wave.id)
    questions = simulated_questions(questionnaire)
    samples = []
    for mode in ("intercept", "open_qr"):
        own = _points(door.db, wave, mode)
        places = pd.DataFrame({"neighbourhood": [p.area_code for p in own], "place_type": [p.place_type for p in own]})
        targets = {
            (cell.key.district, dict(cell.key.values)["sex"], dict(cell.key.values)["age_band"]): cell.target
            for cell in cells
            if cell.key.mode == mode
        }
        if mode == "intercept":
            series = pd.Series(targets).rename_axis(["district", "sex", "age_band"])
            people = intercept_sample(truth, places, series, rng, wave=number)
        else:
            people = open_qr_sample(truth, places, round(1.15 * sum(targets.values())), rng, wave=number)
        answers = draw_answers(people, questions, rng)
        met = list(_submissions(wave, own, people, answers, questionnaire, rng))
        samples += [_by_tablet(crew, wave, own, each) for each in met] if mode == "intercept" else met
    samples = sorted((each for each in samples if each.received_at <= now), key=lambda each: each.received_at)
    crew.keep(door.db, now)
    for start in range(0, len(samples), AT_ONCE):
        checked = [check_submission(door, submission) for submission in samples[start : start + AT_ONCE]]
        with door.db.writing() as connection:
            keep_responses(connection, checked, None)
        progress(wave.code, start + len(checked), len(samples))


def _by_tablet(crew: Crew, wave: Wave, points: list[Point], met: Submission) -> Submission:
    """The same person, met by a volunteer in one of the shifts of the point."""
    point = next(point for point in points if point.code == met.point_code)
    share = (met.received_at - wave.opens_at) / timedelta(days=FIELD_DAYS)
    ended, shift = crew.moment(wave, point, share, FIELD_DAYS)
    finish = crew.outcome(met.finish)
    seconds = int((met.received_at - met.opened_at).total_seconds()) if finish in INTERVIEWS else 20
    paradata = crew.paradata(point, shift, ended, seconds, finish)
    received = ended + timedelta(minutes=5)
    return replace(
        met,
        finish=finish,
        answers=met.answers if finish in INTERVIEWS else {},
        opened_at=paradata.times.started_at,
        received_at=received,
        paradata=paradata,
    )


_FINISH = {
    Disposition.REFUSED.value: Finish.REFUSED,
    Disposition.PARTIAL.value: Finish.BROKEN_OFF,
}


def _submissions(
    wave: Wave,
    points: list[Point],
    people: pd.DataFrame,
    answers: pd.DataFrame,
    questionnaire: Questionnaire,
    rng: np.random.Generator,
) -> Iterator[Submission]:
    outsider = _outsider(questionnaire)
    for person, given in zip(people.to_dict("records"), answers.to_dict("records"), strict=True):
        told = {str(code): answer for code, answer in given.items() if isinstance(answer, str)}
        if person["disposition"] == Disposition.INELIGIBLE.value:
            told |= outsider
        asked = questionnaire.routing.asked(told)
        received = wave.opens_at + timedelta(minutes=int(person["minute"]), seconds=int(rng.integers(60)))
        yield Submission(
            id=UUID(bytes=rng.bytes(16), version=4),
            point_code=points[int(person["point"])].code,
            questionnaire_code=questionnaire.code,
            questionnaire_version=questionnaire.version,
            language="zh-Hans",
            finish=_FINISH.get(str(person["disposition"]), Finish.FINISHED),
            answers={code: _answer(questionnaire.items[code], told[code]) for code in asked if code in told},
            opened_at=received - timedelta(seconds=int(person["seconds"])),
            received_at=received,
        )


def _outsider(questionnaire: Questionnaire) -> dict[str, str]:
    """Screening answers of somebody who does not belong to the population: the last category where they decide."""
    strata = {stratum.item for stratum in questionnaire.strata}
    told = {item: questionnaire.items[item].substantive[-1].code for item in strata}
    if questionnaire.eligibility is not None:
        told |= {
            item: questionnaire.items[item].substantive[-1].code for item in questionnaire.eligibility.items() - strata
        }
    return told


def _answer(item: Item, drawn: str) -> object:
    """What the form would send for a drawn category."""
    if item.type is ItemType.SEVERAL:
        return [drawn]
    return int(drawn) if item.type is ItemType.INTEGER and drawn.isdigit() else drawn


def simulated_questions(questionnaire: Questionnaire) -> list[Question]:
    """How a simulated person answers: facts from the person, indicators from the truth, the rest by leaning."""
    facts = {stratum.item: stratum.dimension for stratum in questionnaire.strata}
    if questionnaire.area_item is not None:
        facts[questionnaire.area_item.code] = "neighbourhood"
    indicators: Mapping[str, Indicator] = {each.items[0]: each for each in questionnaire.indicators}
    screening = questionnaire.eligibility.items() if questionnaire.eligibility is not None else frozenset()
    questions = []
    for item in questionnaire.items.values():
        if item.code in facts:
            questions.append(Question(item.code, column=facts[item.code]))
        elif item.code in screening:
            questions.append(Question(item.code, (item.categories[0].code,)))
        elif item.code in indicators:
            questions.append(_indicator_question(item, indicators[item.code]))
        elif item.type is ItemType.INTEGER:
            counts = tuple(str(item.minimum + step) for step in range(4)) if item.minimum is not None else ()
            questions.append(Question(item.code, counts, (0.4, 0.3, 0.2, 0.1), dont_know=_dont_know(item)))
        elif item.categories:
            questions.append(_opinion(item))
    return questions


def _indicator_question(item: Item, indicator: Indicator) -> Question:
    categories = tuple(category.code for category in item.substantive)
    return Question(
        item.code,
        categories,
        shares=tuple(1 / (position + 1) for position in range(len(categories))),
        indicator=indicator.code,
        counted=indicator.counted,
        dont_know=_dont_know(item),
        dont_know_rate=0.02,
    )


def _opinion(item: Item) -> Question:
    categories = tuple(category.code for category in item.substantive)
    shares = tuple(0.7**position for position in range(len(categories)))
    pull = 0.5 if item.type is ItemType.SCALE else 0.0
    return Question(item.code, categories, shares, pull=pull, dont_know=_dont_know(item), dont_know_rate=0.05)


def _dont_know(item: Item) -> str | None:
    return next((category.code for category in item.categories if category.mark is Mark.DONT_KNOW), None)
