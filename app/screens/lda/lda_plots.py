"""Plotly figures of the LDA page."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.components.plots import calm, colour
from brainlab.experiments.analysis.baselines import Part
from brainlab.experiments.analysis.discrimination import LdaResult
from brainlab.experiments.analysis.verdicts import Verdict
from brainlab.legend import GROUP_COLOURS, grouped
from brainlab.runs.training_codes import TrainingCodes
from brainlab.types import FloatArray

SYMBOLS = {"healthy": "circle", "MS": "diamond", "leukoencephalopathy": "square"}
VIEWS = {"1 and 2": (0, 1), "1 and 3": (0, 2), "2 and 3": (1, 2), "3D": (0, 1, 2)}
OURS, OTHERS = "#2aa79a", "#7d8b97"
UNBIASED, BIASED = "#2b95d6", "#e69f00"
NO_IMAGE = ""
MARK = 19
"""Size of the chosen scan's mark; its colour stays that of its class."""
MIN_OUTLINED = 10
MANY = 500
"""More fitted scans than these are shown by their outlines, which do not hide the predicted ones."""


def discriminant_views(result: LdaResult) -> dict[str, tuple[int, ...]]:
    """Return the choices of axes that there are, by title: two classes have one discriminant axis, three have two."""
    count = result.on_test.points.shape[1]
    return {title: axes for title, axes in VIEWS.items() if max(axes) < count} or {"1": (0,)}


def few_fitted(result: LdaResult) -> bool:
    """Whether the scans that an LDA is fitted on are few enough to be drawn one by one."""
    return len(result.train.rows) <= MANY


def discriminant_scatter(
    result: LdaResult, axes: tuple[int, ...], chosen: tuple[str, int] | None = None, *, training: bool | None = None
) -> go.Figure:
    """Scores on discriminant axes: FLAIR IntroVAE paper, figure 10, with the three grades as one group.

    Two axes are a plane and three a space; a single one is drawn as strips, one a group.
    Large marks are predicted scans, small faint ones those that the LDA was fitted on; in a plane an outline holds the
    middle half of the fitted scans of each group. A point's `customdata` is its dataset and row, with NO_IMAGE for the
    dataset of people known by their codes. chosen: dataset and row of the scan to mark. training: whether the fitted
    scans are drawn one by one; by default where they are few.
    """
    training = few_fitted(result) if training is None else training
    figure = go.Figure()
    if len(axes) == 2:
        fitted = np.array(grouped(result.train.labels))
        for number, name in enumerate(dict.fromkeys([*GROUP_COLOURS, *fitted])):
            outline = middle_half(result.on_train.points[fitted == name][:, list(axes)])
            if outline is not None:
                figure.add_trace(_outline(outline, str(name), colour(str(name), number)))
    predicted = set(grouped(result.test.labels))
    sides: list[tuple[str, Part[Any], FloatArray]] = [("test", result.test, result.on_test.points)]
    if training:
        sides.insert(0, ("train", result.train, result.on_train.points))
    for side, part, points in sides:
        labels = np.array(grouped(part.labels))
        coded = isinstance(part.dataset, TrainingCodes)
        source = NO_IMAGE if coded else part.dataset.name
        people = ["known by the code alone"] * len(labels) if coded else part.participants
        for number, name in enumerate(dict.fromkeys([*GROUP_COLOURS, *labels])):
            mine = np.flatnonzero(labels == name)
            if not len(mine):
                continue
            rows = [int(row) for row in part.rows[mine]]
            marked = [i for i, row in enumerate(rows) if (source, row) == chosen]
            style = {"color": colour(str(name), number), "symbol": SYMBOLS.get(str(name), "x")}
            shared: dict[str, Any] = {
                "mode": "markers",
                "name": str(name),
                "legendgroup": str(name),
                "showlegend": side == "test" or name not in predicted,
                "customdata": [[source, row] for row in rows],
                "text": [f"{people[i]} · {part.labels[i]} · {side}" for i in mine],
                "hovertemplate": "%{text}<extra></extra>",
            }
            columns = [points[mine, axis] for axis in axes]
            if len(axes) == 3:
                figure.add_trace(_in_space(columns, shared, style, side, marked))
            else:
                across = columns[1] if len(axes) == 2 else [str(name)] * len(mine)
                figure.add_trace(_in_plane(columns[0], across, shared, style, side, marked))
    names = [f"axis {axis + 1}" if len(axes) == 3 else f"discriminant axis {axis + 1}" for axis in axes]
    if len(axes) == 3:
        figure.update_scenes(xaxis_title=names[0], yaxis_title=names[1], zaxis_title=names[2])
    else:
        figure.update_layout(xaxis_title=names[0], yaxis_title=names[1] if len(axes) == 2 else None)
    return calm(figure, 480)


def _in_plane(
    x: Any, y: Any, shared: dict[str, Any], style: dict[str, Any], side: str, marked: list[int]
) -> go.Scatter:
    """Draw one group of one side. The chosen one is plotly's selected point, so that a click marks without a redraw."""
    opacity, size = (0.35, 6) if side == "train" else (0.95, 9)
    return go.Scatter(
        x=x,
        y=y,
        marker={**style, "size": size, "opacity": opacity},
        selectedpoints=marked,
        selected={"marker": {"size": MARK, "opacity": 1}},
        unselected={"marker": {"opacity": opacity, "size": size}},
        **shared,
    )


def middle_half(points: FloatArray) -> FloatArray | None:
    """Return the ellipse [65, 2] that holds half of a Gaussian of these points [n, 2]; None of too few points."""
    if len(points) < MIN_OUTLINED:
        return None
    angles = np.linspace(0, 2 * np.pi, 65)
    circle = np.sqrt(2 * np.log(2)) * np.stack([np.cos(angles), np.sin(angles)])
    values, vectors = np.linalg.eigh(np.cov(points.T))
    return np.asarray(points.mean(axis=0) + (vectors * np.sqrt(values.clip(min=0)) @ circle).T)


def _outline(ellipse: FloatArray, name: str, tint: str) -> go.Scatter:
    return go.Scatter(
        x=ellipse[:, 0],
        y=ellipse[:, 1],
        mode="lines",
        line={"color": tint, "width": 2},
        fill="toself",
        opacity=0.55,
        name=name,
        legendgroup=name,
        showlegend=False,
        hoverinfo="skip",
        selectedpoints=[],  # as plotly sets it at the first click
    )


def _in_space(
    columns: Sequence[Any], shared: dict[str, Any], style: dict[str, Any], side: str, marked: list[int]
) -> go.Scatter3d:
    sizes = np.full(len(columns[0]), 3.0 if side == "train" else 4.5)
    sizes[marked] = MARK / 2
    return go.Scatter3d(
        x=columns[0],
        y=columns[1],
        z=columns[2],
        marker={**style, "size": sizes, "line": {"width": 0}},
        opacity=0.35 if side == "train" else 0.95,
        **shared,
    )


def posteriors(verdict: Verdict) -> go.Figure:
    """How probable each class is for one scan, given its code."""
    names = list(verdict.posteriors)
    values = [verdict.posteriors[name] for name in names]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker_color=[colour(name, number) for number, name in enumerate(names)],
            text=[f"{value:.2f}" for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 1.3], visible=False)
    figure.update_yaxes(autorange="reversed")
    return calm(figure, 40 + 24 * len(names), top=4)


def confusion(classes: Sequence[str], counts: Any, *, dark: bool = False) -> go.Figure:
    """Confusion matrix: rows the true class, columns the predicted; colour is the share of the row.

    dark: whether it stands on a dark page. Colours are opaque, since plotly takes the colour of a count from its cell.
    """
    table = np.asarray(counts, dtype=float)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figure = go.Figure(
        go.Heatmap(
            z=shares[::-1],
            x=list(classes),
            y=list(classes)[::-1],
            text=table[::-1].astype(int),
            texttemplate="%{text}",
            colorscale=[[0, "#1b2731" if dark else "#e6edf2"], [1, "#1786c9" if dark else "#0072b2"]],
            xgap=2,
            ygap=2,
            zmin=0,
            zmax=1,
            showscale=False,
            hovertemplate="true %{y}, predicted %{x}: %{text}<extra></extra>",
        )
    )
    figure.update_layout(xaxis_title="predicted", yaxis_title="true")
    figure.update_xaxes(showgrid=False).update_yaxes(showgrid=False)
    return calm(figure, 380)


def accuracies(rows: pd.DataFrame) -> go.Figure:
    """Balanced accuracies with their intervals, one row each: columns what, balanced accuracy, low, high, ours."""
    figure = go.Figure()
    for tint, part in ((OURS, rows[rows["ours"]]), (OTHERS, rows[~rows["ours"]])):
        figure.add_trace(_with_interval(part, list(part["what"]), tint, "circle"))
    figure.update_xaxes(range=[0, 1], title="balanced accuracy")
    figure.update_yaxes(autorange="reversed")
    return calm(figure, 300).update_layout(showlegend=False)


def two_cohorts(rows: pd.DataFrame) -> go.Figure:
    """Balanced accuracies with and without acquisition bias, one above the other; a dotted line at chance.

    rows: columns what, cohort (`unbiased` or `biased`), balanced accuracy, low, high, chance.
    """
    figure = go.Figure()
    chance = float(rows["chance"].iloc[0])
    order = list(dict.fromkeys(rows["what"]))
    for name, tint, symbol, shift in (("unbiased", UNBIASED, "circle", -0.13), ("biased", BIASED, "diamond", 0.13)):
        part = rows[rows["cohort"] == name]
        heights = [order.index(what) + shift for what in part["what"]]
        figure.add_trace(_with_interval(part, heights, tint, symbol).update(name=name))
    figure.add_vline(x=chance, line={"dash": "dot", "width": 1.5, "color": OTHERS})
    figure.add_annotation(x=chance, y=1, yref="paper", yanchor="bottom", text="chance", showarrow=False)
    figure.update_yaxes(
        tickvals=list(range(len(order))), ticktext=order, range=[len(order) - 0.5, -0.5], zeroline=False
    )
    figure.update_xaxes(rangemode="tozero", title="balanced accuracy")
    return calm(figure, 290).update_layout(legend={"y": -0.4, "title": "cohort"})


def _with_interval(rows: pd.DataFrame, heights: Sequence[Any], tint: str, symbol: str) -> go.Scatter:
    """Draw a mark and its interval for each row."""
    centre = rows["balanced accuracy"]
    return go.Scatter(
        x=centre,
        y=heights,
        mode="markers",
        marker={"color": tint, "symbol": symbol, "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": rows["high"] - centre,
            "arrayminus": centre - rows["low"],
            "thickness": 2,
            "width": 0,
        },
        text=[f"{row['what']}: {row['balanced accuracy']:.2f}" for _, row in rows.iterrows()],
        hovertemplate="%{text}<extra></extra>",
    )
