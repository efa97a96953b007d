"""Scatter, boxes and distributions by class, in colours and marks that colour-blind readers tell apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from brainlab.figures.sheet import FAINT, INK
from brainlab.types import FloatArray

MARKS = ("o", "D", "s", "^", "v")
BINS = 24
FEW = 12
"""Values of a curve up to which each has its mark."""
FRAME: dict[str, Any] = {"edgecolors": INK, "linewidths": 0.4}


def scatter(
    axes: Axes, test: Mapping[str, FloatArray], train: Mapping[str, FloatArray], colours: Mapping[str, str]
) -> None:
    """Show points [n, 2] of each group: test scans large and framed, training scans small and faint."""
    for number, name in enumerate(colours):
        mark = MARKS[number % len(MARKS)]
        if name in train:
            axes.scatter(
                train[name][:, 0], train[name][:, 1], s=4, marker=mark, color=colours[name], alpha=0.35, linewidths=0
            )
        if name in test:
            axes.scatter(test[name][:, 0], test[name][:, 1], s=15, marker=mark, color=colours[name], zorder=3, **FRAME)
    axes.locator_params(nbins=4, integer=True)


def boxes(axes: Axes, values: Mapping[str, FloatArray], colours: Sequence[str]) -> None:
    """Show every value of each class [n] as a dot, with median, quartiles and 5th to 95th percentile; first on top."""
    random = np.random.default_rng(0)
    for number, numbers in enumerate(values.values()):
        height = -number + random.uniform(-0.28, 0.28, len(numbers))
        axes.scatter(numbers, height, s=2.5, color=colours[number], alpha=0.55, linewidths=0)
    axes.boxplot(
        list(values.values()),
        positions=[-number for number in range(len(values))],
        orientation="horizontal",
        widths=0.6,
        whis=(5, 95),
        showfliers=False,
        medianprops={"color": INK, "linewidth": 1.4},
        boxprops={"color": INK, "linewidth": 0.6},
        whiskerprops={"color": INK, "linewidth": 0.6},
        capprops={"linewidth": 0},
        manage_ticks=False,
    )
    axes.set_yticks([-number for number in range(len(values))], list(values))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e6e9ec", linewidth=0.5)
    axes.set_axisbelow(True)


def distributions(axes: Axes, values: Mapping[str, FloatArray], colours: Mapping[str, str], marked: FloatArray) -> None:
    """Show the share of each group's values [n] in equal steps over one range; dashed lines at `marked`."""
    everything = np.concatenate([*values.values(), np.asarray(marked, dtype=float)])
    edges = np.linspace(everything.min(), everything.max(), BINS + 1)
    for name, numbers in values.items():
        shares = np.histogram(numbers, edges)[0] / len(numbers)
        axes.stairs(shares, edges, fill=True, color=colours[name], alpha=0.13)
        axes.stairs(shares, edges, color=colours[name], linewidth=1.2, label=name)
    for value in marked:
        axes.axvline(value, color=FAINT, linewidth=0.8, linestyle=(0, (3, 3)), zorder=0)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])


def scatter_key(axes: Axes, colours: Mapping[str, str]) -> None:
    """Write the marks of a scatter's groups in a row from the left."""
    axes.set_axis_off()
    for number, (name, colour) in enumerate(colours.items()):
        axes.scatter([], [], s=18, marker=MARKS[number % len(MARKS)], color=colour, label=name, **FRAME)
    axes.legend(loc="center left", ncols=len(colours), borderpad=0, handletextpad=0.2, bbox_to_anchor=(0, 0.5))


def key(axes: Axes, drawn: Axes) -> None:
    """Write what is drawn and named in other axes in a row up to the right edge."""
    axes.set_axis_off()
    handles, names = drawn.get_legend_handles_labels()
    axes.legend(
        handles,
        names,
        loc="center right",
        ncols=max(1, len(names)),
        borderpad=0,
        handlelength=1.2,
        bbox_to_anchor=(1, 0.5),
    )


def curve(axes: Axes, epochs: FloatArray, values: FloatArray, colour: str) -> None:
    """Show one value an epoch [n] as a line, with a mark on the last and, where there are few, on each."""
    few = len(epochs) <= FEW
    axes.plot(epochs, values, color=colour, linewidth=1.2, marker="o", markersize=2.5 if few else 0)
    axes.plot(epochs[-1:], values[-1:], color=colour, marker="o", markersize=3.5)
    axes.grid(axis="y", color="#e6e9ec", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", integer=True)
    axes.locator_params(axis="y", nbins=5)
    axes.margins(y=0.1)


def curves(axes: Axes, values: Mapping[str, Sequence[tuple[FloatArray, FloatArray]]], colours: Sequence[str]) -> None:
    """Show for each name one or more curves (x [n], y [n]) as thin lines and, where they share x, their mean as a thick
    one, with a mark at each of few points.
    """
    for (name, found), colour in zip(values.items(), colours, strict=False):
        if len(found) > 1:
            for x, y in found:
                axes.plot(x, y, color=colour, linewidth=0.6, alpha=0.45)
        shared = sorted(set.intersection(*({*x.tolist()} for x, _ in found)))
        mean = np.mean([[y[x == each][0] for each in shared] for x, y in found], axis=0)
        axes.plot(
            shared, mean, color=colour, linewidth=1.4, marker="o", markersize=3 if len(shared) <= FEW else 0, label=name
        )
    axes.grid(axis="y", color="#e6e9ec", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", integer=True)
    axes.locator_params(axis="y", nbins=6)
    axes.margins(y=0.1)


def steps(axes: Axes, values: Mapping[str, Mapping[int, tuple[float, float, float]]], colours: Sequence[str]) -> None:
    """Show for each name a value with its interval (value, low, high) at each whole number, joined by a line."""
    for place, (name, found) in enumerate(values.items()):
        x = np.array(sorted(found))
        middle, low, high = np.array([found[number] for number in x.tolist()]).T
        beside = x + 0.05 * (place - (len(values) - 1) / 2)  # so that intervals do not lie on one another
        axes.errorbar(
            beside,
            middle,
            [middle - low, high - middle],
            color=colours[place],
            marker=MARKS[place % len(MARKS)],
            markersize=4,
            linewidth=1.1,
            elinewidth=0.8,
            label=name,
        )
    axes.set_xticks(sorted({number for found in values.values() for number in found}))
    axes.grid(axis="y", color="#e6e9ec", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.margins(x=0.15)


def ranges(axes: Axes, values: Mapping[str, tuple[float, float | None, float | None]]) -> None:
    """Show a value with its interval, where there is one, for each name: the first on top."""
    for number, (value, low, high) in enumerate(values.values()):
        if low is not None and high is not None:
            axes.plot([low, high], [-number, -number], color=FAINT, linewidth=1.2)
        axes.plot([value], [-number], color=INK, marker="o", markersize=4)
    axes.set_yticks([-number for number in range(len(values))], list(values))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e6e9ec", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.margins(y=0.5 / max(1, len(values)))
