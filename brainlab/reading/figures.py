"""Figures of a report as SVG text, so that a report is one file that opens anywhere and prints sharp."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's colours, which colour-blind readers tell apart."""

INK, GRID = "#24292f", "#d8dee4"
LEFT, ROW, TOP, WIDTH = 190, 15, 46, 760


def interval_figure(
    groups: Sequence[str],
    series: Mapping[str, Mapping[str, Mapping[str, Any]]],
    title: str,
    *,
    low: float = 0.0,
    high: float = 1.0,
    reference: float | None = None,
    percent: bool = True,
    steps: int = 5,
) -> str:
    """Draw one dot with its interval for each group and series, groups below one another.

    `series` maps a name (a reader) to {group: {value, low, high}}; an undefined value leaves its place empty, an
    absent interval draws the dot alone. `reference` is a dashed vertical line, such as chance; `steps` counts the
    intervals of the axis. Returns SVG.
    """
    names = list(series)
    band = ROW * len(names) + 14
    height = TOP + band * len(groups) + 34

    def x(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - 30)

    parts = [f'<text x="12" y="20" font-size="14" font-weight="600">{escape(title)}</text>', _legend(names)]
    for step in range(steps + 1):
        value = low + (high - low) * step / steps
        label = f"{value:.0%}" if percent else f"{value:.1f}"
        parts.append(
            f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{TOP}" y2="{height - 30}" stroke="{GRID}"/>'
            f'<text x="{x(value):.1f}" y="{height - 12}" font-size="11" text-anchor="middle">{label}</text>'
        )
    if reference is not None:
        parts.append(
            f'<line x1="{x(reference):.1f}" x2="{x(reference):.1f}" y1="{TOP}" y2="{height - 30}" stroke="{INK}" '
            'stroke-dasharray="4 4"/>'
        )
    for row, group in enumerate(groups):
        top = TOP + band * row
        middle = top + band / 2 + 4
        parts.append(f'<text x="{LEFT - 12}" y="{middle:.1f}" font-size="12" text-anchor="end">{escape(group)}</text>')
        for number, name in enumerate(names):
            figure = series[name].get(group)
            if figure and figure["value"] is not None:
                parts.append(_dot(figure, x, top + 7 + ROW * (number + 0.5), COLOURS[number % len(COLOURS)]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}" font-family="system-ui, sans-serif" fill="{INK}">'
        f'<rect width="100%" height="100%" rx="6" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _legend(names: Sequence[str]) -> str:
    """Return the colour key, right-aligned in the title's line."""
    parts, right = [], WIDTH - 20
    for number, name in reversed(list(enumerate(names))):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(
            f'<text x="{right}" y="20" font-size="12" text-anchor="end">{escape(name)}</text>'
            f'<circle cx="{right - 7 * len(name) - 10}" cy="16" r="4" fill="{colour}"/>'
        )
        right -= 7 * len(name) + 30
    return "".join(parts)


def _dot(figure: Mapping[str, Any], x: Any, y: float, colour: str) -> str:
    """Return a dot with its interval and a tooltip."""
    line = ""
    if figure.get("low") is not None and figure.get("high") is not None:
        line = (
            f'<line x1="{x(figure["low"]):.1f}" x2="{x(figure["high"]):.1f}" y1="{y}" y2="{y}" stroke="{colour}" '
            'stroke-width="2.5" stroke-linecap="round"/>'
        )
    return f'<g>{line}<circle cx="{x(figure["value"]):.1f}" cy="{y}" r="4.5" fill="{colour}"/></g>'
