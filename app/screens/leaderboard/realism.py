"""Realism against diversity of runs that were measured alike: one marker a run, coloured by sharpness."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from app.components import layout, plots
from app.screens.leaderboard.columns import WAYS
from app.screens.leaderboard.evaluations import Evaluated, Evaluations
from app.screens.leaderboard.score_table import group_labels, rounded, written
from brainlab.evaluation.registry import metrics
from brainlab.evaluation.scores import Conditions, Score

REALISM = ("machine_reader_auc", "precision", "spectrum_generated")
DIVERSITY = ("recall", "coverage")
SHARPNESS = "sharpness_generated"
PLACES = ("top center", "bottom center", "middle right", "middle left")
BLURRED, REAL, NOISY = "#56b4e9", "#8a949e", "#e69f00"
UNKNOWN = "rgba(0,0,0,0)"
GRID = "rgba(128,128,128,0.2)"
TITLE_PX = 15
TITLE_LETTERS = 48
"""Of a line of an axis title: about what fits beside the figure."""
CHOICE_PX = 280
"""Three choices lie side by side."""
MARGIN = 0.22
"""Part of an axis left free beyond the outermost markers, for their names."""

ALIKE = 0.01
"""Values that differ by no more than this part of the largest tell no runs apart."""

READ = "Both axes are better towards the upper right. Colour: sharpness as a share of real scans'."
WARNING = (
    "Images that fool readers are not enough: a run that repeats a few real-looking images, or copies training scans, "
    "fools them too. Read realism beside diversity, and both beside copies."
)


@dataclass(frozen=True)
class Point:
    """One run in the figure. x, y: its scores. sharpness: as a share of real scans', where known."""

    run: str
    x: Score
    y: Score
    sharpness: float | None
    copies: float | None


def show(found: Evaluations) -> None:
    """Let a group of runs and the axes be chosen, show the figure, and name the runs that are not in it."""
    labels = group_labels(found.conditions)
    with st.container(horizontal=True, gap="medium"):
        group = _chosen_group(found, labels)
        measured = [one for one in found.measured.values() if one.conditions == group]
        x = _axis("Realism (across)", told_apart(measured, REALISM), f"leaderboard-x-{labels[group]}")
        y = _axis("Diversity (up)", told_apart(measured, DIVERSITY), f"leaderboard-y-{labels[group]}")
    points, left_out = placed(measured, x, y)
    if points:
        layout.plot(figure(points, x, y, f"Measured on {labels[group]}"), "leaderboard-realism")
        cautions = dict.fromkeys(str(c) for name in (x, y) if (c := metrics()[name].settings.get("caution")))
        read = [f"**{labels[group]}**: {group}", f"{READ} {WARNING}"]
        st.caption("  \n".join([*read, *(f":material/info: {caution}" for caution in cautions)]))
    else:
        layout.empty("No run has a value on both axes.", "Choose other axes, or evaluate a run again.")
    for reason in left_out:
        st.caption(f":material/info: Not in the figure: {reason}")


def largest(measured: Sequence[Evaluated]) -> Conditions:
    """Return what most runs were measured on; of equally many the first."""
    return Counter(one.conditions for one in measured).most_common(1)[0][0]


def told_apart(measured: Sequence[Evaluated], names: Sequence[str]) -> list[str]:
    """Order metrics: first those in which runs differ, then those in which they are alike or undefined."""

    def alike(name: str) -> bool:
        values = [v for found in measured if name in found.scores and (v := found.scores[name].value) is not None]
        return not values or (len(measured) > 1 and max(values) - min(values) <= ALIKE * max(map(abs, values)))

    return sorted(names, key=alike)


def placed(measured: Sequence[Evaluated], x: str, y: str) -> tuple[list[Point], list[str]]:
    """Return the runs that have a value on both axes, and a line for each of the others.

    measured: runs of one group; a score that was measured on something else than its run's others counts as missing.
    """
    points, left_out = [], []
    for found in measured:
        across, up = (_comparable(found, name) for name in (x, y))
        if across and up and across.value is not None and up.value is not None:
            sharpness, copies = (
                found.scores[metric].part(part).value if metric in found.scores else None
                for metric, part in ((SHARPNESS, "relative_to_real"), ("nearest_training_distance", "share_copies"))
            )
            points.append(Point(found.run.name, across, up, sharpness, copies))
            continue
        why = [
            f"{metrics()[name].title} {f'undefined, {score.undefined}' if score else 'not measured on these images'}"
            for name, score in ((x, across), (y, up))
            if score is None or score.value is None
        ]
        left_out.append(f"{found.run.name} ({'; '.join(why)})")
    return points, left_out


def figure(points: Sequence[Point], x: str, y: str, title: str) -> go.Figure:
    """Draw runs that were measured alike."""
    shown = go.Figure()
    known = [point.sharpness for point in points if point.sharpness is not None]
    reach = max([0.5, *(abs(value - 1) for value in known)])
    for certain in (True, False):
        mine = [point for point in points if (point.sharpness is not None) == certain]
        if mine:
            shown.add_trace(_trace(mine, points, "sharpness known" if certain else "sharpness unknown", certain))
    shown.update_layout(
        coloraxis={
            "colorscale": [[0, BLURRED], [0.5, REAL], [1, NOISY]],
            "cmin": 1 - min(reach, 1.0),
            "cmax": 1 + min(reach, 1.0),
            "colorbar": {"title": {"text": "sharpness<br>/ real"}, "thickness": 12},
            "showscale": bool(known),
        },
        showlegend=len(shown.data) > 1,
        title={"text": title, "font": {"size": TITLE_PX}, "x": 0},
    )
    shown.update_xaxes(**_shown_axis(x, [point.x for point in points]))
    shown.update_yaxes(**_shown_axis(y, [point.y for point in points]))
    return plots.calm(shown, 460, top=50)


def _trace(mine: Sequence[Point], points: Sequence[Point], name: str, certain: bool) -> go.Scatter:
    order = sorted(points, key=lambda point: (point.x.value or 0, point.y.value or 0))
    colour = [point.sharpness for point in mine] if certain else UNKNOWN
    return go.Scatter(
        x=[point.x.value for point in mine],
        y=[point.y.value for point in mine],
        error_x=_interval([point.x for point in mine]),
        error_y=_interval([point.y for point in mine]),
        mode="markers+text",
        name=name,
        text=[point.run for point in mine],
        textposition=[PLACES[order.index(point) % 2] for point in mine],
        hovertext=[_told(point) for point in mine],
        hovertemplate="%{hovertext}<extra></extra>",
        marker={
            "size": 16,
            "color": colour,
            "line": {"width": 1.5, "color": REAL},
            **({"coloraxis": "coloraxis"} if certain else {}),
        },
        cliponaxis=False,
    )


def _told(point: Point) -> str:
    """Write what a marker says when it is pointed at."""
    share = "unknown" if point.sharpness is None else rounded(point.sharpness)
    copies = "unknown" if point.copies is None else f"{point.copies:.1%}"
    values = "".join(f"<br>{metrics()[score.metric].title}: {written(score)}" for score in (point.x, point.y))
    return f"<b>{point.run}</b> on {point.x.conditions.data}{values}<br>sharpness / real: {share}<br>copies: {copies}"


def _interval(scores: Sequence[Score]) -> dict[str, object] | None:
    """Return plotly's error bars from the scores' intervals; None where no score has one."""
    bars = [
        (score.high - score.value, score.value - score.low)
        if score.value is not None and score.low is not None and score.high is not None
        else (0.0, 0.0)
        for score in scores
    ]
    if not any(up or down for up, down in bars):
        return None
    above, below = zip(*bars, strict=True)
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1.2, "color": REAL}


def _shown_axis(name: str, scores: Sequence[Score]) -> dict[str, object]:
    """Return an axis that holds all values and intervals and runs towards what is better."""
    ends = [end for score in scores for end in (score.value, score.low, score.high) if end is not None]
    low, high = min(ends), max(ends)
    free = MARGIN * (high - low) or 0.1 * abs(high) or 0.1
    metric = metrics()[name]
    edges = [low - free, high + free]
    title = f"{metric.title} ({WAYS[metric.better].lower().rstrip('.')})"
    return {
        "title": "<br>".join(textwrap.wrap(title, TITLE_LETTERS)),
        "range": edges if metric.better != "lower" else edges[::-1],
        "gridcolor": GRID,
        "zeroline": False,
    }


def _comparable(found: Evaluated, name: str) -> Score | None:
    """Return a run's score where it was measured on what most of its scores were."""
    score = found.scores.get(name)
    return score if score and score.conditions == found.conditions else None


def _chosen_group(found: Evaluations, labels: Mapping[Conditions, str]) -> Conditions:
    """Ask for a group of runs that were measured alike, where there are several; at first the largest."""
    usual = largest(list(found.measured.values()))
    if len(labels) == 1:
        return usual
    groups = {label: conditions for conditions, label in labels.items()}
    label = st.selectbox(
        "Runs measured on",
        list(groups),
        index=list(groups).index(labels[usual]),
        key="leaderboard-realism-group",
        persist_state="session",
        help="Runs that were measured on other images cannot be compared, so each group has a figure of its own.",
        width=CHOICE_PX,
    )
    return groups[label]


def _axis(label: str, names: Sequence[str], key: str) -> str:
    return st.selectbox(label, names, format_func=lambda name: metrics()[name].title, key=key, width=CHOICE_PX)
