"""Scans of one head are brought onto each other from any header; what is another image is refused."""

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from brainlab.cohort.registration import coregistration
from brainlab.cohort.registration.coregistration import coregister, fit
from brainlab.errors import RegistrationError
from brainlab.images.volume import Volume

MOVED = nib.affines.from_matvec(nib.eulerangles.euler2mat(0.1, -0.08, 0.05), [6, -9, 4])


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """The brain of these tests has voxels of 4 mm."""
    monkeypatch.setattr(coregistration, "FINE_MM", 4.0)


@pytest.fixture(scope="module")
def other(brain_volume):
    """Another contrast of the same brain: dark where it is bright, with noise."""
    values = brain_volume.data / brain_volume.data.max()
    contrast = np.where(values > 0, 1.2 - values**2, 0) * 500
    noise = np.random.default_rng(0).normal(0, 15, values.shape)
    return Volume((contrast + noise).clip(0).astype(np.float32), brain_volume.affine)


@pytest.mark.parametrize("shift_mm", [(0, 0, 0), (160, -40, 90)])
def test_another_contrast_is_found_where_it_was_moved_to(brain_volume, other, shift_mm):
    """From the header, and from the centres where the header puts the two beside each other."""
    moved = nib.affines.from_matvec(np.eye(3), shift_mm) @ MOVED
    scan = Volume(other.data, moved @ other.affine)
    found = coregister(brain_volume, brain_volume.data > 0, scan)
    points = np.argwhere(brain_volume.data > 0) @ brain_volume.affine[:3, :3].T + brain_volume.affine[:3, 3]
    apart = nib.affines.apply_affine(found.matrix, points) - nib.affines.apply_affine(moved, points)
    assert np.abs(apart).max() < 1.5


def test_noise_and_a_head_upside_down_are_refused(brain_volume, other):
    noise = np.random.default_rng(0).gamma(2, 50, other.data.shape).astype(np.float32)
    for image in (noise, other.data[:, :, ::-1].copy()):
        with pytest.raises(RegistrationError, match="cannot be brought onto the visit's other scan"):
            coregister(brain_volume, brain_volume.data > 0, Volume(image, other.affine))


def test_a_scan_that_shows_half_of_the_brain_is_refused(brain_volume, other):
    half = Volume(other.data[:, :, 24:].copy(), other.affine @ nib.affines.from_matvec(np.eye(3), [0, 0, 24]))
    assert fit(brain_volume, brain_volume.data > 0, half).seen < 0.8
    with pytest.raises(RegistrationError, match="of the brain inside the image, 85% needed"):
        coregister(brain_volume, brain_volume.data > 0, half)


def test_the_same_two_scans_are_fitted_alike_each_time(brain_volume, other):
    scan = Volume(other.data, MOVED @ other.affine)
    first, again = (fit(brain_volume, brain_volume.data > 0, scan).matrix for _ in range(2))
    assert np.array_equal(first, again)


def test_a_head_of_another_size_is_refused(brain_volume, other):
    size = np.diag([0.9, 0.9, 0.9, 1])
    with pytest.raises(RegistrationError, match=r"0\.\d+ times the volume"):
        coregister(
            brain_volume, brain_volume.data > 0, Volume(ndimage.gaussian_filter(other.data, 0.5), size @ other.affine)
        )
