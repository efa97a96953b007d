"""A machine reader tells what differs, is at chance where nothing does, and never knows a person it is tested on."""

import numpy as np
import pytest
from scipy import ndimage

from brainlab.errors import InputError
from brainlab.evaluation import image_classifier
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.metrics import machine_reader
from brainlab.evaluation.registry import measure_all
from brainlab.measures.accuracy import roc_area


def noise(n: int, seed: int, blur: float = 0.5, shape: tuple[int, ...] = (16, 16)) -> np.ndarray:
    """Images of one mean and spread, whatever their blur."""
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(n, *shape)), (0, *[blur] * len(shape)))
    return np.clip(0.5 + 0.15 * smooth / smooth.std(), 0, 1).astype(np.float32)


def area(sets: ImageSets) -> float:
    found = machine_reader.scores(sets, least=40)
    return roc_area(found.real, found.generated).value


def test_images_of_one_kind_are_not_told_apart() -> None:
    assert area(ImageSets(noise(100, 1), noise(100, 2))) == pytest.approx(0.5, abs=0.1)


def test_blurred_images_are_told_apart() -> None:
    assert area(ImageSets(noise(60, 1), noise(60, 2, blur=1.5))) > 0.95
    volumes = (noise(40, seed, blur, (9, 8, 10)) for seed, blur in ((1, 0.5), (2, 1.5)))
    assert area(ImageSets(*volumes)) > 0.9


def test_a_seed_gives_the_same_scores(monkeypatch) -> None:
    monkeypatch.setattr(image_classifier, "EPOCHS", 1)
    sets = [ImageSets(noise(60, 1), noise(50, 2), seed=seed) for seed in (3, 3, 4)]
    first, again, other = (machine_reader.scores(one, least=40) for one in sets)
    assert np.array_equal(first.real, again.real)
    assert np.array_equal(first.generated, again.generated)
    assert not np.array_equal(first.real, other.real)


class Spy:
    """In place of the classifier: images of one grey level are of one person, and every image looks alike."""

    seen: tuple[tuple[set[int], set[int]], ...] = ()

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, images: np.ndarray, labels: np.ndarray) -> "Spy":
        self.known = set(images[labels].ravel().tolist())
        return self

    def decision_function(self, images: np.ndarray) -> np.ndarray:
        Spy.seen += ((self.known, set(images.ravel().tolist())),)
        return np.zeros(len(images))


def test_nobody_is_both_learnt_from_and_held_out(monkeypatch) -> None:
    """Six scans a person, and generated images of another grey level each."""
    monkeypatch.setattr(machine_reader, "ImageClassifier", Spy)
    monkeypatch.setattr(Spy, "seen", ())
    person = np.random.default_rng(0).permutation(np.repeat(np.arange(20), 6))
    real, generated = (
        np.broadcast_to((levels / 255).astype(np.float32)[:, None, None], (120, 8, 8))
        for levels in (person, 100 + np.arange(120))
    )
    found = machine_reader.scores(ImageSets(real, generated, people=person.astype(str)), least=40)
    assert len(Spy.seen) == machine_reader.FOLDS
    assert all(not known & held_out for known, held_out in Spy.seen)
    assert sorted(level for _, held_out in Spy.seen for level in held_out if level < 100) == [*range(20)]
    assert found.people == 20


def test_different_people_come_before_second_scans() -> None:
    people = np.array(["a"] * 5 + ["b", "c"])
    rows = machine_reader.different_people_first(people, np.random.default_rng(0))
    assert sorted(rows) == [*range(7)]
    assert set(people[rows[:3]]) == {"a", "b", "c"}


def test_ranks_are_taken_within_a_fold(monkeypatch) -> None:
    """Each fold's network has a bias of its own, which a ROC area of pooled log odds would count."""

    class Biased(Spy):
        def decision_function(self, images: np.ndarray) -> np.ndarray:
            return images.mean(axis=(1, 2)) + np.random.default_rng(len(self.known)).normal() * 1e4

    monkeypatch.setattr(machine_reader, "ImageClassifier", Biased)
    assert area(ImageSets(0.5 + 0.5 * noise(60, 1), 0.4 * noise(60, 2))) == 1


def test_too_few_images_or_people_are_undefined_and_say_why() -> None:
    few = ImageSets(noise(200, 1, shape=(8, 8)), noise(199, 2, shape=(8, 8)))
    found = measure_all(few, machine_reader.METRICS, {})["machine_reader_auc"]
    assert found["value"] is None
    assert found["settings"]["undefined"] == (
        "the machine reader needs 200 real and 200 generated images, got 200 and 199"
    )
    one = ImageSets(noise(60, 1), noise(60, 2), people=np.array(["a", "b", "c"] * 20))
    with pytest.raises(InputError, match="real scans of 5 people, got 3"):
        machine_reader.scores(one, least=40)


@pytest.mark.parametrize("apart", [False, True])
def test_the_result_has_an_interval_or_says_why_not(monkeypatch, apart: bool) -> None:
    ranks = np.linspace(0, 1, 200)
    fake = machine_reader.Scores(ranks + 2 if apart else ranks + 0.1, ranks, 200)
    monkeypatch.setattr(machine_reader, "scores", lambda sets: fake)
    sets = ImageSets(noise(8, 1), noise(8, 2))
    found = measure_all(sets, machine_reader.METRICS, {})["machine_reader_auc"]
    expected = roc_area(fake.real, fake.generated)
    assert (found["value"], found["n"]) == (expected.value, 400)
    assert found["settings"]["people"].startswith("unknown")
    if apart:
        assert "low" not in found
        assert found["settings"]["no_interval"] == expected.reason
    else:
        assert (found["low"], found["high"]) == (expected.low, expected.high)
