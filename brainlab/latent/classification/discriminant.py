"""Linear discriminant analysis of codes (FLAIR IntroVAE paper, sections 3.4 and 5.3)."""

import warnings
from collections.abc import Iterable, Sequence
from threading import Lock

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import get_scorer
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.latent.classification.discriminant_settings import Priors, Shrinkage
from brainlab.types import BoolArray, FloatArray

FOLDS = 5
LEAST_SCANS_A_DIMENSION = 2
"""Fewer, and the within-class covariance is not worth inverting as it is."""

LEAST_PEOPLE = 2
"""People a class needs: what one person's scans have in common is that person, not the class."""

_one_at_a_time = Lock()
"""Held while BLAS has one thread: with two it takes three times as long to factor matrices of a few hundred columns.
The number of threads is the whole process's, so two fits side by side could leave it at one."""


class LatentDiscriminant:
    """LDA on codes, with or without shrinkage of the within-class covariance.

    With few scans and many dimensions plain LDA overfits. `shrinkage="choose"` compares it with Ledoit-Wolf shrinkage
    by cross-validation inside the data given to `fit`, no participant being on both sides, and keeps the better. With
    fewer than twice as many scans as dimensions only shrinkage is left: the within-class covariance is then nearly
    singular, its classes seem hundreds of standard deviations apart, and which way does better is chance.

    priors: `empirical` takes each class as likely as it is in the training data (scikit-learn's default, and so
        presumably the paper's); `uniform` takes all as equally likely, which favours rare classes.
    shrinkage: `none`, `auto` (Ledoit-Wolf) or `choose`.

    After `fit`: `classes_`; `shrinkage_` (`none` or `auto`); `validation_accuracy_` (name to mean accuracy over folds,
    balanced accuracy with uniform priors, empty where nothing was compared); `readouts_` [d, k] and `patterns_` [d, k]
    of the k discriminant axes: a code's score is `(code - mean_) @ readouts_`, and adding a column of `patterns_` to a
    code raises its score on that axis by one within-class standard deviation along the data's own covariance
    (Haufe et al. 2014, doi 10.1016/j.neuroimage.2013.10.067); `metric_` [d, k], which leads to `coordinates`.
    """

    def __init__(self, priors: Priors = "empirical", shrinkage: Shrinkage = "choose", seed: int = 0) -> None:
        self.priors = priors
        self.shrinkage = shrinkage
        self.seed = seed

    def fit(self, codes: FloatArray, labels: Sequence[str], participants: Sequence[str]) -> "LatentDiscriminant":
        """Learn from codes [N, d] with their labels [N] and participants [N].

        Raises InputError when there are fewer than two classes, no more images than classes, or when the codes do not
        differ enough for the within-class covariance to be inverted.
        """
        X, y, groups = np.asarray(codes, dtype=np.float64), np.asarray(labels, str), np.asarray(participants, str)
        classes = np.unique(y)
        if len(classes) < 2 or len(y) <= len(classes):
            raise InputError(
                f"LDA needs at least two classes and more images than classes in the training split; "
                f"got {counted(len(y), 'image')} of {listed(classes) or 'no class'}"
            )
        if not np.isfinite(X).all() or not np.ptp(X, axis=0).any():
            found = f"{len(X)} identical ones" if np.isfinite(X).all() else "values that are not finite"
            raise InputError(f"LDA needs codes that differ from image to image, got {found}; choose another run")
        with _one_at_a_time, threadpool_limits(1, user_api="blas"):
            return self._learn(X, y, groups)

    def _learn(self, X: FloatArray, y: FloatArray, groups: FloatArray) -> "LatentDiscriminant":
        classes = np.unique(y)
        self.validation_accuracy_: dict[str, float] = {}
        self.shrinkage_: Shrinkage = self.shrinkage if self.shrinkage != "choose" else self._choose(X, y, groups)
        self.model_ = self._fitted(self.shrinkage_, X, y)
        self.classes_ = tuple(str(name) for name in classes)
        self.mean_ = X.mean(axis=0)
        self.readouts_ = self.model_.scalings_[:, : len(classes) - 1]
        centred = X - np.stack([X[y == name].mean(axis=0) for name in classes])[np.searchsorted(classes, y)]
        within = centred.T @ centred / (len(y) - len(classes))
        spread = np.sqrt(np.einsum("dk,de,ek->k", self.readouts_, within, self.readouts_))
        self.readouts_ = self.readouts_ / np.where(spread > 0, spread, 1)
        self.patterns_ = within @ self.readouts_
        # scikit-learn's scalings whiten; with shrinkage its first K - 1 do not quite hold all that classes differ in.
        whitened = (self.model_.means_ - self.mean_) @ self.model_.scalings_
        _, size, basis = np.linalg.svd(whitened - whitened.mean(axis=0), full_matrices=False)
        self.metric_ = self.model_.scalings_ @ basis[size > 1e-9 * size.max()].T
        return self

    def predict(self, codes: FloatArray) -> list[str]:
        """Return the most probable class of each code [N, d]."""
        return [str(name) for name in self.model_.predict(np.asarray(codes, dtype=np.float64))]

    def posteriors(self, codes: FloatArray) -> FloatArray:
        """Return the probability of each class, in the order of `classes_`, given each code [N, d]: [N, K]."""
        return np.asarray(self.model_.predict_proba(np.asarray(codes, dtype=np.float64)))

    def coordinates(self, codes: FloatArray) -> FloatArray:
        """Return coordinates whose Euclidean distance is the one that predictions rest on: [N, min(K - 1, d)].

        It is the Mahalanobis distance with the (shrunken) within-class covariance, in the space that the class means
        span. Outside this space a code is as far from one class mean as from another, so the posterior of class k is
        proportional to prior_k exp(-distance(code, mean_k)^2 / 2) (Hastie et al. 2009, section 4.3.3).
        """
        return (np.asarray(codes, dtype=np.float64) - self.mean_) @ self.metric_

    def transform(self, codes: FloatArray, components: int = 3) -> FloatArray:
        """Return the scores on the first axes, in within-class standard deviations: [N, min(components, K - 1)]."""
        return (np.asarray(codes, dtype=np.float64) - self.mean_) @ self.readouts_[:, :components]

    def _fitted(self, shrinkage: str, X: FloatArray, y: FloatArray) -> LinearDiscriminantAnalysis:
        """Return scikit-learn's LDA fitted; InputError where the codes do not allow one."""
        names, counts = np.unique(y, return_counts=True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a class of one image, or a division by a spread of nothing
                model = self._model(shrinkage, len(names)).fit(X, y)
        except np.linalg.LinAlgError:
            raise InputError(
                f"LDA needs codes that vary within classes, got {counted(len(y), 'image')} of "
                f"{counted(len(names), 'class', 'classes')} (the smallest "
                f"has {counts.min()}), whose covariance cannot be inverted; give more images a class or merge classes"
            ) from None
        if not model.scalings_.shape[1]:
            raise InputError(f"LDA needs classes whose mean codes differ, got the same for {listed(names)}")
        return model

    def _model(self, shrinkage: str, n_classes: int) -> LinearDiscriminantAnalysis:
        priors = np.full(n_classes, 1 / n_classes) if self.priors == "uniform" else None
        if shrinkage == "none":
            return LinearDiscriminantAnalysis(solver="svd", priors=priors)
        return LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto", priors=priors)

    def _choose(self, X: FloatArray, y: FloatArray, groups: FloatArray) -> Shrinkage:
        """Return the better way by grouped cross-validation; shrinkage where scans are few or a fold lacks a class."""
        if len(X) < LEAST_SCANS_A_DIMENSION * X.shape[1]:
            return "auto"
        people_of_rarest = min(len(np.unique(groups[y == name])) for name in np.unique(y))
        folds = min(FOLDS, len(np.unique(groups)), max(2, people_of_rarest))
        if folds < 2:
            return "auto"
        # Where everybody has one scan every split keeps people apart, and need not take seconds to find.
        kind = StratifiedKFold if len(np.unique(groups)) == len(groups) else StratifiedGroupKFold
        splitter = kind(n_splits=folds, shuffle=True, random_state=self.seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            splits = [
                (train, test)
                for train, test in splitter.split(X, y, groups)
                if set(y[test]) and set(y[train]) == set(y) and len(train) > len(set(y))
            ]
        if not splits:
            return "auto"
        scorer = get_scorer("balanced_accuracy" if self.priors == "uniform" else "accuracy")
        for name in ("none", "auto"):
            try:
                fitted = [(self._fitted(name, X[train], y[train]), test) for train, test in splits]
            except InputError:  # some fold has too little to learn from
                self.validation_accuracy_.clear()
                return "auto"
            self.validation_accuracy_[name] = float(
                np.mean([scorer(model, X[test], y[test]) for model, test in fitted])
            )
        return "none" if self.validation_accuracy_["none"] > self.validation_accuracy_["auto"] else "auto"


def well_peopled(labels: Sequence[str], participants: Sequence[str]) -> BoolArray:
    """Say of each scan whether its class has at least LEAST_PEOPLE people among these scans: bool [N]."""
    y, groups = np.asarray(labels, str), np.asarray(participants, str)
    enough = [name for name in np.unique(y) if len(np.unique(groups[y == name])) >= LEAST_PEOPLE]
    return np.isin(y, enough)


def listed(names: Iterable[str], most: int = 6) -> str:
    """Name classes in a message, of many the first ones and how many more there are."""
    known = [str(name) for name in names]
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more
