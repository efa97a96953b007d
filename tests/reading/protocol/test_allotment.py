"""Who reads which case of a large pool: anchors for all, blocks in rotation, every source in the same parts."""

import numpy as np
import pytest

from brainlab.reading.protocol.allocation import Allocation, most_cases, overlap
from brainlab.reading.protocol.allotment import allot

POOLS = [
    (Allocation(anchors=20, readings=2), 5, (60, 45, 45)),
    (Allocation(anchors=0, readings=3), 4, (31, 22)),
    (Allocation(anchors=7, readings=1), 3, (40,)),
    (Allocation(anchors=5, readings=3), 7, (13, 1, 1, 30)),
    (Allocation(anchors=30, readings=4), 6, (50, 51, 52)),
]


def _allotted(chosen, readers, sizes, seed=0):
    names = [f"source {number}" for number, size in enumerate(sizes) for _ in range(size)]
    return np.array(names), allot(names, readers, chosen, np.random.default_rng(seed))


@pytest.mark.parametrize(("chosen", "readers", "sizes"), POOLS)
def test_anchors_have_all_readers_and_the_rest_as_many_as_was_asked(chosen, readers, sizes):
    _, reads = _allotted(chosen, readers, sizes)
    readings = reads.sum(axis=1)
    assert (readings == readers).sum() == chosen.anchors
    assert set(readings[readings < readers]) == {chosen.readings}


@pytest.mark.parametrize(("chosen", "readers", "sizes"), POOLS)
def test_readers_have_as_many_cases_as_each_other(chosen, readers, sizes):
    _, reads = _allotted(chosen, readers, sizes)
    each = reads.sum(axis=0)
    assert np.ptp(each) <= 1
    assert each.max() == most_cases(chosen, len(reads), readers)


@pytest.mark.parametrize(("chosen", "readers", "sizes"), POOLS)
def test_readers_have_every_source_in_the_same_parts(chosen, readers, sizes):
    names, reads = _allotted(chosen, readers, sizes)
    for name in set(names):
        of_source = reads[names == name]
        assert np.ptp(of_source.sum(axis=0)) <= min(chosen.readings, readers - chosen.readings) + 1
        share = (of_source.sum(axis=1) == readers).sum() / max(chosen.anchors, 1)
        assert abs(share * chosen.anchors - chosen.anchors * len(of_source) / len(names)) <= 1


def test_neighbours_in_the_rotation_share_more_cases_than_others_do():
    _, reads = _allotted(Allocation(anchors=10, readings=2), 5, (105, 105))
    shared = reads.T.astype(int) @ reads
    assert sorted(set(shared[np.triu_indices(5, 1)])) == [10, 50]  # a block of 40 in common, or anchors alone


def test_who_reads_a_case_is_drawn_by_lot():
    chosen, readers, sizes = POOLS[0]
    times = np.mean([_allotted(chosen, readers, sizes, seed)[1] for seed in range(300)], axis=0)
    expected = 20 / 150 + 130 / 150 * 2 / 5
    assert np.abs(times - expected).max() < 5 * np.sqrt(expected * (1 - expected) / 300)


def test_without_an_allocation_everybody_reads_everything():
    assert allot(["a", "b"], 3, None, np.random.default_rng(0)).all()


@pytest.mark.parametrize(("chosen", "readers", "sizes"), POOLS)
def test_readers_share_as_many_cases_as_is_planned_with(chosen, readers, sizes):
    _, reads = _allotted(chosen, readers, sizes)
    shared = (reads.T.astype(int) @ reads) / reads.sum(axis=0)
    assert shared[~np.eye(readers, dtype=bool)].mean() == pytest.approx(overlap(chosen, len(reads), readers), rel=0.03)
