"""A brain put somewhere else by a known map is found again, header or no header, and no brain is found in noise."""

import os
from pathlib import Path

import numpy as np
import pytest

from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.registration.fit_test import Evidence
from brainlab.cohort.registration.head import find_head, foreground, frame_of
from brainlab.cohort.registration.placement import Placement, place_on_template, placed_already
from brainlab.cohort.registration.register import MOST_SCALE, Registration
from brainlab.cohort.registration.resampling import from_itk, itk_transform, matrix_of, resample, to_itk
from brainlab.cohort.registration.skullstrip import brain_mask
from brainlab.cohort.template import GRID_SHAPE, grid_affine, mni_template, mni_tissue
from brainlab.errors import RegistrationError
from brainlab.images.volume import Volume


def turn(degrees: float, shift_mm: float = 0.0) -> np.ndarray:
    """Return a [4, 4] rotation about the third axis, then the first, with a shift."""
    a = np.deg2rad(degrees)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = about_z[np.ix_([2, 0, 1], [2, 0, 1])]
    matrix = np.eye(4)
    matrix[:3, :3] = about_z @ about_x
    matrix[:3, 3] = shift_mm
    return matrix


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_transforms_survive_simpleitk() -> None:
    matrix = turn(17, 12.0) @ np.diag([0.9, 1.1, 1.0, 1])
    np.testing.assert_allclose(matrix_of(itk_transform(matrix)), matrix, atol=1e-12)
    volume = Volume(np.random.default_rng(0).random((5, 6, 7), dtype=np.float32), matrix)
    np.testing.assert_array_equal(from_itk(to_itk(volume), matrix).data, volume.data)


def test_resample_reads_at_the_right_place() -> None:
    values = np.random.default_rng(0).random((8, 9, 10), dtype=np.float32)
    sheared = np.array([[2.0, 0.4, 0, 3], [0, 2, 0, 4], [0, 0, 2, 5], [0, 0, 0, 1]])
    shift = np.eye(4)
    shift[:3, 3] = 1.0, -2.0, 0.5
    grid = np.linalg.inv(shift) @ sheared  # a grid whose voxels lie on the volume's once shifted
    back = resample(Volume(values, sheared), (8, 9, 10), grid, shift)
    np.testing.assert_allclose(back.data, values, atol=1e-5)


def test_frame_takes_turn_and_shift_away() -> None:
    affine = np.diag([1.0, 1.5, 2.0, 1])
    still = Volume(np.zeros((10, 12, 14), np.float32), affine)
    turned = Volume(still.data, turn(20, 50) @ affine)
    own = [np.linalg.inv(frame_of(volume)) @ volume.affine for volume in (still, turned)]
    np.testing.assert_allclose(own[0], own[1], atol=1e-9)


@pytest.mark.parametrize(
    ("scale", "evidence", "reason"),
    [
        (0.75, Evidence(0.2, 0.2, 1.1), None),
        (1.10, Evidence(0.6, 0.5, 1.1), None),  # a scan that was brought onto the template before
        (0.45, Evidence(0.2, 0.2, 1.1), "0.45 times the template's volume"),
        (1.00, Evidence(0.2, 0.2, 1.1), "1.00 times the template's volume"),
        (1.20, Evidence(0.6, 0.5, 1.1), "1.20 times the template's volume"),
        (0.75, Evidence(0.03, 0.2, 1.1), "gain 0.030"),
    ],
)
def test_what_no_right_fit_can_be(scale: float, evidence: Evidence, reason: str | None) -> None:
    fault = Registration(np.eye(4), scale, 0.4, np.array([1.1, 1.0, 0.5]), 0.0, evidence).fault(MOST_SCALE)
    assert (fault is None) == (reason is None)
    assert (reason or "") in (fault or "")


PLACED = turn(7, 4.0) @ np.diag([0.86, 0.9, 0.88, 1])
"""Where `native` has the template's brain."""


@pytest.fixture(scope="module")
def native() -> Volume:
    """Return the template's stripped brain, smaller and turned, on a grid with thick slices."""
    grid = np.diag([2.0, 2.0, 3.0, 1])
    grid[:3, 3] = -85, -110, -75
    return resample(mni_template(), (85, 110, 56), grid, np.linalg.inv(PLACED))


@pytest.fixture(scope="module")
def found(native: Volume) -> Placement:
    return place_on_template(native)


def test_stripped_brain_is_found_again_whatever_its_header(native: Volume, found: Placement) -> None:
    assert dice(found.template_mask(native).data > 0.5, mni_tissue().brain) > 0.96
    corners = np.array([[-60, -90, -30, 1], [60, 60, 60, 1], [0, -18, 10, 1]]).T
    assert np.abs((found.template_to_native - PLACED) @ corners).max() < 3
    assert found.scores["scale"] == pytest.approx(np.linalg.det(PLACED[:3, :3]), rel=0.05)
    turned = Volume(native.data, turn(20, 50) @ native.affine)
    again = place_on_template(turned)
    assert dice(found.native_mask, again.native_mask) > 0.999
    assert np.abs(found.on_template().data - again.on_template().data).mean() < 1e-3


def test_a_brain_that_is_back_to_front_is_refused(native: Volume, found: Placement) -> None:
    assert found.scores["in_view"] > 0.98
    turned = Volume(np.ascontiguousarray(native.data[:, ::-1]), native.affine)
    with pytest.raises(RegistrationError, match="back to front"):
        place_on_template(turned)


def test_no_head_is_refused() -> None:
    noise = np.random.default_rng(0).normal(100, 20, (60, 60, 60)).astype(np.float32)
    with pytest.raises(RegistrationError, match=r"template|brain|head"):
        place_on_template(Volume(noise, np.diag([3.0, 3, 3, 1])))
    with pytest.raises(RegistrationError, match="head"):
        place_on_template(Volume(noise[:12, :12, :12], np.diag([3.0, 3, 3, 1])))


def test_foreground_is_one_filled_piece() -> None:
    data = np.zeros((20, 20, 20), np.float32)
    data[4:16, 4:16, 4:16] = 100
    data[8:12, 8:12, 8:12] = 0
    data[0, 0, 0] = 100
    inside = foreground(data)
    assert inside[10, 10, 10]
    assert not inside[0, 0, 0]
    assert inside.sum() == pytest.approx(12**3, rel=0.1)


def test_scalp_is_told_from_a_bare_brain() -> None:
    radius = np.linalg.norm(np.indices((80, 80, 80)).T - 40, axis=-1).T * 2
    bare = Volume(np.where(radius < 65, 100, 0).astype(np.float32), np.diag([2.0, 2, 2, 1]))
    assert find_head(bare).stripped
    layered = np.select([radius < 60, radius < 66, radius < 73], [100, 10, 120], 0)
    head = find_head(Volume(layered.astype(np.float32), bare.affine))
    assert head.enclosed
    assert not head.stripped
    assert head.bare.data[radius[:, :, -head.bare.data.shape[2] :] > 72].max(initial=0) == 0


def test_mask_drops_bright_scalp_and_keeps_bright_lesions() -> None:
    radius = np.linalg.norm(np.indices((60, 60, 60)).T - 30, axis=-1).T * 2
    head = np.select([radius < 40, radius < 43, radius < 50], [1.0, 0.1, 2.0], 0)
    head[28:32, 28:32, 28:32] = 2.5
    mask = brain_mask(head, radius - 41) > 0.5
    assert mask[30, 30, 30]
    assert dice(mask, radius < 40) > 0.96
    assert not mask[radius > 45].any()


def test_scan_in_template_space_is_taken_as_it_is(brain_volume: Volume) -> None:
    placed = placed_already(brain_volume)
    assert placed.aligned is brain_volume
    assert placed.on_template().data.shape == GRID_SHAPE
    tilted = Volume(brain_volume.data, turn(5) @ brain_volume.affine)
    assert placed_already(tilted).aligned.affine.tolist() == grid_affine().tolist()


def real_scan(name: str) -> Volume:
    """Return a real scan of the folder named by BRAINLAB_REALDATA, or skip the test."""
    path = Path(os.environ.get("BRAINLAB_REALDATA") or "none") / name
    if not path.is_file():
        pytest.skip(f"BRAINLAB_REALDATA does not name a folder with {name}")
    return Volume.load(path)


@pytest.mark.realdata
def test_real_flair() -> None:
    """The brain mask of a thick-sliced FLAIR agrees with one drawn with other tools (open MS data, patient 09)."""
    placed = place_on_template(real_scan("ms/patient09/study2_FLAIR.nii.gz"))
    given = real_scan("ms/patient09/study2_brainmask_in_FLAIR.nii.gz").data > 0.5
    assert dice(placed.native_mask, given) > 0.95


@pytest.mark.slow
@pytest.mark.realdata
def test_real_flair_on_other_scales() -> None:
    """Z-scores and an offset make no other brain of a real FLAIR (open MS data, patient 01)."""
    scan = real_scan("ms/patient01/study1_FLAIR.nii.gz")
    plain = place_on_template(scan)
    small = find_recipe("flair-40").apply(plain.aligned).data
    for change in ((scan.data - scan.data.mean()) / scan.data.std(), 3 * scan.data + 1000):
        other = place_on_template(Volume(change.astype(np.float32), scan.affine))
        assert dice(other.native_mask, plain.native_mask) > 0.99
        other_small = find_recipe("flair-40").apply(other.aligned).data
        assert np.abs(other_small - small).mean() < 0.005


@pytest.mark.slow
@pytest.mark.realdata
def test_real_head_whose_air_was_set_to_0() -> None:
    """Scalp that is left when air, skull and skin are set to 0 is no brain (open MS data, patient 01)."""
    scan = real_scan("ms/patient01/study1_FLAIR.nii.gz")
    given = real_scan("ms/patient01/study1_brainmask_in_FLAIR.nii.gz").data > 0.5
    dark = scan.data < 0.42 * np.median(scan.data[given])
    placed = place_on_template(Volume(np.where(dark, np.float32(0), scan.data), scan.affine))
    assert dice(placed.native_mask, given) > 0.95
    stripped = place_on_template(Volume(np.where(given, scan.data, np.float32(0)), scan.affine))
    assert dice(stripped.native_mask, given) > 0.99
