"""Charts of two measurements of the same people: Bland-Altman, and a pair of bars a person."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from brainlab.figures.charts import FRAME, MARKS
from brainlab.figures.sheet import FAINT, INK
from brainlab.types import FloatArray

TRUE_COLOUR, MADE_COLOUR = "#e69f00", "#0072b2"
"""Of what is true and what is synthesised, told apart with every common colour vision deficiency."""

Interval = tuple[float | None, float | None, float | None]
"""A value with its interval; None where it is undefined."""


def bland_altman_plot(
    axes: Axes,
    groups: Mapping[str, tuple[FloatArray, FloatArray]],
    colours: Mapping[str, str],
    bias: Interval,
    limits: tuple[Interval, Interval],
) -> None:
    """Show differences over means of pairs, by group, with bias and limits of agreement and their intervals as bands.

    groups: name to the means and the differences of its pairs, [n] each.
    """
    for _, low, high in (bias, *limits):
        if low is not None and high is not None:
            axes.axhspan(low, high, color=FAINT, alpha=0.14, linewidth=0)
    for value, dashes in ((bias[0], ()), *((value, (4, 3)) for value, _, _ in limits)):
        if value is not None:
            axes.axhline(value, color=INK, linewidth=0.8, linestyle=(0, dashes), zorder=1)
    axes.axhline(0, color=FAINT, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
    for name, (means, differences) in groups.items():
        mark = MARKS[list(colours).index(name) % len(MARKS)]
        axes.scatter(means, differences, s=9, marker=mark, color=colours[name], label=name, zorder=3, **FRAME)
    axes.locator_params(nbins=4)


def paired_bars(axes: Axes, true: FloatArray, synthesised: FloatArray) -> None:
    """Show two bars a person, true left of synthesised, in the order given; [n] each, a gap where a value is NaN."""
    places = np.arange(len(true))
    axes.bar(places - 0.21, true, 0.4, color=TRUE_COLOUR, label="true PET")
    axes.bar(places + 0.21, synthesised, 0.4, color=MADE_COLOUR, label="synthesised PET")
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set_xlim(-0.8, len(true) - 0.2)
    axes.set_xticks([])
    axes.grid(axis="y", color="#e6e9ec", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines["bottom"].set_visible(False)
    axes.locator_params(axis="y", nbins=5)
