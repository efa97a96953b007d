"""The data of the explorer component: what explorer.js needs to know of a run, a cohort and a start."""

from collections.abc import Sequence
from typing import Any

from app.components.plots import colours
from app.data import resources
from app.data.codes import to_base64, to_steps
from app.screens.explorer.latent_axes import directions, plane, undistributed
from app.screens.explorer.latent_view import BINS, Histograms, groups, names, space
from app.screens.explorer.walk_space import walk_space
from app.server.routes import decode_path, volume_path
from brainlab.latent.directions import Direction


def explorer_data(
    run: str,
    cohort: str | None,
    steps: bytes,
    revision: int,
    extra: Sequence[tuple[str, Direction]] = (),
    with_plane: bool = True,
    *,
    styles: bool = False,
) -> dict[str, Any]:
    """Return the data of the explorer component: see explorer.js.

    cohort: whose classes order and annotate the sliders; without one they come by number.
    with_plane: whether the plane of the discriminant axes is shown, too.
    extra: directions of this start alone, by title, such as the way to a second scan.
    styles: whether the code is that of a style, which sliders move along the principal axes of the run's styles.
    """
    known = walk_space(run, cohort, styles=styles)
    data: dict[str, Any] = {
        "run": f"{run}:{resources.run(run).sha256}" + (":styles" if styles else ""),
        "decodeUrl": decode_path(run, styles=styles),
        "title": run,
        "code": to_base64(steps),
        "revision": revision,
        "order": known.order,
        "low": to_base64(to_steps(known.low)),
        "high": to_base64(to_steps(known.high)),
    }
    if styles:
        data["directions"] = undistributed(known.axes)
    elif cohort is not None:
        found = space(run, cohort)
        data["names"] = names(found)
        data["directions"] = directions(found, extra)
        data["plane"] = plane(run, cohort, data["directions"]) if with_plane else None
        data["histograms"] = {
            "url": volume_path(Histograms(run, cohort)),
            "classes": groups(run, cohort),
            "colours": colours(groups(run, cohort)),
            "bins": BINS,
        }
    return data
