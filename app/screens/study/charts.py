"""The report's charts on the page: what they show comes from the report, plotly draws it."""

import plotly.graph_objects as go

from app.components.plots import calm
from brainlab.reading.report.charts.chart import Chart, Series

FAINT = "rgba(128,128,128,0.85)"
GRID = "rgba(128,128,128,0.2)"
MARGIN = 0.02
"""Part of an axis beyond its ends, so that marks on them are whole."""

TICK = 0.2
ROW_PX, SERIES_PX, LINES_PX, SQUARE_PX = 26, 16, 340, 460


def chart_figure(chart: Chart) -> go.Figure:
    """Draw a chart of the report; hovering gives value and interval."""
    figure = go.Figure([_trace(chart, series) for series in chart.series])
    figure.update_xaxes(title=chart.x_title, gridcolor=GRID, zeroline=False)
    figure.update_yaxes(title=chart.y_title or None, gridcolor=GRID, zeroline=False)
    if chart.percent_x:
        figure.update_xaxes(tickformat=".0%")
    if chart.percent_y:
        figure.update_yaxes(tickformat=".0%")
    if chart.log_y:
        figure.update_yaxes(type="log")
    for update, limits in ((figure.update_xaxes, chart.x_range), (figure.update_yaxes, chart.y_range)):
        if limits:
            low, high = limits
            update(range=(low - MARGIN * (high - low), high + MARGIN * (high - low)), dtick=TICK)
    if chart.reference is not None:
        figure.add_vline(chart.reference, line={"color": FAINT, "dash": "dash", "width": 1})
    if chart.diagonal:
        line = {"color": FAINT, "dash": "dash", "width": 1}
        figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line=line, layer="below")
    figure.update_layout(title={"text": chart.title, "font": {"size": 15}, "x": 0}, showlegend=chart.named)
    calm(figure, _height(chart), top=64 if chart.named else 40)
    figure.update_layout(legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"})
    if chart.kind == "intervals":
        rows = list(range(len(chart.rows)))
        figure.update_yaxes(tickvals=rows, ticktext=chart.rows, range=[len(rows) - 0.5, -0.5], showgrid=False)
    if chart.diagonal:
        figure.update_yaxes(scaleanchor="x", constrain="domain")
        figure.update_xaxes(constrain="domain", constraintoward="left")
        figure.update_layout(legend={"orientation": "v", "x": 1, "xanchor": "right", "y": 0, "yanchor": "bottom"})
    return figure


def _height(chart: Chart) -> int:
    if chart.kind == "intervals":
        return 130 + len(chart.rows) * (ROW_PX + SERIES_PX * len(chart.series))
    return SQUARE_PX if chart.diagonal else LINES_PX


def _trace(chart: Chart, series: Series) -> go.Scatter:
    value = ".0%" if chart.percent_x else ".2f"
    marker = {"color": series.colour, "symbol": series.mark, "size": 9}
    if chart.kind == "lines":
        share = ".1%" if chart.percent_y else ".3g"
        where = "%{x:.0%}" if chart.percent_x else "%{x:.0f}"
        return go.Scatter(
            x=series.x,
            y=series.y,
            name=series.name,
            mode="lines+markers" if chart.diagonal else "lines",
            line={"color": series.colour, "width": 2},
            marker={**marker, "size": 6},
            hovertemplate=f"{where}: %{{y:{share}}}",
        )
    known = [low is not None and high is not None for low, high in zip(series.low, series.high, strict=True)]
    ends = list(zip(series.x, series.low, series.high, known, strict=True))
    return go.Scatter(
        x=series.x,
        y=series.y,
        name=series.name,
        mode="markers",
        marker=marker,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - x if there and high is not None else 0 for x, _, high, there in ends],
            "arrayminus": [x - low if there and low is not None else 0 for x, low, _, there in ends],
            "thickness": 2,
            "width": 0,
        },
        customdata=[
            [row, f"{low:{value}} to {high:{value}}" if there else "no interval"]
            for row, (_, low, high, there) in zip(series.labels, ends, strict=True)
        ],
        hovertemplate=f"%{{customdata[0]}}: %{{x:{value}}} (%{{customdata[1]}})",
    )
