"""Five per cent of a wave's open answers are made up at one poster, through the same door as everybody's: the desk
names the poster, and what rests on interviews and on letters does not move by a bit.

The honest wave is the demonstration's: a simulated city whose people answer by volunteer and by poster, and here by
letter too. Whoever stuffs takes a day for it, opens a fresh page for each form and fills it in as slowly as people do.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from analysis.quality.answers import Unit
from analysis.simulated_answers import draw_answers
from analysis.simulated_fieldwork import collection_points, intercept_sample, quota_targets
from survey.app import create_app
from survey.db import Database
from survey.domain.disposition import Finish
from survey.domain.document import Document
from survey.domain.fieldwork import Point, Wave
from survey.domain.letters import FEWEST_LETTERS
from survey.domain.questionnaire import Questionnaire
from survey.domain.submission import Submission
from survey.domain.wave import Mode
from survey.queries import quotas, waves
from survey.services import demonstration
from survey.services.answer_letter import answer_letter, find_letter
from survey.services.catalogue import Catalogue
from survey.services.make_letters import make_letters
from survey.services.receive_submission import Door
from survey.services.report_wave import WaveResults, report_wave
from survey.services.review_quality import QualityReview, review_quality
from tests.field import SECRET, Clock, as_form, first_answers, settings, token_in

BEGAN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SHARE = 0.5  # of the demonstration's usual size
LETTERS = 240  # that are answered, to four areas of each district


@dataclass(slots=True)
class City:
    """The wave of an honest city, half way through, and its open posters."""

    url: str
    db: Database
    clock: Clock
    catalogue: Catalogue
    code: str
    posters: list[Point]
    questionnaire: Questionnaire

    def results(self) -> WaveResults:
        return report_wave(self.db, self.catalogue, self.code, BEGAN)

    def signs(self) -> QualityReview:
        return review_quality(self.db, self.catalogue, self.code)


@pytest.fixture
def city(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    monkeypatch.setattr(demonstration, "BEGAN_DAYS_AGO", (9,))
    monkeypatch.setattr(demonstration, "_plan", with_letters(demonstration._plan))
    db = Database(sqlite_url)
    made = demonstration.build_demonstration(db, SECRET, BEGAN, lambda *_: None, share=SHARE)
    catalogue = Catalogue(db)
    with db.reading() as connection:
        wave = waves.wave_by_code(connection, made.waves[0])
        assert wave is not None
        points = waves.points_of_wave(connection, wave.id)
    questionnaire = catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version)
    invited = [each for each in points if each.mode == Mode.SAMPLED]
    answer_letters(Door(db, catalogue, SECRET), wave, list(answers_by_letter(made, wave, invited, questionnaire)))
    posters = [each for each in points if each.mode == Mode.OPEN_QR]
    yield City(sqlite_url, db, Clock(BEGAN), catalogue, wave.code, posters, questionnaire)
    db.close()


def with_letters(plan: Any) -> Any:
    """The demonstration's plan, which then sends letters too."""

    def planned(code: str, number: int, midnight: datetime, place: Any, *others: Any) -> Document:
        document: Document = plan(code, number, midnight, place, *others)
        invited = collection_points(place, np.random.default_rng(2), 4).itertuples(index=False)
        tree: Any = document.tree
        tree["samples"].append({"mode": "sampled", "n": LETTERS, "allocation": "proportional"})
        tree["points"] += [{"area": area, "place": kind, "mode": "sampled"} for area, kind in invited]
        return document

    return planned


def answers_by_letter(
    made: demonstration.Demonstration, wave: Wave, invited: list[Point], questionnaire: Questionnaire
) -> Iterator[Submission]:
    """What people of the city write who live where letters went; half of the wave's days have passed."""
    rng = np.random.default_rng(3)
    places = pd.DataFrame(
        {"neighbourhood": [p.area_code for p in invited], "place_type": [p.place_type for p in invited]}
    )
    people = intercept_sample(made.truth, places, quota_targets(made.truth, LETTERS), rng)
    answers = draw_answers(people, demonstration.simulated_questions(questionnaire), rng)
    return demonstration._submissions(wave, invited, people, answers, questionnaire, rng)


def answer_letters(door: Door, wave: Wave, answers: list[Submission]) -> None:
    """Every household that has answered so far uses the code of its own letter."""
    by_point: defaultdict[str, list[Submission]] = defaultdict(list)
    for each in sorted(answers, key=lambda each: each.received_at):
        if each.received_at <= BEGAN and each.finish is Finish.FINISHED:
            by_point[each.point_code].append(each)
    for point_code, own in by_point.items():
        numbers = [door.catalogue.point(point_code).number]
        (letters,) = make_letters(
            door.db,
            SECRET,
            wave.code,
            numbers,
            max(len(own), FEWEST_LETTERS),
            uuid4(),
            None,
            wave.opens_at,
            secrets.randbelow,
        )
        for code, submission in zip(letters.codes, own, strict=False):
            answer_letter(door, find_letter(door, code), submission)


def headline(results: WaveResults) -> str:
    """Everything that the desk says without the posters, to the last bit."""
    told = [each for each in results.report.rates if each.rate.mode != Mode.OPEN_QR]
    assert {each.rate.mode for each in told} == {Mode.INTERCEPT, Mode.SAMPLED}
    assert all(results.report.responses[mode]["complete"] > LETTERS / 4 for mode in (Mode.INTERCEPT, Mode.SAMPLED))
    merges = [results.report.merges[mode] for mode in (Mode.INTERCEPT, Mode.SAMPLED)]
    return repr((told, merges, results.headline_mode, results.neighbourhoods))


def stuff(city: City, poster: Point, forms: int) -> None:
    """All satisfied, over the next day."""
    client = create_app(settings(city.url), city.clock).test_client()
    areas = [area for area, home in city.catalogue.ground(poster.wave_id).homes.items() if home == poster.district_code]
    with city.db.reading() as connection:
        cells = [
            dict(cell.key.values)
            for cell in quotas.cells_of_wave(connection, poster.wave_id)
            if (cell.key.mode, cell.key.district) == ("open_qr", poster.district_code)
        ]
    for number in range(forms):
        chosen = cells[number % len(cells)]
        strata = {each.item: chosen[each.dimension] for each in city.questionnaire.strata}
        answers = first_answers(city.questionnaire, areas[number % len(areas)], **strata)
        token = token_in(client.get(f"/r/{poster.code}").text)
        filling = timedelta(seconds=150 + 37 * (number % 7))
        city.clock.now += filling
        client.delete_cookie("forms")
        assert client.post(f"/r/{poster.code}", data=as_form(answers, token)).status_code == 303
        city.clock.now += timedelta(hours=14) / forms - filling


def test_a_stuffed_poster_is_named_and_the_headline_does_not_move_by_a_bit(city: City) -> None:
    honest = city.signs()
    assert [lead for lead in honest.review.listed() if lead.kind is Unit.POINT] == []
    before, open_before = headline(city.results()), repr(city.results().report.rates)
    forms_by_point = {each.point: each.forms for each in honest.statistics}
    open_answers = sum(forms_by_point.get(each.code, 0) for each in city.posters)
    forms = round(0.05 * open_answers)
    poster = min(
        city.posters, key=lambda each: abs(forms_by_point.get(each.code, 0) - open_answers / len(city.posters))
    )
    stuff(city, poster, forms)
    found = city.signs()
    assert headline(city.results()) == before
    assert repr(city.results().report.rates) != open_before, "the posters' own rates rise, and stand apart"
    listed = {(lead.kind, lead.unit): lead for lead in found.review.listed()}
    print(f"{forms} of {open_answers} open answers at one poster: q {listed[Unit.POINT, poster.code].q_value:.2g}")
    assert {unit for kind, unit in listed if kind is Unit.POINT} == {poster.code}
    (row,) = [each for each in found.statistics if each.point == poster.code]
    assert row.identical >= forms / 2
    assert row.forms == forms_by_point.get(poster.code, 0) + forms
