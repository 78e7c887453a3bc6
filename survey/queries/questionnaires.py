"""SQL about published questionnaires."""

from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlmodel import col

from survey.domain.questionnaire import Questionnaire, questionnaire_from_json
from survey.tables.questionnaire import QuestionnaireVersion


def insert_questionnaire(connection: Connection, questionnaire: Questionnaire, at: datetime) -> None:
    """Publish a version. It is never changed again."""
    connection.execute(
        insert(QuestionnaireVersion),
        {
            "code": questionnaire.code,
            "version": questionnaire.version,
            "digest": questionnaire.digest,
            "content": questionnaire.to_json(),
            "published_at": at,
        },
    )


def published_digest(connection: Connection, code: str, version: int) -> str | None:
    """The digest of a published version; None where it is not published."""
    return connection.scalar(
        select(col(QuestionnaireVersion.digest)).where(
            col(QuestionnaireVersion.code) == code, col(QuestionnaireVersion.version) == version
        )
    )


def published_questionnaire(connection: Connection, code: str, version: int) -> Questionnaire | None:
    """A published version as it was written."""
    content = connection.scalar(
        select(col(QuestionnaireVersion.content)).where(
            col(QuestionnaireVersion.code) == code, col(QuestionnaireVersion.version) == version
        )
    )
    return None if content is None else questionnaire_from_json(content)


def published_versions(connection: Connection) -> list[tuple[str, int, str, datetime]]:
    """(code, version, digest, moment) of everything published, newest version last."""
    rows = connection.execute(
        select(
            col(QuestionnaireVersion.code),
            col(QuestionnaireVersion.version),
            col(QuestionnaireVersion.digest),
            col(QuestionnaireVersion.published_at),
        ).order_by(col(QuestionnaireVersion.code), col(QuestionnaireVersion.version))
    ).all()
    return [(row[0], row[1], row[2], row[3]) for row in rows]
