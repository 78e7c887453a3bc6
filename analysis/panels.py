"""What a dot-and-interval chart shows and where it lies: the same for the interactive and the drawn form.

A panel holds rows; a row is an estimate with its interval, perhaps a flag and the previous wave. The axis follows the
data, padded, and is never forced to 0-100 %, since dots, unlike bars, have no length to truncate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, isfinite
from typing import Protocol

from analysis.palette import MARKS

_STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25)


class Measured(Protocol):
    """What charts need of an estimate: shares 0..1, nan where nothing can be said, and the interviews behind it."""

    @property
    def value(self) -> float: ...
    @property
    def lower(self) -> float: ...
    @property
    def upper(self) -> float: ...
    @property
    def n(self) -> int: ...


class Rated(Protocol):
    """An estimate with what it is of."""

    @property
    def indicator(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def domain(self) -> str: ...
    @property
    def estimate(self) -> Measured: ...


@dataclass(frozen=True, slots=True)
class Labels:
    """Every word on a chart, in the reader's language: `title` says the finding, `subtitle` measure, base, wave, n."""

    title: str
    subtitle: str
    target: str
    previous: str
    no_estimate: str
    interval: str  # what dot and line are: "estimate and 95 % interval"
    modelled: str  # the same where it rests on a model: "estimate and modelled interval"
    sample: str  # what stands before the number of interviews: "n", "样本量"
    names: Mapping[str, str] = field(default_factory=dict)  # areas, indicators, modes, groups by their code
    flags: Mapping[str, str] = field(default_factory=dict)
    to: str = "–"

    def name(self, code: str) -> str:
        """The shown name; the code itself where none is given."""
        return self.names.get(code, code)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a panel. `modelled` marks an interval that rests on a model, not on the design."""

    name: str
    estimate: Measured
    flag: str = ""
    previous: Measured | None = None
    modelled: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows on one axis, with the target they are held against (a share 0..1)."""

    title: str
    rows: tuple[Row, ...]
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of the shares 0..1, with round ticks inside it."""

    lower: float
    upper: float
    ticks: tuple[float, ...]

    def at(self, share: float) -> float:
        """Where a share lies: 0 at the left end, 1 at the right."""
        return (share - self.lower) / (self.upper - self.lower)


def axis_of(panels: Iterable[Panel]) -> Axis:
    """The axis that holds everything in the panels, padded by a sixteenth on both sides."""
    shown: list[float] = []
    for panel in panels:
        shown.append(panel.target if panel.target is not None else float("nan"))
        for row in panel.rows:
            shown += [row.estimate.value, row.estimate.lower, row.estimate.upper]
            shown.append(row.previous.value if row.previous is not None else float("nan"))
    return axis_around(shown)


def axis_around(shares: Iterable[float]) -> Axis:
    """The axis that holds these shares, padded by a sixteenth on both sides; what is nan takes no room."""
    finite = [share for share in shares if isfinite(share)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    if high - low < 0.04:
        low, high = max(0.0, low - 0.02), min(1.0, high + 0.02)
    pad = (high - low) / 16
    step = next((step for step in _STEPS if (high - low) / step <= 4.5), _STEPS[-1])
    first, last = ceil(max(0.0, low - pad) / step - 1e-9), floor(min(1.0, high + pad) / step + 1e-9)
    return Axis(low - pad, high + pad, tuple(round(k * step, 4) for k in range(first, last + 1)))


def has_estimate(estimate: Measured) -> bool:
    """Whether there is a number to draw."""
    return isfinite(estimate.value)


def has_interval(estimate: Measured) -> bool:
    """Whether there are two ends to draw."""
    return isfinite(estimate.lower) and isfinite(estimate.upper)


def percent(share: float, digits: int = 1) -> str:
    """A share as a reader sees it: 0.8765 is 87.7%."""
    return f"{100 * share:.{digits}f}%"


def tick_text(share: float) -> str:
    """A round share without idle decimals: 70%, 72.5%."""
    return f"{100 * share:g}%"


def figures(estimate: Measured, labels: Labels) -> str:
    """The estimate in figures, with its interval: 78.3% (72.1–83.4)."""
    if not has_estimate(estimate):
        return labels.no_estimate
    if not has_interval(estimate):
        return percent(estimate.value)
    return f"{percent(estimate.value)} ({100 * estimate.lower:.1f}{labels.to}{100 * estimate.upper:.1f})"


def sentence(row: Row, labels: Labels) -> str:
    """All that a row shows, in words, for those who hear or hover."""
    parts = [f"{row.name}: {figures(row.estimate, labels)}"]
    if row.flag:
        parts.append(labels.flags.get(row.flag, row.flag))
    parts.append(f"{labels.sample} {row.estimate.n:,}")
    if row.previous is not None and has_estimate(row.previous):
        parts.append(f"{labels.previous} {percent(row.previous.value)}")
    return ", ".join(parts)


def mark_word(row: Row, labels: Labels) -> str:
    """What a row's mark means: its flag, or else what dot and line are."""
    return labels.flags.get(row.flag, labels.modelled if row.modelled else labels.interval)


def mark_rank(flag: str) -> int:
    """The place of a flag's mark in the key: gravest first, no flag last."""
    return list(MARKS).index(flag) if flag in MARKS else len(MARKS)


def indicator_panels(
    rates: Sequence[Rated],
    labels: Labels,
    *,
    domains: Sequence[str] = (),
    targets: Mapping[str, float] | None = None,
    flags: Mapping[tuple[str, str], str] | None = None,
    previous: Sequence[Rated] = (),
) -> tuple[Panel, ...]:
    """A panel for each indicator, a row for each domain; modes are never mixed.

    `domains` gives the order of rows (as they come, by default), `flags` by (indicator, domain). Raises ValueError
    where the rates are of several modes, or twice of the same indicator and domain.
    """
    modes = sorted({rate.mode for rate in [*rates, *previous]})
    if len(modes) > 1:
        raise ValueError(f"rates of several modes cannot share a chart: {', '.join(modes)}")
    now, before = _by_indicator_and_domain(rates), _by_indicator_and_domain(previous)
    order = tuple(domains) or tuple(dict.fromkeys(rate.domain for rate in rates))
    panels = []
    for indicator in dict.fromkeys(rate.indicator for rate in rates):
        keys = [(indicator, domain) for domain in order if (indicator, domain) in now]
        rows = tuple(Row(labels.name(key[1]), now[key], (flags or {}).get(key, ""), before.get(key)) for key in keys)
        panels.append(Panel(labels.name(indicator), rows, (targets or {}).get(indicator)))
    return tuple(panels)


def _by_indicator_and_domain(rates: Sequence[Rated]) -> dict[tuple[str, str], Measured]:
    found = {(rate.indicator, rate.domain): rate.estimate for rate in rates}
    if len(found) != len(rates):
        raise ValueError("an indicator is given twice for the same domain")
    return found


def mode_panels(
    rates: Sequence[Rated],
    labels: Labels,
    *,
    modelled: Sequence[str] = ("open_qr",),
    targets: Mapping[str, float] | None = None,
) -> tuple[Panel, ...]:
    """A panel for each indicator, a row for each mode of one domain: apart, never pooled. Raises ValueError for two."""
    if len(domains := sorted({rate.domain for rate in rates})) > 1:
        raise ValueError(f"modes are set beside each other for one domain, not for {', '.join(domains)}")
    panels = []
    for indicator in dict.fromkeys(rate.indicator for rate in rates):
        own = sorted((rate for rate in rates if rate.indicator == indicator), key=lambda rate: rate.mode in modelled)
        rows = tuple(Row(labels.name(rate.mode), rate.estimate, modelled=rate.mode in modelled) for rate in own)
        panels.append(Panel(labels.name(indicator), rows, (targets or {}).get(indicator)))
    return tuple(panels)


def lowest_first(panel: Panel, most: int | None = None) -> Panel:
    """The rows from the lowest estimate up, those without one last; `most` keeps only so many."""
    rows = sorted(panel.rows, key=lambda row: (not has_estimate(row.estimate), row.estimate.value, row.name))
    return Panel(panel.title, tuple(rows[:most]), panel.target)
