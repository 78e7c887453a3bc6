"""Giving an open wave a later version of its questionnaire, such as one with a corrected word.

New forms get the new version at once. A form or a tablet's interview that was begun with the earlier one is stored as
what it is, and flagged `superseded`. The quota cells stay, so the strata questions must too.
"""

from survey.db import Database
from survey.domain.fieldwork import Wave
from survey.domain.margins import eligible_codes
from survey.domain.problems import Invalid, Problem
from survey.domain.questionnaire import Questionnaire
from survey.domain.wave import WaveState
from survey.queries import waves
from survey.services.catalogue import Catalogue, NotFound


def supersede_questionnaire(db: Database, catalogue: Catalogue, code: str, version: int) -> Wave:
    """Move a wave on to a later published version. Raises NotFound for the wave; Invalid naming `version`."""
    with db.writing() as connection:
        wave = waves.wave_by_code(connection, code)
        if wave is None:
            raise NotFound(code)
        if wave.state is WaveState.CLOSED or version <= wave.questionnaire_version:
            raise _refused("supersede_earlier", wave)
        try:
            later = catalogue.questionnaire(wave.questionnaire_code, version)
        except NotFound:
            named = (("named", f"{wave.questionnaire_code}/{version}"),)
            raise Invalid([Problem("questionnaire_not_published", "version", named)]) from None
        if _cells(later) != _cells(catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version)):
            raise _refused("supersede_strata", wave)
        if wave.closes_at.date() > later.legal.valid_until:
            until = (("until", later.legal.valid_until.isoformat()),)
            raise Invalid([Problem("wave_after_approval", "version", until)])
        waves.set_version(connection, wave.id, version)
        return waves.wave_by_id(connection, wave.id)


def _cells(questionnaire: Questionnaire) -> list[tuple[str, str, tuple[str, ...]]]:
    codes = eligible_codes(questionnaire)
    return [(stratum.dimension, stratum.item, codes[stratum.dimension]) for stratum in questionnaire.strata]


def _refused(code: str, wave: Wave) -> Invalid:
    return Invalid([Problem(code, "version", (("version", str(wave.questionnaire_version)),))])
