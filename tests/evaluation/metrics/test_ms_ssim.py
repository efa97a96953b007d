import numpy as np
import pytest
import torch
from monai.metrics import MultiScaleSSIMMetric
from scipy.ndimage import gaussian_filter

from brainlab.errors import InputError
from brainlab.evaluation.metrics import ms_ssim


def images(n, shape=(6, 7, 5), seed=0):
    return np.random.default_rng(seed).random((n, *shape)).astype(np.float32)


def test_pairs_are_of_different_images():
    pairs = ms_ssim.random_pairs(3, 200)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert set(pairs.ravel()) == {0, 1, 2}


@pytest.mark.parametrize(
    ("shape", "kernel", "scales"),
    [((40, 48, 40), 7, 3), ((176, 176, 176), 11, 5), ((128, 128), 11, 4), ((16, 16, 16), 3, 3), ((8, 8), 3, 2)],
)
def test_ms_ssim_settings_are_accepted_by_monai(shape, kernel, scales):
    chosen, weights = ms_ssim.ms_ssim_settings(shape)
    assert sum(weights) == pytest.approx(1)
    metric = MultiScaleSSIMMetric(len(shape), 1.0, kernel_size=chosen, weights=weights)
    if len(shape) == 2 or shape[0] < 100:
        assert metric(torch.ones(1, 1, *shape), torch.ones(1, 1, *shape)).item() == pytest.approx(1)
    assert (chosen, len(weights)) == (kernel, scales)


def test_weights_of_scales_are_the_published_ones_from_fine_to_coarse():
    assert ms_ssim.ms_ssim_settings((176, 176, 176))[1] == pytest.approx(MultiScaleSSIMMetric(3).weights, abs=1e-4)
    weights = ms_ssim.ms_ssim_settings((128, 128))[1]
    assert np.array(weights) / weights[0] == pytest.approx(np.array(ms_ssim.MS_SSIM_WEIGHTS[:4]) / 0.0448)


def test_every_pair_has_its_ms_ssim():
    a = images(10, (16, 16))
    pairs = np.array([[i, i + 1] for i in range(9)])
    alone = [ms_ssim.ms_ssim(a, pairs[[k]])[0] for k in range(9)]
    assert ms_ssim.ms_ssim(a, pairs) == pytest.approx(alone, abs=1e-4)


def test_ms_ssim_of_an_image_with_itself_is_one_and_with_noise_less():
    a = images(3, (16, 16, 16))
    a[1] = a[0]
    values = ms_ssim.ms_ssim(a, np.array([[0, 1], [0, 2]]))
    assert values[0] == pytest.approx(1, abs=1e-5)
    assert values[1] < 0.5


# Figures computed with MONAI's own source at commit d388d1c (Apache-2.0), for two volumes given by a formula.
@pytest.mark.parametrize(
    ("kernel", "weights", "expected"),
    [(11, (0.5, 0.5), 0.9826170802)],
)
def test_ms_ssim_of_the_formula_volumes(kernel, weights, expected):
    i, j, k = np.meshgrid(*[np.arange(side) for side in (40, 48, 40)], indexing="ij")
    volumes = [
        0.5
        + 0.3 * np.sin(0.30 * i + 0.20 * j + phase) * np.cos(0.25 * k)
        + 0.1 * np.cos(0.7 * i + other) * np.sin(0.5 * j + 0.4 * k)
        for phase, other in ((0, 0), (0.15, 0.3))
    ]
    value = ms_ssim.ms_ssim(np.stack(volumes).astype(np.float32), np.array([[0, 1]]), (kernel, weights))
    assert value[0] == pytest.approx(expected, abs=1e-5)


def test_kwons_ms_ssim_takes_the_coarsest_term_to_the_fourth_power():
    a = 0.2 + 0.6 * gaussian_filter(images(1, (32, 32, 32))[0], 4, mode="wrap") ** 4
    darker = 0.7 * a
    weights, last = np.array(ms_ssim.MS_SSIM_WEIGHTS), None
    contrast = []
    x, y = 2 * a - 1, 2 * darker - 1
    for _ in weights:
        mx, my = gaussian_filter(x, 1.5), gaussian_filter(y, 1.5)
        vx, vy = gaussian_filter(x * x, 1.5) - mx**2, gaussian_filter(y * y, 1.5) - my**2
        cs = (2 * (gaussian_filter(x * y, 1.5) - mx * my) + 9e-4) / (vx + vy + 9e-4)
        contrast.append(cs.mean())
        last = ((2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4) * cs).mean()
        x, y = (part.reshape(*(v for s in part.shape for v in (s // 2, 2))).mean((1, 3, 5)) for part in (x, y))
    assert 0.05 < last < 0.99
    expected = np.prod([contrast[k] ** weights[k] for k in range(4)]) * last ** (4 * weights[4])
    assert ms_ssim.ms_ssim_kwon(np.stack([a, darker]), np.array([[0, 1]]))[0] == pytest.approx(expected, rel=1e-4)
    assert ms_ssim.ms_ssim_kwon(np.stack([a, a]), np.array([[0, 1]]))[0] == pytest.approx(1, abs=1e-5)


def test_kwons_ms_ssim_refuses_images_too_small_to_halve():
    with pytest.raises(InputError, match="16 a side"):
        ms_ssim.ms_ssim_kwon(images(2), np.array([[0, 1]]))
