import numpy as np
import pytest
from scipy.spatial.distance import cdist

from brainlab.errors import InputError
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.metrics import diversity
from brainlab.evaluation.registry import metrics


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


def test_minimum_diversity_of_real_scans_is_that_of_different_people():
    """Neighbouring slices of one person are alike, and a generated image is of nobody else."""
    people = np.repeat([f"p{i}" for i in range(8)], 6)
    real = images(8)[np.arange(48) // 6] + 1e-3 * images(48, seed=1)
    distances = pairwise(real, real)
    distances[people[:, None] == people] = np.inf
    assert diversity.minimum_diversity(real, people) == pytest.approx(distances.min(axis=1))
    found = metrics()["minimum_isd"].of(ImageSets(real, images(48, seed=2), people=people))
    assert found.settings["real"] == pytest.approx(distances.min(axis=1).mean())
    assert found.settings["real"] == pytest.approx(found.value, rel=0.3)
    assert metrics()["minimum_isd_real"].of(ImageSets(real, real, people=people)).value > 0.9 * found.settings["real"]


def test_dataset_similarity_is_no_score_for_it_falls_with_diversity():
    real = images(60)
    sets = ImageSets(real, np.repeat(real.mean(axis=0, keepdims=True), 60, axis=0))
    found = metrics()["dataset_similarity"].of(sets)
    assert found.value < 0.6 * found.settings["real"]
    assert metrics()["dataset_similarity"].better == "none"


def test_identical_images_have_no_diversity_at_all():
    same = np.repeat(images(1), 5, axis=0)
    assert diversity.minimum_diversity(same).tolist() == [0] * 5
    assert diversity.intra_sample_diversity(same) == pytest.approx(0, abs=1e-12)


def test_similarity_of_real_scans_is_that_of_different_people():
    a = images(9)
    people = np.array(list("aabbbcdea"))
    distances, other = pairwise(a, a), people[:, None] != people
    expected = [row[there].mean() for row, there in zip(distances, other, strict=True)]
    assert diversity.similarity_between_people(a, people) == pytest.approx(expected)
    assert diversity.similarity_between_people(a) == pytest.approx(diversity.intra_sample_diversity(a))
    with pytest.raises(InputError, match="at least two, got 1"):
        diversity.similarity_between_people(a, np.array(["a"] * 9))


def test_real_scans_are_measured_on_as_many_as_there_are_samples():
    real, people = images(40), np.arange(40).astype(str)
    sets = ImageSets(real, images(10, seed=1), people=people)
    rows = np.linspace(0, 39, 10).astype(int)
    for name, values in (
        ("minimum_isd_real", diversity.minimum_diversity(real[rows])),
        ("isd_real", diversity.intra_sample_diversity(real[rows])),
        ("dataset_similarity_real", diversity.intra_sample_diversity(real[rows])),
    ):
        found = metrics()[name].of(sets)
        assert (found.n, found.value) == (10, pytest.approx(values.mean())), name
        assert found.settings["people"] == 10
    few = metrics()["isd_real"].of(ImageSets(real[:6], images(10, seed=1)))
    assert (few.n, few.settings["people_known"]) == (6, False)


def test_what_an_image_contributes_to_a_mean_over_pairs_tells_how_sure_the_mean_is():
    """The spread of the mean over sets drawn anew is that of the parts over the root of n; of the values it is half."""
    random = np.random.default_rng(0)
    sizes = [1 + 0.5 * random.random((60, 1, 1)) for _ in range(100)]
    drawn = [ImageSets(images(8), (size * random.normal(size=(60, 4, 4))).astype(np.float32)) for size in sizes]
    found = [metrics()["isd"].of(sets) for sets in drawn]
    spread = np.std([one.value for one in found])
    told = np.mean([one.parts.values.std(ddof=1) for one in found]) / np.sqrt(60)
    assert told == pytest.approx(spread, rel=0.25)
    assert found[0].parts.values.mean() == pytest.approx(found[0].value)
    assert metrics()["minimum_isd"].of(drawn[0]).parts is None
