"""One brain written in every format and axis order comes back the same, voxel by voxel, in RAS."""

import gzip
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from scipy.io import netcdf_file

from brainlab.errors import UnreadableScanError
from brainlab.images.formats.scan_file import FILE_ENDINGS, SINGLE_ENDINGS, check_header, files_of, format_of
from brainlab.images.volume import Volume

SHAPE = (10, 12, 9)
ORDERS = ("RAS", "LAS", "LPS", "LIP", "ASR", "IRA", "PIR", "SPL")
LPS = np.diag([-1.0, -1, 1, 1])


def oblique() -> np.ndarray:
    """A matrix of voxels of 2 x 2.5 x 3 mm, turned by 10 and 5 degrees, away from the origin."""
    turn, tilt = np.deg2rad([10, 5])
    around_z = [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    around_x = [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    affine = np.eye(4)
    affine[:3, :3] = np.array(around_z) @ around_x @ np.diag([2.0, 2.5, 3])
    affine[:3, 3] = [-9, 14, -12]
    return affine


def stored(axes: str) -> nib.Nifti1Image:
    """One image of counted voxels in the axis order of a file."""
    image = nib.Nifti1Image(np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE), oblique())
    orders = [nib.orientations.axcodes2ornt(order) for order in ("RAS", axes)]
    return image.as_reoriented(nib.orientations.ornt_transform(*orders))


def write_mgh(image: nib.Nifti1Image, path: Path) -> None:
    nib.save(nib.MGHImage(np.asarray(image.dataobj), image.affine), path)


def write_itk(image: nib.Nifti1Image, path: Path, packed: bool = False) -> None:
    """Write by SimpleITK, which is told places in LPS."""
    made = sitk.GetImageFromArray(np.asarray(image.dataobj).transpose())
    affine = LPS @ image.affine
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    made.SetSpacing(spacing.tolist())
    made.SetOrigin(affine[:3, 3].tolist())
    made.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
    sitk.WriteImage(made, str(path), useCompression=packed)


def write_minc(image: nib.Nifti1Image, path: Path) -> None:
    """Write MINC 1 as its format says: axes named by the one they are nearest to, with start, step and cosines."""
    data, affine = np.asarray(image.dataobj), image.affine
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    cosines = affine[:3, :3] / steps
    starts = np.linalg.solve(cosines, affine[:3, 3])
    names = [("xspace", "yspace", "zspace")[int(axis)] for axis, _ in nib.io_orientation(affine)]
    with netcdf_file(path, "w") as file:
        for name, size in zip(names, data.shape, strict=True):
            file.createDimension(name, size)
        for axis, name in enumerate(names):
            variable = file.createVariable(name, "i", ())
            variable.varid, variable.vartype = "MINC standard variable", "dimension____"
            variable.spacing = "regular__"
            variable.step, variable.start = float(steps[axis]), float(starts[axis])
            variable.direction_cosines = cosines[:, axis].copy()
            variable.length = data.shape[axis]
        voxels = file.createVariable("image", "h", tuple(names))
        voxels[:] = data
        voxels.signtype, voxels.valid_range = "signed__", np.array([-32768.0, 32767.0])
        for name, value in (("image-max", 32767.0), ("image-min", -32768.0)):
            file.createVariable(name, "d", ()).data[...] = value


WRITERS = {
    "a.mgz": write_mgh,
    "a.mgh": write_mgh,
    "a.nrrd": write_itk,
    "packed.nrrd": lambda image, path: write_itk(image, path, packed=True),
    "a.nhdr": write_itk,
    "packed.nhdr": lambda image, path: write_itk(image, path, packed=True),
    "a.mha": write_itk,
    "packed.mha": lambda image, path: write_itk(image, path, packed=True),
    "a.mhd": write_itk,
    "packed.mhd": lambda image, path: write_itk(image, path, packed=True),
    "a.mnc": write_minc,
}


@pytest.mark.parametrize("axes", ORDERS)
@pytest.mark.parametrize("name", WRITERS)
def test_every_format_and_axis_order_gives_the_same_volume(tmp_path: Path, name: str, axes: str) -> None:
    image = stored(axes)
    WRITERS[name](image, tmp_path / name)
    back = Volume.load(tmp_path / name)
    np.testing.assert_array_equal(np.rint(back.data), np.arange(np.prod(SHAPE)).reshape(SHAPE))
    np.testing.assert_allclose(back.affine, oblique(), atol=1e-4)
    assert back.axes == axes
    assert back.notes == ()
    check_header(tmp_path / name)


@pytest.mark.parametrize("name", WRITERS)
def test_as_the_libraries_of_the_formats_read_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](stored("PIR"), path)
    back = Volume.load(path)
    if name.endswith(("mgz", "mgh", "mnc")):
        theirs = nib.as_closest_canonical(nib.load(path))
        data, affine = theirs.get_fdata(), theirs.affine
    else:
        read = sitk.DICOMOrient(sitk.ReadImage(str(path)), "RAS")  # SimpleITK names the sides that axes go to
        data = sitk.GetArrayFromImage(read).transpose()
        affine = np.eye(4)
        affine[:3, :3] = np.reshape(read.GetDirection(), (3, 3)) * read.GetSpacing()
        affine[:3, 3] = read.GetOrigin()
        affine = LPS @ affine
        ours = nib.orientations.io_orientation(affine)
        data = nib.orientations.apply_orientation(data, ours)
        affine = affine @ nib.orientations.inv_ornt_aff(ours, read.GetSize())
    np.testing.assert_allclose(back.data, data, atol=1e-3)
    np.testing.assert_allclose(back.affine, affine, atol=1e-4)


@pytest.mark.parametrize("name", WRITERS)
def test_the_content_tells_the_format_whatever_the_name(tmp_path: Path, name: str) -> None:
    if name.endswith(("hd", "hdr")):
        pytest.skip("the other file is named in it")
    WRITERS[name](stored("LPS"), tmp_path / name)
    (tmp_path / name).rename(tmp_path / "upload.nii.gz")
    assert Volume.load(tmp_path / "upload.nii.gz").axes == "LPS"


def test_gzip_around_minc_and_mgh(tmp_path: Path) -> None:
    for name, write in (("a.mnc", write_minc), ("b.mgh", write_mgh)):
        write(stored("RAS"), tmp_path / name)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
        assert Volume.load(tmp_path / f"{name}.gz").axes == "RAS"


def test_every_ending_has_a_format() -> None:
    named = {format_of(Path(f"a{ending}")) for ending in SINGLE_ENDINGS}
    assert named == {"NIfTI", "MGH", "NRRD", "MetaImage", "MINC"}


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["a.mgz", "packed.nrrd", "a.nhdr", "packed.mha", "a.mnc"])
def test_letters_burnt_into_a_head_stay_on_their_sides(tmp_path: Path, name: str) -> None:
    folder = Path(os.environ.get("BRAINLAB_REALDATA") or "nowhere") / "orientations"
    if not folder.is_dir():
        pytest.skip("BRAINLAB_REALDATA does not name a folder with orientations/")
    for path in sorted(folder.glob("*.nii.gz")):
        image = nib.load(path)
        WRITERS[name](nib.Nifti1Image(np.asarray(image.dataobj).astype(np.int16), image.affine), tmp_path / name)
        given, back = Volume.load(path), Volume.load(tmp_path / name)
        np.testing.assert_allclose(back.data, np.trunc(given.data), atol=1e-2)
        np.testing.assert_allclose(back.affine, given.affine, atol=1e-3)
        assert back.axes == given.axes


def test_minc_2_needs_h5py_or_says_so(tmp_path: Path) -> None:
    path = Path(nib.__file__).parent / "tests" / "data" / "small.mnc"
    try:
        import h5py  # noqa: F401
    except ImportError:
        with pytest.raises(UnreadableScanError, match="MINC 2 needs the package h5py; install it with pip, or convert"):
            Volume.load(path)
        return
    theirs = nib.as_closest_canonical(nib.load(path))
    back = Volume.load(path)
    np.testing.assert_allclose(back.data, theirs.get_fdata(), rtol=1e-5)
    np.testing.assert_allclose(back.affine, theirs.affine, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "beside"),
    [("a.nii", None), ("a.nrrd", None), ("a.nhdr", "a.raw"), ("a.mha", None), ("a.mhd", "a.raw"), ("a.hdr", "a.img"),
     ("a.img", "a.hdr")],
)  # fmt: skip
def test_the_files_that_a_scan_lies_in(name: str, beside: str | None, tmp_path: Path):
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((3, 4, 5), np.int16)), str(tmp_path / name))
    assert set(files_of(tmp_path / name)) == {tmp_path / name, *([tmp_path / beside] if beside else [])}


@pytest.mark.parametrize("name", ["a.nii", "a.nhdr", "a.mhd", "a.img", "a.mgz"])
def test_a_scan_that_cannot_be_read_is_one_file(name: str, tmp_path: Path):
    assert files_of(tmp_path / name) == (tmp_path / name,)
    (tmp_path / name).write_bytes(b"nothing")
    assert files_of(tmp_path / name) == (tmp_path / name,)


@pytest.mark.parametrize("ending", FILE_ENDINGS)
def test_without_a_header_is_no_scan(ending: str, tmp_path: Path):
    """Reading and looking refuse what is plainly nothing for one reason."""
    path = tmp_path / f"a{ending}"
    (tmp_path / "a.hdr").write_bytes(b"none")
    (tmp_path / "a.hdr.gz").write_bytes(b"none")
    for content in (b"nothing", bytes(800), b"\x1f\x8b\x08 of no use"):
        path.write_bytes(content)
        with pytest.raises(UnreadableScanError) as looked:
            check_header(path)
        with pytest.raises(UnreadableScanError) as read:
            Volume.load(path)
        assert looked.value.reason.partition(";")[0] in read.value.reason or "begin" in looked.value.reason


@pytest.mark.parametrize(("header", "voxels"), [("a.hdr", "a.img"), ("a.nhdr", "a.raw"), ("a.mhd", "a.raw")])
def test_a_header_without_its_voxels_is_no_scan(header: str, voxels: str, tmp_path: Path):
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((3, 4, 5), np.int16)), str(tmp_path / header))
    check_header(tmp_path / header)
    (tmp_path / voxels).unlink()
    with pytest.raises(
        UnreadableScanError, match=f"are missing; put {voxels} beside it|image is missing; put {voxels}"
    ):
        check_header(tmp_path / header)
