"""That every instrument of the repository, however it is made, goes the whole way: form, door, wave page, areas."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from survey.domain.disposition import Disposition
from survey.domain.questionnaire import Questionnaire
from tests.field import WAVE, Field, first_answers, plan_text
from tests.questionnaires.instruments import instrument_files, parse_text
from tests.web.desk import Desk, Visitor

PAGES = (f"/desk/waves/{WAVE}", f"/desk/waves/{WAVE}/areas", f"/desk/waves/{WAVE}/areas.json")


@pytest.mark.parametrize("path", instrument_files(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_wave_of_any_instrument_takes_answers_and_has_its_pages(
    new_field: Callable[..., Field], new_desk: Callable[..., Desk], path: Path
) -> None:
    text = path.read_text("utf-8")
    instrument = parse_text(text)
    titles = ", ".join(f"{language}: Trial wave" for language in instrument.languages)
    plan = plan_text(questionnaire=(instrument.code, instrument.version))
    field = new_field(questionnaire=text, plan=re.sub(r"title: .*", f"title: {{{titles}}}", plan))
    analyst = new_desk().signed_in("analyst")
    assert_pages(analyst, instrument)
    assert field.app.test_client().get(f"/r/{field.point.code}").status_code == 200
    receipt = field.receive(first_answers(instrument))
    assert receipt.disposition in {Disposition.COMPLETE, Disposition.INELIGIBLE}
    assert_pages(analyst, instrument)


def assert_pages(analyst: Visitor, instrument: Questionnaire) -> None:
    """The wave page answers; the lists of areas do where there is an indicator to list."""
    expected = [200, 200, 200] if instrument.indicators else [200, 404, 404]
    assert [analyst.get(page).status_code for page in PAGES] == expected
