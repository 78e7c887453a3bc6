"""Where the next interviews go: to the neighbourhoods where they most reduce the expected loss of misjudging them.

A neighbourhood is judged at risk or safe, whichever loses less on average: `missed` if it is at risk and was judged
safe, `false_alarm` if the other way round. What is expected to be lost after m further interviews follows from every
outcome they may have (`foresight`); the fall from what is lost now is their expected value (Raiffa & Schlaifer 1961;
the knowledge gradient of Frazier, Powell & Dayanik 2008, SIAM J. Control and Optimization 47:2410, is the case m = 1;
Chick & Inoue 2001, Operations Research 49:732, and Chen et al. 2000, Discrete Event Dynamic Systems 10:251, place
whole samples).

That value is not concave in m: one interview often cannot change a judgement, five can. A rule that takes the best
single interview at a time would never start. But the neighbourhoods' values add up, so the best split of n is found
exactly, by dynamic programming over them (Bellman 1957).

An interview answers for every indicator, so that their losses add up; posteriors are taken as independent of each
other. One phase of interviews is placed at once. Where a design effect is above 1, m
interviews say as much as m/deff independent ones; between two whole numbers the loss is interpolated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from analysis.design import Floats
from analysis.planning.foresight import Outcomes, Posteriors, outcomes
from analysis.planning.inputs import PlanError, above_zero
from analysis.planning.whole_numbers import Counts, whole_numbers

METHOD = "preposterior expected loss, split exactly by dynamic programming"
SOURCE = "Raiffa & Schlaifer 1961; Frazier, Powell & Dayanik 2008; Chick & Inoue 2001"
NOTHING = 1e-12  # of a loss: a gain that is only rounding
NEGLIGIBLE = 0.01  # of the greatest loss: a neighbourhood with less to lose is settled
REACHABLE = 0.10  # of the present loss: if even the most interviews save less, they are no remedy


@dataclass(frozen=True, slots=True)
class Losses:
    """What a missed neighbourhood at risk and a false alarm cost, in any unit. Raises PlanError."""

    missed: float = 0.7
    false_alarm: float = 0.3

    def __post_init__(self) -> None:
        above_zero("The loss of a missed neighbourhood", self.missed)
        above_zero("The loss of a false alarm", self.false_alarm)

    @property
    def cut(self) -> float:
        """The chance of being at risk above which judging it so loses less."""
        return self.false_alarm / (self.missed + self.false_alarm)

    def expected(self, risk: Floats, safe: Floats) -> Floats:
        """The loss of the better judgement; risk, safe: chances of either truth, of any shape."""
        lost: Floats = np.minimum(self.false_alarm * safe, self.missed * risk)
        return lost

    def flagged(self, risk: Floats, safe: Floats) -> npt.NDArray[np.bool_]:
        """Whether the better judgement is "at risk"."""
        return self.missed * risk > self.false_alarm * safe


@dataclass(frozen=True, slots=True)
class Area:
    """A neighbourhood, its people, and how many further interviews it may get. Raises PlanError."""

    name: str
    people: int
    most: int

    def __post_init__(self) -> None:
        above_zero(f"{self.name}: people", self.people)
        if not 0 <= self.most <= self.people:
            raise PlanError(f"{self.name}: most is {self.most}; it must be 0 to {self.people}, the people there.")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a neighbourhood gets interviews, or none.

    code: "may_change" (they may change a judgement, with the chance `changes`), "settled" (too little is lost to
    matter), "out_of_reach" (even the most interviews would hardly help) or "outbid" (they save more elsewhere).
    params: the numbers it rests on, by name; without interviews, `gain` is what the most would save.
    """

    code: str
    params: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """One neighbourhood: interviews, chance of being at risk now by indicator, expected loss now and after them, and
    what the proportional and the equal allocation would give.
    """

    name: str
    interviews: int
    at_risk: tuple[float, ...]
    before: float
    after: float
    proportional: int
    equal: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Placement:
    """n interviews placed: expected losses of all neighbourhoods before and after, and after as many interviews placed
    in proportion to people, or equally. unplaced: interviews that would save nothing anywhere.
    """

    n: int
    unplaced: int
    before: float
    after: float
    after_proportional: float
    after_equal: float
    areas: tuple[Placed, ...]
    losses: Losses
    deff: float
    method: str = METHOD
    source: str = SOURCE


def expected_losses(ahead: Outcomes, losses: Losses, most: int, deff: float = 1.0) -> Floats:
    """Expected loss after m = 0 … most further interviews, (areas, most + 1)."""
    whole = ahead.by_size(losses.expected(ahead.risk, ahead.safe))
    return _interpolated(whole, most, deff)


def changes(ahead: Outcomes, losses: Losses, most: int, deff: float = 1.0) -> Floats:
    """Chance that the judgement after m = 0 … most further interviews is not the present one, (areas, most + 1)."""
    flagged = losses.flagged(ahead.risk, ahead.safe)
    other = flagged != flagged[:, :1, :1]
    return _interpolated(ahead.by_size(np.where(other, ahead.risk + ahead.safe, 0.0)), most, deff)


def _interpolated(whole: Floats, most: int, deff: float) -> Floats:
    """Values at 0, 1, 2 … effective interviews, read off at 0, 1 … most interviews."""
    effective = np.arange(most + 1) / deff
    below = np.minimum(effective.astype(np.int64), whole.shape[1] - 1)
    above = np.minimum(below + 1, whole.shape[1] - 1)
    part = effective - below
    between: Floats = whole[:, below] * (1 - part) + whole[:, above] * part
    return between


def best_split(gains: Floats, n: int, most: Counts, batch: int = 1) -> Counts:
    """At most n interviews, none or `batch` to `most` in each area, with the greatest sum of gains, (areas,).

    gains: (areas, interviews), gains[:, 0] = 0. Interviews that add nothing are left over.
    """
    size = gains.shape[1]
    before = np.arange(n + 1)[None, :] - np.arange(size)[:, None]
    total = np.where(np.arange(n + 1) == 0, 0.0, -np.inf)
    taken = np.zeros((len(gains), n + 1), dtype=np.int64)
    for i, gain in enumerate(gains):
        m = np.arange(size)
        value = np.where((m == 0) | ((m >= batch) & (m <= most[i])), gain, -np.inf)
        reached = np.where(before >= 0, total[np.maximum(before, 0)], -np.inf) + value[:, None]
        taken[i] = reached.argmax(axis=0)
        total = reached.max(axis=0)
    used = int(np.flatnonzero(total >= total.max() - NOTHING)[0])
    found = np.zeros(len(gains), dtype=np.int64)
    for i in range(len(gains) - 1, -1, -1):
        found[i] = taken[i, used]
        used -= int(found[i])
    return found


def place(
    known: Sequence[Posteriors],
    areas: Sequence[Area],
    n: int,
    losses: Losses | None = None,
    *,
    deff: float = 1.0,
    batch: int = 1,
) -> Placement:
    """The next n interviews over the neighbourhoods, none or at least `batch` in each. known: the posteriors of each
    indicator, with a row for each of the areas. Raises PlanError.
    """
    losses = losses or Losses()
    most = _checked(known, areas, n, deff, batch)
    largest = int(most.max())
    ahead = [outcomes(each, ceil(largest / deff)) for each in known]
    after = np.sum([expected_losses(each, losses, largest, deff) for each in ahead], axis=0)
    interviews = best_split(after[:, :1] - after, n, most, batch)
    people = np.array([each.people for each in areas], dtype=np.float64)
    proportional = whole_numbers(people, n, most=most)
    equal = whole_numbers(np.ones(len(areas)), n, most=most)
    row = np.arange(len(areas))
    kept = np.prod([1 - changes(each, losses, largest, deff)[row, interviews] for each in ahead], axis=0)
    reasons = _reasons(after, interviews, most, 1 - kept, losses.missed * losses.cut * len(known))
    at_risk = zip(*(each.at_risk.tolist() for each in known), strict=True)
    columns = zip(areas, interviews, at_risk, after, proportional, equal, reasons, strict=True)
    placed = tuple(
        Placed(each.name, int(m), risks, float(lost[0]), float(lost[m]), int(in_proportion), int(alike), reason)
        for each, m, risks, lost, in_proportion, alike, reason in columns
    )
    return Placement(
        n=n,
        unplaced=n - int(interviews.sum()),
        before=float(after[:, 0].sum()),
        after=float(after[row, interviews].sum()),
        after_proportional=float(after[row, proportional].sum()),
        after_equal=float(after[row, equal].sum()),
        areas=placed,
        losses=losses,
        deff=deff,
    )


def _checked(known: Sequence[Posteriors], areas: Sequence[Area], n: int, deff: float, batch: int) -> Counts:
    """The most interviews of each area, (areas,)."""
    if not areas or not known:
        raise PlanError("There are no areas, or no indicators. Give the posteriors of at least one indicator.")
    rows = {len(each.rates) for each in known}
    if rows != {len(areas)}:
        raise PlanError(
            f"There are {len(areas)} areas and {max(rows)} posteriors. Give each area one of each indicator."
        )
    if above_zero("The design effect", deff) < 1:
        raise PlanError(f"The design effect is {deff:g}. Within a neighbourhood it is 1 or more.")
    most = np.array([each.most for each in areas], dtype=np.int64)
    if batch < 1:
        raise PlanError(f"batch is {batch}; it must be 1 or more.")
    if not 0 < n <= most.sum():
        raise PlanError(f"n is {n}; the areas take 1 to {most.sum()} further interviews. Lower n, or raise their most.")
    return most


def _reasons(after: Floats, interviews: Counts, most: Counts, changed: Floats, greatest: float) -> list[Reason]:
    found = []
    for lost, m, limit, chance in zip(after, interviews, most, changed, strict=True):
        now, gain = float(lost[0]), float(lost[0] - lost[m or limit])
        if m:
            params = (("changes", float(chance)), ("gain", gain), ("per_interview", gain / float(m)))
            found.append(Reason("may_change", params))
            continue
        settled, hopeless = now < NEGLIGIBLE * greatest, gain < REACHABLE * now
        code = "settled" if settled else "out_of_reach" if hopeless else "outbid"
        found.append(Reason(code, (("loss", now), ("gain", gain), ("most", float(limit)))))
    return found
