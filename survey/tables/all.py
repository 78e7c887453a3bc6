"""Every table, imported once so that the metadata is whole."""

from survey.tables.account import AccountRow, SignInBucket
from survey.tables.frame import AreaRow, FrameVersion, PopulationRow
from survey.tables.installation import InstallationFact
from survey.tables.questionnaire import QuestionnaireVersion
from survey.tables.quota import QuotaCellRow, QuotaEvent
from survey.tables.response import ConflictCopy, ResponseRow
from survey.tables.wave import PointRow, WaveRow

__all__ = [
    "AccountRow",
    "AreaRow",
    "ConflictCopy",
    "FrameVersion",
    "InstallationFact",
    "PointRow",
    "PopulationRow",
    "QuestionnaireVersion",
    "QuotaCellRow",
    "QuotaEvent",
    "ResponseRow",
    "SignInBucket",
    "WaveRow",
]
