"""Volumes come in RAS from any storage order, and damaged files are refused with a reason."""

import gzip
import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brainlab.errors import InputError, UnreadableScanError
from brainlab.volume import Volume

SHAPE = (10, 12, 9)
AFFINE = np.array([[2.0, 0, 0, -9], [0, 2.5, 0, -14], [0, 0, 3, -12], [0, 0, 0, 1]])


def pixels() -> np.ndarray:
    return np.random.default_rng(0).normal(100, 20, SHAPE).astype(np.float32)


def plain_nifti() -> bytearray:
    """A whole uncompressed NIfTI-1 file as bytes, to be damaged."""
    return bytearray(nib.Nifti1Image(pixels(), AFFINE).to_bytes())


def load(folder: Path, content: bytes, name: str = "scan.nii") -> Volume:
    (folder / name).write_bytes(content)
    return Volume.load(folder / name)


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    Volume(pixels(), AFFINE).save(tmp_path / "scan.nii.gz")
    back = Volume.load(tmp_path / "scan.nii.gz")
    np.testing.assert_array_equal(back.data, pixels())
    np.testing.assert_allclose(back.affine, AFFINE)
    assert back.notes == ()
    assert back.voxel_size_mm == (2.0, 2.5, 3.0)
    assert [path.name for path in tmp_path.iterdir()] == ["scan.nii.gz"]


@pytest.mark.parametrize("axes", ["LAS", "ASR", "IRA", "LIP", "SPL"])
def test_every_storage_order_becomes_ras(tmp_path: Path, axes: str) -> None:
    image = nib.Nifti1Image(pixels(), AFFINE)
    target = nib.orientations.axcodes2ornt(axes)
    stored = image.as_reoriented(nib.orientations.ornt_transform(nib.orientations.axcodes2ornt("RAS"), target))
    assert "".join(nib.aff2axcodes(stored.affine)) == axes
    nib.save(stored, tmp_path / "scan.nii.gz")
    back = Volume.load(tmp_path / "scan.nii.gz")
    np.testing.assert_array_equal(back.data, pixels())
    np.testing.assert_allclose(back.affine, AFFINE, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64, np.float64])
def test_number_types(tmp_path: Path, dtype: type) -> None:
    whole = pixels().round().astype(dtype)
    nib.save(nib.Nifti1Image(whole, AFFINE, dtype=dtype), tmp_path / "scan.nii")
    np.testing.assert_array_equal(Volume.load(tmp_path / "scan.nii").data, whole.astype(np.float32))


def test_scaling_and_both_kinds_of_name(tmp_path: Path) -> None:
    content = plain_nifti()
    struct.pack_into("<ff", content, 112, -2.0, 5.0)  # scl_slope, scl_inter
    back = load(tmp_path, bytes(content), "plain.nii.gz")
    np.testing.assert_allclose(back.data, pixels() * -2 + 5, rtol=1e-6)
    np.testing.assert_array_equal(load(tmp_path, gzip.compress(bytes(content)), "packed.nii").data, back.data)


def test_big_endian_and_missing_numbers(tmp_path: Path) -> None:
    data = pixels().astype(">f4")
    data[2, 3, 4] = np.nan
    nib.save(nib.Nifti1Image(data, AFFINE, nib.Nifti1Header(endianness=">")), tmp_path / "scan.nii")
    back = Volume.load(tmp_path / "scan.nii")
    assert back.data[2, 3, 4] == 0
    assert "1 voxels without a finite number" in back.notes[0]


def test_header_and_image_in_two_files(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Pair(pixels(), AFFINE), tmp_path / "scan.img")
    for name in ("scan.img", "scan.hdr"):
        np.testing.assert_array_equal(Volume.load(tmp_path / name).data, pixels())
    (tmp_path / "scan.img").unlink()
    with pytest.raises(UnreadableScanError, match=r"put scan\.img beside it"):
        Volume.load(tmp_path / "scan.hdr")


def test_metres_become_mm(tmp_path: Path) -> None:
    image = nib.Nifti1Image(pixels(), np.diag([0.02, 0.02, 0.02, 1]))
    image.header.set_xyzt_units("meter")
    nib.save(image, tmp_path / "scan.nii")
    back = Volume.load(tmp_path / "scan.nii")
    assert back.voxel_size_mm == pytest.approx((20, 20, 20))
    assert back.notes == ("lengths given in meter: converted to mm",)


def test_orientation_that_must_be_assumed(tmp_path: Path) -> None:
    image = nib.Nifti1Image(pixels(), AFFINE)
    image.set_sform(AFFINE, 0)
    image.set_qform(AFFINE, 0)
    nib.save(image, tmp_path / "none.nii")
    assert "which side is left is unknown" in Volume.load(tmp_path / "none.nii").notes[0]
    image.set_qform(AFFINE, 1)
    image.set_sform(AFFINE @ np.diag([-1, 1, 1, 1]), 1)
    nib.save(image, tmp_path / "two.nii")
    assert "disagree about left and right" in Volume.load(tmp_path / "two.nii").notes[0]
    image.set_sform(np.diag([0.0, 1, 1, 1]), 1)
    nib.save(image, tmp_path / "singular.nii")
    assert Volume.load(tmp_path / "singular.nii").notes == ("sform is singular: qform used",)


def damaged() -> dict[str, tuple[bytes, str]]:
    """Ways to break a file, and what must be said of each."""
    whole = bytes(plain_nifti())
    packed = gzip.compress(whole, mtime=0)
    wrong_sum = bytearray(packed)
    wrong_sum[-6] ^= 1

    def patched(where: int, kind: str, *values: float) -> bytes:
        content = bytearray(whole)
        struct.pack_into("<" + kind, content, where, *values)
        return bytes(content)

    return {
        "cut": (packed[: len(packed) // 2], "cut off"),
        "checksum": (bytes(wrong_sum), "damaged gzip"),
        "empty": (b"", "0 bytes"),
        "page": (b"<!DOCTYPE html><html></html>", "web page"),
        "annex": (b"/annex/objects/MD5E-s5--abc.nii.gz\n", "datalad get"),
        "lfs": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        "header size": (patched(0, "i", 7), "348"),
        "type": (patched(70, "h", 9999), "data type"),
        "colour": (patched(70, "h", 128), "colour"),
        "negative size": (patched(42, "h", -10), "positive"),
        "two dimensions": (patched(40, "hhh", 2, 10, 12), "2D"),
        "four dimensions": (patched(40, "hhhhh", 4, 10, 12, 3, 3), "4D"),
        "one slice": (patched(46, "h", 1), "1 voxels along an axis"),
        "more than it holds": (patched(42, "hhh", 500, 500, 500), "500x500x500"),
        "more than any": (patched(42, "hhh", 9000, 9000, 9000), "more than any"),
        "more than gzip can pack": (gzip.compress(patched(42, "hhh", 900, 900, 900)), "at most"),
        "half the voxels": (whole[: len(whole) // 2], "copy it again"),
        "voxel position": (patched(108, "f", float("nan")), "vox_offset"),
        "no number": (whole[:352] + struct.pack("<f", float("nan")) * int(np.prod(SHAPE)), "no voxel holds a number"),
        "text": (b"just words", "too short"),
    }


@pytest.mark.parametrize("way", damaged())
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, way: str) -> None:
    content, reason = damaged()[way]
    with pytest.raises(UnreadableScanError, match=r"scan\.nii: ") as refused:
        load(tmp_path, content)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(UnreadableScanError, match="no such file"):
        Volume.load(tmp_path / "none.nii")
    (tmp_path / "link.nii.gz").symlink_to(tmp_path / "gone")
    with pytest.raises(UnreadableScanError, match="datalad get"):
        Volume.load(tmp_path / "link.nii.gz")
    with pytest.raises(InputError, match=r"\.nii or \.nii\.gz"):
        Volume(pixels(), AFFINE).save(tmp_path / "scan.mgz")


@pytest.mark.parametrize("axes", ["LPS", "PIR", "RAS"])
def test_a_volume_is_written_with_the_axes_of_its_file(tmp_path, axes):
    data = np.random.default_rng(0).random((8, 9, 10), dtype=np.float32)
    orders = [nib.orientations.axcodes2ornt(order) for order in ("RAS", axes)]
    given = nib.Nifti1Image(data, np.diag([2, 3, 4, 1])).as_reoriented(nib.orientations.ornt_transform(*orders))
    nib.save(given, tmp_path / "given.nii.gz")
    volume = Volume.load(tmp_path / "given.nii.gz")
    assert volume.axes == axes
    volume.save(tmp_path / "again.nii.gz", volume.axes)
    again = nib.load(tmp_path / "again.nii.gz")
    np.testing.assert_allclose(again.affine, given.affine)
    np.testing.assert_allclose(again.get_fdata(), given.get_fdata())
