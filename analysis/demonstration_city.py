"""The demonstration city Tinglan 听澜: which areas a wholly fictional city has, and who lives there.

Its codes begin with 99, which no province uses; its place names are put together from word lists, and any likeness to
a real place is chance. People are counted neighbourhood by neighbourhood and summed upwards, so every published sum
holds exactly. Sizes and the age pyramid imitate a mid-sized Chinese city of the 2020 census without copying one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

SEXES = ("M", "F")
BANDS = ("0", "1-4", *(f"{low}-{low + 4}" for low in range(5, 85, 5)), "85+")  # as the census publishes them
AGE_GROUPS = ("18-34", "35-59", "60+")
CITY_CODE = "990100"
SOURCE = "fictional: generated for the demonstration city, no census"
SYNTHETIC = "fictional and synthetic: neighbourhood totals are never published"

Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]
Name = tuple[str, str]  # Chinese, English


@dataclass(frozen=True, slots=True)
class _District:
    """What a district is like: its size in neighbourhoods, their mean size, and how old its people are."""

    name_zh: str
    name_en: str
    subdistricts: int
    towns: int
    neighbourhoods: int
    mean_size: int
    ageing: float  # tilts the pyramid: 0 as the city, above 0 older


_DISTRICTS = (
    _District("霁桥区", "Jiqiao District", 8, 0, 52, 4600, 0.5),  # the old core
    _District("栖川区", "Qichuan District", 7, 0, 46, 5200, -0.2),
    _District("青笠区", "Qingli District", 5, 1, 40, 4900, -0.7),  # the new town
    _District("榆汀区", "Yuting District", 4, 2, 38, 3900, -0.1),
    _District("蓑塘区", "Suotang District", 2, 5, 36, 2600, 0.3),
    _District("枕溪区", "Zhenxi District", 1, 5, 28, 2100, 0.8),  # the hills
)

# 40 × 25 two-character names: common syllables with uncommon first characters
_FIRST = (
    "砚 yan,笠 li,霁 ji,笙 sheng,蓑 suo,簪 zan,箫 xiao,鹭 lu,绫 ling,槐 huai,荻 di,苇 wei,蕴 yun,砾 li,澹 dan,杼 zhu,"
    "磬 qing,缃 xiang,鹳 guan,楸 qiu,菱 ling,棹 zhao,篁 huang,檐 yan,柘 zhe,葭 jia,蘅 heng,芷 zhi,珩 heng,筠 yun,"
    "漪 yi,岫 xiu,峤 qiao,樗 chu,桁 hang,椿 chun,藜 li,蓼 liao,砧 zhen,鹊 que"
)
_SECOND = (
    "汀 ting,坞 wu,渚 zhu,湾 wan,塘 tang,陌 mo,埠 bu,圩 wei,畈 fan,墩 dun,渡 du,垄 long,桥 qiao,浦 pu,坪 ping,"
    "泾 jing,洲 zhou,巷 xiang,庭 ting,园 yuan,矶 ji,屏 ping,溪 xi,堰 yan,丘 qiu"
)
# A third of the neighbourhoods carry their street's name
_DERIVED = (
    ("东", "East"),
    ("西", "West"),
    ("南", "South"),
    ("北", "North"),
    ("第一", "No. 1"),
    ("第二", "No. 2"),
    ("老街", "Old Street"),
    ("新村", "New Village"),
    ("河畔", "Riverside"),
    ("站前", "Station"),
)

# Share of each band among men and women together, per mille, and men per hundred women in it
_PYRAMID = (8, 42, 62, 60, 52, 58, 70, 86, 72, 66, 78, 84, 74, 52, 50, 34, 24, 16, 12)
_MEN = (109, 110, 112, 113, 112, 106, 103, 101, 101, 101, 101, 100, 99, 98, 97, 95, 91, 84, 68)


@dataclass(frozen=True, eq=False)
class City:
    """A fictional city. `areas` and `population` have the columns of the frame files areas.csv and population.csv."""

    areas: pd.DataFrame
    population: pd.DataFrame
    counts: Counts  # people, neighbourhood × sex × band, in the order of `neighbourhoods`, SEXES, BANDS

    @cached_property
    def neighbourhoods(self) -> pd.DataFrame:
        """One row a neighbourhood: code, street, district."""
        rows = self.areas[self.areas["level"] == "community"].reset_index(drop=True)
        return pd.DataFrame(
            {"code": rows["code"], "street": rows["parent_code"], "district": rows["parent_code"].str[:6]}
        )

    @property
    def districts(self) -> tuple[str, ...]:
        """Codes of the districts, in the order of the frame."""
        return tuple(self.areas.loc[self.areas["level"] == "district", "code"])

    def people(self, age_groups: tuple[str, ...] = AGE_GROUPS) -> Shares:
        """People, neighbourhood × sex × age group such as "18-34" or "60+".

        A band that an age group cuts gives it the share of its single years; the city is built so that the
        18- and 19-year-olds among 15-19 come out whole.
        """
        return np.stack([self.counts @ _years_inside(group) for group in age_groups], axis=-1)


def demonstration_city(rng: np.random.Generator) -> City:
    """The fictional city: 6 districts, 40 streets, 240 neighbourhoods, nearly a million people."""
    areas = _areas(rng)
    counts = _counts(rng)
    return City(areas, _population(areas, counts), counts)


def age_range(label: str) -> tuple[int, float]:
    """First age and first age beyond of "0", "18-34" or "60+", in years."""
    if label.endswith("+"):
        return int(label[:-1]), np.inf
    low, _, high = label.partition("-")
    return int(low), int(high or low) + 1


def _years_inside(group: str) -> Shares:
    low, high = age_range(group)
    shares = []
    for band in BANDS:
        first, beyond = age_range(band)
        if np.isinf(beyond):
            shares.append(float(low <= first and np.isinf(high)))
        else:
            shares.append(max(0.0, min(high, beyond) - max(low, first)) / (beyond - first))
    return np.array(shares)


def _areas(rng: np.random.Generator) -> pd.DataFrame:
    names = _names(rng)
    upper = [(CITY_CODE, "", "city", "听澜市（虚构）", "Tinglan City (fictional)")]
    streets: list[tuple[str, str, str, str, str]] = []
    neighbourhoods: list[tuple[str, str, str, str, str]] = []
    for number, district in enumerate(_DISTRICTS, start=1):
        code = f"{CITY_CODE[:4]}{number:02}"
        upper.append((code, CITY_CODE, "district", district.name_zh, district.name_en))
        thirds = [*range(1, district.subdistricts + 1), *range(100, 100 + district.towns)]
        edges = np.linspace(0, district.neighbourhoods, len(thirds) + 1).round().astype(int)
        for third, size in zip(thirds, np.diff(edges), strict=True):
            town = third >= 100
            zh, en = next(names)
            kind = ("镇", "Town") if town else ("街道", "Subdistrict")
            street = f"{code}{third:03}"
            streets.append((street, code, "street", zh + kind[0], f"{en} {kind[1]}"))
            for last, name in _neighbourhood_names(rng, names, (zh, en), int(size), town):
                neighbourhoods.append((f"{street}{last:03}", street, "community", *name))
    columns = ["code", "parent_code", "level", "name_zh", "name_en"]
    return pd.DataFrame([*upper, *streets, *neighbourhoods], columns=columns, dtype=str)


def _neighbourhood_names(
    rng: np.random.Generator, names: Iterator[Name], street: Name, size: int, town: bool
) -> Iterator[tuple[int, Name]]:
    """Last group of the code and name of each neighbourhood: urban from 001; in towns half are villages, from 200."""
    urban = (size + 1) // 2 if town else size
    parts = iter(rng.permutation(len(_DERIVED)))
    for place in range(urban):
        zh, en = next(names)
        if place % 3 == 1:
            part_zh, part_en = _DERIVED[next(parts)]
            zh, en = street[0] + part_zh, f"{street[1]} {part_en}"
        yield place + 1, (zh + "社区", f"{en} Community")
    for place in range(size - urban):
        zh, en = next(names)
        yield place + 200, (zh + "村", f"{en} Village")


def _names(rng: np.random.Generator) -> Iterator[Name]:
    """Names in a random order, none twice in either language."""
    first = [word.split() for word in _FIRST.split(",")]
    second = [word.split() for word in _SECOND.split(",")]
    heard = {district.name_en.split()[0] for district in _DISTRICTS}
    for pick in rng.permutation(len(first) * len(second)):
        (one, sound), (two, ending) = first[pick // len(second)], second[pick % len(second)]
        english = (sound + ending).capitalize()
        if english not in heard:
            heard.add(english)
            yield one + two, english


def _counts(rng: np.random.Generator) -> Counts:
    """People by neighbourhood × sex × band; 15-19 in fives, so that 18 and 19 are two whole fifths of it."""
    pyramid, men = np.array(_PYRAMID) / 1000, np.array(_MEN) / (100 + np.array(_MEN))
    ages = np.array([age_range(band)[0] for band in BANDS])
    counts = []
    for district in _DISTRICTS:
        tilted = pyramid * np.exp(district.ageing * (ages - 40) / 60)
        shares = np.stack([tilted * men, tilted * (1 - men)]).ravel() / tilted.sum()
        sizes = district.mean_size * rng.lognormal(-0.06, 0.35, district.neighbourhoods)
        own = shares * rng.gamma(60, 1 / 60, (district.neighbourhoods, shares.size))  # no two are quite alike
        counts.append(rng.poisson(sizes[:, None] * own).reshape(-1, len(SEXES), len(BANDS)))
    people = np.concatenate(counts)
    young = BANDS.index("15-19")
    people[:, :, young] = 5 * np.round(people[:, :, young] / 5).astype(np.int64)
    return people


def _population(areas: pd.DataFrame, counts: Counts) -> pd.DataFrame:
    codes = areas.loc[areas["level"] == "community", "code"]
    rows: list[tuple[str, str, str, int, str]] = []
    for code, level in zip(areas["code"], areas["level"], strict=True):
        inside = codes.str.startswith(code) | (level == "city")
        people = counts[inside].sum(axis=0)
        source = SYNTHETIC if level == "community" else SOURCE
        rows.append((code, "", "", int(people.sum()), source))
        if level in ("city", "district"):
            for sex, in_sex in zip(SEXES, people, strict=True):
                rows.append((code, sex, "", int(in_sex.sum()), source))
            for band, in_band in zip(BANDS, people.T, strict=True):
                for sex, number in zip(SEXES, in_band, strict=True):
                    rows.append((code, sex, band, int(number), source))
    return pd.DataFrame(rows, columns=["area_code", "sex", "age_band", "population", "source"])
