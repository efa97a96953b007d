import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.evaluation import images
from brainlab.evaluation.images import ImageSets, blocks, bright_in_most, each, evenly, mean_image


def test_blocks_hold_as_many_images_as_fill_their_memory_and_at_least_one(monkeypatch):
    array = np.arange(7 * 6, dtype=np.float32).reshape(7, 2, 3)
    monkeypatch.setattr(images, "BLOCK_BYTES", 3 * 4 * 6)
    assert [len(block) for block in blocks(array)] == [3, 3, 1]
    assert [len(block) for block in blocks(array, np.array([0, 6]), 1)] == [1, 1]
    monkeypatch.setattr(images, "BLOCK_BYTES", 1)
    assert np.array_equal(np.stack(list(each(array))), array)


def test_rows_are_picked_evenly_and_all_where_there_are_few():
    assert evenly(9, 3).tolist() == [0, 4, 8]
    assert evenly(3, 9).tolist() == [0, 1, 2]


def test_mean_and_brain_do_not_depend_on_blocks(monkeypatch):
    array = np.random.default_rng(0).random((9, 4, 4)).astype(np.float32)
    array[:5, 0] = 0
    array[:4, 1] = 0
    monkeypatch.setattr(images, "BLOCK_BYTES", 2 * 4 * 16)
    assert mean_image(array) == pytest.approx(array.mean(axis=0, dtype=np.float64), rel=1e-12)
    assert mean_image(array, np.array([2, 5])) == pytest.approx(array[[2, 5]].mean(axis=0, dtype=np.float64))
    assert bright_in_most(array)[:3].all(axis=1).tolist() == [False, True, True]


def test_what_metrics_share_is_worked_out_once():
    sets, calls = ImageSets(real=np.zeros((2, 3, 3)), generated=np.ones((2, 3, 3))), []

    def measure(given):
        calls.append(given)
        return len(calls)

    assert (sets.once(measure), sets.once(measure)) == (1, 1)
    assert calls == [sets]
    with pytest.raises(InputError, match="no encoder"):
        sets.part("pairs")
