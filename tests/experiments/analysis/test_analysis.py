"""Runs and cohorts joined for analysis, on a tiny linear run and a tiny cohort."""

import json
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import PreparedDataset, participant_split, write_prepared
from brainlab.cohort.scan_table import COLUMNS
from brainlab.cohort.views import Slices, Volumes
from brainlab.errors import InputError
from brainlab.experiments.analysis import latent_space
from brainlab.experiments.analysis.discrimination import lda_analysis
from brainlab.experiments.analysis.latent_space import latent_directions
from brainlab.experiments.analysis.training_people import keep_training_codes, one_a_person
from brainlab.experiments.analysis.verdicts import scans
from brainlab.experiments.evaluation.image_sets import collect, held_out
from brainlab.experiments.evaluation.run_metrics import evaluate_run
from brainlab.images.grid import Grid
from brainlab.runs.calls.asked_images import NOTHING
from brainlab.runs.encodings import encode_dataset
from brainlab.runs.evaluation_values import read_values
from brainlab.runs.provenance import hashes_of_training
from brainlab.runs.run import Run
from brainlab.runs.training_codes import read_training_codes

SHAPE = (16, 18, 16)
CLASSES = ("healthy", "ms", "leuko1")


class LinearRun:
    """Encodes by a fixed projection onto the cohort's own patterns, and decodes by its transpose."""

    preset, simulated = "linear", True
    abilities = frozenset({"sample", "encode", "reconstruct", "walk"})

    def __init__(self, folder: Path, data: PreparedDataset) -> None:
        self.folder, self.name = folder, folder.name
        known = {"name": "cohort", "sha256": data.sha256, "simulated": True}
        self.settings = {"data": known | hashes_of_training(data)}
        self.shape, self.latent_dim, self.calls = SHAPE, 6, 0
        self.sha256 = "a" * 64
        self.evaluation_files = [folder / "evaluation.json"]

    can, see, require, evaluation_file = Run.can, Run.see, Run.require, Run.evaluation_file
    grid = property(lambda self: Grid.unplaced(self.shape))
    code_shape = property(lambda self: (self.latent_dim,))
    view, generator = Volumes(), SimpleNamespace(sample_shape=(1, *SHAPE))

    @cached_property
    def basis(self):
        rows = np.random.default_rng(3).normal(size=(self.latent_dim - 3, np.prod(SHAPE)))
        rows = np.concatenate([[pattern(name).ravel() for name in CLASSES], rows])
        return np.linalg.qr(rows.T)[0].T.astype(np.float32)

    def encode(self, x, *, condition=None):
        self.calls += 1
        mean = (x.reshape(len(x), -1) - 0.5) @ self.basis.T
        return mean, np.full_like(mean, -2)

    def decode(self, z, *, condition=None):
        return np.clip(0.5 + z @ self.basis, 0, 1).reshape(-1, *SHAPE).astype(np.float32)

    def codes_in_parts(self, n, seed, truncation=1.0, *, condition=None):
        yield truncation * np.random.default_rng(seed).normal(size=(n, self.latent_dim)).astype(np.float32), NOTHING

    def decode_asked(self, z, asked):
        return self.decode(z)


def pattern(name: str) -> np.ndarray:
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, side) for side in SHAPE], indexing="ij"))
    centre = {"healthy": (0, 0, 0), "ms": (0.5, 0, 0), "leuko1": (0, 0.5, 0)}[name]
    return np.exp(-((grid - np.reshape(centre, (3, 1, 1, 1))) ** 2).sum(axis=0) / 0.1)


def write_cohort(folder: Path, people: int, seed: int) -> PreparedDataset:
    rng = np.random.default_rng(seed)
    rows, volumes = [], []
    for i in range(people):
        name = CLASSES[i % 3]
        for visit in range(2 if name == "ms" else 1):
            noise = rng.normal(0, 0.05, SHAPE)
            volumes.append(np.clip(0.4 + 0.3 * pattern(name) + noise, 0, 1).astype(np.float32))
            person = f"{folder.name}{i}"
            rows.append(
                dict.fromkeys(COLUMNS, np.nan)
                | {"participant": person, "session": str(visit), "class": name, "split": participant_split(person)}
                | {"age_years": 30 + 10 * rng.random(), "echo_time_s": 0.1 + 0.01 * rng.random()}
            )
    recipe = {"name": "test", "shape": list(SHAPE), "affine": np.diag([4, 4, 4, 1]).tolist(), "simulated": True}
    return write_prepared(folder, volumes, pd.DataFrame(rows), recipe)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> PreparedDataset:
    return write_cohort(tmp_path_factory.mktemp("cohorts") / "cohort", 150, 1)


@pytest.fixture
def run(tmp_path, cohort, monkeypatch) -> LinearRun:
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    folder = tmp_path / "linear"
    folder.mkdir()
    return LinearRun(folder, cohort)


def test_codes_are_computed_once(run, cohort):
    first = encode_dataset(run, cohort)
    calls = run.calls
    assert np.array_equal(encode_dataset(run, cohort).mean, first.mean)
    assert run.calls == calls
    assert len(first) == len(cohort)


def test_codes_of_other_weights_are_never_used(run, cohort):
    encode_dataset(run, cohort)
    calls = run.calls
    run.sha256 = "b" * 64
    encode_dataset(run, cohort)
    assert run.calls > calls


def test_damaged_codes_are_computed_again(run, cohort):
    first = encode_dataset(run, cohort)
    kept = next((run.folder / "encodings").glob("*.npz"))
    kept.write_bytes(kept.read_bytes()[:100])
    assert np.array_equal(encode_dataset(run, cohort).mean, first.mean)


def test_codes_go_to_the_workspace_when_the_run_cannot_be_written_to(run, cohort, tmp_path):
    (run.folder / "encodings").write_text("a file in the way", encoding="utf-8")
    encode_dataset(run, cohort)
    assert list((tmp_path / "workspace" / "cache" / "encodings").rglob("*.npz"))


def test_a_run_of_another_shape_is_refused(run, cohort):
    run.shape = (8, 8, 8)
    with pytest.raises(InputError, match="8 x 8 x 8"):
        encode_dataset(run, cohort)


def test_lda_finds_the_classes_and_reports_what_the_contract_names(run, cohort):
    result = lda_analysis(run, cohort).to_json()
    json.dumps(result, allow_nan=False)
    assert set(result["baselines"]) == {"pca_64", "signal_threshold", "acquisition_metadata", "majority"}
    assert result["balanced_accuracy"] > 0.9
    assert result["baselines"]["majority"]["balanced_accuracy"] == pytest.approx(1 / 3)
    tests = len(cohort.indices("test"))
    for row in result["per_class"].values():
        assert row["fp"] + row["fn"] + row["tp"] + row["tn"] == tests
    low, high = result["accuracy_interval"]
    assert low <= result["accuracy"] <= high


def test_lda_predicts_the_whole_of_another_dataset(run, cohort, tmp_path):
    other = write_cohort(tmp_path / "other", 30, 2)
    result = lda_analysis(run, cohort, other)
    assert len(result.on_test.predicted) == len(other)
    assert result.on_test.points.shape == (len(other), 2)


def test_lda_leaves_out_scans_of_unknown_class_and_says_so(run, cohort, tmp_path):
    other = write_cohort(tmp_path / "other", 30, 2)
    other.scans.loc[:2, "class"] = ["tumour", np.nan, "tumour"]
    result = lda_analysis(run, cohort, other)
    assert len(result.on_test.predicted) == len(other) - 3
    assert any("tumour" in note for note in result.notes)
    assert any("no class" in note for note in result.notes)


def test_lda_says_when_the_run_knows_the_people(run, cohort, tmp_path):
    other = write_cohort(tmp_path / "other", 30, 2)
    run.settings["data"]["participants"] = other.participant_hashes()
    assert any("optimistic" in note for note in lda_analysis(run, cohort, other).notes)


def test_it_is_said_where_names_cannot_be_compared_without_their_key(run, cohort, tmp_path):
    other = write_cohort(tmp_path / "other", 60, 2)
    run.settings["data"]["key"] = "1a2b3c4d"
    assert any("1a2b3c4d" in note and "predicted" in note for note in lda_analysis(run, cohort, other).notes)
    assert np.array_equal(held_out(run, other), other.indices("test"))
    assert np.array_equal(held_out(run, cohort), cohort.indices("test"))
    assert "1a2b3c4d" in collect(run, other, 8, 0, None)[1]["training_people_unknown"]


def relabelled(cohort: PreparedDataset, **columns) -> PreparedDataset:
    """The cohort with other columns in its table."""
    return replace(cohort, scans=cohort.scans.assign(**columns))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"class": None}, "LDA needs class labels, got none for the training split; give a table with a class column"),
        ({"class": "ms"}, "LDA needs two classes with 2 participants each in the training split; got .* of ms$"),
        ({"class": [f"c{i:03d}" for i in range(200)]}, "two classes with 2 participants each .* c000, .* and .* more$"),
        ({"split": "test"}, "LDA needs scans in the training split, got none"),
        ({"split": "train"}, "LDA needs scans to predict, of participants it is not fitted on .* got none"),
    ],
)
def test_a_cohort_that_allows_no_lda_is_refused_in_one_line(run, cohort, columns, said):
    with pytest.raises(InputError, match=said) as refused:
        lda_analysis(run, relabelled(cohort, **columns))
    assert "\n" not in str(refused.value)


def test_scans_to_predict_without_any_label_are_refused(run, cohort):
    labels = cohort.scans["class"].where(cohort.scans["split"] == "train")
    with pytest.raises(InputError, match="needs class labels, got none for the scans to predict"):
        lda_analysis(run, relabelled(cohort, **{"class": labels}))


@pytest.mark.parametrize("labels", [None, "ms", [f"c{i}" for i in range(200)]])
def test_classes_that_allow_no_discriminant_leave_the_other_axes(run, cohort, labels):
    space = latent_directions(run, relabelled(cohort, **{"class": labels}))
    names = {axis.name for axis in space.axes}
    assert "principal axis 1" in names
    assert not any(name.startswith("discriminant") for name in names)


def test_latent_space_orders_dimensions_and_offers_directions(run, cohort):
    space = latent_directions(run, cohort)
    assert space.table["f"].is_monotonic_decreasing
    assert set(space.table["dimension"].iloc[:3]) == {0, 1, 2}
    assert set(space.named) == {"lateral ventricles", "overall intensity"}
    assert {"discriminant axis 1", "principal axis 1", "age_years"} <= {axis.name for axis in space.axes}
    assert set(space.means) == set(CLASSES)


def test_a_latent_space_is_learnt_from_training_scans_by_person(run, cohort, monkeypatch):
    groups = []
    for name in ("LatentGaussian", "LatentDiscriminant"):
        kind = getattr(latent_space, name)
        fit = lambda self, *given, kind=kind: groups.append(given[-1]) or kind.fit(self, *given)  # noqa: E731
        monkeypatch.setattr(latent_space, name, type(name, (kind,), {"fit": fit}))
    space = latent_directions(run, cohort)
    rows = cohort.indices("train")
    assert np.array_equal(space.rows, rows)
    assert [list(people) for people in groups] == 2 * [cohort.scans["participant"].iloc[rows].tolist()]
    ms = [row for row in rows if cohort.scans["class"][row] == "ms"]
    assert space.means["ms"] == pytest.approx(space.encoding.mean[ms].mean(axis=0), abs=1e-5)


def test_a_known_ventricle_volume_is_taken_and_not_measured(cohort):
    known = replace(cohort, scans=cohort.scans.assign(ventricle_volume_ml=np.arange(len(cohort)) + 0.5))
    found = latent_space.scan_covariates(known, np.array([3, 5]))
    assert found["ventricle_volume_ml"].tolist() == [3.5, 5.5]


def test_held_out_scans_are_nobodys_the_run_was_trained_on(run, cohort, tmp_path):
    assert np.array_equal(held_out(run, cohort), cohort.indices("test"))
    other = write_cohort(tmp_path / "other", 20, 2)
    assert len(held_out(run, other)) == len(other)


def test_people_the_run_was_trained_on_are_not_held_out_in_another_dataset(run, cohort, tmp_path):
    other = write_cohort(tmp_path / cohort.name, 20, 2)
    people = set(cohort.scans["participant"].iloc[cohort.indices("train")])
    kept = held_out(run, other)
    assert 0 < len(kept) < len(other)
    assert kept.tolist() == [row for row, name in enumerate(other.scans["participant"]) if name not in people]


def test_samples_are_drawn_from_the_prior_itself(run, cohort):
    generated = collect(run, cohort, 8, 3, None)[0].generated[np.arange(8)]
    assert np.array_equal(generated, run.decode(next(run.codes_in_parts(8, 3))[0]))


def test_evaluation_is_written_whole_with_settings(run, cohort):
    result = evaluate_run(run, cohort, n=16)
    assert json.loads((run.folder / "evaluation.json").read_text(encoding="utf-8")) == result
    for name, metric in result.items():
        assert set(metric) == {"value", "sd", "n", "settings", "better"}, name
        assert metric["settings"]["data_sha256"] == cohort.sha256
        assert metric["value"] is not None or metric["settings"]["undefined"]
    assert result["mse"]["value"] > 0
    assert result["active_units"]["value"] == run.latent_dim
    train = cohort.scans.iloc[cohort.indices("train")]
    kept = read_values(run)
    test = cohort.scans.iloc[kept.rows]
    assert set(test["split"]) == {"test"}
    assert len(np.unique(kept.people)) == test["participant"].nunique()
    for name in ("mse", "ssim", "sharpness_generated", "dataset_similarity", "isd", "nearest_training_distance"):
        assert kept.parts[name].values.mean() == pytest.approx(result[name]["value"]), name
    near = result["nearest_training_distance"]["settings"]
    assert (near["training_scans"], near["training_people"]) == (len(train), train["participant"].nunique())


def test_a_run_without_encoder_leaves_reconstruction_undefined(run, cohort):
    run.abilities = frozenset()
    result = evaluate_run(run, cohort, n=8, write=False)
    assert result["mse"]["value"] is None
    assert "encoder" in result["mse"]["settings"]["undefined"]
    assert result["isd"]["value"] > 0
    assert not (run.folder / "evaluation.json").exists()


def test_another_dataset_does_not_pass_for_the_training_data(run, cohort, tmp_path):
    with pytest.raises(InputError, match="hash differs"):
        evaluate_run(run, cohort, n=8, training=write_cohort(tmp_path / "other", 20, 2))


def test_too_few_samples_are_refused(run, cohort):
    with pytest.raises(InputError, match="--n"):
        evaluate_run(run, cohort, n=2)


def test_a_run_keeps_one_code_for_each_person_it_was_trained_on(run, cohort):
    keep_training_codes(run, cohort)
    kept = read_training_codes(run)
    people = cohort.scans.iloc[cohort.indices("train")].drop_duplicates("participant")
    assert kept.scans["class"].tolist() == people["class"].tolist()
    np.testing.assert_allclose(kept.scans["age_years"], people["age_years"], rtol=1e-6)
    np.testing.assert_allclose(kept.encoding.mean, encode_dataset(run, cohort).mean[people.index], atol=0.05)
    assert not set(kept.scans["participant"]) & set(people["participant"]), "names are hashed"
    assert set(kept.scans["participant"]) == set(hashes_of_training(cohort)["participants"])
    assert {"mean_intensity", "ventricle_volume_ml", "echo_time_s"} <= set(kept.scans)


def test_codes_are_kept_of_the_dataset_that_a_run_was_trained_on_only(run, cohort, tmp_path):
    other = write_cohort(tmp_path / "other", 20, 2)
    with pytest.raises(InputError, match="linear was trained on another dataset, cohort; give that one"):
        keep_training_codes(run, other)
    assert read_training_codes(run) is None


def test_of_slices_the_middle_one_of_the_first_scan_is_kept(cohort):
    cut = Slices("axial", 0.25, 0.75).of(cohort)
    rows = one_a_person(cut)
    people = cohort.scans.iloc[cohort.indices("train")].drop_duplicates("participant")
    assert cut.scans["participant"].iloc[rows].tolist() == people["participant"].tolist()
    assert set(cut.scans["slice"].iloc[rows]) == {8}
    assert set(cut.scans["session"].iloc[rows]) == {"0"}


def test_lda_fits_on_kept_codes_and_predicts_other_people(run, cohort, tmp_path):
    keep_training_codes(run, cohort)
    kept = read_training_codes(run)
    other = write_cohort(tmp_path / "other", 30, 2)
    result = lda_analysis(run, kept, other)
    assert len(result.test.rows) == len(other)
    assert result.scores.balanced_accuracy > 0.9
    found = result.to_json()
    assert found["baselines"]["pca_64"]["reason"] == "needs the images of the scans that it is fitted on"
    assert found["baselines"]["acquisition_metadata"]["accuracy"] is not None
    assert found["settings"]["fitted_on"]["participants"] == len(kept)
    assert [name for name, _ in scans(result)] == ["other"] * len(other), "nobody without an image can be looked at"
    with pytest.raises(InputError, match="needs scans to predict"):
        lda_analysis(run, kept)


def test_people_the_run_keeps_codes_of_are_not_predicted(run, cohort):
    keep_training_codes(run, cohort)
    result = lda_analysis(run, read_training_codes(run), cohort)
    assert set(result.test.rows) == set(cohort.indices("test"))
    assert any("left out: the LDA was fitted on other scans of theirs" in note for note in result.notes)


def test_a_latent_space_is_learnt_from_the_people_whose_codes_are_kept(run, cohort, tmp_path):
    other = write_cohort(tmp_path / "other", 20, 2)
    keep_training_codes(run, cohort)
    space = latent_directions(run, other)
    kept = read_training_codes(run)
    np.testing.assert_allclose(space.people.mean, kept.encoding.mean)
    assert len(space.encoding) == len(other)
    codes, labels, learnt = space.everyone()
    assert len(codes) == len(labels) == len(kept) + len(other)
    assert learnt.sum() == len(kept)
    assert {"discriminant axis 1", "age_years", "mean_intensity"} <= {axis.name for axis in space.axes}
