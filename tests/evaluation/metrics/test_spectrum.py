import numpy as np
import pytest

from brainlab.evaluation.metrics import spectrum


def noise(n=3, shape=(20, 22, 18), seed=0):
    return np.random.default_rng(seed).random((n, *shape)).astype(np.float32)


@pytest.mark.parametrize("shape", [(20, 22, 18), (15, 12, 17), (16, 16)])
def test_power_is_that_of_the_full_transform(shape):
    image = noise(1, shape)
    radius = np.sqrt(sum(grid**2 for grid in np.meshgrid(*[np.fft.fftfreq(side) for side in shape], indexing="ij")))
    power = np.abs(np.fft.fftn(image[0])) ** 2 / image.size
    frequencies, ours = spectrum.radial_power(image, bins=7)
    half = 0.25 / 7
    for middle, found in zip(frequencies, ours[0], strict=True):
        inside = (radius > middle - half + 1e-9) & (radius <= middle + half + 1e-9)
        assert found == pytest.approx(power[inside].mean(), rel=1e-4)


def test_white_noise_has_a_flat_spectrum_of_its_variance():
    images = np.random.default_rng(1).normal(0, 0.3, (20, 32, 32, 32)).astype(np.float32)
    _, power = spectrum.radial_power(images, bins=8)
    assert power.shape == (20, 8)
    assert power.mean(axis=0)[1:] == pytest.approx(0.09, rel=0.06)


def test_spectral_distance_is_zero_to_itself_and_six_db_for_double_amplitude():
    _, power = spectrum.radial_power(noise())
    assert spectrum.spectral_distance_db(power, power) == 0
    assert spectrum.spectral_distance_db(4 * power, power) == pytest.approx(6.0206, abs=1e-3)


def test_too_much_power_at_one_frequency_does_not_make_up_for_too_little_at_another():
    _, power = spectrum.radial_power(noise())
    uneven = power * np.where(np.arange(power.shape[1]) % 2, 4, 1 / 4)
    assert spectrum.spectral_distance_db(uneven, power) == pytest.approx(6.0206, abs=1e-3)
