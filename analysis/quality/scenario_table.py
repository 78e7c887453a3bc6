"""How often the list for re-contact names the guilty, and how often the honest, in waves where both are known.

For each scenario and seed a wave is made and reviewed. A unit is guilty if something was planted on it, honest if all
its interviews are; a unit that merely shares interviews with a guilty one (points where a volunteer made them up) is
neither. Found: the share of guilty units on the list; of stuffing the guilty unit is the district, and its points are
counted apart. False alarms: the share of honest units on the list, and the share of waves with any.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np

from analysis.quality.answers import Unit, checked_answers
from analysis.quality.findings import LEVEL
from analysis.quality.review import review
from analysis.quality.scenarios import Kind, Scenario, Setting, scenario

SEED, REPEATS = 1, 40  # of the table in docs/methods.md
USUAL = Setting()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One wave: guilty units by kind and those found, honest units and those on the list."""

    guilty: tuple[tuple[Unit, int, int], ...]  # kind, how many, how many found
    honest: int
    accused: int


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario: shares over all waves, nan where nobody is guilty; `error` is the standard error of `found`."""

    kind: Kind
    unit: Unit | None
    waves: int
    found: float
    error: float
    accused: float
    alarmed: float


def outcome(wave: Scenario, rng: np.random.Generator, level: float = LEVEL) -> Outcome:
    """The list of one wave against what is known of it."""
    found = review(checked_answers(wave.frame, wave.items), rng)
    listed = {(lead.kind, lead.unit) for lead in found.listed(level)}
    honest = {(lead.kind, lead.unit) for lead in found.leads} - wave.tainted
    kinds = sorted({kind for kind, _ in wave.guilty})
    return Outcome(
        guilty=tuple(
            (kind, len(own), len(own & listed)) for kind in kinds if (own := {u for u in wave.guilty if u[0] is kind})
        ),
        honest=len(honest),
        accused=len(honest & listed),
    )


def rows(seed: int, repeats: int, kinds: Iterable[Kind] = Kind, setting: Setting = USUAL) -> tuple[Row, ...]:
    """One row a scenario and kind of guilty unit. A wave depends on seed, scenario and its number alone."""
    table: list[Row] = []
    for kind in kinds:
        waves = [
            outcome(scenario(kind, rng, setting), rng)
            for rng in (np.random.default_rng([seed, list(Kind).index(kind), number]) for number in range(repeats))
        ]
        units = sorted({unit for wave in waves for unit, _, _ in wave.guilty})
        table += [_row(kind, unit, waves) for unit in units] or [_row(kind, None, waves)]
    return tuple(table)


def _row(kind: Kind, unit: Unit | None, waves: Sequence[Outcome]) -> Row:
    shares = np.array([hit / n for wave in waves for each, n, hit in wave.guilty if each is unit])
    return Row(
        kind=kind,
        unit=unit,
        waves=len(waves),
        found=float(shares.mean()) if len(shares) else nan,
        error=float(shares.std(ddof=1)) / sqrt(len(shares)) if len(shares) > 1 else nan,
        accused=sum(wave.accused for wave in waves) / max(sum(wave.honest for wave in waves), 1),
        alarmed=sum(wave.accused > 0 for wave in waves) / len(waves),
    )


def table(found: Iterable[Row]) -> str:
    """The rows as a Markdown table, in per cent."""
    lines = [
        ["scenario", "guilty", "waves", "found", "± MC", "honest units listed", "waves with a false alarm"],
        ["---", "---", *["---:"] * 5],
    ]
    for row in found:
        unit = row.unit.value if row.unit is not None else "nobody"
        shares = (row.found, row.error, row.accused, row.alarmed)
        told = [f"{100 * share:.1f}" if isfinite(share) else "" for share in shares]
        lines.append([row.kind.value, unit, str(row.waves), *told])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def documents(found: Iterable[Row]) -> list[dict[str, object]]:
    """The rows for JSON; shares, not per cent, and null where there is none."""
    return [
        {
            "scenario": row.kind.value,
            "guilty": row.unit.value if row.unit is not None else None,
            "waves": row.waves,
            "found": row.found if isfinite(row.found) else None,
            "error": row.error if isfinite(row.error) else None,
            "honest_units_listed": row.accused,
            "waves_with_false_alarm": row.alarmed,
        }
        for row in found
    ]
