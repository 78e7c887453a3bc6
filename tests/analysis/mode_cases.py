"""A small wave by two modes, without any random number, so that other programs can be given the same rows."""

import numpy as np
import pandas as pd

from analysis.columns import Indicator

AWARE = Indicator("aware", 0.75, {"en": "Awareness", "zh-Hans": "知晓率"})


def two_modes(*, same_points: bool = False) -> pd.DataFrame:
    """About 400 interviews: two districts, six points of each mode in each, a common question `active`.

    same_points: both modes worked at the same six points. Every number comes from remainders of the place in the file.
    """
    rows = []
    for number in range(480):
        turn = (number * 7919) % 480
        district, place, is_open = turn % 2, turn // 2 % 6, turn // 12 % 2
        band, sex = (turn // 24 * 3 + turn % 5) % 2, turn // 48 % 2
        if turn % 9 < place % 3 * (2 - is_open):
            continue
        active = (turn * 13 + place) % 7 < (5 if is_open else 3)
        content = (turn * 31 + 3 * place) % 11 + 2 * active + 2 * band + is_open + place % 3
        mode = "open_qr" if is_open else "intercept"
        rows.append(
            {
                "mode": mode,
                "district": f"D{district}",
                "street": f"S{district}",
                "neighbourhood": f"N{district}",
                "point": f"P{district}{place}" if same_points else f"{mode} {district}{place}",
                "sex": "FM"[sex],
                "age_band": ("18-44", "45+")[band],
                "active": "yes" if active else "no",
                "aware": np.nan if turn % 17 == 5 else float(content > 8),
            }
        )
    return pd.DataFrame(rows)


def people() -> pd.DataFrame:
    """The population of `two_modes`: eight cells of unequal size, 25,200 people in all."""
    return pd.DataFrame(
        [
            (f"D{district}", sex, band, 1000.0 * (1 + district) * (1 + s) + 600.0 * (1 + b))
            for district in range(2)
            for s, sex in enumerate("FM")
            for b, band in enumerate(("18-44", "45+"))
        ],
        columns=["district", "sex", "age_band", "population"],
    )
