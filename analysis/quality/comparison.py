"""A unit's interviews beside those of the others at its sites, made into findings.

Volunteers are compared at the points where they worked, so that what a place is like counts against nobody. Points and
neighbourhoods have nothing below them and are compared with all others of the same mode; where it matters how content
people are, among people with as many best answers, since a place may well be content.
"""

from collections.abc import Iterable, Sequence
from math import log, nan

import numpy as np

from analysis.quality.answers import Answers, Codes, Floats, Mask, Unit
from analysis.quality.findings import Finding, Silence, with_q
from analysis.quality.reference import FEWEST, Apart, means_apart, shares_apart

KINDS = (Unit.VOLUNTEER, Unit.POINT, Unit.NEIGHBOURHOOD)
Found = tuple[Finding | Silence, ...]


def sites(answers: Answers, kind: Unit, *, by_content: bool = False) -> Codes | None:
    """Where the interviews of a unit are comparable with others, (n,), -1 = nowhere; None without such a column."""
    if kind is not Unit.VOLUNTEER and by_content:
        return equally_content(answers)
    if kind is not Unit.VOLUNTEER:
        mode = answers.place("mode").codes
        return mode if (mode >= 0).any() else np.zeros(len(answers), dtype=np.int64)
    for name in ("point", "neighbourhood"):
        if name in answers.places:
            return answers.place(name).within(answers.volunteered)
    return None


def equally_content(answers: Answers) -> Codes:
    """Classes of mode and of the share of best answers, by eighths, (n,)."""
    content = np.round(8 * np.nan_to_num(answers.best_share, nan=-0.125)).astype(np.int64) + 1
    return np.asarray((answers.place("mode").codes + 1) * 10 + content)


def shares(
    answers: Answers,
    check: str,
    hit: Mask,
    base: Mask,
    *,
    low: bool,
    measure: str,
    kinds: Iterable[Unit] = KINDS,
    by_content: bool = False,
) -> Found:
    """Findings on a share of interviews that is too low, or too high; `base` (n,) are those it is a share of.

    `by_content` compares places among people who are equally content. The rows of a finding are the interviews on the
    remarkable side. Its size is the log odds ratio.
    """
    found: list[Finding | Silence] = []
    carrying = base & (~hit if low else hit)
    for kind in kinds:
        place = sites(answers, kind, by_content=by_content)
        unit = answers.unit(kind)
        silence = _silence(check, kind, unit.codes, place, base)
        if silence is not None or place is None:
            found += [silence] if silence is not None else []
            continue
        apart = shares_apart(hit, np.where(base, unit.codes, -1), place, len(unit.names), low=low)
        size = [_log_odds_ratio(*each) for each in zip(apart.seen, apart.expected, apart.n, strict=True)]
        method = f"beta-binomial within {_where(answers, kind, by_content=by_content)}, ρ = {apart.between:.3f}"
        found += with_q(
            _finding(answers, check, kind, apart, at, measure, "log_odds_ratio", size[at], carrying, method)
            for at in np.flatnonzero(apart.total).tolist()
        )
    return tuple(found)


def means(
    answers: Answers,
    check: str,
    values: Floats,
    *,
    low: bool,
    measure: str,
    carrying: Mask,
    kinds: Iterable[Unit] = KINDS,
    pooled: bool = False,
) -> Found:
    """Findings on a mean per interview that is too low, or too high; `values` (n,) are nan where there is none.

    `pooled` compares volunteers across sites. The size is the difference in standard deviations of all values.
    """
    found: list[Finding | Silence] = []
    base = ~np.isnan(values)
    sd = float(np.std(values[base])) if base.any() else 0.0
    for kind in kinds:
        place = np.zeros(len(answers), dtype=np.int64) if pooled else sites(answers, kind)
        unit = answers.unit(kind)
        silence = _silence(check, kind, unit.codes, place, base)
        if silence is not None or place is None:
            found += [silence] if silence is not None else []
            continue
        apart = means_apart(values, np.where(base, unit.codes, -1), place, len(unit.names), low=low)
        size = (apart.seen - apart.expected) / sd if sd > 0 else np.zeros(len(unit.names))
        method = f"t within {'the file' if pooled else _where(answers, kind)}, τ² = {apart.between:.3f}"
        found += with_q(
            _finding(answers, check, kind, apart, at, measure, "standard_deviations", size[at], carrying, method)
            for at in np.flatnonzero(apart.total).tolist()
        )
    return tuple(found)


def named(answers: Answers, rows: Mask) -> tuple[str, ...]:
    """The ids of the rows."""
    return tuple(str(each) for each in answers.ids[rows])


def _silence(check: str, kind: Unit, unit: Codes, place: Codes | None, base: Mask) -> Silence | None:
    if not (unit >= 0).any():
        return Silence(check, kind, "unknown_units")
    if place is None:
        return Silence(check, kind, "no_sites")
    return Silence(check, kind, "no_items") if not base.any() else None


def _where(answers: Answers, kind: Unit, *, by_content: bool = False) -> str:
    if kind is Unit.VOLUNTEER:
        return "point" if "point" in answers.places else "neighbourhood"
    return "mode and content" if by_content else "mode"


def _finding(
    answers: Answers,
    check: str,
    kind: Unit,
    apart: Apart,
    at: int,
    measure: str,
    effect: str,
    size: float,
    carrying: Mask,
    method: str,
) -> Finding:
    unit = answers.unit(kind)
    notes: Sequence[str] = ("few_units",) if (apart.n >= FEWEST).sum() < FEWEST else ()
    if apart.n[at] < FEWEST:
        notes = ("alone",) if kind is Unit.VOLUNTEER and apart.total[at] >= FEWEST else ("too_few",)
    return Finding(
        check=check,
        kind=kind,
        unit=unit.names[at],
        n=int(apart.total[at]),
        measure=measure,
        statistic=float(apart.seen[at]),
        expected=float(apart.expected[at]),
        p_value=float(apart.p_value[at]),
        effect=effect,
        size=float(size),
        rows=named(answers, carrying & (unit.codes == at)),
        method=method,
        notes=tuple(notes),
    )


def _log_odds_ratio(seen: float, expected: float, n: int) -> float:
    """With half an interview added on either side (Haldane 1956), so that none and all have one."""
    if n < 1:
        return nan
    odds = [(share * n + 0.5) / ((1 - share) * n + 0.5) for share in (seen, expected)]
    return log(odds[0] / odds[1])
