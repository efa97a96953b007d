"""What can be walked along in a run's latent space, learnt from a cohort."""

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.latent import covariates, dimensions, directions
from brainlab.latent.density import LatentGaussian
from brainlab.latent.directions import Direction
from brainlab.latent.discriminant import LatentDiscriminant, well_peopled
from brainlab.latent.encoding import Encoding, class_means
from brainlab.latent.published import NAMED_DIMENSIONS
from brainlab.runs.encodings import Watch, encode_dataset
from brainlab.runs.run import Run
from brainlab.types import Float32Array, FloatArray, IntArray

COVARIATES = {"age_years": "years", "ventricle_volume_ml": "ml", "mean_intensity": "of full scale"}
"""Covariates that codes are regressed on, with their units."""


@dataclass(frozen=True)
class LatentSpace:
    """What the latent explorer offers for one run and one cohort.

    encoding: all scans' posteriors, labels: their classes, empty where unknown; both in the dataset's order.
    rows: the scans that everything else was learnt from.
    table: `dimensions.dimension_table`, best separators of the classes first.
    named: the run's own counterparts of the paper's two named dimensions, name to {dimension, r, covariate}.
    axes: discriminant, principal and covariate directions. means: class to its mean code [d].
    gaussian: fitted to the codes, for samples and for the distance of a code from them.
    """

    encoding: Encoding
    labels: list[str]
    rows: IntArray
    table: pd.DataFrame
    named: dict[str, dict[str, Any]]
    axes: list[Direction]
    means: dict[str, Float32Array]
    gaussian: LatentGaussian

    def dimension(self, index: int) -> Direction:
        """Return one dimension as a direction; InputError when it does not exist."""
        return directions.dimension(self.encoding.mean[self.rows], index)


def latent_directions(run: Run, dataset: PreparedDataset, watch: Watch | None = None) -> LatentSpace:
    """Describe a run's latent space by a cohort: which dimensions matter, how they are named, where one can walk.

    Learnt from the labelled scans of the training split; from all scans where there are fewer than two such.
    Raises InputError when the run cannot encode the scans.
    """
    dataset = run.see(dataset)
    encoding = encode_dataset(run, dataset, watch)
    labels = dataset.scans["class"].fillna("").astype(str).tolist()
    rows = np.array([i for i in dataset.indices("train") if labels[i]], dtype=int)
    if len(rows) < 2:
        rows = dataset.indices()
    names = [labels[i] for i in rows]
    people = dataset.scans["participant"].iloc[rows].astype(str).tolist()
    codes = encoding.mean[rows]
    measured = scan_covariates(dataset, rows)
    table = dimensions.dimension_table(encoding.rows(rows), names, measured)
    axes = [*_discriminant_axes(codes, names, people), *directions.principal_axes(codes)]
    for name, values in measured.items():
        with contextlib.suppress(InputError):  # known of too few, or nothing changes with it
            axes.append(directions.covariate(codes, values, name, COVARIATES[name]))
    return LatentSpace(
        encoding=encoding,
        labels=labels,
        rows=rows,
        table=table,
        named=_named(table),
        axes=axes,
        means={name: code for name, code in class_means(codes, names).items() if name},
        gaussian=LatentGaussian().fit(codes, people),
    )


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
        if f"r_{covariate}" in table:
            index, r = dimensions.counterpart(table, covariate)
            found[str(published["name"])] = {"dimension": index, "r": r, "covariate": covariate}
    return found
