"""One variable as weighted sums, which is all that an estimate ever reads of it.

A row of a `Measure` is one interview or a cell of a tally; no formula knows which.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.design import Design, Floats, Mask


@dataclass(frozen=True, slots=True)
class Measure:
    """One variable as weighted sums, one entry per row of the design; rows outside the domain hold 0."""

    rows: Floats  # interviews in the domain, whatever their weight
    n: Floats  # those of positive weight
    base: Floats  # sum of w
    total: Floats  # sum of w·y
    square: Floats  # sum of w·y²
    base_square: Floats  # sum of w²

    def within(self, domain: Mask) -> "Measure":
        """The same variable in a domain."""
        sums = (self.rows, self.n, self.base, self.total, self.square, self.base_square)
        return Measure(*(each * domain for each in sums))

    @property
    def observed(self) -> Mask:
        """Where the domain has rows at all, which is what lonely strata are judged by."""
        return self.rows > 0


def measure(design: Design, values: npt.ArrayLike, domain: Mask | None = None) -> Measure:
    """The rows' values as a `Measure`: (rows,) numbers, nan = missing."""
    y = np.asarray(values, dtype=np.float64)
    inside = ~np.isnan(y)
    if domain is not None:
        inside &= domain
    y = np.where(inside, y, 0.0)
    base = np.where(inside, design.weights, 0.0)
    counted = (base > 0).astype(np.float64)
    return Measure(inside.astype(np.float64), counted, base, base * y, base * y * y, base * base)


def both_present(design: Design, *variables: npt.ArrayLike) -> Mask:
    """(rows,) True where every variable has a value."""
    present = np.ones(design.rows, dtype=np.bool_)
    for variable in variables:
        present &= ~np.isnan(np.asarray(variable, dtype=np.float64))
    return present
