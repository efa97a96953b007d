import json
import os
from pathlib import Path

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.evaluation.metrics import fidelity


def waves(phase: float, other: float) -> np.ndarray:
    """Two volumes given by a formula, so that peers' figures for them can be quoted."""
    i, j, k = np.meshgrid(*[np.arange(side) for side in (40, 48, 40)], indexing="ij")
    first = 0.3 * np.sin(0.30 * i + 0.20 * j + phase) * np.cos(0.25 * k)
    return (0.5 + first + 0.1 * np.cos(0.7 * i + other) * np.sin(0.5 * j + 0.4 * k)).astype(np.float32)


A, B = waves(0, 0)[None], waves(0.15, 0.3)[None]


def test_formula_volumes_are_the_ones_quoted():
    assert A.mean() == pytest.approx(0.5000696, abs=1e-6)
    assert B[0, 39, 47, 39] == pytest.approx(0.2310890, abs=1e-6)


# Figures computed with MONAI's own source at commit d388d1c (Apache-2.0).
def test_mse_and_psnr_of_the_formula_volumes():
    assert fidelity.mean_squared_error(B, A)[0] == pytest.approx(0.0007564265, rel=1e-5)
    assert fidelity.peak_signal_to_noise_db(B, A)[0] == pytest.approx(31.2123318, rel=1e-6)


@pytest.mark.parametrize(("kernel", "expected"), [(11, 0.9791668653), (7, 0.9783854485)])
def test_ssim_of_the_formula_volumes(kernel, expected):
    assert fidelity.structural_similarity(B, A, kernel=kernel)[0] == pytest.approx(expected, abs=1e-5)


def test_zeros_against_ones_and_a_thing_against_itself():
    zeros, ones = np.zeros((2, 12, 12, 12), np.float32), np.ones((2, 12, 12, 12), np.float32)
    assert fidelity.mean_squared_error(zeros, ones).tolist() == [1, 1]
    assert fidelity.peak_signal_to_noise_db(zeros, ones).tolist() == [0, 0]
    assert np.isinf(fidelity.peak_signal_to_noise_db(ones, ones)).all()
    assert fidelity.structural_similarity(A, A)[0] == pytest.approx(1)


def test_images_on_another_scale_have_the_same_psnr_and_ssim_with_its_range():
    assert fidelity.peak_signal_to_noise_db(255 * B, 255 * A, maximum=255) == pytest.approx(
        fidelity.peak_signal_to_noise_db(B, A), rel=1e-5
    )
    assert fidelity.structural_similarity(255 * B, 255 * A, data_range=255) == pytest.approx(
        fidelity.structural_similarity(B, A), abs=1e-5
    )


def test_each_image_has_its_own_value():
    both = np.concatenate([A, B])
    assert fidelity.mean_squared_error(both, np.concatenate([A, A]))[0] == 0
    small = np.repeat(both[:, :12, :12, :12], 6, axis=0)
    assert fidelity.structural_similarity(small, small) == pytest.approx(np.ones(12))


def test_images_of_another_shape_are_refused():
    with pytest.raises(InputError, match="one shape"):
        fidelity.mean_squared_error(A, A[:, :5])
    with pytest.raises(InputError, match="window of 11"):
        fidelity.structural_similarity(A[:, :5], A[:, :5])


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["ssim2d_gaussian", "ssim3d_gaussian"])
def test_ssim_of_monais_own_test_arrays(name):
    folder = Path(os.environ.get("BRAINLAB_REALDATA", "missing")).parent / "golden"
    if not (folder / "monai_ssim_arrays.npz").is_file():
        pytest.skip(f"needs MONAI's test arrays in {folder}")
    cases = {
        case["name"]: case for case in json.loads((folder / "monai_ssim.json").read_text(encoding="utf-8"))["cases"]
    }
    arrays = np.load(folder / "monai_ssim_arrays.npz")
    first, second = (arrays[key] for key in sorted(key for key in arrays if key.startswith(name)))
    # Channels are averaged, so each is an image of its own here.
    flat = [part.reshape(-1, *part.shape[2:]) for part in (first, second)]
    assert fidelity.structural_similarity(*flat).mean() == pytest.approx(cases[name]["recomputed_here"], abs=1e-5)
