"""Publishing a questionnaire: from then on this version never changes."""

from dataclasses import dataclass
from datetime import datetime

from survey.db import Database
from survey.domain.problems import Invalid, Problem
from survey.domain.questionnaire import Questionnaire, parse_questionnaire
from survey.queries import questionnaires
from survey.yaml_source import read_yaml


@dataclass(frozen=True, slots=True)
class Published:
    """A published version. `already_known`: exactly this had been published before."""

    questionnaire: Questionnaire
    already_known: bool


def publish_questionnaire(db: Database, text: str | bytes, file: str, now: datetime) -> Published:
    """Check a YAML text and publish it. Raises Invalid, also where the version is published with other content."""
    questionnaire = parse_questionnaire(read_yaml(text, file))
    with db.writing() as connection:
        digest = questionnaires.published_digest(connection, questionnaire.code, questionnaire.version)
        if digest is None:
            questionnaires.insert_questionnaire(connection, questionnaire, now)
        elif digest != questionnaire.digest:
            params = (("code", questionnaire.code), ("version", str(questionnaire.version)))
            raise Invalid([Problem("version_published", "version", params, file=file)])
    return Published(questionnaire, already_known=digest is not None)
