"""The planning form's part on volunteers: how they approach people becomes part of the plan."""

import re
from datetime import timedelta
from typing import Any

import pytest

from survey.domain.protocol import DEFAULT_PROTOCOL, Protocol
from survey.domain.wave_json import plan_from_json
from survey.services.accounts import add_account
from survey.services.read_wave import wave_of_code
from tests.field import NOW, Field
from tests.frames.excerpt import HUAYING, YUECHI
from tests.web.desk import PASSWORD, Visitor

FORM: dict[str, Any] = {
    "frame": "1",
    "wave": "second",
    "title_zh-Hans": "第二次",
    "title_en": "Second",
    "questionnaire": "field/1",
    "opens": f"{NOW:%Y-%m-%dT%H:%M}",
    "closes": f"{NOW + timedelta(days=9):%Y-%m-%dT%H:%M}",
    "grace_hours": "48",
    "district": [YUECHI, HUAYING],
    "mode": ["intercept"],
    "intercept_n": "60",
    "intercept_allocation": "equal",
    "intercept_per_district": "2",
    "intercept_place": ["square", "market"],
    "street_every": "7",
    "street_slots": "30",
    "street_grant_hours": "24",
    "street_observe": ["sex"],
    "street_place": "yes",
}


@pytest.fixture
def visitor(field: Field, quick_hashing: None) -> Visitor:
    """An organiser at the desk of an office that has a frame and a questionnaire."""
    add_account(field.db, "organiser", "organiser", PASSWORD, NOW)
    made = Visitor(field.app.test_client())
    made.sign_in("organiser")
    return made


def protocol_of(field: Field, visitor: Visitor, **changes: Any) -> Protocol:
    """The protocol of the plan that these fields make; None leaves a field out."""
    fields = {name: value for name, value in (FORM | changes).items() if value is not None}
    answer = visitor.post("/desk/plan", **fields)
    assert answer.status_code == 303, answer.text
    return plan_from_json(wave_of_code(field.db, "second").plan).protocol


def test_the_form_says_how_people_are_approached(field: Field, visitor: Visitor) -> None:
    assert protocol_of(field, visitor) == Protocol(7, 30, 24, ("sex",), place=True)
    unticked = protocol_of(field, visitor, street_observe=None, street_place=None)
    assert (unticked.observe, unticked.place) == ((), False)


def test_the_form_begins_with_what_is_usual(field: Field, visitor: Visitor) -> None:
    page = visitor.get("/desk/plan").text
    fields = dict(re.findall(r'name="(street_\w+)"[^>]*value="(\d+)"', page))
    ticked = re.findall(r'name="(street_\w+)" value="(\w+)" checked', page)
    assert ticked == [("street_observe", "sex"), ("street_observe", "age_band")]
    assert protocol_of(field, visitor, **fields, street_observe=[name for _, name in ticked], street_place=None) == (
        DEFAULT_PROTOCOL
    )


def test_without_intercept_interviews_its_fields_are_not_read(field: Field, visitor: Visitor) -> None:
    open_qr = {name.replace("intercept", "open_qr"): value for name, value in FORM.items() if "intercept_" in name}
    assert protocol_of(field, visitor, **open_qr, mode=["open_qr"], street_every="none") == DEFAULT_PROTOCOL


def test_a_number_that_will_not_do_is_named_and_nothing_typed_is_lost(field: Field, visitor: Visitor) -> None:
    answer = visitor.post("/desk/plan", **FORM | {"street_every": "0", "street_slots": ""})
    assert answer.status_code == 422
    assert re.findall(r"<b>(intercept\.\w+)</b>", answer.text) == ["intercept.every", "intercept.slots"]
    assert 'name="street_every" inputmode="numeric" value="0"' in answer.text
    assert 'name="street_observe" value="sex" checked' in answer.text
    assert 'name="street_observe" value="age_band">' in answer.text
    assert 'name="street_place" value="yes" checked' in answer.text
