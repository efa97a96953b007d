"""Metrics that results name already and that a later version measures."""

from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.measurement import Measurement, undefined
from brainlab.evaluation.registry import Metric


def _later(_: ImageSets) -> Measurement:
    return undefined("it comes with a later version")


METRICS = (
    Metric(
        name="ras",
        title="Realistic atlas score",
        definition="Dice overlap of structures in generated images, registered to real scans, with those of the scans.",
        source="slice-VAE paper, section 2.2",
        aspect="anatomy",
        better="higher",
        needs=("real", "generated"),
        measure=_later,
    ),
    Metric(
        name="ras_real",
        title="Realistic atlas score of real scans",
        definition="The same overlap among real scans: the upper bound of the realistic atlas score.",
        source="slice-VAE paper, section 2.2",
        aspect="anatomy",
        better="none",
        needs=("real",),
        measure=_later,
    ),
)
