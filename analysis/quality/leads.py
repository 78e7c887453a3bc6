"""Whom to contact again first: what all checks together say of a unit.

A unit's p over its checks is twice the smaller of two: Simes's (1986), which one strong sign makes small, and Brown's
(1975), Fisher's sum of logs for tests that depend on each other, which several weaker signs make small. A district's p
is three times the smallest of Simes's over the points and neighbourhoods that lie in it, which one of them makes
small, and Fisher's over the points and over the neighbourhoods, which many make small that would each pass alone. The
q of the list is Benjamini & Hochberg's over all units of all kinds, so that an honest city has any unit on its list
with a chance of at most the level, as far as the p-values hold.

How much two checks depend on each other is seen in the units themselves: the correlation of their normal scores, turned
into the covariance of the logs by the polynomial of Kost & McDermott (2002, Statistics & Probability Letters
60:183-190).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
import scipy
from scipy.special import chdtrc, ndtri

from analysis.quality.answers import Floats, Unit
from analysis.quality.findings import LEVEL, Finding, Silence, benjamini_hochberg
from analysis.quality.reference import FEWEST

Name = tuple[Unit, str]


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
    leads: tuple[Lead, ...]
    method: str = "Simes and Brown over checks, Benjamini-Hochberg over units"

    def listed(self, level: float = LEVEL) -> tuple[Lead, ...]:
        """Those whose q is at most `level`: the share of false alarms on the list is not above it, on average."""
        return tuple(lead for lead in self.leads if lead.q_value <= level)


def simes(p_values: Iterable[float]) -> float:
    """One p for "nothing is the matter in any of these"; nan without any. Simes 1986, Biometrika 73:751-754."""
    p = np.array([each for each in p_values if not isnan(each)], dtype=np.float64)
    return float(min(1.0, np.min(np.sort(p) * len(p) / np.arange(1, len(p) + 1)))) if len(p) else nan


def brown(p_values: Floats, covariance: Floats) -> float:
    """One p for tests that depend on each other; nan without any. `covariance` (k, k) is that of −2 log p.

    Brown 1975, Biometrics 31:987-992: Fisher's sum against a χ² with the mean and variance it has.
    """
    said = ~np.isnan(p_values)
    k = int(said.sum())
    if not k:
        return nan
    total = -2 * np.log(np.clip(p_values[said], 1e-300, 1.0)).sum()
    variance = float(covariance[np.ix_(said, said)].sum())
    return float(chdtrc(2 * (2 * k) ** 2 / variance, total / (variance / (4 * k))))


def covariance_of_logs(p_values: Floats) -> Floats:
    """Covariance of −2 log p between checks, (checks, checks), from p_values (units, checks), nan where there is none.

    Checks that fewer than FEWEST units share are taken to say the same. Negative correlations count as none.
    """
    checks = p_values.shape[1]
    covariance = np.full((checks, checks), 4.0)
    for one in range(checks):
        for other in range(one):
            both = ~np.isnan(p_values[:, one]) & ~np.isnan(p_values[:, other])
            if both.sum() >= FEWEST:
                scores = [ndtri(scipy.stats.rankdata(p_values[both, at]) / (both.sum() + 1)) for at in (one, other)]
                spread = [float(np.std(each)) for each in scores]
                r = 0.0
                if min(spread) > 0:
                    r = max(float(np.mean(scores[0] * scores[1])) / (spread[0] * spread[1]), 0.0)
                covariance[one, other] = covariance[other, one] = 3.263 * r + 0.710 * r**2 + 0.027 * r**3
    return covariance


def over_checks(findings: Mapping[Name, Sequence[Finding]]) -> dict[Name, float]:
    """p of each unit over its checks."""
    p: dict[Name, float] = {}
    for kind in {kind for kind, _ in findings}:
        units = [unit for unit in findings if unit[0] is kind]
        checks = sorted({finding.check for unit in units for finding in findings[unit]})
        table = np.full((len(units), len(checks)), nan)
        for row, unit in enumerate(units):
            for finding in findings[unit]:
                table[row, checks.index(finding.check)] = finding.p_value
        covariance = covariance_of_logs(table)
        for row, unit in enumerate(units):
            both = 2 * min(simes(table[row]), brown(table[row], covariance))
            p[unit] = both if isnan(both) else min(both, 1.0)
    return p


def leads(findings: Iterable[Finding], district_of: Mapping[Name, str]) -> tuple[Lead, ...]:
    """Every unit, the most remarkable first. `district_of` says in which district a point or neighbourhood lies."""
    by_unit: dict[Name, list[Finding]] = {}
    for finding in findings:
        by_unit.setdefault((finding.kind, finding.unit), []).append(finding)
    p = over_checks(by_unit)
    inside: dict[Name, list[Name]] = {}
    for unit in by_unit:
        if unit in district_of:
            inside.setdefault((Unit.DISTRICT, district_of[unit]), []).append(unit)
    for district, units in inside.items():
        p[district] = _district(units, p)
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


def _district(units: Sequence[Name], p: Mapping[Name, float]) -> float:
    """p of a district: one of its units stands out, or its points do together, or its neighbourhoods."""
    ways = [simes(p[unit] for unit in units)]
    for kind in (Unit.POINT, Unit.NEIGHBOURHOOD):
        own = np.array([p[unit] for unit in units if unit[0] is kind], dtype=np.float64)
        ways.append(brown(own, 4 * np.eye(len(own))))
    said = [each for each in ways if not isnan(each)]
    return min(1.0, len(said) * min(said)) if said else nan


def _interviews(unit: Name, findings: Iterable[Finding]) -> int:
    """A unit's own interviews; of a district those of its neighbourhoods, or of its points where those are unknown."""
    most: dict[Name, int] = {}
    for finding in findings:
        own = finding.kind, finding.unit
        most[own] = max(most.get(own, 0), finding.n)
    if unit[0] is not Unit.DISTRICT:
        return most[unit]
    by_kind = {kind: sum(n for (own, _), n in most.items() if own is kind) for kind in Unit}
    return by_kind[Unit.NEIGHBOURHOOD] or by_kind[Unit.POINT]
