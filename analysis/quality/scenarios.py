"""Waves of which it is known who is honest: an honest city, and five kinds of dishonesty planted in it.

The honest city is not a uniform one. Districts, places and people differ in how content they are, a few places are hot
spots of contentment, volunteers move answers (intra-class correlation 0.03), hear don't know more or less often and
work faster or slower, some people give the same answer throughout (5 %) or hurry (2.5 %), and some scan a poster
together. Whatever a check makes of that is a false alarm.

How made-up interviews look follows what is known of them (Robbins 2018, in Johnson et al., Advances in Comparative
Survey Methods; Blasius & Thiessen 2012): copies with changes, answers without don't know, too fast, all positive.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from analysis.quality.answers import Codes, Floats, Item, Mask, Unit

_DK = "dont_know"
_FIVE = ("very_good", "good", "neutral", "poor", "very_poor")
_FOUR = ("daily", "weekly", "rarely", "never")
_THREE = ("yes", "partly", "no")
_SHARES = {5: (0.42, 0.36, 0.14, 0.06, 0.02), 4: (0.35, 0.30, 0.22, 0.13), 3: (0.50, 0.27, 0.23)}

# As long as the questionnaire of a mock evaluation: indicators, scales, a question that leads to another one.
ITEMS = (
    *(Item(f"known_{n}", _THREE, dont_know=_DK) for n in (1, 2)),
    *(Item(f"view_{n}", _FIVE, scale=True, dont_know=_DK) for n in range(1, 11)),
    *(Item(f"often_{n}", _FOUR, scale=True, dont_know=_DK) for n in (1, 2, 3)),
    *(Item(f"fact_{n}", _THREE, dont_know=_DK) for n in (1, 2, 3)),
    Item("visited", ("visited", "not_visited"), dont_know=_DK),
    Item("window", _FIVE, scale=True, dont_know=_DK),
)
_WINDOW, _VISITED = len(ITEMS) - 1, len(ITEMS) - 2
_SCALE = np.array([item.scale for item in ITEMS])
_SIZES = np.array([len(item.categories) for item in ITEMS])


class Kind(StrEnum):
    """What is planted."""

    HONEST = "honest"
    STUFFED = "stuffed"  # forms "all satisfied" at the open QR points of one district
    FABRICATED = "fabricated"  # three volunteers, three styles
    COACHED = "coached"  # after a day a neighbourhood says what it was told
    ONE_POINT = "one_point"  # forms "all satisfied" at one open QR point, over a whole day and at nobody's hurry


@dataclass(frozen=True, slots=True)
class Setting:
    """The size of a wave and of what is planted; shares of 1."""

    districts: int = 6
    places: int = 60  # neighbourhoods, each with one point
    volunteers: int = 40
    shifts: int = 6  # of a volunteer
    per_shift: int = 10
    scans: int = 1200
    days: int = 14
    stuffed: float = 0.05  # of all forms of the wave; at one point, of all its open answers
    coached: float = 0.8  # of the neighbourhood's people, after the day
    hot_spots: int = 3


@dataclass(frozen=True, eq=False)
class Scenario:
    """A wave as a frame, its items, the units that are guilty, and all that hold an interview that is not honest.

    A unit in neither is an honest one; one that is tainted without being guilty is neither hit nor false alarm.
    """

    kind: Kind
    frame: pd.DataFrame
    items: tuple[Item, ...]
    guilty: frozenset[tuple[Unit, str]]
    tainted: frozenset[tuple[Unit, str]]


@dataclass(frozen=True, eq=False)
class _World:
    """What holds for everybody: thresholds by item, and effects of places and volunteers."""

    setting: Setting
    edges: tuple[Floats, ...]  # by item, on the normal scale, from the best category
    pull: Floats  # by item: how far an answer follows how content a person is
    content: Floats  # by place
    unsure: Floats  # by place, on the logit scale
    voice: Floats  # volunteers × items
    unsure_volunteer: Floats
    pace: Floats  # by volunteer


@dataclass(frozen=True, eq=False)
class _Rows:
    """Interviews in the making. volunteer -1 = a scan; honest is False where the answers were made up or drilled."""

    place: Codes
    volunteer: Codes
    minute: Floats
    codes: Codes
    seconds: Floats
    honest: Mask


def scenario(kind: Kind, rng: np.random.Generator, setting: Setting = Setting()) -> Scenario:
    """One wave with what `kind` says planted in it."""
    world = _world(setting, rng)
    rows = _honest_rows(world, rng)
    rows, guilty = _PLANTED[kind](world, rows, rng)
    return _scenario(kind, world, rows, guilty)


def _world(setting: Setting, rng: np.random.Generator) -> _World:
    edges = []
    for size in _SIZES:
        base = _SHARES.get(int(size), (0.6, 0.4))
        shares = rng.dirichlet(40 * np.array(base))
        edges.append(ndtri(np.cumsum(shares)[:-1]))
    district = rng.normal(0, 0.15, setting.districts)[np.arange(setting.places) % setting.districts]
    content = district + rng.normal(0, 0.25, setting.places)
    content[rng.choice(setting.places, setting.hot_spots, replace=False)] += 0.8
    items = len(ITEMS)
    voice = rng.normal(0, 0.1, (setting.volunteers, 1)) + rng.normal(0, 0.14, (setting.volunteers, items))
    return _World(
        setting=setting,
        edges=tuple(edges),
        pull=np.where(_SCALE, rng.uniform(0.5, 0.75, items), rng.uniform(0.1, 0.4, items)),
        content=content,
        unsure=rng.normal(0, 0.25, setting.places),
        voice=voice,
        unsure_volunteer=rng.normal(0, 0.3, setting.volunteers),
        pace=rng.lognormal(0, 0.12, setting.volunteers),
    )


def _honest_rows(world: _World, rng: np.random.Generator) -> _Rows:
    place, volunteer, minute = _shifts(world.setting, rng)
    scan_place, scan_minute = _scans(world.setting, rng)
    place = np.concatenate([place, scan_place])
    volunteer = np.concatenate([volunteer, np.full(len(scan_place), -1)])
    codes = _answers(world, place, volunteer, rng)
    seconds = _seconds(world, codes, volunteer, rng)
    return _Rows(place, volunteer, np.concatenate([minute, scan_minute]), codes, seconds, np.ones(len(place), bool))


def _shifts(setting: Setting, rng: np.random.Generator) -> tuple[Codes, Codes, Floats]:
    """Place, volunteer and minute of the interviews: each place gets its shifts, whoever takes them."""
    shifts = setting.volunteers * setting.shifts
    place = rng.permutation(np.arange(shifts) % setting.places)
    volunteer = np.repeat(np.arange(setting.volunteers), setting.shifts)
    # No volunteer is in two places at once: the shifts of one are on half-days of their own.
    half_day = np.concatenate(
        [rng.choice(2 * setting.days, setting.shifts, replace=False) for _ in range(setting.volunteers)]
    )
    begin = half_day // 2 * 1440 + np.where(half_day % 2, 15.0, 8.5) * 60 + rng.uniform(0, 40, shifts)
    gaps = 4 + rng.gamma(2.0, 4.0, (shifts, setting.per_shift))
    minute = begin[:, None] + np.cumsum(gaps, axis=1)
    return np.repeat(place, setting.per_shift), np.repeat(volunteer, setting.per_shift), minute.ravel()


def _scans(setting: Setting, rng: np.random.Generator) -> tuple[Codes, Floats]:
    """Place and minute of those who scan a poster; one in ten comes with a companion."""
    pull = rng.gamma(8, 1 / 8, setting.places)
    alone = round(setting.scans / 1.1)
    place = rng.choice(setting.places, alone, p=pull / pull.sum())
    hour = np.where(rng.random(alone) < 0.4, rng.normal(12.5, 1.5, alone), rng.normal(19.5, 1.8, alone))
    minute = rng.integers(0, setting.days, alone) * 1440 + 60 * np.clip(hour, 6.5, 23.5)
    with_somebody = rng.choice(alone, setting.scans - alone, replace=False)
    together = minute[with_somebody] + rng.uniform(0.5, 4, len(with_somebody))
    return np.concatenate([place, place[with_somebody]]), np.concatenate([minute, together])


def _answers(world: _World, place: Codes, volunteer: Codes, rng: np.random.Generator) -> Codes:
    n, volunteered = len(place), volunteer >= 0
    content = world.content[place] + rng.normal(0, 1, n) + np.where(volunteered, 0.0, 0.15)
    pull = world.pull
    score = content[:, None] * pull + np.sqrt(1 - pull * pull) * rng.normal(size=(n, len(ITEMS)))
    score += np.where(volunteered[:, None], world.voice[volunteer], 0.0)
    codes = np.column_stack([np.searchsorted(edges, -score[:, at]) for at, edges in enumerate(world.edges)])
    same = rng.random(n) < 0.05
    step = np.clip(np.searchsorted(np.array([-0.2, 0.9, 1.7]), -content), 0, 3)
    codes[same[:, None] & _SCALE] = np.minimum(step[:, None], _SIZES - 1)[same[:, None] & _SCALE]
    unsure = logit(0.05) + rng.normal(0, 1, n) + world.unsure[place]
    unsure += np.where(volunteered, world.unsure_volunteer[volunteer], -0.2)
    open_to = (rng.random((n, len(ITEMS))) < expit(unsure)[:, None]) & ~(same[:, None] & _SCALE)
    codes = np.where(open_to, _SIZES, codes)
    return _routed(codes)


def _routed(codes: Codes) -> Codes:
    """The window is asked of those who visited."""
    codes[codes[:, _VISITED] != 0, _WINDOW] = -1
    return codes


def _seconds(world: _World, codes: Codes, volunteer: Codes, rng: np.random.Generator) -> Floats:
    n = len(codes)
    pace = rng.lognormal(0, 0.3, n) * np.where(rng.random(n) < 0.025, 0.3, 1.0)
    own = np.where(volunteer >= 0, world.pace[volunteer], 0.75)
    return np.asarray(np.round(8.0 * (codes >= 0).sum(axis=1) * pace * own))


def _as_told(n: int, deviating: float, rng: np.random.Generator) -> Codes:
    """Answers that are all the best, but for single ones that are the second best."""
    return _routed((rng.random((n, len(ITEMS))) < deviating).astype(np.int64))


Planted = tuple[_Rows, frozenset[tuple[Unit, str]]]


def _nothing(_world: _World, rows: _Rows, _rng: np.random.Generator) -> Planted:
    return rows, frozenset()


def _stuffing(world: _World, rows: _Rows, rng: np.random.Generator) -> Planted:
    """Forms are added at all points of one district, in one or two sittings at each, and quickly."""
    setting = world.setting
    district = int(rng.integers(setting.districts))
    places = np.arange(setting.places)[np.arange(setting.places) % setting.districts == district]
    n = round(setting.stuffed * len(rows.place))
    place = np.sort(rng.choice(places, n))
    sitting = (
        rng.uniform(0, setting.days, (setting.places, 2)) // 1 * 1440 + rng.uniform(9, 21, (setting.places, 2)) * 60
    )
    minute = sitting[place, rng.integers(0, 2, n)] + rng.uniform(0, 60, n)
    codes = _as_told(n, 0.05, rng)
    seconds = np.round(8.0 * (codes >= 0).sum(axis=1) * 0.75 * 0.45 * rng.lognormal(0, 0.25, n))
    added = _Rows(place, np.full(n, -1), minute, codes, seconds, np.zeros(n, bool))
    guilty = {(Unit.DISTRICT, _district(district))} | {(Unit.POINT, _point(at)) for at in np.unique(place)}
    return _joined(rows, added), frozenset(guilty)


def _one_point(world: _World, rows: _Rows, rng: np.random.Generator) -> Planted:
    """Forms are added at one point, spread over a day, each as long as people take, and every answer is the best."""
    setting = world.setting
    at = int(rng.integers(setting.places))
    n = round(setting.stuffed * setting.scans)
    minute = int(rng.integers(setting.days)) * 1440 + rng.uniform(8, 22, n) * 60
    codes = _as_told(n, 0.0, rng)
    added = _Rows(
        np.full(n, at), np.full(n, -1), minute, codes, _seconds(world, codes, np.full(n, -1), rng), np.zeros(n, bool)
    )
    return _joined(rows, added), frozenset({(Unit.POINT, _point(at))})


def _fabrication(world: _World, rows: _Rows, rng: np.random.Generator) -> Planted:
    """Three volunteers: copies with changes; invention from the usual shares, fast; all positive straight lines."""
    copies, invents, pleases = (int(each) for each in rng.choice(world.setting.volunteers, 3, replace=False))
    codes, seconds, minute = rows.codes.copy(), rows.seconds.copy(), rows.minute.copy()
    others = rows.volunteer >= 0
    own = np.flatnonzero(rows.volunteer == copies)
    usual = codes[others][rng.integers(0, others.sum(), (len(own), len(ITEMS))), np.arange(len(ITEMS))]
    kept = rng.random(usual.shape) < 0.85
    codes[own] = _routed(np.where(kept, codes[own[rng.integers(0, 6, len(own))]], usual))
    own = np.flatnonzero(rows.volunteer == invents)
    known = [column[(column >= 0) & (column < size)] for column, size in zip(codes[others].T, _SIZES, strict=True)]
    codes[own] = _routed(np.column_stack([rng.choice(column, len(own)) for column in known]))
    seconds[own] = np.round(0.45 * seconds[own])
    # They are filled in one after the other, as the forms lie there.
    shift = np.arange(len(own)) // world.setting.per_shift
    first = minute[own][shift * world.setting.per_shift]
    minute[own] = first + np.arange(len(own)) % world.setting.per_shift * 8 + rng.uniform(0, 1, len(own))
    own = np.flatnonzero(rows.volunteer == pleases)
    codes[own] = np.where(_SCALE, _as_told(len(own), 0.05, rng), codes[own])
    honest = ~np.isin(rows.volunteer, [copies, invents, pleases])
    guilty = frozenset((Unit.VOLUNTEER, _volunteer(each)) for each in (copies, invents, pleases))
    return _Rows(rows.place, rows.volunteer, minute, _routed(codes), seconds, honest), guilty


def _coaching(world: _World, rows: _Rows, rng: np.random.Generator) -> Planted:
    """From the middle of the wave on, most people of one neighbourhood give the answers that they were told."""
    setting = world.setting
    place = int(rng.integers(setting.places))
    drilled = (rows.place == place) & (rows.minute >= setting.days / 2 * 1440)
    drilled &= rng.random(len(drilled)) < setting.coached
    codes = rows.codes.copy()
    codes[drilled] = _as_told(int(drilled.sum()), 0.08, rng)
    guilty = frozenset({(Unit.NEIGHBOURHOOD, _place(place))})
    return _Rows(rows.place, rows.volunteer, rows.minute, codes, rows.seconds, ~drilled), guilty


_PLANTED: Mapping[Kind, Callable[[_World, _Rows, np.random.Generator], Planted]] = MappingProxyType(
    {
        Kind.HONEST: _nothing,
        Kind.STUFFED: _stuffing,
        Kind.FABRICATED: _fabrication,
        Kind.COACHED: _coaching,
        Kind.ONE_POINT: _one_point,
    }
)


def _joined(rows: _Rows, added: _Rows) -> _Rows:
    return _Rows(
        *(
            np.concatenate([one, other])
            for one, other in (
                (rows.place, added.place),
                (rows.volunteer, added.volunteer),
                (rows.minute, added.minute),
                (rows.codes, added.codes),
                (rows.seconds, added.seconds),
                (rows.honest, added.honest),
            )
        )
    )


def _district(at: int) -> str:
    return f"D{at + 1}"


def _place(at: int) -> str:
    return f"N{at + 1:02}"


def _point(at: int) -> str:
    return f"P{at + 1:02}"


def _volunteer(at: int) -> str:
    return f"V{at + 1:02}"


def _scenario(kind: Kind, world: _World, rows: _Rows, guilty: frozenset[tuple[Unit, str]]) -> Scenario:
    order = np.argsort(rows.minute, kind="stable")
    place, volunteer = rows.place[order], rows.volunteer[order]
    district = place % world.setting.districts
    frame = pd.DataFrame(
        {
            "id": [f"R{number:05}" for number in range(1, len(order) + 1)],
            "district": [_district(at) for at in district],
            "neighbourhood": [_place(at) for at in place],
            "point": [_point(at) for at in place],
            "volunteer": [_volunteer(at) if at >= 0 else None for at in volunteer],
            "mode": np.where(volunteer >= 0, "intercept", "open_qr"),
            "started": pd.Timestamp("2026-03-02") + pd.to_timedelta(np.round(rows.minute[order] * 60), unit="s"),
            "duration": rows.seconds[order],
        }
    )
    for at, item in enumerate(ITEMS):
        names = np.array([*item.every, None], dtype=object)
        frame[item.code] = names[rows.codes[order, at]]
    false = frame[~rows.honest[order]]
    kinds = {Unit.VOLUNTEER: "volunteer", Unit.NEIGHBOURHOOD: "neighbourhood", Unit.DISTRICT: "district"}
    tainted = {(unit, str(name)) for unit, column in kinds.items() for name in false[column].dropna().unique()}
    tainted |= {(Unit.POINT, str(name)) for name in false.loc[false["volunteer"].isna(), "point"].unique()}
    return Scenario(kind, frame, ITEMS, guilty, frozenset(tainted | guilty))
