"""A classifier is as good as what its images teach it, is judged on real people, and says when it cannot be."""

import numpy as np
import pytest
from scipy import ndimage

from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.labelled import Labelled, values_with_enough
from brainlab.evaluation.metrics import utility
from brainlab.evaluation.registry import metrics

BLURS = {"a": 0.5, "b": 1.2, "c": 2.5}


def textured(labels, seed):
    """Noise of one mean and spread whose blur is that of its label."""
    random = np.random.default_rng(seed)
    smooth = [ndimage.gaussian_filter(random.normal(size=(16, 16)), BLURS[label]) for label in labels]
    return np.stack([np.clip(0.5 + 0.15 * each / each.std(), 0, 1) for each in smooth]).astype(np.float32)


def sets_of(generated, values=("a", "c"), n=80):
    """Return sets whose real images show their label and whose generated ones are those given."""
    labels = np.resize(values, n)
    held_out = np.resize([*values, "other"], 60)
    real = textured(np.where(held_out == "other", "a", held_out), 1)
    labelled = Labelled("class", values, textured(labels, 2), generated(labels), labels, held_out)
    people = np.char.add("p", (np.arange(60) // 2).astype(str))
    return ImageSets(real, textured(labels, 4), labelled=labelled, people=people)


def test_images_that_show_their_label_teach_it_and_others_do_not() -> None:
    good = metrics()["utility"].of(sets_of(lambda labels: textured(labels, 3)))
    assert good.value > 0.9
    assert good.settings["trained_on_real"] > 0.9
    assert (good.n, good.settings["values"], good.settings["chance"]) == (40, ["a", "c"], 0.5)
    swapped = metrics()["utility"].of(sets_of(lambda labels: textured(np.where(labels == "a", "c", "a"), 3)))
    assert swapped.value < 0.1
    assert swapped.settings["trained_on_real"] == good.settings["trained_on_real"]


def test_more_than_two_labels_are_each_told_from_the_rest() -> None:
    found = metrics()["utility"].of(sets_of(lambda labels: textured(labels, 3), ("a", "b", "c"), 120))
    assert found.value > 0.8
    assert found.settings["chance"] == pytest.approx(1 / 3)


class Biased:
    """In place of the network: it tells its label by the grey level, with a bias."""

    def __init__(self, seed):
        self.seed = seed

    def fit(self, images, labels):
        self.grey = float(images[labels].mean())
        return self

    def decision_function(self, images):
        return 5 - np.abs(images.ravel().astype(float) - self.grey) / 10


@pytest.mark.parametrize("kinds", [2, 3])
def test_neither_a_network_s_bias_nor_frequent_labels_decide(monkeypatch, kinds) -> None:
    monkeypatch.setattr(utility, "ImageClassifier", Biased)
    labels = np.repeat(np.arange(kinds), [70, 20, 10][:kinds])
    images = (40 + 80 * labels + np.arange(len(labels)) % 20).astype(np.uint8)[:, None, None]
    held_out = np.array([50, 80, 96, 130, 210], np.uint8)[: 3 + kinds - 1, None, None]
    predicted = utility.predict(images, labels, held_out, 0)
    assert predicted.tolist() == [0, 0, 1, 1, 2][: 3 + kinds - 1]


def test_the_accuracy_is_the_mean_over_labels_and_people_are_resampled() -> None:
    truth = np.repeat([0, 1], [80, 20])
    predicted = truth.copy()
    predicted[:40] = 1  # half of the first label
    alone = utility.balanced_accuracy(truth, predicted, np.arange(100).astype(str), 0)
    assert alone.value == 0.75
    assert alone.low < 0.75 < alone.high
    alike = utility.balanced_accuracy(truth, predicted, (np.arange(100) // 4).astype(str), 0)
    assert alike.value == 0.75
    assert alike.high - alike.low > 1.6 * (alone.high - alone.low), "four alike count as one"


def test_without_labelled_images_the_reason_is_told() -> None:
    sets = sets_of(lambda labels: textured(labels, 3))
    bare = ImageSets(sets.real, sets.generated)
    assert metrics()["utility"].of(bare).settings["undefined"] == "the run draws nothing on request"
    said = ImageSets(sets.real, sets.generated, reasons={"labelled": "no class"})
    assert metrics()["utility"].of(said).settings["undefined"] == "no class"


def test_values_with_too_few_images_or_people_are_left_out() -> None:
    labels = np.repeat(["a", "b", "c", ""], [50, 49, 60, 90])
    held_out = np.repeat(["a", "b", "c", ""], 20)
    people = np.arange(80).astype(str)
    assert values_with_enough(labels, held_out, people) == ("a", "c")
    people[held_out == "c"] = "one"
    assert values_with_enough(labels, held_out, people) == ("a",)
