"""The page's charts show what the report's charts say, no more and no less."""

import pytest

from app.screens.study.charts import chart_figure
from brainlab.reading.report.charts.chart import Chart, Series, interval_chart

CELLS = {
    "R1": {"scans": {"value": 0.9, "low": 0.7, "high": 1.0}, "model": {"value": 0.0, "low": None, "high": None}},
    "R2": {"scans": {"value": None, "low": None, "high": None}, "model": {"value": 0.4, "low": 0.2, "high": 0.6}},
}


@pytest.fixture
def intervals() -> Chart:
    return interval_chart("x", "Title", ["scans", "model"], CELLS, "share", x_range=(0.0, 1.0), percent_x=True)


def test_every_dot_has_its_interval_and_an_undefined_one_no_place(intervals):
    first, second = chart_figure(intervals).data
    assert (first.name, list(first.x)) == ("R1", [0.9, 0.0])
    assert list(first.error_x.array) == pytest.approx([0.1, 0])
    assert list(first.error_x.arrayminus) == pytest.approx([0.2, 0])
    assert [row[1] for row in first.customdata] == ["70% to 100%", "no interval"]
    assert list(second.x) == [0.4]


def test_rows_are_read_from_the_top_and_their_series_do_not_overlap(intervals):
    figure = chart_figure(intervals)
    assert list(figure.layout.yaxis.ticktext) == ["scans", "model"]
    low, high = figure.layout.yaxis.range
    assert low > high
    first, second = figure.data
    assert first.y[1] < second.y[0] < 1.5


def test_marks_on_the_ends_of_an_axis_are_whole(intervals):
    low, high = chart_figure(intervals).layout.xaxis.range
    assert low < 0
    assert high > 1


def test_a_roc_chart_is_square_with_the_line_of_chance():
    line = Series("R1: area 0.75", (0.0, 0.5, 1.0), (0.0, 1.0, 1.0))
    figure = chart_figure(Chart("roc", "ROC", "lines", (line,), "x", "y", diagonal=True))
    assert figure.layout.yaxis.scaleanchor == "x"
    assert len(figure.layout.shapes) == 1
    assert list(figure.data[0].y) == [0, 1, 1]
