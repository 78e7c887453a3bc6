"""What honest units are expected to show, and how far one may lie from it by chance and ordinary differences.

A unit (a volunteer, a point) is compared with the others in the same site: its interviews at site s with those that
others made at s. Places differ honestly, so nothing is ever compared across sites. Units differ honestly as well,
beyond chance: some volunteers read slowly, some are told more. That spread is estimated from the units themselves,
robustly, so that a few dishonest ones do not widen it: deviations are winsorised at a tenth on either side and the
between-unit variance is chosen to make their mean square what it is for normal deviations (Spiegelhalter 2005,
Statistics in Medicine 24:1185-1202, additive random effects).
"""

from dataclasses import dataclass
from math import exp, pi, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln, gammaln, ndtr, ndtri
from scipy.stats import pearson3, t

from analysis.quality.answers import Codes, Floats, Mask

FEWEST = 8  # interviews of a unit, others at a site, and units, for a comparison to mean anything
ORDINARY = 0.03  # share of the variance between honest interviewers, where too few units show their own
_TENTH = 0.1
# The mean square of a standard normal deviation that is winsorised at a tenth on either side
_EDGE = float(-ndtri(_TENTH))
_WINSORISED = (1 - 2 * _TENTH) - 2 * _EDGE * exp(-_EDGE * _EDGE / 2) / sqrt(2 * pi) + 2 * _TENTH * _EDGE * _EDGE


@dataclass(frozen=True, eq=False)
class Apart:
    """All units side by side, each array (units,): what was seen and expected per interview, and p, nan where `n` < 8.

    `n` counts the interviews that could be compared, `total` all of them. `between` is the variance share between
    honest units, assumed where `assumed`.
    """

    n: Codes
    total: Codes
    seen: Floats
    expected: Floats
    p_value: Floats
    between: float
    assumed: bool


def shares_apart(hit: Mask, unit: Codes, site: Codes, units: int, *, low: bool) -> Apart:
    """Is the share of hits lower (or higher) in a unit than among the others at its sites?

    hit (n,) booleans; unit, site (n,) codes, -1 = not in the comparison. The reference is beta-binomial: mean from the
    others, variance n p q (1 + (n − 1) ρ), ρ from chance, from the others' own number and from honest differences.
    """
    total = np.bincount(unit[unit >= 0], minlength=units)
    kept = (unit >= 0) & (site >= 0)
    y, n, others = _cells(hit[kept].astype(float), unit[kept], site[kept], units)
    overall = y.sum() / max(n.sum(), 1)
    # Two interviews' worth of the overall share, so that a site without hits does not make them impossible.
    rate = (y.sum(axis=0) - y + 2 * overall) / (others + 2)
    used = np.where(others >= FEWEST, n, 0)
    size, seen = used.sum(axis=1), np.where(used > 0, y, 0.0).sum(axis=1)
    expected = (used * rate).sum(axis=1)
    chance = (used * (1 + used / np.maximum(others, 1)) * rate * (1 - rate)).sum(axis=1)
    p = np.divide(expected, size, out=np.zeros(units), where=size > 0)
    spread = size * (size - 1) * p * (1 - p)
    enough = size >= FEWEST
    between, assumed = between_variance((seen - expected)[enough], chance[enough], spread[enough])
    values = np.full(units, np.nan)
    for at in np.flatnonzero(enough):
        variance = chance[at] + between * spread[at]
        values[at] = _beta_binomial(seen[at], int(size[at]), p[at], variance, low=low)
    return _apart(size, total, seen, expected, values, between, assumed)


def means_apart(values: Floats, unit: Codes, site: Codes, units: int, *, low: bool) -> Apart:
    """Is the mean of `values` (n,) lower (or higher) in a unit than among the others at its sites?

    The deviation over its standard error, chance and honest differences together, against Student's t with one degree
    of freedom fewer than there are units. `between` is a share of the variance within units.
    """
    total = np.bincount(unit[unit >= 0], minlength=units)
    kept = (unit >= 0) & (site >= 0) & ~np.isnan(values)
    y, n, others = _cells(values[kept], unit[kept], site[kept], units)
    mean = np.divide(y.sum(axis=0) - y, others, out=np.zeros_like(y), where=others > 0)
    used = np.where(others >= FEWEST, n, 0)
    size, seen = used.sum(axis=1), np.where(used > 0, y, 0.0).sum(axis=1)
    expected = (used * mean).sum(axis=1)
    own = np.divide(y, n, out=np.zeros_like(y), where=n > 0)[unit[kept], site[kept]]
    freedom = max(int(kept.sum()) - int((n > 0).sum()), 1)
    within = float(((values[kept] - own) ** 2).sum() / freedom)
    chance = within * (used * (1 + used / np.maximum(others, 1))).sum(axis=1)
    enough = size >= FEWEST
    spread = within * (size * size)
    between, assumed = between_variance((seen - expected)[enough], chance[enough], spread[enough])
    variance = chance + between * spread
    z = np.divide(seen - expected, np.sqrt(variance), out=np.zeros(units), where=variance > 0)
    tails = t.sf(-z if low else z, max(int(enough.sum()) - 1, 1))
    return _apart(size, total, seen, expected, np.where(enough, tails, np.nan), between, assumed)


def between_variance(deviation: Floats, chance: Floats, spread: Floats) -> tuple[float, bool]:
    """τ² with which the winsorised squares of deviation / √(chance + τ² spread) are as large as normal ones would be.

    All (units,). With fewer than FEWEST units it is at least ORDINARY, and the second value says so.
    """
    usable = (chance > 0) & (spread > 0)
    deviation, chance, spread = deviation[usable], chance[usable], spread[usable]
    least = ORDINARY if len(deviation) < FEWEST else 0.0

    def excess(variance: float) -> float:
        return winsorised_square(deviation / np.sqrt(chance + variance * spread)) - 1

    if len(deviation) == 0 or excess(least) <= 0:
        return least, least > 0
    upper = 1.0
    while excess(upper) > 0:
        upper *= 10
    return float(brentq(excess, least, upper)), least > 0


def winsorised_square(z: Floats) -> float:
    """The mean square of z winsorised at a tenth on either side, 1 on average for standard normal z."""
    low, high = np.quantile(z, [_TENTH, 1 - _TENTH])
    return float(np.mean(np.clip(z, low, high) ** 2) / _WINSORISED)


def honest_differences(p_values: Floats) -> Floats:
    """Tests that know chance alone, with the honest differences between units put in: (units,), nan stays.

    The normal deviates of p are taken to be honest for most units, and their own centre (not below 0) and spread (not
    below 1), found robustly, replace 0 and 1: an empirical null (Efron 2004, JASA 99:96-104). Left alone where
    fewer than FEWEST units have a p.
    """
    said = ~np.isnan(p_values)
    if said.sum() < FEWEST:
        return p_values
    # A p near 1 says only that nothing is there; how near is no sign of spread.
    z = -ndtri(np.clip(p_values[said], 1e-300, 1 - _TENTH))
    centre = max(float(np.median(z)), 0.0)
    spread = sqrt(max(winsorised_square(z - centre), 1.0))
    adjusted = p_values.copy()
    adjusted[said] = np.maximum(ndtr(-(z - centre) / spread), p_values[said])
    return adjusted


def skewed_tail(value: Floats, draws: Floats, extra: Floats) -> Floats:
    """P(at least `value`) when the null is known by `draws` (draws, units) and has `extra` variance besides.

    Pearson's type III with the draws' mean and skewness: smooth where the share of draws could only say "fewer than one
    in so many" (Mielke & Berry 2007, Permutation Methods, section 2.3). 1 where the draws do not vary.
    """
    mean, sd = draws.mean(axis=0), draws.std(axis=0)
    safe = np.where(sd > 0, sd, 1.0)
    skew = (((draws - mean) / safe) ** 3).mean(axis=0)
    scale = np.sqrt(sd * sd + extra)
    tails = pearson3.sf(value, skew, loc=mean, scale=np.where(scale > 0, scale, 1.0))
    return np.where(sd > 0, np.clip(tails, 0.0, 1.0), 1.0)


def gumbel_tail(value: Floats, mean: Floats, sd: Floats) -> Floats:
    """P(at least `value`) of a largest value, by Gumbel's law with these moments: the tail of a scan statistic
    (Abrams, Kulldorff & Kleinman 2010, International Journal of Health Geographics 9:61). 1 where sd is 0.
    """
    scale = np.where(sd > 0, sd, 1.0) * sqrt(6) / pi
    place = mean - np.euler_gamma * scale
    tails = -np.expm1(-np.exp(np.clip(-(value - place) / scale, -700.0, 700.0)))
    return np.where(sd > 0, tails, 1.0)


def _cells(values: Floats, unit: Codes, site: Codes, units: int) -> tuple[Floats, Floats, Floats]:
    """Sums, counts and the others' counts, each (units, sites)."""
    sites = int(site.max()) + 1 if len(site) else 1
    cell = unit * sites + site
    y = np.bincount(cell, values, minlength=units * sites).reshape(units, sites)
    n = np.bincount(cell, minlength=units * sites).reshape(units, sites).astype(np.float64)
    return np.asarray(y, dtype=np.float64), n, np.asarray(n.sum(axis=0) - n)


def _beta_binomial(hits: float, n: int, p: float, variance: float, *, low: bool) -> float:
    """P(at most, or at least, so many hits) with this mean and variance; binomial where the variance is no larger."""
    if not 0 < p < 1:
        return 1.0
    alike = (variance / (n * p * (1 - p)) - 1) / (n - 1)
    k = np.arange(0, hits + 0.5) if low else np.arange(hits, n + 0.5)
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    if alike <= 1e-9:
        terms = choose + k * np.log(p) + (n - k) * np.log1p(-p)
    else:
        a, b = p * (1 / min(alike, 0.999) - 1), (1 - p) * (1 / min(alike, 0.999) - 1)
        terms = choose + betaln(k + a, n - k + b) - betaln(a, b)
    return float(min(np.exp(terms).sum(), 1.0))


def _apart(
    size: Floats, total: Codes, seen: Floats, expected: Floats, p_value: Floats, between: float, assumed: bool
) -> Apart:
    used = np.maximum(size, 1)
    nothing = size < 1
    return Apart(
        n=size.astype(np.int64),
        total=total,
        seen=np.where(nothing, np.nan, seen / used),
        expected=np.where(nothing, np.nan, expected / used),
        p_value=p_value,
        between=between,
        assumed=assumed,
    )
