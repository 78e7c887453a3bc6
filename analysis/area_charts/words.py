"""The words on charts of small areas, in the reader's language, and how their numbers are written."""

from dataclasses import dataclass
from math import isfinite

from analysis.panels import Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaLabels(Labels):
    """What these charts say beside the words of all charts. Names in braces are filled in by the chart."""

    below: str  # P(rate < target): "chance of missing the target"
    predicted: str  # of an area without interviews: "predicted, nobody was asked"
    rate: str  # axis of rates: "estimated rate"
    place: str  # axis of places: "expected place, 1 is the highest rate"
    last: str  # "chance of being among the last {k}"
    tied: str  # "places {first} to {last} cannot be told apart"
    alone: str  # the same of one place: "place {first}"
    said: str  # axis of the calibration plot: "stated chance"
    happened: str  # "how often it was so"
    as_said: str  # its diagonal: "as often as stated"
    effective: str  # axis of the funnel: "effective interviews"
    limits: str  # "{level} limits around the {around}"
    city: str  # "city mean"
    raw: str  # "raw share"
    shrunk: str  # where the model moves it: "estimate"
    now: str  # "interviews so far"
    after: str  # "with the next ones"
    comma: str = ", "


def chance(probability: float) -> str:
    """A probability in whole per cent. What is not certain never reads as 0 or 100: <1%, >99%."""
    if not isfinite(probability):
        return "–"
    return f"{chance_figure(probability)}%"


def chance_figure(probability: float) -> str:
    """The same without the sign, where there is little room."""
    return "<1" if probability < 0.005 else ">99" if probability > 0.995 else f"{100 * probability:.0f}"
