"""Weights that meet several margins at once, by iterative proportional fitting, and why it failed where it did.

The rounds run on the distinct combinations of groups, not on rows: rows of one combination get one factor (Deming &
Stephan 1940, Annals of Mathematical Statistics 11:427). They converge to weights if any positive ones meet the margins
(Ireland & Kullback 1968, Biometrika 55:179). If only weights with zeros do, they creep there, never arriving; if none
do, they go round in a circle. What can be seen beforehand is refused beforehand (`margins`); what shows in slow rounds
is proved by linear programming (`feasibility`).
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, log

import numpy as np

from analysis.design import Codes, Design, Floats
from analysis.feasibility import names_of_totals, reach_of_margins
from analysis.margins import CalibrationError, Margin, listed, refuse_contradictions, refuse_empty, title
from analysis.residuals import Raked, after_step
from analysis.sums import sum_by

# Rounds after which a proof is asked for that some weights meet the margins. Sound margins need a few dozen.
_PATIENCE = 200


def rake(
    design: Design,
    margins: Sequence[Margin],
    *,
    counts: Floats | None = None,
    tolerance: float = 1e-12,
    rounds: int = 10_000,
) -> Design:
    """Weights that meet several margins at once (Deming & Stephan 1940).

    counts: (rows,) interviews behind each row, 1 unless rows are cells of a tally. tolerance: the largest relative miss
    of any margin that is let pass; where the margins' totals differ by more, that difference.
    Raises CalibrationError where a group is empty, where margins contradict each other, and where the rounds do not
    converge; it names the groups.
    """
    if not margins:
        raise CalibrationError("There is no margin to rake to. Name at least one.")
    keys, row_cell = combinations(margins)
    collapsed = [replace(known, group=keys[place]) for place, known in enumerate(margins)]

    def raked(weights: Floats) -> Floats:
        base = sum_by(row_cell, keys.shape[1], weights)
        return weights * _fitted_factor(base, collapsed, tolerance, rounds)[row_cell]

    weights = raked(design.weights)
    held = np.ones(design.rows) if counts is None else counts
    return after_step(design, weights, Raked(tuple(known.group for known in margins), weights, held), raked)


def combinations(margins: Sequence[Margin]) -> tuple[Codes, Codes]:
    """The distinct combinations of groups, (margins, cells), and the one of each row, (rows,)."""
    code, keys = margins[0].group, np.arange(len(margins[0].population))[None, :]
    for known in margins[1:]:
        # Renumbered after each margin, so that the numbers stay small however many margins there are.
        wide = len(known.population)
        occurring, code = _renumbered(code.astype(np.int64) * wide + known.group, keys.shape[1] * wide)
        keys = np.concatenate([keys[:, occurring // wide], occurring[None, :] % wide])
    occurring, code = _renumbered(code, keys.shape[1])
    return keys[:, occurring].astype(np.intp), code.astype(np.intp)


def _renumbered(code: Codes, size: int) -> tuple[Codes, Codes]:
    """The codes below `size` that occur, in order, and each code's place among them."""
    if size > 4 * len(code):
        occurring, place = np.unique(code, return_inverse=True)
        return occurring, place
    present = np.bincount(code, minlength=size) > 0
    return np.flatnonzero(present), (np.cumsum(present) - 1)[code]


def _fitted_factor(base: Floats, margins: Sequence[Margin], tolerance: float, rounds: int) -> Floats:
    """(cells,): what each combination's weight is multiplied by. base: (cells,)."""
    for known in margins:
        refuse_empty(base, known)
    refuse_contradictions(base, margins)
    totals = [float(known.population.sum()) for known in margins]
    tolerance = max(tolerance, 1.01 * (max(totals) / min(totals) - 1))
    factor = np.ones_like(base)
    trail: list[float] = []
    for done in range(1, rounds + 1):
        miss = 0.0
        for known in margins:
            sums = known.sums(base * factor)
            ratio = known.population / np.where(sums > 0, sums, 1.0)
            miss = max(miss, float(np.abs(ratio - 1)[sums > 0].max(initial=0.0)))
            factor = factor * ratio[known.group]
        if miss <= tolerance:
            return factor
        trail.append(miss)
        if done == _PATIENCE:
            _refuse_impossible(base, margins)
    _refuse_impossible(base, margins)
    raise CalibrationError(
        f"Raking did not converge in {rounds} rounds: {_worst(base * factor, margins)} {_movement(trail, tolerance)} "
        f"{_creeping(base, margins)}"
    )


def _refuse_impossible(base: Floats, margins: Sequence[Margin]) -> None:
    nearest = reach_of_margins(base, margins).nearest()
    if not nearest.feasible:
        raise CalibrationError(
            "The margins contradict each other: with the interviews there are, no weights meet them all. With those "
            f"that come nearest {nearest.told(names_of_totals(margins))}. "
            "Collapse groups in which few combinations have interviews, correct the totals, or drop a margin."
        )


def _worst(weights: Floats, margins: Sequence[Margin]) -> str:
    """The group that is furthest from its population, in words."""
    found = []
    for place, known in enumerate(margins):
        sums = known.sums(weights)
        relative = np.abs(sums / np.where(known.population > 0, known.population, 1.0) - 1) * (known.population > 0)
        g = int(relative.argmax())
        found.append((float(relative[g]), known.labels[g], title(known, place), sums[g], known.population[g]))
    miss, label, name, have, want = max(found)
    return f"{label} ({name}) has {have:.10g} where {want:.10g} are wanted, a miss of {miss:.2g} of its size."


def _movement(trail: Sequence[float], tolerance: float) -> str:
    """How the largest miss moved in the last rounds, and what follows."""
    back = min(10, len(trail) - 1)
    now, before = trail[-1], trail[-1 - back]
    if not back:
        return "One round shows no movement yet: allow more rounds."
    if now >= 0.999 * before:
        return (
            f"The largest miss no longer shrinks ({before:.3g} {back} rounds ago, {now:.3g} now): more rounds will not "
            "help."
        )
    more = ceil(back * log(max(tolerance, 1e-300) / now) / log(now / before))
    return (
        f"The largest miss still shrinks ({before:.3g} {back} rounds ago, {now:.3g} now): at that pace some {more} "
        f"more rounds would reach the tolerance of {tolerance:.2g}."
    )


def _creeping(base: Floats, margins: Sequence[Margin]) -> str:
    """The combinations that have people and interviews and can only have weight 0, in words."""
    known = reach_of_margins(base, margins)
    stuck = [
        " × ".join(m.labels[m.group[cell]] for m in margins)
        for cell in known.forced_to_zero()
        if base[cell] > 0 and all(m.population[m.group[cell]] > 0 for m in margins)
    ]
    if not stuck:
        return "Allow more rounds, or a larger tolerance."
    return (
        f"The margins can only be met with weight 0 for the interviews in {listed(stuck)}, which the rounds approach "
        "but never reach: collapse a group of theirs with a neighbour."
    )
