"""Metrics that results name already and that nothing here can measure yet: what each needs is its reason."""

from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.measurement import Measurement, undefined
from brainlab.evaluation.registry import Metric

NO_NETWORK = (
    "needs a network that segments brain structures in whole volumes, trained on segmented scans; brainlab has none "
    "yet, its tissue networks label axial slices"
)
"""Section 2.2 segments generated volumes by a network that was trained on 40 real ones, with 15 labels."""


def _without_network(_: ImageSets) -> Measurement:
    return undefined(NO_NETWORK)


METRICS = (
    Metric(
        name="ras",
        title="Realistic atlas score",
        definition="Dice overlap of structures in generated images, registered to real scans, with those of the scans.",
        source="slice-VAE paper, section 2.2",
        aspect="anatomy",
        better="higher",
        needs=("real", "generated"),
        dims=(3,),
        measure=_without_network,
    ),
    Metric(
        name="ras_real",
        title="Realistic atlas score of real scans",
        definition="The same overlap among real scans: the upper bound of the realistic atlas score.",
        source="slice-VAE paper, section 2.2",
        aspect="anatomy",
        better="none",
        needs=("real",),
        dims=(3,),
        measure=_without_network,
    ),
)
