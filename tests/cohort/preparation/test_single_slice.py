"""A slice that somebody brings: as it is where it fits, else turned, fitted and scaled."""

import numpy as np
import pytest
from PIL import Image

from brainlab.cohort.preparation.single_slice import prepare_slice
from brainlab.errors import UnreadableScanError
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes, to_unit
from brainlab.images.volume import Volume

GRID = Grid((40, 48), np.diag([4.0, 4, 4, 1]), "axial")
RNG = np.random.default_rng(0)
IMAGE = to_unit(to_bytes(RNG.uniform(0, 0.8, size=GRID.shape)))


def picture(path, pixels):
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


def nifti(path, image, voxel_mm=(4, 4, 4)):
    Volume(np.asarray(image, np.float32), np.diag([*voxel_mm, 1.0])).save(path)
    return path


def test_what_the_app_exports_comes_back_as_it_was(tmp_path):
    for path in (
        picture(tmp_path / "a.png", to_bytes(GRID.view(IMAGE))),
        nifti(tmp_path / "a.nii.gz", IMAGE[:, :, None]),
    ):
        made = prepare_slice(path, GRID, "dwi-slices-128")
        assert np.allclose(made.data, IMAGE, atol=1e-6)
        assert made.notes == ()


def test_a_larger_picture_is_turned_padded_to_the_grid_s_proportions_and_resampled(tmp_path):
    pixels = RNG.integers(100, 120, size=(200, 200))
    pixels[:40, :40] = 250  # top left: front, and the patient's right
    made = prepare_slice(picture(tmp_path / "a.png", pixels), GRID, "none").data
    assert made.shape == (40, 48)
    assert (made[:, :3] == 0).all(), "a square is as wide as the grid, so there is black in front of it and behind it"
    assert (made[:, -3:] == 0).all()
    assert np.argwhere(made > 0.8).min(axis=0).tolist() == [32, 36]
    assert made[:30].max() < 0.5


@pytest.mark.parametrize(("recipe", "brightest"), [("dwi-slices-128", 1.0), ("slices-128", 0.32)])
def test_it_takes_the_steps_of_the_run_s_recipe(tmp_path, recipe, brightest):
    pixels = RNG.integers(0, 103, size=(96, 80))
    made = prepare_slice(picture(tmp_path / "a.png", pixels), GRID, recipe)
    assert made.data.max() == pytest.approx(brightest, abs=0.04)
    assert made.data.min() >= 0
    assert any("fitted to the run's frame" in note for note in made.notes)


def test_what_takes_a_whole_scan_is_said_to_be_left_out(tmp_path):
    made = prepare_slice(picture(tmp_path / "a.png", RNG.integers(0, 255, size=(96, 80))), GRID, "t1-cube-64")
    assert any("bias field was not corrected" in note for note in made.notes)


def test_a_slice_of_other_values_and_voxels_keeps_its_proportions(tmp_path):
    ramp = np.linspace(0.5, 1, 80)[:, None] * np.linspace(1, 0.6, 48)  # 160 mm across and 192 mm high, as the grid
    image = 900 * ramp[:, :, None]
    made = prepare_slice(nifti(tmp_path / "a.nii.gz", image, (2, 4, 4)), GRID, "none").data
    assert made.shape == (40, 48)
    assert made.min() > 0.29, "nothing had to be padded"
    halves = image[:, :, 0].reshape(40, 2, 48).mean(axis=1) / image.max()
    assert np.allclose(made, halves, atol=0.01)


def test_a_picture_of_the_run_s_size_with_more_than_8_bits_has_no_white_of_its_own(tmp_path):
    Image.fromarray((1000 * GRID.view(IMAGE)).astype(np.uint16)).save(tmp_path / "a.png")
    assert prepare_slice(tmp_path / "a.png", GRID, "dwi-slices-128").data.max() == pytest.approx(1)


def test_what_is_no_slice_of_the_plane_is_refused_by_name(tmp_path):
    volume = nifti(tmp_path / "volume.nii.gz", RNG.uniform(size=(40, 48, 40)))
    coronal = nifti(tmp_path / "coronal.nii.gz", RNG.uniform(size=(40, 1, 48)))
    flat = picture(tmp_path / "flat.png", np.full((48, 40), 7))
    pages = tmp_path / "pages.tif"
    first, *others = [Image.fromarray(RNG.integers(0, 255, size=(40, 40)).astype(np.uint8)) for _ in range(2)]
    first.save(pages, save_all=True, append_images=others)
    text = tmp_path / "text.png"
    text.write_text("no picture", encoding="utf-8")
    for path, reason in {
        volume: "needs one axial slice, got 40x48x40 voxels; save one, or prepare the scan",
        coronal: "needs one axial slice, got 40x1x48 voxels",
        flat: "constant: every voxel is 7",
        pages: "needs one slice, got 2 pages",
        text: "cannot be read as a picture",
    }.items():
        with pytest.raises(UnreadableScanError, match=reason) as refused:
            prepare_slice(path, GRID, "none")
        assert str(refused.value).startswith(f"{path}: ")
        assert "\n" not in str(refused.value)
