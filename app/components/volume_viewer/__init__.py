"""The canvas viewer as a Streamlit component; volumes reach it through `app.server.routes`, never through reruns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from app.components.volume_viewer.place import FOOT_PX, TITLE_PX, TOOLS_PX, keep_place
from app.data.codes import from_base64
from app.data.volumes import Decoded, Source
from app.server.routes import asset_path, picture_path, volume_path
from brainlab.types import FloatArray

SCRIPT = (Path(__file__).parent / "bridge.js").read_text()
"""What Streamlit runs for a component; PATH in it is that of the component's own script."""

SLIDERS_PX, FEW_SLIDERS_PX = 466, 165
"""Height of the explorer's panel of sliders on a wide page, where it is lowest."""


@dataclass(frozen=True)
class Overlay:
    """A second volume laid over the first. map: `diverging` (128 is clear) or `hot` (0 is clear)."""

    source: Source
    map: str = "diverging"
    opacity: float = 0.8
    label: str = "difference"
    gain: float = 4.0


@dataclass(frozen=True)
class Panel:
    """One viewer: a volume [X, Y, Z] in RAS order with its affine (voxel to mm), a title and a small badge."""

    source: Source
    shape: tuple[int, ...]
    affine: FloatArray = field(compare=False)
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
    """Show one volume, or several side by side with crosshair, window and zoom in common.

    columns: panels in a row; all in one row if absent.
    group: name under which several of these calls share crosshair, window and zoom; each call for itself if absent.
    options: as documented at the head of viewer.js (layout, height, readout, toolbar, interpolation, ...).
    """
    shown = [panels] if isinstance(panels, Panel) else list(panels)
    beside = columns or len(shown)
    tools = options.get("toolbar", True) or options.get("readout", True)
    about = {"bars": TOOLS_PX} if tools else {"bars": TITLE_PX, "below": FOOT_PX}
    first, layout = shown[0], options.get("layout", "auto")
    keep_place(key, first.shape, first.affine, layout=layout, count=len(shown), columns=beside, **about)
    data = {
        "kind": "panels",
        "panels": [_panel(panel) for panel in shown],
        "columns": beside,
        "group": group or key,
        "options": options,
    }
    _component()(key=key, data=data)


def latent_explorer(
    data: dict[str, Any], key: str, on_release: Callable[[], None], **options: Any
) -> dict[str, Any] | None:
    """Show latent sliders beside their brain; returns {code, revision, at} of the last release, None before the first.

    data: as documented in explorer.js.
    """
    keep_place(
        key, data["shape"], np.asarray(data["affine"]), below=FEW_SLIDERS_PX if data.get("brief") else SLIDERS_PX
    )
    start = Decoded(data["run"].rpartition(":")[0], from_base64(data["code"]))
    stills = [{"title": data["title"], "pictures": _pictures(start)}]
    sent = {"kind": "explorer", "panels": stills, **data, **options}
    return _component()(key=key, data=sent, on_state_change=on_release).state


def released_code(key: str) -> dict[str, Any] | None:
    """Run the calling fragment again whenever the explorer's sliders are let go; returns as `latent_explorer` does."""
    return _component()(key=key, data={"kind": "follower"}, on_state_change=lambda: None).state


def _panel(panel: Panel) -> dict[str, Any]:
    overlay = panel.overlay
    return {
        "url": volume_path(panel.source),
        "shape": list(panel.shape),
        "affine": panel.affine.tolist(),
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
        },
    }


def _pictures(*sources: Source) -> list[str]:
    return [picture_path(source) for source in sources]


@cache
def _component() -> Callable[..., Any]:
    """Register the component once; its script is a few lines that import ours from its versioned route."""
    script = SCRIPT.replace("PATH", asset_path("component.js"))
    return st.components.v2.component("brainlab_volume", html="<div></div>", js=script)
