import numpy as np
import pytest
from scipy.spatial.distance import cdist

from brainlab.errors import InputError
from brainlab.evaluation import images as blocks
from brainlab.evaluation.neighbours import nearest


def images(n, shape=(6, 7, 5), seed=0):
    return np.random.default_rng(seed).random((n, *shape)).astype(np.float32)


def pairwise(a, b):
    flat = [part.reshape(len(part), -1).astype(float) for part in (a, b)]
    return cdist(*flat, "sqeuclidean") / flat[0].shape[1]


@pytest.mark.parametrize("block_bytes", [1, 7 * 4 * 25, 2**26])
def test_nearest_neighbours_are_exact_across_blocks(block_bytes, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
    a, b = images(20, shape=(5, 5)), images(600, shape=(5, 5), seed=1)
    found = nearest(a, b)
    distances = pairwise(a, b)
    assert np.array_equal(found.indices[:, 0], distances.argmin(axis=1))
    assert found.distances == pytest.approx(np.sort(distances, axis=1)[:, :2])


def test_a_copy_is_at_distance_zero_exactly():
    b = images(300) * 1e-3 + 0.9  # far from zero and close together: products alone would cancel
    found = nearest(b[[5, 290]], b)
    assert found.distances[:, 0].tolist() == [0, 0]
    assert found.indices[:, 0].tolist() == [5, 290]


def test_nearest_neighbours_need_two_others():
    with pytest.raises(InputError, match="at least two"):
        nearest(images(2), images(2), exclude_self=True)


def test_an_image_of_the_set_is_not_its_own_neighbour_in_any_block(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 3 * 4 * 25)
    a = images(30, shape=(5, 5))
    distances = pairwise(a, a)
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(nearest(a, a, exclude_self=True).indices[:, 0], distances.argmin(axis=1))


@pytest.mark.parametrize("block_bytes", [7 * 4 * 25, 2**26])
def test_the_second_image_is_of_another_person_than_the_nearest(block_bytes, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
    a = images(12, shape=(5, 5))
    visits = [np.clip(a + shift, 0, 1) for shift in (0.001, 0.002, 0.003, 0.004, 0.005, 0.006)]
    others, people = np.concatenate(visits), np.tile([f"p{i}" for i in range(12)], 6)
    found = nearest(a, others, people=people)
    assert people[found.indices[:, 0]].tolist() == [f"p{i}" for i in range(12)]
    distances = pairwise(a, others)
    distances[people[None] == people[:12, None]] = np.inf
    assert np.array_equal(found.indices[:, 1], distances.argmin(axis=1))
    assert found.distances[:, 1] == pytest.approx(distances.min(axis=1))


def test_the_images_of_one_person_are_nobody_elses():
    with pytest.raises(InputError, match="two people"):
        nearest(images(2), images(5), people=np.array(["p"] * 5))


@pytest.mark.parametrize("block_bytes", [7 * 4 * 25, 2**26])
def test_a_person_s_own_images_are_no_neighbours_of_each_other(block_bytes, monkeypatch):
    """One person has more images than all others together, so that candidates run out of those of others."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
    people = np.array(["p0"] * 20 + [f"p{i}" for i in range(1, 8) for _ in range(2)])
    a = images(8, shape=(5, 5))[[int(name[1:]) for name in people]]
    a = np.clip(a + 0.01 * images(len(a), shape=(5, 5), seed=1), 0, 1)
    found = nearest(a, a, exclude_self=True, people=people)
    distances = pairwise(a, a)
    distances[people[None] == people[:, None]] = np.inf
    assert np.array_equal(found.indices[:, 0], distances.argmin(axis=1))
    assert found.distances[:, 0] == pytest.approx(distances.min(axis=1))
    distances[people[found.indices[:, 0]][:, None] == people] = np.inf
    assert np.array_equal(found.indices[:, 1], distances.argmin(axis=1))
    assert found.distances[:, 1] == pytest.approx(distances.min(axis=1))
    with pytest.raises(InputError, match="two people"):
        nearest(a[:22], a[:22], exclude_self=True, people=people[:22])
