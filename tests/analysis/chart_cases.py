"""Estimates and words that the tests of charts share: small, with one of everything that can go wrong."""

import math
from dataclasses import dataclass

from analysis.charts import QuotaCount
from analysis.panels import Labels

NASTY = "<script>alert('甲')</script> & \"乙\""


@dataclass(frozen=True, slots=True)
class Estimate:
    value: float
    lower: float
    upper: float
    n: int = 120


@dataclass(frozen=True, slots=True)
class Rate:
    indicator: str
    mode: str
    domain: str
    estimate: Estimate


NOTHING = Estimate(math.nan, math.nan, math.nan, 2)

CHINESE = Labels(
    title="两个区的参与率低于目标，其余各区尚不能下结论",
    subtitle="18岁及以上常住人口，街头拦访，第2轮，样本量1,196",
    target="目标",
    previous="上一轮",
    no_estimate="无法估计",
    interval="估计值与95%置信区间",
    modelled="估计值与95%模型区间",
    sample="样本量",
    names={"a": "霁桥区", "b": "栖川区", "c": NASTY, "awareness": "知晓率", "participation": "参与率"},
    flags={"at_risk": "需关注", "uncertain": "不确定", "safe": "达标", "too_few": "样本过少"},
    to="～",
)

RATES = [
    Rate("awareness", "intercept", "a", Estimate(0.91, 0.87, 0.94)),
    Rate("awareness", "intercept", "b", Estimate(0.78, 0.70, 0.84)),
    Rate("awareness", "intercept", "c", NOTHING),
    Rate("participation", "intercept", "a", Estimate(0.55, 0.48, 0.62)),
    Rate("participation", "intercept", "b", Estimate(0.0, 0.0, 0.03)),
    Rate("participation", "intercept", "c", Estimate(0.5, math.nan, math.nan)),
]
FLAGS = {("awareness", "a"): "safe", ("awareness", "b"): "at_risk", ("participation", "a"): "uncertain"}
TARGETS = {"awareness": 0.85, "participation": 0.5}
BEFORE = [Rate("awareness", "intercept", "a", Estimate(0.88, 0.84, 0.92))]
MODES = [
    Rate("awareness", "open_qr", "city", Estimate(0.93, 0.91, 0.95)),
    Rate("awareness", "intercept", "city", Estimate(0.86, 0.83, 0.89)),
]
CELLS = [
    QuotaCount("a", "F", "18-34", 12, 20),
    QuotaCount("a", "F", "35-59", 0, 0),
    QuotaCount("b", "F", "18-34", 20, 20),
    QuotaCount("b", "F", "35-59", 0, 15),
]
