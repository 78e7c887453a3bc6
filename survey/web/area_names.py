"""How an area is called in the page's language. English names are often missing; then the Chinese one stands."""

from survey.domain.frame import Area
from survey.web.languages import page_language


def area_name(area: Area, language: str | None = None) -> str:
    """The area's name."""
    if (language or page_language()) == "en" and area.name_en:
        return area.name_en
    return area.name_zh
