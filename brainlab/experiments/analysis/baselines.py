"""The baselines of a latent analysis, on the scans of prepared datasets."""

from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.images.voxel_components import VoxelComponents
from brainlab.latent.classification import baselines
from brainlab.latent.classification.confounds import acquisition_matrix
from brainlab.latent.classification.discriminant_settings import Priors
from brainlab.latent.classification.scores import Scores, score
from brainlab.latent.published import CLASSES
from brainlab.runs.training_codes import TrainingCodes
from brainlab.types import FloatArray, IntArray


class Features(NamedTuple):
    """What the baselines take from the volumes of both sides, one row a scan."""

    components: FloatArray
    test_components: FloatArray
    bright: FloatArray
    test_bright: FloatArray


MOST_MEASURED = 8
"""Pairs of sides whose features are kept in memory."""

_measured: dict[tuple[tuple[str, bytes], ...], Features] = {}


Known = PreparedDataset | TrainingCodes
"""Where scans come from: with their images, or known by their codes alone."""
D = TypeVar("D", PreparedDataset, TrainingCodes, Known)


@dataclass(frozen=True)
class Part(Generic[D]):
    """The labelled scans of one side of an analysis."""

    dataset: D
    rows: IntArray

    @cached_property
    def labels(self) -> list[str]:
        return self.dataset.scans["class"].iloc[self.rows].astype(str).tolist()

    @cached_property
    def participants(self) -> list[str]:
        return self.dataset.scans["participant"].iloc[self.rows].astype(str).tolist()

    @property
    def acquisition(self) -> FloatArray:
        return acquisition_matrix(self.dataset.scans.iloc[self.rows])


def baseline_scores(train: Part[Known], test: Part[PreparedDataset], priors: Priors) -> dict[str, Scores | None]:
    """Predict the test scans without a generative model; None where a baseline has nothing to go by."""
    measured = _features(train, test)
    predictions = {
        "pca_64": _predict_by_components(measured, train, priors) if measured else None,
        "signal_threshold": baselines.predict_by_threshold(measured.bright, train.labels, measured.test_bright, priors)
        if measured
        else None,
        "acquisition_metadata": baselines.predict_by_acquisition(
            train.acquisition, train.labels, test.acquisition, priors
        ),
        "majority": baselines.predict_majority(train.labels, len(test.rows)),
    }
    return {name: score_part(said, test, train) if said is not None else None for name, said in predictions.items()}


def _predict_by_components(measured: Features, train: Part[Known], priors: Priors) -> list[str] | None:
    """Predict by LDA on voxel components; None where they do not allow one, as where all volumes are alike."""
    try:
        return baselines.predict_by_components(
            measured.components, train.labels, train.participants, measured.test_components, priors
        )
    except InputError:
        return None


def score_part(predicted: list[str], test: Part[PreparedDataset], train: Part[Known]) -> Scores:
    """Count predictions of the test scans; the paper's classes come in its order, others after them."""
    seen = set(train.labels) | set(test.labels)
    order = [name for name in CLASSES if name in seen] + sorted(seen - set(CLASSES))
    return score(test.labels, predicted, test.participants, order)


def _features(train: Part[Known], test: Part[PreparedDataset]) -> Features | None:
    """Measure the volumes; no run has a part in it, so it is done once in a process for all runs on the same scans.

    None where the scans that are fitted are known by their codes alone.
    """
    if isinstance(train.dataset, TrainingCodes):
        return None
    key = tuple((part.dataset.sha256, part.rows.tobytes()) for part in (train, test))
    if key not in _measured:
        volumes, others = train.dataset.volumes, test.dataset.volumes
        components = VoxelComponents().fit(volumes, train.rows)
        _measured[key] = Features(
            components.transform(volumes, train.rows),
            components.transform(others, test.rows),
            baselines.bright_fractions(volumes, train.rows),
            baselines.bright_fractions(others, test.rows),
        )
        for oldest in list(_measured)[:-MOST_MEASURED]:
            del _measured[oldest]
    return _measured[key]
