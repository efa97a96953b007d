"""The first design: what is read together is of one size, sequence and recipe."""

from types import SimpleNamespace

import numpy as np
import pytest

from app.screens.study.designing import protocol_sources, source_notes
from brainlab.images.grid import Grid
from brainlab.reading.protocol.design import Source

DWI = {"name": "dwi-slices-128", "modalities": ["dwi"]}
T1W = {"name": "ixi-slices-128", "modalities": ["T1w"]}
SLICES, SAGITTAL = (Grid((128, 128), np.eye(4), plane) for plane in ("axial", "sagittal"))


@pytest.fixture
def here(monkeypatch):
    """Let a cohort of diffusion-weighted slices be here, and runs of several kinds."""

    def run(recipe, grid=SLICES):
        return SimpleNamespace(grid=grid, shape=grid.shape, settings={"recipe": recipe})

    runs = {
        "flow": run(T1W),
        "dwi-vae": run(DWI),
        "adc-vae": run(DWI | {"modalities": ["adc"]}),
        "other-recipe": run(DWI | {"name": "dwi-stripped"}),
        "sagittal": run(DWI, SAGITTAL),
        "dwi-gan": run(DWI),
    }
    cohorts = {"simulated-dwi": SimpleNamespace(grid=SLICES, shape=SLICES.shape, recipe=DWI)}
    resources = SimpleNamespace(cohorts=lambda: cohorts, runs=lambda: runs, runs_that=lambda *abilities: runs)
    for module in (protocol_sources, source_notes):
        monkeypatch.setattr(module, "resources", resources)
    monkeypatch.setattr(protocol_sources.st, "session_state", {protocol_sources.SEED: 1})
    return SimpleNamespace(cohorts=cohorts, runs=runs)


def _chosen() -> list[tuple[str, int]]:
    return [(source.name, source.n) for source in protocol_sources.own_design(1).sources]


def test_only_runs_of_the_cohort_s_sequence_recipe_and_plane_are_taken(here):
    assert _chosen() == [("simulated-dwi", 10), ("dwi-vae", 5), ("dwi-gan", 5)]


def test_without_a_cohort_the_first_run_decides(here):
    here.cohorts.clear()
    assert _chosen() == [("flow", 10)]


def test_each_source_is_listed_with_its_sequence_and_size(here):
    listed = {
        name: source_notes.images_of_source(Source(kind=kind, name=name, n=1))
        for kind, name in (("cohort", "simulated-dwi"), ("run", "flow"), ("run", "not here"))
    }
    assert listed == {
        "simulated-dwi": ("DWI", "128 × 128 slices"),
        "flow": ("T1w", "128 × 128 slices"),
        "not here": (),
    }
    assert source_notes.images_of_source(Source(kind="folder", name="/data", n=1, label="fake")) == ()
