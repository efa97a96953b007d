"""The rules of an LDA of codes, on hand-made codes: who is learnt from, who is judged, and what stands beside it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.analysis import baselines, discrimination
from brainlab.experiments.analysis.baselines import Features, Part, baseline_scores, score_part
from brainlab.experiments.analysis.discrimination import LdaResult, lda_analysis
from brainlab.experiments.analysis.verdicts import verdict
from brainlab.images.grid import Grid
from brainlab.latent.classification.discriminant import LatentDiscriminant

SIGN = np.tile([-1.0, 1.0], 20)


def cohort(tmp_path, name, labels, split, *, people=None, simulated=True, **columns) -> PreparedDataset:
    """A cohort of volumes that hold nothing."""
    n = len(labels)
    people = [f"{name}{i}" for i in range(n)] if people is None else people
    table = pd.DataFrame({"participant": people, "class": labels, "split": split, **columns})
    recipe = {"name": "none", "affine": np.eye(4).tolist(), "simulated": simulated}
    made = PreparedDataset(tmp_path / name, np.zeros((n, 2, 2, 2), np.uint8), table, recipe)
    made.__dict__["sha256"] = name
    return made


@pytest.fixture
def analysed(monkeypatch):
    """Return what analyses cohorts by given codes, name of the cohort to [N, d]; voxels tell nothing."""

    def features(train, test):
        left, right = (np.random.default_rng(len(part.rows)).normal(size=(len(part.rows), 3)) for part in (train, test))
        return Features(left, right, left, right)

    monkeypatch.setattr(baselines, "_features", features)
    monkeypatch.setattr(
        discrimination, "encode_dataset", lambda run, data, watch, workers: SimpleNamespace(mean=run.codes[data.name])
    )

    def analyse(codes, fit, predict=None, **options) -> LdaResult:
        run = SimpleNamespace(
            codes=codes,
            name="made",
            simulated=True,
            settings={"data": {"simulated": True, "participants": []}, "recipe": {"name": "none"}},
            see=lambda data: data,
            grid=Grid.unplaced((2, 2, 2)),
        )
        return lda_analysis(run, fit, predict, **options)

    return analyse


def two_classes(sign):
    return np.where(sign > 0, "ms", "healthy").tolist()


def noise(n, d=2, seed=0):
    return 0.05 * np.random.default_rng(seed).normal(size=(n, d))


def test_acquisition_is_regressed_out_of_both_sides_by_what_the_training_scans_teach(analysed, tmp_path):
    free, tied = np.repeat([-1.0, 1.0], 20), -SIGN
    codes = {"fit": noise(40), "other": noise(40, seed=1)}
    codes["fit"][:, 0] += SIGN + 10 * free
    codes["other"][:, 0] += SIGN + 10 * tied
    fit = cohort(tmp_path, "fit", two_classes(SIGN), "train", echo_time_s=free)
    other = cohort(tmp_path, "other", two_classes(SIGN), "test", echo_time_s=tied)
    found = analysed(codes, fit, other)
    assert found.scores.accuracy < 0.5, "as they are, these codes say the wrong class"
    assert found.without_acquisition.accuracy == 1


def test_without_the_acquisition_the_lda_is_shrunk_as_with_it(analysed, tmp_path, monkeypatch):
    asked = []
    fit = LatentDiscriminant.fit

    def noted(self, *given):
        asked.append(self.shrinkage)
        return fit(self, *given)

    monkeypatch.setattr(LatentDiscriminant, "fit", noted)
    data = cohort(tmp_path, "fit", two_classes(SIGN), "train", echo_time_s=np.arange(40) / 40)
    other = cohort(tmp_path, "other", two_classes(SIGN), "test", echo_time_s=np.arange(40) / 40)
    found = analysed({"fit": noise(40) + SIGN[:, None], "other": noise(40, seed=1) + SIGN[:, None]}, data, other)
    assert (asked[0], asked[-1]) == ("choose", found.discriminant.shrinkage_)


def test_people_the_lda_is_fitted_on_are_not_predicted_in_another_cohort(analysed, tmp_path):
    codes = {name: noise(40) + SIGN[:, None] for name in ("fit", "other")}
    fit = cohort(tmp_path, "fit", two_classes(SIGN), "train")
    people = [f"fit{i}" if i < 10 else f"new{i}" for i in range(40)]
    found = analysed(codes, fit, cohort(tmp_path, "other", two_classes(SIGN), "train", people=people))
    assert found.test.rows.tolist() == list(range(10, 40))
    assert "10 scans of 10 participants left out: the LDA was fitted on other scans of theirs" in found.notes


def test_the_other_priors_are_the_other_ones(analysed, tmp_path, monkeypatch):
    monkeypatch.setattr(discrimination, "baseline_scores", lambda train, test, priors: {"of": priors})
    sign = np.where(np.arange(80) % 10 == 0, 1.0, -1.0)
    codes = {"fit": np.random.default_rng(2).normal(size=(80, 1)) + sign[:, None] * 0.4}
    split = np.where(np.arange(80) < 40, "train", "test")
    fit = cohort(tmp_path, "fit", two_classes(sign), split)
    for priors, others in (("empirical", "uniform"), ("uniform", "empirical")):
        found = analysed(codes, fit, priors=priors)
        assert (found.baselines["of"], found.other_baselines["of"], found.other_priors) == (priors, others, others)
        both = {priors: found.scores, others: found.other_scores}
        rare = {name: scores.confusion[:, 1].sum() for name, scores in both.items()}
        assert rare["uniform"] > rare["empirical"]


def test_figures_count_people_and_scans_and_say_what_is_simulated(analysed, tmp_path):
    people = np.repeat([f"p{i}" for i in range(20)], 2).tolist()
    sign = np.repeat(np.tile([-1.0, 1.0], 10), 2)
    codes = {name: noise(40, seed=i) + sign[:, None] for i, name in enumerate(("fit", "real"))}
    fit = cohort(tmp_path, "fit", two_classes(sign), "train", people=people)
    real = cohort(tmp_path, "real", two_classes(sign), "test", people=[f"q{name}" for name in people], simulated=False)
    said = analysed(codes, fit, real).to_json()
    for side in ("fitted_on", "predicted"):
        assert (said["settings"][side]["participants"], said["settings"][side]["scans"]) == (20, 40)
        assert said["settings"][side]["by_class"] == {"healthy": 20, "ms": 20}
    assert said["settings"]["simulated"] is True
    assert said["accuracy"] == 1
    assert said["latents_minus_pca_64"]["balanced_accuracy"] > 0.2, "codes less components, not the other way round"


def test_scores_keep_the_scans_of_a_person_together(tmp_path):
    people = ["a", "a", "a", "b", "c"]
    part = Part(cohort(tmp_path, "all", ["ms", "ms", "ms", "healthy", "healthy"], "test", people=people), np.arange(5))
    scores = score_part(["ms", "ms", "healthy", "healthy", "healthy"], part, part)
    assert sorted(counts.sum() for counts in scores.by_participant) == [1, 1, 3]


@pytest.fixture
def sides(tmp_path):
    """Training scans that are mostly healthy, and scans to predict that are mostly MS."""
    data = cohort(
        tmp_path, "all", ["healthy"] * 8 + ["ms"] * 8, ["train"] * 6 + ["test"] * 2 + ["train"] * 3 + ["test"] * 5
    )
    data.volumes[:] = np.random.default_rng(0).integers(40, 255, data.volumes.shape)
    return Part(data, data.indices("train")), Part(data, data.indices("test"))


def test_baselines_learn_from_the_training_scans_alone_and_take_the_priors(sides, monkeypatch):
    seen: dict[str, tuple] = {}
    names = ("predict_by_components", "predict_by_threshold", "predict_by_acquisition")
    for name in names:
        monkeypatch.setattr(baselines.baselines, name, lambda *given, name=name: seen.update({name: given}))
    train, test = sides
    for priors in ("uniform", "empirical"):
        scores = baseline_scores(train, test, priors)
        assert {given[-1] for given in seen.values()} == {priors}
        assert all(given[1] == train.labels for given in seen.values())
    assert scores["majority"].confusion[:, 0].tolist() == [2, 5], "all are taken for the training scans' largest class"
    assert set(seen) == set(names)


def test_voxel_components_are_learnt_from_the_training_scans(sides, monkeypatch):
    learnt = []
    fit = baselines.VoxelComponents.fit
    monkeypatch.setattr(
        baselines.VoxelComponents, "fit", lambda self, v, rows: learnt.append(rows) or fit(self, v, rows)
    )
    monkeypatch.setattr(baselines, "_measured", {})
    train, test = sides
    baselines._features(train, test)
    assert [rows.tolist() for rows in learnt] == [train.rows.tolist()]


@pytest.fixture
def three(analysed, tmp_path) -> LdaResult:
    """Three classes whose alphabetical order is not the paper's, predicted in another cohort with the same rows."""
    names = ["healthy", "ms", "leuko1"] * 8
    places = np.array([{"healthy": [0, 0], "ms": [4, 0], "leuko1": [0, 4]}[name] for name in names])
    codes = {"fit": places + noise(24), "other": np.roll(places, 1, axis=0) + noise(24, seed=1)}
    fit = cohort(tmp_path, "fit", names, "train")
    return analysed(codes, fit, cohort(tmp_path, "other", np.roll(names, 1).tolist(), "test"))


def test_the_most_probable_class_is_the_predicted_one(three):
    for row in range(3):
        found = verdict(three, "other", row)
        assert max(found.posteriors, key=found.posteriors.get) == found.predicted == found.label
    assert list(found.posteriors) == ["healthy", "ms", "leuko1"]


def test_a_row_is_looked_up_in_its_own_dataset(three):
    one, other = verdict(three, "fit", 1), verdict(three, "other", 1)
    assert (one.label, one.fitted, one.participant) == ("ms", True, "fit1")
    assert (other.label, other.fitted, other.participant) == ("healthy", False, "other1")


def test_a_class_of_one_person_is_left_out_and_said(analysed, tmp_path):
    labels = ["rare", *two_classes(SIGN)[1:]]
    split = np.where(np.arange(40) < 30, "train", "test")
    found = analysed({"fit": noise(40) + SIGN[:, None]}, cohort(tmp_path, "fit", labels, split))
    assert 0 not in found.train.rows
    assert "1 training scan left out: only one participant has the class rare" in found.notes
    assert found.scores.accuracy == 1


def test_a_baseline_that_cannot_be_had_says_why(analysed, tmp_path, monkeypatch):
    monkeypatch.setattr(baselines.baselines, "predict_by_components", refuse)
    split = np.where(np.arange(40) < 30, "train", "test")
    found = analysed({"fit": noise(40) + SIGN[:, None]}, cohort(tmp_path, "fit", two_classes(SIGN), split)).to_json()
    assert found["latents_minus_pca_64"] is None
    assert found["baselines"]["pca_64"]["reason"] == "these values do not vary enough within classes"
    assert found["baselines"]["acquisition_metadata"]["reason"] == "no acquisition parameter is known"
    assert found["without_acquisition"]["reason"] == "no acquisition parameter is known"


def refuse(*_):
    raise InputError("LDA needs codes that vary within classes")
