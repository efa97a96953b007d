"""Volumes come in RAS from any storage order, and damaged files are refused with a reason."""

import gzip
import re
import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brainlab.errors import InputError, UnreadableScanError
from brainlab.images.volume import Volume

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


def test_missing_voxels_turn_with_the_others(tmp_path: Path) -> None:
    data = pixels()
    data[0, 3, 4] = np.inf
    nib.save(nib.Nifti1Image(data[::-1], AFFINE @ np.diag([-1, 1, 1, 1])), tmp_path / "scan.nii")
    assert np.argwhere(Volume.load(tmp_path / "scan.nii").missing).tolist() == [[0, 3, 4]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64, np.float64])
def test_number_types(tmp_path: Path, dtype: type) -> None:
    whole = pixels().round().astype(dtype)
    nib.save(nib.Nifti1Image(whole, AFFINE, dtype=dtype), tmp_path / "scan.nii")
    np.testing.assert_array_equal(Volume.load(tmp_path / "scan.nii").data, whole.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64, np.uint64, np.float64])
@pytest.mark.parametrize(
    ("least", "slope", "intercept"),
    [(0, 1, 0), (2**26, 1, -(2**26)), (2**30, 1, -(2**30)), (2**30, 1, 0), (2**30, 0.5, 7), (2**24, -3, 0)],
)
def test_no_grey_value_is_lost_to_large_numbers(
    tmp_path: Path, dtype: type, least: int, slope: float, intercept: float
) -> None:
    greys = np.random.default_rng(0).integers(0, 1000, SHAPE)
    image = nib.Nifti1Image((greys + least).astype(dtype), AFFINE, dtype=dtype)
    content = bytearray(image.to_bytes())
    struct.pack_into("<ff", content, 112, slope, intercept)
    back = load(tmp_path, bytes(content))
    theirs = nib.load(tmp_path / "scan.nii").get_fdata()
    assert len(np.unique(back.data)) == len(np.unique(theirs))
    np.testing.assert_allclose(np.ptp(back.data), np.ptp(theirs), rtol=1e-6)
    difference = theirs - back.data
    np.testing.assert_allclose(difference, difference[0, 0, 0], atol=1e-3 * np.ptp(theirs))
    assert bool(back.notes) == (abs(difference[0, 0, 0]) > 1)


def test_64_bit_integers_keep_their_last_digit(tmp_path: Path) -> None:
    greys = np.random.default_rng(0).integers(0, 1000, SHAPE)
    for dtype, least in ((np.int64, -(2**62)), (np.uint64, 2**63)):
        stored = greys.astype(dtype) + dtype(least)
        back = load(tmp_path, bytes(nib.Nifti1Image(stored, AFFINE, dtype=dtype).to_bytes()))
        np.testing.assert_array_equal(back.data, greys - greys.min())


@pytest.mark.parametrize("slope", [1e-44, 1e-30, 1e-6, 1e30, 3e38])
def test_tiny_and_huge_values_keep_their_contrast(tmp_path: Path, slope: float) -> None:
    content = plain_nifti()
    struct.pack_into("<f", content, 112, slope)
    back = load(tmp_path, bytes(content))
    np.testing.assert_allclose(back.data / back.data.max(), pixels() / pixels().max(), rtol=1e-6)
    assert bool(back.notes) == (not 1e-30 <= slope < 1e30)


def test_scaling_and_both_kinds_of_name(tmp_path: Path) -> None:
    content = plain_nifti()
    struct.pack_into("<ff", content, 112, -2.0, 5.0)  # scl_slope, scl_inter
    back = load(tmp_path, bytes(content), "plain.nii.gz")
    np.testing.assert_allclose(back.data, pixels() * -2 + 5, rtol=1e-6)
    np.testing.assert_array_equal(load(tmp_path, gzip.compress(bytes(content)), "packed.nii").data, back.data)


def test_big_endian_and_missing_numbers(tmp_path: Path) -> None:
    data = pixels().astype(">f4")
    data[2, 3, 4] = np.nan
    header = nib.Nifti1Header(endianness=">")
    header.set_slope_inter(2, 50)
    nib.save(nib.Nifti1Image(data, AFFINE, header), tmp_path / "scan.nii")
    back = Volume.load(tmp_path / "scan.nii")
    assert back.data[2, 3, 4] == 0
    assert np.argwhere(back.missing).tolist() == [[2, 3, 4]]
    assert "1 voxel without a finite number" in back.notes[0]


def test_header_and_image_in_two_files(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Pair(pixels(), AFFINE), tmp_path / "scan.img")
    for name in ("scan.img", "scan.hdr"):
        np.testing.assert_array_equal(Volume.load(tmp_path / name).data, pixels())
    (tmp_path / "scan.img").unlink()
    with pytest.raises(UnreadableScanError, match=r"put scan\.img beside it"):
        Volume.load(tmp_path / "scan.hdr")


MAGICS = [
    b"n+1\0",
    b"ni1\0",
    b"n+2\0",
    b"ni2\0",
    b"n+3\0",
    b"n+1 ",
    b"N+1\0",
    b"n-1\0",
    b"n+1n",
    b"\0n+1",
    bytes(4),
    b"\0\0\1\0",
]
MAGICS += [bytes(np.random.default_rng(n).integers(0, 256, 4, dtype=np.uint8)) for n in range(20)]


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".hdr", ".img.gz"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_only_a_file_of_the_right_magic_is_nifti(tmp_path: Path, ending: str, order: str) -> None:
    """What is taken, nibabel takes and reads alike; a magic of the other form, which nibabel takes, is refused."""
    in_pair = ending not in (".nii", ".nii.gz")
    kind = nib.Nifti1Pair if in_pair else nib.Nifti1Image
    image = kind(pixels(), AFFINE, kind.header_class(endianness=order))
    nib.save(image, tmp_path / f"scan{ending}")
    header_path = tmp_path / f"scan{ending.replace('img', 'hdr')}"
    packed = header_path.suffix == ".gz"
    content = header_path.read_bytes()
    content = gzip.decompress(content) if packed else content
    for magic in MAGICS:
        damaged = content[:344] + magic + content[348:]
        header_path.write_bytes(gzip.compress(damaged) if packed else damaged)
        sound = magic == (b"ni1\0" if in_pair else b"n+1\0")
        if not sound and (not in_pair or magic in MAGICS[:5]):
            needed = f"needs NIfTI magic {'ni1 in a .hdr/.img pair' if in_pair else 'n+1 in a single file'}, got "
            with pytest.raises(UnreadableScanError, match=re.escape(needed)):
                Volume.load(header_path)
            continue
        back = Volume.load(header_path)
        theirs = nib.load(header_path)
        np.testing.assert_array_equal(back.data, theirs.get_fdata())
        if sound:
            assert back.notes == ()
            np.testing.assert_allclose(back.affine, theirs.affine)
        else:
            assert isinstance(theirs, nib.AnalyzeImage)
            assert "Analyze format" in back.notes


def test_nifti_2_is_known_by_its_magic_too(tmp_path: Path) -> None:
    image = nib.Nifti2Image(pixels(), AFFINE)
    content = bytes(image.to_bytes())
    np.testing.assert_array_equal(load(tmp_path, content).data, pixels())
    for place, patch, reason in (
        (4, b"n+1\0", "needs NIfTI magic n+2 in a single file, got n+1"),
        (4, b"ni2\0", "got ni2; that is the header of a .hdr/.img pair"),
        (8, b"\n\x1a\n\0", "transfer as text"),
        (0, (348).to_bytes(4, "little"), "needs NIfTI magic n+1 in a single file, got"),
    ):
        with pytest.raises(UnreadableScanError, match=re.escape(reason)):
            load(tmp_path, content[:place] + patch + content[place + len(patch) :])


@pytest.mark.parametrize("offset", [0, 352, 368])
def test_voxels_start_after_the_header_and_its_extensions(tmp_path: Path, offset: int) -> None:
    content = plain_nifti()
    struct.pack_into("<f", content, 108, offset)
    content[352:352] = b"x" * max(0, offset - 352)
    np.testing.assert_array_equal(load(tmp_path, bytes(content)).data, pixels())


def test_what_the_header_says_of_tilt_and_scaling(tmp_path: Path) -> None:
    tilted = AFFINE.copy()
    tilted[1, 2] = 0.8
    content = bytearray(nib.Nifti1Image(pixels(), tilted).to_bytes())
    struct.pack_into("<h", content, 252, 0)
    struct.pack_into("<ff", content, 112, 0.0, 5.0)
    back = load(tmp_path, bytes(content))
    assert back.notes == ("axes are not at right angles (gantry tilt?)",)
    np.testing.assert_array_equal(back.data, pixels())
    struct.pack_into("<ff", content, 112, 1.0, float("nan"))
    assert "scl_inter is nan: 0 used" in load(tmp_path, bytes(content)).notes


def test_sizes_of_a_head_are_mm_whatever_unit_is_written(tmp_path: Path) -> None:
    """Some tools write metres and mean mm; the unit of time shares the byte."""
    image = nib.Nifti1Image(pixels(), np.diag([20.0, 20, 20, 1]))
    for unit in ("meter", "micron"):
        image.header.set_xyzt_units(unit, "sec")
        nib.save(image, tmp_path / "scan.nii")
        back = Volume.load(tmp_path / "scan.nii")
        assert back.voxel_size_mm == pytest.approx((20, 20, 20))
        assert back.notes == ()


def test_metres_become_mm(tmp_path: Path) -> None:
    image = nib.Nifti1Image(pixels(), np.diag([0.02, 0.02, 0.02, 1]))
    image.header.set_xyzt_units("meter", "sec")
    nib.save(image, tmp_path / "scan.nii")
    back = Volume.load(tmp_path / "scan.nii")
    assert back.voxel_size_mm == pytest.approx((20, 20, 20))
    assert back.notes == ("lengths given in meter: converted to mm",)


def random_header(seed: int) -> nib.Nifti1Header:
    """A header whose codes, rotation, handedness, voxel sizes and offsets are drawn."""
    random = np.random.default_rng(seed)
    rotation = np.linalg.qr(random.normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3] = rotation * random.uniform(0.4, 6, 3)
    affine[:3, 3] = random.normal(0, 100, 3)
    header = nib.Nifti1Header(endianness="<>"[seed % 2])
    header.set_data_shape(SHAPE)
    header.set_data_dtype(np.float32)
    header.set_zooms(random.uniform(0.4, 6, 3))
    qform, sform = [(1, 0), (0, 1), (1, 1)][seed % 3]
    if qform:
        header.set_qform(affine, int(random.integers(1, 5)))
    if sform:
        header.set_sform(affine + np.pad(random.normal(0, 0.05, (3, 4)), ((0, 1), (0, 0))), int(random.integers(1, 5)))
    return header


def test_axes_are_those_that_nibabel_finds(tmp_path: Path) -> None:
    for seed in range(60):
        header = random_header(seed)
        (tmp_path / "scan.nii").write_bytes(
            bytes(header.binaryblock) + bytes(4) + pixels().astype(f"{header.endianness}f4").tobytes("F")
        )
        best = nib.Nifti1Image(pixels(), header.get_best_affine())
        theirs = nib.as_closest_canonical(best)
        back = Volume.load(tmp_path / "scan.nii")
        np.testing.assert_array_equal(back.data, theirs.get_fdata(), err_msg=f"seed {seed}")
        np.testing.assert_allclose(back.affine, theirs.affine, rtol=1e-5, atol=1e-4, err_msg=f"seed {seed}")


def oriented(quaternion: tuple[float, float, float], handedness: float = 1.0) -> bytes:
    """A file with a qform alone."""
    content = plain_nifti()
    struct.pack_into("<f", content, 76, handedness)
    struct.pack_into("<hh6f", content, 252, 1, 0, *quaternion, 10.0, 20.0, 30.0)
    return bytes(content)


@pytest.mark.parametrize("excess", [0.0, 2e-7, 4e-7, 5e-6, 9e-5])
def test_a_quaternion_that_rounding_made_too_long_is_still_a_rotation(tmp_path: Path, excess: float) -> None:
    long = np.sqrt(1 + excess)
    back = load(tmp_path, oriented((0.0, 0.6 * long, 0.8 * long)))
    right = nib.affines.from_matvec(nib.quaternions.quat2mat([0, 0, 0.6, 0.8]) * (2.0, 2.5, 3.0), [10, 20, 30])
    theirs = nib.as_closest_canonical(nib.Nifti1Image(pixels(), right))
    np.testing.assert_allclose(back.affine, theirs.affine, atol=1e-3)
    np.testing.assert_array_equal(back.data, theirs.get_fdata())
    assert [("shortened" in note) for note in back.notes] == ([True] if excess > 2e-6 else [])


@pytest.mark.parametrize(
    ("handedness", "axes", "noted"),
    [(1, "RAS", 0), (-1, "RAI", 0), (0, "RAS", 0), (np.nan, "RAS", 1), (-0.9999, "RAI", 1), (0.5, "RAS", 1)],
)
def test_left_and_right_of_a_qform_hang_on_one_number(tmp_path: Path, handedness: float, axes: str, noted: int) -> None:
    back = load(tmp_path, oriented((0.0, 0.0, 0.0), handedness))
    assert back.axes == axes
    assert sum("pixdim[0]" in note for note in back.notes) == noted == len(back.notes)


def test_a_quaternion_that_is_none_gives_way_to_the_sform(tmp_path: Path) -> None:
    content = bytearray(oriented((0.9, 0.9, 0.9)))
    struct.pack_into("<h", content, 254, 1)
    back = load(tmp_path, bytes(content))
    np.testing.assert_allclose(back.affine, AFFINE)
    assert back.notes == ("the qform's quaternion has length 1.559 where at most 1 is a rotation: not used",)


def test_orientation_that_must_be_assumed(tmp_path: Path) -> None:
    image = nib.Nifti1Image(pixels(), AFFINE)
    image.set_sform(AFFINE, 0)
    image.set_qform(AFFINE, 0)
    nib.save(image, tmp_path / "none.nii")
    assert "which side is left is unknown" in Volume.load(tmp_path / "none.nii").notes[0]
    image.set_qform(AFFINE, 1)
    image.set_sform(AFFINE @ np.diag([-1, 1, 1, 1]), 1)
    nib.save(image, tmp_path / "two.nii")
    assert "disagree about left and right, one of them mirrors the head" in Volume.load(tmp_path / "two.nii").notes[0]
    image.set_qform(None, 0)
    image.set_sform(AFFINE @ np.diag([1.2, 1, 1, 1]), 1)
    nib.save(image, tmp_path / "sizes.nii")
    assert Volume.load(tmp_path / "sizes.nii").notes == ("voxel sizes of sform and header (pixdim) differ: sform used",)
    image.set_qform(AFFINE, 1)
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
        "two dimensions": (patched(40, "hhh", 2, 10, 12), "2D (10x12); one 3D image is needed, join"),
        "four dimensions": (patched(40, "hhhhh", 4, 10, 12, 3, 3), "3D image is needed, split the series"),
        "one slice": (patched(46, "h", 1), "1 voxel along an axis"),
        "more than it holds": (patched(42, "hhh", 500, 500, 500), "500x500x500"),
        "more than any": (patched(42, "hhh", 9000, 9000, 9000), "more than any"),
        "more than gzip can pack": (gzip.compress(patched(42, "hhh", 900, 900, 900)), "at most"),
        "half the voxels": (whole[: len(whole) // 2], "copy it again"),
        "voxel position": (patched(108, "f", float("nan")), "vox_offset"),
        "voxels within the header": (patched(108, "f", 348.0), "vox_offset"),
        "two byte orders": (patched(40, "h", 3 << 8), "different byte orders"),
        "no quaternion": (patched(252, "hhfff", 1, 0, 0.9, 0.9, 0.9), "the qform is no rotation"),
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
