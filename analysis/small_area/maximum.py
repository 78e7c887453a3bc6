"""The maximum of a smooth log-likelihood with a gradient, to the last digits that arithmetic allows.

BFGS comes near; Newton's steps with the Hessian from differences of the gradient finish. Standard deviations enter with
either sign: likelihoods are even in them, so zero is an interior point and needs no bounds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from analysis.design import Floats

Objective = Callable[[Floats], tuple[float, Floats]]
STEP = 1e-4  # of the differences, beside parameters of order 1
NIL = 1e-4  # a standard deviation below this is none: the likelihood is flat there


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Where it is, how high, and the negative Hessian there; `converged` where the last Newton step was nothing."""

    at: Floats  # (k,)
    value: float
    information: Floats  # (k, k)
    converged: bool
    notes: tuple[str, ...]


def information(objective: Objective, at: Floats) -> Floats:
    """(k, k) the negative Hessian from central differences of the gradient."""
    steps = np.eye(len(at)) * STEP
    rows = [(objective(at - step)[1] - objective(at + step)[1]) / (2 * STEP) for step in steps]
    square = np.array(rows)
    return (square + square.T) / 2


def maximise(objective: Objective, start: Floats, even: Sequence[int] = ()) -> Maximum:
    """The maximum near `start`. `objective` gives value and gradient, and is even in the parameters at `even`: these
    are returned positive, or as 0 (note `no_spread`) where they end next to it.
    """

    def downhill(at: Floats) -> tuple[float, Floats]:
        value, gradient = objective(at)
        return -value, -gradient

    at = np.asarray(scipy.optimize.minimize(downhill, start, jac=True, method="BFGS", options={"gtol": 1e-5}).x)
    at, converged = _newton(objective, at)
    nil = [place for place in even if abs(at[place]) < NIL]
    if nil:
        at[nil] = 0.0
        at, converged = _newton(objective, at)
        at[nil] = 0.0  # where the slope is nothing but rounding
    for place in even:
        at[place] = abs(at[place])
    notes = (*(("no_spread",) if nil else ()), *(() if converged else ("not_converged",)))
    return Maximum(at, objective(at)[0], information(objective, at), converged, notes)


def _newton(objective: Objective, at: Floats, tolerance: float = 1e-10, rounds: int = 10) -> tuple[Floats, bool]:
    bend = information(objective, at)
    for _ in range(rounds):
        eigenvalues = np.linalg.eigvalsh(bend)
        if eigenvalues[0] <= 1e-9 * max(1.0, eigenvalues[-1]):
            break
        step = np.linalg.solve(bend, objective(at)[1])
        if np.abs(step).max() > 1:
            break
        at = at + step
        if np.abs(step).max() < tolerance:
            return at, True
        if np.abs(step).max() > 1e-3:
            bend = information(objective, at)
    return at, False
