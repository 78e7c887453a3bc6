"""The words for what the analysis says in codes: modes, dispositions, flags, reasons, bases and notes."""

from collections.abc import Mapping

from analysis.definitions import MEAN_SCORE, MIDDLE_COUNTED, TOP_BOX, TOP_TWO
from analysis.risk import Flag, FlagKind
from survey.domain.allocation import Allocation
from survey.domain.disposition import Disposition
from survey.domain.frame import Level
from survey.domain.frame_check import SumKind
from survey.web.languages import N_, translate

MODES: Mapping[str, str] = {
    "intercept": N_("Street intercept"),
    "open_qr": N_("Open QR code"),
    "household": N_("Household visit"),
    "sampled": N_("Letter with a code"),
}
PLACES: Mapping[str, str] = {
    "square": N_("square"),
    "mall": N_("shopping mall"),
    "supermarket": N_("supermarket"),
    "station": N_("station"),
    "service_window": N_("service window"),
    "back_street": N_("back street"),
    "housing_estate": N_("housing estate"),
    "urban_fringe": N_("urban fringe"),
    "urban_village": N_("urban village"),
    "bus_line": N_("bus line"),
    "hospital": N_("hospital"),
    "market": N_("market"),
    "school_gate": N_("school gate"),
}
STATES: Mapping[str, str] = {"draft": N_("Draft"), "open": N_("Open"), "closed": N_("Closed")}
DISPOSITIONS: Mapping[Disposition, str] = {
    Disposition.COMPLETE: N_("Complete"),
    Disposition.PARTIAL: N_("Partial"),
    Disposition.INELIGIBLE: N_("Not eligible"),
    Disposition.REFUSED: N_("Refused"),
    Disposition.NON_CONTACT: N_("Not reached"),
    Disposition.LANGUAGE: N_("No common language"),
    Disposition.CELL_FULL: N_("Cell full"),
    Disposition.OVER_QUOTA: N_("Over quota"),
    Disposition.TOO_LATE: N_("Too late"),
    Disposition.DUPLICATE: N_("Duplicate"),
}
FLAGS: Mapping[FlagKind, str] = {
    FlagKind.AT_RISK: N_("at risk"),
    FlagKind.UNCERTAIN: N_("uncertain"),
    FlagKind.SAFE: N_("on target"),
    FlagKind.TOO_FEW: N_("too few"),
}
FLAG_SHAPES: Mapping[FlagKind, str] = {
    FlagKind.AT_RISK: "▲",
    FlagKind.UNCERTAIN: "◆",
    FlagKind.SAFE: "●",
    FlagKind.TOO_FEW: "○",
}
BASES: Mapping[str, str] = {
    "design": N_("design-based interval"),
    "borrowed_deff": N_("interval"),
    "modelled": N_("modelled interval"),
    "none": N_("no interval"),
}
DEFINITIONS: Mapping[str, str] = {
    TOP_BOX: N_("Best category only"),
    TOP_TWO: N_("Best two categories"),
    MIDDLE_COUNTED: N_("Middle category and better"),
    MEAN_SCORE: N_("Mean score, 0 to 100"),
}
LEVELS: Mapping[Level, str] = {
    Level.CITY: N_("city"),
    Level.DISTRICT: N_("districts"),
    Level.STREET: N_("streets and towns"),
    Level.COMMUNITY: N_("communities and villages"),
    Level.GRID: N_("grid zones"),
}
SUMS: Mapping[SumKind, str] = {
    SumKind.SEXES: N_("total = men + women"),
    SumKind.BANDS: N_("total = sum of its age bands"),
    SumKind.SEXES_AND_BANDS: N_("total = sum over sexes and age bands"),
    SumKind.CHILDREN: N_("area = sum of the areas below it"),
}
RULES: Mapping[Allocation, str] = {
    Allocation.EQUAL: N_("equally"),
    Allocation.PROPORTIONAL: N_("in proportion to residents"),
    Allocation.POWER: N_("in proportion to the square root of residents"),
    Allocation.FIXED: N_("fixed numbers"),
}
_REASONS: Mapping[str, str] = {
    "upper_below_target": N_("the upper end {upper} lies below the target {target}"),
    "lower_at_target": N_("the lower end {lower} reaches the target {target}"),
    "astride": N_("the target {target} lies inside {lower} to {upper}"),
    "few_answers": N_("too few answers; at least {min_n} are needed to show a rate"),
    "no_interval": N_("no interval can be given for these {n} answers"),
    "few_effective": N_("the answers weigh no more than {n_effective} independent ones"),
    "wide_interval": N_("the interval is {width} wide; more than {max_width} decides nothing"),
    "wide_for_its_size": N_(
        "the interval is as wide as {relative_width} of the rate; over {max_relative_width} decides nothing"
    ),
    "few_df": N_("the points give {df} degrees of freedom; at least {min_df} are needed"),
    "few_points": N_("the target {target} lies inside {lower} to {upper}; more points are needed, not more answers"),
    "likely_below": N_("the rate lies below the target {target} with a chance of {below}"),
    "likely_at_target": N_("the rate lies below the target {target} only with a chance of {below}"),
    "to_be_settled": N_("whether the rate lies below the target {target} is open: the chance is {below}"),
    "near_target": N_("too near the target {target} for any number of interviews to settle; the chance is {below}"),
    "complementary": N_("withheld, because a withheld neighbour could be computed from it"),
}
_MERGES: Mapping[str, str] = {
    "age_bands": N_("Cells without interviews, weighted together with a neighbouring age band: {count}"),
    "sexes": N_("Cells without interviews, weighted together with the other sex: {count}"),
    "unknown": N_("Groups of unknown sex or age, weighted as their district: {count}"),
    "no_interviews": N_("Districts without interviews, which are not represented: {count}"),
    "outside": N_("Groups from outside the wave's districts, which are not counted: {count}"),
}
_COUNTS = frozenset({"n", "min_n", "n_effective", "min_n_effective", "df", "min_df"})


def reason_text(flag: Flag) -> str:
    """Why the flag is what it is, and how many more interviews would settle it."""
    numbers = {name: _number(name, value) for name, value in flag.reason.params}
    text = translate(_REASONS[flag.reason.code]).format(**numbers)
    if flag.needed_n:
        text += translate("; about {count} more would settle it").format(count=flag.needed_n)
    return text


def merge_text(code: str, count: int) -> str:
    """What the weights had to merge, in a sentence."""
    return translate(_MERGES[code]).format(count=count)


def chance_text(chance: float) -> str:
    """A probability, never as a certainty."""
    return "< 1%" if chance < 0.01 else "> 99%" if chance > 0.99 else f"{chance:.0%}"


def _number(name: str, value: float) -> str:
    if name == "below":
        return chance_text(value)
    return f"{value:.0f}" if name in _COUNTS else f"{value:.1%}"
