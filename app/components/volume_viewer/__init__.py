"""The canvas viewer as a Streamlit component; volumes reach it through `app.server.routes`, never through reruns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from app.components.volume_viewer.place import FOOT_PX, TITLE_PX, TOOLS_PX, keep_place
from app.data.volumes import Decoded, ImageSource
from app.server.routes import asset_path, picture_path, volume_path
from brainlab.images.grid import Grid

SCRIPT = (Path(__file__).parent / "bridge.js").read_text(encoding="utf-8")
"""What Streamlit runs for a component; PATH in it is that of the component's own script."""

SLIDERS_PX, FEW_SLIDERS_PX = 466, 165
"""Height of the explorer's panel of sliders on a wide page, where it is lowest."""


@dataclass(frozen=True)
class Overlay:
    """A second image laid over the first. map: `diverging` (128 is clear), `hot` (0 is clear) or `category` (numbers).

    gain: full colour at 1 / gain of the range.  scale, unit: what the whole range stands for, and in which unit.
    names: of categories, from number 1 on; 0 is clear.
    """

    source: ImageSource
    map: str = "diverging"
    opacity: float = 0.8
    label: str = "difference"
    gain: float = 4.0
    scale: float = 1.0
    unit: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """One viewer: a volume or a slice, a title and a small badge."""

    source: ImageSource
    title: str = ""
    note: str = ""
    overlay: Overlay | None = None


def volume_viewer(
    panels: Panel | Sequence[Panel],
    key: str,
    *,
    columns: int | None = None,
    group: str | None = None,
    **options: Any,
) -> None:
    """Show one image, or several side by side with crosshair, window and zoom in common.

    columns: panels in a row; all in one row if absent.
    group: name under which several of these calls share crosshair, window and zoom; each call for itself if absent.
    options: as documented at the head of viewer.js (layout, height, readout, toolbar, interpolation, ...).
    """
    shown = [panels] if isinstance(panels, Panel) else list(panels)
    beside = columns or len(shown)
    tools = options.get("toolbar", True) or options.get("readout", True)
    bars, below = (TOOLS_PX, 0) if tools else (TITLE_PX, FOOT_PX)
    layout = options.get("layout", "auto")
    keep_place(key, shown[0].source.grid, layout=layout, count=len(shown), columns=beside, bars=bars, below=below)
    if not tools and len(shown[0].source.grid.planes) == 1:  # nothing else goes by the point that it marks
        options = {"crosshairShown": False, **options}
    data = {
        "kind": "panels",
        "panels": [_panel(panel) for panel in shown],
        "columns": beside,
        "group": group or key,
        "options": options,
    }
    _component()(key=key, data=data)


def latent_explorer(
    data: dict[str, Any], start: Decoded, key: str, on_release: Callable[[], None], **options: Any
) -> dict[str, Any] | None:
    """Show latent sliders beside their brain; returns {code, revision, at} of the last release, None before the first.

    data: as documented in explorer.js, without what it says of the images' grid. start: the image of its code.
    """
    grid = start.grid
    below = FEW_SLIDERS_PX if data.get("brief") else SLIDERS_PX
    keep_place(key, grid, below=below, aside=len(grid.planes) == 1)
    stills = [{"title": data["title"], "pictures": _pictures(start)}]
    sent = {"kind": "explorer", "panels": stills, **_placed(grid), **data, **options}
    return _component()(key=key, data=sent, on_state_change=on_release).state


def released_code(key: str) -> dict[str, Any] | None:
    """Run the calling fragment again whenever the explorer's sliders are let go; returns as `latent_explorer` does."""
    return _component()(key=key, data={"kind": "follower"}, on_state_change=lambda: None).state


def _panel(panel: Panel) -> dict[str, Any]:
    overlay = panel.overlay
    return {
        "url": volume_path(panel.source),
        **_placed(panel.source.grid),
        "title": panel.title,
        "note": panel.note,
        "pictures": _pictures(panel.source, *([overlay.source] if overlay else [])),
        "overlay": overlay
        and {
            "url": volume_path(overlay.source),
            "map": overlay.map,
            "opacity": overlay.opacity,
            "label": overlay.label,
            "gain": overlay.gain,
            "scale": overlay.scale,
            "unit": overlay.unit,
            "names": list(overlay.names),
        },
    }


def _placed(grid: Grid) -> dict[str, Any]:
    """Describe a grid for the viewer, to which a slice is a volume of one voxel's thickness with one plane to show."""
    return {"shape": list(grid.volume_shape), "affine": grid.affine.tolist(), "planes": list(grid.planes)}


def _pictures(*sources: ImageSource) -> list[str]:
    return [picture_path(source) for source in sources]


@cache
def _component() -> Callable[..., Any]:
    """Register the component once; its script is a few lines that import ours from its versioned route."""
    script = SCRIPT.replace("PATH", asset_path("volume_viewer/component.js"))
    return st.components.v2.component("brainlab_volume", html="<div></div>", js=script)
