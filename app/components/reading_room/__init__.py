"""The reading room as a Streamlit component. Its script talks to `app.server.reading_routes` itself."""

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from app.components.volume_viewer import SCRIPT
from app.server.routes import asset_path, base_url


def reading_room(study: str, token: str) -> None:
    """Show the whole reading room of one reader. It fills the window and is not drawn again by reruns."""
    _component()(key="room", data={"study": study, "token": token, "base": base_url() + "/brainlab/reading"})


@cache
def _component() -> Callable[..., Any]:
    """Register the component once; its script is a few lines that import ours from its versioned route."""
    script = SCRIPT.replace("PATH", asset_path("reading_room/reader.js"))
    return st.components.v2.component("brainlab_reading_room", html="<div></div>", js=script)
