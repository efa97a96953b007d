"""What translating runs make of visits, of cohorts or uploaded: each made once, and shown as several images."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple

import numpy as np

from app.data import resources
from app.data.uploaded_visits import UploadedScans
from app.data.volumes import Scan, version
from brainlab.cohort.intensity import QUANTITIES, Z_WINDOW, is_quantity, sequence_key
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import places_of
from brainlab.errors import InputError
from brainlab.experiments.myelin.lesions_of_visit import LesionMyelin, compare_lesions
from brainlab.experiments.myelin.patients import learn_normal_myelin
from brainlab.experiments.myelin.visits import PetVisits
from brainlab.experiments.synthesis.measure import measure_image
from brainlab.experiments.synthesis.patchwise import numbers_of_target, shown_by, to_intensities, translate
from brainlab.experiments.synthesis.saliency import Of, has_target, saliency
from brainlab.experiments.synthesis.whole_scans import recipe_of_inputs, refuse_other_scans
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes, windowed
from brainlab.images.provenance import Provenance
from brainlab.images.volume import Volume
from brainlab.myelin.normal_myelin import NormalMyelin
from brainlab.runs.image_provenance import made_by, translated_by
from brainlab.runs.run import Run
from brainlab.types import BoolArray, Float32Array, UInt8Array

KEPT = 4
"""Visits whose images stay in memory: 20 MB each, of two inputs of 208x256x40 voxels."""
BRIGHTEST_PERCENT = 99.5
"""Percentile of the saliency of all inputs that has full colour: a few voxels have many times as much."""


@dataclass(frozen=True)
class CohortVisit:
    """A row of a prepared dataset for one run."""

    run: str
    cohort: str
    row: int


Visit = CohortVisit | UploadedScans


class Unit(NamedTuple):
    """What differences are told in: so many of `name` are one z-score."""

    name: str
    per_sd: float


@dataclass(frozen=True)
class _OfVisit:
    """An image of a visit that a run translates."""

    visit: Visit
    needs_model: ClassVar[bool] = True

    @property
    def grid(self) -> Grid:
        return grid_of(self.visit)


@dataclass(frozen=True)
class Synthesised(_OfVisit):
    """What a run makes of a visit."""

    @property
    def provenance(self) -> Provenance:
        run = resources.run(self.visit.run)
        return translated_by(run, recipe_name(self.visit))

    def array(self) -> UInt8Array:
        return windowed(made(self.visit), *Z_WINDOW)


@dataclass(frozen=True)
class OwnInput(_OfVisit):
    """One of the sequences that were uploaded, as the run reads it."""

    visit: UploadedScans
    place: int
    needs_model: ClassVar[bool] = False

    @property
    def provenance(self) -> Provenance:
        return self.visit.own.origins[self.place]

    def array(self) -> UInt8Array:
        return windowed(self.visit.own.translated.inputs[self.place], *Z_WINDOW)


@dataclass(frozen=True)
class TargetDifference(_OfVisit):
    """Synthesised less true target in the brain, from -limit to limit (z-scores), 0 at 128."""

    visit: CohortVisit
    limit: float

    @property
    def provenance(self) -> Provenance:
        first, second = Synthesised(self.visit).provenance, true_target(self.visit).provenance
        settings = {"first": first.as_json(), "second": second.as_json()}
        return Provenance(kind="difference", settings=settings)

    def array(self) -> UInt8Array:
        change = np.where(brain(self.visit), made(self.visit) - truth(self.visit), np.float32(0))
        return np.rint(128 + 127 * np.clip(change / np.float32(self.limit), -1, 1)).astype(np.uint8)


@dataclass(frozen=True)
class SaliencyMap(_OfVisit):
    """Saliency of one input in the brain, over the range that all inputs of the visit share."""

    place: int

    @property
    def provenance(self) -> Provenance:
        run = resources.run(self.visit.run)
        told = {"input": run.config.inputs[self.place], "target": run.config.target, "of": saliency_maps(self.visit).of}
        return made_by(run, "saliency", settings={**told, "recipe": recipe_name(self.visit)})

    def array(self) -> UInt8Array:
        return saliency_maps(self.visit).maps[self.place]


@dataclass(frozen=True)
class AgreementMap(_OfVisit):
    """Which of true and synthesised PET calls a lesion voxel demyelinated, as the numbers of `AGREEMENT`."""

    visit: CohortVisit

    @property
    def provenance(self) -> Provenance:
        return TargetDifference(self.visit, 1.0).provenance

    def array(self) -> UInt8Array:
        found = lesion_myelin(self.visit)
        return np.zeros(self.grid.shape, np.uint8) if found is None else found.agreement


@dataclass(frozen=True)
class SaliencyMaps:
    """Saliency of a visit's inputs as bytes [C, X, Y, Z], what it is of, and what each contributes, as `Saliency`."""

    maps: UInt8Array
    of: Of
    contributions: tuple[float, ...] | None


def inputs_of(visit: Visit) -> list[Scan | OwnInput]:
    """Return the images of the run's inputs, in order."""
    run = resources.run(visit.run)
    if isinstance(visit, UploadedScans):
        return [OwnInput(visit, place) for place in range(len(run.config.inputs))]
    places = places_of(run.config.inputs, resources.cohort(visit.cohort))
    return [Scan(visit.cohort, visit.row, place) for place in places]


def true_target(visit: CohortVisit) -> Scan:
    """Return the image of the true target. Raises InputError where the cohort has none."""
    (place,) = places_of([resources.run(visit.run).config.target], resources.cohort(visit.cohort))
    return Scan(visit.cohort, visit.row, place)


def truth(visit: CohortVisit) -> Float32Array:
    """Return the true target as z-scores [X, Y, Z]."""
    source = true_target(visit)
    return resources.cohort(visit.cohort).batch(np.array([visit.row]))[0, source.channel]


def knows_truth(visit: Visit) -> bool:
    """Whether the true target is there."""
    return isinstance(visit, CohortVisit) and has_target(resources.run(visit.run), resources.cohort(visit.cohort))


def grid_of(visit: Visit) -> Grid:
    """Return the grid that all images of a visit lie on."""
    return visit.own.translated.grid if isinstance(visit, UploadedScans) else resources.cohort(visit.cohort).grid


def recipe_name(visit: Visit) -> str:
    """Return the name of the recipe by which a visit's scans were prepared."""
    if isinstance(visit, UploadedScans):
        return recipe_of_inputs(resources.run(visit.run)).name
    return str(resources.cohort(visit.cohort).recipe["name"])


def translatable(run: Run) -> dict[str, PreparedDataset]:
    """Cohorts that hold all inputs of a run as z-scores of volumes, by name; those with its target first."""
    found = {}
    for name, data in resources.cohorts().items():
        try:
            refuse_other_scans(run, data)
        except InputError:
            continue
        if data.grid.plane is None:
            found[name] = data
    return dict(sorted(found.items(), key=lambda item: not has_target(run, item[1])))


def brain(visit: Visit) -> BoolArray:
    """Return where colours are shown and contributions counted, [X, Y, Z]: the brain, or where an input shows anything.

    By the segmentation where the cohort has one.
    """
    if isinstance(visit, UploadedScans):
        return shown_by(visit.own.translated.inputs)
    run, data = resources.run(visit.run), resources.cohort(visit.cohort)
    if data.segmentations is not None:
        return np.asarray(data.segmentations[visit.row]) > 0
    return shown_by(_inputs(run, data, visit.row))


def made(visit: Visit) -> Float32Array:
    """Return what a visit's run makes of it, as z-scores [X, Y, Z]."""
    if isinstance(visit, UploadedScans):
        return visit.own.translated.made
    return _made(visit, version(visit))


def volume(visit: Visit) -> Volume:
    """Return what a run makes of a visit in intensities, as `brainlab translate` writes it.

    Of uploaded scans on the voxels of the first, of a cohort on its grid.
    """
    if isinstance(visit, UploadedScans):
        return visit.own.translated.volume
    return Volume(to_intensities(resources.run(visit.run), made(visit)), grid_of(visit).affine)


def saliency_maps(visit: Visit) -> SaliencyMaps:
    """Return the saliency of a visit's inputs: of the error where the truth is known, else of the output."""
    return _saliency(visit, version(visit))


def measures(visit: CohortVisit) -> dict[str, float | None]:
    """Return how what was made compares with the true target, see `measure_image`."""
    return dict(_measures(visit, version(visit)))


def lesion_myelin(visit: CohortVisit) -> LesionMyelin | None:
    """Return what true and synthesised PET say of a visit's lesions; None where it has none.

    Raises InputError where the cohort has no DVR, no segmentations or no healthy controls.
    """
    return _lesion_myelin(visit, version(visit))


def unit_of(run: Run) -> Unit:
    """Return the unit of a run's target: its own where the sequence is a quantity, else standard deviations."""
    target = run.config.target
    if is_quantity(target) or sequence_key(target) in map(sequence_key, QUANTITIES):
        return Unit(target.removesuffix("map"), numbers_of_target(run)[1])
    return Unit("SD", 1.0)


@lru_cache(maxsize=KEPT)
def _made(visit: CohortVisit, known: str) -> Float32Array:
    run = resources.run(visit.run)
    return translate(run, _inputs(run, resources.cohort(visit.cohort), visit.row))


def _inputs(run: Run, data: PreparedDataset, row: int) -> Float32Array:
    """Return the run's inputs of a row as z-scores [C, X, Y, Z]."""
    return data.batch(np.array([row]))[0, places_of(run.config.inputs, data)]


@lru_cache(maxsize=KEPT)
def _saliency(visit: Visit, known: str) -> SaliencyMaps:
    run, inside = resources.run(visit.run), brain(visit)
    if isinstance(visit, UploadedScans):
        found = saliency(run, visit.own.translated.inputs, mask=inside)
    else:
        true = truth(visit) if knows_truth(visit) else None
        found = saliency(run, _inputs(run, resources.cohort(visit.cohort), visit.row), true, inside)
    shown = found.maps * inside
    highest = float(np.percentile(shown[:, inside], BRIGHTEST_PERCENT)) if inside.any() else 0.0
    highest = highest or float(shown.max()) or 1.0
    return SaliencyMaps(to_bytes(shown / np.float32(highest)), found.of, found.contributions)


@lru_cache(maxsize=KEPT)
def _lesion_myelin(visit: CohortVisit, known: str) -> LesionMyelin | None:
    data = resources.cohort(visit.cohort)
    pet, normal = _normal_myelin(visit.cohort, data.sha256)
    return compare_lesions(pet, normal, visit.row, to_intensities(resources.run(visit.run), made(visit)))


@lru_cache(maxsize=2)
def _normal_myelin(cohort: str, sha256: str) -> tuple[PetVisits, NormalMyelin]:
    pet = PetVisits.open(resources.cohort(cohort).folder)
    return pet, learn_normal_myelin(pet)


@lru_cache(maxsize=16)
def _measures(visit: CohortVisit, known: str) -> tuple[tuple[str, float | None], ...]:
    target = resources.run(visit.run).config.target
    found = measure_image(resources.cohort(visit.cohort), visit.row, target, made(visit))
    return tuple((name, value if value is None or math.isfinite(value) else None) for name, value in found.items())
