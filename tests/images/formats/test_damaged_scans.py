"""Damaged files of every format are refused in one line, before memory is taken for what they claim."""

import contextlib
import random
import re
import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from brainlab.errors import UnreadableScanError
from brainlab.images.volume import Volume
from tests.images.formats.test_scan_formats import SHAPE, WRITERS, stored, write_itk, write_mgh

PATCHES = {
    "a.mgh": (4, b"\0\0\x03\xe8" * 3),
    "a.nrrd": b"sizes: 1000 1000 1000",
    "packed.nrrd": b"sizes: 1000 1000 1000",
    "a.nhdr": b"sizes: 1000 1000 1000",
    "a.mha": b"DimSize = 1000 1000 1000",
    "packed.mha": b"DimSize = 1000 1000 1000",
    "a.mhd": b"DimSize = 1000 1000 1000",
    "packed.mhd": b"DimSize = 1000 1000 1000",
}


def written(folder: Path, name: str) -> Path:
    WRITERS[name](stored("LPS"), folder / name)
    return folder / name


def changed(path: Path, old: bytes, new: bytes) -> Path:
    """Replace one line of a text header."""
    content = path.read_bytes()
    assert len(re.findall(old, content)) == 1
    path.write_bytes(re.sub(old, lambda _: new, content))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableScanError) as caught:
        Volume.load(path)
    assert str(caught.value) == f"{path}: {caught.value.reason}"
    assert "\n" not in caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_is_cut_off(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name)
    detached = [other for other in tmp_path.iterdir() if other != path]
    whole = detached[0] if detached else path
    whole.write_bytes(whole.read_bytes()[:-100])
    assert re.search("the file holds|cut off|cannot be read as MINC", refusal(path))


@pytest.mark.parametrize("name", PATCHES)
def test_a_header_that_claims_more_than_there_is(tmp_path: Path, name: str) -> None:
    path, patch = written(tmp_path, name), PATCHES[name]
    if isinstance(patch, tuple):
        content = bytearray(path.read_bytes())
        content[patch[0] : patch[0] + len(patch[1])] = patch[1]
        path.write_bytes(content)
    else:
        changed(path, patch.partition(b"1")[0] + rb"[0-9 ]+", patch)
    tracemalloc.start()
    assert re.search(
        r"the header claims 1000x1000x1000 voxels \(2,000,000,\d+ bytes\) but the file holds", refusal(path)
    )
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("a.nrrd", rb"space directions: \([^,]*", b"space directions: (nan", "orientation matrix"),
        ("a.nrrd", rb"space directions: .*", b"space directions: (1,0,0) (1,0,0) (0,0,1)", "singular"),
        ("a.nrrd", rb"space origin: .*", b"space origin: (1,2)", "needs 3 numbers for 'space origin'"),
        ("a.nrrd", rb"type: short", b"type: block", "unknown data type"),
        ("a.nrrd", rb"encoding: raw", b"encoding: hex", "needs the encoding raw or gzip"),
        ("a.nrrd", rb"sizes: .*", b"sizes: 10 twelve 9", "needs numbers for 'sizes'"),
        ("a.mha", rb"TransformMatrix = .*", b"TransformMatrix = 0 0 0 0 0 0 0 0 0", "singular"),
        ("a.mha", rb"ElementType = MET_SHORT", b"ElementType = MET_STRING", "needs an ElementType"),
        ("a.mha", rb"BinaryData = True", b"BinaryData = False", "as text"),
        ("a.mha", rb"NDims = 3", b"NDims = 4", "needs 4 sizes"),
        ("a.mha", rb"ElementType", b"ElementNumberOfChannels = 3\nElementType", "colour"),
    ],
)
def test_headers_that_make_no_sense(tmp_path: Path, name: str, old: bytes, new: bytes, reason: str) -> None:
    assert reason in refusal(changed(written(tmp_path, name), old, new))


@pytest.mark.parametrize(
    "elsewhere",
    ["../a.raw", "/etc/passwd", "sub/a.raw", "..", "https://host/a.raw", "C:\\a.raw", "LIST", "a%03d.raw", "a.hdr"],
)
@pytest.mark.parametrize(("name", "field"), [("a.nhdr", rb"data file: .*"), ("a.mhd", rb"ElementDataFile = .*")])
def test_a_header_names_no_voxels_elsewhere(tmp_path: Path, name: str, field: bytes, elsewhere: str) -> None:
    folder = tmp_path / "scans" / "sub"
    folder.mkdir(parents=True)
    path = written(folder.parent, name)
    (raw,) = [other for other in folder.parent.iterdir() if other.suffix == ".raw"]
    for place in (tmp_path / "a.raw", folder / "a.raw"):
        place.write_bytes(raw.read_bytes())
    told = field.partition(b".*")[0] + elsewhere.encode()
    reason = refusal(changed(path, field, told))
    assert re.search("names voxels elsewhere|a list or pattern|voxels are missing", reason)


def test_a_list_of_slices_is_refused_as_one(tmp_path: Path) -> None:
    for told in (b"data file: LIST\na.raw\nb.raw", b"datafile: LIST 2\na.raw\n"):
        path = changed(written(tmp_path, "a.nhdr"), rb"data file: .*", told)
        assert refusal(path).startswith("needs one file of voxels, got a list or pattern ('LIST")


def test_a_header_that_names_itself_or_a_pointer(tmp_path: Path) -> None:
    path = changed(written(tmp_path, "a.mhd"), rb"ElementDataFile = .*", b"ElementDataFile = a.mhd")
    assert "names itself" in refusal(path)
    path = written(tmp_path, "a.nhdr")
    (tmp_path / "a.raw").write_bytes(b"/annex/objects/SHA256E-s1--abc.raw\n")
    assert "git-annex pointer" in refusal(path)


def test_numbers_that_place_nothing(tmp_path: Path) -> None:
    image = nib.MGHImage(np.zeros(SHAPE, np.float32), np.eye(4))
    image.header["Mdc"][0, 0] = np.nan
    content = bytearray(image.to_bytes())
    content[42:46] = b"\x7f\xc0\0\0"  # the first direction's first number
    (tmp_path / "a.mgh").write_bytes(content)
    assert "orientation matrix" in refusal(tmp_path / "a.mgh")


def test_an_mgh_without_orientation_lies_as_freesurfer_takes_it(tmp_path: Path) -> None:
    path = written(tmp_path, "a.mgh")
    content = bytearray(path.read_bytes())
    content[28:30] = b"\0\0"
    path.write_bytes(content)
    back = Volume.load(path)
    assert back.axes == "LIA"
    assert back.notes == ("no orientation in the header: coronal slices of 1 mm taken, as FreeSurfer does",)


def test_types_of_mgh(tmp_path: Path) -> None:
    path = written(tmp_path, "a.mgh")
    content = bytearray(path.read_bytes())
    content[23] = 10  # unsigned short of FreeSurfer 7, which nibabel does not know
    content[2] = 1  # and what the image is for
    path.write_bytes(content)
    np.testing.assert_array_equal(Volume.load(path).data, Volume.load(written(tmp_path, "a.mgz")).data)
    content[23] = 8
    path.write_bytes(content)
    assert refusal(path).startswith("needs numbers of type 0, 1, 3, 4, 10, got 8")


def test_series_and_colours_are_refused_and_series_can_be_chosen_from(tmp_path: Path) -> None:
    data = np.random.default_rng(0).integers(0, 99, (*SHAPE, 3)).astype(np.int16)
    write_mgh(nib.Nifti1Image(data, np.eye(4)), tmp_path / "series.mgz")
    sitk.WriteImage(sitk.GetImageFromArray(data.transpose(), isVector=False), str(tmp_path / "series.nrrd"))
    sitk.WriteImage(sitk.GetImageFromArray(data.transpose(), isVector=False), str(tmp_path / "series.mha"))
    for name in ("series.mgz", "series.nrrd", "series.mha"):
        assert refusal(tmp_path / name) in (
            "4D (10x12x9x3); one 3D image is needed, split the series first",
            "needs 3 axes in space, got 4; export one image of the series",
        )
    for name in ("series.mgz", "series.mha"):
        second = Volume.load(tmp_path / name, lambda count, _: ([1], f"1 of {count}"))
        turned = data[::-1, ::-1, :, 1] if name.endswith("mha") else data[..., 1]
        np.testing.assert_array_equal(second.data, turned)
    colours = sitk.GetImageFromArray(data.transpose(2, 1, 0, 3), isVector=True)
    for name in ("colours.nrrd", "colours.mha"):
        sitk.WriteImage(colours, str(tmp_path / name))
        assert refusal(tmp_path / name).startswith(("colour", "needs 3 axes", "4D"))


@pytest.mark.parametrize(
    ("space", "axes"),
    [("left-posterior-superior", "LPS"), ("RAS", "RAS"), ("left-anterior-superior", "LAS"), ("LPS", "LPS")],
)
def test_the_spaces_of_nrrd(tmp_path: Path, space: str, axes: str) -> None:
    path = changed(written(tmp_path, "a.nrrd"), rb"space directions: .*", b"space directions: (2,0,0) (0,2,0) (0,0,2)")
    back = Volume.load(changed(path, rb"space: .*", b"space: " + space.encode()))
    assert back.axes == axes
    assert back.notes == ()


@pytest.mark.parametrize(
    ("units", "size_mm"),
    [('"cm" "cm" "cm"', 15), ('"m" "m" "m"', 1.5), ('"" "" ""', 1.5), ('"mm" "Millimeter" "mm"', 1.5)],
)
def test_lengths_of_nrrd_in_another_unit_are_converted(tmp_path: Path, units: str, size_mm: float) -> None:
    """Metres of such a size are no head's: they are taken for mm, as of NIfTI."""
    path = changed(
        written(tmp_path, "a.nrrd"), rb"space directions: .*", b"space directions: (1.5,0,0) (0,.1,0) (0,0,.1)"
    )
    told = f"space: left-posterior-superior\nspace units: {units}"
    back = Volume.load(changed(path, rb"space: .*", told.encode()))
    assert back.voxel_size_mm[0] == pytest.approx(size_mm)
    assert [note for note in back.notes if "converted" in note] == (
        ["lengths given in centimeter: converted to mm"] if "cm" in units else []
    )


@pytest.mark.parametrize("units", ['"inch" "inch" "inch"', '"mm" "mm" "cm"', '"mm" "mm" "s"'])
def test_other_units_of_nrrd_are_refused(tmp_path: Path, units: str) -> None:
    told = f"space: left-posterior-superior\nspace units: {units}"
    reason = refusal(changed(written(tmp_path, "a.nrrd"), rb"space: .*", told.encode()))
    assert reason == f"needs the space units mm, cm, m or um, got {units!r}"


def test_an_nrrd_whose_space_is_not_the_patients(tmp_path: Path) -> None:
    path = changed(written(tmp_path, "a.nrrd"), rb"space: .*", b"space: scanner-xyz")
    assert Volume.load(path).notes == (
        "no orientation in the header: axes taken as they come, which side is left is unknown",
    )
    path = written(tmp_path, "b.nrrd") if "b.nrrd" in WRITERS else tmp_path / "b.nrrd"
    write_itk(stored("RAS"), path)
    for field in (rb"space: .*\n", rb"space origin: .*\n"):
        changed(path, field, b"")
    changed(path, rb"space directions: .*", b"spacings: 2 2.5 -3")
    assert Volume.load(path).voxel_size_mm == (2, 2.5, 3)


def test_bytes_at_random_raise_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(0)
    for name in WRITERS:
        content = written(tmp_path, name).read_bytes()
        for _ in range(30):
            damaged = bytearray(content)
            for _ in range(chance.randint(1, 6)):
                damaged[chance.randrange(min(600, len(damaged)))] = chance.randrange(256)
            (tmp_path / name).write_bytes(damaged)
            with contextlib.suppress(UnreadableScanError):
                Volume.load(tmp_path / name)


def test_what_an_error_quotes_of_a_file_stays_on_its_line(tmp_path):
    path = tmp_path / "a.nii"
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4)), path)
    content = bytearray(path.read_bytes())
    content[344:348] = b"\n\x1b[A"
    path.write_bytes(content)
    with pytest.raises(UnreadableScanError) as refused:
        Volume.load(path)
    assert str(refused.value).isprintable()
