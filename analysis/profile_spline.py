"""The likelihood interval as R's `svyciprop` finds it: read off a spline through a few points of the profile.

`intervals` solves the likelihood equation itself. R evaluates the profile of the logit at up to nine steps either side,
draws a cubic spline through the roots of the deviance and interpolates linearly between three times as many points,
which moves the ends by up to some 1e-3 (more in tiny samples). `solve` compares with R, so it needs R's way; nothing
else does.
"""

from math import inf, isfinite, log, nan, sqrt

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from analysis.design import Floats
from analysis.intervals import Ends, Evidence, expit, t_quantile

_MOST_STEPS = 9
_FLAT = 30.0
_OVERFLOW = log(np.finfo(np.float64).max)
_EPSILON_LOGIT = -log(np.finfo(np.float64).eps)


def fitted_information(weights: Floats, total: Floats, rows: float) -> float:
    """The information about the logit that R's `glm` reports, weights scaled to a mean of 1 over `rows`.

    weights, total: (rows,) w and w·y of a 0/1 variable. It is rows·p(1-p) as of the last but one step of the iteration,
    which stops when the deviance changes by less than 1e-8 of itself.
    """
    held = weights > 0
    w = weights[held] * (rows / weights.sum())
    y = total[held] / weights[held]
    share = float((w * y).sum() / w.sum())
    start = (w * y + 0.5) / (w + 1)
    working = w * start * (1 - start)
    beta = float((working * (np.log(start / (1 - start)) + (y - start) / (start * (1 - start)))).sum() / working.sum())
    information, before = float(working.sum()), inf
    for _ in range(25):
        deviance = -2 * rows * (share * -np.logaddexp(0.0, -beta) + (1 - share) * -np.logaddexp(0.0, beta))
        if abs(deviance - before) < 1e-8 * (abs(deviance) + 0.1):
            break
        p, before = expit(beta), float(deviance)
        if not 0 < p < 1:
            return nan  # the iteration ran away; R's ends would be an accident
        information = rows * p * (1 - p)
        beta += (share - p) / (p * (1 - p))
    return information


def profile_ends(known: Evidence, variance_of_logit: float, information: float, level: float = 0.95) -> Ends:
    """R's ends for a share strictly between 0 and 1; nan where R finds none.

    known.n: rows of the model. information: about the logit, from `fitted_information`.
    """
    t = t_quantile((1 + level) / 2, known.df)
    p, v, n = known.p, variance_of_logit, known.n
    if not (0 < p < 1 and 0 < v < inf and n > 1 and isfinite(t + information + known.dispersion)):
        return nan, nan
    cut = t * sqrt(v * information)
    alpha = float(ndtr(-cut)) / 2
    reach = -float(stdtrit(n - 1, alpha / 2)) if alpha > 0 else inf
    if not isfinite(reach):
        return nan, nan
    centre, step = log(p / (1 - p)), reach / 5 * sqrt(v)
    below, above = (_side(known, centre, sign * step, reach) for sign in (-1, 1))
    points = np.array([*below[::-1], (centre, 0.0), *above])
    dense = np.linspace(points[0, 0], points[-1, 0], 3 * len(points))
    heights = _spline(points[:, 0], points[:, 1], dense)
    order = np.argsort(heights, kind="stable")
    # The same quantile twice through the tail, as R does it, for the sake of its rounding.
    at = abs(float(ndtri(2 * alpha)))
    ends = np.interp([-at, at], heights[order], dense[order], left=nan, right=nan)
    lower, upper = (expit(x) if x < _OVERFLOW else nan for x in ends.tolist())
    return lower, upper


def _side(known: Evidence, centre: float, step: float, reach: float) -> list[tuple[float, float]]:
    """Points (logit, signed root of the scaled deviance) outward from the estimate until `reach`."""
    points = []
    for k in range(1, _MOST_STEPS + 1):
        x = centre + k * step
        # Deviance of the weighted binomial whose weights are scaled to sum to n. R's inverse logit jumps to the machine
        # epsilon beyond 30, so the profile is flat there and an end that lies further out is not found.
        bounded = x if abs(x) <= _FLAT else (_EPSILON_LOGIT if x > 0 else -_EPSILON_LOGIT)
        log_share, log_rest = -np.logaddexp(0.0, -bounded), -np.logaddexp(0.0, bounded)
        gap = known.p * (log(known.p) - log_share) + (1 - known.p) * (log(1 - known.p) - log_rest)
        z = sqrt(max(2 * known.n * float(gap) / known.dispersion, 0.0))
        points.append((x, z if step > 0 else -z))
        if z >= reach:
            break
    return points


def _spline(x: Floats, y: Floats, at: Floats) -> Floats:
    """Cubic spline whose third derivative in the end pieces is that of the cubic through the four end points.

    Forsythe, Malcolm & Moler (1977), Computer Methods for Mathematical Computations, section 4.4.
    """
    gap, slope = np.diff(x), np.diff(y) / np.diff(x)
    m = len(x)
    system, right = np.zeros((m, m)), np.zeros(m)
    for i in range(1, m - 1):
        system[i, i - 1 : i + 2] = gap[i - 1], 2 * (gap[i - 1] + gap[i]), gap[i]
        right[i] = 6 * (slope[i] - slope[i - 1])
    for row, first, interval in ((0, 0, 0), (m - 1, m - 4, m - 2)):
        system[row, interval : interval + 2] = -1.0, 1.0
        if m > 3:
            right[row] = 6 * gap[interval] * _third_difference(x[first : first + 4], y[first : first + 4])
    bend = np.linalg.solve(system, right)
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, m - 2)
    left, rest = at - x[piece], x[piece + 1] - at
    h = gap[piece]
    curve = (bend[piece] * rest**3 + bend[piece + 1] * left**3) / (6 * h)
    line = (y[piece] / h - bend[piece] * h / 6) * rest + (y[piece + 1] / h - bend[piece + 1] * h / 6) * left
    result: Floats = curve + line
    return result


def _third_difference(x: Floats, y: Floats) -> float:
    differences = y
    for order in (1, 2, 3):
        differences = np.diff(differences) / (x[order:] - x[:-order])
    return float(differences[0])
