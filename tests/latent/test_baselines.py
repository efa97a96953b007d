import numpy as np
import pytest
from sklearn.decomposition import PCA

from brainlab.latent import baselines


def scans(n=60, dtype=np.uint8):
    rng = np.random.default_rng(0)
    volumes = np.zeros((n, 8, 8, 8))
    volumes[:, 1:7, 1:7, 1:7] = 0.4 + 0.05 * rng.random((n, 6, 6, 6))
    bright = np.arange(n) % 2 == 1
    volumes[bright, 2, 2, 2:6] = 0.9
    return (np.rint(volumes * 255).astype(dtype) if dtype == np.uint8 else volumes.astype(dtype)), bright


@pytest.mark.parametrize("dtype", [np.uint8, np.float16])
def test_components_span_what_an_exact_pca_of_the_brain_spans(dtype):
    volumes, _ = scans(dtype=dtype)
    rows = np.arange(40)
    fitted = baselines.VoxelComponents(3).fit(volumes, rows)
    assert len(fitted.inside_) == 6**3
    flat = volumes.reshape(60, -1)[:, fitted.inside_].astype(float) / (255 if dtype == np.uint8 else 1)
    exact = PCA(3, svd_solver="full").fit(flat[:40])
    assert fitted.pca_.explained_variance_[0] == pytest.approx(exact.explained_variance_[0], rel=1e-3)
    assert abs(np.corrcoef(fitted.transform(volumes, np.arange(60))[:, 0], exact.transform(flat)[:, 0])[0, 1]) > 0.999


def test_components_are_no_more_than_scans_allow():
    volumes, _ = scans(10)
    assert baselines.VoxelComponents(64).fit(volumes, np.arange(10)).transform(volumes, np.arange(2)).shape == (2, 9)


def test_bright_fractions_do_not_depend_on_gain():
    volumes, _ = scans(dtype=np.float32)
    rows = np.arange(10)
    assert baselines.bright_fractions(volumes, rows) == pytest.approx(baselines.bright_fractions(volumes * 0.5, rows))


def test_a_threshold_finds_what_is_bright():
    volumes, bright = scans()
    labels = np.where(bright, "ms", "healthy").tolist()
    features = baselines.bright_fractions(volumes, np.arange(60))
    assert baselines.predict_by_threshold(features[:40], labels[:40], features[40:]) == labels[40:]


def test_acquisition_tells_protocols_apart_and_survives_unknown_values():
    train = np.array([[0.1, np.nan]] * 10 + [[0.12, np.nan]] * 10 + [[0.1, np.nan]] * 10)
    labels = ["a"] * 10 + ["b"] * 10 + ["a"] * 10
    test = np.array([[0.1, 5.0], [0.12, np.nan]])
    assert baselines.predict_by_acquisition(train, labels, test) == ["a", "b"]
    assert baselines.predict_by_acquisition(np.full((4, 2), np.nan), ["a", "b"] * 2, test) is None


def test_majority():
    assert baselines.predict_majority(["a", "b", "b"], 2) == ["b", "b"]
