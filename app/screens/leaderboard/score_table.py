"""The table of the leaderboard: a row a run, a column a metric, the best of comparable runs marked."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from app.components import layout
from app.screens.leaderboard.columns import ALL, KEY, Column, chosen, columns
from app.screens.leaderboard.evaluations import Evaluated, Evaluations
from brainlab.evaluation.scores import FEWEST_RANKED, Conditions, Score, best, long_table
from brainlab.files.spreadsheet import csv_text

DASH = "–"
REAL = "real scans"
BEST = "font-weight: bold; background-color: rgba(42, 167, 154, 0.25)"
FAINT = "color: #8a949e"
LEAST_RUN_PX, CHARACTER_PX, MARGINS_PX, LEAST_DATA_PX, INTERVAL_PX, LONE_PX = 88, 8, 16, 146, 168, 112
DIGITS = 3
READ = (
    "**Marked**: the best value of runs that were measured alike; 'Two runs' tells whether chance explains a lead. "
    f"**{DASH}**: undefined, see below. In brackets: 95% interval. Point at a heading for its meaning."
)
FEW = (
    f":orange[:material/info:] No best value is marked where fewer than {FEWEST_RANKED} samples were measured: there "
    "the draw of the samples can decide a lead. Measure more with 'brainlab evaluate RUN --data PREPARED --n 1000'."
)
APART = (
    ":orange[:material/warning:] Not all runs were measured on the same images, numbers of images and seed. Each is "
    "ranked among its like only; do not compare across."
)


def show(found: Evaluations) -> None:
    """Let groups of metrics be chosen, show them for all runs, and offer all scores as CSV."""
    measured = list(found.measured.values())
    known = columns(measured)
    aspects = list(dict.fromkeys(column.aspect for column in known.values() if has_values(measured, column)))
    group = st.segmented_control(
        "Show", [KEY, *aspects, ALL], default=KEY, required=True, key="leaderboard-group", format_func=str.capitalize
    )
    shown = [column for column in chosen(known, group or KEY) if has_values(measured, column)]
    labels = group_labels(found.conditions)
    show_table(found, labels, shown, "leaderboard")
    if len(labels) > 1:
        st.caption(APART)
    if not all(conditions.enough for conditions in labels):
        st.caption(FEW)
    st.caption("  \n".join([*(f"**{label}**: {conditions}" for conditions, label in labels.items()), READ]))


def show_table(found: Evaluations, labels: dict[Conditions, str], shown: Sequence[Column], name: str) -> None:
    """Show some columns for all runs, and offer all scores as CSV. name: of the file, and of the widgets."""
    measured = list(found.measured.values())
    st.dataframe(
        styled(measured, labels, shown),
        width="stretch",
        hide_index=True,
        placeholder=DASH,
        column_config=headings(measured, labels, shown),
        key=f"{name}-table",
    )
    csv = csv_text(long_table(found.scores)).encode()
    layout.download("Download CSV", csv, f"{name}.csv", key=f"{name}-csv", type="tertiary")


def group_labels(conditions: Sequence[Conditions]) -> dict[Conditions, str]:
    """Name what runs were measured on by its data, with a number where two differ in something else."""
    names = Counter(one.data for one in conditions)
    seen: Counter[str] = Counter()
    labels = {}
    for one in conditions:
        seen[one.data] += 1
        labels[one] = f"{one.data} ({seen[one.data]})" if names[one.data] > 1 else one.data
    return labels


def has_values(measured: Sequence[Evaluated], column: Column) -> bool:
    """Whether any run has a value in a column."""
    return any(score.value is not None for found in measured if (score := column.score(found)))


def styled(measured: Sequence[Evaluated], labels: dict[Conditions, str], shown: Sequence[Column]) -> Styler:
    """Return the table: a row a run, and one of real scans below those measured alike, where metrics tell of them."""
    marked = best(score for found in measured for score in found.scores.values())
    rows: list[list[Any]] = []
    styles: list[list[str]] = []
    intervals: dict[tuple[int, int], str] = {}
    for conditions, label in labels.items():
        group = [found for found in measured if found.conditions == conditions]
        for found in group:
            scores = [column.score(found) for column in shown]
            intervals |= {
                (len(rows), 2 + place): written(score)
                for place, score in enumerate(scores)
                if score and score.value is not None and score.low is not None and score.high is not None
            }
            rows.append([found.run.name, label, *(score.value if score else None for score in scores)])
            styles.append(["", "", *(BEST if s and (s.run, s.metric) in marked else "" for s in scores)])
        real = [real_value(group, column) for column in shown]
        if any(value is not None for value in real):
            rows.append([REAL, label, *real])
            styles.append([FAINT] * (2 + len(shown)))
    names = Counter((column.aspect, column.short) for column in shown)
    heads = [(c.aspect, c.short if names[c.aspect, c.short] == 1 else f"{c.short} ({c.name})") for c in shown]
    frame = pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples([("", "run"), ("", "measured on"), *heads]))
    for place in range(2, frame.shape[1]):
        frame.isetitem(place, frame.iloc[:, place].to_numpy(np.float64))
    marks = pd.DataFrame(styles, index=frame.index, columns=frame.columns)
    table = frame.style.apply(lambda _: marks, axis=None).format(_number, subset=list(frame.columns[2:]))
    for (row, place), text in intervals.items():
        table = table.format(partial(_always, text), subset=([row], [frame.columns[place]]))
    return table


def headings(measured: Sequence[Evaluated], labels: dict[Conditions, str], shown: Sequence[Column]) -> dict[Any, Any]:
    """Return the widths and explanations of the columns, by their place; the hidden index is the first."""
    alone = Counter(column.aspect for column in shown)
    explained = {
        place: st.column_config.Column(help=column.explained, width=_width(measured, column, alone[column.aspect] == 1))
        for place, column in enumerate(shown, start=3)
    }
    run_px = max(LEAST_RUN_PX, CHARACTER_PX * max(len(found.run.name) for found in measured))
    data_px = max(LEAST_DATA_PX, MARGINS_PX + CHARACTER_PX * max(map(len, labels.values())))
    return {
        1: st.column_config.Column(width=run_px, pinned=True),
        2: st.column_config.Column(width=data_px),
    } | explained


def _width(measured: Sequence[Evaluated], column: Column, alone: bool) -> int | None:
    """Return a width for intervals, or for the name of an aspect above a single column; else as wide as is needed."""
    if any(score.low is not None for found in measured if (score := column.score(found))):
        return INTERVAL_PX
    return LONE_PX if alone else None


def real_value(group: Sequence[Evaluated], column: Column) -> float | None:
    """Return what runs measured alike say of real scans themselves; None where they say nothing, or differ."""
    scores = [score for found in group if (score := column.score(found)) and score.value is not None]
    values = {score.part("real").value for score in scores} if column.part is None else set()
    found = [value for value in values if value is not None]
    agreed = len(found) == len(values) and found and max(found) - min(found) <= 1e-6 * max(map(abs, found))
    return found[0] if agreed else None


def written(score: Score) -> str:
    """Write a value with its interval, or the reason why there is none."""
    if score.value is None:
        return score.undefined
    if score.low is None or score.high is None:
        return rounded(score.value)
    return f"{rounded(score.value)} ({rounded(score.low)}{DASH}{rounded(score.high)})"


def rounded(value: float) -> str:
    """Write a number with three digits that count, or more where they stand before the point."""
    if value == 0 or (value.is_integer() and 1 < abs(value) < 10**15):
        return f"{value:,.0f}"
    size = math.floor(math.log10(abs(value)))
    if not -5 < size < 15:
        return f"{value:.{DIGITS - 1}e}"
    return f"{value:,.{max(0, DIGITS - 1 - size)}f}"


def _number(value: Any) -> str:
    return DASH if value != value else rounded(value)


def _always(text: str, _: Any) -> str:
    return text
