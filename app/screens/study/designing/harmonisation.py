"""The part of a design by which images of any size, format and range are made alike."""

from typing import Literal, cast

import streamlit as st

from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.harmonisation import LEAST_QUALITY, LEAST_SIZE, MOST_QUALITY, MOST_SIZE, Harmonisation

FITS = {"brain": "Brain, scaled to one size", "centre": "Whole picture"}
INTENSITIES = {"percentiles": "Percentiles of each image", "as_stored": "As files say"}
QUALITY = 75


def harmonisation(start: Protocol, key: str) -> Harmonisation | None:
    """Ask whether images are made alike, and how; None where they stay as they are."""
    before = start.harmonisation or Harmonisation()
    chosen = st.toggle(
        "Make images of all sources alike",
        start.harmonisation is not None,
        key=f"{key}-alike",
        help="Real and generated images alike, whatever their size, format and grey levels. "
        "Without it, images of several sizes are refused.",
    )
    if not chosen:
        return None
    size = st.number_input(
        "Pixels a side (0: sizes stay)",
        0,
        MOST_SIZE,
        before.size,
        key=f"{key}-alike-size",
        help=f"{LEAST_SIZE} to {MOST_SIZE}; at most two thirds of the pixels that the coarsest source has, so that all "
        "are equally sharp.",
    )
    fit = st.selectbox("Centred on", list(FITS), list(FITS).index(before.fit), format_func=FITS.__getitem__,
                       key=f"{key}-alike-fit", disabled=not size,
                       help="Heads cut to one size, or pictures as they are cut.")  # fmt: skip
    enlarged = st.number_input("Largest enlargement of an image", 1.0, 4.0, float(before.most_enlarged), 0.05,
                               key=f"{key}-alike-enlarged", disabled=not size,
                               help="Images that would be enlarged more are refused.")  # fmt: skip
    intensity = st.selectbox("Black and white", list(INTENSITIES), list(INTENSITIES).index(before.intensity),
                             format_func=INTENSITIES.__getitem__, key=f"{key}-alike-intensity",
                             help="Which values of an image are shown black and white.")  # fmt: skip
    low, high = before.percentiles
    if intensity == "percentiles":
        low, high = st.slider("Percentiles", 0.0, 100.0, (float(low), float(high)), 0.5, key=f"{key}-alike-percentiles")
    again = st.toggle(
        "Save all images as JPEG first",
        before.reencode_jpeg > 0,
        key=f"{key}-alike-jpeg",
        help="Where one source comes as JPEG, its blocks would give it away.",
    )
    quality = st.number_input("Quality of JPEG", LEAST_QUALITY, MOST_QUALITY, before.reencode_jpeg or QUALITY,
                              key=f"{key}-alike-quality") if again else 0  # fmt: skip
    return Harmonisation(
        size=int(size),
        fit=cast(Literal["brain", "centre"], fit),
        intensity=cast(Literal["percentiles", "as_stored"], intensity),
        percentiles=(float(low), float(high)),
        most_enlarged=float(enlarged),
        reencode_jpeg=int(quality),
    )
