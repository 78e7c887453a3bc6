"""Publishing a questionnaire: from then on this version never changes.

What decides whether a person can be counted (eligibility, strata, where they live) must come before everything else, so
that whoever belongs to a full quota cell is told before they have answered for nothing. Versions that were published
before this was asked for are still read.
"""

from dataclasses import dataclass
from datetime import datetime

from survey.db import Database
from survey.domain.document import Document
from survey.domain.problems import Invalid, Problem
from survey.domain.questionnaire import Questionnaire, parse_questionnaire
from survey.queries import questionnaires
from survey.yaml_source import read_yaml


@dataclass(frozen=True, slots=True)
class Published:
    """A published version. `already_known`: exactly this had been published before."""

    questionnaire: Questionnaire
    already_known: bool


def check_questionnaire(text: str | bytes, file: str) -> Questionnaire:
    """The questionnaire of a YAML text, if it could be published. Raises Invalid."""
    document = read_yaml(text, file)
    questionnaire = parse_questionnaire(document)
    _must_ask_strata_first(questionnaire, document)
    return questionnaire


def publish_questionnaire(db: Database, text: str | bytes, file: str, now: datetime) -> Published:
    """Check a YAML text and publish it. Raises Invalid, also where the version is published with other content."""
    document = read_yaml(text, file)
    questionnaire = parse_questionnaire(document)
    with db.writing() as connection:
        digest = questionnaires.published_digest(connection, questionnaire.code, questionnaire.version)
        if digest is None:
            _must_ask_strata_first(questionnaire, document)
            questionnaires.insert_questionnaire(connection, questionnaire, now)
        elif digest != questionnaire.digest:
            params = (("code", questionnaire.code), ("version", str(questionnaire.version)))
            raise Invalid([Problem("version_published", "version", params, file=file)])
    return Published(questionnaire, already_known=digest is not None)


def _must_ask_strata_first(questionnaire: Questionnaire, document: Document) -> None:
    first = questionnaire.entry_codes
    wrong = [
        document.problem(("sections", at, "items", place), "questionnaire_strata_first", item=item.code, last=first[-1])
        for at, section in enumerate(questionnaire.sections)
        for place, item in enumerate(section.items)
        if item.code in first and item.code not in questionnaire.entry_items
    ]
    if wrong:
        raise Invalid(wrong)
