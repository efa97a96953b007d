"""What can be walked along in a run's latent space, learnt from a cohort."""

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.latent import covariates, dimensions, directions
from brainlab.latent.classification.discriminant import LatentDiscriminant, well_peopled
from brainlab.latent.density import LatentGaussian
from brainlab.latent.directions import Direction
from brainlab.latent.encoding import Encoding, class_means
from brainlab.latent.published import NAMED_DIMENSIONS
from brainlab.runs.encodings import encode_dataset
from brainlab.runs.run import Run
from brainlab.runs.training_codes import TrainingCodes, read_training_codes
from brainlab.types import BoolArray, Float32Array, FloatArray, IntArray, Watch

COVARIATES = {"age_years": "years", "ventricle_volume_ml": "ml", "mean_intensity": "of full scale"}
"""Covariates that codes are regressed on, with their units."""


@dataclass(frozen=True)
class LatentSpace:
    """What the latent explorer offers for one run and one cohort.

    encoding: all scans' posteriors, labels: their classes, empty where unknown; both in the dataset's order.
    people, people_labels: posteriors and classes of the scans that everything else was learnt from: the people the run
    keeps the codes of, or the dataset's own training scans. rows: those of the dataset among them.
    table: `dimensions.dimension_table`, best separators of the classes first.
    named: the run's own counterparts of the paper's two named dimensions, name to {dimension, r, covariate}.
    axes: discriminant, principal and covariate directions. means: class to its mean code [d].
    gaussian: fitted to the codes, for samples and for the distance of a code from them.
    """

    encoding: Encoding
    labels: list[str]
    people: Encoding
    people_labels: list[str]
    rows: IntArray
    table: pd.DataFrame
    named: dict[str, dict[str, Any]]
    axes: list[Direction]
    means: dict[str, Float32Array]
    gaussian: LatentGaussian

    def dimension(self, index: int) -> Direction:
        """Return one dimension as a direction; InputError when it does not exist."""
        return directions.dimension(self.people.mean, index)

    def everyone(self) -> tuple[Float32Array, list[str], BoolArray]:
        """Return codes [N, d], classes and whether they were learnt from, of the people and the dataset's others."""
        others = np.setdiff1d(np.arange(len(self.labels)), self.rows)
        codes = np.concatenate([self.people.mean, self.encoding.mean[others]])
        labels = [*self.people_labels, *(self.labels[row] for row in others)]
        return codes, labels, np.arange(len(codes)) < len(self.people)


def latent_directions(run: Run, dataset: PreparedDataset, watch: Watch | None = None) -> LatentSpace:
    """Describe a run's latent space by a cohort: which dimensions matter, how they are named, where one can walk.

    Learnt from the people whose codes the run keeps (`runs.training_codes`); without them from the labelled scans of
    the dataset's training split; from all scans where there are fewer than two such.
    Raises InputError when the run cannot encode the scans.
    """
    dataset = run.see(dataset)
    encoding = encode_dataset(run, dataset, watch)
    labels = dataset.scans["class"].fillna("").astype(str).tolist()
    known = _labelled_people(read_training_codes(run))
    if known is not None:
        rows, known_encoding, scans = np.array([], dtype=int), known.encoding, known.scans
        measured = {name: scans[name].to_numpy(float) for name in COVARIATES if name in scans}
    else:
        rows = np.array([i for i in dataset.indices("train") if labels[i]], dtype=int)
        rows = rows if len(rows) >= 2 else dataset.indices()
        known_encoding, scans = encoding.rows(rows), dataset.scans.iloc[rows]
        measured = scan_covariates(dataset, rows)
    names = scans["class"].fillna("").astype(str).tolist()
    people = scans["participant"].astype(str).tolist()
    codes = known_encoding.mean
    table = dimensions.dimension_table(known_encoding, names, measured)
    axes = [*_discriminant_axes(codes, names, people), *directions.principal_axes(codes)]
    for name, values in measured.items():
        with contextlib.suppress(InputError):  # known of too few, or nothing changes with it
            axes.append(directions.covariate(codes, values, name, COVARIATES[name]))
    return LatentSpace(
        encoding=encoding,
        labels=labels,
        people=known_encoding,
        people_labels=names,
        rows=rows,
        table=table,
        named=_named(table),
        axes=axes,
        means={name: code for name, code in class_means(codes, names).items() if name},
        gaussian=LatentGaussian().fit(codes, people),
    )


def _labelled_people(known: TrainingCodes | None) -> TrainingCodes | None:
    """Leave out people without a class; None where fewer than two have one."""
    if known is None:
        return None
    rows = np.flatnonzero(known.scans["class"].notna().to_numpy())
    return known.rows(rows) if len(rows) >= 2 else None


def _discriminant_axes(codes: FloatArray, names: list[str], people: list[str]) -> list[Direction]:
    """Return the axes of an LDA on the classes of several people; none where these codes do not allow one."""
    peopled = well_peopled(names, people) & (np.asarray(names) != "")
    labels, persons = (np.asarray(part)[peopled].tolist() for part in (names, people))
    try:
        return directions.discriminant_axes(LatentDiscriminant().fit(codes[peopled], labels, persons), codes)
    except InputError:
        return []


def scan_covariates(dataset: PreparedDataset, rows: IntArray) -> dict[str, FloatArray]:
    """Return what dimensions are named by, for the scans at `rows`: age, ventricle volume and mean intensity, each [n].

    Ventricle volume is the table's where it has it (a simulated cohort's truth), else the dark core of the volume. What
    is not known of a scan is NaN; what is not known of any is left out.
    """
    scans, volumes = dataset.scans.iloc[rows], dataset.volumes[rows]
    found = {
        name: pd.to_numeric(scans[name], errors="coerce").to_numpy(float)
        for name in ("age_years", "ventricle_volume_ml")
        if name in scans
    }
    if "ventricle_volume_ml" not in found and len(dataset.shape) == 3:
        found["ventricle_volume_ml"] = covariates.dark_core_ml(volumes, dataset.affine)
    return {**found, "mean_intensity": covariates.mean_intensity(volumes)}


def _named(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Find the run's own counterparts of the paper's dimensions 175 and 76."""
    found = {}
    for published in NAMED_DIMENSIONS.values():
        covariate = str(published["covariate"])
        if f"r_{covariate}" in table and (own := dimensions.counterpart(table, covariate)):
            index, r = own
            found[str(published["name"])] = {"dimension": index, "r": r, "covariate": covariate}
    return found
