"""Files of every kind come to the same picture; what is no image of the study is refused by name, in one line."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from benchmarks.reading.foreign_files import KINDS, write_picture
from brainlab.errors import InputError
from brainlab.experiments.studies.folder_images import FolderImage, find_folder_images, read_folder_image
from brainlab.experiments.studies.folder_supply import FolderSupply
from brainlab.images.grid import upright
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import write_sidecar
from brainlab.images.volume import Volume
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.harmonisation import Harmonisation

PICTURE = np.clip(ndimage.gaussian_filter(np.random.default_rng(0).random((40, 32)), 2) * 4 - 1.5, 0, 1)
PICTURE = (PICTURE / PICTURE.max()).astype(np.float32)
ALIKE = Harmonisation(size=0)


def supply(folder: Path, harmonisation: Harmonisation | None = ALIKE, label: str = "fake", **changes) -> FolderSupply:
    source = Source(kind="folder", name=str(folder), n=1, label=label)
    protocol = Protocol(
        title="F", sources=(source,), readers=(Reader(code="A"),), harmonisation=harmonisation, **changes
    )
    return FolderSupply(source, protocol)


def drawn(folder: Path, **changes) -> list:
    found = supply(folder, **changes)
    return found.draw(len(found.files), b"s" * 32)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_shows_the_picture_that_was_saved(tmp_path, kind):
    write_picture(tmp_path / "a", PICTURE, kind, quality=98)
    (stimulus,) = drawn(tmp_path)
    assert stimulus.image.shape == PICTURE.shape
    np.testing.assert_allclose(stimulus.image, PICTURE, atol=0.04 if kind == "jpg" else 0.003)
    assert stimulus.detail["plane"] == "axial"
    assert stimulus.stored.format


@pytest.mark.parametrize("kind", ["png", "jpg", "npz", "dcm", "nii.gz", "png-16"])
def test_what_files_say_of_black_and_white_is_taken_without_a_policy(tmp_path, kind):
    write_picture(tmp_path / "a", PICTURE * 0.8, kind, quality=98)
    for policy in (None, Harmonisation(size=0, intensity="as_stored")):
        (stimulus,) = drawn(tmp_path, harmonisation=policy)
        np.testing.assert_allclose(stimulus.image, PICTURE * 0.8, atol=0.04 if kind == "jpg" else 0.003)


@pytest.mark.parametrize("kind", ["tif-float", "npy", "dcm-monochrome1"])
def test_values_of_no_known_range_need_a_policy(tmp_path, kind):
    write_picture(tmp_path / "a", PICTURE, kind)
    with pytest.raises(InputError, match=r"a\.\w+: needs intensities in \[0, 1\] or \[0, 255\].*'percentiles'"):
        drawn(tmp_path, harmonisation=None)


def test_pages_and_stacks_are_images_each(tmp_path):
    pages = np.stack([np.roll(PICTURE, number, axis=1) for number in range(3)])
    levels = [Image.fromarray(np.rint(page * 255).astype(np.uint8)) for page in pages]
    levels[0].save(tmp_path / "a.tif", save_all=True, append_images=levels[1:])
    np.save(tmp_path / "b.npy", pages[:, None])
    np.save(tmp_path / "c.npy", np.repeat(pages[..., None], 3, axis=-1))
    np.save(tmp_path / "d.npy", pages[:1])
    np.save(tmp_path / "e.npy", np.repeat(pages[0][..., None], 3, axis=-1))
    images = find_folder_images(tmp_path, "slice")
    assert [(image.path.name[0], image.number) for image in images] == [
        *((name, number) for name in "abc" for number in range(3)),
        ("d", None),
        ("e", None),
    ]
    for image in images:
        stored = read_folder_image(image, "slice", "axial")
        shown = stored.values / (stored.white[1] if stored.white else 1)
        np.testing.assert_allclose(shown, pages[image.number or 0], atol=0.003)
    assert str(images[1]) == f"{tmp_path / 'a.tif'}, image 1"


def test_volumes_come_from_nifti_and_arrays(tmp_path):
    volume = np.stack([PICTURE[:, :24] * weight for weight in np.linspace(0.2, 1, 20)], axis=2)
    Volume(volume, np.diag([2.0, 2, 3, 1])).save(tmp_path / "a.nii.gz")
    np.save(tmp_path / "b.npy", volume)
    np.save(tmp_path / "c.npy", np.stack([volume, volume]))
    found = drawn(tmp_path, stimulus="volume")
    assert len(found) == 4
    for stimulus in found:
        np.testing.assert_allclose(stimulus.image, volume / volume.max(), atol=1e-6)
        assert stimulus.voxel_size_mm in (None, (2.0, 2.0, 3.0))


def test_a_slice_of_nifti_and_of_another_plane(tmp_path):
    Volume(upright(PICTURE)[:, None, :], np.diag([1.0, 4, 1, 1])).save(tmp_path / "a.nii")
    (stimulus,) = drawn(tmp_path, plane="coronal")
    np.testing.assert_allclose(stimulus.image, PICTURE, atol=1e-6)
    with pytest.raises(
        InputError, match=r"needs axial slices, got one of 32 x 1 x 40 voxels; set 'plane' to 'coronal'"
    ):
        drawn(tmp_path)
    (tmp_path / "a.nii").unlink()
    write_picture(tmp_path / "a", PICTURE, "dcm")
    with pytest.raises(InputError, match=r"a\.dcm: needs coronal slices, got axial ones; set 'plane' to 'axial'"):
        drawn(tmp_path, plane="coronal")


def test_scanners_give_dicom_no_ending_and_pairs_of_analyze_are_one(tmp_path):
    write_picture(tmp_path / "a", PICTURE, "dcm").rename(tmp_path / "IM0001")
    (tmp_path / "README").write_text("no image", encoding="utf-8")
    (tmp_path / ".hidden.png").write_bytes(b"no image")
    (tmp_path / "notes.json").write_text("{}", encoding="utf-8")
    assert find_folder_images(tmp_path, "slice") == [FolderImage(tmp_path / "IM0001")]


def test_slices_are_no_volumes(tmp_path):
    write_picture(tmp_path / "a", PICTURE, "png")
    with pytest.raises(InputError, match=r"got files of slices \(a\.png\); set 'stimulus' to 'slice'"):
        supply(tmp_path, stimulus="volume")
    np.save(tmp_path / "b.npy", PICTURE)
    with pytest.raises(InputError, match=r"b\.npy: needs volumes \[X, Y, Z\] or \[n, X, Y, Z\], got an array of shape"):
        drawn(tmp_path, stimulus="volume")


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "npy", "npz", "dcm", "nii", "nii.gz"])
@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"<html>", b"words", "half"])
def test_damaged_files_of_every_kind_are_one_line_that_names_them(tmp_path, ending, content):
    path = tmp_path / f"bad.{ending}"
    if content == "half":
        kind = "nii.gz" if ending.startswith("nii") else ending
        whole = write_picture(tmp_path / "whole", PICTURE, kind)
        content = whole.read_bytes()[: whole.stat().st_size // 2]
        whole.unlink()
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"bad.{ending}: ") as error:
        drawn(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", KINDS)
def test_files_under_the_endings_of_others_are_read_or_refused_in_one_line(tmp_path, kind):
    path = write_picture(tmp_path / "a", PICTURE, kind)
    other = path.rename(tmp_path / ("b.png" if path.suffix != ".png" else "b.jpg"))
    if kind.split("-")[0] in ("png", "jpg", "tif"):
        (stimulus,) = drawn(tmp_path)  # pictures say themselves what they are
        np.testing.assert_allclose(stimulus.image, PICTURE, atol=0.1)
    else:
        with pytest.raises(InputError, match=f"{other.name}: cannot be read as a picture") as error:
            drawn(tmp_path)
        assert "\n" not in str(error.value)


def test_colours_images_of_one_level_and_missing_numbers_are_refused_by_name(tmp_path):
    def refused(array: np.ndarray, reason: str) -> None:
        np.save(tmp_path / "a.npy", array)
        with pytest.raises(InputError, match=rf"a\.npy: {reason}"):
            drawn(tmp_path)

    colours = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    refused(colours, "98.* of its pixels are coloured|9.* of its pixels are coloured")
    refused(np.full((32, 32), 7.0), "shows nothing: all its values are 7")
    refused(np.where(PICTURE > 0.5, np.nan, PICTURE), "holds values that are no numbers")
    refused(PICTURE[:8], "needs at least 16 pixels a side, got 8x32")
    refused(np.zeros((4, 5, 6, 7, 8)), r"needs slices \[rows, columns\] or \[n, rows, columns\], got an array of shape")
    (tmp_path / "a.npy").unlink()
    Image.fromarray(colours).save(tmp_path / "c.png")
    with pytest.raises(InputError, match=r"c\.png: .* of its pixels are coloured"):
        drawn(tmp_path)


def test_what_a_json_beside_says_of_a_file_counts_where_the_file_says_nothing(tmp_path):
    np.save(tmp_path / "a.npy", PICTURE)
    write_sidecar(tmp_path / "a.npy", [Provenance(kind="generated", seed=1)])
    with pytest.raises(InputError, match=r"a\.npy: needs a scan as a real case, got an image that says that it is gen"):
        drawn(tmp_path, label="real")
