"""What a browser or a program sent to the form's address, read into one shape and not yet checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from uuid import uuid4

from werkzeug.datastructures import MultiDict

from survey.domain.disposition import Finish
from survey.domain.document import shown
from survey.domain.fieldwork import Point
from survey.domain.json_text import read_object
from survey.domain.minors import lacks_consent
from survey.domain.problems import Problem
from survey.domain.questionnaire import Questionnaire
from survey.domain.submission import Proof, Submission
from survey.domain.validation import answers_from_form, filled_in, form_fields
from survey.services.hold_slot import Knock
from survey.services.read_wave import wave_of_point
from survey.web.languages import interface_languages, offered_languages, page_language
from survey.web.office import office
from survey.web.page_token import PageToken, read_token
from survey.web.resident.area_choice import AreaChoice
from survey.web.text_size import large_text

# Fields of the form that are not items; item codes never begin with an underscore.
TOKEN, LANGUAGE, SIZE, STAGE, ACTION, WORK = "_token", "_language", "_size", "_stage", "_action", "_work"
GUARDIAN = "_guardian"
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_JSON_FIELDS = {"token", "answers", "finish", "language", "guardian", "work"}
_MOST_UNKNOWN = 20  # unknown fields named in one refusal


class Action(StrEnum):
    """What the button that was pressed asks for."""

    SEND = "send"
    STOP = "stop"
    REFUSE = "refuse"
    LEAVE = "leave"  # there is no room, and no opinion is left
    SHOW = "show"  # the form again, with new lists of areas, another language or another size
    NEXT = "next"  # the form again, now with what follows the first screen


_FINISH = {
    Action.SEND: Finish.FINISHED,
    Action.STOP: Finish.BROKEN_OFF,
    Action.REFUSE: Finish.REFUSED,
    Action.LEAVE: Finish.CELL_FULL,
}


@dataclass(frozen=True, slots=True)
class Incoming:
    """One form as it came. `problems` are those of the envelope; `answers` are checked at the door; `filled` is
    everything that was filled in, also what is not asked any more, for showing the form again with nothing lost.
    """

    token: PageToken
    language: str
    large: bool
    stage: str  # how much of the form was shown, "entry" or "whole"
    action: Action
    answers: Mapping[str, object]
    filled: Mapping[str, object]
    area: AreaChoice | None
    guardian: bool
    problems: tuple[Problem, ...]
    work: str = ""  # the number that was found, see domain/stuffing.py
    earlier_forms: int = 0
    proof: Proof | None = None

    @property
    def ends(self) -> bool:
        """Whether the button ends the form; else it asks for it again."""
        return self.action in _FINISH

    def knock(self, now: datetime) -> Knock:
        """The question whether there is room for who gives these answers."""
        return Knock(
            submission_id=self.token.submission_id,
            point_code=self.token.point_code,
            questionnaire_code=self.token.questionnaire_code,
            questionnaire_version=self.token.questionnaire_version,
            answers=self.answers,
            opened_at=self.token.opened_at,
            at=now,
        )

    def submission(self, now: datetime) -> Submission:
        """The submission this form stands for."""
        return Submission(
            id=self.token.submission_id,
            point_code=self.token.point_code,
            questionnaire_code=self.token.questionnaire_code,
            questionnaire_version=self.token.questionnaire_version,
            language=self.language,
            finish=_FINISH[self.action],
            answers=self._kept_answers(),
            guardian=self.guardian,
            opened_at=self.token.opened_at,
            received_at=now,
            earlier_forms=self.earlier_forms,
            proof=self.proof,
        )

    def _kept_answers(self) -> Mapping[str, object]:
        if self.action is not Action.LEAVE:
            return self.answers
        named = self.token.questionnaire_code, self.token.questionnaire_version
        entry = office().catalogue.questionnaire(*named).entry_codes
        return {code: self.answers[code] for code in entry if code in self.answers}

    def with_problems(self, problems: tuple[Problem, ...]) -> "Incoming":
        """The same form, refused."""
        return replace(self, problems=problems)


def read_form(point: Point, form: MultiDict[str, str], files: Iterable[str]) -> Incoming:
    """A form as a browser posts it. Fields that the questionnaire does not have are problems, and so is any file."""
    token, problems = _token(point, form.get(TOKEN, ""))
    questionnaire = office().catalogue.questionnaire(token.questionnaire_code, token.questionnaire_version)
    known = form_fields(questionnaire) | {TOKEN, LANGUAGE, SIZE, STAGE, ACTION, WORK, GUARDIAN}
    problems += _unknown((*(name for name in form if name not in known), *files))
    action, _, wish = form.get(ACTION, "send").partition(":")
    language, large = form.get(LANGUAGE, ""), form.get(SIZE, "") == "large"
    offered = offered_languages(questionnaire.languages)
    if wish in offered:
        language = wish
    elif wish in {"large", "normal"}:
        large = wish == "large"
    if action not in set(Action):
        problems.append(Problem("unknown_action", ACTION))
        action = Action.SHOW
    answers = dict(answers_from_form(questionnaire, form.getlist))
    filled = dict(filled_in(questionnaire, form.getlist))
    area = _area(questionnaire, point, form, filled)
    item = questionnaire.area_item
    if item is not None and area is not None and item.code not in filled:
        answers.pop(item.code, None)  # the lists were changed above it
    guardian = GUARDIAN in form
    if action == Action.SEND and lacks_consent(questionnaire, answers, guardian=guardian):
        problems.append(Problem("guardian_missing", GUARDIAN))
    return Incoming(
        token=token,
        language=language if language in offered else page_language(),
        large=large,
        stage="entry" if action == Action.SHOW and form.get(STAGE) == "entry" else "whole",
        action=Action(action),
        answers=answers,
        filled=filled,
        area=area,
        guardian=guardian,
        problems=tuple(problems),
        work=form.get(WORK, ""),
    )


def read_json(point: Point, body: bytes) -> Incoming:
    """The same from a program: `{"token": …, "answers": {…}, "finish": "finished", "language": "en", "work": "…"}`."""
    content, unreadable = read_object(body, "body")
    problems = _unknown(name for name in content if name not in _JSON_FIELDS)
    token_text = content.get("token")
    token, token_problems = _token(point, token_text if isinstance(token_text, str) else "")
    answers, finish, language = content.get("answers"), content.get("finish", "finished"), content.get("language")
    if not isinstance(answers, dict):
        problems.append(Problem("not_an_object", "answers"))
        answers = {}
    actions = {finish.value: action for action, finish in _FINISH.items()}
    if not isinstance(finish, str) or finish not in actions:
        problems.append(Problem("unknown_finish", "finish"))
        finish = "finished"
    work = content.get("work", "")
    if not isinstance(work, str):
        problems.append(Problem("not_text", "work"))
        work = ""
    if language is None:
        language = page_language()
    elif not isinstance(language, str) or language not in interface_languages():
        problems.append(Problem("unknown_language", "language"))
        language = page_language()
    return Incoming(
        token=token,
        language=language,
        large=large_text(),
        stage="whole",
        action=actions[finish],
        answers=answers,
        filled=answers,
        area=None,
        guardian=content.get("guardian") is True,
        problems=unreadable or tuple(problems + token_problems),
        work=work,
    )


def _unknown(names: Iterable[str]) -> list[Problem]:
    return [Problem("unknown_field", shown(name)) for name in islice(names, _MOST_UNKNOWN)]


def _token(point: Point, text: str) -> tuple[PageToken, list[Problem]]:
    """The form's token. One that is foreign or too old is replaced, and the sender looks once more before sending."""
    token, now = read_token(office().settings.secret_key, text), office().now()
    if token is None or token.point_code != point.code:
        wave = wave_of_point(office().db, point)
        fresh = PageToken(uuid4(), point.code, wave.questionnaire_code, wave.questionnaire_version, now)
        return fresh, [Problem("token_unknown", "token")]
    if now - token.opened_at > timedelta(hours=office().settings.token_hours):
        return replace(token, opened_at=now), [Problem("token_old", "token")]
    return token, []


def _area(
    questionnaire: Questionnaire, point: Point, form: MultiDict[str, str], filled: dict[str, object]
) -> AreaChoice | None:
    """The three lists of the area item. A neighbourhood outside the chosen street is not an answer any more."""
    item = questionnaire.area_item
    if item is None:
        return None
    ground = office().catalogue.ground(point.wave_id)
    chosen = str(filled.get(item.code, ""))
    choice = AreaChoice.posted(
        ground, form.get(f"{item.code}__district", ""), form.get(f"{item.code}__street", ""), chosen
    )
    if choice.neighbourhood != chosen and chosen in ground.homes:
        filled.pop(item.code, None)
    return choice
