"""Correct the slow unevenness of a scan's brightness by N4 (Tustison et al., IEEE TMI 29, 2010), by SimpleITK."""

from dataclasses import dataclass

import numpy as np

from brainlab.cohort.steps import Step
from brainlab.errors import IntensityError
from brainlab.images.volume import Volume

SHRINK = 4
"""By how many voxels an axis is shrunk at most for the fit; the field is smooth and is applied at full resolution."""
LEVELS, ITERATIONS = 4, 50
"""Fits, each with twice as many nodes as the one before, and most iterations of each: the values of the paper."""


@dataclass(frozen=True, kw_only=True)
class CorrectBias(Step):
    """Divide by the field of N4, fitted to what Otsu's threshold tells from the background.

    bias_fit_mm: the fit looks at voxels of about this size, shrunk `SHRINK` times at most along each axis.
    bias_kept: sequences that are left as they are, such as PET, whose unevenness has other causes.
    """

    bias_fit_mm: float = 6.0
    bias_kept: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        but = f", but not of {', '.join(self.bias_kept)}" if self.bias_kept else ""
        return (
            f"N4 bias correction{but}: {LEVELS} levels of up to {ITERATIONS} iterations on voxels of about "
            f"{self.bias_fit_mm:g} mm, shrunk {SHRINK} times at most"
        )

    def concerns(self, sequence: str | None) -> bool:
        return sequence not in self.bias_kept

    def apply(self, volume: Volume) -> Volume:
        if not volume.data.max() > volume.data.min():
            raise IntensityError("no contrast left inside the brain: every value is the same")
        import SimpleITK  # only where a recipe corrects: `prepare --help` lists recipes

        image = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.data.transpose(2, 1, 0)))
        image.SetSpacing(volume.voxel_size_mm)
        mask = SimpleITK.OtsuThreshold(image, 0, 1, 200)
        shrink = [int(np.clip(round(self.bias_fit_mm / size), 1, SHRINK)) for size in volume.voxel_size_mm]
        corrector = SimpleITK.N4BiasFieldCorrectionImageFilter()
        corrector.SetMaximumNumberOfIterations([ITERATIONS] * LEVELS)
        corrector.SetNumberOfThreads(1)
        corrector.Execute(SimpleITK.Shrink(image, shrink), SimpleITK.Shrink(mask, shrink))
        field = SimpleITK.GetArrayFromImage(corrector.GetLogBiasFieldAsImage(image)).transpose(2, 1, 0)
        return Volume(volume.data / np.exp(field, dtype=np.float32), volume.affine)
