"""Myelin of the lesions of one visit: true PET beside synthesised PET, and where the two agree (Wei, section 4.3.4)."""

from dataclasses import dataclass

from brainlab.errors import InputError
from brainlab.experiments.myelin.visits import PetVisits, Visit
from brainlab.myelin.indices import Index, mean_index
from brainlab.myelin.normal_myelin import NormalMyelin
from brainlab.myelin.overlap import agreement_map, dice
from brainlab.types import Float32Array, UInt8Array


@dataclass(frozen=True)
class LesionMyelin:
    """What two PET images of one visit say of its lesions.

    agreement: [X, Y, Z], numbers of `AGREEMENT`.  dvr, demyelinated: of true and of synthesised PET: mean DVR of the
    lesions, and the share of their voxels that is demyelinated.  overlap: Dice of the demyelinated voxels.
    """

    agreement: UInt8Array
    dvr: tuple[Index, Index]
    demyelinated: tuple[Index, Index]
    overlap: Index


def compare_lesions(
    cohort: PetVisits, normal: NormalMyelin, row: int, synthesised: Float32Array
) -> LesionMyelin | None:
    """Compare a synthesised DVR with the true one in the lesions of a row; None where it has no lesion.

    Both are judged by the thresholds of the controls' true PET.  synthesised: DVR [X, Y, Z] on the dataset's grid.
    Raises InputError where the grids differ.
    """
    visit = _visit(cohort, row)
    if synthesised.shape != cohort.dataset.shape:
        raise InputError(f"{visit.name}: needs synthesised PET of {cohort.dataset.shape}, got {synthesised.shape}")
    labels = cohort.labels(visit)
    lesion = labels.lesion
    if not lesion.any():
        return None
    images = (cohort.dvr(visit), synthesised)
    true, made = (normal.demyelinated(image, labels.distance_mm, lesion) for image in images)
    first, second = (mean_index(image[lesion], "undefined: no lesion voxel") for image in images)
    load = int(lesion.sum())
    shares = (Index(int(true.sum()) / load, load), Index(int(made.sum()) / load, load))
    return LesionMyelin(agreement_map(lesion, true, made), (first, second), shares, dice(true, made))


def _visit(cohort: PetVisits, row: int) -> Visit:
    return next(visit for visits in cohort.people().values() for visit in visits if visit.row == row)
