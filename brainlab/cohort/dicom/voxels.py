"""The voxels of an imported volume, from the files of its frames."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.cohort.dicom.headers.frames import Frame
from brainlab.errors import UnreadableScanError
from brainlab.images.dicom.pixels import rescaled, stored_frames


def volume_of(frames: Sequence[Frame]) -> npt.NDArray[Any]:
    """Return the voxels [columns, rows, slices] of frames in their order.

    They keep the stored type where no slope and no intercept are to be applied, else they are float32. Raises
    UnreadableScanError with the reason alone.
    """
    places: dict[Path, list[int]] = defaultdict(list)
    for place, frame in enumerate(frames):
        places[frame.path].append(place)
    slices: list[npt.NDArray[Any]] = [np.empty(0)] * len(frames)
    for path, wanted in places.items():
        for place, values in zip(wanted, _stored(path, [frames[place] for place in wanted]), strict=True):
            frame = frames[place]
            if values.shape != frame.shape:
                raise UnreadableScanError("changed while it was read; import it again")
            slices[place] = rescaled(values, frame.slope, frame.intercept)
    return np.stack([values.T for values in slices], axis=-1)


def _stored(path: Path, frames: Sequence[Frame]) -> list[npt.NDArray[Any]]:
    """Return the stored values [rows, columns] of the frames of one file."""
    tiles = frames[0].tiles
    if tiles is None:
        return stored_frames(path, [frame.number or 0 for frame in frames])
    whole = stored_frames(path, [0])[0]
    return [tiles.cut(whole, frame.number or 0) for frame in frames]
