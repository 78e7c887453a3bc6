"""The report of a wave as one frozen value: rates, changes, flags, responses, methods, versions. Pages only render it.

Numbers that may not be published (`disclosure`) are in the value but never leave it: `to_json` writes that they are
withheld and why, and nothing else about them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from analysis.columns import Indicator
from analysis.disclosure import COMPLEMENTARY, Place, place, withheld
from analysis.estimate import Estimate
from analysis.publication import PublicationRule
from analysis.rates import Change, Rate, RateRules, WaveRates, beside
from analysis.risk import WITHHELD, Flag, flag
from analysis.risk import gravity as order
from analysis.weights import Merge

FORMAT = 2  # of the JSON; rises when a reader would have to change


@dataclass(frozen=True, slots=True)
class Judged:
    """A rate, its target, what the interval says about it, and the same rate of the wave before.

    withheld: why the numbers may not be shown, "too_few" or "complementary" (`disclosure`); None where they may.
    """

    rate: Rate
    target: float
    flag: Flag
    withheld: str | None
    change: Change | None

    @property
    def published(self) -> bool:
        """May the numbers be shown?"""
        return self.withheld is None


@dataclass(frozen=True, slots=True)
class WaveReport:
    """Everything a report of a wave says."""

    wave: str
    previous_wave: str | None
    data_until: datetime
    code_version: str
    indicators: tuple[Indicator, ...]
    rates: tuple[Judged, ...]
    responses: Mapping[str, Mapping[str, int]]  # mode -> disposition -> how many
    merges: Mapping[str, tuple[Merge, ...]]  # mode -> what the weights had to merge
    weighted_by: tuple[str, ...]  # the columns of the post-strata; empty = unweighted
    rules: RateRules
    publication: PublicationRule
    model: str | None = None  # what the flags of small areas rest on; None: on the interval, like all others

    @property
    def methods(self) -> dict[str, str | float | int]:
        """The choices behind the numbers, by name."""
        rules = {f"rates.{key}": value for key, value in asdict(self.rules).items()}
        publication = {f"publication.{key}": value for key, value in asdict(self.publication).items()}
        return {
            "variance": "linearisation, units within districts, residuals from the post-strata",
            "weights": f"post-stratified to {' by '.join(self.weighted_by)}" if self.weighted_by else "none",
            "flags": self.model or "interval beside the target",
            **rules,
            **publication,
        }

    def to_json(self) -> str:
        """The report as JSON: keys in a fixed order, null for what cannot be said, withheld numbers left out."""
        return json.dumps(self._document(), ensure_ascii=False, allow_nan=False)

    def _document(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "wave": self.wave,
            "previous_wave": self.previous_wave,
            "data_until": self.data_until.isoformat(),
            "code_version": self.code_version,
            "methods": self.methods,
            "indicators": [
                {"code": each.code, "target": each.target, "title": dict(each.title)} for each in self.indicators
            ],
            "responses": {mode: dict(counts) for mode, counts in self.responses.items()},
            "merges": {mode: [asdict(merge) for merge in merges] for mode, merges in self.merges.items()},
            "rates": [_judged(each) for each in self.rates],
        }


def gravity(judged: Judged, name: str = "") -> tuple[int, float, str]:
    """A sort key, the gravest first (`risk.gravity`). name: what the reader sees; without one, the domain's code.

    Self-selected answers are not held to a target: they come in order of name.
    """
    name = name or judged.rate.domain
    if judged.rate.estimate.basis == "modelled":
        return (0, 0.0, name)
    return order(judged.flag.kind, judged.rate.estimate.upper, name)


def wave_report(
    rates: WaveRates,
    indicators: Sequence[Indicator],
    *,
    wave: str,
    data_until: datetime,
    code_version: str,
    responses: Mapping[str, Mapping[str, int]],
    previous: WaveRates | None = None,
    previous_wave: str | None = None,
    parents: Mapping[str, str] | None = None,
    rules: RateRules | None = None,
    publication: PublicationRule | None = None,
    modelled: Mapping[Place, Flag] | None = None,
    model: str | None = None,
) -> WaveReport:
    """Flag every rate, withhold what others would give away, and set each beside the wave before.

    parents: area code -> code of the area around it. rules: those that the rates were made with. modelled: flags from a
    model of small areas, by `disclosure.place`, that stand in place of those from the interval; model: what they are.
    """
    publication = publication or PublicationRule()
    targets = {each.code: each.target for each in indicators}
    hidden = withheld(rates, parents or {}, publication)
    hidden_before = withheld(previous or (), parents or {}, publication)
    changes = beside(rates, previous) if previous is not None else (None,) * len(rates)
    judged = []
    for rate, change in zip(rates, changes, strict=True):
        reason = hidden.get(place(rate))
        found = (modelled or {}).get(place(rate))
        if found is None:
            found = WITHHELD if reason == COMPLEMENTARY else flag(rate.estimate, targets[rate.indicator], publication)
        # A change beside a number gives the other one away.
        known = change is not None and change.before is not None and place(rate) not in hidden_before
        shown = change if known and reason is None else None
        judged.append(Judged(rate, targets[rate.indicator], found, reason, shown))
    return WaveReport(
        wave=wave,
        previous_wave=previous_wave,
        data_until=data_until,
        code_version=code_version,
        indicators=tuple(indicators),
        rates=tuple(judged),
        responses=responses,
        merges=rates.merges,
        weighted_by=rates.weighted_by,
        rules=rules or RateRules(),
        publication=publication,
        model=model,
    )


def _judged(each: Judged) -> dict[str, Any]:
    rate = each.rate
    domain = {
        "indicator": rate.indicator,
        "mode": rate.mode,
        "domain_kind": rate.domain_kind,
        "domain": rate.domain,
        "target": each.target,
        "withheld": each.withheld,
    }
    if not each.published:
        return domain | {"flag": each.flag.kind.value}
    params = {name: _number(value) for name, value in each.flag.reason.params}
    return domain | {
        "estimate": _estimate(rate.estimate),
        "left_out": asdict(rate.left_out) if rate.left_out is not None else None,
        "flag": each.flag.kind.value,
        "reason": {"code": each.flag.reason.code, "params": params},
        "needed_n": each.flag.needed_n,
        "change": _change(each.change),
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {key: _number(value) for key, value in asdict(estimate).items()}


def _change(change: Change | None) -> dict[str, Any] | None:
    """The difference to the wave before; the earlier number itself belongs to that wave's report."""
    if change is None or not isfinite(change.lower):
        return None
    return {"difference": change.difference, "se": change.se, "lower": change.lower, "upper": change.upper}


def _number(value: object) -> object:
    return None if isinstance(value, float) and not isfinite(value) else value
