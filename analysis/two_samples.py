"""An open sample beside a reference sample, as one design: what both are compared on.

The strata are the districts of each mode, the units its points, so that the two samples are independent. In a district
where both modes worked at just the same points, the points were chosen once: there the district is one stratum and
answers of both modes at a point are one unit, which keeps the covariance between them. Where only some points are
shared the samples are taken as independent, which is careful: what points share goes up and down in both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.columns import MODE, STRATUM, UNIT, ColumnsError, Indicator
from analysis.design import Design, Lonely, Mask, declare
from analysis.modes import OPEN_QR
from analysis.tally import Tally
from analysis.wave_tally import wave_tally

UNKNOWN = "?"  # the level of a covariate where the answer is missing
_JOINT = "stratum of both samples"


@dataclass(frozen=True, slots=True)
class TwoSamples:
    """Both samples, cell by cell.

    design: the weights are interviews. open: (cells,) True for the open sample. shared: the districts in which both
    samples were collected at the same points.
    """

    reduced: Tally
    design: Design
    open: Mask
    reference: str
    shared: tuple[str, ...]

    @property
    def cells(self) -> pd.DataFrame:
        """The cells of both samples."""
        return self.reduced.cells


def two_samples(reduced: Tally, reference: str, open_mode: str = OPEN_QR) -> TwoSamples:
    """The open and the reference sample of a wave's tally. Raises ColumnsError where one of them is empty."""
    reduced = reduced.where(reduced.cells[MODE].isin([open_mode, reference]))
    cells = reduced.cells
    is_open = np.asarray(cells[MODE].eq(open_mode), dtype=np.bool_)
    for mode, held in ((open_mode, is_open), (reference, ~is_open)):
        if not held.any():
            raise ColumnsError(f"Column {MODE} never holds {mode}. Two samples are needed to compare them.")
    stratum = cells[STRATUM].astype(str)
    places: list[dict[str, set[str]]] = [{}, {}]
    for own, district, unit in zip(is_open.tolist(), stratum, cells[UNIT].astype(str), strict=True):
        places[own].setdefault(district, set()).add(unit)
    shared = tuple(sorted(d for d in places[0] if places[0][d] == places[1].get(d)))
    joint = stratum.where(stratum.isin(shared), cells[MODE].astype(str) + " / " + stratum)
    design = declare(
        cells.assign(**{_JOINT: joint}), ids=[UNIT], strata=_JOINT, weights="w", nest=True, lonely=Lonely.ADJUST
    )
    return TwoSamples(reduced, design, is_open, reference, shared)


def tally_by(rows: pd.DataFrame, indicators: Sequence[Indicator], covariates: Sequence[str]) -> Tally:
    """`wave_tally` with more keys: columns of the rows that both samples were asked. Missing is a level of its own.

    Raises ColumnsError.
    """
    absent = [name for name in covariates if name not in rows.columns]
    if absent:
        raise ColumnsError(f"The rows of a wave: there is no column {', '.join(absent)}, which is to be a covariate.")
    own = {indicator.code for indicator in indicators} & set(covariates)
    if own:
        raise ColumnsError(
            f"{', '.join(sorted(own))} is an indicator. To compare people by it for another indicator's sake, give a "
            "copy of the column under another name."
        )
    if not covariates:
        return wave_tally(rows, indicators)
    known = rows[list(covariates)].astype(object)
    return wave_tally(rows, indicators, known.where(known.notna(), UNKNOWN).astype(str))
