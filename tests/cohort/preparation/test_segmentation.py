"""Labels lie where the image that they belong to lies, whatever the recipe did to it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from brainlab.cli import main
from brainlab.cohort.preparation import batch
from brainlab.cohort.preparation.batch import prepare_cohort
from brainlab.cohort.preparation.gridding import sample
from brainlab.cohort.preparation.prepare import PreparedScan
from brainlab.cohort.preparation.segmentation import carried_labels
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.registration.placement import Placement, placed_already
from brainlab.cohort.registration.resampling import resample
from brainlab.cohort.sources.discovery import find_sources
from brainlab.cohort.template import GRID_SHAPE, grid_affine
from brainlab.errors import SegmentationError
from brainlab.images.volume import Volume

BLOCKS = find_recipe("flair-40")
SIDE = 56
COARSE = (91, 109, 91)
"""The template's grid at 2 mm."""


def oblique() -> Volume:
    """Two boxes, 1 and 2, in an image of 3 mm whose axes are turned and whose middle lies in the brain."""
    data = np.zeros((SIDE,) * 3, np.float32)
    data[20:32, 18:36, 22:30], data[32:40, 18:36, 22:30] = 1, 2
    affine = np.eye(4)
    affine[:3, :3] = 3 * Rotation.from_euler("xyz", [9, -7, 12], degrees=True).as_matrix()
    affine[:3, 3] = [0, -18, 8] - affine[:3, :3] @ np.full(3, SIDE / 2)
    return Volume(data, affine)


def prepared(native: Volume, recipe: str, matrix: np.ndarray, mask: np.ndarray | None = None) -> PreparedScan:
    """Return what preparing an image gives that the template was laid on by a known matrix."""
    chosen = find_recipe(recipe)
    brain = native.data >= 0 if mask is None else mask
    stripped = Volume(np.where(brain, native.data, np.float32(0)), native.affine)
    placement = Placement(brain, resample(stripped, COARSE, grid_affine(2), matrix), matrix)
    return PreparedScan(native.data, chosen, native, placement, matrix, (), "", 0.0)


def moved() -> np.ndarray:
    """From mm of the template to mm of the scan: another size, turned and shifted."""
    matrix = np.eye(4)
    matrix[:3, :3] = 1.1 * Rotation.from_euler("z", 15, degrees=True).as_matrix()
    matrix[:3, 3] = [6, -4, 5]
    return matrix


def test_labels_follow_the_image_onto_a_sampled_grid(tmp_path: Path) -> None:
    native = oblique()
    native.save(tmp_path / "dseg.nii.gz")
    labels, notes = carried_labels(prepared(native, "dwi-slices-128", moved()), tmp_path / "dseg.nii.gz")
    recipe = find_recipe("dwi-slices-128")
    assert labels.shape == (26, 128, 128)
    assert not notes
    for number in (1, 2):
        alone = Volume((native.data == number).astype(np.float32), native.affine)
        share = recipe.cut(sample(alone, recipe.grid, moved()).data)
        sure = np.abs(share - 0.5) > 0.45
        assert share[sure].max() > 0.9
        np.testing.assert_array_equal((labels == number)[sure], (share > 0.5)[sure])


def test_labels_follow_the_image_onto_blocks_of_the_template(tmp_path: Path) -> None:
    native = oblique()
    native.save(tmp_path / "dseg.nii.gz")
    labels, _ = carried_labels(prepared(native, "flair-40", moved()), tmp_path / "dseg.nii.gz")
    for number in (1, 2):
        alone = Volume((native.data == number).astype(np.float32), native.affine)
        share = BLOCKS.grid.apply(resample(alone, COARSE, grid_affine(2), moved())).data
        sure = np.abs(share - 0.5) > 0.35
        assert (share[sure] > 0.5).sum() > 50
        np.testing.assert_array_equal((labels == number)[sure], (share > 0.5)[sure])


def test_a_block_has_the_label_of_most_of_its_voxels(tmp_path: Path) -> None:
    """Of 64 voxels; as many of background as of a label are background."""
    data = np.zeros(GRID_SHAPE, np.float32)
    for place, filled in ((18, 31), (20, 32), (22, 33)):
        block = data[11 + 4 * place :, 93:97, 80:84][:4]
        block[np.unravel_index(np.arange(filled), block.shape)] = 7
    data[11:51, 13:53, 0:40] = 3
    Volume(data, grid_affine()).save(tmp_path / "dseg.nii")
    native = Volume(data, grid_affine())
    scan = PreparedScan(data, BLOCKS, native, placed_already(native), np.eye(4), (), "", 0.0)
    labels, _ = carried_labels(scan, tmp_path / "dseg.nii")
    assert np.argwhere(labels == 7).tolist() == [[22, 20, 20]]
    assert (labels[:10, :10, :10] == 3).all()
    assert np.count_nonzero(labels) == 1001


def test_where_the_skull_is_stripped_so_are_labels(tmp_path: Path) -> None:
    native = oblique()
    native.save(tmp_path / "dseg.nii.gz")
    brain = np.indices(native.data.shape)[0] < 32  # without the second box
    for recipe, numbers in (("flair-40", [0, 1]), ("t1-cube-64", [0, 1]), ("dwi-slices-128", [0, 1, 2])):
        labels, _ = carried_labels(prepared(native, recipe, np.eye(4), brain), tmp_path / "dseg.nii.gz")
        assert np.unique(labels).tolist() == numbers


def test_labels_on_another_grid_are_brought_onto_the_scan_by_coordinates(tmp_path: Path) -> None:
    native = oblique()
    shape = (112, 112, 112)
    affine = native.affine @ np.diag([0.5, 0.5, 0.5, 1])
    affine[:3, 3] = (native.affine @ [-0.25, -0.25, -0.25, 1])[:3]
    resample(native, shape, affine, nearest=True).save(tmp_path / "fine_dseg.nii.gz")
    native.save(tmp_path / "same_dseg.nii.gz")
    scan = prepared(native, "dwi-slices-128", moved())
    same, _ = carried_labels(scan, tmp_path / "same_dseg.nii.gz")
    fine, notes = carried_labels(scan, tmp_path / "fine_dseg.nii.gz")
    assert [note for note in notes if "on another grid than the scan" in note]
    np.testing.assert_array_equal(fine, same)


def test_a_segmentation_of_elsewhere_is_refused(tmp_path: Path) -> None:
    native = oblique()
    away = native.affine.copy()
    away[:3, 3] += 200
    Volume(native.data, away).save(tmp_path / "dseg.nii.gz")
    with pytest.raises(SegmentationError, match="0% of what it labels lies in the scan's brain"):
        carried_labels(prepared(native, "flair-40", np.eye(4)), tmp_path / "dseg.nii.gz")


def test_a_segmentation_that_is_mostly_outside_the_brain_is_noted(tmp_path: Path) -> None:
    native = oblique()
    native.save(tmp_path / "dseg.nii.gz")
    brain = np.indices(native.data.shape)[0] < 26
    _, notes = carried_labels(prepared(native, "flair-40", np.eye(4), brain), tmp_path / "dseg.nii.gz")
    assert notes == ("segmentation: only 30% of what it labels lies in the scan's brain",)


@pytest.mark.parametrize(
    ("value", "says"),
    [(0.5, "needs whole numbers, got 0.5"), (2035, "got 2035"), (-1, "got -1"), (np.nan, "without a finite number")],
)
def test_what_is_no_label_is_refused(tmp_path: Path, value: float, says: str) -> None:
    native = oblique()
    data = native.data.copy()
    data[0, 0, 0] = value
    Volume(data, native.affine).save(tmp_path / "dseg.nii.gz")
    with pytest.raises(SegmentationError, match=says):
        carried_labels(prepared(native, "flair-40", np.eye(4)), tmp_path / "dseg.nii.gz")


def test_an_empty_or_damaged_segmentation_is_refused(tmp_path: Path) -> None:
    native = oblique()
    Volume(np.zeros_like(native.data), native.affine).save(tmp_path / "dseg.nii.gz")
    scan = PreparedScan(native.data, BLOCKS, native, placed_already(native), np.eye(4), (), "", 0.0)
    with pytest.raises(SegmentationError, match="got 0 throughout"):
        carried_labels(scan, tmp_path / "dseg.nii.gz")
    (tmp_path / "dseg.nii.gz").write_bytes(b"<html>")
    with pytest.raises(SegmentationError, match=r"dseg\.nii\.gz: a saved web page"):
        carried_labels(scan, tmp_path / "dseg.nii.gz")


@pytest.fixture
def labelled(make_dataset: Callable[..., Path], brain_volume: Volume) -> tuple[Path, Path]:
    """Three people and a folder with labels of them: the lower half of the brain is 1, the upper 2."""
    root = make_dataset(3)
    truth = root / "derivatives" / "truth"
    truth.mkdir(parents=True)
    (truth / "dseg.tsv").write_text("index\tname\n1\tlower\n2\tupper\n3\tlesion\n", encoding="utf-8")
    halves = np.where(brain_volume.data > 0, np.where(np.arange(45) < 22, 1, 2), 0).astype(np.float32)
    for number in range(3):
        place = truth / f"sub-{number:02d}" / "anat" / f"sub-{number:02d}_dseg.nii.gz"
        place.parent.mkdir(parents=True)
        Volume(halves, brain_volume.affine).save(place)
    return root, truth


def test_command_writes_segmentations_beside_the_volumes(
    labelled: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    root, truth = labelled
    (truth / "sub-02" / "anat" / "sub-02_dseg.nii.gz").unlink()
    command = ["prepare", str(root), str(tmp_path / "out"), "--recipe", "flair-40", "--json"]
    assert main([*command, "--segmentations", str(truth)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["scans"] == 2
    (failure,) = report["failed"]
    assert (failure["path"], failure["stage"]) == ("sub-02/anat/sub-02_FLAIR.nii.gz", "segmentation")
    assert failure["reason"].startswith("no segmentation named sub-02_*_dseg.nii.gz")
    data = PreparedDataset.open(tmp_path / "out")
    assert data.label_names == {1: "lower", 2: "upper", 3: "lesion"}
    assert data.segmentations.dtype == np.uint8
    assert data.segmentations.shape == data.volumes.shape
    assert (data.segmentations[:, :, :, 10][data.volumes[:, :, :, 10] > 100] == 1).all()
    assert (data.segmentations[:, :, :, 30][data.volumes[:, :, :, 30] > 100] == 2).all()
    assert main(command) == 2
    assert "holds a prepared dataset with segmentations, which the new one would lack" in capsys.readouterr().err


def test_segmentations_leave_images_and_their_hash_as_they_are(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    root, truth = labelled
    prepare_cohort(find_sources(root, BLOCKS), tmp_path / "with", BLOCKS, segmentations=truth)
    prepare_cohort(find_sources(root, BLOCKS), tmp_path / "without", BLOCKS)
    one, two = (PreparedDataset.open(tmp_path / name) for name in ("with", "without"))
    assert one.sha256 == two.sha256
    assert two.segmentations is None
    assert two.label_names == {}
    assert "labels" not in two.recipe


def test_an_interrupted_run_keeps_labels_and_sees_that_they_changed(
    labelled: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, truth = labelled
    out, found = tmp_path / "out", find_sources(root, BLOCKS)

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(batch, "write_prepared", kill)
        with pytest.raises(KeyboardInterrupt):
            prepare_cohort(found, out, BLOCKS, segmentations=truth)
    first = truth / "sub-00" / "anat" / "sub-00_dseg.nii.gz"
    changed = Volume.load(first)
    Volume(np.where(changed.data == 2, np.float32(9), changed.data), changed.affine).save(first)
    carried: list[str] = []

    def counted(scan: PreparedScan, file: Path) -> object:
        carried.append(file.name)
        return carried_labels(scan, file)

    monkeypatch.setattr(batch, "carried_labels", counted)
    prepare_cohort(found, out, BLOCKS, segmentations=truth)
    assert carried == ["sub-00_dseg.nii.gz"]
    data = PreparedDataset.open(out)
    assert [np.unique(labels).tolist() for labels in data.segmentations] == [[0, 1, 9], [0, 1, 2], [0, 1, 2]]
    assert data.label_names[9] == "label-9"


def test_a_bad_segmentation_fails_its_scan_alone(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    root, truth = labelled
    (truth / "sub-01" / "anat" / "sub-01_dseg.nii.gz").write_bytes(b"")
    report = prepare_cohort(find_sources(root, BLOCKS), tmp_path / "out", BLOCKS, segmentations=truth)
    assert report.scans == 2
    (failure,) = report.failed
    assert failure["stage"] == "segmentation"
    assert failure["reason"].startswith("sub-01_dseg.nii.gz: an empty file")
