"""What each metric of a run is measured on, with hand-made images."""

from types import SimpleNamespace

import numpy as np
import pytest

from brainlab.experiments import evaluation
from brainlab.experiments.evaluation import _distribution, _diversity, _fidelity, _memorisation
from brainlab.experiments.material import Material

RANDOM = np.random.default_rng(0)
SHAPE = (8, 8, 8)


class Training:
    """Two training scans and a test scan, all of one grey each."""

    greys = np.array([0.1, 0.2, 0.9], np.float32)

    def indices(self, split=None):
        return np.array([0, 1]) if split == "train" else np.arange(3)

    def batch(self, rows):
        return np.broadcast_to(self.greys[rows, None, None, None, None], (len(rows), 1, *SHAPE))


@pytest.fixture
def material() -> Material:
    """Samples that are all alike, near the test scan; real scans that differ."""
    real = (0.3 + 0.2 * RANDOM.random((9, *SHAPE))).astype(np.float32)
    generated = np.full((8, *SHAPE), 0.9, np.float32)
    return Material(real, generated, None, real, np.ones(SHAPE, bool), Training(), {}, 0)


def test_memorisation_is_of_samples_against_training_scans_alone(material):
    found = _memorisation(material)["nearest_training_distance"]
    assert found.value == pytest.approx((0.9 - 0.2) ** 2, rel=1e-4)
    assert found.settings["training_scans"] == 2
    assert found.settings["held_out"] == pytest.approx(((material.real - 0.2) ** 2).mean(), rel=1e-3)


def test_diversity_of_real_scans_stands_beside_that_of_samples(material):
    found = _diversity(material)
    assert found["isd"].value == pytest.approx(0, abs=1e-9)
    assert found["isd"].settings["real"] > 1e-3
    assert found["minimum_isd"].settings["real"] > 1e-3


def test_features_are_learnt_from_real_scans(material, monkeypatch):
    learnt = []

    class Components:
        def __init__(self, *_):
            pass

        def fit(self, images, rows):
            learnt.append(images)
            return SimpleNamespace(transform=lambda part, rows: part.reshape(len(part), -1)[:, :3])

    monkeypatch.setattr(evaluation, "VoxelComponents", Components)
    _distribution(material)
    assert len(learnt) == 1
    assert learnt[0] is material.real


def test_which_way_is_better(material):
    found = _fidelity(material)
    assert {name: found[name].better for name in found} == {"mse": "lower", "psnr": "higher", "ssim": "higher"}
