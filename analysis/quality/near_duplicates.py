"""Interviews that are nearly copies of another one of the same volunteer.

The measure is the percent match: the share of items on which two interviews agree, among those that both were asked,
and for an interview the largest with any other (Kuriakose & Robbins 2016, Statistical Journal of the IAOS 32:283-291).
A fixed limit of 85 % misfires, since contented people agree without anybody's help (Simmons, Mercer, Schwarzer &
Kennedy 2016, Statistical Journal of the IAOS 32:327-338). So the limit is what only one in two hundred pairs of
*different* volunteers at one point reach, and the question is whether more pairs of a volunteer's own reach it than if
the interviews of each point had been dealt out anew among those who worked there. The answers of the place stay as they
are, so a place where all agree proves nothing.
"""

from dataclasses import dataclass
from math import log, nan

import numpy as np

from analysis.quality.answers import Answers, Codes, Floats, Unit
from analysis.quality.comparison import Found, named, sites
from analysis.quality.findings import Finding, Silence, with_q
from analysis.quality.reference import FEWEST, honest_differences, skewed_tail

CHECK = "near_duplicates"
PAIRS = 0.005  # of the pairs of different volunteers at one point, that may count as near-duplicates
TOO_ALIKE = 0.05  # of those pairs identical: then no match says anything
COMPARABLE = 0.75  # of the items of the longer interview, that both were asked
DRAWS = 200
_BLOCK = 1000


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of near-duplicate interviews: `one`, `other` (pairs,) rows, and the match they reach, a share."""

    one: Codes
    other: Codes
    limit: float


def near_duplicates(answers: Answers, rng: np.random.Generator, *, draws: int = DRAWS) -> Found:
    """Per volunteer: interviews with a near-duplicate among the volunteer's own, against dealing out anew by point."""
    unit, site = answers.unit(Unit.VOLUNTEER), sites(answers, Unit.VOLUNTEER)
    if not (unit.codes >= 0).any():
        return (Silence(CHECK, Unit.VOLUNTEER, "unknown_units"),)
    if site is None:
        return (Silence(CHECK, Unit.VOLUNTEER, "no_sites"),)
    rows = np.flatnonzero((unit.codes >= 0) & (site >= 0))
    volunteer, place, units = unit.codes[rows], site[rows], len(unit.names)
    pairs = near_pairs(answers.codes[rows], volunteer, place)
    if pairs is None:
        return (Silence(CHECK, Unit.VOLUNTEER, "too_alike"),)
    seen, n = _own_pairs(volunteer, pairs, units), np.bincount(volunteer, minlength=units)
    dealt = np.stack([_own_pairs(dealt_anew(volunteer, place, rng), pairs, units) for _ in range(draws)])
    # k interviews that are all alike have k(k − 1)/2 pairs; the root grows with k and is nearly normal.
    tails = skewed_tail(np.sqrt(2 * seen), np.sqrt(2 * dealt))
    enough = _movable(volunteer, place, units) >= FEWEST
    p_value = honest_differences(np.where(enough, tails, nan))
    touched = np.zeros(len(answers), dtype=bool)
    same = volunteer[pairs.one] == volunteer[pairs.other]
    touched[rows[pairs.one[same]]] = True
    touched[rows[pairs.other[same]]] = True
    method = f"permutation of volunteers within point, limit {pairs.limit:.3f}"

    def finding(at: int) -> Finding:
        notes: tuple[str, ...] = ("few_units",) if enough.sum() < FEWEST else ()
        if not enough[at]:
            notes = ("too_few",) if n[at] < FEWEST else ("alone",)
        return Finding(
            check=CHECK,
            kind=Unit.VOLUNTEER,
            unit=unit.names[at],
            n=int(n[at]),
            measure="near_duplicate_pairs",
            statistic=float(seen[at]),
            expected=float(dealt[:, at].mean()),
            p_value=float(p_value[at]),
            effect="log_ratio",
            size=log((seen[at] + 0.5) / (dealt[:, at].mean() + 0.5)),
            rows=named(answers, touched & (unit.codes == at)),
            method=method,
            notes=notes,
        )

    return with_q(finding(int(at)) for at in np.flatnonzero(n))


def near_pairs(codes: Codes, volunteer: Codes, site: Codes) -> Pairs | None:
    """All pairs of interviews at least as alike as PAIRS of those of different volunteers at one site.

    None where more than TOO_ALIKE of the latter are identical. codes (n, items), -1 = not asked.
    """
    pooled = [_between(codes, volunteer, np.flatnonzero(site == at)) for at in np.unique(site)]
    between = np.sort(np.concatenate([*pooled, np.zeros(0)]))[::-1]
    if len(between) == 0:
        return Pairs(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), 1.0)
    if np.mean(between >= 1.0) > TOO_ALIKE:
        return None
    # The lowest match that no more than PAIRS reach; where even identical pairs are more, identity.
    allowed = int(PAIRS * len(between))
    above = between[between > between[allowed]]
    limit = float(above[-1]) if len(above) else 1.0
    ones, others = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for begin in range(0, len(codes), _BLOCK):
        one, other = np.nonzero(percent_match(codes[begin : begin + _BLOCK], codes) >= limit - 1e-6)
        later = other > one + begin
        ones.append(one[later] + begin)
        others.append(other[later])
    return Pairs(np.concatenate(ones), np.concatenate(others), limit)


def percent_match(codes: Codes, others: Codes) -> Floats:
    """The share of equal answers among the items that both were asked, (n, m).

    0 where these are less than COMPARABLE of the items of either. Codes are spread over ones and zeros, so that two
    matrix products count all pairs at once.
    """
    steps = np.maximum(others.max(axis=0, initial=-1), codes.max(axis=0, initial=-1)) + 1
    asked, asked_others = (codes >= 0).astype(np.float32), (others >= 0).astype(np.float32)
    both = asked @ asked_others.T
    equal = _spread(codes, steps) @ _spread(others, steps).T
    longer = np.maximum(asked.sum(axis=1)[:, None], asked_others.sum(axis=1))
    return np.where((both > 0) & (both >= COMPARABLE * longer), equal / np.maximum(both, 1), 0.0)


def dealt_anew(volunteer: Codes, site: Codes, rng: np.random.Generator) -> Codes:
    """The volunteers of each site in a random order over the interviews there."""
    order = np.argsort(site, kind="stable")
    shuffled = np.lexsort((rng.random(len(site)), site))
    dealt = np.empty_like(volunteer)
    dealt[order] = volunteer[shuffled]
    return dealt


def _spread(codes: Codes, steps: Codes) -> "np.typing.NDArray[np.float32]":
    first = np.concatenate([[0], np.cumsum(steps)[:-1]])
    spread = np.zeros((len(codes), max(int(steps.sum()), 1)), dtype=np.float32)
    row, item = np.nonzero(codes >= 0)
    spread[row, first[item] + codes[row, item]] = 1.0
    return spread


def _between(codes: Codes, volunteer: Codes, rows: Codes) -> Floats:
    """Matches of all pairs of different volunteers among the rows of one site."""
    match = percent_match(codes[rows], codes[rows])
    one, other = np.triu_indices(len(rows), 1)
    different = volunteer[rows][one] != volunteer[rows][other]
    return np.asarray(match[one[different], other[different]])


def _own_pairs(volunteer: Codes, pairs: Pairs, units: int) -> Floats:
    """How many pairs are one volunteer's own, (units,)."""
    same = volunteer[pairs.one] == volunteer[pairs.other]
    return np.bincount(volunteer[pairs.one[same]], minlength=units).astype(np.float64)


def _movable(volunteer: Codes, site: Codes, units: int) -> Codes:
    """Interviews of each volunteer at sites where somebody else worked as well."""
    alone = {at for at in np.unique(site) if len(np.unique(volunteer[site == at])) == 1}
    return np.bincount(volunteer[~np.isin(site, list(alone))], minlength=units)
