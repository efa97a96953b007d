"""Linear discriminant analysis of a run's codes, beside what is reached without them."""

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.counted import counted, noun
from brainlab.errors import InputError
from brainlab.experiments.analysis.baselines import D, Known, Part, baseline_scores, score_part
from brainlab.latent.classification.confounds import MetadataRegression
from brainlab.latent.classification.discriminant import (
    LEAST_PEOPLE,
    LatentDiscriminant,
    listed,
    well_peopled,
)
from brainlab.latent.classification.discriminant_settings import Priors, Shrinkage
from brainlab.latent.classification.scores import Scores, accuracy_difference
from brainlab.latent.published import TABLE_2, table_1_proportions
from brainlab.runs.encodings import encode_dataset
from brainlab.runs.matching.own_recipe import own_recipe_warning
from brainlab.runs.provenance import recognise
from brainlab.runs.run import Run
from brainlab.runs.training_codes import TrainingCodes
from brainlab.types import FloatArray, Watch
from brainlab.workers.workers import HERE, Workers

OF_IMAGES = ("pca_64", "signal_threshold")
"""Baselines that need the images of the scans that they are fitted on."""


class Judged(NamedTuple):
    """What an LDA says of n scans.

    points: [n, <=3] scores on the first discriminant axes. coordinates: [n, K - 1], `LatentDiscriminant.coordinates`.
    posteriors: [n, K] in the order of the discriminant's `classes_`. predicted: the most probable class of each.
    """

    points: FloatArray
    coordinates: FloatArray
    posteriors: FloatArray
    predicted: list[str]


@dataclass(frozen=True)
class LdaResult:
    """An LDA with everything a page or a table shows.

    train, test: the scans it was fitted on and those it was judged on; codes, test_codes: their codes [n, d];
    on_train, on_test: what it says of them. other_priors, other_scores, other_baselines: the same with the priors that
    were not chosen, since those of the training split favour its common classes; computed when first asked for.
    """

    discriminant: LatentDiscriminant
    scores: Scores
    baselines: dict[str, Scores | None]
    without_acquisition: Scores | None
    train: Part[Known]
    test: Part[PreparedDataset]
    codes: FloatArray
    test_codes: FloatArray
    on_train: Judged
    on_test: Judged
    notes: list[str] = field(default_factory=list)

    @property
    def other_priors(self) -> Priors:
        return "uniform" if self.discriminant.priors == "empirical" else "empirical"

    @cached_property
    def other_scores(self) -> Scores:
        refitted = LatentDiscriminant(self.other_priors, self.discriminant.shrinkage)
        refitted.fit(self.codes, self.train.labels, self.train.participants)
        return score_part(refitted.predict(self.test_codes), self.test, self.train)

    @cached_property
    def other_baselines(self) -> dict[str, Scores | None]:
        return baseline_scores(self.train, self.test, self.other_priors)

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values, as `brainlab lda --json` prints them."""
        return {
            "per_class": self.scores.per_class(),
            **_summary(self.scores),
            "baselines": {name: self._summary(scores, name) for name, scores in self.baselines.items()},
            "other_priors": {
                "priors": self.other_priors,
                **_summary(self.other_scores),
                "baselines": {name: self._summary(scores, name) for name, scores in self.other_baselines.items()},
                "latents_minus_pca_64": _less_components(self.other_scores, self.other_baselines),
            },
            "without_acquisition": self._summary(self.without_acquisition, "without_acquisition"),
            "latents_minus_pca_64": _less_components(self.scores, self.baselines),
            "precision_at_table_1": self.scores.precision_at(table_1_proportions()),
            "confusion": {"classes": list(self.scores.classes), "counts": self.scores.confusion.tolist()},
            "published_table_2": TABLE_2,
            "settings": {
                "fitted_on": {"data": self.train.dataset.name, "scans": len(self.train.rows), **_people(self.train)},
                "predicted": {"data": self.test.dataset.name, "scans": len(self.test.rows), **_people(self.test)},
                "priors": self.discriminant.priors,
                "shrinkage": self.discriminant.shrinkage_,
                "validation_accuracy": self.discriminant.validation_accuracy_,
                "intervals": "95%; accuracies: 1,000 bootstrap draws of participants; precision, recall: Wilson",
                "simulated": self.train.dataset.simulated or self.test.dataset.simulated,
            },
            "notes": self.notes,
        }

    def _summary(self, scores: Scores | None, what: str) -> dict[str, Any]:
        """Sum up scores; of those that are not there, say why."""
        if scores is not None:
            return _summary(scores)
        reason = "these values do not vary enough within classes"
        if what in ("acquisition_metadata", "without_acquisition") and _acquisition_unknown(self.train):
            reason = "no acquisition parameter is known"
        elif what in OF_IMAGES and isinstance(self.train.dataset, TrainingCodes):
            reason = "needs the images of the scans that it is fitted on"
        return {"accuracy": None, "balanced_accuracy": None, "reason": reason}


def lda_analysis(
    run: Run,
    dataset: PreparedDataset | TrainingCodes,
    predict: PreparedDataset | None = None,
    *,
    priors: Priors = "empirical",
    shrinkage: Shrinkage = "choose",
    watch: Watch | None = None,
    workers: Workers = HERE,
) -> LdaResult:
    """Fit LDA on the codes of a dataset's training split and predict its test split, or the whole of another dataset.

    dataset: may be the codes that the run keeps of the people it was trained on; another dataset is predicted then, and
    there are no baselines that need their images. workers: who encodes.

    As the FLAIR IntroVAE paper's section 5.3, with what it lacks beside it: the same from voxels, a signal threshold,
    acquisition parameters or nothing at all, and from codes with the acquisition parameters regressed out.
    Scans without a class, classes of a single person in the training split, and test scans of a class that is not
    fitted are left out and noted.
    Raises InputError when there is nothing to fit or to predict, or the datasets' shapes do not fit the run.
    """
    if isinstance(dataset, PreparedDataset):
        dataset = run.see(dataset)
        target = run.see(predict) if predict is not None else dataset
    elif predict is not None:
        target = run.see(predict)
    else:
        raise InputError(f"{run.name}: needs scans to predict, which it was not trained on, got none; name a dataset")
    read = [data for data in (dataset, target) if isinstance(data, PreparedDataset)]
    notes = list(dict.fromkeys(note for data in read if (note := own_recipe_warning(run, data))))
    one = run.grid.noun
    train = Part(dataset, dataset.indices("train"))
    if not len(train.rows):
        raise InputError(f"{dataset.folder}: LDA needs {one}s in the training split, got none; fit on another cohort")
    _check_labels(train, "the training split")
    train = _well_peopled(_labelled(train, notes, one), notes, one)
    test = Part(target, target.indices(None if predict is not None else "test"))
    _check_labels(test, f"the {one}s to predict")
    test = _unseen(_labelled(test, notes, one, set(train.labels)), train, run, notes)
    if not len(test.rows):
        raise InputError(
            f"{target.folder}: LDA needs {one}s to predict, of participants it is not fitted on and of the classes "
            f"{listed(sorted(set(train.labels)))}; got none; predict another cohort"
        )
    _note_known_people(run, test, notes)
    encode = functools.partial(encode_dataset, run, watch=watch, workers=workers)
    known = encode(dataset) if isinstance(dataset, PreparedDataset) else dataset.encoding
    codes = known.mean[train.rows].astype(np.float64)
    with ThreadPoolExecutor(1) as beside:  # the fit needs one core, and nothing of the scans to predict
        encoded = beside.submit(encode, target)
        discriminant = LatentDiscriminant(priors, shrinkage).fit(codes, train.labels, train.participants)
    test_codes = encoded.result().mean[test.rows].astype(np.float64)
    on_test = _judge(discriminant, test_codes)
    return LdaResult(
        discriminant=discriminant,
        scores=score_part(on_test.predicted, test, train),
        baselines=baseline_scores(train, test, priors),
        without_acquisition=_without_acquisition(codes, test_codes, train, test, discriminant),
        train=train,
        test=test,
        codes=codes,
        test_codes=test_codes,
        on_train=_judge(discriminant, codes),
        on_test=on_test,
        notes=notes,
    )


def _judge(discriminant: LatentDiscriminant, codes: FloatArray) -> Judged:
    return Judged(
        discriminant.transform(codes),
        discriminant.coordinates(codes),
        discriminant.posteriors(codes),
        discriminant.predict(codes),
    )


def _check_labels(part: Part[Any], what: str) -> None:
    """Raise InputError where there are scans, and none of them has a class."""
    if len(part.rows) and part.dataset.scans["class"].iloc[part.rows].isna().all():
        raise InputError(
            f"{part.dataset.folder}: LDA needs class labels, got none for {what}; give a table with a class column to "
            "'brainlab prepare' (--table, or --labels COLUMN for participants.tsv)"
        )


def _labelled(part: Part[D], notes: list[str], one: str, allowed: set[str] | None = None) -> Part[D]:
    """Leave out images without a class, or of a class that was never seen, and note how many. one: an image's noun."""
    labels = part.dataset.scans["class"].iloc[part.rows]
    keep = labels.notna().to_numpy()
    if allowed is not None:
        unseen = keep & ~labels.astype(str).isin(allowed).to_numpy()
        if unseen.any():
            names = sorted(set(labels[unseen].astype(str)))
            notes.append(f"{counted(int(unseen.sum()), one)} left out: the LDA is not fitted on {listed(names)}")
        keep = keep & ~unseen
    if missing := int(labels.isna().sum()):
        notes.append(f"{counted(missing, one)} of {part.dataset.name} left out: no class in scans.tsv")
    return Part(part.dataset, part.rows[keep])


def _well_peopled(train: Part[Known], notes: list[str], one: str) -> Part[Known]:
    """Leave out the classes of a single person, and say so; InputError where fewer than two classes are left."""
    keep = well_peopled(train.labels, train.participants)
    lonely = sorted(set(np.asarray(train.labels)[~keep]))
    if len(set(np.asarray(train.labels)[keep])) < 2:
        raise InputError(
            f"{train.dataset.folder}: LDA needs two classes with {LEAST_PEOPLE} participants each in the training "
            f"split; got {counted(len(train.rows), one)} of "
            f"{counted(len(set(train.participants)), 'person', 'people')}, of "
            f"{listed(sorted(set(train.labels)))}"
        )
    if lonely:
        notes.append(
            f"{counted(int((~keep).sum()), f'training {one}')} left out: only one participant has the class "
            f"{listed(lonely)}"
        )
    return Part(train.dataset, train.rows[keep])


def _unseen(test: Part[PreparedDataset], train: Part[Known], run: Run, notes: list[str]) -> Part[PreparedDataset]:
    """Leave out people whom the LDA is fitted on: two cohorts may share some."""
    if isinstance(train.dataset, TrainingCodes):
        keep = ~recognise(run, test.dataset).seen[test.rows]
    else:
        keep = ~np.isin(test.participants, train.participants)
    if not keep.all():
        known = len(set(np.asarray(test.participants)[~keep]))
        notes.append(
            f"{counted(int((~keep).sum()), run.grid.noun)} of {counted(known, 'participant')} left out: the LDA was "
            f"fitted on other {run.grid.noun}s of theirs"
        )
    return Part(test.dataset, test.rows[keep])


def _note_known_people(run: Run, test: Part[PreparedDataset], notes: list[str]) -> None:
    """Say when the run was trained on people whom it is to predict, or when that cannot be known."""
    found = recognise(run, test.dataset)
    known = set(np.asarray(test.participants)[found.seen[test.rows]])
    if known:
        notes.append(
            f"{counted(len(known), 'predicted participant')} {noun(len(known), 'was', 'were')} in the run's "
            "training data, so its results are optimistic"
        )
    if not found.unseen[test.rows].all() and found.gap:
        notes.append(f"{found.gap}; some predicted participants may be in the run's training data")


def _without_acquisition(
    codes: FloatArray,
    test_codes: FloatArray,
    train: Part[Known],
    test: Part[PreparedDataset],
    discriminant: LatentDiscriminant,
) -> Scores | None:
    """Repeat an LDA, with its priors and shrinkage, on codes with acquisition parameters regressed out.

    None where no parameter is known, or where they explain so much that what is left does not allow an LDA.
    """
    if _acquisition_unknown(train):
        return None
    regression = MetadataRegression().fit(codes, train.acquisition)
    cleaned = regression.transform(codes, train.acquisition)
    try:
        fitted = LatentDiscriminant(discriminant.priors, discriminant.shrinkage_)
        fitted.fit(cleaned, train.labels, train.participants)
    except InputError:
        return None
    return score_part(fitted.predict(regression.transform(test_codes, test.acquisition)), test, train)


def _acquisition_unknown(part: Part[Known]) -> bool:
    return not np.isfinite(part.acquisition).any()


def _less_components(scores: Scores, others: dict[str, Scores | None]) -> dict[str, Any] | None:
    components = others["pca_64"]
    return accuracy_difference(scores, components) if components is not None else None


def _summary(scores: Scores) -> dict[str, Any]:
    """Sum up scores."""
    intervals = scores.intervals()
    return {
        "accuracy": scores.accuracy,
        "balanced_accuracy": scores.balanced_accuracy,
        "accuracy_interval": intervals["accuracy"],
        "balanced_accuracy_interval": intervals["balanced_accuracy"],
    }


def _people(part: Part[Any]) -> dict[str, Any]:
    """Count participants, and scans by class."""
    names, counts = np.unique(part.labels, return_counts=True)
    by_class = {str(name): int(count) for name, count in zip(names, counts, strict=True)}
    return {"participants": len(set(part.participants)), "by_class": by_class}
