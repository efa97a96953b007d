import numpy as np
import pytest

from brainlab.latent.classification import baselines


def scans(n=60, dtype=np.uint8):
    rng = np.random.default_rng(0)
    volumes = np.zeros((n, 8, 8, 8))
    volumes[:, 1:7, 1:7, 1:7] = 0.4 + 0.05 * rng.random((n, 6, 6, 6))
    bright = np.arange(n) % 2 == 1
    volumes[bright, 2, 2, 2:6] = 0.9
    return (np.rint(volumes * 255).astype(dtype) if dtype == np.uint8 else volumes.astype(dtype)), bright


def test_bright_fractions_do_not_depend_on_gain():
    volumes, _ = scans(dtype=np.float32)
    rows = np.arange(10)
    assert baselines.bright_fractions(volumes, rows) == pytest.approx(baselines.bright_fractions(volumes * 0.5, rows))


def test_bright_fractions_are_shares_of_the_brain_against_its_own_median():
    volumes = np.zeros((1, 4, 4, 4), np.uint8)
    volumes[0, 0] = 1  # below 1% of the range: not brain
    volumes[0, 2:] = 100
    volumes[0, 2, 0] = 125, 125, 170, 210
    assert baselines.bright_fractions(volumes, np.array([0]), (1.1, 1.5, 2.0))[0] == pytest.approx(
        [4 / 32, 2 / 32, 1 / 32]
    )


def test_the_threshold_that_serves_best_is_learnt():
    useless, telling = np.full(40, 0.5), np.tile([0.0, 0.3], 20)
    labels = ["a", "b"] * 20
    assert baselines.predict_by_threshold(np.column_stack([useless, telling]), labels, np.array([[0, 0.3]])) == ["b"]


def test_under_uniform_priors_the_threshold_serves_the_rare_class_too():
    # The first share tells the common class from some of itself, the second the rare class from most of the common.
    common, rare = np.tile([0.0, 0.0, 0.0, 1.0], 15), np.ones(6)
    train = np.concatenate([common, rare])[:, None]
    labels = ["common"] * 60 + ["rare"] * 6
    test = np.array([[1.0]])
    assert baselines.predict_by_threshold(train, labels, test) == ["common"]
    assert baselines.predict_by_threshold(train, labels, test, "uniform") == ["rare"]
    # Plain accuracy would take a share that finds 58 of 60 common scans and no rare one.
    only_common = np.concatenate([np.zeros(60), np.zeros(6)])[:, None]
    both = np.concatenate([only_common, train], axis=1)
    assert baselines.predict_by_threshold(both, labels, np.array([[0.0, 1.0]]), "uniform") == ["rare"]


@pytest.mark.parametrize("predict", [baselines.predict_by_acquisition, baselines.predict_by_components])
def test_uniform_priors_favour_the_rare_class_in_the_other_baselines(predict):
    rng = np.random.default_rng(4)
    train = np.concatenate([rng.normal(0, 1, (95, 2)), rng.normal(1, 1, (10, 2))])
    labels = ["common"] * 95 + ["rare"] * 10
    people = [[str(i) for i in range(105)]] if predict is baselines.predict_by_components else []
    found = {priors: predict(train, labels, *people, train, priors) for priors in ("empirical", "uniform")}
    assert found["uniform"].count("rare") > found["empirical"].count("rare") + 5


def test_an_unknown_parameter_counts_as_an_ordinary_one():
    train = np.array([[0.1]] * 20 + [[0.02]] * 10)
    assert baselines.predict_by_acquisition(train, ["a"] * 20 + ["b"] * 10, np.array([[np.nan]])) == ["a"]


def test_a_threshold_finds_what_is_bright():
    volumes, bright = scans()
    labels = np.where(bright, "ms", "healthy").tolist()
    features = baselines.bright_fractions(volumes, np.arange(60))
    assert baselines.predict_by_threshold(features[:40], labels[:40], features[40:]) == labels[40:]


def test_acquisition_tells_protocols_apart_and_survives_unknown_values():
    train = np.array([[0.1, np.nan]] * 10 + [[0.12, np.nan]] * 10 + [[0.1, np.nan]] * 10)
    labels = ["a"] * 10 + ["b"] * 10 + ["a"] * 10
    test = np.array([[0.1, 5.0], [0.12, np.nan]])
    assert baselines.predict_by_acquisition(train, labels, test) == ["a", "b"]
    assert baselines.predict_by_acquisition(np.full((4, 2), np.nan), ["a", "b"] * 2, test) is None


def test_majority():
    assert baselines.predict_majority(["a", "b", "b"], 2) == ["b", "b"]
