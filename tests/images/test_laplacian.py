import numpy as np
import pytest
from scipy import ndimage

from brainlab.images.laplacian import laplacian_variance


def noise(n=3, shape=(20, 22, 18), seed=0):
    return np.random.default_rng(seed).random((n, *shape)).astype(np.float32)


def test_one_bright_voxel_has_the_seven_point_stencil():
    image = np.zeros((1, 9, 9, 9), np.float32)
    image[0, 4, 4, 4] = 1
    expected = np.zeros(9**3)
    expected[0], expected[1:7] = -6, 1
    assert laplacian_variance(image, scale=1)[0] == pytest.approx(expected.var())


def test_slice_stencil_is_that_of_a_stack_of_slices():
    image = noise(1)
    slices = np.stack([ndimage.laplace(image[0, :, :, k] * 255.0, mode="mirror") for k in range(18)], axis=-1)
    assert laplacian_variance(image, stencil_dims=2)[0] == pytest.approx(slices.var(), rel=1e-4)


def test_edges_are_mirrored_without_repeating_the_edge():
    image = np.array([[[0, 1, 4, 9, 16.0]] * 5], np.float32)
    # Second difference inside is 2; at the ends 2 * (1 - 0) and 2 * (9 - 16).
    assert laplacian_variance(image, scale=1)[0] == pytest.approx(np.var([2, 2, 2, 2, -14]))


def test_variance_grows_with_the_square_of_the_range_and_falls_with_blur():
    images = noise()
    assert laplacian_variance(images, 255) == pytest.approx(255**2 * laplacian_variance(images, 1), rel=1e-4)
    blurred = np.stack([ndimage.gaussian_filter(image, 1) for image in images])
    assert (laplacian_variance(blurred) < 0.1 * laplacian_variance(images)).all()


def test_outside_the_mask_nothing_counts():
    images = noise(1)
    mask = np.zeros(images.shape[1:], bool)
    mask[:10] = True
    changed = images.copy()
    changed[0, 12:] = 0
    assert laplacian_variance(changed, mask=mask) == pytest.approx(laplacian_variance(images, mask=mask))
