"""What `evaluate` measures, on images whose figures are known: what is compared with what, and which way is better."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.distance import cdist

from brainlab.evaluation import components
from brainlab.evaluation import images as blocks
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.registry import metrics
from brainlab.experiments.evaluation import run_metrics
from brainlab.images import voxel_components
from brainlab.images.laplacian import laplacian_variance
from brainlab.latent.encoding import Encoding

SHAPE = (24, 26)
VOXELS = 24 * 26


def images(n, seed):
    """Smooth images, no two alike."""
    noise = np.random.default_rng(seed).random((n, *SHAPE))
    return (0.2 + 0.6 * ndimage.gaussian_filter(noise, (0, 1, 1))).astype(np.float32)


@pytest.fixture
def material():
    real = images(12, 1)
    return ImageSets(real, images(20, 2))


@pytest.fixture
def measure(monkeypatch, material, tmp_path):
    """Return the metrics of the material with some of its parts exchanged, without a feature network."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")

    def measured(**parts):
        if "reconstructed" in parts:
            parts["pairs"] = parts["reconstructed"]
        # Without what was worked out once for the sets before.
        sets = dataclasses.replace(material, _known={}, **parts)
        monkeypatch.setattr(run_metrics, "collect", lambda *_, **__: (sets, {}))
        return run_metrics.evaluate_run(SimpleNamespace(can=lambda ability: False), None, write=False)

    return measured


def squared(a, b):
    return cdist(a.reshape(len(a), -1), b.reshape(len(b), -1), "sqeuclidean") / VOXELS


def test_memorisation_is_the_distance_of_samples_to_training_scans_beside_that_of_held_out_scans(measure):
    held_out, seen = images(30, 3)[::2], images(30, 3)[1::2]
    copies = np.clip(seen[:12] + 1e-3, 0, 1)
    found = measure(training=seen, real=held_out, generated=copies, reconstructed=seen)
    metric = found["nearest_training_distance"]
    theirs, ours = (np.sort(squared(part, seen), axis=1) for part in (held_out, copies))
    assert (metric["value"], metric["n"]) == (pytest.approx(ours[:, 0].mean(), rel=1e-3), 12)
    assert metric["settings"]["training_scans"] == 15
    assert metric["settings"]["held_out"] == pytest.approx(theirs[:, 0].mean())
    assert metric["settings"]["ratio_of_medians"] < 0.01
    assert metric["settings"]["share_below_first_percentile_of_held_out"] == 1
    assert metric["settings"]["share_copies"] == 1
    assert metric["settings"]["nearest_over_next_person"] < 0.01
    ratio = metric["settings"]["nearest_over_next_person_held_out"]
    assert ratio == pytest.approx((theirs[:, 0] / theirs[:, 1]).mean())
    assert metric["settings"]["reconstructed"] == 0


def test_fresh_samples_are_not_called_copies(measure):
    settings = measure(training=images(30, 3)[1::2], real=images(30, 3)[::2])["nearest_training_distance"]["settings"]
    assert settings["ratio_of_medians"] == pytest.approx(1, abs=0.2)
    assert settings["share_below_first_percentile_of_held_out"] < 0.4
    assert settings["share_copies"] < 0.1


def test_two_visits_of_one_person_do_not_hide_that_they_were_copied(measure):
    held_out, seen = images(30, 3)[::2], images(30, 3)[1::2]
    visits = np.concatenate([seen, np.clip(seen + 1e-4, 0, 1)])
    people = np.array([f"p{number}" for number in range(15)] * 2)
    copies = np.clip(seen[:12] + 1e-3, 0, 1)
    found = measure(training=visits, training_people=people, real=held_out, generated=copies)
    settings = found["nearest_training_distance"]["settings"]
    assert (settings["training_scans"], settings["training_people"]) == (30, 15)
    assert settings["share_copies"] == 1
    assert settings["nearest_over_next_person"] < 0.01


def test_blur_is_not_called_a_copy(measure):
    held_out, seen = images(60, 3)[::2], images(60, 3)[1::2]
    blurred = ndimage.gaussian_filter(images(20, 5), (0, 3, 3))
    settings = measure(training=seen, real=held_out, generated=blurred)["nearest_training_distance"]["settings"]
    assert settings["share_below_first_percentile_of_held_out"] == 1
    assert settings["share_copies"] == 0


def test_similarity_and_diversity_are_means_over_pairs_of_the_right_sets(measure, material):
    found = measure()
    between, within = squared(material.generated, material.real), squared(material.generated, material.generated)
    assert found["dataset_similarity"]["value"] == pytest.approx(between.mean())
    assert found["dataset_similarity"]["settings"]["sum_over_pairs"] == pytest.approx(between.sum())
    assert found["isd"]["value"] == pytest.approx(within.sum() / (20 * 19))
    assert found["isd"]["settings"]["sum_over_pairs"] == pytest.approx(within.sum())
    np.fill_diagonal(within, np.inf)
    assert found["minimum_isd"]["value"] == pytest.approx(within.min(axis=1).mean())


def test_a_generator_of_one_image_has_no_diversity_though_real_scans_have(measure, material):
    found = measure(generated=np.repeat(material.generated[:1], 20, axis=0))
    for name in ("isd", "minimum_isd"):
        assert found[name]["value"] == pytest.approx(0, abs=1e-9)
        assert found[name]["settings"]["real"] > 1e-4
    for name in ("ms_ssim", "ms_ssim_kwon"):
        assert found[name]["value"] == pytest.approx(1, abs=1e-4)
        assert found[name]["settings"]["real"] < 0.9


def test_discrepancies_are_between_generated_and_real(measure, material):
    brighter = np.clip(material.real + 0.1, 0, 1)
    found = measure(generated=brighter)
    # Twice the range: each voxel's mean differs by 0.2. Batches of 8 out of 12 differ among themselves by less.
    assert found["mmd_kwon"]["value"] == pytest.approx(0.2**2 * VOXELS, rel=0.1)
    assert found["mmd_features"]["value"] > 0.1


def test_feature_discrepancy_is_on_the_components_that_twelve_real_scans_have(measure):
    assert measure()["mmd_features"]["settings"]["features"].startswith("11 principal components of the real scans")


def test_features_are_learnt_from_real_scans(measure, material, monkeypatch):
    learnt = []

    class Counting(components.VoxelComponents):
        def fit(self, images, rows):
            learnt.append(images)
            return super().fit(images, rows)

    monkeypatch.setattr(components, "VoxelComponents", Counting)
    measure()
    assert len(learnt) == 1
    assert learnt[0] is material.real


def test_spectra_of_samples_and_reconstructions_are_compared_with_the_real_one(measure, material):
    blurred = ndimage.gaussian_filter(material.real, (0, 1, 1))
    found = measure(generated=blurred, reconstructed=material.real)
    assert found["spectrum_reconstructed"]["value"] == pytest.approx(0, abs=1e-6)
    assert found["spectrum_generated"]["value"] > 3
    settings = found["spectrum_generated"]["settings"]
    assert settings["power"][-1] < 0.5 * settings["power_real"][-1]


def test_sharpness_is_relative_to_real_scans_and_is_given_inside_the_brain(measure, material):
    brain = np.zeros(SHAPE, bool)
    brain[4:20, 4:12] = True
    real = np.where(brain, material.real, 0).astype(np.float32)
    found = measure(real=real, generated=0.5 * real)["sharpness_generated"]
    assert found["settings"]["relative_to_real"] == pytest.approx(0.25, rel=1e-4)
    assert found["settings"]["in_brain"] == pytest.approx(laplacian_variance(0.5 * real, mask=brain).mean())


def test_active_units_carry_divergence_even_where_the_mean_is_constant(measure):
    mean = np.zeros((12, 3), np.float32)
    mean[:, 1], mean[:, 2] = 1, np.linspace(-1, 1, 12)
    metric = measure(codes=Encoding(mean, np.zeros_like(mean)))["active_units"]
    assert (metric["value"], metric["settings"]["variance_of_mean_above_0.01"]) == (2, 1)
    assert metric["settings"]["kl_nats"] == pytest.approx(0.5 + 0.5 * (mean[:, 2] ** 2).mean(), rel=1e-5)


def test_every_metric_says_which_way_is_better(measure, material):
    ways = {name: metric["better"] for name, metric in measure(reconstructed=material.real).items()}
    assert {name for name, way in ways.items() if way == "higher"} == {
        "psnr", "ssim", "ras", "precision", "recall", "density", "coverage",
        "precision_features", "recall_features", "density_features", "coverage_features", "utility",
    }  # fmt: skip
    assert {name for name, way in ways.items() if way == "lower"} == {
        "mse", "mmd_kwon", "mmd_unbiased", "mmd_features", "spectrum_generated",
        "spectrum_reconstructed", "frechet_distance", "kernel_distance", "machine_reader_auc", "regional_distance",
    }  # fmt: skip


def test_no_figure_depends_on_the_size_of_the_blocks_that_are_read(measure, material, monkeypatch):
    """Of one image each, as of images so large that memory holds no two of them."""
    parts = {"reconstructed": images(12, 5), "training": images(30, 3)}
    whole = measure(**parts)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1)
    for name, metric in measure(**parts).items():
        # float32 convolutions of one image and of eight differ in the last digits
        assert metric["value"] == (whole[name]["value"] and pytest.approx(whole[name]["value"], rel=1e-4)), name


class Counted:
    """Images that count how many of them are read at once."""

    def __init__(self, array):
        self.array, self.shape, self.most = array, array.shape, 0

    def __len__(self):
        return len(self.array)

    def __getitem__(self, rows):
        self.most = max(self.most, len(rows))
        return self.array[rows]


def test_no_metric_reads_more_images_at_once_than_fill_its_blocks(measure, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2 * 4 * VOXELS)
    monkeypatch.setattr(voxel_components, "READ_VOXELS", 8 * VOXELS)
    sets = {name: Counted(images(10, seed)) for seed, name in enumerate(("real", "generated", "reconstructed"))}
    training = Counted(images(40, 9))
    measure(**sets, training=training)
    assert max(part.most for part in (*sets.values(), training)) == 8


def test_the_spectrum_is_that_of_evenly_spaced_scans(material):
    """The first half of a table may be another scanner than the second."""
    flat = ndimage.gaussian_filter(images(150, 5), (0, 2, 2))
    mixed = dataclasses.replace(material, real=np.concatenate([images(150, 4), flat]), generated=flat)
    assert metrics()["spectrum_generated"].of(mixed).value > 3
    mixed = dataclasses.replace(mixed, generated=mixed.real[::-1].copy(), _known={})
    found = metrics()["spectrum_generated"].of(mixed)
    assert (found.value, found.n) == (pytest.approx(0, abs=0.5), 100)


def test_of_more_generated_than_real_images_all_count(material):
    changed = material.generated.copy()
    changed[15:] = 0
    for name in ("mmd_unbiased", "mmd_features"):
        found = metrics()[name].of(material)
        assert (found.n, found.settings["real_n"]) == (20, 12)
        assert metrics()[name].of(dataclasses.replace(material, generated=changed, _known={})).value != found.value
