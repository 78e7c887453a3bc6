"""The instruments that tests try the questionnaire language on: one tiny file per feature, and the published ones."""

from pathlib import Path

from survey.domain.questionnaire import Questionnaire, parse_questionnaire
from survey.yaml_source import read_yaml

TINY = Path(__file__).parent
PUBLISHED = Path(__file__).resolve().parents[2] / "questionnaires"


def instrument_files() -> list[Path]:
    """Every instrument of the repository."""
    return [*sorted(TINY.glob("*.yaml")), *sorted(PUBLISHED.glob("*/*.yaml"))]


def parse_text(text: str, file: str = "test.yaml") -> Questionnaire:
    """The questionnaire in a YAML text."""
    return parse_questionnaire(read_yaml(text, file))


def tiny(name: str) -> Questionnaire:
    """The tiny instrument of this name."""
    return parse_text((TINY / f"{name}.yaml").read_text("utf-8"), f"{name}.yaml")


def civic() -> Questionnaire:
    """The first published version of the residents' questionnaire."""
    return parse_text((PUBLISHED / "civic" / "1.yaml").read_text("utf-8"), "civic/1.yaml")
