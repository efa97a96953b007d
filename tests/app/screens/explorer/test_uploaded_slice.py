"""The explorer of a run on slices with an encoder starts from a slice that a visitor brings, or from one of a head."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.data import resources, uploads
from app.data.codes import to_steps
from app.data.exports import nifti, nifti_of
from app.data.volumes import Decoded, Scan, load
from app.server.access import SIGNED_IN
from brainlab.cohort.prepared import PreparedDataset
from brainlab.images.pictures import to_unit
from brainlab.images.provenance import Provenance
from brainlab.images.volume import Volume

PROJECT = Path(__file__).resolve().parents[4]
RUN = "slice-vae"


def picture(pixels):
    """Grey levels [rows, columns] as the bytes of a PNG."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(autouse=True)
def place(slice_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(slice_workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", slice_workspace / "no-models")
    monkeypatch.setattr(uploads, "_heads", type(uploads._heads)())


@pytest.fixture
def page():
    found = AppTest.from_file(str(PROJECT / "pages" / "explorer.py"), default_timeout=120)
    found.session_state[SIGNED_IN] = True
    found.run()
    found.segmented_control(key="start-kind").set_value("Upload").run()
    assert not found.exception, found.exception
    return found


@pytest.fixture
def head(slice_workspace):
    """A scan of a cohort of volumes, as a file's bytes."""
    volumes = PreparedDataset.open(slice_workspace / "volumes")
    return nifti_of(Volume(volumes.batch(np.array([3]))[0, 0], volumes.affine), Provenance(kind="prepared"))


def brought(page, name, content):
    page.file_uploader(key="start-slice").set_value((name, content, "application/octet-stream")).run()
    assert not page.exception, page.exception
    return page


def said(page):
    return "\n".join(caption.value for caption in page.caption)


def viewers(page):
    return "".join(str(element.proto) for element in page.get("bidi_component"))


@pytest.mark.parametrize("ending", ["png", "nii.gz"])
def test_a_slice_is_encoded_and_shown_beside_its_reconstruction(page, ending):
    own = Scan("axial", 3)
    brought(page, f"mine.{ending}", picture(own.grid.view(load(own))) if ending == "png" else nifti(own))
    assert not page.error
    run = resources.run(RUN)
    steps = to_steps(run.encode(to_unit(load(own))[None, None])[0][0])
    error = np.square(to_unit(load(Decoded(RUN, steps))) - to_unit(load(own))).mean()
    assert f"Reconstruction: mean squared error {error:.3g}" in said(page)
    assert page.session_state["explorer-tabs"] == "Compare"
    shown = viewers(page)
    assert f"mine.{ending}" in shown
    assert "original" in shown


def test_of_a_head_one_slice_is_taken_and_another_can_be(page, head, slice_workspace):
    brought(page, "head.nii.gz", head)
    assert not page.error
    assert "slice 20 of head.nii.gz" in viewers(page)
    (slider,) = page.select_slider
    assert slider.options == [str(number) for number in range(14, 26)]
    slider.set_value(2).run()
    assert "slice 16 of head.nii.gz" in viewers(page)
    volumes = PreparedDataset.open(slice_workspace / "volumes")
    expected = volumes.shown(3)[:, :, 16]
    taken = uploads.take_slices("again.nii.gz", head, resources.run(RUN))[2]
    assert np.abs(load(taken).astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("mine.png", b"no picture", "mine.png: "),
        ("mine.nii.gz", b"", "mine.nii.gz: "),
        ("flat.png", picture(np.zeros((48, 40), np.uint8)), "flat.png: blank: every voxel is 0"),
    ],
    ids=["no picture", "empty", "blank"],
)
def test_what_is_no_slice_is_refused_in_one_line_and_leaves_the_start_at_zeros(page, name, content, reason):
    brought(page, name, content)
    (error,) = page.error
    assert error.value.startswith(reason)
    assert "\n" not in error.value
    assert "/tmp" not in error.value
    assert "all zeros" in viewers(page)


def test_nothing_is_left_on_disk(page, head, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    brought(page, "head.nii.gz", head)
    assert not page.error
    assert not list(tmp_path.iterdir())
