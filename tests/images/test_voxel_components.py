import numpy as np
import pytest
from sklearn.decomposition import PCA

from brainlab.images import voxel_components


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
    fitted = voxel_components.VoxelComponents(3).fit(volumes, rows)
    assert len(fitted.inside_) == 6**3
    flat = volumes.reshape(60, -1)[:, fitted.inside_].astype(float) / (255 if dtype == np.uint8 else 1)
    exact = PCA(3, svd_solver="full").fit(flat[:40])
    assert fitted.pca_.explained_variance_[0] == pytest.approx(exact.explained_variance_[0], rel=1e-3)
    assert abs(np.corrcoef(fitted.transform(volumes, np.arange(60))[:, 0], exact.transform(flat)[:, 0])[0, 1]) > 0.999


def test_components_are_of_voxels_that_are_bright_in_most_scans():
    volumes, _ = scans(20)
    volumes[3, 0, 0, 0] = 255
    assert 0 not in voxel_components.VoxelComponents(3).fit(volumes, np.arange(20)).inside_


def test_components_of_many_scans_are_fitted_on_evenly_spaced_ones(monkeypatch):
    monkeypatch.setattr(voxel_components, "PCA_SCANS", 10)
    volumes, _ = scans(40, np.float32)
    volumes[20:] += 0.2 * (volumes[20:] > 0)
    mean = voxel_components.VoxelComponents(3).fit(volumes, np.arange(40)).pca_.mean_
    assert mean.mean() == pytest.approx(volumes[:, 1:7, 1:7, 1:7].mean(), abs=0.02)


def test_components_are_no_more_than_scans_allow():
    volumes, _ = scans(10)
    assert voxel_components.VoxelComponents(64).fit(volumes, np.arange(10)).transform(volumes, np.arange(2)).shape == (
        2,
        9,
    )


def test_components_take_no_more_memory_than_they_are_given(monkeypatch):
    volumes, _ = scans(40, np.float32)
    learnt = []
    monkeypatch.setattr(PCA, "fit", lambda self, data: learnt.append(data) or self)
    voxel_components.VoxelComponents(3, most_bytes=10 * 4 * 6**3).fit(volumes, np.arange(40))
    assert learnt[0].shape == (10, 6**3)
    assert learnt[0][0] == pytest.approx(volumes[0, 1:7, 1:7, 1:7].ravel())


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_components_of_large_images_are_those_of_their_block_means(dtype, monkeypatch):
    volumes, _ = scans(20, dtype)
    monkeypatch.setattr(voxel_components, "MOST_VOXELS", 64)
    assert voxel_components.block_sides((8, 8, 8)) == (2, 2, 2)
    assert voxel_components.block_sides((1, 16, 8)) == (1, 2, 2)
    found = voxel_components.VoxelComponents(3).fit(volumes, np.arange(20))
    unit = volumes.astype(np.float32) / (255 if dtype == np.uint8 else 1)
    coarse = unit.reshape(20, 4, 2, 4, 2, 4, 2).mean(axis=(2, 4, 6))
    own = voxel_components.VoxelComponents(3).fit(coarse, np.arange(20))
    scores = [part.transform(part_of, np.arange(20)) for part, part_of in ((found, volumes), (own, coarse))]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)
