"""Bland-Altman panels and paired bars: what is drawn where."""

import numpy as np
from matplotlib.figure import Figure

from brainlab.figures.agreement import bland_altman_plot, paired_bars

COLOURS = {"controls": "#56b4e9", "patients": "#e69f00"}


def test_a_group_keeps_its_mark_where_it_is_alone():
    both, alone = Figure().subplots(1, 2)
    pair = np.array([1.0, 2.0]), np.array([0.1, -0.1])
    lines = (0.0, -0.1, 0.1), ((-0.2, -0.3, -0.1), (0.2, 0.1, 0.3))
    bland_altman_plot(both, dict.fromkeys(COLOURS, pair), COLOURS, *lines)
    bland_altman_plot(alone, {"patients": pair}, COLOURS, *lines)
    marks = [[part.get_paths()[0].vertices.shape for part in axes.collections] for axes in (both, alone)]
    assert marks[0][1] == marks[1][0] != marks[0][0]


def test_lines_stand_at_bias_limits_and_zero_and_bands_at_their_intervals():
    axes = Figure().subplots()
    pair = np.array([1.0]), np.array([0.1])
    bland_altman_plot(axes, {"patients": pair}, COLOURS, (0.1, 0.05, 0.15), ((-0.2, None, None), (0.4, 0.3, 0.5)))
    assert sorted(line.get_ydata()[0] for line in axes.get_lines()) == [-0.2, 0, 0.1, 0.4]
    bands = [(patch.get_y(), patch.get_height()) for patch in axes.patches]
    np.testing.assert_allclose(bands, [(0.05, 0.1), (0.3, 0.2)])


def test_bars_of_a_person_stand_side_by_side_true_on_the_left():
    axes = Figure().subplots()
    paired_bars(axes, np.array([0.5, 0.2]), np.array([0.4, np.nan]))
    found = [(bar.get_x(), bar.get_height()) for bar in axes.patches]
    places, heights = np.array(found).T
    assert heights[:3].tolist() == [0.5, 0.2, 0.4]
    assert places[0] < places[2] < places[1]
    assert places[0] + 0.4 <= places[2]
