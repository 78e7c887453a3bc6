"""Areas, flags, places and words that the tests of small-area charts share, and how a drawing is read back."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Any

from analysis.area_charts.words import AreaLabels
from analysis.figure_frame import Figure
from analysis.risk import Reason
from analysis.small_area.areas import Source
from analysis.small_area.flags import METHOD, AreaFlag, FlagRules, Flags, SureList
from analysis.small_area.ranks import AreaRank, Ranks, TieBand

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<script>alert('甲')</script> & \"乙\""
LONG = "栖川区新城经济技术开发区第三居民委员会社区"

CHINESE = AreaLabels(
    title="三个社区很可能未达标",
    subtitle="知晓率，第3轮，样本量2,104",
    target="目标",
    previous="上一轮",
    no_estimate="无法估计",
    interval="后验均值与95%区间",
    modelled="模型区间",
    sample="样本量",
    below="未达标的可能性",
    predicted="未访问，由其他社区预测",
    rate="估计的知晓率",
    place="预期名次",
    last="列于最后{k}名的可能性",
    tied="第{first}～{last}名：不分高下",
    alone="第{first}名",
    said="所述可能性",
    happened="实际发生的比例",
    as_said="与所述一致",
    effective="有效样本量",
    limits="围绕{around}的{level}界限",
    city="全市平均",
    raw="原始比例",
    shrunk="估计值",
    now="已完成访问",
    after="加上下一批",
    names={"a": "霁桥社区", "b": LONG, "c": NASTY, "1": "霁桥区", "2": "栖川区"},
    flags={"at_risk": "需关注", "uncertain": "不确定", "safe": "达标"},
    to="～",
    comma="，",
)
ENGLISH = replace(
    CHINESE,
    title="Three neighbourhoods are likely to miss the target",
    subtitle="Awareness, wave 3, n 2,104",
    target="Target",
    previous="previous wave",
    no_estimate="not shown",
    interval="posterior mean and 95% interval",
    sample="n",
    below="chance of missing the target",
    predicted="predicted, nobody was asked",
    rate="estimated awareness",
    place="expected place",
    last="chance of being among the last {k}",
    tied="places {first} to {last}: cannot be told apart",
    alone="place {first}",
    said="stated chance",
    happened="how often it was so",
    as_said="as often as stated",
    effective="effective interviews",
    limits="{level} limits around the {around}",
    city="city mean",
    raw="raw share",
    shrunk="estimate",
    now="interviews so far",
    after="with the next ones",
    names={
        "a": "Jiqiao",
        "b": "Third Committee of the New Town Development Zone",
        "c": NASTY,
        "1": "North",
        "2": "South",
    },
    flags={"at_risk": "At risk", "uncertain": "Uncertain", "safe": "Safe"},
    to="–",
    comma=", ",
)

DISTRICTS = {"a": "2", "b": "1", "c": "2", "d": "1"}
BEFORE = {"a": 0.5, "d": 0.97}
RULES = FlagRules()


def area(name: str, mean: float, half: float, below: float, source: Source = Source.INTERVIEWS) -> AreaFlag:
    """A flagged area whose interval is mean ± half."""
    kind = RULES.kind(below)
    return AreaFlag(
        name=name,
        source=source,
        share=mean - 0.04 if source is Source.INTERVIEWS else nan,
        n=20.0 if source is Source.INTERVIEWS else 0.0,
        mean=mean,
        lower=mean - half,
        upper=mean + half,
        below=below,
        kind=kind,
        screened=below >= RULES.screen,
        sure=below > 0.95,
        reason=Reason("likely_below", ()),
        interviews=0,
        settled=1.0,
        cells=(),
    )


def flagged(*areas: AreaFlag, target: float = 0.75) -> Flags:
    """Flags of these areas."""
    sure = SureList(0.1, tuple(each.name for each in areas if each.sure), (), 0.0, 0.0, len(areas))
    return Flags(target, 0.95, RULES, areas, sure, sum(each.below for each in areas), "model", METHOD)


FLAGS = flagged(
    area("a", 0.60, 0.10, 0.996),
    area("b", 0.74, 0.08, 0.55),
    area("c", 0.78, 0.15, 0.40, Source.PREDICTION),
    area("d", 0.93, 0.04, 0.002),
)
RANKS = Ranks(
    areas=(
        AreaRank("d", 1.1, 1, 2, 0.0, (1, 1)),
        AreaRank("c", 2.4, 1, 4, 0.15, (2, 3)),
        AreaRank("b", 2.7, 2, 4, 0.2, (2, 3)),
        AreaRank("a", 3.8, 3, 4, 0.65, (4, 4)),
    ),
    bands=(TieBand(1, 1, ("d",)), TieBand(2, 3, ("c", "b")), TieBand(4, 4, ("a",))),
    k=1,
    level=0.95,
    sure=0.9,
    draws=1000,
    model="model",
)


def many(size: int) -> tuple[Flags, Ranks, dict[str, str]]:
    """So many areas in districts of thirty, with rates rising by their number and ties of five."""
    names = [f"99{number // 30:02}{number:03}" for number in range(size)]
    areas = [area(name, 0.5 + 0.4 * i / size, 0.05, 1 - (i + 0.5) / size) for i, name in enumerate(names)]
    placed = [
        AreaRank(name, size - i, max(1, size - i - 4), min(size, size - i + 4), 0.0, (1, size))
        for i, name in enumerate(names)
    ]
    bands = [
        TieBand(start + 1, min(start + 5, size), tuple(each.name for each in placed[::-1][start : start + 5]))
        for start in range(0, size, 5)
    ]
    ranks = Ranks(tuple(placed[::-1]), tuple(bands), 1, 0.95, 0.9, 1000, "model")
    return flagged(*areas), ranks, {name: name[:4] for name in names}


def texts(drawing: ET.Element) -> list[str]:
    """What is written in a drawing, its names and titles apart."""
    return [element.text or "" for element in drawing.iter(f"{SVG}text")]


def traces(figure: Figure, mode: str) -> Sequence[dict[str, Any]]:
    """The traces of a figure that are drawn in a way."""
    return [trace for trace in figure["data"] if trace.get("mode") == mode]


def marked(figure: Figure) -> dict[tuple[float, float], tuple[float | None, float | None]]:
    """(x, y) of every estimate of a row figure with the ends of its interval, read off the figure alone."""
    return {
        (x, y): tuple(ends)
        for trace in figure["data"]
        if "customdata" in trace and trace["mode"] == "markers"
        for x, y, ends in zip(trace["x"], trace["y"], trace["customdata"], strict=True)
    }


def assert_plain(figure: str, again: str) -> None:
    """A figure's JSON is the same each time, has no number that is none, and calls for nothing from outside."""
    assert figure == again
    assert "NaN" not in figure
    assert "http" not in figure
    assert "//" not in figure
