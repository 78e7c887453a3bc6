"""What a check has seen of one unit, and how findings are adjusted for their number.

Findings are evidence, not verdicts. Nothing is deleted; every finding names the interviews that carry it, so that
somebody can call back. Every unit that was looked at has a finding, be it remarkable or not, because the false
discovery rate is a statement about all of them: the q of a finding is Benjamini & Hochberg's (1995) over the units of
one kind in one check, or the Bayesian one (Newton et al. 2004) where the check gives posterior probabilities.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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


def bayesian_q(posteriors: Iterable[float]) -> Floats:
    """q of each posterior probability: the mean of 1 − posterior over all units that are at least as sure.

    Newton, Noueiry, Sarkar & Ahlquist 2004, Biostatistics 5:155-176. nan stays nan and does not count.
    """
    posterior = np.array(list(posteriors), dtype=np.float64)
    q = np.full(len(posterior), nan)
    said = np.flatnonzero(~np.isnan(posterior))
    order = said[np.argsort(-posterior[said], kind="stable")]
    q[order] = np.cumsum(1 - posterior[order]) / np.arange(1, len(order) + 1)
    return q


def with_q(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of one check with their q among the units of the same kind; from posteriors where they have such."""
    found = list(findings)
    for kind in Unit:
        own = [at for at, finding in enumerate(found) if finding.kind is kind]
        posteriors = [found[at].posterior for at in own]
        by_posterior = any(not isnan(each) for each in posteriors)
        adjusted = bayesian_q(posteriors) if by_posterior else benjamini_hochberg(found[at].p_value for at in own)
        for at, q in zip(own, adjusted, strict=True):
            found[at] = replace(found[at], q_value=float(q))
    return tuple(found)
