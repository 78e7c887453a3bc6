"""A population with known truth: what the adults of a city think, cell by cell.

The truth is a rate for every neighbourhood × sex × age group, in every wave. True rates of larger areas are sums over
people, never simulations, so that tests, the demonstration and benchmarks can hold an estimate against them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from analysis.demonstration_city import AGE_GROUPS, CITY_CODE, SEXES, City

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Level:
    """One indicator's city level: its rate where no effect applies, in the first wave, and its drift a wave (logit)."""

    code: str
    rate: float
    drift: float = 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations of the effects on the logit scale; `wave` is each district's own shock in each wave."""

    district: float = 0.3
    neighbourhood: float = 0.4
    age: float = 0.25
    sex: float = 0.1
    wave: float = 0.08


LEVELS = (
    Level("awareness", 0.85, 0.10),
    Level("participation", 0.58, 0.12),
    Level("satisfaction", 0.87, 0.05),
    Level("support", 0.93, 0.03),
)


@dataclass(frozen=True, eq=False)
class Truth:
    """What the adults of a city think: `rates` is wave × indicator × neighbourhood × sex × age group.

    `people` counts the adults of each neighbourhood × sex × age group.
    """

    city: City
    indicators: tuple[str, ...]
    age_groups: tuple[str, ...]
    people: Floats
    rates: Floats

    def rate(
        self,
        indicator: str,
        area: str = CITY_CODE,
        wave: int = 0,
        sex: str | None = None,
        age_group: str | None = None,
    ) -> float:
        """The exact true share among the adults of a city, district, street or neighbourhood, or one group of them."""
        people = self.people[self._inside(area)]
        rates = self.rates[wave, self.indicators.index(indicator), self._inside(area)]
        if sex is not None:
            chosen = SEXES.index(sex)
            people, rates = people[:, [chosen]], rates[:, [chosen]]
        if age_group is not None:
            chosen = self.age_groups.index(age_group)
            people, rates = people[:, :, [chosen]], rates[:, :, [chosen]]
        return float((people * rates).sum() / people.sum())

    def _inside(self, area: str) -> npt.NDArray[np.bool_]:
        homes = self.city.neighbourhoods
        inside = homes["code"].str.startswith(area) | (area == CITY_CODE)
        if not inside.any():
            raise KeyError(f"{area} is no area of this city")
        return inside.to_numpy()

    @property
    def margins(self) -> pd.DataFrame:
        """Adults by district × sex × age band: the margins that weights are adjusted to."""
        districts = self.city.neighbourhoods["district"].to_numpy()
        rows = [
            (district, sex, group, round(self.people[districts == district, s, a].sum()))
            for district in self.city.districts
            for s, sex in enumerate(SEXES)
            for a, group in enumerate(self.age_groups)
        ]
        return pd.DataFrame(rows, columns=["district", "sex", "age_band", "population"])


def draw_truth(
    city: City,
    rng: np.random.Generator,
    *,
    levels: tuple[Level, ...] = LEVELS,
    waves: int = 3,
    age_groups: tuple[str, ...] = AGE_GROUPS,
    spread: Spread = Spread(),
) -> Truth:
    """One truth: city level + district + neighbourhood + sex + age group, drifting by wave, on the logit scale."""
    homes = city.neighbourhoods
    people = city.people(age_groups)
    district = homes["district"].map({code: at for at, code in enumerate(city.districts)}).to_numpy()
    shape = (waves, len(levels), *people.shape)
    scores = np.zeros(shape)
    for i, level in enumerate(levels):
        effects = rng.normal(0, spread.district, len(city.districts))[district]
        effects += rng.normal(0, spread.neighbourhood, len(homes))
        by_sex = np.array([-1, 1]) * spread.sex * rng.normal()
        by_age = rng.normal(0, spread.age, len(age_groups))
        still = logit(level.rate) + effects[:, None, None] + by_sex[:, None] + by_age
        shocks = rng.normal(0, spread.wave, (waves, len(city.districts)))[:, district]
        drift = level.drift * np.arange(waves)
        scores[:, i] = still + (drift[:, None] + shocks)[:, :, None, None]
    return Truth(city, tuple(level.code for level in levels), age_groups, people, expit(scores))
