"""Losses and diagnostics of a training as figures, from the lines of its `metrics.jsonl`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.express as px
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.components.plots import calm

Lines = Sequence[Mapping[str, Any]]

MOST_POINTS = 600
"""Points of a curve that are drawn; more cannot be told apart."""
FEW_POINTS = 15
"""Points of a curve that are drawn as such."""
BESIDE = ("kind", "epoch", "step")
"""What a line of losses holds beside them."""
LOSSES_A_ROW, DIAGNOSTICS_A_ROW = 5, 2
TICKS = {"nticks": 4, "tickformat": ".3~s"}
"""Of small panels: four labels at most, each a few characters long."""
HELD_OUT = "held-out"
"""Stands for held-out images, whose noun a figure is told."""
COLOURS = {HELD_OUT: "#e69f00", "reconstructions": "#56b4e9", "samples": "#cc79a7", "synthesised": "#009e73"}
PANELS: dict[str, dict[str, str]] = {
    "Held-out squared error": {"held_out_mse": "reconstructions"},
    "KL (nats)": {
        "held_out_kl": HELD_OUT,
        "held_out_kl_reconstructed": "reconstructions",
        "held_out_kl_generated": "samples",
    },
    "Sharpness": {
        "sharpness_real": HELD_OUT,
        "sharpness_reconstructed": "reconstructions",
        "sharpness_generated": "samples",
        "sharpness_synthesised": "synthesised",
    },
    "Spread": {"spread_real": HELD_OUT, "spread_generated": "samples"},
    "Active units": {"active_units": HELD_OUT},
}
"""Diagnostics by panel: key of a line to what was looked at."""


def losses(lines: Lines) -> go.Figure | None:
    """Return each loss by step, a panel each, numbered ones together; None before the first was written."""
    steps = [line for line in lines if line["kind"] == "step"] or list(lines)
    panels = _together([name for name in _losses_of(lines) if any(name in line for line in steps)])
    if not panels:
        return None
    figure = _panels(list(panels), LOSSES_A_ROW)
    for place, names in enumerate(panels.values()):
        for name, colour in zip(names, _shades(len(names)), strict=True):
            known = _thinned([line for line in steps if name in line])
            trace = go.Scatter(
                x=[line["step"] for line in known],
                y=[line[name] for line in known],
                mode="lines" if len(known) > 1 else "markers",
                name=name.replace("_", " "),
                line={"color": colour, "width": 2 if len(names) == 1 else 1},
                showlegend=False,
            )
            figure.add_trace(trace, **_cell(place, LOSSES_A_ROW))
    figure.update_xaxes(**TICKS).update_yaxes(**TICKS)
    return calm(figure, _height(len(panels), LOSSES_A_ROW))


def diagnostics(lines: Lines, noun: str = "scan") -> go.Figure | None:
    """Return what was measured at the ends of epochs, a panel each; None before the first end of an epoch.

    noun: what one image is called, scan or slice.
    """
    ends = [line for line in lines if line["kind"] == "epoch"]
    panels = {title: keys for title, keys in PANELS.items() if any(key in line for line in ends for key in keys)}
    if not panels:
        return None
    figure = _panels(list(panels), DIAGNOSTICS_A_ROW)
    named: set[str] = set()
    for place, keys in enumerate(panels.values()):
        for key, what in keys.items():
            known = [line for line in ends if key in line]
            if not known:
                continue
            trace = go.Scatter(
                x=[line["epoch"] for line in known],
                y=[line[key] for line in known],
                name=f"held-out {noun}s" if what == HELD_OUT else what,
                legendgroup=what,
                showlegend=what not in named,
                mode="lines+markers" if len(known) <= FEW_POINTS else "lines",
                line={"color": COLOURS[what], "dash": "dot" if key.endswith("_real") else "solid"},
            )
            figure.add_trace(trace, **_cell(place, DIAGNOSTICS_A_ROW))
            named.add(what)
    figure.update_xaxes(nticks=6, tickformat="d").update_yaxes(**TICKS)
    return calm(figure, _height(len(panels), DIAGNOSTICS_A_ROW) + 30)


def _losses_of(lines: Lines) -> list[str]:
    """Return the names of the losses, as an epoch's line lists them or else as the first line of a step holds them."""
    named = next((list(line["losses"]) for line in reversed(lines) if "losses" in line), None)
    if named is None:
        named = [name for line in lines[-1:] for name in line if name not in BESIDE and name != "gradient_norm"]
    return [*named, "gradient_norm"] if any("gradient_norm" in line for line in lines) else named


def _together(names: Sequence[str]) -> dict[str, list[str]]:
    """Return names by panel: numbered ones, such as the bands of a flow, share one."""
    panels: dict[str, list[str]] = {}
    for name in names:
        numbered = re.fullmatch(r"(.+?)_\d+", name)
        panels.setdefault(f"each {numbered[1]}" if numbered else name.replace("_", " "), []).append(name)
    return panels


def _shades(count: int) -> list[str]:
    """Return a colour for each of several curves in one panel, from first to last."""
    if count == 1:
        return [COLOURS["reconstructions"]]
    return list(px.colors.sample_colorscale("Viridis", [0.9 * i / (count - 1) for i in range(count)]))


def _thinned(lines: Lines) -> Lines:
    return lines[:: max(1, -(-len(lines) // MOST_POINTS))]


def _panels(titles: Sequence[str], a_row: int) -> go.Figure:
    rows = -(-len(titles) // a_row)
    figure = make_subplots(
        rows=rows,
        cols=min(a_row, len(titles)),
        subplot_titles=titles,
        horizontal_spacing=0.4 / a_row,
        vertical_spacing=0.36 / rows,
    )
    return figure.update_annotations(font_size=13)


def _cell(place: int, a_row: int) -> dict[str, int]:
    return {"row": place // a_row + 1, "col": place % a_row + 1}


def _height(panels: int, a_row: int) -> int:
    return 40 + 160 * -(-panels // a_row)
