"""One policy by which images of any size, format and range are made alike before they are rendered."""

from dataclasses import dataclass
from typing import Literal

FITS = ("brain", "centre")
INTENSITIES = ("percentiles", "as_stored")
BRAIN_SHARE = 0.85
"""Of a side of the target, which the longest side of the brain's box takes: the margins of brains are alike."""

BLUR_PIXELS = 0.8
"""Standard deviation, in pixels of the target, of the Gaussian that every image is blurred by before it is sampled. It
lets 4% of the finest pattern through, so that nothing is aliased, and is so wide that what the resampling itself adds,
which depends on the size an image came in, hardly counts: of slices of one cohort, half of which others had enlarged
before, a classifier of spectra knows these with an area of .54 (with 0.6 pixels .61; .47 where nothing differs)."""

LEAST_SIZE, MOST_SIZE = 16, 512
LEAST_QUALITY, MOST_QUALITY = 5, 95


@dataclass(frozen=True, kw_only=True)
class Harmonisation:
    """What is done to every image of every source, real or fake, whether it has the size already or not.

    size: pixels of each side of the images that are read; 0 leaves sizes alone, which then must not differ. At two
        thirds of the pixels that the coarsest source has, or fewer, no spectrum tells which sizes images came in
        (benchmarks/reading/foreign_images.py).
    fit: `brain` moves the box around the brain to the centre and scales it to one size; `centre` scales the whole
        picture, padded to a square.
    intensity: `percentiles` of each image's foreground become black and white; `as_stored` takes what files say: 0 to
        255 of 8 bits, 0 to 65535 of 16, the window of DICOM, else 0 to 1 or 0 to 255.
    percentiles: the two that become black and white.
    most_enlarged: an image whose pixels are larger than the target's by more than this is refused, for it would look
        smoother than the others.
    reencode_jpeg: quality at which all images are saved as JPEG and read again before anything else; 0 for none. For
        studies of which one source comes as JPEG.
    """

    size: int = 128
    fit: Literal["brain", "centre"] = "brain"
    intensity: Literal["percentiles", "as_stored"] = "percentiles"
    percentiles: tuple[float, float] = (0.5, 99.5)
    most_enlarged: float = 1.25
    reencode_jpeg: int = 0

    @property
    def in_words(self) -> list[str]:
        """What is done, for the report, a sentence each."""
        lines = []
        if self.reencode_jpeg:
            lines.append(f"Every image was first saved as JPEG of quality {self.reencode_jpeg} and read again.")
        if self.size:
            scaled = (
                f"centred on the brain, the longer side of whose box was scaled to {BRAIN_SHARE:.0%} of the image,"
                if self.fit == "brain"
                else "padded to squares"
            )
            lines.append(
                f"All images of all sources were {scaled} and resampled to {self.size} pixels a side, those of that "
                f"size too: a Gaussian of {BLUR_PIXELS:g} pixels, then cubic splines."
            )
        if self.intensity == "percentiles":
            low, high = self.percentiles
            lines.append(
                f"In each image, the percentiles {low:g} and {high:g} of the foreground became black and white."
            )
        else:
            lines.append("Grey levels were taken as files say: all levels of 8 or 16 bits, or the window of DICOM.")
        return lines


def harmonisation_problems(chosen: Harmonisation | None) -> list[tuple[bool, str]]:
    """Return each thing that may be wrong with a policy, and whether it is."""
    if chosen is None:
        return []
    low, high = (*chosen.percentiles, 0.0, 0.0)[:2]
    name = "harmonisation"
    return [
        (
            chosen.size != 0 and not LEAST_SIZE <= chosen.size <= MOST_SIZE,
            f"{name}: size needs {LEAST_SIZE} to {MOST_SIZE} pixels, or 0 (as it is), got {chosen.size}",
        ),
        (chosen.fit not in FITS, f"{name}: fit needs {' or '.join(FITS)}, got {chosen.fit}"),
        (
            chosen.intensity not in INTENSITIES,
            f"{name}: intensity needs {' or '.join(INTENSITIES)}, got {chosen.intensity}",
        ),
        (not 0 <= low < high <= 100, f"{name}: percentiles needs 0 <= low < high <= 100, got {low:g}, {high:g}"),
        (
            not 1 <= chosen.most_enlarged <= 4,
            f"{name}: most_enlarged needs 1 to 4, got {chosen.most_enlarged:g}",
        ),
        (
            chosen.reencode_jpeg != 0 and not LEAST_QUALITY <= chosen.reencode_jpeg <= MOST_QUALITY,
            f"{name}: reencode_jpeg needs a quality of {LEAST_QUALITY} to {MOST_QUALITY}, or 0 (none), got "
            f"{chosen.reencode_jpeg}",
        ),
    ]
