"""What the browser is told of an image, the place that is kept for it, and that its scripts find each other."""

import posixpath
import re

import numpy as np
import pytest

from app.components import volume_viewer as volume_viewer_module
from app.components.volume_viewer import Panel, _panel
from app.components.volume_viewer.place import plane_proportions
from app.data.volumes import Decoded, Difference, Mean, Reconstruction, Sample, Scan, load
from app.server.routes import assets
from brainlab.images.grid import Grid

RUN = "slice-vae"


@pytest.fixture
def slices(slice_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(slice_workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", slice_workspace / "no-models")


@pytest.mark.parametrize(
    "source",
    [
        Scan("axial", 3),
        Mean("axial"),
        Reconstruction(RUN, "axial", 3),
        Sample(RUN, 0, 2, 1),
        Decoded(RUN, bytes(16)),
        Difference(Reconstruction(RUN, "axial", 3), Scan("axial", 3)),
    ],
    ids=lambda source: type(source).__name__,
)
def test_a_slice_is_a_volume_of_one_voxel_with_one_plane_to_show(slices, source):
    sent = _panel(Panel(source))
    assert (sent["shape"], sent["planes"]) == ([40, 48, 1], ["axial"])
    assert load(source).shape == source.grid.shape


def test_a_volume_has_three_planes(workspace):
    sent = _panel(Panel(Scan("simulated", 3)))
    assert (sent["shape"], sent["planes"]) == ([40, 48, 40], ["axial", "coronal", "sagittal"])


@pytest.mark.parametrize(
    ("options", "shown"),
    [({"toolbar": False, "readout": False}, {"crosshairShown": False}), ({"toolbar": False}, {}), ({}, {})],
)
def test_a_gallery_of_slices_has_no_crosshair(slices, monkeypatch, options, shown):
    sent = []
    monkeypatch.setattr(volume_viewer_module, "_component", lambda: lambda key, data: sent.append(data))
    monkeypatch.setattr(volume_viewer_module, "keep_place", lambda *_, **__: None)
    volume_viewer_module.volume_viewer(Panel(Scan("axial", 3)), key="gallery", **options)
    assert sent[0]["options"] == {**options, **shown}


def test_the_place_of_three_planes_and_of_one():
    affine = np.diag([1.0, 2, 3, 1])
    x, y, z = 10, 2 * 20, 3 * 30
    assert plane_proportions(Grid((10, 20, 30), affine)) == pytest.approx(
        {"row": z / (x + x + y), "grid": (z + z) / (y + x), "column": (y + z + z) / y}
    )
    one = plane_proportions(Grid((20, 30), affine, "sagittal"))
    assert one == pytest.approx(dict.fromkeys(("row", "grid", "column"), z / y))


def test_every_script_that_another_imports_is_served():
    _, files = assets()
    imports = [
        (name, posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted)))
        for name, content in files.items()
        for wanted in re.findall(r'^import .* from "(\.[^"]+)"', content.decode(), re.MULTILINE)
    ]
    assert len(imports) > 30
    assert not [(name, wanted) for name, wanted in imports if wanted not in files]
