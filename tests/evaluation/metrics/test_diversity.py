import numpy as np
import pytest
from scipy.spatial.distance import cdist

from brainlab.errors import InputError
from brainlab.evaluation.metrics import diversity


def images(n, shape=(6, 7, 5), seed=0):
    return np.random.default_rng(seed).random((n, *shape)).astype(np.float32)


def pairwise(a, b):
    flat = [part.reshape(len(part), -1).astype(float) for part in (a, b)]
    return cdist(*flat, "sqeuclidean") / flat[0].shape[1]


def test_dataset_similarity_is_the_mean_over_all_pairs():
    a, b = images(7), images(11, seed=1)
    assert diversity.dataset_similarity(a, b) == pytest.approx(pairwise(a, b).mean(axis=1))


def test_intra_sample_diversity_is_the_mean_over_all_other_images():
    a = images(9)
    assert diversity.intra_sample_diversity(a) == pytest.approx(pairwise(a, a).sum(axis=1) / 8)
    with pytest.raises(InputError, match="two images"):
        diversity.intra_sample_diversity(a[:1])


def test_minimum_diversity_is_the_nearest_other_image():
    a = images(300, shape=(4, 4))
    distances = pairwise(a, a)
    np.fill_diagonal(distances, np.inf)
    assert diversity.minimum_diversity(a) == pytest.approx(distances.min(axis=1))


def test_identical_images_have_no_diversity_at_all():
    same = np.repeat(images(1), 5, axis=0)
    assert diversity.minimum_diversity(same).tolist() == [0] * 5
    assert diversity.intra_sample_diversity(same) == pytest.approx(0, abs=1e-12)
