"""What images give away inside the brain: told after unblinding, and blind to what rendering controls."""

import numpy as np
import pytest
from scipy import ndimage

from brainlab.errors import StudyStateError
from brainlab.reading.desk import lifecycle
from brainlab.reading.report.appearance import brain_features, study_appearance


def brain(smooth: float, level: float = 120, seed: int = 0) -> np.ndarray:
    """A disc of texture on black."""
    texture = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(60, 50)), smooth)
    y, x = np.mgrid[:60, :50]
    inside = ((y - 30) / 26) ** 2 + ((x - 25) / 21) ** 2 < 1
    return np.where(inside, np.clip(level + 25 * texture / texture.std(), 13, 255), 0).astype(np.uint8)


def test_features_move_with_what_they_name():
    (mean, contrast, sharpness), histogram = brain_features(brain(1))
    assert mean == pytest.approx(120, abs=5)
    assert contrast == pytest.approx(25, abs=3)
    assert brain_features(brain(2))[0][2] < 0.6 * sharpness
    assert brain_features(brain(1, level=150))[0][0] == pytest.approx(mean + 30, abs=3)
    assert histogram.sum() == pytest.approx(1)


def test_sharpness_and_histogram_do_not_see_the_background():
    image = brain(1)
    shifted = np.pad(image, 12)
    for a, b in zip(brain_features(image), brain_features(shifted), strict=True):
        np.testing.assert_allclose(a, b)


def test_an_empty_image_has_no_features():
    features, histogram = brain_features(np.zeros((8, 8), np.uint8))
    assert not features.any()
    assert not histogram.any()


def test_sources_are_compared_after_unblinding_only(study):
    lifecycle.close(study.folder)
    with pytest.raises(StudyStateError, match="after unblinding only"):
        study_appearance(study.folder)
    lifecycle.unblind(study.folder, "me")
    found = study_appearance(study.folder)
    assert {name: (cell["label"], cell["n"]) for name, cell in found["sources"].items()} == {
        "people": ("real", 10),
        "machine": ("fake", 10),
    }
    # The fixture's real images are brighter than every fake one.
    assert found["against_real"]["machine"]["mean_grey"]["value"] == 1
