"""Charts drawn as SVG, for a report that is one file, prints sharp and needs no network."""

import io
from dataclasses import replace
from functools import lru_cache

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, PercentFormatter

from brainlab.figures.sheet import FAINT, INK, house_style
from brainlab.reading.report.charts.chart import Chart
from brainlab.reading.report.fonts import chart_families, chart_text, letters_wide

WIDTH_IN = 7.5
ROW_IN = 0.15
"""Height of one series in one row."""

CURVES_IN = 2.7
SQUARE_IN = 3.1
LABEL_IN = 0.065
"""Width that one letter of a row's name takes."""

GRID = "#e6e9ec"
KEY_COLUMNS = 5
MARKS = {"circle": "o", "diamond": "D", "square": "s", "triangle-up": "^", "cross": "X"}


@lru_cache(maxsize=64)
def chart_svg(chart: Chart) -> str:
    """Return a chart as SVG text, letters as paths; the same chart gives the same text."""
    chart = _drawn_as(chart)
    with house_style():
        matplotlib.rcParams["svg.hashsalt"] = chart.key  # names inside differ from chart to chart of one page
        matplotlib.rcParams["font.family"] = chart_families(_texts(chart))
        figure, axes = _canvas(chart)
        (_intervals if chart.kind == "intervals" else _lines)(axes, chart)
        _frame(axes, chart)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = out.getvalue()
    return text[text.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{_plain(chart.title)}" ', 1)


def _texts(chart: Chart) -> list[str]:
    """Every text of a chart that may hold names."""
    return [chart.title, chart.x_title, chart.y_title, *chart.rows, *(series.name for series in chart.series)]


def _drawn_as(chart: Chart) -> Chart:
    """Return a chart whose texts can be drawn whatever their script."""
    series = tuple(replace(one, name=chart_text(one.name)) for one in chart.series)
    return replace(chart, title=chart_text(chart.title), rows=tuple(map(chart_text, chart.rows)), series=series)


def _canvas(chart: Chart) -> tuple[Figure, Axes]:
    """Return a figure with room for the title, the key, the names of rows and the axis."""
    head = 0.34 + 0.2 * (-(-len(chart.series) // KEY_COLUMNS) if chart.named and not chart.diagonal else 0)
    if chart.kind == "intervals":
        body = len(chart.rows) * (0.2 + ROW_IN * len(chart.series))
        left = min(3.0, 0.25 + LABEL_IN * max(map(letters_wide, chart.rows), default=0))
        width = WIDTH_IN - left - 0.3
    elif chart.diagonal:
        body, left, width = SQUARE_IN, 0.65, SQUARE_IN
    else:
        body, left, width = CURVES_IN, 0.65, WIDTH_IN - 0.95
    height = head + body + 0.5
    figure = Figure(figsize=(WIDTH_IN, height), facecolor="white")
    axes = figure.add_axes((left / WIDTH_IN, 0.5 / height, width / WIDTH_IN, body / height))
    figure.text(0.1 / WIDTH_IN, 1 - 0.06 / height, chart.title, va="top", fontsize=9.5, fontweight="bold")
    if chart.diagonal:
        axes.set_aspect("equal")
    return figure, axes


def _intervals(axes: Axes, chart: Chart) -> None:
    for series in chart.series:
        for value, y, low, high in zip(series.x, series.y, series.low, series.high, strict=True):
            if low is not None and high is not None:
                axes.plot([low, high], [y, y], color=series.colour, linewidth=1.6, solid_capstyle="butt", zorder=2)
            axes.plot([value], [y], MARKS[series.mark], color=series.colour, markersize=4.6, zorder=3)
        axes.plot([], [], MARKS[series.mark], color=series.colour, markersize=4.6, label=series.name)
    axes.set_yticks(range(len(chart.rows)), chart.rows)
    axes.set_ylim(len(chart.rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _lines(axes: Axes, chart: Chart) -> None:
    for series in chart.series:
        mark = MARKS[series.mark] if chart.diagonal else ""
        axes.plot(
            series.x, series.y, color=series.colour, linewidth=1.5, marker=mark, markersize=3.4, label=series.name
        )
    if chart.diagonal:
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.grid(axis="y", color=GRID, linewidth=0.5)


def _frame(axes: Axes, chart: Chart) -> None:
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=GRID, linewidth=0.5)
    axes.set_xlabel(chart.x_title)
    axes.set_ylabel(chart.y_title)
    if chart.log_y:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(
            FuncFormatter(lambda value, _: f"{value:g}") if _narrow(chart) else NullFormatter()
        )
    for limits, wanted in ((axes.set_xlim, chart.x_range), (axes.set_ylim, chart.y_range)):
        if wanted:
            margin = 0.012 * (wanted[1] - wanted[0])
            limits(wanted[0] - margin, wanted[1] + margin)
    for axis, percent in ((axes.xaxis, chart.percent_x), (axes.yaxis, chart.percent_y)):
        if percent:
            axis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    if chart.reference is not None:
        axes.axvline(chart.reference, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    if chart.named and chart.diagonal:
        axes.legend(loc="upper left", bbox_to_anchor=(1.05, 1.0), borderaxespad=0)
    elif chart.named:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            borderaxespad=0.15,
            ncols=min(KEY_COLUMNS, len(chart.series)),
            handletextpad=0.3,
            columnspacing=1.0,
        )


def _narrow(chart: Chart) -> bool:
    """Whether a logarithmic axis spans so little that its minor steps need numbers."""
    values = [value for series in chart.series for value in series.y]
    return bool(values) and max(values) < 5 * min(values)


def _plain(text: str) -> str:
    return text.replace("&", "and").replace('"', "'").replace("<", "").replace(">", "")
