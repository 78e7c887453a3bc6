"""Small samples for the tests of the estimates: seeded, with known shapes."""

import numpy as np
import pandas as pd


def clustered(seed: int = 1, strata: int = 4, points: int = 5, most: int = 12) -> pd.DataFrame:
    """Rows in points within districts, uneven weights, a 0/1 answer with gaps and a score."""
    rng = np.random.default_rng(seed)
    rows = []
    for district in range(strata):
        for point in range(points):
            tilt = rng.normal(0, 0.8)
            for _ in range(int(rng.integers(3, most))):
                aware = float(rng.random() < 1 / (1 + np.exp(-tilt)))
                rows.append(
                    {
                        "district": f"D{district}",
                        "point": f"P{point}",
                        "sex": rng.choice(["F", "M"]),
                        "age_band": rng.choice(["18-34", "35-59", "60+"]),
                        "w": float(rng.uniform(1, 5)),
                        "aware": np.nan if rng.random() < 0.15 else aware,
                        "score": float(rng.normal(50 + 10 * aware, 8)),
                    }
                )
    return pd.DataFrame(rows)


def fixed() -> pd.DataFrame:
    """Thirty rows in ten points that no generator makes, so that another program can be given the same."""
    i = np.arange(30)
    return pd.DataFrame(
        {
            "point": i // 3,
            "sex": np.where(i * 7 % 5 < 2, "F", "M"),
            "age": np.array(["young", "middle", "old"])[(i * 11 % 7) % 3],
            "w": 1.0 + i * 13 % 7,
            "x": 20.0 + (i * i * 37) % 101 / 4,
            "y": 30.0 + (i * i * i * 53) % 97 / 3,
        }
    )


def wave(seed: int = 1, n: int = 600, points: int = 5, neighbourhoods: int = 8) -> pd.DataFrame:
    """The rows of a wave in the shape of `analysis.columns`: four districts, two modes, two indicators."""
    rng = np.random.default_rng(seed)
    district, point, home = rng.integers(0, 4, n), rng.integers(0, points, n), rng.integers(0, neighbourhoods, n)
    chance = rng.normal(0.7, 0.1, (4, points)).clip(0.05, 0.95)[district, point]
    aware = (rng.random(n) < chance).astype(float)
    return pd.DataFrame(
        {
            "mode": np.where(rng.random(n) < 0.8, "intercept", "open_qr"),
            "district": [f"D{d}" for d in district],
            "street": [f"S{d}{h % 3}" for d, h in zip(district, home, strict=True)],
            "neighbourhood": [f"N{d}{h}" for d, h in zip(district, home, strict=True)],
            "point": [f"P{d}{p}" for d, p in zip(district, point, strict=True)],
            "sex": rng.choice(["F", "M"], n),
            "age_band": rng.choice(["18-34", "35-59", "60+"], n),
            "aware": np.where(rng.random(n) < 0.1, np.nan, aware),
            "satisfied": (rng.random(n) < 0.8).astype(float),
        }
    )


def margins(districts: int = 4) -> pd.DataFrame:
    """The population of `wave`: districts of unequal size."""
    return pd.DataFrame(
        [
            {"district": f"D{d}", "sex": sex, "age_band": band, "population": 1000.0 * (d + 1) + 100 * place}
            for d in range(districts)
            for sex in ("F", "M")
            for place, band in enumerate(("18-34", "35-59", "60+"))
        ]
    )


def margins_by(*columns: str, districts: int = 4) -> pd.DataFrame:
    """The population of `wave` by some of its columns only."""
    return margins(districts).groupby(list(columns))[["population"]].sum().reset_index()


def with_reasons(rows: pd.DataFrame) -> pd.DataFrame:
    """Why the outcomes of `aware` are missing: don't know and refused in turn."""
    turn = np.where(np.arange(len(rows)) % 3 == 0, "refused", "dont_know")
    return rows.assign(**{"aware:missing": pd.Series(turn, rows.index).where(rows["aware"].isna(), None)})
