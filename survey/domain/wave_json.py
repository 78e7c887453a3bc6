"""How a wave plan is kept with its wave: canonical JSON, read back as the same plan."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from survey.domain.allocation import Allocation
from survey.domain.protocol import DEFAULT_PROTOCOL, Protocol
from survey.domain.wave import DEFAULT_REPLACE_HOURS, Mode, Notice, PlaceType, PointPlan, SamplePlan, WavePlan, Within

FORMAT = 1


def plan_to_json(plan: WavePlan) -> str:
    """The plan as JSON: keys sorted, no spaces, fractions as text, times in ISO 8601 with their offset."""
    tree = {
        "format": FORMAT,
        "code": plan.code,
        "title": dict(plan.title),
        "questionnaire": {"code": plan.questionnaire_code, "version": plan.questionnaire_version},
        "opens_at": plan.opens_at.isoformat(),
        "closes_at": plan.closes_at.isoformat(),
        "grace_seconds": int(plan.grace.total_seconds()),
        "districts": list(plan.districts),
        "samples": [
            {
                "mode": sample.mode,
                "n": sample.n,
                "allocation": sample.allocation,
                "fixed": dict(sample.fixed),
                "power": str(sample.power),
            }
            for sample in plan.samples
        ],
        "points": [[point.area_code, point.place_type, point.mode] for point in plan.points],
        "within": plan.within,
        "shares": {
            dimension: {code: str(share) for code, share in shares.items()} for dimension, shares in plan.shares.items()
        },
        "intercept": asdict(plan.protocol),
        "letters": {"replace_hours": plan.replace_hours},
        "notice": {"contact": dict(plan.notice.contact), "keep_months": plan.notice.keep_months},
    }
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def plan_from_json(text: str) -> WavePlan:
    """The plan that `plan_to_json` wrote. ValueError or KeyError for anything else: it is our own storage."""
    tree = json.loads(text)
    if tree["format"] != FORMAT:
        raise ValueError(f"wave plan of format {tree['format']}, expected {FORMAT}")
    return WavePlan(
        code=tree["code"],
        title=tree["title"],
        questionnaire_code=tree["questionnaire"]["code"],
        questionnaire_version=tree["questionnaire"]["version"],
        opens_at=datetime.fromisoformat(tree["opens_at"]),
        closes_at=datetime.fromisoformat(tree["closes_at"]),
        grace=timedelta(seconds=tree["grace_seconds"]),
        districts=tuple(tree["districts"]),
        samples=tuple(
            SamplePlan(
                Mode(sample["mode"]),
                sample["n"],
                Allocation(sample["allocation"]),
                sample["fixed"],
                Fraction(sample["power"]),
            )
            for sample in tree["samples"]
        ),
        points=tuple(PointPlan(code, PlaceType(place), Mode(mode)) for code, place, mode in tree["points"]),
        within=Within(tree["within"]),
        shares={
            dimension: {code: Fraction(share) for code, share in shares.items()}
            for dimension, shares in tree["shares"].items()
        },
        protocol=_protocol(tree.get("intercept")),
        replace_hours=tree.get("letters", {}).get("replace_hours", DEFAULT_REPLACE_HOURS),
        notice=Notice(**tree.get("notice", {})),  # plans that were kept before say nothing of it
    )


def _protocol(tree: dict[str, Any] | None) -> Protocol:
    # Plans that were kept before there were tablets say nothing of them.
    return DEFAULT_PROTOCOL if tree is None else Protocol(**tree | {"observe": tuple(tree["observe"])})
