"""What charts show is what came in."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from brainlab.figures.charts import boxes, curve, distributions, key, scatter

COLOURS = {"a": "#56b4e9", "b": "#e69f00"}


@pytest.fixture
def axes():
    return Figure().add_subplot()


def test_every_point_is_shown_and_groups_differ_in_mark_and_colour(axes):
    points = {"a": np.zeros((3, 2)), "b": np.ones((4, 2))}
    scatter(axes, points, {"b": np.full((5, 2), 2.0)}, COLOURS)
    assert sorted(len(part.get_offsets()) for part in axes.collections) == [3, 4, 5]
    a, b = (next(part for part in axes.collections if len(part.get_offsets()) == n) for n in (3, 4))
    assert not np.array_equal(a.get_facecolor(), b.get_facecolor())
    assert not np.array_equal(a.get_paths()[0].vertices, b.get_paths()[0].vertices)


def test_boxes_stand_in_order_with_their_medians(axes):
    boxes(axes, {"a": np.array([1.0, 2.0, 9.0]), "b": np.array([4.0, 5.0, 6.0])}, list(COLOURS.values()))
    labels = {label.get_text(): label.get_position()[1] for label in axes.get_yticklabels()}
    assert labels["a"] > labels["b"]
    medians = [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 1.4]
    assert medians == [2.0, 5.0]


def test_each_group_adds_up_to_one_and_marked_values_are_within_range(axes):
    random = np.random.default_rng(0)
    distributions(axes, {"a": random.normal(size=40), "b": random.normal(size=7)}, COLOURS, np.array([-9.0, 9.0]))
    outlines = [patch for patch in axes.patches if patch.get_label() in COLOURS]
    assert [patch.get_data().values.sum() for patch in outlines] == pytest.approx([1, 1])
    assert all(patch.get_data().edges[0] == -9 and patch.get_data().edges[-1] == 9 for patch in outlines)
    assert [line.get_xdata()[0] for line in axes.lines] == [-9, 9]
    other = axes.figure.add_subplot()
    key(other, axes)
    assert [text.get_text() for text in other.get_legend().get_texts()] == ["a", "b"]


def test_a_curve_has_each_value_and_marks_the_last(axes):
    curve(axes, np.arange(1.0, 31), np.arange(30.0) ** 2, COLOURS["a"])
    line, end = axes.lines
    assert line.get_xydata().tolist() == [[n + 1, n**2] for n in range(30)]
    assert end.get_xydata().tolist() == [[30, 841]]
    assert all(tick == round(tick) for tick in axes.get_xticks())
