"""Copies of a scan are known by their voxels, and only one is kept."""

from pathlib import Path

import numpy as np
import pytest

from brainlab.cohort.preparation.copies import content_hash, without_copies
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.images.volume import Volume


@pytest.fixture
def head() -> Volume:
    values = np.random.default_rng(0).normal(size=(8, 9, 10)).astype(np.float32)
    values[:3] = 0
    return Volume(values, np.diag([1.0, 2, 3, 1]))


def test_packing_header_and_orientation_do_not_count(head: Volume, tmp_path: Path) -> None:
    head.save(tmp_path / "a.nii")
    head.save(tmp_path / "b.nii.gz", axes="PIL")
    copies = [Volume.load(tmp_path / "a.nii"), Volume.load(tmp_path / "b.nii.gz"), Volume(head.data, np.eye(4))]
    turned = Volume(head.data[::-1].transpose(2, 0, 1), np.eye(4))
    negative_zeros = Volume(np.where(head.data == 0, np.float32(-0.0), head.data), np.eye(4))
    copies += [turned, negative_zeros]
    assert {content_hash(copy) for copy in copies} == {content_hash(head)}


def test_another_value_is_another_scan(head: Volume) -> None:
    other = head.data.copy()
    other[5, 5, 5] += 1e-3
    assert content_hash(Volume(other, head.affine)) != content_hash(head)


def scan(name: str, participant: str, label: str | None = None) -> tuple[ScanSource, str]:
    return ScanSource(Path(name), name, {"participant": participant, "session": None, "class": label}), name


def test_the_first_is_kept_and_both_are_named() -> None:
    scans = [scan("a", "p1", "ms"), scan("b", "p2", "healthy"), scan("c", "p1", "ms"), scan("d", "p3")]
    kept, notes = without_copies(scans, ["x", "x", "x", "y"], [0, 0, 0, 0])
    assert [outcome for _, outcome in kept] == ["a", "d"]
    assert [note["path"] for note in notes] == ["b", "c"]
    assert "the same voxels as a, which is taken as p1 ms, not p2 healthy" in notes[0]["reason"]
    assert notes[1]["reason"] == "left out: the same voxels as a, which is taken"


def test_a_copy_that_was_read_without_doubts_is_kept_before_others() -> None:
    scans = [scan("a.img", "p1"), scan("b.nii", "p2"), scan("c.nii", "p3")]
    kept, notes = without_copies(scans, ["x", "x", "x"], [1, 0, 0])
    assert [outcome for _, outcome in kept] == ["b.nii"]
    assert [note["path"] for note in notes] == ["a.img", "c.nii"]
