"""A slice that a visitor uploads, projected into the styles of a run."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Any

import streamlit as st

from app.data import resources
from app.data.uploads import UploadedSlice
from app.data.volumes import load
from app.screens.explorer import uploaded_slice
from brainlab.errors import BrainlabError
from brainlab.experiments.analysis.style_projection import project_images
from brainlab.images.pictures import to_unit
from brainlab.types import Float32Array

KEPT = 64
"""Codes in memory; the one that was not asked for longest goes first."""

_codes: OrderedDict[tuple[str, UploadedSlice], Float32Array] = OrderedDict()
"""Codes of styles by the hash of the run's weights and the slice."""
_lock = Lock()


def choose(run: str) -> tuple[UploadedSlice, Float32Array] | None:
    """Ask for a slice; return it with the code [d] of its style, None until one has come that can be projected."""
    scan = uploaded_slice.choose(run, "Projected")
    if scan is None:
        return None
    try:
        return scan, _projected(run, scan)
    except BrainlabError as error:
        st.error(str(error))
        return None


def _projected(run: str, scan: UploadedSlice) -> Float32Array:
    """Return the code of the style whose image is nearest to a slice; the same slice is projected once."""
    found, space = resources.run(run), resources.style_space(run)
    key = found.sha256, scan
    with _lock:
        if key in _codes:
            _codes.move_to_end(key)
            return _codes[key]
    bar = st.progress(0.0, "Projecting into W; any other choice on the page stops it")

    def watch(steps: Iterable[Any], _: str, total: int) -> Iterator[Any]:
        for number, step in enumerate(steps):
            bar.progress(number / total)
            yield step

    code = space.code(project_images(found, to_unit(load(scan))[None], space, watch=watch).w[0])
    bar.empty()
    with _lock:
        _codes[key] = code
        while len(_codes) > KEPT:
            _codes.popitem(last=False)
    return code
