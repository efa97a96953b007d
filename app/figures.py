"""Plotly figures of the pages, in one palette that colour-blind readers can tell apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from brainlab.cohort.prepared import UNLABELLED
from brainlab.experiments.analysis import LdaResult
from brainlab.legend import ACQUISITION, CLASS_COLOURS, GROUP_COLOURS, class_order, grouped

SYMBOLS = {"healthy": "circle", "MS": "diamond", "leukoencephalopathy": "square"}
VIEWS = {"1 and 2": (0, 1), "1 and 3": (0, 2), "2 and 3": (1, 2), "3D": (0, 1, 2)}
OTHER_COLOURS = px.colors.qualitative.Safe


def colour(name: str, number: int) -> str:
    """Colour of a class or group; the user's own labels get the next free ones."""
    return GROUP_COLOURS.get(name) or CLASS_COLOURS.get(name) or OTHER_COLOURS[number % len(OTHER_COLOURS)]


def discriminant_views(result: LdaResult) -> dict[str, tuple[int, ...]]:
    """Return the choices of axes that there are, by title: two classes have one discriminant axis, three have two."""
    count = result.test_points.shape[1]
    return {title: axes for title, axes in VIEWS.items() if max(axes) < count} or {"1": (0,)}


def discriminant_scatter(result: LdaResult, axes: tuple[int, ...]) -> go.Figure:
    """Scores on discriminant axes: FLAIR IntroVAE paper, figure 10, with the three grades as one group.

    Two axes are a plane and three a space; a single one is drawn as strips, one a group.
    Filled marks are test scans, faint ones training scans; a point's `customdata` is [1 for test, scan's row].
    """
    figure = go.Figure()
    for side, part, points, opacity in (
        ("train", result.train, result.train_points, 0.22),
        ("test", result.test, result.test_points, 0.95),
    ):
        labels = np.array(grouped(part.labels))
        for number, name in enumerate(dict.fromkeys([*GROUP_COLOURS, *labels])):
            mine = labels == name
            if not mine.any():
                continue
            marker = {
                "color": colour(str(name), number),
                "symbol": SYMBOLS.get(str(name), "x"),
                "size": (3 if side == "train" else 4.5) if len(axes) == 3 else (6 if side == "train" else 9),
            }
            shared: dict[str, Any] = {
                "mode": "markers",
                "name": f"{name}, {side}",
                "marker": marker,
                "opacity": opacity,
                "customdata": np.stack([np.full(mine.sum(), int(side == "test")), part.rows[mine]], axis=1).tolist(),
                "text": [f"{part.participants[i]} · {part.labels[i]}" for i in np.flatnonzero(mine)],
                "hovertemplate": "%{text}<extra></extra>",
            }
            columns = [points[mine, axis] for axis in axes]
            if len(axes) == 3:
                figure.add_trace(go.Scatter3d(x=columns[0], y=columns[1], z=columns[2], **shared))
            else:
                across = columns[1] if len(axes) == 2 else [str(name)] * len(columns[0])
                figure.add_trace(go.Scatter(x=columns[0], y=across, **shared))
    names = [f"discriminant axis {axis + 1}" for axis in axes]
    if len(axes) == 3:
        figure.update_scenes(xaxis_title=names[0], yaxis_title=names[1], zaxis_title=names[2])
    else:
        figure.update_layout(xaxis_title=names[0], yaxis_title=names[1] if len(axes) == 2 else None)
    return _calm(figure, 520)


def confusion(classes: Sequence[str], counts: Any) -> go.Figure:
    """Confusion matrix: rows the true class, columns the predicted; colour is the share of the row."""
    table = np.asarray(counts, dtype=float)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figure = go.Figure(
        go.Heatmap(
            z=shares[::-1],
            x=list(classes),
            y=list(classes)[::-1],
            text=table[::-1].astype(int),
            texttemplate="%{text}",
            colorscale=[[0, "rgba(86, 180, 233, 0.06)"], [1, "rgba(0, 114, 178, 1)"]],
            zmin=0,
            zmax=1,
            showscale=False,
            hovertemplate="true %{y}, predicted %{x}: %{text}<extra></extra>",
        )
    )
    figure.update_layout(xaxis_title="predicted", yaxis_title="true")
    return _calm(figure, 380)


def accuracies(rows: pd.DataFrame) -> go.Figure:
    """Balanced accuracies with their intervals, one row each: columns what, balanced accuracy, low, high, ours."""
    figure = go.Figure(
        go.Bar(
            x=rows["balanced accuracy"],
            y=rows["what"],
            orientation="h",
            marker_color=["#5ed1be" if ours else "#7d8b97" for ours in rows["ours"]],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": rows["high"] - rows["balanced accuracy"],
                "arrayminus": rows["balanced accuracy"] - rows["low"],
                "thickness": 1.2,
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 1], title="balanced accuracy (95% interval)")
    figure.update_yaxes(autorange="reversed")
    return _calm(figure, 300)


def acquisition(scans: pd.DataFrame) -> go.Figure:
    """Acquisition parameters by class: FLAIR IntroVAE paper, figure 11."""
    shown = {column: title for column, title in ACQUISITION.items() if column in scans and scans[column].notna().any()}
    figure = make_subplots(
        rows=1, cols=max(1, len(shown)), subplot_titles=list(shown.values()), horizontal_spacing=0.05
    )
    for column, name in enumerate(shown, start=1):
        for number, (label, part) in enumerate(by_class(scans).items()):
            box = go.Box(
                y=part[name], name=label, marker_color=colour(label, number), showlegend=False, boxpoints="outliers"
            )
            figure.add_trace(box, row=1, col=column)
    return _calm(figure, 340)


def ages(scans: pd.DataFrame) -> go.Figure:
    """How old each class's scans are."""
    figure = go.Figure()
    for number, (label, part) in enumerate(by_class(scans).items()):
        figure.add_trace(
            go.Violin(
                y=part["age_years"],
                name=label,
                line_color=colour(label, number),
                box_visible=True,
                points=False,
                showlegend=False,
            )
        )
    figure.update_yaxes(title="age (years)", rangemode="nonnegative")
    return _calm(figure, 340)


def by_class(scans: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
    """Split a table by class, the paper's classes first."""
    labels = scans["class"].fillna(UNLABELLED).astype(str)
    return {name: scans[labels == name] for name in class_order(labels)}


def _calm(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "y": -0.16, "itemsizing": "constant"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        uirevision="keep",
    )
    return figure


def has_acquisition(scans: pd.DataFrame) -> bool:
    """Whether any acquisition parameter is known."""
    return any(column in scans and scans[column].notna().any() for column in ACQUISITION)
