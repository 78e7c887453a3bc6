"""What honest units are expected to show, and how far one may lie from it by chance and ordinary differences.

A unit (a volunteer, a point) is compared with the others in the same site: its interviews at site s with those that
others made at s. Places differ honestly, so nothing is ever compared across sites. Units differ honestly as well,
beyond chance: some volunteers read slowly, some are told more. That spread is estimated from the units themselves: the
between-unit variance is chosen to make the mean square of the deviations what it is for normal ones (Spiegelhalter
2005, Statistics in Medicine 24:1185-1202, additive random effects).

Dishonest units must not widen the spread by which they are judged. They lie on one side, so deviations are winsorised
at a tenth on the other side and at three tenths on theirs. And since few units show little, a small spread is taken as
if PRIOR further units had shown the ordinary one.
"""

from dataclasses import dataclass
from math import exp, pi, sqrt

import numpy as np
import scipy
from scipy.special import betaln, gammaln, ndtr, ndtri

from analysis.quality.answers import Codes, Floats, Mask

FEWEST = 8  # interviews of a unit, others at a site, and units, for a comparison to mean anything
ORDINARY, PRIOR = 0.02, 10  # the share of the variance between honest interviewers (Kish 1962; Groves 1989, chapter 8)
_HONEST_SIDE, _OTHER_SIDE = 0.1, 0.3  # winsorised


def _winsorised_mean_square(low: float, high: float) -> float:
    """Of a standard normal deviation that is winsorised at these shares on either side."""
    a, b = float(ndtri(low)), float(ndtri(1 - high))
    density = [x * exp(-x * x / 2) / sqrt(2 * pi) for x in (a, b)]
    return (1 - low - high) - (density[1] - density[0]) + low * a * a + high * b * b


_NORMAL = _winsorised_mean_square(_HONEST_SIDE, _OTHER_SIDE)


@dataclass(frozen=True, eq=False)
class Apart:
    """All units side by side, each array (units,): what was seen and expected per interview, and p, nan where `n` < 8.

    `n` counts the interviews that could be compared, `total` all of them. `between` is the variance share between
    honest units.
    """

    n: Codes
    total: Codes
    seen: Floats
    expected: Floats
    p_value: Floats
    between: float


def shares_apart(hit: Mask, unit: Codes, site: Codes, units: int, *, low: bool) -> Apart:
    """Is the share of hits lower (or higher) in a unit than among the others at its sites?

    hit (n,) booleans; unit, site (n,) codes, -1 = not in the comparison. The reference is beta-binomial: mean from the
    others, variance n p q (1 + (n − 1) ρ), ρ from chance, from the others' own number and from honest differences.
    """
    total = np.bincount(unit[unit >= 0], minlength=units)
    kept = (unit >= 0) & (site >= 0)
    y, n = _cells(hit[kept].astype(float), unit[kept], site[kept], units)

    others = n.sum(axis=0) - n
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
    suspicion = expected - seen if low else seen - expected
    between = between_variance(suspicion[enough], chance[enough], spread[enough])
    values = np.full(units, np.nan)
    for at in np.flatnonzero(enough):
        variance = chance[at] + between * spread[at]
        values[at] = _beta_binomial(seen[at], int(size[at]), p[at], variance, low=low)
    values = heavier(values, int(enough.sum()))
    return _apart(size, total, seen, expected, values, between)


def means_apart(values: Floats, unit: Codes, site: Codes, units: int, *, low: bool) -> Apart:
    """Is the mean of `values` (n,) lower (or higher) in a unit than among the others at its sites?

    The deviation over its standard error, chance and honest differences together. `between` is a share of the variance
    within units.
    """
    total = np.bincount(unit[unit >= 0], minlength=units)
    kept = (unit >= 0) & (site >= 0) & ~np.isnan(values)
    y, n = _cells(values[kept], unit[kept], site[kept], units)
    own = np.divide(y, n, out=np.zeros_like(y), where=n > 0)[unit[kept], site[kept]]
    freedom = max(int(kept.sum()) - int((n > 0).sum()), 1)
    within = float(((values[kept] - own) ** 2).sum() / freedom)

    others = n.sum(axis=0) - n
    mean = np.divide(y.sum(axis=0) - y, others, out=np.zeros_like(y), where=others > 0)
    used = np.where(others >= FEWEST, n, 0)
    size, seen = used.sum(axis=1), np.where(used > 0, y, 0.0).sum(axis=1)
    expected = (used * mean).sum(axis=1)
    chance = within * (used * (1 + used / np.maximum(others, 1))).sum(axis=1)
    enough = size >= FEWEST
    spread = within * (size * size)
    suspicion = expected - seen if low else seen - expected
    between = between_variance(suspicion[enough], chance[enough], spread[enough])
    variance = chance + between * spread
    z = np.divide(suspicion, np.sqrt(variance), out=np.zeros(units), where=variance > 0)
    tails = heavier(np.where(enough, ndtr(-z), np.nan), int(enough.sum()))
    return _apart(size, total, seen, expected, tails, between)


def between_variance(suspicion: Floats, chance: Floats, spread: Floats) -> float:
    """τ² with which suspicion / √(chance + τ² spread) scatters as normal deviations would, drawn up towards ORDINARY.

    All (units,); `suspicion` is the deviation towards dishonesty.
    """
    usable = (chance > 0) & (spread > 0)
    suspicion, chance, spread = suspicion[usable], chance[usable], spread[usable]

    def excess(variance: float) -> float:
        return scatter(suspicion / np.sqrt(chance + variance * spread)) - 1

    own, units = 0.0, len(suspicion)
    if units and excess(0.0) > 0:
        upper = 1.0
        while excess(upper) > 0:
            upper *= 10
        own = float(scipy.optimize.brentq(excess, 0.0, upper))
    return max(own, (units * own + PRIOR * ORDINARY) / (units + PRIOR))


def scatter(z: Floats) -> float:
    """The mean square of z, winsorised more on the high side than on the low; 1 on average for standard normal z."""
    low, high = np.quantile(z, [_HONEST_SIDE, 1 - _OTHER_SIDE])
    return float(np.mean(np.clip(z, low, high) ** 2) / _NORMAL)


def heavier(p_values: Floats, units: int) -> Floats:
    """Normal tails made Student's, since the spread is itself estimated from so many units: (units,), nan stays.

    Winsorising leaves about half of the units' information, and PRIOR counts as it does in `between_variance`.
    """
    z = -ndtri(np.clip(p_values, 1e-300, 1.0))
    return np.asarray(scipy.stats.t.sf(z, units / 2 + PRIOR))


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
    z = -ndtri(np.clip(p_values[said], 1e-300, 1 - _HONEST_SIDE))
    middle, units = float(np.median(z)), len(z)
    own = scatter(z - middle)
    # Few units show little of their spread: PRIOR more are taken to scatter with twice the variance of chance.
    spread = sqrt(max(own, (units * own + PRIOR * 2) / (units + PRIOR), 1.0))
    centre = max(middle, 0.0)
    adjusted = p_values.copy()
    adjusted[said] = np.maximum(ndtr(-(z - centre) / spread), p_values[said])
    return heavier(adjusted, int(said.sum()))


def skewed_tail(value: Floats, draws: Floats) -> Floats:
    """P(at least `value`) when the null is known by `draws` (draws, units).

    Pearson's type III with the draws' mean, variance and skewness: smooth where the share of draws could only say
    "fewer than one in so many" (Mielke & Berry 2007, Permutation Methods, section 2.3). 1 where the draws do not vary.
    """
    mean, sd = draws.mean(axis=0), draws.std(axis=0)
    safe = np.where(sd > 0, sd, 1.0)
    # A skewness below 0 would end the tail early, on the word of a few draws.
    skew = np.maximum((((draws - mean) / safe) ** 3).mean(axis=0), 0.0)
    tails = scipy.stats.pearson3.sf(value, skew, loc=mean, scale=safe)
    return np.where(sd > 0, np.clip(tails, 0.0, 1.0), 1.0)


def _cells(values: Floats, unit: Codes, site: Codes, units: int) -> tuple[Floats, Floats]:
    """Sums and counts, each (units, sites)."""
    sites = int(site.max()) + 1 if len(site) else 1
    cell = unit * sites + site
    y = np.bincount(cell, values, minlength=units * sites).reshape(units, sites)
    n = np.bincount(cell, minlength=units * sites).reshape(units, sites)
    return y.astype(np.float64), n.astype(np.float64)


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


def _apart(size: Floats, total: Codes, seen: Floats, expected: Floats, p_value: Floats, between: float) -> Apart:
    used = np.maximum(size, 1)
    nothing = size < 1
    return Apart(
        n=size.astype(np.int64),
        total=total,
        seen=np.where(nothing, np.nan, seen / used),
        expected=np.where(nothing, np.nan, expected / used),
        p_value=p_value,
        between=between,
    )
