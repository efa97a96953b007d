import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from threadpoolctl import threadpool_info, threadpool_limits

from brainlab.errors import InputError
from brainlab.latent.classification.discriminant import LatentDiscriminant, well_peopled

NINE = np.array([[0, 0], [1, 0], [0, 1], [4, 0], [5, 0], [4, 1], [0, 4], [1, 4], [0, 5]], dtype=float)
LABELS = ["a"] * 3 + ["b"] * 3 + ["c"] * 3


def people(n):
    return [f"p{i}" for i in range(n)]


def test_three_clusters_of_three_points_are_told_apart():
    fitted = LatentDiscriminant(shrinkage="none").fit(NINE, LABELS, people(9))
    assert fitted.predict(NINE) == LABELS
    assert fitted.predict(np.array([[4.5, 0.5], [0.5, 4.5]])) == ["b", "c"]


@pytest.mark.parametrize("shrinkage", ["none", "auto"])
def test_predictions_are_those_of_scikit_learn(shrinkage):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 5)), np.repeat(["a", "b", "c"], 30)
    X[y == "b"] += 1
    fitted = LatentDiscriminant(shrinkage=shrinkage).fit(X, y, people(90))
    kind = {"none": {"solver": "svd"}, "auto": {"solver": "eigen", "shrinkage": "auto"}}[shrinkage]
    assert fitted.predict(X) == LinearDiscriminantAnalysis(**kind).fit(X, y).predict(X).tolist()


@pytest.mark.parametrize("shrinkage", ["none", "auto"])
def test_scores_have_unit_spread_within_classes_and_patterns_move_them_by_one(shrinkage):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4)), np.repeat(["a", "b", "c"], 100)
    X[y == "b"] += [2, 0, 1, 0]
    fitted = LatentDiscriminant(shrinkage=shrinkage).fit(X, y, people(300))
    scores = fitted.transform(X)
    within = np.concatenate([scores[y == name] - scores[y == name].mean(axis=0) for name in "abc"])
    assert (within**2).sum(axis=0) / (300 - 3) == pytest.approx(1, rel=1e-6)
    moved = fitted.transform(X + fitted.patterns_[:, 0]) - scores
    assert moved[:, 0] == pytest.approx(1)


def test_shrinkage_is_chosen_when_dimensions_outnumber_scans():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(80, 38)), np.tile(["a", "b"], 40)
    X[y == "a", 0] += 3
    fitted = LatentDiscriminant().fit(X, y, people(80))
    assert fitted.shrinkage_ == "auto"
    assert fitted.validation_accuracy_["auto"] > fitted.validation_accuracy_["none"]


def test_classes_do_not_seem_far_apart_where_scans_are_few():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(80, 78)), np.tile(["a", "b"], 40)
    plain, chosen = (LatentDiscriminant(shrinkage=way).fit(X, y, people(80)) for way in ("none", "choose"))
    assert chosen.shrinkage_ == "auto"
    assert np.ptp(plain.transform(X)) > 2 * np.ptp(chosen.transform(X))


def test_plain_lda_is_not_even_tried_where_scans_are_few():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(80, 45)), np.tile(["a", "b"], 40)
    assert LatentDiscriminant().fit(X, y, people(80)).validation_accuracy_ == {}


def test_the_choice_of_shrinkage_is_by_balanced_accuracy_under_uniform_priors():
    rng = np.random.default_rng(4)
    X, y = rng.normal(0, 0.3, (200, 2)), np.array(["common"] * 180 + ["rare"] * 20)
    X[180:] = rng.normal(0.8, 2, (20, 2))  # most of the common class is known, and half of the rare one
    balanced = LinearDiscriminantAnalysis(priors=[0.5, 0.5]).fit(X, y)
    recalls = [(balanced.predict(X[y == name]) == name).mean() for name in ("common", "rare")]
    assert recalls[0] > recalls[1] + 0.2
    found = LatentDiscriminant("uniform").fit(X, y, people(200)).validation_accuracy_["none"]
    assert found == pytest.approx(np.mean(recalls), abs=0.08)


def test_scores_are_centred_on_the_training_codes():
    fitted = LatentDiscriminant(shrinkage="none").fit(NINE + 100, LABELS, people(9))
    assert fitted.transform(NINE + 100).mean(axis=0) == pytest.approx(0, abs=1e-9)


def test_one_participant_is_never_on_both_sides_of_the_choice():
    rng = np.random.default_rng(3)
    identity = np.repeat(rng.normal(size=(20, 30)), 4, axis=0)
    X, y = identity + rng.normal(0, 0.01, identity.shape), np.repeat(np.tile(["a", "b"], 10), 4)
    fitted = LatentDiscriminant().fit(X, y, np.repeat(people(20), 4))
    assert max(fitted.validation_accuracy_.values()) < 0.8  # with scans as the unit it is 1.0


def test_uniform_priors_favour_the_rare_class():
    rng = np.random.default_rng(4)
    X = np.concatenate([rng.normal(0, 1, (95, 1)), rng.normal(1, 1, (5, 1))])
    y = ["common"] * 95 + ["rare"] * 5
    rare = {
        p: LatentDiscriminant(p, "none").fit(X, y, people(100)).predict(X).count("rare")
        for p in ("empirical", "uniform")
    }
    assert rare["uniform"] > rare["empirical"]


def test_a_collapsed_dimension_does_no_harm():
    X = np.concatenate([NINE, np.zeros((9, 1))], axis=1)
    assert LatentDiscriminant(shrinkage="auto").fit(X, LABELS, people(9)).predict(X) == LABELS


def test_one_class_is_refused():
    with pytest.raises(InputError, match=r"two classes and more images than classes .* got 9 images of a$"):
        LatentDiscriminant().fit(NINE, ["a"] * 9, people(9))


NOISE = np.random.default_rng(5).normal(size=(40, 50))


@pytest.mark.parametrize("shrinkage", ["choose", "auto"])
@pytest.mark.parametrize(
    ("codes", "labels", "said"),
    [
        (NOISE, [f"c{i // 2}" for i in range(40)], r"40 images of 20 classes \(the smallest has 2\)"),
        (NOISE[:3], ["a", "b", "b"], r"3 images of 2 classes \(the smallest has 1\)"),
        (np.repeat(NOISE[:2], 20, axis=0), ["a"] * 20 + ["b"] * 20, "vary within classes"),
        (np.ones((40, 3)), ["a", "b"] * 20, "40 identical ones"),
        (np.full((40, 3), np.nan), ["a", "b"] * 20, "not finite"),
        (NOISE, [f"c{i}" for i in range(40)], "c0, c1, c10, c11, c12, c13 and 34 more"),
    ],
)
def test_codes_that_allow_no_lda_are_refused_in_one_line(shrinkage, codes, labels, said):
    with pytest.raises(InputError, match=said) as refused:
        LatentDiscriminant(shrinkage=shrinkage).fit(codes, labels, people(len(codes)))
    assert "\n" not in str(refused.value)


def test_scans_of_one_person_leave_nothing_to_choose_by():
    assert LatentDiscriminant().fit(NOISE[:, :3], ["a", "b"] * 20, ["p"] * 40).shrinkage_ == "auto"


def test_a_class_of_one_person_is_not_a_class():
    labels, persons = ["a", "a", "b", "b", "c"], ["p", "q", "r", "r", "s"]
    assert well_peopled(labels, persons).tolist() == [True, True, False, False, False]


def test_a_fit_leaves_the_threads_of_the_process_as_they_were():
    def threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    codes = np.random.default_rng(0).normal(size=(60, 4))
    labels = np.tile(["a", "b"], 30)
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        LatentDiscriminant().fit(codes, labels, np.arange(60))
        with pytest.raises(InputError):
            LatentDiscriminant().fit(codes * np.nan, labels, np.arange(60))
        assert threads() == before
