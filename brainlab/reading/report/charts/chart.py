"""What a chart shows, apart from how it is drawn: the page draws it with plotly, files with matplotlib."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's colours, which colour-blind readers tell apart on white and on dark."""

MARKS = ("circle", "diamond", "square", "triangle-up", "cross")
"""A second way to tell series apart; goes on where the colours begin anew."""

SPREAD = 0.62
"""Part of a row that its series share."""


@dataclass(frozen=True)
class Series:
    """One named line or set of dots. low, high: ends of each dot's interval along x, None where there is none."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    labels: tuple[str, ...] = ()
    number: int = 0

    @property
    def colour(self) -> str:
        return COLOURS[self.number % len(COLOURS)]

    @property
    def mark(self) -> str:
        return MARKS[(self.number + self.number // len(COLOURS)) % len(MARKS)]


@dataclass(frozen=True)
class Chart:
    """A chart. kind: `intervals` has named rows from the top, `lines` has curves.

    rows: names of the rows of `intervals`. x_range, y_range: of the axes; None fits the data.
    reference: a dashed vertical line. diagonal: a dashed line of chance, on a square chart. percent: axes as percent.
    """

    key: str
    title: str
    kind: Literal["intervals", "lines"]
    series: tuple[Series, ...]
    x_title: str
    y_title: str = ""
    rows: tuple[str, ...] = ()
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    reference: float | None = None
    diagonal: bool = False
    percent_x: bool = False
    percent_y: bool = False
    log_y: bool = False

    @property
    def named(self) -> bool:
        """Whether a key of the series is needed."""
        return len(self.series) > 1 or self.kind == "lines"


def interval_chart(
    key: str,
    title: str,
    rows: Sequence[str],
    series: Mapping[str, Mapping[str, Mapping[str, Any]]],
    x_title: str,
    **options: Any,
) -> Chart:
    """Return a chart of dots with intervals, `series` {name: {row: {value, low, high}}}; undefined values have none."""
    drawn = []
    for number, (name, figures) in enumerate(series.items()):
        shift = SPREAD * ((number + 0.5) / len(series) - 0.5)
        there = [(place, figures[row]) for place, row in enumerate(rows) if row in figures]
        there = [(place, figure) for place, figure in there if figure["value"] is not None]
        drawn.append(
            Series(
                name,
                tuple(figure["value"] for _, figure in there),
                tuple(place + shift for place, _ in there),
                tuple(figure.get("low") for _, figure in there),
                tuple(figure.get("high") for _, figure in there),
                tuple(rows[place] for place, _ in there),
                number,
            )
        )
    return Chart(key, title, "intervals", tuple(drawn), x_title, rows=tuple(rows), **options)
