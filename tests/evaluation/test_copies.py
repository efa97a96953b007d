import numpy as np
import pytest

from brainlab.evaluation.copies import RARE, judge, judge_held_out


@pytest.mark.parametrize("m", [99, 100, 272, 1000])
def test_what_is_as_close_as_held_out_scans_are_is_rarely_called_closer(m):
    random = np.random.default_rng(m)
    shares = []
    for _ in range(400):
        held_out, images = random.random((m, 2)), random.random((100, 2))
        shares.append(judge(images, held_out).closer.mean())
    error = np.std(shares) / np.sqrt(len(shares))
    assert np.mean(shares) <= RARE + 2 * error
    assert np.mean(shares) >= int(RARE * (m + 1)) / (m + 1) - 3 * error


def test_of_few_held_out_scans_an_image_must_be_closer_than_all():
    held_out = np.array([[0.3, 0.9], [0.5, 0.8], [0.4, 0.7]])
    found = judge(np.array([[0.29, 0.69], [0.29, 0.71], [0.31, 0.1]]), held_out)
    assert found.closer.tolist() == [True, True, False]
    assert found.copies.tolist() == [True, False, False]


def test_a_held_out_scan_is_judged_by_those_of_other_people():
    held_out = np.array([[0.1, 0.1], [0.2, 0.2], [0.5, 0.5], [0.6, 0.6]])
    assert judge_held_out(held_out).copies.tolist() == [True, False, False, False]
    visits = np.array(["a", "a", "b", "c"])
    assert judge_held_out(held_out, visits).copies.tolist() == [True, True, False, False]
    assert not judge_held_out(held_out, np.array(["a"] * 4)).copies.any(), "nobody else to judge by"
