"""Interactive charts: estimates as Plotly figures, in Plotly's own JSON.

Each function takes finished numbers and returns plain values (a dict of data and layout), so a web process need not
load Plotly's Python side to serve them; `figure_frame.as_json` makes them safe to stand inside a page. Nothing is
computed here but places. The page hands in its width, for the number of columns and the breaks of lines, and its theme.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from typing import Any

from analysis.figure_frame import (
    RIGHT,
    SMALL,
    TEXT,
    Figure,
    broken,
    empty_figure,
    note,
    room_for,
    row_names,
    still_axis,
)
from analysis.palette import MARKS, THEMES, Theme, ThemeName, legible_on
from analysis.panels import (
    Axis,
    Labels,
    Panel,
    Rated,
    Row,
    axis_of,
    has_estimate,
    has_interval,
    indicator_panels,
    lowest_first,
    mark_rank,
    mark_word,
    mode_panels,
    sentence,
    tick_text,
)

_ROW = 28  # px between rows of a panel
_PANEL_TOP = 52  # px above a panel for its title and the target's value
_PANEL_BOTTOM = 30  # px below it for the axis
_GHOST = 0.27  # of a row: how far below its line the previous wave lies, so that neither hides the other


@dataclass(frozen=True, slots=True)
class QuotaCount:
    """One quota cell: its district (a code), its stratum in two steps such as ("F", "18-34"), and its counts."""

    district: str
    group: str
    subgroup: str
    completed: int
    target: int


def rates_by_district(
    rates: Sequence[Rated],
    labels: Labels,
    *,
    targets: Mapping[str, float],
    districts: Sequence[str] = (),
    flags: Mapping[tuple[str, str], str] | None = None,
    previous: Sequence[Rated] = (),
    theme: ThemeName = "light",
    width: int = 960,
) -> Figure:
    """Dot and interval of each district, a panel for each indicator. Raises ValueError where modes are mixed."""
    panels = indicator_panels(rates, labels, domains=districts, targets=targets, flags=flags, previous=previous)
    return dot_interval_figure(panels, labels, theme=theme, width=width)


def neighbourhood_caterpillar(
    rates: Sequence[Rated],
    labels: Labels,
    *,
    target: float,
    flags: Mapping[str, str],
    most: int | None = 60,
    theme: ThemeName = "light",
    width: int = 960,
) -> Figure:
    """Neighbourhoods on one indicator, lowest first, flags by shape and colour; `most` keeps the lowest so many."""
    by_indicator = {(rate.indicator, rate.domain): flags.get(rate.domain, "") for rate in rates}
    targets = {rate.indicator: target for rate in rates}
    panels = indicator_panels(rates, labels, targets=targets, flags=by_indicator)
    if len(panels) > 1:
        raise ValueError("a caterpillar chart shows one indicator")
    return dot_interval_figure(
        [lowest_first(panel, most) for panel in panels], labels, theme=theme, width=width, row=22
    )


def modes_beside(
    rates: Sequence[Rated],
    labels: Labels,
    *,
    targets: Mapping[str, float],
    modelled: Sequence[str] = ("open_qr",),
    theme: ThemeName = "light",
    width: int = 960,
) -> Figure:
    """Modes of one domain set apart on a common axis; intervals of self-selected answers are dashed, being modelled."""
    panels = mode_panels(rates, labels, modelled=modelled, targets=targets)
    return dot_interval_figure(panels, labels, theme=theme, width=width, row=34)


def dot_interval_figure(
    panels: Sequence[Panel], labels: Labels, *, theme: ThemeName = "light", width: int = 960, row: int = _ROW
) -> Figure:
    """Panels side by side where they fit, each on its own padded axis, with one legend for all. `row` px a row."""
    look = THEMES[theme]
    lines = max(1, -(-len(panels) // max(1, width // 420)))
    columns = max(1, -(-len(panels) // lines))
    names, size, row = row_names([one.name for panel in panels for one in panel.rows], 0.4 * width, row)
    tall = max((len(panel.rows) for panel in panels), default=0) * row
    each = _PANEL_TOP + tall + _PANEL_BOTTOM
    inner = each * lines
    left = room_for(names.values(), size)
    figure = empty_figure(labels, look, width=width, left=left, inner=inner)
    gap = 28 / (width - left - RIGHT)
    share = (1 - gap * (columns - 1)) / columns
    for number, panel in enumerate(panels):
        line, column = divmod(number, columns)
        across = (column * (share + gap), column * (share + gap) + share)
        top = 1 - (line * each + _PANEL_TOP) / inner
        own = tuple(names[one.name] for one in panel.rows) if column == 0 else ()
        place = _Place(number + 1, across, (top - row * len(panel.rows) / inner, top), own, size)
        _add_panel(figure, panel, place, labels, look)
    _show_each_legend_entry_once(figure)
    return figure


def quota_heat(cells: Iterable[QuotaCount], labels: Labels, *, theme: ThemeName = "light", width: int = 960) -> Figure:
    """Districts against strata, each cell its completed of target, darker the fuller. A cell without target says so.

    Districts and strata keep the order in which they come.
    """
    look = THEMES[theme]
    found = {(cell.district, (cell.group, cell.subgroup)): cell for cell in cells}
    districts = tuple(dict.fromkeys(district for district, _ in found))
    strata = tuple(dict.fromkeys(stratum for _, stratum in found))
    names = [broken(labels.name(code), 0.2 * width, TEXT) for code in districts]
    figure = empty_figure(labels, look, width=width, left=room_for(names, TEXT), inner=56 + 40 * len(districts))
    rows = [[found.get((district, stratum)) for stratum in strata] for district in districts]
    columns = [escape(labels.name(subgroup), quote=False) for _, subgroup in strata]
    filled = [[_filled(cell) for cell in row] for row in rows]
    figure["data"].append(
        {
            "type": "heatmap",
            "x": list(range(len(strata))),
            "y": list(range(len(districts))),
            "z": filled,
            "zmin": 0,
            "zmax": 1,
            "colorscale": [[0, look.low], [1, look.high]],
            "showscale": False,
            "xgap": 2,
            "ygap": 2,
            "hoverinfo": "skip",
        }
    )
    figure["layout"] |= {
        "xaxis": still_axis(
            tickvals=list(range(len(strata))), ticktext=columns, side="top", tickfont={"size": SMALL}, tickangle=0
        ),
        "yaxis": still_axis(tickvals=list(range(len(districts))), ticktext=names, range=[len(districts) - 0.5, -0.5])
        | {"domain": [0, 1 - 56 / (56 + 40 * len(districts))]},
    }
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            text = f"{cell.completed}/{cell.target}" if cell is not None and cell.target else "–"
            colour = look.quiet if text == "–" else legible_on(_mix(look.low, look.high, _filled(cell) or 0.0))
            figure["layout"]["annotations"].append(
                {"x": x, "y": y, "text": text, "showarrow": False, "font": {"size": SMALL, "color": colour}}
            )
    for group in dict.fromkeys(group for group, _ in strata):
        own = [x for x, stratum in enumerate(strata) if stratum[0] == group]
        figure["layout"]["annotations"].append(
            note(labels.name(group), look.ink, TEXT)
            | {"x": (own[0] + own[-1]) / 2, "yref": "paper", "y": 1, "yanchor": "top"}
        )
    return figure


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a panel lies: its number from 1, its stretch across and up the figure (0..1); and its rows' names, if any.

    In a line of panels only the first names its rows.
    """

    number: int
    across: tuple[float, float]
    up: tuple[float, float]
    names: tuple[str, ...]
    size: int  # px of the names

    def axis(self, letter: str) -> str:
        """Plotly's name of the panel's axis: x, x2, x3 …"""
        return letter if self.number == 1 else f"{letter}{self.number}"


def _add_panel(figure: Figure, panel: Panel, place: _Place, labels: Labels, look: Theme) -> None:
    axis = axis_of([panel])
    x, y = place.axis("x"), place.axis("y")
    layout = figure["layout"]
    number = x[1:]
    layout[f"xaxis{number}"] = still_axis(
        domain=list(place.across),
        anchor=y,
        range=[axis.lower, axis.upper],
        tickvals=list(axis.ticks),
        ticktext=[tick_text(tick) for tick in axis.ticks],
        tickfont={"size": SMALL, "color": look.quiet},
        showgrid=True,
        gridcolor=look.hairline,
    )
    layout[f"yaxis{number}"] = still_axis(
        domain=list(place.up),
        anchor=x,
        range=[len(panel.rows) - 0.5, -0.5],
        tickvals=list(range(len(panel.rows))),
        ticktext=list(place.names),
        tickfont={"size": place.size},
        showticklabels=bool(place.names),
    )
    title = note(f"<b>{escape(panel.title, quote=False)}</b>", look.ink, TEXT, escaped=True)
    edge = {"xref": "paper", "x": place.across[0], "xanchor": "left", "yref": "paper", "y": place.up[1]}
    layout["annotations"].append(title | edge | {"yanchor": "bottom", "yshift": 20})
    if panel.target is not None:
        layout["shapes"].append(_target_line(panel.target, x, f"{y} domain", look))
        at = axis.at(panel.target)
        side = "left" if at < 0.2 else "right" if at > 0.8 else "center"
        words = note(f"{labels.target} {tick_text(panel.target)}", look.quiet, SMALL)
        above = {"xref": x, "x": panel.target, "xanchor": side, "yref": f"{y} domain", "y": 1, "yanchor": "bottom"}
        layout["annotations"].append(words | above)
    on = {"xaxis": x, "yaxis": y}
    figure["data"] += [trace | on for trace in _traces(panel, axis, labels, look)]


def _traces(panel: Panel, axis: Axis, labels: Labels, look: Theme) -> list[dict[str, Any]]:
    """Previous wave, then intervals and marks of each flag, then the words where there is no estimate."""
    rows = list(enumerate(panel.rows))
    traces = []
    before = [(y, row.previous) for y, row in rows if row.previous is not None and has_estimate(row.previous)]
    if before:
        shares = [estimate.value for _, estimate in before]
        below = [y + _GHOST for y, _ in before]
        name = {"name": escape(labels.previous, quote=False), "legendrank": 20, "hoverinfo": "skip"}
        traces.append({"x": shares, "y": below} | name | _marks("circle-open", look.quiet))
    drawn = [(y, row) for y, row in rows if has_estimate(row.estimate)]
    for flag, modelled in dict.fromkeys((row.flag, row.modelled) for _, row in drawn):
        own = [(y, row) for y, row in drawn if (row.flag, row.modelled) == (flag, modelled)]
        colour = look.flags.get(flag, look.series[1 if modelled else 0])
        traces += [_interval_lines(own, colour, modelled), _estimates(own, flag, colour, labels)]
    blank = [y for y, row in rows if not has_estimate(row.estimate)]
    if blank:
        words = [escape(labels.no_estimate, quote=False)] * len(blank)
        font = {"size": SMALL, "color": look.quiet}
        place = {
            "x": [axis.lower + 0.02 * (axis.upper - axis.lower)] * len(blank),
            "y": blank,
            "textposition": "middle right",
            "textfont": font,
        }
        traces.append(
            {"type": "scatter", "mode": "text", "text": words, "hoverinfo": "skip", "showlegend": False} | place
        )
    return traces


def _interval_lines(rows: Sequence[tuple[int, Row]], colour: str, modelled: bool) -> dict[str, Any]:
    ended = [(y, row.estimate) for y, row in rows if has_interval(row.estimate)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [end for _, estimate in ended for end in (estimate.lower, estimate.upper, None)],
        "y": [end for y, _ in ended for end in (y, y, None)],
        "line": {"width": 2, "color": colour, "dash": "dash" if modelled else "solid"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _estimates(rows: Sequence[tuple[int, Row]], flag: str, colour: str, labels: Labels) -> dict[str, Any]:
    return {
        "x": [row.estimate.value for _, row in rows],
        "y": [y for y, _ in rows],
        "customdata": [[_finite(row.estimate.lower), _finite(row.estimate.upper), row.estimate.n] for _, row in rows],
        "text": [escape(sentence(row, labels), quote=False) for _, row in rows],
        "hovertemplate": "%{text}<extra></extra>",
        "name": escape(mark_word(rows[0][1], labels), quote=False),
        "legendrank": mark_rank(flag),
    } | _marks(MARKS.get(flag, "circle"), colour)


def _marks(symbol: str, colour: str) -> dict[str, Any]:
    marker: dict[str, Any] = {"symbol": symbol, "size": 8 if symbol.startswith("circle") else 10, "color": colour}
    if symbol.endswith("open"):
        marker["line"] = {"width": 1.5}
    return {"type": "scatter", "mode": "markers", "marker": marker, "cliponaxis": False}


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _show_each_legend_entry_once(figure: Figure) -> None:
    seen = set()
    for trace in figure["data"]:
        if "name" in trace:
            trace["legendgroup"] = trace["name"]
            trace["showlegend"] = trace["name"] not in seen
            seen.add(trace["name"])
    figure["layout"]["showlegend"] = len(seen) > 0


def _target_line(target: float, xref: str, yref: str, look: Theme) -> dict[str, Any]:
    line = {"color": look.quiet, "width": 1, "dash": "dash"}
    return {"type": "line", "x0": target, "x1": target, "xref": xref, "y0": 0, "y1": 1, "yref": yref, "line": line}


def _filled(cell: QuotaCount | None) -> float | None:
    return min(1.0, cell.completed / cell.target) if cell is not None and cell.target else None


def _mix(low: str, high: str, share: float) -> str:
    """The colour of the scale at a share, as Plotly interpolates it: evenly in red, green and blue."""
    parts = [(int(low[at : at + 2], 16), int(high[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(one + (other - one) * share):02X}" for one, other in parts)
