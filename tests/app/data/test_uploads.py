"""Uploaded heads: prepared once, held in memory, and handed back on their own voxels."""

import gzip
import re

import nibabel as nib
import numpy as np
import pytest

from app.data import resources, uploads
from app.data.exports import nifti, nifti_of
from app.data.volumes import Decoded, Scan, load
from brainlab.cohort.template import mni_template
from brainlab.errors import InputError


@pytest.fixture(autouse=True)
def _empty(monkeypatch):
    monkeypatch.setattr(uploads, "_heads", type(uploads._heads)())


@pytest.fixture
def run(workspace):
    return resources.run("tiny-vae")


@pytest.fixture
def exported(run):
    """A cohort's scan as the pages export it."""
    return nifti(Scan("simulated", 3))


@pytest.fixture(scope="module")
def turned_template(tmp_path_factory):
    """The template at 2 mm, turned about the vertical and moved, as a file's bytes."""
    data, affine = mni_template().data[::2, ::2, ::2], mni_template().affine @ np.diag([2, 2, 2, 1])
    angle = np.deg2rad(9)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turn[:3, 3] = [6, -4, 11]
    path = tmp_path_factory.mktemp("upload") / "turned.nii.gz"
    nib.save(nib.Nifti1Image(data.astype(np.float32), turn @ affine), path)
    return path.read_bytes()


def test_what_was_exported_can_be_uploaded_again_as_it_was(run, exported):
    scan = uploads.take("mine.nii.gz", exported, run)
    np.testing.assert_array_equal(load(scan), load(Scan("simulated", 3)))
    assert scan.name == "mine.nii.gz"


def test_the_same_file_is_prepared_once(run, exported, monkeypatch):
    first = uploads.take("mine.nii.gz", exported, run)
    monkeypatch.setattr(uploads, "prepare_one", lambda *_: pytest.fail("prepared twice"))
    again = uploads.take("again.nii.gz", exported, run)
    assert again == first
    assert again.name == "again.nii.gz", "nobody sees what another's file is called"
    assert "again" not in repr(again)


def test_nothing_is_left_on_disk(run, exported, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    uploads.take("mine.nii.gz", exported, run)
    assert not list(tmp_path.iterdir())


def test_a_head_on_its_own_voxels_lies_over_the_file_that_came(run, turned_template):
    scan = uploads.take("turned.nii.gz", turned_template, run)
    head = scan.head
    made = nib.Nifti1Image.from_bytes(gzip.decompress(turned_template))
    back = uploads.in_own_space(scan, head, run.affine)
    assert back.data.shape == made.shape
    np.testing.assert_allclose(back.affine, made.affine, atol=1e-4)
    moved = run.affine.copy()
    moved[1, 3] += 8
    astray = uploads.in_own_space(scan, head, moved)
    inside = back.data > 0.2
    likeness = [np.corrcoef(v.data[inside], made.get_fdata()[inside])[0, 1] for v in (back, astray)]
    assert likeness[0] > 0.8
    assert likeness[1] < likeness[0] - 0.2, "a wrong place would be noticed"


def test_a_change_is_signed_and_nothing_where_nothing_was_changed(run, exported):
    head = uploads.take("mine.nii.gz", exported, run).head
    one, two = (Decoded("tiny-vae", np.full(8, steps, dtype="<i2").tobytes()) for steps in (0, 64))
    forth, back = (uploads.change_in_own_space(a, b, head, run.affine).data for a, b in ((two, one), (one, two)))
    np.testing.assert_allclose(forth, -back, atol=1e-6)
    assert np.abs(forth).max() > 0
    assert not uploads.change_in_own_space(one, one, head, run.affine).data.any()
    assert nib.Nifti1Image.from_bytes(
        gzip.decompress(nifti_of(uploads.change_in_own_space(two, one, head, run.affine), two.provenance))
    ).shape == (40, 48, 40)


@pytest.mark.parametrize("content", [b"", b"no NIfTI", bytes(4000)])
def test_what_is_no_head_is_refused_in_one_line_by_its_own_name(run, content, monkeypatch):
    for _ in range(2):
        with pytest.raises(InputError, match=r"^mine\.nii\.gz: ") as refused:
            uploads.take("../../mine.nii.gz", content, run)
        assert not re.search(r"\n|/tmp|tmp/", str(refused.value))
        monkeypatch.setattr(uploads, "prepare_one", lambda *_: pytest.fail("worked out again"))


@pytest.mark.parametrize("name", ["x" * 300 + ".nii.gz", "a\0b.nii.gz", "..", ""])
def test_a_hostile_name_does_no_harm(run, exported, name):
    np.testing.assert_array_equal(load(uploads.take(name, exported, run)), load(Scan("simulated", 3)))


def test_a_head_that_is_held_does_not_wait_for_another_s_registration(run, exported):
    uploads.take("mine.nii.gz", exported, run)
    with uploads._preparing:
        assert uploads.take("mine.nii.gz", exported, run).name == "mine.nii.gz"


def test_a_head_that_is_held_no_longer_says_so(run, exported, monkeypatch):
    monkeypatch.setattr(uploads, "KEPT", 1)
    first = uploads.take("mine.nii.gz", exported, run)
    uploads.take("other.nii.gz", nifti(Scan("simulated", 4)), run)
    with pytest.raises(InputError, match="upload it again"):
        first.array()
