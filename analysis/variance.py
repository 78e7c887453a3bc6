"""The variance of estimated totals, by linearisation over the whole design.

The argument is always the matrix of *weighted influence values*: for a total of y, w·y; for a ratio N/D,
w·(y - N/D·x)/D; rows outside the domain hold 0 (Binder 1983, International Statistical Review 51; Lumley 2010, Complex
Surveys, chapter 2). Influence values add up, so a cell of a tally stands for all its rows.

Stage by stage (Särndal, Swensson & Wretman 1992, sections 3.7 and 4.3): with z the totals of the n_h units drawn from
the N_h of stratum h,  sum over h of (1 - n_h/N_h) · n_h/(n_h-1) · sum (z - mean z)²,  and the next stage within each
unit times n_h/N_h.
"""

import numpy as np

from analysis.calibration import PostStratified
from analysis.design import Codes, Design, Floats, Lonely, LonelyStrata, Mask, Stage
from analysis.sums import sum_by, sums_by

# Sums of m numbers carry a rounding error of a few units in the last place of the sum of their sizes. A standard
# error below that is a zero.
_ROUNDING = 32 * np.finfo(np.float64).eps
# Units × domains of a partition that are worked on at once, 8 bytes each.
_MOST_CELLS = 20_000_000


def covariance(design: Design, influence: Floats, observed: Mask) -> Floats:
    """Covariance matrix (k, k) of k totals. influence: (rows, k), weighted; observed: (rows,) rows of the domain.

    Raises LonelyStrata where the domain meets a single-unit stratum and the design says to fail.
    """
    parts = _scaled_deviations(design, influence, observed)
    k = influence.shape[1]
    result = np.zeros((k, k))
    for deviations, factor in parts:
        result += factor * (deviations.T @ deviations)
    return _without_rounding(result, influence)


def variances(design: Design, influence: Floats, observed: Mask) -> Floats:
    """The diagonal (k,) of `covariance`, for many totals at once."""
    result = np.zeros(influence.shape[1])
    for deviations, factor in _scaled_deviations(design, influence, observed):
        result += factor * np.einsum("uk,uk->k", deviations, deviations)
    floor = (_ROUNDING * np.abs(influence).sum(axis=0)) ** 2
    return np.where(result <= floor, 0.0, result)


def _without_rounding(matrix: Floats, influence: Floats) -> Floats:
    zero = np.diag(matrix) <= (_ROUNDING * np.abs(influence).sum(axis=0)) ** 2
    matrix[zero, :] = 0.0
    matrix[:, zero] = 0.0
    return matrix


def _scaled_deviations(design: Design, influence: Floats, observed: Mask) -> list[tuple[Floats, float]]:
    """Per stage, deviations D (units, k) and a factor such that the variance is the sum of factor · D'D."""
    if design.calibrations:
        # Only what the calibration variables do not explain is uncertain (Deville & Särndal 1992, JASA 87, section 3).
        for calibration in design.calibrations:
            influence = calibration.residuals(influence)
        observed = np.ones(design.rows, dtype=np.bool_)
    parts: list[tuple[Floats, float]] = []
    fraction_above = np.ones(1)  # product of the sampling fractions of the stages above, per stratum of this stage
    for depth, stage in enumerate(design.stages):
        totals = sums_by(stage.unit, stage.units, influence)
        present = np.zeros(stage.units, dtype=np.bool_)
        present[stage.unit[observed]] = True
        if depth == 0:
            fraction_above = np.ones(stage.strata)
        deviations, factor = _stage_deviations(design, stage, totals, present, depth)
        scale = np.sqrt(fraction_above * (1 - stage.sampled / stage.population) * _bessel(stage))
        parts.append((deviations * scale[stage.stratum_of_unit, None], factor))
        fraction_above = (fraction_above * stage.sampled / stage.population)[stage.stratum_of_unit]
        if not fraction_above.any():
            break
    return parts


def _bessel(stage: Stage) -> Floats:
    n = stage.sampled
    return np.where(n > 1, n / np.maximum(n - 1, 1), 1.0)


def _stage_deviations(design: Design, stage: Stage, totals: Floats, present: Mask, depth: int) -> tuple[Floats, float]:
    """Unit totals less their centre, and the factor that stands for strata left out of the sum."""
    means = sums_by(stage.stratum_of_unit, stage.strata, totals) / np.maximum(stage.sampled, 1)[:, None]
    units_present = sum_by(stage.stratum_of_unit, stage.strata, present.astype(np.float64))
    met = units_present > 0
    # A stratum that was taken whole leaves nothing unknown, however few of its units the domain meets.
    alone = met & (stage.sampled == 1) & (stage.population > 1)
    lonely = alone
    if design.lonely_domains and design.lonely in (Lonely.ADJUST, Lonely.AVERAGE):
        lonely = alone | (met & (units_present == 1) & (stage.sampled > 1) & (stage.sampled < stage.population))
    if alone.any() and design.lonely is Lonely.FAIL:
        raise LonelyStrata([stage.labels[h] for h in np.flatnonzero(alone).tolist()], depth + 1)
    factor = 1.0
    deviations = totals - means[stage.stratum_of_unit]
    # Below the first stage each unit is a population of its own, so there are no other strata to borrow from: the
    # centre of all units is the unit itself, and an average over nothing is unknown.
    if lonely.any() and design.lonely is Lonely.ADJUST and depth == 0:
        centre = totals.sum(axis=0) / stage.sampled[met].sum()
        borrowed = lonely[stage.stratum_of_unit]
        deviations[borrowed] = totals[borrowed] - centre
    if lonely.any() and design.lonely is Lonely.AVERAGE:
        deviations[lonely[stage.stratum_of_unit]] = 0.0
        kept = met.sum() - lonely.sum()
        factor = float(met.sum() / kept) if kept and depth == 0 else np.nan
    return deviations, factor


def partition_variances(design: Design, influence: Floats, domain: Codes, domains: int, inside: Mask) -> Floats:
    """Variances (domains,) of the totals of `influence` (rows,) in each domain of a partition.

    domain: (rows,) 0..domains-1; inside: (rows,) rows that belong to any. Same result as `variances` on a matrix with
    one column a domain, without making that matrix.
    """
    quick = _quick_partition(design, influence, domain, domains, inside)
    if quick is not None:
        return quick
    result = np.empty(domains)
    for start in range(0, domains, 64):
        chunk = np.arange(start, min(start + 64, domains))
        member = (domain[:, None] == chunk) & inside[:, None]
        for column, d in enumerate(chunk):
            values = np.where(member[:, column], influence, 0.0)[:, None]
            result[d] = variances(design, values, member[:, column])[0]
    return result


def _quick_partition(design: Design, influence: Floats, domain: Codes, domains: int, inside: Mask) -> Floats | None:
    """For one stage with at most a post-stratification, and no more units × domains than memory holds; else None."""
    stage = design.stages[0]
    if len(design.stages) > 1 or len(design.calibrations) > 1 or stage.units * domains > _MOST_CELLS:
        return None
    cell = stage.unit.astype(np.intp) * domains + domain
    weighted = np.where(inside, influence, 0.0)
    totals = sum_by(cell, stage.units * domains, weighted).reshape(stage.units, domains)
    present: Mask = np.zeros((stage.units, domains), dtype=np.bool_)
    present[stage.unit[inside], domain[inside]] = True
    for calibration in design.calibrations:
        if not isinstance(calibration, PostStratified):
            return None
        totals = totals - calibration.explained(weighted, domain, domains, stage.unit, stage.units)
        present[:] = True
    scale = ((1 - stage.sampled / stage.population) * _bessel(stage))[stage.stratum_of_unit]
    if (stage.sampled == 1).any() or design.lonely_domains:  # whom a domain meets decides which strata are lonely
        parts = [_stage_deviations(design, stage, totals[:, [d]], present[:, d], 0) for d in range(domains)]
        result = np.array([factor * (scale @ deviations**2)[0] for deviations, factor in parts])
    else:
        deviations, factor = _stage_deviations(design, stage, totals, np.ones(stage.units, dtype=np.bool_), 0)
        result = factor * np.einsum("uk,uk,u->k", deviations, deviations, scale)
    floor = (_ROUNDING * sum_by(domain, domains, np.abs(weighted))) ** 2
    return np.where(result <= floor, 0.0, result)
