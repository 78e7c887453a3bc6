"""Every table, imported once so that the metadata is whole."""

from survey.tables.account import AccountRow, SignInBucket
from survey.tables.assignment import AssignmentRow, GrantRow, TurnRow
from survey.tables.device import DeviceRow, EnrolmentRow
from survey.tables.frame import AreaRow, FrameVersion, PopulationRow
from survey.tables.installation import InstallationFact
from survey.tables.letter import LetterBatchRow, LetterCodeRow
from survey.tables.paradata import CallBackRow, ParadataRow
from survey.tables.questionnaire import QuestionnaireVersion
from survey.tables.quota import QuotaCellRow, QuotaEvent, SlotHold
from survey.tables.response import ConflictCopy, ReplacedResponse, ResponseRow
from survey.tables.wave import PointRow, WaveRow
from survey.tables.wave_key import WaveKeyRow

__all__ = [
    "AccountRow",
    "AreaRow",
    "AssignmentRow",
    "CallBackRow",
    "ConflictCopy",
    "DeviceRow",
    "EnrolmentRow",
    "FrameVersion",
    "GrantRow",
    "InstallationFact",
    "LetterBatchRow",
    "LetterCodeRow",
    "ParadataRow",
    "PointRow",
    "PopulationRow",
    "QuestionnaireVersion",
    "QuotaCellRow",
    "QuotaEvent",
    "ReplacedResponse",
    "ResponseRow",
    "SignInBucket",
    "SlotHold",
    "TurnRow",
    "WaveKeyRow",
    "WaveRow",
]
