"""Replicate weights drawn from a declared design: which units each replicate leaves out, doubles or resamples.

Each replicate is a set of multipliers of the weights, one a sampling unit of the first stage; later stages move with
their unit. The kinds, and their `scale` and `rscales`, are those of R's `as.svrepdesign`:

- JK1, JKn: leave one unit out, n/(n-1) for the others of its stratum (Wolter 2007, Introduction to Variance Estimation,
  section 4.5), with the finite population correction of the first stage;
- BRR, Fay: half of each pair of units, chosen by the rows of a Hadamard matrix (McCarthy 1969, Review of the ISI 37;
  Judkins 1990, Journal of Official Statistics 6), without finite population correction, which errs on the careful side;
- bootstrap: n units out of n with replacement, or out of the finite population that the sample repeated makes up (Canty
  & Davison 1999, The Statistician 48);
- subbootstrap: n-1 out of n, scaled up (Rao, Wu & Yue 1992, Survey Methodology 18), without correction.

Where the design is calibrated, every replicate starts from the weights before that and is calibrated in the same way.
"""

from enum import StrEnum

import numpy as np

from analysis.design import Codes, Design, DesignError, Floats, Lonely, LonelyStrata, Mask, Stage
from analysis.hadamard import hadamard
from analysis.margins import CalibrationError
from analysis.replicates import Replicates, rank
from analysis.residuals import PostStratified, Raked
from analysis.sums import sum_by


class Kind(StrEnum):
    """How replicates are drawn; the names are R's."""

    JK1 = "JK1"
    JKN = "JKn"
    BRR = "BRR"
    FAY = "Fay"
    BOOTSTRAP = "bootstrap"
    SUBBOOTSTRAP = "subbootstrap"


def draw_replicates(
    design: Design,
    kind: Kind | str,
    *,
    rng: np.random.Generator | None = None,
    count: int = 50,
    rho: float | None = None,
    mse: bool = False,
) -> Design:
    """The design with its variance taken from replicates drawn from its first stage.

    rng, count: of the bootstraps. rho: of Fay, how much of its weight the half left out keeps. mse: deviations from the
    full-sample estimate instead of the mean of the replicates. Raises DesignError where the design does not suit the
    kind, LonelyStrata for single units.
    """
    if kind not in list(Kind):
        raise DesignError(f"There are no replicates called {kind}. Choose one of {', '.join(Kind)}.")
    kind = Kind(kind)
    if design.replicates is not None:
        raise DesignError("The design has replicate weights already. Draw from the design as it was declared.")
    if (rho is not None) != (kind is Kind.FAY) or (rho is not None and not 0 < rho < 1):
        raise DesignError("Fay's method, and only Fay's, needs rho with 0 < rho < 1, such as 0.3.")
    stage = design.stages[0]
    match kind:
        case Kind.JK1:
            drawn = _jackknife_unstratified(stage)
        case Kind.JKN:
            drawn = _jackknife(stage, design.lonely)
        case Kind.BRR | Kind.FAY:
            drawn = _half_samples(stage, rho or 0.0)
        case Kind.BOOTSTRAP | Kind.SUBBOOTSTRAP:
            if rng is None or count < 2:
                raise DesignError(f"A {kind} needs a random generator (rng) and a count of at least 2 replicates.")
            drawn = _bootstrap(stage, design.lonely, rng, count, fewer=kind is Kind.SUBBOOTSTRAP)
    multipliers, scale, rscales = drawn
    return design.with_replicates(
        Replicates(
            _final_weights(design, multipliers),
            scale,
            rscales,
            mse=mse,
            df=_degrees_of_freedom(design, multipliers),
            kind=kind.value,
        )
    )


Drawn = tuple[Floats, float, Floats]  # multipliers (units, R), scale, rscales (R,)


def _correction(stage: Stage) -> Floats:
    return 1 - stage.sampled / stage.population


def _names(stage: Stage, chosen: Mask) -> str:
    names = [stage.labels[h] for h in np.flatnonzero(chosen).tolist()]
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _jackknife_unstratified(stage: Stage) -> Drawn:
    if stage.strata > 1:
        raise DesignError(
            f"JK1 is for designs without strata; this one has {stage.strata} ({_names(stage, stage.sampled > 0)}). "
            "Choose JKn, or a bootstrap."
        )
    n = stage.units
    if n < 2:
        raise LonelyStrata(stage.labels, 1)
    multipliers = np.full((n, n), n / (n - 1))
    np.fill_diagonal(multipliers, 0.0)
    return multipliers, float(_correction(stage)[0] * (n - 1) / n), np.ones(n)


def _jackknife(stage: Stage, lonely: Lonely) -> Drawn:
    correction, sampled = _correction(stage), stage.sampled
    alone = (sampled == 1) & (correction > 0)
    if alone.any() and lonely is Lonely.FAIL:
        raise LonelyStrata([stage.labels[h] for h in np.flatnonzero(alone).tolist()], 1)
    # A stratum of which every unit was drawn adds nothing and has no replicates.
    varied = (correction > 0) & (~alone | (lonely is Lonely.ADJUST))
    if lonely is Lonely.ADJUST and alone.any() and stage.strata == 1:
        raise LonelyStrata(stage.labels, 1)
    left_out = np.flatnonzero(varied[stage.stratum_of_unit])
    if not len(left_out):
        raise DesignError(
            f"No stratum has a unit that could be left out (all of {_names(stage, sampled > 0)} were taken whole or "
            "hold a single unit), so there is nothing to replicate. Use the design as it was declared."
        )
    own = stage.stratum_of_unit[left_out]
    boost = np.where(sampled > 1, sampled / np.maximum(sampled - 1, 1), 1.0)
    multipliers = np.where(stage.stratum_of_unit[:, None] == own, boost[own], 1.0)
    single = alone[own]
    if single.any():  # without its only unit a stratum is stood for by all others, as R has it
        multipliers[:, single] = stage.strata / (stage.strata - 1)
        correction = np.where(alone, 1.0, correction)
        boost = np.where(alone, stage.strata / (stage.strata - 1), boost)
    multipliers[left_out, np.arange(len(left_out))] = 0.0
    scale = stage.units / len(left_out) if lonely is Lonely.AVERAGE else 1.0
    return multipliers, scale, (correction / boost)[own]


def _half_samples(stage: Stage, rho: float) -> Drawn:
    odd = stage.sampled % 2 == 1
    if odd.any():
        raise DesignError(
            f"Half-samples need an even number of units in each stratum; {_names(stage, odd)} "
            f"{'has' if odd.sum() == 1 else 'have'} an odd one. Choose JKn or a bootstrap, or merge strata."
        )
    if stage.strata == 1 and stage.units > 2:
        raise DesignError(
            f"Half-samples pair the units within strata, and this design has one stratum of {stage.units} units. "
            "Choose JK1 or a bootstrap, or declare strata."
        )
    # Strata of more than two units are split into pairs in the order of the rows, as R does.
    first_row = np.unique(stage.unit, return_index=True)[1]
    order = np.lexsort((first_row, stage.stratum_of_unit))
    pair, half = np.empty(stage.units, dtype=np.intp), np.empty(stage.units)
    pair[order], half[order] = np.arange(stage.units) // 2, np.where(np.arange(stage.units) % 2 == 0, 1.0, -1.0)
    pairs = stage.units // 2
    signs = hadamard(pairs + 1)[1:]  # without the first row, which is all 1
    multipliers = 1 + (1 - rho) * half[:, None] * signs[pair]
    replicates = signs.shape[1]
    return multipliers, 1 / (replicates * (1 - rho) ** 2), np.ones(replicates)


def _bootstrap(stage: Stage, lonely: Lonely, rng: np.random.Generator, count: int, *, fewer: bool) -> Drawn:
    alone = (stage.sampled == 1) & (stage.population > 1)
    if alone.any() and lonely not in (Lonely.REMOVE, Lonely.CERTAINTY):
        names = [stage.labels[h] for h in np.flatnonzero(alone).tolist()]
        if lonely is Lonely.FAIL:
            raise LonelyStrata(names, 1)
        raise DesignError(
            f"A bootstrap cannot stand for the single unit of {_names(stage, alone)} by '{lonely}'. Merge the stratum "
            "with a similar one, choose JKn, or declare lonely='certainty' or 'remove'."
        )
    multipliers = np.ones((stage.units, count))
    for h in np.flatnonzero(stage.sampled > 1):
        units = np.flatnonzero(stage.stratum_of_unit == h)
        n, population = len(units), stage.population[h]
        if fewer:
            multipliers[units] = rng.multinomial(n - 1, np.full(n, 1 / n), size=count).T * (n / (n - 1))
        elif np.isinf(population):
            multipliers[units] = rng.multinomial(n, np.full(n, 1 / n), size=count).T
        else:  # the sample repeated until it is as large as the population; who comes once more is drawn once
            copies = np.full(n, int(population) // n)
            copies[rng.permutation(n)[: int(population) % n]] += 1
            multipliers[units] = rng.multivariate_hypergeometric(copies, n, size=count, method="marginals").T
    if fewer:
        return multipliers, 1 / (count - 1), np.ones(count)
    typical = 1 / float(np.mean(1 / stage.sampled))  # R corrects n/(n-1) by one number for all strata
    if typical <= 1:
        raise DesignError("Every stratum holds a single unit, so there is nothing to resample. Merge strata.")
    return multipliers, typical / ((typical - 1) * (count - 1)), np.ones(count)


def _degrees_of_freedom(design: Design, multipliers: Floats) -> float:
    """Rank of the replicate weights before calibration less one, as R counts it; a unit stands for its rows."""
    start = design.weights if design.base is None else design.base
    length = np.sqrt(sum_by(design.stages[0].unit, design.stages[0].units, start**2))
    return float(rank(length[:, None] * multipliers) - 1)


def _final_weights(design: Design, multipliers: Floats) -> Floats:
    stage = design.stages[0]
    start = design.weights if design.base is None else design.base
    again = start
    for step in design.steps:
        again = step(again)
    if len(design.steps) != len(design.calibrations) or not np.allclose(again, design.weights, rtol=1e-6, atol=0.0):
        raise DesignError(
            "The weights were changed by a step that cannot be done over for each replicate. Draw the replicates first "
            "and change the weights of the design that has them."
        )
    columns = []
    for r in range(multipliers.shape[1]):
        column = start * multipliers[stage.unit, r]
        _refuse_lost_groups(design, start, column, multipliers[:, r] == 0)
        for step in design.steps:
            try:
                column = step(column)
            except CalibrationError as problem:
                raise DesignError(f"Replicate {r + 1} cannot be calibrated like the sample. {problem}") from problem
        columns.append(column)
    return np.stack(columns, axis=1)


def _refuse_lost_groups(design: Design, start: Floats, column: Floats, out: Mask) -> None:
    """A group of the calibration that has no interview left in a replicate would silently stand for nobody."""
    stage = design.stages[0]
    for calibration in design.calibrations:
        groups: tuple[Codes, ...] = ()
        if isinstance(calibration, PostStratified):
            groups = (calibration.group,)
        elif isinstance(calibration, Raked):
            groups = calibration.margins
        for group in groups:
            size = int(group.max(initial=-1)) + 1
            lost = (sum_by(group, size, column) <= 0) & (sum_by(group, size, start) > 0)
            if lost.any():
                strata = np.zeros(stage.strata, dtype=np.bool_)
                strata[stage.stratum[lost[group] & out[stage.unit]]] = True
                raise DesignError(
                    f"In a replicate without some units of {_names(stage, strata)}, a group of the calibration has no "
                    "interview left. Collapse groups so that each is met at more units, choose Fay's method, or use "
                    "the design without replicates."
                )
