"""Five per cent of a wave's open answers are made up at one poster, through the same door as everybody's: the desk
names the poster, and the headline does not move by a bit.

The honest wave is the demonstration's: a simulated city whose people answer by volunteer and by poster. Whoever stuffs
takes a day for it, opens a fresh page for each form and fills it in as slowly as people do.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from analysis.quality.answers import Unit
from survey.app import create_app
from survey.db import Database
from survey.domain.fieldwork import Point
from survey.domain.questionnaire import Questionnaire
from survey.queries import quotas, waves
from survey.services import demonstration
from survey.services.catalogue import Catalogue
from survey.services.report_wave import WaveResults, report_wave
from survey.services.review_quality import QualityReview, review_quality
from tests.field import SECRET, Clock, as_form, first_answers, settings, token_in

BEGAN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SHARE = 0.5  # of the demonstration's usual size


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
def city(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> City:
    monkeypatch.setattr(demonstration, "BEGAN_DAYS_AGO", (9,))
    db = Database(sqlite_url)
    made = demonstration.build_demonstration(db, SECRET, BEGAN, lambda *_: None, share=SHARE)
    catalogue = Catalogue(db)
    with db.reading() as connection:
        wave = waves.wave_by_code(connection, made.waves[0])
        assert wave is not None
        posters = [each for each in waves.points_of_wave(connection, wave.id) if each.mode == "open_qr"]
    questionnaire = catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version)
    return City(sqlite_url, db, Clock(BEGAN), catalogue, wave.code, posters, questionnaire)


def headline(results: WaveResults) -> str:
    """Everything that the desk says without the posters, to the last bit."""
    told = [each for each in results.report.rates if each.rate.mode != "open_qr"]
    assert told
    return repr((told, results.report.merges["intercept"], results.headline_mode, results.neighbourhoods))


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
