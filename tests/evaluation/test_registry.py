"""Every metric has an entry that says what it is; those of others are taken in."""

import dataclasses

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.evaluation import registry
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.measurement import summarise
from brainlab.evaluation.registry import Metric, measure_all, metrics

KEYS = (
    *("mse", "psnr", "ssim", "sharpness_real", "sharpness_reconstructed", "sharpness_generated"),
    *("slice_difference_axial", "slice_difference_coronal", "slice_difference_sagittal"),
    *("spectrum_generated", "spectrum_reconstructed", "precision", "recall", "density", "coverage"),
    *("precision_features", "recall_features", "density_features", "coverage_features"),
    *("dataset_similarity", "isd", "minimum_isd", "dataset_similarity_real", "isd_real", "minimum_isd_real"),
    *("ms_ssim", "ms_ssim_kwon", "mmd_kwon", "mmd_unbiased", "mmd_features", "frechet_distance", "kernel_distance"),
    *("nearest_training_distance", "active_units", "ras", "ras_real"),
    *("regional_distance", "regional_share_within", "machine_reader_auc", "utility"),
)

TOY = """
from brainlab.evaluation.images import each
from brainlab.evaluation.measurement import summarise
from brainlab.evaluation.registry import Metric

METRICS = (
    Metric(
        name="mean_grey",
        title="Mean grey level",
        definition="Mean over all voxels of a generated image.",
        aspect="detail",
        better="none",
        needs=("generated",),
        measure=lambda sets: summarise([float(image.mean()) for image in each(sets.generated)]),
        settings={"voxels": "all"},
    ),
)
"""


def entry(**changes) -> Metric:
    given = {"name": "toy", "title": "Toy", "definition": "A toy.", "aspect": "detail", "better": "none"}
    return Metric(**{**given, "needs": ("real",), "measure": lambda sets: summarise([1.0]), **changes})


@pytest.fixture
def sets():
    return ImageSets(real=np.zeros((3, 4, 4), np.float32), generated=np.ones((3, 4, 4), np.float32))


def test_the_keys_of_results_are_these_in_the_order_of_their_aspects():
    assert tuple(metrics()) == KEYS


@pytest.mark.parametrize("name", KEYS)
def test_an_entry_says_what_it_is(name):
    described = metrics()[name].to_json()
    assert described["name"] == name
    assert described["definition"].endswith(".")
    assert described["needs"]
    assert set(described["dims"]) <= {2, 3}


def test_a_metric_without_what_it_needs_is_undefined_with_the_reason(sets):
    assert "no encoder" in entry(needs=("codes",)).of(sets).settings["undefined"]
    known = ImageSets(real=sets.real, generated=sets.generated, reasons={"codes": "it is a GAN"})
    assert entry(needs=("codes",)).of(known).settings["undefined"] == "it is a GAN"


def test_a_metric_of_volumes_is_undefined_for_slices_and_so_is_one_that_refuses(sets):
    assert "3 dimensions" in entry(dims=(3,)).of(sets).settings["undefined"]

    def refuse(_):
        raise InputError("needs eight images")

    assert entry(measure=refuse).of(sets).settings["undefined"] == "needs eight images"


def test_settings_that_never_change_stand_beside_those_measured_and_those_of_all(sets):
    found = measure_all(sets, [entry(settings={"kernel": "linear"}, better="lower")], {"seed": 3})["toy"]
    assert (found["value"], found["better"]) == (1, "lower")
    assert found["settings"] == {"seed": 3, "kernel": "linear", "unit": "sample"}


@pytest.mark.parametrize(
    ("dims", "needs", "better"), [(16, "pairs", "none"), (15, "pairs", "lower"), (16, "real", "lower")]
)
def test_an_error_of_reconstructions_from_codes_that_lose_nothing_has_no_direction(sets, dims, needs, better):
    sets = dataclasses.replace(sets, pairs=sets.real, code_length=dims)
    found = measure_all(sets, [entry(needs=("real", needs), better="lower", settings={"caution": "own"})], {})["toy"]
    assert found["better"] == better
    assert found["settings"]["caution"] == (registry.INVERTIBLE if better == "none" else "own")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"aspect": "beauty"}, "metric toy: aspect: needs one of reconstruction, .*, got beauty"),
        ({"better": "up"}, "better: needs one of higher, lower, none, got up"),
        ({"needs": ("real", "labels")}, "needs: needs one of real, .*, got labels"),
    ],
)
def test_an_entry_of_unknown_words_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        entry(**changes)


def test_metrics_of_others_are_taken_in_by_the_name_of_their_file(tmp_path, monkeypatch, sets):
    file = tmp_path / "grey.py"
    file.write_text(TOY, encoding="utf-8")
    monkeypatch.setenv("BRAINLAB_METRICS", str(file))
    assert metrics()["mean_grey"].of(sets).value == 1
    twice = tmp_path / "twice.py"
    twice.write_text(TOY, encoding="utf-8")
    monkeypatch.setenv("BRAINLAB_METRICS", f"{file}:{twice}")
    with pytest.raises(InputError, match=r"twice\.py: needs a name of its own for a metric, got mean_grey"):
        metrics()
    for name, text in (("broken", "1 / 0"), ("empty", ""), ("no_tuple", "METRICS = 3")):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        monkeypatch.setenv("BRAINLAB_METRICS", str(tmp_path / f"{name}.py"))
        with pytest.raises(InputError, match=rf"{name}\.py: .*take it out of BRAINLAB_METRICS"):
            metrics()


def test_a_file_beside_the_others_is_all_that_a_metric_needs(tmp_path, monkeypatch, sets):
    (tmp_path / "grey.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(registry.package, "__path__", [*registry.package.__path__, str(tmp_path)])
    registry._metrics.cache_clear()
    try:
        assert "mean_grey" in metrics()
    finally:
        registry._metrics.cache_clear()
