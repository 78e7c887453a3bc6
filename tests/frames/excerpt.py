"""Two counties of the 2020 census, as bytes and as a frame; README.md beside it names the source."""

from datetime import date
from functools import cache
from pathlib import Path

from survey.domain.frame import Frame
from survey.domain.frame_import import parse_frame

REFERENCE_DATE = date(2020, 11, 1)
YUECHI, HUAYING = "511621", "511681"

_FOLDER = Path(__file__).parent


def areas_csv() -> bytes:
    """The areas file."""
    return (_FOLDER / "areas.csv").read_bytes()


def population_csv() -> bytes:
    """The population file."""
    return (_FOLDER / "population.csv").read_bytes()


@cache
def frame() -> Frame:
    """Both, imported."""
    return parse_frame(areas_csv(), population_csv(), REFERENCE_DATE)[0]
