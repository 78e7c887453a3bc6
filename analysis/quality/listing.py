"""A review as text for a terminal, and as plain values for JSON."""

from collections.abc import Iterable
from math import isfinite

from analysis.quality.findings import LEVEL, NOTES, Finding, Silence
from analysis.quality.interviewer_effects import VarianceShare
from analysis.quality.leads import Lead, Review


def table(review: Review, shares: Iterable[VarianceShare], level: float = LEVEL) -> str:
    """Markdown: units to contact again, with reasons and interviews; what was not checked; variance shares."""
    lines = ["| unit | n | q | reason | seen | expected | p | interviews to call back |"]
    lines.append("| --- | ---: | ---: | --- | ---: | ---: | ---: | --- |")
    for lead in review.listed(level):
        lines += [_line(lead, finding) for finding in lead.reasons or lead.findings[:1]]
    if not review.findings:
        lines = ["Nothing was examined: there are too few interviews, or their columns are not there."]
    elif len(lines) == 2:
        lines = [f"No unit stands out at a false discovery rate of {level:g}."]
    lines += ["", *(_silence(each) for each in review.silences)]
    told = [share for share in shares if isfinite(share.value)]
    if told:
        lines += [
            "",
            "| item | n | volunteers | variance share | from | to |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        lines += [
            f"| {each.item} | {each.n} | {each.volunteers} | {each.value:.3f} | {each.lower:.3f} | {each.upper:.3f} |"
            for each in told
        ]
    return "\n".join(lines).rstrip()


def document(review: Review, shares: Iterable[VarianceShare], level: float = LEVEL) -> dict[str, object]:
    """Everything, with null for what cannot be said."""
    return {
        "level": level,
        "method": review.method,
        "examined": len(review.findings),
        "list": [_lead(lead) for lead in review.listed(level)],
        "findings": [_finding(finding) for finding in review.findings],
        "not_checked": [{"check": each.check, "kind": each.kind.value, "note": each.note} for each in review.silences],
        "variance_shares": [
            {
                "item": share.item,
                "n": share.n,
                "volunteers": share.volunteers,
                "value": _number(share.value),
                "lower": _number(share.lower),
                "upper": _number(share.upper),
                "level": share.level,
                "method": share.method,
            }
            for share in shares
        ],
    }


def _line(lead: Lead, finding: Finding) -> str:
    rows = " ".join(finding.rows[:5]) + (f" and {len(finding.rows) - 5} more" if len(finding.rows) > 5 else "")
    unit, within = f"{lead.kind.value} {lead.unit}", f"{finding.kind.value} {finding.unit}"
    cells = (
        unit if unit == within else f"{unit}: {within}",
        str(finding.n),
        f"{lead.q_value:.2g}",
        f"{finding.check} ({finding.measure})",
        f"{finding.statistic:.3g}",
        f"{finding.expected:.3g}",
        f"{finding.p_value:.2g}",
        rows,
    )
    return f"| {' | '.join(cells)} |"


def _silence(each: Silence) -> str:
    return f"Not checked: {each.check} by {each.kind.value}: {NOTES[each.note]}."


def _lead(lead: Lead) -> dict[str, object]:
    return {
        "kind": lead.kind.value,
        "unit": lead.unit,
        "n": lead.n,
        "p": lead.p_value,
        "q": lead.q_value,
        "rows": list(lead.rows),
        "reasons": [{"check": f.check, "kind": f.kind.value, "unit": f.unit} for f in lead.reasons],
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "kind": finding.kind.value,
        "unit": finding.unit,
        "n": finding.n,
        "measure": finding.measure,
        "statistic": _number(finding.statistic),
        "expected": _number(finding.expected),
        "p": _number(finding.p_value),
        "posterior": _number(finding.posterior),
        "q": _number(finding.q_value),
        "effect": finding.effect,
        "size": _number(finding.size),
        "rows": list(finding.rows),
        "method": finding.method,
        "notes": list(finding.notes),
    }


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
