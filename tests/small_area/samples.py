"""Areas to try the models on."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.design import Floats
from analysis.small_area.areas import Areas, read_areas


def areas_of(
    yes: Sequence[float], n: Sequence[float], district: Sequence[str] | None = None, x: Sequence[float] | None = None
) -> Areas:
    """Areas named by their places, in one district unless told."""
    frame = pd.DataFrame({"area": range(len(n)), "district": district or "D", "n": list(n), "yes": list(yes)})
    return read_areas(frame) if x is None else read_areas(frame.assign(x=list(x)), ["x"])


def imaginary(
    rng: np.random.Generator,
    areas: int = 200,
    districts: int = 10,
    *,
    asked: tuple[int, int] = (5, 40),
    sigma_district: float = 0.4,
    sigma_area: float = 0.6,
    slope: float = 0.0,
    level: float = 0.3,
) -> tuple[Areas, Floats]:
    """Areas and their true rates (areas,); asked: the fewest and the most interviews. A slope of 0 has no covariate."""
    district = rng.integers(0, districts, areas)
    x = rng.standard_normal(areas)
    effect = sigma_district * rng.standard_normal(districts)[district] + sigma_area * rng.standard_normal(areas)
    rate = 1 / (1 + np.exp(-(level + slope * x + effect)))
    n = rng.integers(asked[0], asked[1] + 1, areas)
    yes = rng.binomial(n, rate)
    found = areas_of(yes.tolist(), n.tolist(), [f"D{d:02}" for d in district.tolist()], x.tolist() if slope else None)
    return found, rate
