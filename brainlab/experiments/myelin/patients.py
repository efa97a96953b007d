"""Myelin of one patient between two visits, from true PET and, where it is at hand, from synthesised PET."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainlab.errors import InputError
from brainlab.experiments.myelin.alignment import Alignment, align
from brainlab.experiments.myelin.synthesised import SynthesisedImages
from brainlab.experiments.myelin.visits import Labels, PetVisits, Visit
from brainlab.myelin.indices import Index, MyelinMaps, mean_index
from brainlab.myelin.normal_myelin import NormalMyelin
from brainlab.myelin.overlap import dice
from brainlab.types import Float32Array, FloatArray

REGIONS = {
    "lesion_dvr_t0": "mean DVR of the lesions at baseline",
    "white_dvr_t0": "mean DVR of normal-appearing white matter at baseline",
}
"""What is compared by region besides the indices."""
Track = Callable[[Iterable[Any], str, int], Iterable[Any]]
MAPS = ("t0", "t1", "demyelinating", "remyelinating")
"""Maps of which Dice is taken: two static, two dynamic."""


def untracked(items: Iterable[Any], name: str, count: int) -> Iterable[Any]:
    """Return items as they are, without telling anybody how far they are."""
    return items


@dataclass(frozen=True)
class Patient:
    """Results of one person. `true` and `synthesised` hold INDICES and REGIONS by name; `dice` holds MAPS."""

    first: Visit
    last: Visit
    lesion_load_ml: float
    true: dict[str, Index]
    synthesised: dict[str, Index] | None
    dice: dict[str, Index] | None
    alignment: Alignment


def learn_normal_myelin(cohort: PetVisits, class_name: str = "healthy", track: Track = untracked) -> NormalMyelin:
    """Learn normal myelin from the first visit of each person of a class.

    Raises InputError where there are none, and where their white matter is too little.
    """
    people = cohort.people()
    healthy = [visits[0] for visits in people.values() if visits[0].class_name == class_name]
    if not healthy:
        classes = sorted({str(visits[0].class_name) for visits in people.values()})
        raise InputError(
            f"{cohort.dataset.folder}: needs people of class {class_name} as controls, got {', '.join(classes)}; name "
            "theirs with --controls"
        )
    return NormalMyelin().fit(controls_of(cohort, track(healthy, "controls", len(healthy))))


def controls_of(cohort: PetVisits, visits: Iterable[Visit]) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield DVR and distance from fluid of each control's white matter voxels."""
    for visit in visits:
        labels = cohort.labels(visit)
        yield cohort.dvr(visit)[labels.white], labels.distance_mm[labels.white]


def measure_patient(
    cohort: PetVisits, normal: NormalMyelin, first: Visit, last: Visit, synthesised: SynthesisedImages | None
) -> Patient | None:
    """Judge the lesion voxels of the first visit at both visits, each on its own grid by its own distances from fluid.

    Synthesised images are judged by the same thresholds, those of the controls' true PET. None where the first visit
    has no lesion. Raises RegistrationError where the visits cannot be brought onto one another.
    """
    before = cohort.labels(first)
    if not before.lesion.any():
        return None
    after = cohort.labels(last)
    alignment = align(cohort, first, last, before, after)
    pair = (cohort.dvr(first), cohort.dvr(last))
    maps, true = judged(normal, before, after, pair, alignment)
    made, overlaps = None, None
    if synthesised is not None:
        pair = (synthesised.dvr(first, cohort), synthesised.dvr(last, cohort))
        again, made = judged(normal, before, after, pair, alignment)
        overlaps = {name: dice(getattr(maps, name), getattr(again, name)) for name in MAPS}
    load_ml = int(before.lesion.sum()) * cohort.voxel_ml
    return Patient(first, last, load_ml, true, made, overlaps, alignment)


def judged(
    normal: NormalMyelin,
    before: Labels,
    after: Labels,
    pair: tuple[Float32Array, Float32Array],
    alignment: Alignment,
) -> tuple[MyelinMaps, dict[str, Index]]:
    """Return the maps of one kind of PET, and its indices and regional means.

    before, after: labels of the two visits.  pair: DVR of the two visits.
    """
    dvr, later = pair
    lesion = before.lesion
    everywhere = np.ones(later.shape, bool)
    maps = MyelinMaps.within(
        lesion,
        normal.demyelinated(dvr, before.distance_mm, lesion),
        alignment.carried(normal.demyelinated(later, after.distance_mm, everywhere)),
    )
    regions = {
        "lesion_dvr_t0": mean_index(dvr[lesion], "undefined: no lesion voxel at baseline"),
        "white_dvr_t0": mean_index(dvr[before.white], "undefined: no white matter voxel at baseline"),
    }
    return maps, maps.indices() | regions


def values_of(indices: dict[str, Index] | None, name: str) -> float:
    """Return the value of an index, NaN where there is none."""
    value = None if indices is None else indices[name].value
    return np.nan if value is None else value
