"""How well predicted classes agree with the true ones, with intervals that know scans of one person belong together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix
from statsmodels.stats.proportion import proportion_confint

from brainlab.types import FloatArray, IntArray

Interval = tuple[float, float]


@dataclass(frozen=True)
class Scores:
    """Predictions of N scans against the truth.

    confusion: [K, K] counts, rows the true class, columns the predicted one, in the order of `classes`.
    by_participant: [P, K, K], the same counts for each participant.
    """

    classes: tuple[str, ...]
    confusion: IntArray
    by_participant: IntArray

    @property
    def accuracy(self) -> float:
        return float(_accuracy(self.confusion[None])[0])

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall over the classes that occur."""
        return float(_balanced_accuracy(self.confusion[None])[0])

    def intervals(self, replicates: int = 1000, seed: int = 0, level: float = 0.95) -> dict[str, Interval]:
        """Return percentile intervals of both accuracies under resampling of whole participants.

        A person's scans resemble each other, so scans are not the unit (Davison and Hinkley 1997, section 3.8).
        """
        drawn = _resample(self.by_participant, replicates, seed)
        return {
            "accuracy": _percentiles(_accuracy(drawn), level),
            "balanced_accuracy": _percentiles(_balanced_accuracy(drawn), level),
        }

    def per_class(self) -> dict[str, dict[str, Any]]:
        """Return one row a class against the rest, as the FLAIR IntroVAE paper's table 2.

        Precision and recall are None where nothing was predicted, or nothing is there to be found; Wilson intervals at
        95% take scans as independent.
        """
        table = {}
        for k, name in enumerate(self.classes):
            tp = int(self.confusion[k, k])
            fn = int(self.confusion[k].sum()) - tp
            fp = int(self.confusion[:, k].sum()) - tp
            tn = int(self.confusion.sum()) - tp - fn - fp
            table[name] = {
                "fp": fp,
                "fn": fn,
                "tp": tp,
                "tn": tn,
                "precision": _share(tp, tp + fp),
                "recall": _share(tp, tp + fn),
                "precision_interval": wilson(tp, tp + fp),
                "recall_interval": wilson(tp, tp + fn),
            }
        return table

    def precision_at(self, proportions: Mapping[str, float]) -> dict[str, float | None]:
        """Return each class's precision as it would be where classes occur in other proportions.

        Recall does not depend on how common a class is, precision does: each true class's row of the confusion matrix
        is weighed by its wanted share over its share here. A wanted class that does not occur here leaves the others'
        precision an upper bound. proportions: class to share; classes that are not named weigh nothing.
        """
        support = self.confusion.sum(axis=1)
        wanted = np.array([proportions.get(name, 0.0) for name in self.classes])
        weights = np.divide(wanted, support, out=np.zeros(len(support)), where=support > 0)
        weighted = self.confusion * weights[:, None]
        predicted = weighted.sum(axis=0)
        return {
            name: float(weighted[k, k] / predicted[k]) if predicted[k] > 0 else None
            for k, name in enumerate(self.classes)
        }


def score(
    truth: Sequence[str], predicted: Sequence[str], participants: Sequence[str], classes: Sequence[str]
) -> Scores:
    """Count predictions against the truth. All three sequences hold one entry a scan."""
    names = list(classes)
    people, owner = np.unique(np.asarray(participants, dtype=str), return_inverse=True)
    position = {name: k for k, name in enumerate(names)}
    true_index = np.array([position[name] for name in truth])
    predicted_index = np.array([position[name] for name in predicted])
    by_participant = np.zeros((len(people), len(names), len(names)), dtype=np.int64)
    np.add.at(by_participant, (owner, true_index, predicted_index), 1)
    return Scores(tuple(names), confusion_matrix(list(truth), list(predicted), labels=names), by_participant)


def accuracy_difference(
    ours: Scores, theirs: Scores, replicates: int = 1000, seed: int = 0, level: float = 0.95
) -> dict[str, Any]:
    """Compare two predictors on the same scans: balanced accuracy of the first less the second, with its interval.

    The same participants are drawn for both, so what is hard about a person cancels out.
    """
    differences = _balanced_accuracy(_resample(ours.by_participant, replicates, seed)) - _balanced_accuracy(
        _resample(theirs.by_participant, replicates, seed)
    )
    return {
        "balanced_accuracy": ours.balanced_accuracy - theirs.balanced_accuracy,
        "interval": _percentiles(differences, level),
    }


def wilson(count: int, total: int, level: float = 0.95) -> Interval | None:
    """Return the Wilson score interval of a proportion, or None when nothing was counted."""
    if total == 0:
        return None
    low, high = proportion_confint(count, total, alpha=1 - level, method="wilson")
    return float(low), float(high)


def _share(count: int, total: int) -> float | None:
    return count / total if total else None


def _accuracy(confusions: FloatArray | IntArray) -> FloatArray:
    """Return the accuracy of each of [R, K, K] confusion matrices."""
    return np.trace(confusions, axis1=1, axis2=2) / confusions.sum(axis=(1, 2))


def _balanced_accuracy(confusions: FloatArray | IntArray) -> FloatArray:
    """Return the mean recall over the classes present in each of [R, K, K] confusion matrices."""
    support = confusions.sum(axis=2)
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    recall = np.divide(hits, support, out=np.zeros(support.shape), where=support > 0)
    return recall.sum(axis=1) / (support > 0).sum(axis=1)


def _resample(by_participant: IntArray, replicates: int, seed: int) -> FloatArray:
    """Draw participants with replacement and add up their counts: [R, K, K]."""
    people = len(by_participant)
    times = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), size=replicates)
    flat = times.astype(np.float64) @ by_participant.reshape(people, -1)
    return flat.reshape(replicates, *by_participant.shape[1:])


def _percentiles(values: FloatArray, level: float) -> Interval:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
