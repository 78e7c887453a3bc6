"""Outcome rates of the fieldwork from counts of final dispositions: response, cooperation, refusal and contact rates.

AAPOR, Standard Definitions: Final Dispositions of Case Codes and Outcome Rates for Surveys, 9th edition, 2016. Which
of a platform's own outcomes is which disposition is for the caller to say. People who choose themselves, as at an open
QR code, have no response rate; those who were invited one by one have a participation rate.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import isfinite, nan


class ImpossibleCount(ValueError):
    """A count, or e, that cannot be; `name` says which."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        super().__init__(f"{name}: {message}")


@dataclass(frozen=True, slots=True)
class Dispositions:
    """How many cases ended how, in AAPOR's own symbols. Raises ImpossibleCount."""

    I: int = 0  # noqa: E741  (complete interviews)
    P: int = 0  # partial interviews
    R: int = 0  # refusals and break-offs
    NC: int = 0  # eligible, never contacted
    O: int = 0  # noqa: E741  (eligible, not interviewed for another reason: illness, language)
    UH: int = 0  # unknown whether there is a household at all
    UO: int = 0  # unknown for another reason
    NE: int = 0  # known not to be eligible; in no rate, but e is estimated from it

    def __post_init__(self) -> None:
        for name, count in asdict(self).items():
            _checked(name, count)

    @property
    def eligible(self) -> int:
        """Cases known to be eligible."""
        return self.I + self.P + self.R + self.NC + self.O

    @property
    def unknown(self) -> int:
        """Cases of unknown eligibility."""
        return self.UH + self.UO


def _checked(name: str, count: object) -> None:
    if isinstance(count, bool) or not isinstance(count, int):
        raise ImpossibleCount(name, f"{count!r} is not a whole number. Count cases, not weights.")
    if count < 0:
        raise ImpossibleCount(name, f"{count} is negative. A count is 0 or more.")


@dataclass(frozen=True, slots=True)
class Eligibility:
    """e, the share of the cases of unknown eligibility that is taken to be eligible; nan where nothing is resolved."""

    value: float
    method: str  # "given" | "proportional_allocation"
    formula: str


def proportional_allocation(counts: Dispositions) -> Eligibility:
    """e as among the cases that were resolved (CASRO 1982; Smith 2009, A Revised Review of Methods to Estimate the
    Status of Cases with Unknown Eligibility). It is 1 where nobody recorded who was not eligible.
    """
    resolved = counts.eligible + counts.NE
    value = counts.eligible / resolved if resolved else nan
    return Eligibility(value, "proportional_allocation", "(I + P + R + NC + O) / (I + P + R + NC + O + NE)")


class Unknown(StrEnum):
    """How many cases of unknown eligibility a denominator takes for eligible."""

    ALL = "UH + UO"
    ESTIMATED = "e·(UH + UO)"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """One of AAPOR's rates: the dispositions on top, those below, and what becomes of the unknown."""

    code: str
    top: tuple[str, ...]
    bottom: tuple[str, ...]
    unknown: Unknown = Unknown.NONE

    @property
    def formula(self) -> str:
        """The formula in AAPOR's symbols."""
        top = " + ".join(self.top)
        bottom = " + ".join([*self.bottom, *([self.unknown.value] if self.unknown else [])])
        return f"{f'({top})' if len(self.top) > 1 else top} / ({bottom})"


_COMPLETE, _ANY = ("I",), ("I", "P")
_REFUSED, _CONTACTED = ("R",), ("I", "P", "R", "O")
_ABLE = ("I", "P", "R")
_ELIGIBLE = ("I", "P", "R", "NC", "O")

DEFINITIONS = (
    Definition("RR1", _COMPLETE, _ELIGIBLE, Unknown.ALL),
    Definition("RR2", _ANY, _ELIGIBLE, Unknown.ALL),
    Definition("RR3", _COMPLETE, _ELIGIBLE, Unknown.ESTIMATED),
    Definition("RR4", _ANY, _ELIGIBLE, Unknown.ESTIMATED),
    Definition("RR5", _COMPLETE, _ELIGIBLE),
    Definition("RR6", _ANY, _ELIGIBLE),
    Definition("COOP1", _COMPLETE, _CONTACTED),
    Definition("COOP2", _ANY, _CONTACTED),
    Definition("COOP3", _COMPLETE, _ABLE),
    Definition("COOP4", _ANY, _ABLE),
    Definition("REF1", _REFUSED, _ELIGIBLE, Unknown.ALL),
    Definition("REF2", _REFUSED, _ELIGIBLE, Unknown.ESTIMATED),
    Definition("REF3", _REFUSED, _ELIGIBLE),
    Definition("CON1", _CONTACTED, _ELIGIBLE, Unknown.ALL),
    Definition("CON2", _CONTACTED, _ELIGIBLE, Unknown.ESTIMATED),
    Definition("CON3", _CONTACTED, _ELIGIBLE),
)


@dataclass(frozen=True, slots=True)
class OutcomeRate:
    """One rate with what it was made of. value: a share; nan where the denominator is 0 or e is not known."""

    code: str
    formula: str
    numerator: float
    denominator: float
    value: float


@dataclass(frozen=True, slots=True)
class OutcomeRates:
    """All rates of one set of counts, with the e they share. Iterates over the rates."""

    counts: Dispositions
    e: Eligibility
    rates: tuple[OutcomeRate, ...]

    def __iter__(self) -> Iterator[OutcomeRate]:
        return iter(self.rates)

    def __getitem__(self, code: str) -> OutcomeRate:
        for rate in self.rates:
            if rate.code == code:
                return rate
        raise KeyError(code)


def outcome_rates(counts: Dispositions, e: float | None = None) -> OutcomeRates:
    """AAPOR's sixteen rates. e: a share; None = by proportional allocation. Raises ImpossibleCount."""
    if e is None:
        eligibility = proportional_allocation(counts)
    elif 0 <= e <= 1:
        eligibility = Eligibility(float(e), "given", f"{e:g}")
    else:
        raise ImpossibleCount("e", f"{e:g} is no share. The share of unknown cases that are eligible is 0 to 1.")
    rates = tuple(outcome_rate(definition, counts, eligibility.value) for definition in DEFINITIONS)
    return OutcomeRates(counts, eligibility, rates)


def outcome_rate(definition: Definition, counts: Dispositions, e: float) -> OutcomeRate:
    """One rate by its definition."""
    cases = asdict(counts)
    top = float(sum(cases[name] for name in definition.top))
    bottom = float(sum(cases[name] for name in definition.bottom))
    # Without unknown cases e does not matter, even where it cannot be estimated.
    if definition.unknown is Unknown.ALL:
        bottom += counts.unknown
    elif definition.unknown is Unknown.ESTIMATED and counts.unknown:
        bottom += e * counts.unknown
    return _rate(definition.code, definition.formula, top, bottom)


def participation_rate(usable: int, invited: int) -> OutcomeRate:
    """For opt-in samples: usable responses per person who was invited personally (ISO 26362:2009, as in AAPOR 2016).

    A poster invites nobody in particular: with nobody invited the value is nan. Raises ImpossibleCount.
    """
    _checked("usable", usable)
    _checked("invited", invited)
    if usable > invited > 0:
        raise ImpossibleCount("usable", f"{usable} responses from {invited} invitations. Count each person once.")
    return _rate("participation", "usable responses / personal invitations", float(usable), float(invited))


def _rate(code: str, formula: str, top: float, bottom: float) -> OutcomeRate:
    return OutcomeRate(code, formula, top, bottom, top / bottom if isfinite(bottom) and bottom > 0 else nan)
