"""Images of a folder of files, from anybody and of any kind, as a source of a reading study."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.experiments.studies.folder_images import FolderImage, StoredImage, find_folder_images, read_folder_image
from brainlab.experiments.studies.stimuli import FOR_PROBE, FOR_READERS, Stimulus, StoredAs, Supply
from brainlab.files.picture_files import WHITE
from brainlab.images.provenance import BY_A_RUN
from brainlab.images.provenance_files import origin_of
from brainlab.reading.protocol.design import Protocol, Source
from brainlab.types import Float32Array, FloatArray

ROUNDING = 1e-3
"""Intensities may be so much beyond [0, 1], as rounding brings about."""


class FolderSupply(Supply):
    """Images of files, see `folder_images`."""

    def __init__(self, source: Source, protocol: Protocol) -> None:
        super().__init__(source, protocol)
        self.files = find_folder_images(Path(source.name).expanduser(), protocol.stimulus)

    def draw(self, n: int, salt: bytes, heights: FloatArray | None = None) -> list[Stimulus]:
        if n > len(self.files):
            raise InputError(
                f"{self.source.name}: needs {counted(n, 'image')} (practice included), got {len(self.files)}"
            )
        return self._read(n, self._random(FOR_READERS, salt), heights)

    def draw_for_probe(self, n: int, salt: bytes) -> list[Stimulus]:
        return self._read(n, self._random(FOR_PROBE, salt))

    def _read(self, n: int, random: np.random.Generator, heights: FloatArray | None = None) -> list[Stimulus]:
        return [
            self._stimulus(self.files[place], random, None if heights is None else heights[number : number + 1])
            for number, place in enumerate(random.permutation(len(self.files))[:n])
        ]

    def _stimulus(self, image: FolderImage, random: np.random.Generator, height: FloatArray | None) -> Stimulus:
        if self.source.label == "real" and (made := origin_of(image.path).kind) in BY_A_RUN:
            raise InputError(
                f"{image.path}: needs a scan as a real case, got an image that says that it is {made} by brainlab; "
                "leave it out, or call its source fake"
            )
        read = read_folder_image(image, self.protocol.stimulus, self.protocol.plane)
        values = _in_unit_range(read, image, self.protocol)
        detail = {"file": image.path.name} | ({} if image.number is None else {"number": image.number})
        if read.grid is not None:
            stimulus = self._cut(values, read.grid, self._deal_slices(read.grid, 1, random, height)[0], detail=detail)
        else:
            self.made()
            plane = {"plane": self.protocol.plane} if values.ndim == 2 else {}
            stimulus = Stimulus(values, read.spacing_mm, detail=detail | plane)
        return replace(stimulus, stored=StoredAs(read.format, float(read.values.min()), float(read.values.max())))


def _in_unit_range(read: StoredImage, image: FolderImage, protocol: Protocol) -> Float32Array:
    """Return the values of an image in [0, 1].

    Where percentiles will be black and white anyway, values that no 8 bits hold are taken from their lowest to their
    highest; else black and white are what the file says, or values are in [0, 1] or [0, 255] already.
    """
    low, high = float(read.values.min()), float(read.values.max())
    policy = protocol.harmonisation
    if policy and policy.intensity == "percentiles" and read.white != (0, WHITE):
        if low == high:
            raise InputError(f"{image}: shows nothing: all its values are {low:g}; leave it out")
        black, white = low, high
    elif read.white:
        black, white = read.white
    elif low >= -ROUNDING and high <= WHITE:
        black, white = 0.0, WHITE if high > 1 + ROUNDING else 1.0
    else:
        raise InputError(
            f"{image}: needs intensities in [0, 1] or [0, 255], got {low:g} to {high:g}; scale them first, or give the "
            "protocol a harmonisation whose intensity is 'percentiles'"
        )
    return np.clip((read.values - black) / np.float32(white - black), 0, 1).astype(np.float32)
