"""The data of the explorer component: what explorer.js needs to know of a run, a cohort and a start."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.components.plots import colours
from app.data import resources
from app.data.codes import to_base64, to_steps
from app.screens.explorer.latent_axes import directions, plane
from app.screens.explorer.latent_view import BINS, Histograms, groups, names, ranges, space
from app.server.routes import decode_path, volume_path
from brainlab.latent.directions import Direction

PRIOR_RANGE = 3.0
"""Without a cohort sliders go as many standard deviations of the prior either way."""


def explorer_data(
    run: str,
    cohort: str | None,
    steps: bytes,
    revision: int,
    extra: Sequence[tuple[str, Direction]] = (),
    with_plane: bool = True,
) -> dict[str, Any]:
    """Return the data of the explorer component: see explorer.js.

    cohort: whose classes order and annotate the sliders; without one they come by number.
    with_plane: whether the plane of the discriminant axes is shown, too.
    extra: directions of this start alone, by title, such as the way to a second scan.
    """
    opened = resources.run(run)
    data: dict[str, Any] = {
        "run": f"{run}:{opened.sha256}",
        "decodeUrl": decode_path(run),
        "title": run,
        "code": to_base64(steps),
        "revision": revision,
        "order": list(range(opened.latent_dim)),
    }
    low, high = np.full(opened.latent_dim, -PRIOR_RANGE), np.full(opened.latent_dim, PRIOR_RANGE)
    if cohort is not None:
        found = space(run, cohort)
        low, high = ranges(found)
        data["order"] = [int(k) for k in found.table["dimension"]]
        data["names"] = names(found)
        data["directions"] = directions(found, extra)
        data["plane"] = plane(run, cohort, data["directions"]) if with_plane else None
        data["histograms"] = {
            "url": volume_path(Histograms(run, cohort)),
            "classes": groups(run, cohort),
            "colours": colours(groups(run, cohort)),
            "bins": BINS,
        }
    return {**data, "low": to_base64(to_steps(low)), "high": to_base64(to_steps(high))}
