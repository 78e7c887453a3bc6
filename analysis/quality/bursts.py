"""Many answers at one point within a short time.

A burst is a window in which a point has more of the wave's answers than its share elsewhere: Kulldorff's scan statistic
with the Bernoulli model (Kulldorff 1997, Communications in Statistics 26:1481-1496), cases being the point's own
arrivals, controls those at the other points. So evenings, week-ends and a day on which the city was told of the survey
are no bursts. The largest log likelihood ratio over all windows is held against dealing the points out anew over all
arrivals. That people come in families, and points have hours of their own, is taken from the points themselves.
"""

from math import log

import numpy as np

from analysis.quality.answers import Answers, Codes, Floats, Unit
from analysis.quality.comparison import Found
from analysis.quality.findings import Finding, Silence, with_q
from analysis.quality.reference import FEWEST, honest_differences, skewed_tail

CHECK = "burst"
FEWEST_AT_ONCE = 5  # arrivals; fewer are a family
DRAWS = 200
_RATIO = 1.25  # between the window sizes that are tried


def bursts(answers: Answers, rng: np.random.Generator, *, draws: int = DRAWS) -> Found:
    """Per point, among the interviews that no volunteer made: the densest window of arrivals."""
    unit = answers.unit(Unit.POINT)
    rows = np.flatnonzero((unit.codes >= 0) & ~np.isnan(answers.minute))
    if not (unit.codes >= 0).any():
        return (Silence(CHECK, Unit.POINT, "unknown_units"),)
    if not len(rows):
        return (Silence(CHECK, Unit.POINT, "no_times"),)
    rows = rows[np.argsort(answers.minute[rows], kind="stable")]
    point, minute = unit.codes[rows], answers.minute[rows]
    counts = np.bincount(point, minlength=len(unit.names))
    if (counts > 0).sum() < 2:
        return (Silence(CHECK, Unit.POINT, "nothing_to_compare"),)
    present = np.flatnonzero(counts)
    raw = np.full(len(unit.names), np.nan)
    first, size, ranks = np.zeros_like(counts), np.zeros_like(counts), {}
    null: dict[int, Floats] = {}
    for at in present.tolist():
        ranks[at] = np.flatnonzero(point == at)
        best, start, length = densest_window(ranks[at][None, :], len(rows))
        first[at], size[at] = start[0], length[0]
        n = int(counts[at])
        if n not in null:
            # Which of all arrivals are a point's is chance alone, so the null depends on their number only.
            drawn = np.argpartition(rng.random((draws, len(rows))), n - 1, axis=1)[:, :n]
            null[n] = densest_window(np.sort(drawn, axis=1), len(rows))[0][:, None]
        if n >= FEWEST:
            raw[at] = skewed_tail(best, null[n])[0]
    p_value = honest_differences(raw)

    def finding(at: int) -> Finding:
        window = ranks[at][first[at] : first[at] + size[at]]
        inside = int(window[-1] - window[0]) + 1
        expected = counts[at] * inside / len(rows)
        return Finding(
            check=CHECK,
            kind=Unit.POINT,
            unit=unit.names[at],
            n=int(counts[at]),
            measure="arrivals_in_window",
            statistic=float(size[at]),
            expected=float(expected),
            p_value=float(p_value[at]),
            effect="log_ratio",
            size=log(size[at] / expected),
            rows=tuple(str(each) for each in answers.ids[rows[window]]),
            method=f"Bernoulli scan, points dealt anew; window of {minute[window[-1]] - minute[window[0]]:.0f} minutes",
            notes=() if counts[at] >= FEWEST else ("too_few",),
        )

    return with_q(finding(at) for at in present.tolist())


def densest_window(ranks: Codes, total: int) -> tuple[Floats, Codes, Codes]:
    """The largest log likelihood ratio over windows, the first arrival in it and the number of arrivals, (draws,) each.

    ranks (draws, n): places of a point's arrivals among all `total`, in order. Windows run from one own arrival to
    another, with FEWEST_AT_ONCE to half of them. A point with fewer arrivals has the window of all and a ratio of 0.
    """
    n = ranks.shape[1]
    best = np.zeros(len(ranks))
    start, length = np.zeros(len(ranks), dtype=np.int64), np.full(len(ranks), n)
    for size in _sizes(n):
        inside = ranks[:, size - 1 :] - ranks[:, : n - size + 1] + 1
        ratio = _log_likelihood_ratio(size, inside.astype(np.float64), n, total)
        at = ratio.argmax(axis=1)
        found = ratio[np.arange(len(ranks)), at]
        better = found > best
        best, start, length = np.where(better, found, best), np.where(better, at, start), np.where(better, size, length)
    return best, start, length


def _sizes(n: int) -> list[int]:
    sizes, size = [], float(FEWEST_AT_ONCE)
    while size <= max(n // 2, FEWEST_AT_ONCE) and size <= n:
        sizes.append(int(size))
        size = max(size + 1, size * _RATIO)
    return sizes


def _log_likelihood_ratio(own: int, inside: Floats, n: int, total: int) -> Floats:
    """Kulldorff 1997, section 4.1: own of n arrivals among the `inside` of `total`; 0 where there are too few."""
    outside = total - inside
    one, other = own / inside, np.divide(n - own, outside, out=np.zeros_like(inside), where=outside > 0)
    ratio = _entropy(own, inside) + _entropy(n - own, outside) - _entropy(n, np.full_like(inside, total))
    return np.where(one > other, ratio, 0.0)


def _entropy(own: int, of: Floats) -> Floats:
    """c log(c / m) + (m − c) log((m − c) / m), with 0 log 0 = 0."""
    safe = np.maximum(of, 1.0)
    rest = safe - own
    first = own * np.log(np.maximum(own, 1) / safe)
    return np.asarray(first + rest * np.log(np.maximum(rest, 1.0) / safe))
