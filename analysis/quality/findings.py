"""What a check has seen of one unit, how findings are adjusted for their number, and whom to contact again first.

Findings are evidence, not verdicts. Nothing is deleted; every finding names the interviews that carry it, so that
somebody can call back. Every unit that was looked at has a finding, be it remarkable or not, because the false
discovery rate is a statement about all of them.

The q of a finding is Benjamini & Hochberg's (1995) over the units of one kind in one check. The list for re-contact
asks for more: a unit's p is that of Simes (1986) over its checks, which one strong or several weak signs make small, a
district's that of Simes over the units that lie in it, and the q of the list is taken over all units of all kinds. So
an honest city has any unit on its list with a chance of at most the level, as far as the p-values hold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isnan, nan

import numpy as np
import numpy.typing as npt

from analysis.quality.answers import Unit

Floats = npt.NDArray[np.float64]

LEVEL = 0.05  # of the list for re-contact

# Why a finding has no p-value, or which restriction it was made under.
NOTES: Mapping[str, str] = {
    "too_few": "too few interviews to compare",
    "alone": "nobody else worked where this volunteer did, so there is nothing to compare with",
    "few_units": "too few units to see how much honest ones differ; an ordinary difference is assumed",
    "too_alike": "so many answers agree throughout that near-duplicates mean nothing",
    "nothing_to_compare": "nothing else of this kind to compare with",
    "no_times": "no times are known",
    "no_durations": "no durations are known",
    "no_items": "no item of the kind that is needed",
    "no_sites": "no column says where the interviews were made",
    "unknown_units": "no interview names such a unit",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One unit in one check: what was seen, and what would be expected under honest answering.

    `statistic` and `expected` have the same unit, which `measure` names; `effect` names the unit of `size`. p_value is
    nan where nothing can be said, posterior nan where the check has none. `rows` are ids of interviews.
    """

    check: str
    kind: Unit
    unit: str
    n: int
    measure: str
    statistic: float
    expected: float
    p_value: float
    effect: str
    size: float
    rows: tuple[str, ...]
    method: str
    posterior: float = nan
    q_value: float = nan
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """A check that could not be made, and why (a code of NOTES)."""

    check: str
    kind: Unit
    note: str


@dataclass(frozen=True, slots=True)
class Lead:
    """A unit to contact again: its p over all checks, its q on the list, and the findings, the strongest first."""

    kind: Unit
    unit: str
    n: int
    p_value: float
    q_value: float
    findings: tuple[Finding, ...]

    @property
    def rows(self) -> tuple[str, ...]:
        """Interviews that at least one remarkable finding rests on, those in most findings first."""
        counts: dict[str, int] = {}
        for finding in self.reasons:
            for row in finding.rows:
                counts[row] = counts.get(row, 0) + 1
        return tuple(sorted(counts, key=lambda row: -counts[row]))

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings that are remarkable among all units of their kind."""
        return tuple(finding for finding in self.findings if finding.q_value <= LEVEL)


@dataclass(frozen=True, slots=True)
class Review:
    """All findings of a wave, the checks that could not be made, and the units in the order of re-contact."""

    findings: tuple[Finding, ...]
    silences: tuple[Silence, ...]
    leads: tuple[Lead, ...] = field(default=())
    method: str = "Simes over checks, Benjamini-Hochberg over units"

    def listed(self, level: float = LEVEL) -> tuple[Lead, ...]:
        """Those whose q is at most `level`: the share of false alarms on the list is not above it, on average."""
        return tuple(lead for lead in self.leads if lead.q_value <= level)


def benjamini_hochberg(p_values: Iterable[float]) -> Floats:
    """q of each p: the smallest level at which it is among the discoveries. nan stays nan and does not count.

    Benjamini & Hochberg 1995, Journal of the Royal Statistical Society B 57:289-300.
    """
    p = np.array(list(p_values), dtype=np.float64)
    q = np.full(len(p), nan)
    said = np.flatnonzero(~np.isnan(p))
    order = said[np.argsort(p[said], kind="stable")]
    raised = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return q


def simes(p_values: Iterable[float]) -> float:
    """One p for "nothing is the matter in any of these"; nan without any. Simes 1986, Biometrika 73:751-754."""
    p = np.array([each for each in p_values if not isnan(each)], dtype=np.float64)
    return float(min(1.0, np.min(np.sort(p) * len(p) / np.arange(1, len(p) + 1)))) if len(p) else nan


def with_q(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of one check with their q among the units of the same kind."""
    found = list(findings)
    for kind in Unit:
        own = [at for at, finding in enumerate(found) if finding.kind is kind]
        for at, q in zip(own, benjamini_hochberg(found[at].p_value for at in own), strict=True):
            found[at] = replace(found[at], q_value=float(q))
    return tuple(found)


def leads(findings: Iterable[Finding], district_of: Mapping[tuple[Unit, str], str]) -> tuple[Lead, ...]:
    """Every unit, the most remarkable first. `district_of` says in which district a point or neighbourhood lies."""
    by_unit: dict[tuple[Unit, str], list[Finding]] = {}
    for finding in findings:
        by_unit.setdefault((finding.kind, finding.unit), []).append(finding)
    p = {unit: simes(finding.p_value for finding in own) for unit, own in by_unit.items()}
    inside: dict[tuple[Unit, str], list[tuple[Unit, str]]] = {}
    for unit in by_unit:
        if unit in district_of:
            inside.setdefault((Unit.DISTRICT, district_of[unit]), []).append(unit)
    for district, units in inside.items():
        p[district] = simes(p[unit] for unit in units)
        by_unit[district] = [finding for unit in units for finding in by_unit[unit]]
    said = [unit for unit, value in p.items() if not isnan(value)]
    found = [
        Lead(
            kind=unit[0],
            unit=unit[1],
            n=_interviews(unit, by_unit[unit]),
            p_value=p[unit],
            q_value=float(q),
            findings=tuple(sorted(by_unit[unit], key=lambda finding: (isnan(finding.p_value), finding.p_value))),
        )
        for unit, q in zip(said, benjamini_hochberg(p[unit] for unit in said), strict=True)
    ]
    return tuple(sorted(found, key=lambda lead: (lead.q_value, lead.p_value)))


def _interviews(unit: tuple[Unit, str], findings: Iterable[Finding]) -> int:
    """A unit's own interviews; of a district those of its neighbourhoods, or of its points where those are unknown."""
    most: dict[tuple[Unit, str], int] = {}
    for finding in findings:
        own = finding.kind, finding.unit
        most[own] = max(most.get(own, 0), finding.n)
    if unit[0] is not Unit.DISTRICT:
        return most[unit]
    by_kind = {kind: sum(n for (own, _), n in most.items() if own is kind) for kind in Unit}
    return by_kind[Unit.NEIGHBOURHOOD] or by_kind[Unit.POINT]
