"""What a wave says about every neighbourhood: models that lend each the strength of the others.

The models start from the rates of one mode (share and effective n); the wave before enters as a covariate. A
neighbourhood with fewer than `MIN_ANSWERS` enters as if nobody had been asked, so that nothing about so few people can
be read off its numbers; it gets a prediction, as those without interviews do.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
import pandas as pd
from scipy.special import logit

from analysis.columns import AGE_BAND, MODE, NEIGHBOURHOOD, POPULATION, SEX, Indicator
from analysis.design import Floats
from analysis.planning.adaptive import Area as PlannedArea
from analysis.planning.adaptive import Placement, place
from analysis.rates import CITY, WaveRates
from analysis.small_area.areas import Areas, read_areas
from analysis.small_area.change import Changes, Regression, changes, regression
from analysis.small_area.draws import draw
from analysis.small_area.estimate import SmallAreaEstimates, estimate
from analysis.small_area.flags import Cells, Flags, flags, posteriors
from analysis.small_area.forecast import Evaluation, Forecast, Lifts, forecast, lifts
from analysis.small_area.over_time import estimate_waves
from analysis.small_area.ranks import Ranks, ranks
from survey.db import Database
from survey.domain.fieldwork import Wave
from survey.domain.frame import Frame
from survey.services.catalogue import Catalogue
from survey.services.wave_frame import WaveFrame, worked_out

MIN_ANSWERS = 5
MOST_MORE = 60  # further interviews that a neighbourhood can be asked for in one go
BATCH = 5  # nobody is sent out for fewer
DRAWS = 2000
SEED = 20261126  # the same answers give the same page
LAST_WAVE = "last_wave"
POINTS_BEFORE = 64  # of the wave before's model: what becomes a covariate needs no last digit


@dataclass(frozen=True, slots=True)
class Places:
    """The neighbourhoods of a wave in the order of their codes, their districts and their people."""

    codes: tuple[str, ...]
    districts: Mapping[str, str]
    people: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """One indicator: what went into the model, what came out, the flags, and the design effect of the city.

    also: what else it depends on, as `wave_frame.worked_out` takes it.
    """

    indicator: Indicator
    mode: str
    places: Places
    areas: Areas
    estimates: SmallAreaEstimates
    flags: Flags
    deff: float
    also: Hashable = ()


@dataclass(frozen=True, eq=False)
class Outlooks:
    """What takes longer to work out: places, what an evaluation would find, and the change since earlier waves.

    changes, regression: None without an earlier wave that can be compared.
    """

    ranks: Ranks
    forecast: Forecast
    lifts: Lifts
    changes: Changes | None
    regression: Regression | None


def places_of(catalogue: Catalogue, wave: Wave) -> Places:
    """The neighbourhoods in the wave's districts."""
    frame, ground = catalogue.frame(wave.frame_id), catalogue.ground(wave.id)
    districts = {code: home for code, home in sorted(ground.homes.items()) if home in ground.plan.districts}
    return Places(tuple(districts), districts, {code: _people(frame, code) for code in districts})


def _people(frame: Frame, code: str) -> float:
    """Of a neighbourhood; where they are not published, an equal share of the nearest area above that has a figure."""
    known, share = frame.population_of(code), 1.0
    while known is None:
        parent = frame.areas[code].parent_code
        if parent is None:
            return share
        share /= len(frame.children(parent))
        code, known = parent, frame.population_of(parent)
    return max(known * share, 1.0)


def model_neighbourhoods(
    db: Database,
    catalogue: Catalogue,
    wave: Wave,
    mode: str,
    rates: WaveRates,
    previous: WaveRates | None,
    also: Hashable = (),
) -> Mapping[str, Neighbourhoods]:
    """Every indicator by neighbourhood, but those whose target is everybody, above which nothing can lie, and those of
    which no neighbourhood has enough answers: then the model's opinion would be its priors'.

    previous: the rates of the wave before, where it can be compared; also: names what those rest on.
    """
    places = places_of(catalogue, wave)

    def model(frame: WaveFrame) -> dict[str, Neighbourhoods]:
        cells = _cells(frame, places, mode)
        judged = [each for each in frame.indicators if 0 < each.target < 1]
        found = {each.code: _modelled(each, places, mode, rates, previous, cells) for each in judged}
        return {code: replace(each, also=also) for code, each in found.items() if each is not None}

    return worked_out(db, catalogue, wave, f"neighbourhoods by {mode}", model, also) if places.codes else {}


def _modelled(
    indicator: Indicator,
    places: Places,
    mode: str,
    rates: WaveRates,
    previous: WaveRates | None,
    cells: Mapping[str, Cells],
) -> Neighbourhoods | None:
    table = _table(rates, indicator.code, mode, places)
    if not (table["n"] > 0).any():
        return None
    before = _before(previous, indicator, mode, places)
    areas = read_areas(table) if before is None else read_areas(table.assign(**{LAST_WAVE: before}), [LAST_WAVE])
    estimates = estimate(areas, indicator.target)
    city = rates.get(indicator.code, mode, CITY, CITY)
    deff = max(1.0, city.deff) if city is not None and isfinite(city.deff) else 1.0
    return Neighbourhoods(indicator, mode, places, areas, estimates, flags(estimates, deff=deff, cells=cells), deff)


def _table(rates: WaveRates, indicator: str, mode: str, places: Places) -> pd.DataFrame:
    """One line a neighbourhood: share, n and effective n; nobody was asked where too few were."""
    known = {
        rate.domain: rate.estimate
        for rate in rates
        if (rate.indicator, rate.mode, rate.domain_kind) == (indicator, mode, NEIGHBOURHOOD)
    }
    lines = []
    for code in places.codes:
        own = known.get(code)
        asked = own is not None and own.n >= MIN_ANSWERS and own.n_effective > 0
        values = (own.n, own.value, own.n_effective) if own is not None and asked else (0, 0.0, 0.0)
        lines.append((code, places.districts[code], *values))
    return pd.DataFrame(lines, columns=["area", "district", "n", "share", "n_effective"])


def _before(previous: WaveRates | None, indicator: Indicator, mode: str, places: Places) -> Floats | None:
    """The logit of what the wave before says of each neighbourhood, by the model; None where it tells none apart."""
    if previous is None:
        return None
    areas = read_areas(_table(previous, indicator.code, mode, places))
    found: Floats = logit(estimate(areas, indicator.target, points=POINTS_BEFORE).mean)
    return found if areas.sampled.any() and np.ptp(found) > 1e-9 else None


def _cells(frame: WaveFrame, places: Places, mode: str) -> dict[str, Cells]:
    """Interviews and people by sex × age. People: the neighbourhood's, in the proportions of its district."""
    if frame.population is None:
        return {}
    held = [name for name in (SEX, AGE_BAND) if frame.population[name].notna().all()]
    if not held:
        return {}
    rows = frame.rows[frame.rows[MODE] == mode]
    rows = rows[rows[held].notna().all(axis=1)]
    asked = rows.groupby([NEIGHBOURHOOD, *held]).size().to_dict()
    district: dict[str, dict[tuple[str, ...], float]] = {}
    for line in frame.population.itertuples(index=False):
        cell = tuple(str(getattr(line, name)) for name in held)
        district.setdefault(str(line.district), {})[cell] = float(getattr(line, POPULATION))
    found = {}
    for code in places.codes:
        shares = district.get(places.districts[code], {})
        whole = sum(shares.values())
        if whole > 0:
            people = {_cell_name(cell): round(places.people[code] * size / whole) for cell, size in shares.items()}
            interviewed = {_cell_name(cell): int(asked.get((code, *cell), 0)) for cell in shares}
            told = sum(interviewed.values()) >= MIN_ANSWERS
            found[code] = Cells(interviewed if told else dict.fromkeys(interviewed, 0), people)
    return found


CELL = " × "


def _cell_name(cell: Sequence[str]) -> str:
    return CELL.join(cell)


def outlooks(
    db: Database,
    catalogue: Catalogue,
    wave: Wave,
    found: Neighbourhoods,
    earlier: Sequence[WaveRates],
    evaluation: Evaluation,
) -> Outlooks:
    """One indicator's places, forecast and changes. earlier: comparable waves, the latest last; at most two of them."""
    people = np.array([found.places.people[code] for code in found.places.codes])
    target = found.indicator.target

    def work(_frame: WaveFrame) -> Outlooks:
        rng = np.random.default_rng(SEED)
        drawn = draw(found.estimates, DRAWS, rng)
        changed = moved = None
        if earlier:
            before = [
                read_areas(_table(rates, found.indicator.code, found.mode, found.places)) for rates in earlier[-2:]
            ]
            now = read_areas(_table_of(found.areas))
            changed = changes(estimate_waves([*before, now], target, rng, size=DRAWS))
            first = estimate(before[-1], target)
            flagged = [area.name for area in flags(first).areas if area.screened]
            moved = regression(before[-1], draw(first, DRAWS, rng), now, flagged, rng)
        return Outlooks(
            ranks=ranks(found.estimates, drawn, rng),
            forecast=forecast(found.areas, drawn, people, target, evaluation),
            lifts=lifts(found.areas, drawn, people, target, evaluation, rng),
            changes=changed,
            regression=moved,
        )

    what = f"outlooks of {found.indicator.code} by {found.mode} for {evaluation.n} at {evaluation.deff:g}"
    return worked_out(db, catalogue, wave, what, work, found.also)


def _table_of(areas: Areas) -> pd.DataFrame:
    """The areas again, without covariates: waves estimated together need none."""
    return pd.DataFrame(
        {
            "area": areas.names,
            "district": [areas.districts[code] for code in areas.district.tolist()],
            "n": areas.n,
            "yes": areas.yes,
        }
    )


def place_next(found: Mapping[str, Neighbourhoods], n: int) -> Placement:
    """The next n interviews, where they most reduce what misjudged neighbourhoods cost, over all indicators."""
    any_of = next(iter(found.values()))
    areas = [
        PlannedArea(code, people, min(MOST_MORE, people))
        for code, people in ((code, max(1, round(size))) for code, size in any_of.places.people.items())
    ]
    known = [posteriors(each.estimates) for each in found.values()]
    deff = float(np.mean([each.deff for each in found.values()]))
    room = sum(area.most for area in areas)
    return place(known, areas, min(n, room), deff=deff, batch=BATCH)
