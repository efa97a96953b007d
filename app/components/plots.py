"""Plotly figures of the pages, in one palette that is safe for colour-blind viewers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from brainlab.cohort.scan_table import UNLABELLED
from brainlab.legend import ACQUISITION, CLASS_COLOURS, GROUP_COLOURS, class_order

OTHER_COLOURS = px.colors.qualitative.Safe


def colour(name: str, number: int) -> str:
    """Colour of a class or group; the user's own labels get the next free ones."""
    return GROUP_COLOURS.get(name) or CLASS_COLOURS.get(name) or OTHER_COLOURS[number % len(OTHER_COLOURS)]


def acquisition(scans: pd.DataFrame) -> go.Figure:
    """Acquisition parameters by class: FLAIR IntroVAE paper, figure 11."""
    shown = {column: title for column, title in ACQUISITION.items() if numbers(scans, column).notna().any()}
    figure = make_subplots(
        rows=1, cols=max(1, len(shown)), subplot_titles=list(shown.values()), horizontal_spacing=0.05
    )
    for column, name in enumerate(shown, start=1):
        for number, (label, part) in enumerate(by_class(scans).items()):
            box = go.Box(
                y=numbers(part, name),
                name=label,
                marker_color=colour(label, number),
                showlegend=False,
                boxpoints="outliers",
            )
            figure.add_trace(box, row=1, col=column)
    return calm(figure, 340)


def ages(scans: pd.DataFrame) -> go.Figure:
    """Age distribution of each class."""
    figure = go.Figure()
    for number, (label, part) in enumerate(by_class(scans).items()):
        figure.add_trace(
            go.Violin(
                y=numbers(part, "age_years"),
                name=label,
                line_color=colour(label, number),
                box_visible=True,
                points=False,
                showlegend=False,
            )
        )
    figure.update_yaxes(title="age (years)", rangemode="nonnegative")
    return calm(figure, 340)


def colours(names: Sequence[str]) -> list[str]:
    """Colours of several classes or groups, in their order."""
    return [colour(name, number) for number, name in enumerate(names)]


def by_class(scans: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
    """Split a table by class, the paper's classes first."""
    labels = scans["class"].fillna(UNLABELLED).astype(str)
    return {name: scans[labels == name] for name in class_order(labels)}


def numbers(scans: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of a cohort's table as numbers; missing where the table lacks it or holds something else."""
    return pd.to_numeric(column(scans, name), errors="coerce")


def column(scans: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of a cohort's table that need not be there: all its values are missing where it is not."""
    return scans[name] if name in scans else pd.Series(np.nan, index=scans.index, dtype=object, name=name)


def blank() -> go.Figure:
    """Return a figure without anything in it."""
    return calm(go.Figure(), height=120).update_xaxes(visible=False).update_yaxes(visible=False)


def calm(figure: go.Figure, height: int, top: int = 30) -> go.Figure:
    """Give a figure its height, small margins and a legend below; colours of text and paper are the theme's."""
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": top, "b": 10},
        legend={"orientation": "h", "y": -0.2, "itemsizing": "constant"},
        uirevision="keep",
    )
    return figure


def has_acquisition(scans: pd.DataFrame) -> bool:
    """Whether any acquisition parameter is known."""
    return any(numbers(scans, column).notna().any() for column in ACQUISITION)
