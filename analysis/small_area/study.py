"""Does the model make better decisions? Every rule on the same cities of known truth (`study_cities`, `study_rules`).

Each rule is asked for rates, intervals, an order of the areas by risk and, if it has them, chances. Counted against the
truth, over all areas of all cities of a setting:

- the root mean squared error of the rates and the share of intervals that hold the truth
- average precision: the mean, over the areas truly at risk, of the precision of the list that ends with that area
- precision and recall of lists of equal length, the number of areas at risk that our model expects
- the loss of flagging where that loses less (`planning.adaptive.Losses`), and by rules without chances as they say
- the calibration error of the chances (`calibrated`)
- the sure list at 10 %: its mean length, and the mean over the cities of the share of false alarms on it, 0 of an empty
  list (the false discovery rate of Benjamini & Hochberg 1995, JRSS B 57:289)
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np
import numpy.typing as npt

from analysis.design import Floats
from analysis.small_area.calibrated import Reliability, reliability
from analysis.small_area.flags import surest
from analysis.small_area.study_cities import AREAS, City, Setting, draw_city, effective
from analysis.small_area.study_rules import LOSSES, RULES, Answer

SEED, REPEATS = 1, 100  # of the table in docs/methods.md
FDR = 0.1
SETTINGS = (
    Setting(0.6, 0.7, 0.45, 0.0, 40),
    Setting(0.6, 0.7, 0.45, 0.5, 40),
    Setting(0.6, 0.7, 0.45, 0.0, 15),
    Setting(0.6, 0.7, 0.45, 0.5, 15),
    Setting(0.6, 0.7, 0.6, 0.0, 40),
    Setting(0.6, 0.4, 0.5, 0.0, 40),
    Setting(0.6, 1.0, 0.45, 0.5, 40),
    Setting(0.8, 0.6, 0.75, 0.0, 40),
    Setting(0.9, 0.6, 0.85, 0.5, 40),
)


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """One rule on one city. below: its chances, empty without any; sure, false: length of its sure list, and how many
    of it are not at risk.
    """

    mse: float
    covered: float
    average_precision: float
    precision: float
    recall: float
    loss: float
    below: Floats
    sure: int
    false: int


@dataclass(frozen=True, slots=True)
class Row:
    """One rule over the cities of a setting. What a rule does not have is nan.

    behind: average precision of ours less this rule's; sure: mean length of the sure list; false: mean share of false
    alarms on it. Those ending in _error are Monte Carlo standard errors.
    """

    setting: Setting
    rule: str
    cities: int
    rmse: float
    to_oracle: float  # root mean squared error over the oracle's
    covered: float
    average_precision: float
    behind: float
    behind_error: float
    precision: float
    recall: float
    loss: float
    calibration: Reliability | None
    sure: float
    false: float
    false_error: float


def run(setting: Setting, rng: np.random.Generator, areas: int = AREAS) -> tuple[City, dict[str, Score]]:
    """All rules on one city."""
    city = draw_city(setting, rng, areas)
    known = effective(city)
    answers = {name: rule(known, city) for name, rule in RULES.items()}
    expected = answers["ours"].below
    assert expected is not None
    length = min(max(round(float(expected.sum())), 1), areas)
    lots = rng.random(areas)  # the same for all rules
    return city, {name: score(answer, city, length, lots) for name, answer in answers.items()}


def score(answer: Answer, city: City, length: int, lots: Floats) -> Score:
    """One answer against the truth; areas of equal score are listed by lot."""
    truth = city.at_risk
    listed = truth[np.lexsort((lots, -answer.score))]
    hits = int(listed[:length].sum())
    lower, upper = answer.ends or (np.full(len(truth), np.nan),) * 2
    missed, alarms = (truth & ~answer.flagged).sum(), (answer.flagged & ~truth).sum()
    sure: tuple[int, ...] = ()
    if answer.below is not None:
        sure = surest(range(len(truth)), answer.below, FDR).entries
    return Score(
        mse=float(((answer.mean - city.rates) ** 2).mean()),
        covered=float(((lower <= city.rates) & (city.rates <= upper)).mean()) if answer.ends else np.nan,
        average_precision=average_precision(listed),
        precision=hits / length,
        recall=hits / max(int(truth.sum()), 1),
        loss=float(LOSSES.missed * missed + LOSSES.false_alarm * alarms),
        below=np.zeros(0) if answer.below is None else answer.below,
        sure=len(sure),
        false=int((~truth[list(sure)]).sum()),
    )


def average_precision(listed: npt.NDArray[np.bool_]) -> float:
    """Of a list in order, (areas,), which of them are truly at risk; 1 where none is, for nothing can be wrong."""
    at = np.flatnonzero(listed) + 1
    return float((np.arange(1, len(at) + 1) / at).mean()) if at.size else 1.0


def rows(setting: Setting, repeats: int, seed: int, areas: int = AREAS) -> list[Row]:
    """The rules of one setting. Its cities depend on the seed and the setting alone."""
    rng = np.random.default_rng([seed, *(round(value * 1e6) for value in setting)])
    runs = [run(setting, rng, areas) for _ in range(repeats)]
    truth = np.concatenate([city.at_risk for city, _ in runs])
    best = sqrt(np.mean([scores["oracle"].mse for _, scores in runs]))
    ours = np.array([scores["ours"].average_precision for _, scores in runs])
    return [_row(setting, name, [scores[name] for _, scores in runs], truth, best, ours) for name in RULES]


def _row(
    setting: Setting, rule: str, scores: Sequence[Score], truth: npt.NDArray[np.bool_], best: float, ours: Floats
) -> Row:
    def mean(name: str) -> float:
        return float(np.mean([getattr(each, name) for each in scores]))

    def error(values: Floats) -> float:
        return float(values.std() / sqrt(max(len(values) - 1, 1)))

    said = np.concatenate([each.below for each in scores])
    behind = ours - np.array([each.average_precision for each in scores])
    false = np.array([each.false / max(each.sure, 1) for each in scores])
    rmse = sqrt(mean("mse"))
    return Row(
        setting=setting,
        rule=rule,
        cities=len(scores),
        rmse=rmse,
        to_oracle=rmse / best,
        covered=mean("covered"),
        average_precision=mean("average_precision"),
        behind=float(behind.mean()),
        behind_error=error(behind),
        precision=mean("precision"),
        recall=mean("recall"),
        loss=mean("loss"),
        calibration=reliability(said, truth) if said.size else None,
        sure=mean("sure") if said.size else np.nan,
        false=float(false.mean()) if said.size else np.nan,
        false_error=error(false) if said.size else np.nan,
    )


def table(found: Iterable[Row]) -> str:
    """The rows as a Markdown table; shares in per cent, but for the rates' error and the average precision."""
    head = ["median", "spread", "target", "R²", "n", "rule", "RMSE", "to oracle", "coverage", "average precision"]
    head += ["behind ours ± MC", "precision", "recall", "loss", "calibration error", "sure", "false alarms ± MC"]
    lines = [head, [*["---:"] * 5, "---", *["---:"] * 11]]
    for row in found:
        s = row.setting
        lines.append(
            [
                f"{s.median:.2f}",
                f"{s.spread:.1f}",
                f"{s.target:.2f}",
                f"{s.explained:.1f}",
                f"5-{s.most}",
                row.rule.replace("_", "-"),
                f"{row.rmse:.4f}",
                f"{row.to_oracle:.3f}",
                _per_cent(row.covered),
                f"{row.average_precision:.3f}",
                f"{row.behind:.3f} ± {row.behind_error:.3f}",
                _per_cent(row.precision),
                _per_cent(row.recall),
                f"{row.loss:.1f}",
                _per_cent(row.calibration.error) if row.calibration else "",
                f"{row.sure:.1f}" if isfinite(row.sure) else "",
                f"{_per_cent(row.false)} ± {_per_cent(row.false_error)}" if isfinite(row.false) else "",
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _per_cent(share: float) -> str:
    return f"{100 * share:.1f}" if isfinite(share) else ""


def calibration_table(found: Iterable[Row]) -> str:
    """What our chances said and what was so, in ten bins over all settings, as a Markdown table in per cent."""
    bins = [row.calibration.bins for row in found if row.rule == "ours" and row.calibration]
    lines = [["P(rate < target)", "areas", "said", "was so"], ["---", *["---:"] * 3]]
    for together in zip(*bins, strict=True):
        count = sum(each.count for each in together)
        said, so = (
            sum(each.count * getattr(each, name) for each in together if each.count) / max(count, 1)
            for name in ("said", "happened")
        )
        edges = f"{100 * together[0].low:.0f} to {100 * together[0].high:.0f}"
        lines.append([edges, str(count), f"{100 * said:.1f}", f"{100 * so:.1f}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def documents(found: Iterable[Row]) -> list[dict[str, object]]:
    """The rows for JSON; null where a rule does not have a number."""

    def plain(value: float) -> float | None:
        return value if isfinite(value) else None

    names = ("rmse", "to_oracle", "covered", "average_precision", "behind", "behind_error", "precision", "recall",
             "loss", "sure", "false", "false_error")  # fmt: skip
    return [
        {
            **row.setting._asdict(),
            "rule": row.rule,
            "cities": row.cities,
            **{name: plain(getattr(row, name)) for name in names},
            "calibration_error": row.calibration.error if row.calibration else None,
            "calibration": [
                {"low": each.low, "high": each.high, "count": each.count, "said": plain(each.said),
                 "happened": plain(each.happened), "lower": plain(each.lower), "upper": plain(each.upper)}
                for each in (row.calibration.bins if row.calibration else ())
            ],
        }
        for row in found
    ]  # fmt: skip


def answer(seed: int, repeats: int, *, as_json: bool) -> str:
    """What `python -m analysis small-area-study` prints: every setting, `repeats` cities each."""
    found = [row for setting in SETTINGS for row in rows(setting, repeats, seed)]
    if as_json:
        return json.dumps(documents(found), indent=1, allow_nan=False)
    return f"{table(found)}\n\n{calibration_table(found)}"
