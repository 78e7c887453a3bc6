"""The risk map as plain values: a tile an area, in blocks by district, shaded by its chance of missing the target.

The tiles know nothing of where areas lie; they are an index with a stable order, by the codes of districts and then of
areas, that a reader finds again in every wave. A choropleth makes the emptiest area the loudest; tiles are all alike.
The chance is written in each tile, since a shade alone is no number and is lost to some eyes: colour in few classes
(Harrower & Brewer 2003, The Cartographic Journal 40:27), at risk marked, predicted areas round and in brackets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from analysis.area_charts.words import AreaLabels, chance, chance_figure
from analysis.panels import percent
from analysis.risk import FlagKind
from analysis.small_area.areas import AreaError, Source
from analysis.small_area.flags import AreaFlag, FlagRules, Flags

HALF = 0.5  # more likely below the target than not
AT_RISK = "▲"


@dataclass(frozen=True, slots=True)
class Tile:
    """An area. shade: its class, 0 the smallest chance; figure: the chance in per cent; hollow: nobody was asked."""

    name: str
    code: str
    shade: int
    figure: str
    at_risk: bool
    hollow: bool
    words: str


@dataclass(frozen=True, slots=True)
class Block:
    """A district's tiles, and what stands above them."""

    words: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class TileMap:
    """Blocks in order. classes: the words of each shade, the smallest chance first."""

    blocks: tuple[Block, ...]
    classes: tuple[str, ...]
    labels: AreaLabels

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """All tiles, block by block."""
        return tuple(tile for block in self.blocks for tile in block.tiles)

    @property
    def described(self) -> str:
        """The map in words: what each district has at risk."""
        return "; ".join([self.labels.subtitle, *(block.words for block in self.blocks)])


@dataclass(frozen=True, slots=True)
class Laid:
    """Where a block lies: which of the blocks abreast it is, and the lines (of tiles and of words) above it."""

    block: Block
    abreast: int
    line: int  # of its words; its tiles follow


def risk_map(flags: Flags, labels: AreaLabels, districts: Mapping[str, str]) -> TileMap:
    """districts: the district's code of every area. Raises AreaError naming an area without one."""
    bounds = bounds_of(flags.rules)
    blocks: dict[str, list[AreaFlag]] = {}
    for area in sorted(flags.areas, key=lambda area: area.name):
        if area.name not in districts:
            raise AreaError(f"{area.name}: its district is not known. Give the district of every area.")
        blocks.setdefault(districts[area.name], []).append(area)
    return TileMap(
        blocks=tuple(_block(code, blocks[code], bounds, flags.rules, labels) for code in sorted(blocks)),
        classes=class_words(bounds, labels),
        labels=labels,
    )


def bounds_of(rules: FlagRules) -> tuple[float, ...]:
    """Where one shade ends and the next begins: the bounds of the flags, of the screen, and one half."""
    return tuple(sorted({rules.safe, rules.screen, HALF, rules.at_risk}))


def shade(below: float, bounds: tuple[float, ...], rules: FlagRules) -> int:
    """The class of a chance: on the bound of `safe` still safe, on every other bound in the class above it."""
    return sum(below > bound if bound <= rules.safe else below >= bound for bound in bounds)


def class_words(bounds: tuple[float, ...], labels: AreaLabels) -> tuple[str, ...]:
    """Each class in per cent: 0–10%, 10–30%, …"""
    ends = [f"{100 * bound:g}" for bound in (0.0, *bounds, 1.0)]
    return tuple(f"{low}{labels.to}{high}%" for low, high in pairwise(ends))


def tile_words(area: AreaFlag, labels: AreaLabels) -> str:
    """All that is said of an area, in words."""
    said = [
        f"{labels.name(area.name)}: {labels.below} {chance(area.below)}",
        f"{labels.rate} {percent(area.mean)} ({100 * area.lower:.1f}{labels.to}{100 * area.upper:.1f})",
        labels.flags.get(area.kind.value, area.kind.value),
        *([labels.predicted] if area.source is Source.PREDICTION else []),
    ]
    return labels.comma.join(said)


def laid_out(chart: TileMap, across: int, abreast: int) -> tuple[tuple[Laid, ...], int]:
    """Blocks `across` tiles wide, so many abreast, in reading order; and the number of lines of all."""
    found = []
    line = 0
    for start in range(0, len(chart.blocks), abreast):
        beside = chart.blocks[start : start + abreast]
        found += [Laid(block, place, line) for place, block in enumerate(beside)]
        line += 1 + max(-(-len(block.tiles) // across) for block in beside)
    return tuple(found), line


def _block(code: str, areas: list[AreaFlag], bounds: tuple[float, ...], rules: FlagRules, labels: AreaLabels) -> Block:
    tiles = tuple(
        Tile(
            name=labels.name(area.name),
            code=area.name,
            shade=shade(area.below, bounds, rules),
            figure=_figure(area),
            at_risk=area.kind is FlagKind.AT_RISK,
            hollow=area.source is Source.PREDICTION,
            words=tile_words(area, labels),
        )
        for area in areas
    )
    at_risk = labels.flags.get(FlagKind.AT_RISK.value, FlagKind.AT_RISK.value)
    count = sum(tile.at_risk for tile in tiles)
    return Block(f"{labels.name(code)} · {at_risk} {count}/{len(tiles)}", tiles)


def _figure(area: AreaFlag) -> str:
    figure = chance_figure(area.below)
    return f"({figure})" if area.source is Source.PREDICTION else figure
