"""The directions that the explorer has sliders for, and the plane of the first two discriminant axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.components.plots import colours
from app.data.codes import to_base64
from app.screens.explorer.latent_view import DIRECTIONS, groups, space
from brainlab.experiments.analysis.latent_space import LatentSpace
from brainlab.latent.directions import Direction
from brainlab.legend import grouped
from brainlab.types import FloatArray

PLANE = ("discriminant axis 1", "discriminant axis 2")
MOST_POINTS = 1500
"""Scans on the plane: more would not be told apart, and are sent with every release of a slider."""


def directions(found: LatentSpace, extra: Sequence[tuple[str, Direction]] = ()) -> list[dict[str, Any]]:
    """Describe the directions for explorer.js; `extra` ones, by title, come first and have no distribution."""
    axes = {axis.name: axis for axis in found.axes}
    described = [_described(title, "", axis, None) for title, axis in extra]
    shown = [(name, *titles) for name, titles in DIRECTIONS.items() if name in axes]
    return described + [_described(title, unit, axes[name], row) for row, (name, title, unit) in enumerate(shown)]


def undistributed(axes: Sequence[Direction]) -> list[dict[str, Any]]:
    """Describe directions for explorer.js along which no scans are known."""
    return [_described(axis.name.capitalize(), axis.unit, axis, None) for axis in axes]


def plane(run: str, cohort: str, described: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Describe the plane of the first two discriminant axes for plane.js; None where there are fewer than two.

    described: what `directions` returned; the plane names its two axes by their place in it.
    """
    found = space(run, cohort)
    axes = [axis for name in PLANE for axis in found.axes if axis.name == name]
    titles = [item["name"] for item in described]
    if len(axes) < len(PLANE):
        return None
    codes, labels, learnt = found.everyone()
    rows = [row for row in range(len(labels)) if labels[row]]
    rows = rows[:: -(-len(rows) // MOST_POINTS)]
    names = groups(run, cohort)
    points = np.stack([axis.position(codes[rows]) for axis in axes], axis=1)
    fitted = learnt[rows].astype(np.uint8)
    members = np.array([names.index(name) for name in grouped([labels[row] for row in rows])], dtype=np.uint8)
    return {
        "axes": [titles.index(DIRECTIONS[name][0]) for name in PLANE],
        "colours": colours(names),
        "points": _floats(points),
        "members": to_base64(members.tobytes()),
        "fitted": to_base64(fitted.tobytes()),
    }


def _described(title: str, unit: str, axis: Direction, row: int | None) -> dict[str, Any]:
    return {
        "name": title,
        "unit": unit,
        "vector": _floats(axis.vector),
        "readout": _floats(axis.readout),
        "offset": axis.offset,
        "low": axis.low,
        "high": axis.high,
        "row": row,
    }


def _floats(values: FloatArray) -> str:
    return to_base64(np.asarray(values).astype("<f4").tobytes())
