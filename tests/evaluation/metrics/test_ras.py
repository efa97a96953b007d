"""The atlas score is 1 of an image against itself, and pairs are of different people and images."""

import dataclasses

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.metrics import ras
from brainlab.evaluation.metrics.ras import atlas_dice, structure_dice
from brainlab.evaluation.registry import measure_all


def turned(body, seed):
    """A body of another place and size."""
    random = np.random.default_rng(seed)
    matrix = np.eye(4)
    matrix[:3, :3] += random.normal(0, 0.06, (3, 3))
    matrix[:3, 3] = random.normal(0, 1, 3)
    return body(matrix)


@pytest.fixture
def people(body):
    return np.stack([turned(body, seed) for seed in range(6)])


class Own:
    """Segmentations with other numbers: 7 is the core, 2 what the network does not know."""

    def __init__(self, labels):
        self.names = {7: "core", 2: "vessel"}
        self.labels = np.select([labels == 2, labels == 1], [7, 2], 0).astype(np.uint8)

    def __getitem__(self, rows):
        return self.labels[rows]


def test_dice_is_of_each_structure_that_the_target_has():
    labels, target = np.zeros((2, 2, 4, 4), np.uint8)
    labels[0, :, :2], target[0, :, 1:3] = 1, 1
    labels[1, 0], target[1, 0] = 2, 255
    labels[1, 1, 0] = 3
    assert structure_dice(labels, target, 4) == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)
    assert structure_dice(target, target, 3) == pytest.approx([1, np.nan], nan_ok=True)


def test_an_image_against_itself_has_a_score_of_1(body, segmenter):
    dice, fits = atlas_dice(body(), body(), segmenter.segment(body()), segmenter)
    assert dice[:2] == pytest.approx(1, abs=1e-3)
    assert fits
    found = measure_all(ImageSets(np.stack([body()] * 3), np.stack([body()] * 4)), ras.METRICS, {})
    assert found["ras"]["value"] == pytest.approx(1, abs=1e-3)


def test_an_affine_map_between_people_costs_little_and_noise_or_nothing_costs_all(body, people, segmenter):
    score = {}
    for name, generated in {
        "turned": np.stack([turned(body, seed) for seed in range(20, 26)]),
        "noise": np.random.default_rng(0).random(people.shape).astype(np.float32),
        "empty": 0 * people,
    }.items():
        score[name] = measure_all(ImageSets(people, generated), ras.METRICS, {"seed": 0})["ras"]
    assert score["turned"]["value"] > 0.9
    assert score["noise"]["value"] < 0.6
    assert score["empty"]["value"] == 0
    assert [entry["settings"]["pairs_without_fit"] for entry in score.values()] == [0, 0, 6]
    settings = score["turned"]["settings"]
    assert (settings["structures"], settings["scans_with_structure"]) == (["mantle", "core"], [6, 6])
    assert np.mean(settings["dice"]) == pytest.approx(score["turned"]["value"])
    assert settings["left_out"] == ["lesion: lies elsewhere in each person"]
    assert settings["reference"] == "the network's segmentations of the scans"
    assert settings["network"].startswith("by-hand (coronal slices, sha256 abab")
    assert settings["taken_for"].startswith("T1w images, whose shape the images have")
    assert settings["no_interval"] == "no interval: needs 8 people or more, got 6"


def test_the_scans_own_labels_go_before_the_network_s_and_others_count_nowhere(people, segmenter):
    labels = np.stack([segmenter.segment(volume) for volume in people])
    sets = ImageSets(people, people[::-1].copy(), real_labels=Own(labels), recipe={"name": "made"})
    found = measure_all(sets, ras.METRICS, {})["ras"]
    assert found["settings"]["reference"] == "the scans' own segmentations"
    assert found["settings"]["structures"] == ["core"]
    assert "mantle: in no scan compared with" in found["settings"]["left_out"]
    assert "taken_for" not in found["settings"]
    assert found["value"] > 0.9
    wrong = ImageSets(people, people, real_labels=Own(np.where(labels == 2, 0, 2)))
    assert measure_all(wrong, ras.METRICS, {})["ras"]["value"] < 0.2


def test_no_image_is_in_two_pairs_and_no_person_is_compared_with_themself(people, segmenter, monkeypatch):
    pairs = {}

    def noted(sets, atlases, rows, *, generated):
        pairs[generated] = rows
        raise InputError("seen")

    monkeypatch.setattr(ras, "_measured", noted)
    owners = np.array(["a", "a", "b", "c", "d", "e"])
    sets = ImageSets(people, people[:3], people=owners, seed=4)
    for _ in range(2):
        before = dict(pairs)
        measure_all(sets, ras.METRICS, {})
        assert all(np.array_equal(before[kind], pairs[kind]) for kind in before)
    for part, column in ((pairs[True][:, 0], "generated"), (owners[pairs[True][:, 1]], "real")):
        assert len(set(part.tolist())) == len(part) == 3, column
    both = owners[pairs[False]].ravel()
    assert len(set(both.tolist())) == len(both) == 4
    measure_all(dataclasses.replace(sets, seed=5, _known={}), ras.METRICS, {})
    assert not np.array_equal(before[True], pairs[True])


def test_the_score_of_real_scans_is_that_among_people(people, segmenter):
    found = measure_all(ImageSets(people, 0 * people), ras.METRICS, {})["ras_real"]
    assert found["value"] > 0.9
    assert (found["n"], found["better"]) == (3, "none")
    alone = ImageSets(people, people, people=np.array(list("aaaabb")))
    assert measure_all(alone, ras.METRICS, {})["ras_real"]["settings"]["undefined"].startswith("needs two pairs")


def test_without_a_network_for_these_volumes_both_are_undefined_and_say_what_to_do(people, tissue_workspace):
    for sets in (ImageSets(people, people), ImageSets(people, people, recipe={"name": "t1-cube-64"})):
        for entry in measure_all(sets, ras.METRICS, {}).values():
            assert entry["value"] is None
            assert "train-tissue PREPARED --plane coronal --scans 40 --out" in entry["settings"]["undefined"]
    slices = ImageSets(people[:, 0], people[:, 0])
    assert "3 dimensions only" in measure_all(slices, ras.METRICS, {})["ras"]["settings"]["undefined"]
