"""A view is a dataset of its own: slices of volumes train, encode and are split like any other images."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.patches import Patches
from brainlab.cohort.prepared import write_prepared
from brainlab.cohort.views import Pairs, Slices, Volumes, regions_of
from brainlab.errors import InputError
from brainlab.images.grid import PLANES, normal_axis
from brainlab.images.regions import LESION, NAWM, OTHER

SIDES = (4, 6, 8)


@pytest.fixture
def volumes(tmp_path):
    scans = pd.DataFrame({"participant": ["a", "b", "c"], "class": "ms", "split": ["train", "test", "train"]})
    recipe = {"name": "made", "shape": list(SIDES), "affine": np.diag([1.0, 2, 3, 1]).tolist()}
    values = np.random.default_rng(0).integers(0, 256, (3, *SIDES)) / np.float32(255)
    return write_prepared(tmp_path / "volumes", values, scans, recipe)


@pytest.mark.parametrize("plane", PLANES)
def test_slices_are_those_of_the_volumes_in_order(volumes, plane):
    seen = Slices(plane, 0.25, 0.75).of(volumes)
    axis = normal_axis(plane)
    length = SIDES[axis]
    numbers = list(range(round(0.25 * length), round(0.75 * length)))
    assert seen.shape == tuple(side for place, side in enumerate(SIDES) if place != axis)
    assert seen.scans["slice"].tolist() == numbers * 3
    whole = volumes.batch(volumes.indices())[:, 0]
    expected = [np.take(scan, number, axis=axis) for scan in whole for number in numbers]
    assert np.array_equal(seen.batch(seen.indices())[:, 0], np.stack(expected))
    assert np.array_equal(seen.shown(1), np.rint(expected[1] * 255))
    chosen = np.array([len(seen) - 1, 0])
    assert np.array_equal(seen.batch(chosen)[:, 0], np.stack([expected[-1], expected[0]]))


def test_a_person_s_slices_stay_on_one_side_of_the_split(volumes):
    seen = Slices("axial", 0, 1).of(volumes)
    assert set(seen.scans["participant"].iloc[seen.indices("test")]) == {"b"}
    assert len(seen.indices("train")) == 2 * SIDES[2]


def test_slices_are_known_by_the_dataset_that_they_are_cut_from(volumes):
    seen = Slices().of(volumes)
    assert seen.sha256 == volumes.sha256
    assert seen.voxel_hashes[0] == volumes.voxel_hashes[0]
    assert len(seen.voxel_hashes) == len(seen)
    assert Slices().of(seen) is seen


def test_a_view_that_a_dataset_does_not_have_is_refused(volumes, tmp_path):
    seen = Slices("axial").of(volumes)
    with pytest.raises(InputError, match="needs volumes, got axial slices of 4 x 6"):
        Volumes().of(seen)
    with pytest.raises(InputError, match="needs coronal slices, got axial"):
        Slices("coronal").of(seen)
    assert Volumes().of(volumes) is volumes


SEQUENCES = ["FLAIR", "T1w", "MTRmap"]


@pytest.fixture
def visits(tmp_path):
    """Three scans of three sequences as z-scores, with labels."""
    recipe = {
        "name": "made",
        "shape": [4, 4, 4],
        "affine": np.eye(4).tolist(),
        "channels": SEQUENCES,
        "intensity": "z-score",
        "labels": {"3": "left-white", "8": "cerebellum", "11": "lesion"},
    }
    people = pd.DataFrame({"participant": list("abc"), "class": "ms", "split": "train"})
    images = np.arange(3 * 3 * 64, dtype=np.float32).reshape(3, 3, 4, 4, 4) / 64
    labels = np.resize(np.array([0, 3, 8, 11], np.uint8), (3, 4, 4, 4))
    return write_prepared(tmp_path / "visits", images, people, recipe, "float16", segmentations=labels)


def test_a_pair_has_its_inputs_in_order_and_its_target(visits):
    view = Pairs(("MTR", "FLAIR"), "T1w")
    batch = view.batch(view.of(visits), np.array([0, 2]))
    whole = visits.batch(np.array([0, 2]))
    assert np.array_equal(batch.image, whole[:, [2, 0]])
    assert np.array_equal(batch.target, whole[:, [1]])
    assert batch.regions.shape == (2, 1, 4, 4, 4)
    assert batch.regions.ravel()[:4].tolist() == [OTHER, NAWM, OTHER, LESION]


def test_pairs_of_patches_are_cut_alike(visits):
    view = Pairs(("FLAIR",), "T1w", Patches((4, 4, 2), 0.0))
    seen = view.of(visits)
    batch = view.batch(seen, np.arange(len(seen)))
    assert batch.image.shape == batch.target.shape == batch.regions.shape == (6, 1, 4, 4, 2)
    assert np.array_equal(batch.target[1, 0], visits.batch(np.array([0]))[0, 1, :, :, 2:])


def test_pairs_within_the_brain_say_where_it_is(visits):
    assert Pairs(("FLAIR",), "T1w").batch(visits, np.array([0])).brain is None
    view = Pairs(("FLAIR",), "T1w", Patches((4, 4, 2), 0.0), within="brain")
    batch = view.batch(view.of(visits), np.array([1, 2]))
    assert np.array_equal(batch.brain[0, 0], visits.segmentations[0, :, :, 2:] > 0)
    assert np.array_equal(batch.brain[1, 0], visits.segmentations[1, :, :, :2] > 0)


def test_data_that_do_not_say_where_the_brain_is_are_refused_within_it(visits):
    with pytest.raises(InputError, match=r"--within brain: needs data that say where the brain is, got .* without"):
        Pairs(("FLAIR",), "T1w", within="brain").of(dataclasses.replace(visits, segmentations=None))


def test_without_white_matter_among_the_labels_there_are_no_regions(visits):
    blind = dataclasses.replace(visits, recipe=visits.recipe | {"labels": {"11": "lesion"}})
    assert regions_of(blind, np.array([0])) is None
    assert regions_of(dataclasses.replace(visits, segmentations=None), np.array([0])) is None


@pytest.mark.parametrize(
    ("inputs", "target", "message"),
    [
        (("T2w", "FLAIR"), "T1w", "needs T2w, FLAIR, T1w, got FLAIR, T1w, MTRmap; prepare it with T2w"),
        (("FLAIR",), "PET", "prepare it with PET, or choose other sequences with --inputs and --target"),
        (("FLAIR", "T1w"), "T1w", "--inputs: needs sequences other than the target T1w, each once, got FLAIR, T1w"),
        (("FLAIR", "FLAIR"), "T1w", "each once, got FLAIR, FLAIR"),
        ((), "T1w", "--inputs: needs at least one sequence, got none"),
    ],
)
def test_a_sequence_that_is_not_there_is_refused(visits, inputs, target, message):
    with pytest.raises(InputError, match=message):
        Pairs(inputs, target).of(visits)


def test_images_that_are_scaled_each_by_itself_are_refused(visits):
    unit = dataclasses.replace(visits, recipe={k: v for k, v in visits.recipe.items() if k != "intensity"})
    with pytest.raises(InputError, match="needs z-scores of a cohort, got each image in"):
        Pairs(("FLAIR",), "T1w").of(unit)
