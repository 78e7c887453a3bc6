"""An open wave of the civic form whose cells never fill, by the real clock: for the benchmarks of residents."""

from datetime import datetime

from survey.db import migrate
from survey.domain.wave import Mode
from tests.browser import REPOSITORY
from tests.field import CHINA, Field, open_field, plan_text, questionnaire_text


def civic_field(url: str, mode: Mode = Mode.INTERCEPT) -> Field:
    """The wave, in a database that is migrated first."""
    migrate(url)
    now = datetime.now(CHINA)
    civic = (REPOSITORY / "questionnaires/civic/1.yaml").read_text("utf-8")
    return open_field(
        url,
        now=now,
        questionnaire=questionnaire_text(text=civic, valid_until=f"{now.year + 1}-12-31"),
        plan=plan_text(now, questionnaire=("civic", 1), samples={mode: 12 * 100_000}),
    )
