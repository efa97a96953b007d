"""One dimension of the slices' codes, slice by slice: among training volumes, at the start, and as it was moved."""

import numpy as np
import plotly.graph_objects as go

from app.components.plots import calm
from brainlab.images.grid import ENDS, normal_axis
from brainlab.latent.slice_coordinates import SliceCoordinates
from brainlab.types import FloatArray

BAND_SD = 2
GREY, BAND = "#8a97a3", "rgba(138, 151, 163, 0.22)"
COLOURS = {"start": "#56b4e9", "moved": "#e69f00"}
SIDES = {"L": "left", "R": "right", "P": "back", "A": "front", "I": "bottom", "S": "top"}


def figure(known: SliceCoordinates, dimension: int, codes: dict[str, FloatArray]) -> go.Figure:
    """Return the figure of one dimension. codes: [T, L], of `start` and of what was `moved`."""
    mean, spread = known.mean[:, dimension], known.spread(dimension)
    slices = np.arange(1, len(mean) + 1)  # as the viewer numbers them
    made = go.Figure()
    made.add_scatter(
        x=np.concatenate([slices, slices[::-1]]),
        y=np.concatenate([mean + BAND_SD * spread, (mean - BAND_SD * spread)[::-1]]),
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        hoverinfo="skip",
        name=f"training volumes, mean ± {BAND_SD} SD",
    )
    made.add_scatter(x=slices, y=mean, mode="lines", name="mean", line={"color": GREY, "width": 1.5, "dash": "dash"})
    for name, code in codes.items():
        made.add_scatter(
            x=slices, y=code[:, dimension], mode="lines", name=name, line={"color": COLOURS[name], "width": 2}
        )
    low, high = (SIDES[letter] for letter in ENDS[normal_axis(known.plane)])
    made.update_xaxes(title=f"{known.plane} slice, from {low} to {high}", zeroline=False)
    made.update_yaxes(title=f"dimension {dimension}", zeroline=False)
    legend = {"y": 1.02, "yanchor": "bottom"}
    return calm(made, 320).update_layout(hovermode="x unified", legend=legend)
