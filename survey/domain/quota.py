"""Which quota cells a wave has and how many interviews each is to get.

A cell is mode × district × one category of every strata question. A mode's sample is shared out over districts by its
allocation rule, by the people of the target population, and within a district over sex × age as the frame has them.
Strata questions the census knows nothing of are split equally, or by the shares the plan gives.

Letters have no cells: their number bounds their answers, and whoever was drawn is heard, of whatever kind they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import product

from survey.domain.allocation import Allocation, allocate
from survey.domain.frame import Frame
from survey.domain.margins import AGE, CENSUS_DIMENSIONS, SEX, eligible_codes, people_by_cell
from survey.domain.problems import Invalid, Problem
from survey.domain.questionnaire import Questionnaire
from survey.domain.wave import Mode, SamplePlan, WavePlan, Within

# How long a slot is held for somebody who was let in. The form takes about three minutes, with old eyes and
# a visitor at the door a quarter of an hour. Who was away for longer still counts if nobody has needed the slot.
HOLD = timedelta(minutes=20)
# How long after the page was opened a slot is held or renewed: more than the slowest need, too little to keep it from
# others for days.
HOLD_UNTIL = timedelta(hours=1)

_Values = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CellKey:
    """One cell; `values` are (dimension, category code) in the order of the questionnaire's strata questions."""

    mode: str
    district: str
    values: _Values


@dataclass(frozen=True, slots=True)
class CellTarget:
    """How many interviews a cell is to get, never more. A target of zero is a cell that is full from the start."""

    key: CellKey
    target: int


def quota_cells(plan: WavePlan, questionnaire: Questionnaire, frame: Frame) -> tuple[CellTarget, ...]:
    """Every cell of the plan, by sample, district and category; the targets of a mode add up to its n (letters: none).

    Invalid (fields samples[…] or within) if the frame lacks a figure or the rule cannot be applied.
    """
    weights = _weights(plan, questionnaire, frame)
    cells = []
    for sample in plan.samples:
        per_district = district_sizes(plan, sample, questionnaire, frame)
        if sample.mode is Mode.SAMPLED:
            continue
        for district, n in per_district.items():
            for values, target in allocate(n, weights[district], Allocation.PROPORTIONAL).items():
                cells.append(CellTarget(CellKey(sample.mode, district, values), target))
    return tuple(cells)


def district_sizes(plan: WavePlan, sample: SamplePlan, questionnaire: Questionnaire, frame: Frame) -> dict[str, int]:
    """Interviews of one sample in each district of the plan. Invalid (field samples[…]) if its rule cannot be applied.

    The sizes are the eligible people; under `within: equal`, where the frame may know no ages, all people.
    """
    entry = f"samples[{plan.samples.index(sample) + 1}]"
    sizes: Mapping[str, int | Fraction]
    if sample.allocation in (Allocation.EQUAL, Allocation.FIXED):
        sizes = dict.fromkeys(plan.districts, 1)
    elif plan.within is Within.EQUAL:
        sizes = _all_people(plan, entry, frame)
    else:
        people, _ = people_by_cell(frame, plan.districts, questionnaire)
        sizes = {
            district: sum((count for key, count in people.items() if key[0] == district), Fraction(0))
            for district in plan.districts
        }
    try:
        return allocate(sample.n, sizes, sample.allocation, power=sample.power, fixed=sample.fixed)
    except Invalid as refused:
        named = {"n": f"{entry}.n", "power": f"{entry}.power", "fixed": f"{entry}.fixed"}
        raise Invalid(
            Problem(problem.code, named.get(problem.field, f"{entry}.allocation"), problem.params)
            for problem in refused.problems
        ) from None


def _all_people(plan: WavePlan, entry: str, frame: Frame) -> dict[str, int]:
    people = {district: frame.population_of(district) for district in plan.districts}
    missing = [
        Problem("quota_no_population", f"{entry}.allocation", (("district", frame.areas[code].name_zh), ("code", code)))
        for code, count in people.items()
        if count is None
    ]
    if missing:
        raise Invalid(missing)
    return {code: count for code, count in people.items() if count is not None}


def _weights(plan: WavePlan, questionnaire: Questionnaire, frame: Frame) -> dict[str, dict[_Values, Fraction]]:
    """Per district the relative size of each combination of categories."""
    codes = eligible_codes(questionnaire)
    empty = [dimension for dimension, eligible in codes.items() if not eligible]
    if empty:
        raise Invalid(Problem("quota_no_category", "within", (("dimension", one),)) for one in empty)
    combinations = [tuple(zip(codes, chosen, strict=True)) for chosen in product(*codes.values())]
    shares = {
        dimension: plan.shares.get(dimension, dict.fromkeys(eligible, Fraction(1)))
        for dimension, eligible in codes.items()
        if dimension not in CENSUS_DIMENSIONS
    }
    people: dict[tuple[str, str | None, str | None], Fraction] = {}
    if plan.within is Within.POPULATION:
        people, _ = people_by_cell(frame, plan.districts, questionnaire)
    weights: dict[str, dict[_Values, Fraction]] = {}
    for district in plan.districts:
        weights[district] = {}
        for values in combinations:
            chosen = dict(values)
            weight = people.get((district, chosen.get(SEX), chosen.get(AGE)), Fraction(1))
            for dimension, share in shares.items():
                weight *= share[chosen[dimension]]
            weights[district][values] = weight
        if not any(weights[district].values()):
            params = (("district", frame.areas[district].name_zh), ("code", district))
            raise Invalid([Problem("quota_no_people", "within", params)])
    return weights


def cell_of(questionnaire: Questionnaire, mode: str, district: str, answers: Mapping[str, object]) -> CellKey | None:
    """The cell that a person's answers fall in; None if a strata answer is missing, marked or not eligible."""
    codes = eligible_codes(questionnaire)
    values = []
    for stratum in questionnaire.strata:
        answer = answers.get(stratum.item)
        if not isinstance(answer, str) or answer not in codes[stratum.dimension]:
            return None
        values.append((stratum.dimension, answer))
    return CellKey(mode, district, tuple(values))
