"""Whether the regions of generated brains are as large as people's, alone and together (Jafrasteh et al. 2025).

A tissue network labels all volumes; each becomes a vector of regional volumes in ml.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.images import ImageSets, evenly
from brainlab.evaluation.measurement import Measurement, Parts
from brainlab.evaluation.metrics.features import frechet_distance
from brainlab.evaluation.region_volumes import region_volumes
from brainlab.evaluation.registry import Metric
from brainlab.evaluation.volume_labels import network_settings, segmenter_of
from brainlab.measures.accuracy import wilson
from brainlab.types import BoolArray, FloatArray, IntArray

LEAST, MOST = 30, 200
"""Volumes of each kind: with fewer the range of real people is that of chance, and more take minutes."""
PERCENTILES = (1, 99)


class Regions(NamedTuple):
    """Volumes in ml of the regions that vary among real people: [n, r] generated, [m, r] real, [n, r] other real.

    rows: of the generated images. other_real: None where there are not as many. names: of the regions. left_out: the
    others.
    """

    generated: FloatArray
    real: FloatArray
    other_real: FloatArray | None
    rows: IntArray
    names: list[str]
    left_out: list[str]


def regional_distance(volumes: FloatArray, real: FloatArray) -> float:
    """Return the Wasserstein-2 distance of the Gaussians fitted to volumes [n, r] and [m, r], in real deviations.

    Each region is divided by its standard deviation among the real ones.
    Raises InputError where a set has fewer than twice as many volumes as there are regions.
    """
    sd = real.std(axis=0, ddof=1)
    return math.sqrt(max(frechet_distance(volumes / sd, real / sd), 0.0))


def within_range(volumes: FloatArray, real: FloatArray) -> BoolArray:
    """Return whether every region of volumes [n, r] lies within the real ones' 1st to 99th percentile: [n]."""
    low, high = np.percentile(real, PERCENTILES, axis=0)
    return ((volumes >= low) & (volumes <= high)).all(axis=1)


def _regions(sets: ImageSets) -> Regions:
    """Return the regional volumes of at most `MOST` images of each kind; to be called by `ImageSets.once`.

    The other real ones are training scans, as many as generated ones: both measures grow or fall with the number of
    volumes, so that fewer would make people look further from each other than they are.
    """
    segmenter = sets.once(segmenter_of)
    if min(len(sets.generated), len(sets.real)) < LEAST:
        raise InputError(
            f"needs {LEAST} volumes of each kind, got {len(sets.generated)} generated and {len(sets.real)} real"
        )
    rows = evenly(len(sets.generated), MOST)
    generated = region_volumes(sets.generated, segmenter, rows)
    real = region_volumes(sets.real, segmenter, evenly(len(sets.real), MOST))
    other = None
    if sets.training is not None and len(sets.training) >= len(rows):
        other = region_volumes(sets.training, segmenter, evenly(len(sets.training), len(rows)))
    varying = np.ptp(real, axis=0) > 0
    if not varying.any():
        raise InputError("needs a region whose volume varies among real scans, got none")
    names = np.array(segmenter.regions)
    return Regions(
        generated[:, varying],
        real[:, varying],
        None if other is None else other[:, varying],
        rows,
        names[varying].tolist(),
        names[~varying].tolist(),
    )


def _settings(sets: ImageSets) -> dict[str, Any]:
    found = sets.once(_regions)
    settings: dict[str, Any] = {
        "unit": "volume",
        "real_n": len(found.real),
        "regions": found.names,
        "mean_ml": found.generated.mean(axis=0).tolist(),
        "mean_ml_real": found.real.mean(axis=0).tolist(),
        "sd_ml": found.generated.std(axis=0, ddof=1).tolist(),
        "sd_ml_real": found.real.std(axis=0, ddof=1).tolist(),
        **network_settings(sets),
    }
    if found.other_real is None:
        settings["real_undefined"] = f"needs {len(found.rows)} training scans, as many as generated volumes"
    if found.left_out:
        settings["left_out"] = [f"{name}: of one size in all real scans" for name in found.left_out]
    return settings


def _distance(sets: ImageSets) -> Measurement:
    found = sets.once(_regions)
    value = regional_distance(found.generated, found.real)
    settings = _settings(sets)
    if found.other_real is not None:
        settings["real"] = regional_distance(found.other_real, found.real)
    return Measurement(value, None, len(found.generated), settings)


def _within(sets: ImageSets) -> Measurement:
    found = sets.once(_regions)
    inside = within_range(found.generated, found.real)
    share = wilson(int(inside.sum()), len(inside))
    settings = _settings(sets)
    if found.other_real is not None:
        settings["real"] = float(within_range(found.other_real, found.real).mean())
    parts = Parts(inside.astype(np.float64), "generated", found.rows)
    return Measurement(share.value, None, share.n, settings, share.low, share.high, parts)


COMMON = {"least_volumes": LEAST, "most_volumes": MOST}

METRICS = (
    Metric(
        name="regional_distance",
        title="Distance of regional volumes",
        definition="Wasserstein-2 distance of the Gaussians fitted to the regional volumes of generated and held-out "
        "brains, as a tissue network labels them, in standard deviations of real people; `real`: that of as many "
        "training scans.",
        source="Jafrasteh et al. 2025",
        aspect="anatomy",
        better="lower",
        needs=("real", "generated"),
        dims=(3,),
        measure=_distance,
        settings={**COMMON, "caution": "few volumes alone make a distance: compare with that of real people"},
    ),
    Metric(
        name="regional_share_within",
        title="Share of volumes with all regions in the normal range",
        definition="Share of generated volumes whose every region, as a tissue network labels it, is of a size within "
        "the 1st to 99th percentile of held-out people; `real`: the same share among as many training scans.",
        aspect="anatomy",
        better="none",
        needs=("real", "generated"),
        dims=(3,),
        measure=_within,
        settings={**COMMON, "percentiles": list(PERCENTILES), "interval": "95%, Wilson"},
    ),
)
