"""Masks are told from scans."""

import numpy as np
import pytest

from brainlab.cohort.preparation.scan_checks import check_scan
from brainlab.errors import UnreadableScanError
from brainlab.images.volume import Volume


def test_what_is_no_scan() -> None:
    affine = np.eye(4)
    for data, reason in ((np.zeros((9, 9, 9)), "blank"), (np.full((9, 9, 9), 3), "constant")):
        with pytest.raises(UnreadableScanError, match=reason):
            check_scan(Volume(data.astype(np.float32), affine))
    labels = (np.arange(1000).reshape(10, 10, 10) % 3).astype(np.float32)
    with pytest.raises(UnreadableScanError, match="mask or label image"):
        check_scan(Volume(labels, affine))
    check_scan(Volume(np.random.default_rng(0).normal(size=(9, 9, 9)).astype(np.float32), affine))
    spots = np.zeros((9, 9, 9))
    spots[1::3, 1::3, 1::3] = np.arange(1, 28).reshape(3, 3, 3)  # every third voxel from the first is 0
    spots[0, 0, 0] = 1
    check_scan(Volume(spots.astype(np.float32), affine))


def test_a_resampled_mask_is_no_scan() -> None:
    radius = np.linalg.norm(np.indices((40, 40, 40)).T - 19.3, axis=-1).T
    mask = np.clip(15.5 - radius, 0, 1).astype(np.float32)
    assert len(np.unique(mask)) > 50
    with pytest.raises(UnreadableScanError, match="resampled mask"):
        check_scan(Volume(mask, np.eye(4)))
    scan = mask * np.random.default_rng(0).normal(1, 0.1, mask.shape).astype(np.float32)
    check_scan(Volume(scan, np.eye(4)))


def test_noise_on_a_few_whole_numbers_is_background() -> None:
    """A scan stored in 0 to 349 had 67% of its voxels, all of air, on the values 1 to 5."""
    random = np.random.default_rng(0)
    radius = np.linalg.norm(np.indices((40, 40, 40)).T - 19.3, axis=-1).T
    noise = 2 * np.hypot(*random.normal(size=(2, *radius.shape)))
    brain = random.normal(200, 30, radius.shape)
    check_scan(Volume(np.round(np.where(radius < 12, brain, noise)).astype(np.float32), np.eye(4)))


def test_many_labels_are_no_scan() -> None:
    """Labels of FreeSurfer's kind, left ones 2 to 20 and right ones 41 to 60, with most of the head in four of them."""
    labels = np.repeat([0, 2, 3, 41, 42, *range(7, 21), *range(46, 60)], [20_000, *[2_500] * 4, *[121, 119] * 14])
    with pytest.raises(UnreadableScanError, match="resampled mask or label image"):
        check_scan(Volume(labels.reshape(-1, 10, 8).astype(np.float32), np.eye(4)))


def test_a_ct_is_no_scan_and_an_mr_filled_with_1000_below_0_is() -> None:
    radius = np.linalg.norm(np.indices((40, 40, 40)).T - 19.5, axis=-1).T
    random = np.random.default_rng(0)
    ct = np.select([radius < 14, radius < 16], [random.normal(35, 15, radius.shape), 900.0], -1000.0)
    ct += random.normal(0, 5, radius.shape)
    with pytest.raises(UnreadableScanError, match="Hounsfield"):
        check_scan(Volume(ct.astype(np.float32), np.eye(4)))
    for brain, least in ((400.0, 0.0), (40.0, -990.0)):
        data = np.where(radius < 16, random.normal(brain, brain / 4 + 100, radius.shape), -1000.0)
        check_scan(Volume(np.where(radius < 16, np.maximum(data, least), data).astype(np.float32), np.eye(4)))


@pytest.mark.parametrize("side", [10, 4])
def test_a_parcellation_of_many_parts_is_no_scan(side: int) -> None:
    """Parts so many that no few numbers hold most of the brain, as in FreeSurfer's wmparc; noise makes a scan."""
    places = np.indices((40, 40, 40)) // side
    parts = 1000 + places[0] + 100 * places[1] + 37 * places[2]
    radius = np.linalg.norm(np.indices((40, 40, 40)).T - 19.5, axis=-1).T
    with pytest.raises(UnreadableScanError, match="parcellation or label image"):
        check_scan(Volume(np.where(radius < 18, parts, 0).astype(np.float32), np.eye(4)))
    smooth = np.rint(parts + np.random.default_rng(0).normal(0, 1, parts.shape))
    check_scan(Volume(np.where(radius < 18, smooth, 0).astype(np.float32), np.eye(4)))
