"""How much fine detail images have: the variance of their Laplacian, beside that of real scans."""

from collections.abc import Callable
from typing import Literal

from brainlab.evaluation.images import ImageSets, each
from brainlab.evaluation.measurement import Measurement, PartsOf, summarise
from brainlab.evaluation.registry import Metric
from brainlab.images.laplacian import DISPLAY_RANGE, laplacian_variance
from brainlab.types import FloatArray

Name = Literal["real", "reconstructed", "generated"]


def _of_real(sets: ImageSets) -> FloatArray:
    return laplacian_variance(each(sets.real))


def _of(name: Name) -> Callable[[ImageSets], Measurement]:
    """Return the measurement of one set: over the whole grid, inside the brain, and relative to real scans."""

    def measure(sets: ImageSets) -> Measurement:
        images = sets.part(name)
        values = sets.once(_of_real) if name == "real" else laplacian_variance(each(images))
        inside = float(laplacian_variance(each(images), mask=sets.brain).mean())
        real = float(sets.once(_of_real).mean())
        relative = float(values.mean()) / real if real > 0 else None
        stencil = f"{len(sets.shape)}D"
        of: PartsOf = "generated" if name == "generated" else "real"
        return summarise(values, of=of, in_brain=inside, relative_to_real=relative, stencil=stencil)

    return measure


def _entry(name: Name, images: str) -> Metric:
    return Metric(
        name=f"sharpness_{name}",
        title=f"Sharpness of {images}",
        definition=f"Variance of the Laplacian of {images}, with values of 0 to 255. Noise counts as sharpness: "
        "read the spectrum beside it.",
        source="DWI comparison paper, section 3.3",
        aspect="detail",
        better="none",
        needs=("real",) if name == "real" else ("real", name),
        measure=_of(name),
        settings={"range": [0, DISPLAY_RANGE], "padding": "mirror", "voxels": "all"},
    )


METRICS = (
    _entry("real", "real scans"),
    _entry("reconstructed", "reconstructions"),
    _entry("generated", "generated images"),
)
