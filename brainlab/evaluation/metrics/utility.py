"""Whether a classifier learns from generated images what it would learn from real ones (train on one, test on real)."""

import numpy as np

from brainlab.evaluation.image_classifier import EPOCHS, ImageClassifier
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.labelled import LEAST_PEOPLE, LEAST_TRAINING, Labelled
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.metrics.machine_reader import levels
from brainlab.evaluation.registry import Metric
from brainlab.images.voxel_components import block_sides
from brainlab.measures.estimate import Estimate, bootstrap_interval
from brainlab.types import FloatArray, IntArray, StringArray, UInt8Array

CAUTION = (
    "the network sees how strong features are and not where; the interval takes networks as fixed, and a run whose "
    "images all look like their class's mean can be as useful as real scans"
)


def predict(images: UInt8Array, labels: IntArray, held_out: UInt8Array, seed: int) -> IntArray:
    """Return which of the labels 0, 1, ... each held-out image [m, *shape] has, learnt from images [k, *shape].

    One network for two labels, one against the rest for each of more. A network has a bias and a scale of its own, and
    knows how frequent its label is: its log odds are fitted to the images that it learnt from, both sides weighing the
    same (Platt 1999).
    """
    from sklearn.linear_model import LogisticRegression

    kinds = range(int(labels.max()) + 1)
    evidence = np.empty((len(held_out), len(kinds)))
    for kind in kinds[:1] if len(kinds) == 2 else kinds:
        network = ImageClassifier(seed).fit(images, labels == kind)
        learnt, seen = (network.decision_function(each)[:, None] for each in (images, held_out))
        fitted = LogisticRegression(class_weight="balanced").fit(learnt, labels == kind)
        evidence[:, kind] = fitted.decision_function(seen)
    if len(kinds) == 2:
        evidence[:, 1] = -evidence[:, 0]
    return evidence.argmax(axis=1)


def balanced_accuracy(truth: IntArray, predicted: IntArray, people: StringArray, seed: int) -> Estimate:
    """Return the mean over labels of the share of their images that is recognised, with a 95% interval by people.

    truth, predicted, people: of each image, [m]. Whole people are resampled, among those of one label.
    """
    owners = np.unique(people, return_inverse=True)[1]
    shape = (int(owners.max()) + 1, int(truth.max()) + 1)
    counts, hits = np.zeros(shape), np.zeros(shape)
    np.add.at(counts, (owners, truth), 1)
    np.add.at(hits, (owners, truth), predicted == truth)

    def statistic(weights: FloatArray) -> FloatArray:
        return np.asarray((weights @ hits / (weights @ counts)).mean(axis=-1))

    low, high, reason = bootstrap_interval(statistic, shape[0], strata=counts.argmax(axis=1), seed=seed)
    return Estimate(float(statistic(np.ones(shape[0]))), low, high, len(truth), reason)


def _utility(sets: ImageSets) -> Measurement:
    labelled: Labelled = sets.part("labelled")
    values = np.array(labelled.values)
    rows = np.flatnonzero(np.isin(labelled.held_out, values))
    truth, labels = (np.searchsorted(values, each) for each in (labelled.held_out[rows], labelled.labels))
    people = rows.astype(str) if sets.people is None else sets.people[rows]
    held_out, everyone = levels(sets.real, rows), np.arange(len(labels))
    generated, real = (
        balanced_accuracy(truth, predict(levels(images, everyone), labels, held_out, sets.seed), people, sets.seed)
        for images in (labelled.generated, labelled.training)
    )
    settings = {
        "unit": "image",
        "label": labelled.name,
        "values": list(labelled.values),
        "chance": 1 / len(values),
        "trained_on_real": real.value,
        "trained_on_real_low": real.low,
        "trained_on_real_high": real.high,
        "training_images": len(labels),
        "people": len(np.unique(people)),
    }
    if max(sides := block_sides(sets.shape)) > 1:
        settings["averaged_over_voxels"] = list(sides)
    if generated.reason is not None:
        settings["no_interval"] = generated.reason
    return Measurement(generated.value, None, generated.n, settings, generated.low, generated.high)


METRICS = (
    Metric(
        name="utility",
        title="Use as training data",
        definition=(
            "Balanced accuracy on held-out people of a classifier that is trained on images asked for by their class, "
            "or by their sex or sequence where there is one class; `trained_on_real`: on as many real ones."
        ),
        source="Ravuri and Vinyals 2019, arXiv:1905.10887",
        aspect="readers",
        better="higher",
        needs=("real", "labelled"),
        measure=_utility,
        settings={
            "epochs": EPOCHS,
            "interval": "95%, people resampled",
            "least_training_images": LEAST_TRAINING,
            "least_held_out_people": LEAST_PEOPLE,
            "caution": CAUTION,
        },
    ),
)
