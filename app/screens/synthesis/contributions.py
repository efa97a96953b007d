"""Which input a synthesised scan depends on: each one's share of the saliency, as bars."""

import plotly.graph_objects as go
import streamlit as st

from app.components import layout, plots
from app.data.translations import SaliencyMaps
from brainlab.runs.run import Run

BAR_PX = 34


def show(run: Run, maps: SaliencyMaps) -> None:
    """Show what each input contributes, and what that is of."""
    st.subheader("Contribution of each input", anchor=False)
    if maps.contributions is None:
        layout.note(f"{run.name} does not depend on any input here: its gradient is 0 everywhere")
        return
    layout.plot(bars(run.config.inputs, maps.contributions), "synthesis-contributions")
    of = "its error" if maps.of == "error" else "the synthesised image, as there is no true one to measure an error by,"
    st.caption(
        f"Saliency: by how much {of} changes when a voxel of an input does. Bars: each input's share of its mean. It "
        "says what the run looks at, and not whether it is right."
    )


def bars(names: tuple[str, ...], shares: tuple[float, ...]) -> go.Figure:
    """Return a bar for each input, the first on top."""
    figure = go.Figure(
        go.Bar(
            x=[100 * share for share in shares[::-1]],
            y=list(names[::-1]),
            orientation="h",
            text=[f"{share:.0%}" for share in shares[::-1]],
            marker_color=plots.OTHER_COLOURS[0],
        )
    )
    figure.update_xaxes(title="share of the saliency (%)", range=[0, 100])
    return plots.calm(figure, 110 + BAR_PX * len(names), top=10)
