"""Realistic atlas score (slice-VAE paper, section 2.2): would a generated volume do as an atlas of a real brain?

A tissue network labels the generated volume, an affine map fits it to a real one, and the labels that are carried along
are compared with those of the real scan. The same between scans of two people is what people reach; blurred volumes are
easier to fit, and can exceed it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from brainlab.cohort.segmentations import IGNORED, numbers_among
from brainlab.errors import InputError, RegistrationError
from brainlab.evaluation.images import Images, ImageSets
from brainlab.evaluation.measurement import Measurement, Parts
from brainlab.evaluation.metrics.machine_reader import different_people_first
from brainlab.evaluation.registry import Metric
from brainlab.evaluation.volume_labels import network_settings, segmenter_of
from brainlab.measures.mean_difference import paired_difference
from brainlab.types import Float32Array, FloatArray, IntArray, UInt8Array

if TYPE_CHECKING:
    from brainlab.networks.perceptual.volume_segmenter import VolumeSegmenter

PAIRS = 40
"""A pair takes half a second at 64 x 64 x 64; the mean of 40 is known to about .01."""
NO_STRUCTURE = "lesion"
"""Labels with this word are left out: lesions lie elsewhere in each person, so that those of two never overlap."""
OWN, PREDICTED = "the scans' own segmentations", "the network's segmentations of the scans"
CAUTION = "it does not see whether volumes vary, and blurred ones are easier to fit than people are among themselves"


def structure_dice(labels: UInt8Array, target: UInt8Array, kinds: int) -> FloatArray:
    """Return 2 |A and B| / (|A| + |B|) of each label from 1 to kinds - 1; nan where the target has none of it.

    labels, target: [X, Y, Z]. Voxels where the target is IGNORED do not count.
    """
    counts = target != IGNORED
    found, wanted = labels[counts], target[counts]
    agreed, sizes, truth = (
        np.bincount(part, minlength=kinds)[1:kinds] for part in (wanted[found == wanted], found, wanted)
    )
    return np.where(truth > 0, 2 * agreed / np.maximum(sizes + truth, 1), np.nan)


def atlas_dice(
    atlas: Float32Array, scan: Float32Array, target: UInt8Array, segmenter: "VolumeSegmenter"
) -> tuple[FloatArray, bool]:
    """Return the overlap of each structure of an atlas, once fitted to a scan, with the scan's labels; whether it fits.

    Where no map can be found, the labels are compared where they lie.
    """
    from brainlab.evaluation.affine_fit import affine_fit, carried  # SimpleITK takes a while to load

    labels = segmenter.segment(atlas)
    try:
        moved = carried(labels, affine_fit(scan, atlas, segmenter.grid), segmenter.grid)
    except RegistrationError:
        return structure_dice(labels, target, len(segmenter.labels)), False
    return structure_dice(moved, target, len(segmenter.labels)), True


def _targets(sets: ImageSets, segmenter: "VolumeSegmenter") -> tuple[Callable[[int], UInt8Array], str]:
    """Return the labels of real scans by row, in the network's numbers, and whose they are."""
    own = sets.real_labels
    if own is not None and set(own.names.values()) & set(segmenter.regions):
        numbers = numbers_among(own.names, segmenter.labels)
        return lambda row: numbers[own[np.array([row])][0]], OWN
    return lambda row: segmenter.segment(_volume(sets.real, row)), PREDICTED


def _volume(images: Images, row: int) -> Float32Array:
    return images[np.array([row])][0]


def _one_scan_each(sets: ImageSets, random: np.random.Generator) -> IntArray:
    """Return rows of real scans in random order, one of each person."""
    people = np.arange(len(sets.real)).astype(str) if sets.people is None else sets.people
    return different_people_first(people, random)[: len(np.unique(people))]


def _of_generated(sets: ImageSets) -> Measurement:
    random = np.random.default_rng(sets.seed)
    scans, drawn = _one_scan_each(sets, random), random.permutation(len(sets.generated))
    n = min(PAIRS, len(scans), len(drawn))
    return _measured(sets, sets.generated, np.stack([drawn[:n], scans[:n]], axis=1), generated=True)


def _of_real(sets: ImageSets) -> Measurement:
    scans = _one_scan_each(sets, np.random.default_rng(sets.seed))
    n = min(PAIRS, len(scans) // 2)
    return _measured(sets, sets.real, np.stack([scans[n : 2 * n], scans[:n]], axis=1), generated=False)


def _measured(sets: ImageSets, atlases: Images, pairs: IntArray, *, generated: bool) -> Measurement:
    """Return the mean over pairs (row of an atlas, row of a scan), [p, 2], of the mean over structures."""
    segmenter = sets.once(segmenter_of)
    if len(pairs) < 2:
        raise InputError(f"needs two pairs of different people, got {len(pairs)}")
    target_of, reference = _targets(sets, segmenter)
    structures = np.array([NO_STRUCTURE not in name.casefold() for name in segmenter.regions])
    dice, fitted = np.full((len(pairs), len(structures)), np.nan), 0
    for place, (atlas, scan) in enumerate(pairs.tolist()):
        dice[place], fits = atlas_dice(_volume(atlases, atlas), _volume(sets.real, scan), target_of(scan), segmenter)
        fitted += fits
    dice[:, ~structures] = np.nan
    there = np.isfinite(dice)
    if not there.any(axis=1).all():
        raise InputError("needs a structure in every real scan that is compared with, got one without any")
    values = np.nansum(dice, axis=1) / there.sum(axis=1)
    named = there.any(axis=0)
    sure = paired_difference(values, np.zeros(len(values)), np.arange(len(values)), seed=sets.seed)
    settings: dict[str, Any] = {
        "unit": "pair of volumes",
        "reference": reference,
        "structures": [name for name, some in zip(segmenter.regions, named, strict=True) if some],
        "dice": np.nanmean(dice[:, named], axis=0).tolist(),
        "scans_with_structure": there.sum(axis=0)[named].tolist(),
        "left_out": [
            f"{name}: {'in no scan compared with' if structure else 'lies elsewhere in each person'}"
            for name, some, structure in zip(segmenter.regions, named, structures, strict=True)
            if not some
        ],
        "pairs_without_fit": len(pairs) - fitted,
        **network_settings(sets),
    }
    if sure.reason is not None:
        settings["no_interval"] = sure.reason
    parts = Parts(values, "generated" if generated else "real", pairs[:, 0])
    sd = float(values.std(ddof=1))
    return Measurement(float(values.mean()), sd, len(values), settings, sure.low, sure.high, parts)


SETTINGS = {"pairs": PAIRS, "registration": "affine, Mattes mutual information", "interval": "95%, pairs resampled"}

METRICS = (
    Metric(
        name="ras",
        title="Realistic atlas score",
        definition="Dice overlap, mean over structures, of generated volumes that are labelled by a tissue network and "
        "fitted to held-out scans by an affine map, with the labels of these: the scans' own where the dataset has "
        f"segmentations, the network's elsewhere. {PAIRS} random pairs, no image in two; lesions are left out.",
        source="slice-VAE paper, section 2.2",
        aspect="anatomy",
        better="higher",
        needs=("real", "generated"),
        dims=(3,),
        measure=_of_generated,
        settings={**SETTINGS, "caution": CAUTION},
    ),
    Metric(
        name="ras_real",
        title="Realistic atlas score of real scans",
        definition="The same overlap of held-out scans with those of other people: what people reach in the realistic "
        "atlas score.",
        source="slice-VAE paper, section 2.2",
        aspect="anatomy",
        better="none",
        needs=("real",),
        dims=(3,),
        measure=_of_real,
        settings=SETTINGS,
    ),
)
