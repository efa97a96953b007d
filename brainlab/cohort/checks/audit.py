"""What a cohort is made of, and whether its classes can be told apart without looking at a brain.

The FLAIR IntroVAE paper found that its classes were scanned with different echo times, repetition times and bandwidths
(figure 11) and could not say whether its classifier used that. The confound score is the answer for any cohort.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from brainlab.cohort.classes import spellings
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.scan_table import ACQUISITION_COLUMNS, UNLABELLED
from brainlab.files.delimited import in_words
from brainlab.images.laplacian import laplacian_variance
from brainlab.types import Float32Array

FOLDS = 5
LEAST_PARTICIPANTS = 2
"""A class with fewer people cannot be on both sides of a fold."""
CHUNK = 128


@dataclass(frozen=True)
class Confound:
    """How well acquisition tells the classes apart.

    score: balanced accuracy of the class predicted from acquisition metadata alone, cross-validated with no participant
    in two folds. chance: 1 / number of classes. columns: what it was predicted from; without any, score is chance.
    """

    score: float
    chance: float
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Audit:
    """A cohort's description.

    classes: one row a class: participants, scans, age_mean, age_sd, women, men, test_participants, test_scans.
    mean_image: float32 [X, Y, Z], the mean of all scans, in [0, 1].
    mean_image_sharpness, scan_sharpness: variance of the Laplacian of the mean image, and its mean over scans, with
    values of 0 to 255 as wherever sharpness is written; the better the scans are co-registered, the closer the first
    comes to the second.
    acquisition: rows with `class` and the acquisition columns, one a scan, for the distributions.
    confound: None where it cannot be told; `warnings` then says why.
    """

    classes: pd.DataFrame
    mean_image: Float32Array
    mean_image_sharpness: float
    scan_sharpness: float
    acquisition: pd.DataFrame
    confound: Confound | None
    warnings: tuple[str, ...]


def audit(dataset: PreparedDataset) -> Audit:
    """Describe a prepared dataset."""
    scans = dataset.scans
    warnings = [f"no test participant in class {name}" for name in _classes_without_test(scans)]
    for group in spellings(scans["class"].dropna()):
        warnings.append(f"classes {in_words([repr(name) for name in group])} differ only in case or spaces")
    confound: Confound | None = None
    reason = _untellable(scans)
    if reason is None:
        confound = confound_score(scans)
        if not confound.columns:
            warnings.append("no acquisition parameter differs between scans, so none can predict the class")
    else:
        warnings.append(f"no confound score: {reason}")
    mean, scan_sharpness = mean_image(dataset)
    return Audit(
        classes=class_table(scans),
        mean_image=mean,
        mean_image_sharpness=float(laplacian_variance([mean])[0]),
        scan_sharpness=scan_sharpness,
        acquisition=scans[["class", *ACQUISITION_COLUMNS]].copy(),
        confound=confound,
        warnings=tuple(warnings),
    )


def class_table(scans: pd.DataFrame) -> pd.DataFrame:
    """Return participants, scans, age and sex by class, as the FLAIR paper's table 1.

    Ages are over scans, as there; women, men and test_participants are people.
    """
    rows = []
    for name, group in scans.fillna({"class": UNLABELLED}).groupby("class", sort=False):
        people = group.drop_duplicates("participant")
        ages = pd.to_numeric(group["age_years"], errors="coerce")
        rows.append(
            {
                "class": str(name),
                "participants": len(people),
                "scans": len(group),
                "age_mean": float(ages.mean()),
                "age_sd": float(ages.std()),
                "women": int((people["sex"] == "F").sum()),
                "men": int((people["sex"] == "M").sum()),
                "test_participants": int((people["split"] == "test").sum()),
                "test_scans": int((group["split"] == "test").sum()),
            }
        )
    return pd.DataFrame(rows).set_index("class")


def confound_score(scans: pd.DataFrame) -> Confound:
    """Predict the class from acquisition metadata alone, in folds that keep each participant on one side.

    A random forest, since scanners are clusters of settings rather than directions; missing values are marked as such,
    since a class whose sidecars are missing is a confound too. Columns that never differ and scans without a class are
    left out.
    """
    scans = scans.dropna(subset="class")
    labels = scans["class"].astype(str).to_numpy()
    values = scans[list(ACQUISITION_COLUMNS)].apply(pd.to_numeric, errors="coerce")
    columns = tuple(name for name in ACQUISITION_COLUMNS if values[name].nunique(dropna=False) > 1)
    chance = 1 / len(set(labels))
    if not columns:
        return Confound(chance, chance, ())
    groups = scans["participant"].astype(str).to_numpy()
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        RandomForestClassifier(n_estimators=200, min_samples_leaf=3, class_weight="balanced", random_state=0),
    )
    folds = GroupKFold(n_splits=min(FOLDS, len(set(groups))), shuffle=True, random_state=0)
    predicted = cross_val_predict(model, values[list(columns)].to_numpy(), labels, groups=groups, cv=folds)
    return Confound(float(balanced_accuracy_score(labels, predicted)), chance, columns)


def mean_image(dataset: PreparedDataset) -> tuple[Float32Array, float]:
    """Return the mean image [X, Y, Z] in [0, 1] and the mean sharpness of the scans, which are read in pieces."""
    total = np.zeros(dataset.shape, dtype=np.float64)
    sharp = 0.0
    for start in range(0, len(dataset), CHUNK):
        batch = dataset.batch(np.arange(start, min(start + CHUNK, len(dataset))))[:, 0]
        total += batch.sum(axis=0, dtype=np.float64)
        sharp += float(laplacian_variance(batch).sum())
    return (total / len(dataset)).astype(np.float32), sharp / len(dataset)


def _classes_without_test(scans: pd.DataFrame) -> list[str]:
    return [str(name) for name, group in scans.groupby("class", sort=False) if not (group["split"] == "test").any()]


def _untellable(scans: pd.DataFrame) -> str | None:
    """Return why no confound score can be had, or None."""
    people = scans.groupby("class")["participant"].nunique()
    if len(people) < 2:
        return "two classes or more are needed"
    small = [str(name) for name, count in people.items() if count < LEAST_PARTICIPANTS]
    if small:
        return f"class {', '.join(small)} has fewer than {LEAST_PARTICIPANTS} participants"
    return None
