import numpy as np
import pytest
from scipy import ndimage

from brainlab.evaluation import sharpness


def noise(n=3, shape=(20, 22, 18), seed=0):
    return np.random.default_rng(seed).random((n, *shape)).astype(np.float32)


def test_one_bright_voxel_has_the_seven_point_stencil():
    image = np.zeros((1, 9, 9, 9), np.float32)
    image[0, 4, 4, 4] = 1
    expected = np.zeros(9**3)
    expected[0], expected[1:7] = -6, 1
    assert sharpness.laplacian_variance(image, scale=1)[0] == pytest.approx(expected.var())


def test_slice_stencil_is_that_of_a_stack_of_slices():
    image = noise(1)
    slices = np.stack([ndimage.laplace(image[0, :, :, k] * 255.0, mode="mirror") for k in range(18)], axis=-1)
    assert sharpness.laplacian_variance(image, stencil_dims=2)[0] == pytest.approx(slices.var(), rel=1e-4)


def test_edges_are_mirrored_without_repeating_the_edge():
    image = np.array([[[0, 1, 4, 9, 16.0]] * 5], np.float32)
    # Second difference inside is 2; at the ends 2 * (1 - 0) and 2 * (9 - 16).
    assert sharpness.laplacian_variance(image, scale=1)[0] == pytest.approx(np.var([2, 2, 2, 2, -14]))


def test_variance_grows_with_the_square_of_the_range_and_falls_with_blur():
    images = noise()
    assert sharpness.laplacian_variance(images, 255) == pytest.approx(
        255**2 * sharpness.laplacian_variance(images, 1), rel=1e-4
    )
    blurred = np.stack([ndimage.gaussian_filter(image, 1) for image in images])
    assert (sharpness.laplacian_variance(blurred) < 0.1 * sharpness.laplacian_variance(images)).all()


def test_outside_the_mask_nothing_counts():
    images = noise(1)
    mask = np.zeros(images.shape[1:], bool)
    mask[:10] = True
    changed = images.copy()
    changed[0, 12:] = 0
    assert sharpness.laplacian_variance(changed, mask=mask) == pytest.approx(
        sharpness.laplacian_variance(images, mask=mask)
    )


@pytest.mark.parametrize("shape", [(20, 22, 18), (15, 12, 17), (16, 16)])
def test_power_is_that_of_the_full_transform(shape):
    image = noise(1, shape)
    radius = np.sqrt(sum(grid**2 for grid in np.meshgrid(*[np.fft.fftfreq(side) for side in shape], indexing="ij")))
    power = np.abs(np.fft.fftn(image[0])) ** 2 / image.size
    frequencies, ours = sharpness.radial_power(image, bins=7)
    half = 0.25 / 7
    for middle, found in zip(frequencies, ours[0], strict=True):
        inside = (radius > middle - half + 1e-9) & (radius <= middle + half + 1e-9)
        assert found == pytest.approx(power[inside].mean(), rel=1e-4)


def test_white_noise_has_a_flat_spectrum_of_its_variance():
    images = np.random.default_rng(1).normal(0, 0.3, (20, 32, 32, 32)).astype(np.float32)
    _, power = sharpness.radial_power(images, bins=8)
    assert power.shape == (20, 8)
    assert power.mean(axis=0)[1:] == pytest.approx(0.09, rel=0.06)


def test_spectral_distance_is_zero_to_itself_and_six_db_for_double_amplitude():
    _, power = sharpness.radial_power(noise())
    assert sharpness.spectral_distance_db(power, power) == 0
    assert sharpness.spectral_distance_db(4 * power, power) == pytest.approx(6.0206, abs=1e-3)


def test_too_much_power_at_one_frequency_does_not_make_up_for_too_little_at_another():
    _, power = sharpness.radial_power(noise())
    uneven = power * np.where(np.arange(power.shape[1]) % 2, 4, 1 / 4)
    assert sharpness.spectral_distance_db(uneven, power) == pytest.approx(6.0206, abs=1e-3)
