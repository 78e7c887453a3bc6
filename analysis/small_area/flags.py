"""Who is at risk of missing the target, who is not, and what would settle the others. Rules are data.

An area's flag is read off P(rate < target): at risk at or above one bound, safe at or below another, uncertain between
them. Apart from that an area is `screened` if its chance reaches the cut at which judging it at risk loses less
(`planning.adaptive.Losses`; .3 where a miss costs 7 and a false alarm 3), and `sure` if it is on the sure list.

The sure list is the largest one on which the expected share of false alarms, the mean of 1 - P over the list, is at
most the level stated (Bayesian false discovery rate: Newton, Noueiry, Sarkar & Ahlquist 2004, Biostatistics 5:155;
Müller, Parmigiani & Rice 2007, Bayesian Statistics 8). It is as long as the chances of all areas together allow, so an
area on it may have a chance a little below that of an area at risk. The areas left out are expected to hold Σ P misses.

For an uncertain area: how many further interviews settle it, and in which cells (`planning.settle`). There its logit is
taken for normal, as wide as its interval and with exactly its chance of being below the target.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from scipy.special import logit, ndtri

from analysis.design import Floats
from analysis.planning.adaptive import Losses
from analysis.planning.foresight import Posteriors, logit_normal
from analysis.planning.settle import Bounds, Settling, to_settle, whom_to_ask
from analysis.risk import FlagKind, Reason
from analysis.small_area.areas import AreaError, Source
from analysis.small_area.estimate import SmallAreaEstimates

METHOD = "posterior chance against bounds, Bayesian false discovery rate"
CERTAIN = 1e-9  # a chance nearer to 0 or 1 is taken for so near
NARROWEST = 1e-4  # of an interval on the logit scale, where rounding leaves none

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class FlagRules:
    """At risk: P(rate < target) >= at_risk; safe: <= safe. fdr: expected share of false alarms on the sure list.

    chance, most: of settling an uncertain area, and within how many interviews. Raises AreaError.
    """

    at_risk: float = 0.8
    safe: float = 0.1
    fdr: float = 0.1
    losses: Losses = field(default_factory=Losses)
    chance: float = 0.5
    most: int = 100

    def __post_init__(self) -> None:
        for name in ("at_risk", "safe", "chance", "fdr"):
            value = getattr(self, name)
            if not 0 < value < 1:
                raise AreaError(f"{name}: {value} is not between 0 and 1. Give a share, not per cent.")
        if not self.safe < self.at_risk:
            raise AreaError(
                f"safe: {self.safe} is not below at_risk, {self.at_risk}. Between them is what is uncertain."
            )
        if self.most < 1:
            raise AreaError(f"most: {self.most} further interviews settle nothing. Give 1 or more.")

    @property
    def screen(self) -> float:
        """The chance from which judging an area at risk loses less than judging it safe."""
        return self.losses.cut

    def kind(self, below: float) -> FlagKind:
        """What a chance of being below the target says."""
        if below >= self.at_risk:
            return FlagKind.AT_RISK
        return FlagKind.SAFE if below <= self.safe else FlagKind.UNCERTAIN


@dataclass(frozen=True, slots=True)
class Cells:
    """Interviews so far and people of an area by cell, such as sex and age."""

    interviewed: Mapping[str, int]
    people: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AreaFlag:
    """One area against the target. share, n: of its own answers, n effective; nan and 0 where nobody was asked.

    reason: "likely_below", "likely_at_target", "to_be_settled" or "near_target" (no number of interviews within `most`
    is likely to settle it), with the numbers it rests on. interviews: further ones that settle it with the chance
    `settled`; 0 = it is settled; None = out of reach. cells: these interviews by cell, empty where cells are not known.
    """

    name: str
    source: Source
    share: float
    n: float
    mean: float
    lower: float
    upper: float
    below: float
    kind: FlagKind
    screened: bool
    sure: bool
    reason: Reason
    interviews: int | None
    settled: float
    cells: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SureList(Generic[Entry]):
    """The largest list with an expected share of false alarms of at most `fdr`, the surest first.

    below: P(rate < target) of each entry. false_alarms, missed: numbers expected on the list, and at risk off it.
    """

    fdr: float
    entries: tuple[Entry, ...]
    below: tuple[float, ...]
    false_alarms: float
    missed: float
    of: int  # how many were considered

    @property
    def share(self) -> float:
        """The expected share of false alarms; 0 of an empty list."""
        return self.false_alarms / len(self.entries) if self.entries else 0.0


@dataclass(frozen=True, slots=True)
class Flags:
    """Every area's flag, in the order of the estimates, and the sure list."""

    target: float
    level: float
    rules: FlagRules
    areas: tuple[AreaFlag, ...]
    sure: SureList[str]
    at_risk: float  # how many areas are expected to be below the target
    model: str
    method: str = METHOD


def flags(
    estimates: SmallAreaEstimates,
    rules: FlagRules | None = None,
    *,
    deff: float = 1.0,
    cells: Mapping[str, Cells] | None = None,
) -> Flags:
    """The flag of every area. deff: design effect of further interviews within an area; cells: by area, if known.

    Raises AreaError for cells of an area that the estimates do not have.
    """
    rules = rules or FlagRules()
    strange = sorted(set(cells or {}) - set(estimates.names))
    if strange:
        raise AreaError(f"cells: {', '.join(strange[:5])} is no area of the estimates. Leave its cells out.")
    sure = sure_list(estimates, rules.fdr)
    settling = _settling(estimates, rules, deff)
    data = estimates.posterior.data
    n = data.n[np.argsort(data.order)]
    share = np.divide(data.yes[np.argsort(data.order)], n, out=np.full(len(n), np.nan), where=n > 0)
    listed = set(sure.entries)
    found = []
    for i, (name, below) in enumerate(zip(estimates.names, estimates.below.tolist(), strict=True)):
        kind = rules.kind(below)
        needs = settling.get(i)
        more, chance = (needs.interviews, needs.chance) if needs else (0, 1.0)
        own = (cells or {}).get(name)
        asked = whom_to_ask(own.interviewed, own.people, more) if own and more else {}
        found.append(
            AreaFlag(
                name=name,
                source=estimates.sources[i],
                share=float(share[i]),
                n=float(n[i]),
                mean=float(estimates.mean[i]),
                lower=float(estimates.lower[i]),
                upper=float(estimates.upper[i]),
                below=below,
                kind=kind,
                screened=below >= rules.screen,
                sure=name in listed,
                reason=_reason(kind, below, estimates.target, rules, more, chance),
                interviews=more,
                settled=chance,
                cells=tuple(asked.items()),
            )
        )
    expected = float(estimates.below.sum())
    return Flags(estimates.target, estimates.level, rules, tuple(found), sure, expected, estimates.method)


def sure_list(estimates: SmallAreaEstimates, fdr: float = 0.1) -> SureList[str]:
    """The largest list of areas with an expected share of false alarms of at most `fdr`. Raises AreaError."""
    return surest(estimates.names, estimates.below, fdr)


def joint_sure_list(estimates: Mapping[str, SmallAreaEstimates], fdr: float = 0.1) -> SureList[tuple[str, str]]:
    """One list of (indicator, area) over several indicators, each held against its own target. Raises AreaError."""
    if not estimates:
        raise AreaError("There is no indicator. Give the estimates of at least one.")
    entries = [(indicator, name) for indicator, each in estimates.items() for name in each.names]
    return surest(entries, np.concatenate([each.below for each in estimates.values()]), fdr)


def surest(entries: Sequence[Entry], below: Floats, fdr: float) -> SureList[Entry]:
    """The same from any entries and their chances (entries,), as other models give them. Raises AreaError."""
    if not 0 < fdr < 1:
        raise AreaError(f"fdr: {fdr} is not between 0 and 1. Give a share, not per cent.")
    order = np.argsort(-below, kind="stable")
    # The mean of rising numbers rises, so the lists that keep the level are the first ones.
    share = np.cumsum(1 - below[order]) / np.arange(1, len(order) + 1)
    kept, rest = np.split(order, [int((share <= fdr).sum())])
    return SureList(
        fdr=fdr,
        entries=tuple(entries[i] for i in kept.tolist()),
        below=tuple(below[kept].tolist()),
        false_alarms=float((1 - below[kept]).sum()),
        missed=float(below[rest].sum()),
        of=len(order),
    )


def posteriors(estimates: SmallAreaEstimates) -> Posteriors:
    """What the planning of further interviews needs: each logit normal, as wide as its interval, its chance kept."""
    ends = [logit(np.clip(each, CERTAIN, 1 - CERTAIN)) for each in (estimates.lower, estimates.upper)]
    sd = np.maximum(ends[1] - ends[0], NARROWEST) / (2 * ndtri((1 + estimates.level) / 2))
    below = np.clip(estimates.below, CERTAIN, 1 - CERTAIN)
    return logit_normal(logit(estimates.target) - sd * ndtri(below), sd, estimates.target)


def _settling(estimates: SmallAreaEstimates, rules: FlagRules, deff: float) -> dict[int, Settling]:
    """What each uncertain area needs, by its place."""
    open_ = np.flatnonzero((estimates.below > rules.safe) & (estimates.below < rules.at_risk))
    known = posteriors(estimates)
    some = Posteriors(known.rates[open_], known.weights[open_], known.target)
    bounds = Bounds(rules.safe, rules.at_risk, rules.chance)
    return dict(zip(open_.tolist(), to_settle(some, bounds, deff=deff, most=rules.most), strict=True))


def _reason(kind: FlagKind, below: float, target: float, rules: FlagRules, more: int | None, chance: float) -> Reason:
    numbers = [("below", below), ("target", target)]
    match kind:
        case FlagKind.AT_RISK:
            return Reason("likely_below", (*numbers, ("bound", rules.at_risk)))
        case FlagKind.SAFE:
            return Reason("likely_at_target", (*numbers, ("bound", rules.safe)))
    if more is None:
        return Reason("near_target", (*numbers, ("chance", chance), ("most", float(rules.most))))
    return Reason("to_be_settled", (*numbers, ("chance", chance), ("interviews", float(more))))
