"""Questionnaires are published and waves opened while people answer: who opened version 1 is stored as version 1.

Each version offers other categories than the one before, so that an answer in the wrong version would show.
"""

import secrets
import shutil
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from survey.db import migrate
from survey.domain.questionnaire import Questionnaire
from survey.domain.submission import Submission
from survey.domain.wave import Mode
from survey.queries import waves
from survey.queries.questionnaires import published_versions
from survey.services.move_wave import open_wave
from survey.services.plan_wave import plan_wave
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.read_wave import frame_list
from survey.web.office import office
from survey.web.page_token import read_token
from survey.web.resident.incoming import Incoming
from survey.yaml_source import read_yaml
from tests.field import SECRET, Field, as_form, open_field, plan_text, questionnaire_text, token_in, valid_answers

_OFFERED = "- {code: satisfied, text: {zh-Hans: 满意, en: Satisfied}}"


def version_text(version: int) -> str:
    """The short questionnaire, where "satisfied" has become a category that only this version has."""
    text = questionnaire_text(version)
    assert _OFFERED in text
    return text.replace(_OFFERED, _OFFERED.replace("satisfied,", f"satisfied{version},")).replace(
        "counted: [satisfied]", f"counted: [satisfied{version}]"
    )


class PeopleAnswer(RuleBasedStateMachine):
    """Organisers publish and open; residents open pages, take their time, and send."""

    pages = Bundle("pages")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="minsheng-versions-"))
        self.sent: dict[UUID, int] = {}

    @initialize()
    def begin(self) -> None:
        url = f"sqlite:///{self.folder / 'versions.db'}"
        migrate(url)
        self.field: Field = open_field(url, questionnaire=version_text(1))
        self.client = self.field.app.test_client()
        self.versions: dict[int, Questionnaire] = {1: self.field.questionnaire}
        self.posters = [self.field.point.code]

    @rule()
    def publish_the_next_version(self) -> None:
        version = len(self.versions) + 1
        published = publish_questionnaire(self.field.db, version_text(version), "next.yaml", self.field.clock())
        self.versions[version] = published.questionnaire

    @rule(data=st.data())
    def open_another_wave(self, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(sorted(self.versions)))
        plan = plan_text(
            code=f"wave-{len(self.posters)}", questionnaire=("field", version), samples={Mode.INTERCEPT: 600}
        )
        (frame,) = frame_list(self.field.db)
        field = self.field
        planned = plan_wave(
            field.db, field.catalogue, read_yaml(plan, "plan.yaml"), frame.id, field.clock(), secrets.randbelow
        )
        open_wave(field.db, planned.wave.code)
        with field.db.reading() as connection:
            self.posters.append(waves.points_of_wave(connection, planned.wave.id)[0].code)

    @rule(target=pages, data=st.data())
    def open_a_page(self, data: st.DataObject) -> tuple[str, str]:
        poster = data.draw(st.sampled_from(self.posters))
        return poster, token_in(self.client.get(f"/r/{poster}").text)

    @rule(page=pages, data=st.data())
    def send_answers_of_some_version(self, page: tuple[str, str], data: st.DataObject) -> None:
        poster, text = page
        token = read_token(SECRET, text)
        assert token is not None
        version = data.draw(st.sampled_from(sorted(self.versions)))
        answer = self.client.post(f"/r/{poster}", data=as_form(valid_answers(parks=f"satisfied{version}"), text))
        if version == token.questionnaire_version:
            assert answer.status_code == 303
            self.sent[token.submission_id] = version
        else:
            assert answer.status_code == 422

    @rule(minutes=st.integers(1, 60))
    def let_time_pass(self, minutes: int) -> None:
        self.field.clock.forward(minutes=minutes)

    @invariant()
    def what_was_opened_on_a_version_is_stored_as_that_version(self) -> None:
        if not hasattr(self, "field"):
            return
        rows = self.field.rows()
        assert {row["id"]: row["questionnaire_version"] for row in rows} == self.sent
        for row in rows:
            offered = self.versions[row["questionnaire_version"]].items["parks"].categories
            assert row["answers"]["parks"] in {category.code for category in offered}
            assert not row["superseded"]

    def teardown(self) -> None:
        if hasattr(self, "field"):
            self.field.close()
        shutil.rmtree(self.folder)


FEW = settings(max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
TestPeopleAnswer = PeopleAnswer.TestCase
TestPeopleAnswer.settings = FEW


def test_a_door_that_takes_forms_for_the_newest_version_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    as_opened = Incoming.submission

    def as_newest(self: Incoming, now: datetime) -> Submission:
        with office().db.reading() as connection:
            newest = max(version for _, version, _, _ in published_versions(connection))
        return replace(as_opened(self, now), questionnaire_version=newest)

    monkeypatch.setattr(Incoming, "submission", as_newest)
    once = settings(FEW, max_examples=200, report_multiple_bugs=False, phases=[Phase.generate], derandomize=True)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(PeopleAnswer, settings=once)
