"""The baselines of a latent analysis, on the scans of prepared datasets."""

from dataclasses import dataclass

from brainlab.cohort.prepared import PreparedDataset
from brainlab.latent import baselines
from brainlab.latent.confounds import acquisition_matrix
from brainlab.latent.discriminant import Priors
from brainlab.latent.published import CLASSES
from brainlab.latent.scores import Scores, score
from brainlab.types import FloatArray, IntArray

_known: dict[tuple[object, ...], dict[str, Scores | None]] = {}


@dataclass(frozen=True)
class Part:
    """The labelled scans of one side of an analysis."""

    dataset: PreparedDataset
    rows: IntArray

    @property
    def labels(self) -> list[str]:
        return self.dataset.scans["class"].iloc[self.rows].astype(str).tolist()

    @property
    def participants(self) -> list[str]:
        return self.dataset.scans["participant"].iloc[self.rows].astype(str).tolist()

    @property
    def acquisition(self) -> FloatArray:
        return acquisition_matrix(self.dataset.scans.iloc[self.rows])


def baseline_scores(train: Part, test: Part, priors: Priors) -> dict[str, Scores | None]:
    """Predict the test scans without a generative model; None where a baseline has nothing to go by.

    No run has a part in it, so it is computed once in a process for all runs that are compared on the same scans.
    """
    key = (
        priors,
        *(value for part in (train, test) for value in (part.dataset.sha256, tuple(part.rows), tuple(part.labels))),
    )
    if key not in _known:
        _known[key] = _predict(train, test, priors)
    return _known[key]


def score_part(predicted: list[str], test: Part, train: Part) -> Scores:
    """Count predictions of the test scans; the paper's classes come in its order, others after them."""
    seen = set(train.labels) | set(test.labels)
    order = [name for name in CLASSES if name in seen] + sorted(seen - set(CLASSES))
    return score(test.labels, predicted, test.participants, order)


def _predict(train: Part, test: Part, priors: Priors) -> dict[str, Scores | None]:
    volumes, others = train.dataset.volumes, test.dataset.volumes
    components = baselines.VoxelComponents().fit(volumes, train.rows)
    by_acquisition = baselines.predict_by_acquisition(train.acquisition, train.labels, test.acquisition, priors)
    predictions = {
        "pca_64": baselines.predict_by_components(
            components.transform(volumes, train.rows),
            train.labels,
            train.participants,
            components.transform(others, test.rows),
            priors,
        ),
        "signal_threshold": baselines.predict_by_threshold(
            baselines.bright_fractions(volumes, train.rows),
            train.labels,
            baselines.bright_fractions(others, test.rows),
            priors,
        ),
        "acquisition_metadata": by_acquisition,
        "majority": baselines.predict_majority(train.labels, len(test.rows)),
    }
    return {name: score_part(said, test, train) if said is not None else None for name, said in predictions.items()}
