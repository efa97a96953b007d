"""The brain of the first page: a run's latent space to move at once, or a scan, or the template."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import streamlit as st

from app.components import layout
from app.components.scan_choice import describe
from app.components.volume_viewer import Panel, latent_explorer, volume_viewer
from app.data import resources
from app.data.codes import to_steps
from app.data.volumes import Decoded, Scan
from app.screens.explorer.explorer_data import explorer_data
from app.screens.explorer.latent_view import coming_space, revision
from app.screens.explorer.starting_codes import mean_code
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.template import mni_template
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes
from brainlab.images.provenance import Provenance
from brainlab.runs.run import Run
from brainlab.types import UInt8Array

SHOWN = 4


@dataclass(frozen=True)
class Template:
    """The MNI152 template, for a workspace that is empty yet."""

    needs_model: ClassVar[bool] = False

    @property
    def grid(self) -> Grid:
        template = mni_template()
        return Grid(template.data.shape, template.affine)

    @property
    def provenance(self) -> Provenance:
        return Provenance(kind="prepared", settings={"template": "MNI152"})

    def array(self) -> UInt8Array:
        return _template()


def show(runs: Mapping[str, Run], cohorts: Mapping[str, PreparedDataset]) -> None:
    """Show the best run's latent space with four sliders; a scan without a run; the template without either."""
    walkable = [name for name, run in runs.items() if run.can("walk")]
    run = runs[layout.best_run(walkable)] if walkable else None
    cohort = next(iter(resources.fitting(run)), None) if run and run.can("encode") else None
    coming = coming_space(run.name, cohort) if run and cohort else None
    if run and cohort and coming and not coming.done():
        _soon(run.name, cohort)
    elif run:
        # A cohort too small to describe the space must not take the first page with it.
        _live(run, cohort if coming and not coming.exception() else None)
    elif cohorts:
        _scan(next(iter(cohorts)))
    else:
        volume_viewer(Panel(Template(), "MNI152 template"), key="hero")


def _scan(cohort: str) -> None:
    first = Scan(cohort, 0)
    volume_viewer(Panel(first, describe(cohort, 0), first.note), key="hero")


@st.fragment(run_every=2)
def _soon(run: str, cohort: str) -> None:
    """Show a scan until the sliders of the run are ready: its first start encodes the cohort."""
    if coming_space(run, cohort).done():
        st.rerun()
    _scan(cohort)
    st.caption(f":material/hourglass: Preparing the sliders of {run} (once).")


@st.fragment
def _live(run: Run, cohort: str | None) -> None:
    steps = mean_code(run.name, cohort) if cohort else to_steps(np.zeros(run.latent_dim))
    data = explorer_data(run.name, cohort, steps, revision("hero", run.name, cohort, steps), with_plane=False)
    data |= {
        "title": f"{run.name}: move a slider to change the brain",
        "note": "generated",
        "shown": 0 if data.get("directions") else SHOWN,
        "brief": True,
    }
    latent_explorer(data, Decoded(run.name, steps), key="hero-live", on_release=lambda: None)


@lru_cache(maxsize=1)
def _template() -> UInt8Array:
    data = mni_template().data
    return to_bytes(data / np.percentile(data[data > 0], 99.5))
