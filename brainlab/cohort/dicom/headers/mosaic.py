"""Siemens mosaics: all slices of a volume side by side in one image, as scanners before XA store echo-planar series."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, isclose, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.errors import UnreadableScanError
from brainlab.types import FloatArray

PARALLEL = 0.999
"""Cosine of the angle between two directions that are one, but for rounding."""


@dataclass(frozen=True)
class Mosaic:
    """How slices lie in a mosaic: row by row, in as many rows as columns, the last places black.

    slices: how many there are. whole: rows and columns of the mosaic. turned: whether they follow each other against
    the cross product of rows and columns.
    """

    slices: int
    whole: tuple[int, int]
    turned: bool

    @property
    def side(self) -> int:
        """How many slices there are in a row."""
        return ceil(sqrt(self.slices))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a slice."""
        return self.whole[0] // self.side, self.whole[1] // self.side

    def cut(self, values: npt.NDArray[Any], number: int) -> npt.NDArray[Any]:
        """Return one slice of a mosaic [rows, columns], from 0."""
        (rows, columns), (down, across) = self.shape, divmod(number, self.side)
        return values[down * rows : (down + 1) * rows, across * columns : (across + 1) * columns]

    def positions(
        self, of_file: FloatArray, orientation: FloatArray, pixel_mm: tuple[float, float], gap_mm: float
    ) -> FloatArray:
        """Return where the first pixel of each slice lies [slices, 3], in mm, LPS.

        of_file: the position that the file gives. It is that of an image as large as the mosaic around the centre of
        the first slice, and so half of what the mosaic has more than a slice too far out (nibabel's documentation,
        "Siemens mosaic format"). orientation: [2, 3], along a row and along a column. pixel_mm: distance of rows, of
        columns. gap_mm: of slices.
        """
        along_row, along_column = orientation
        rows, columns = (np.array(self.whole) - self.shape) / 2 * pixel_mm
        normal = np.cross(along_row, along_column) * (-1 if self.turned else 1)
        first = of_file + along_row * columns + along_column * rows
        return np.asarray(first + np.outer(np.arange(self.slices), normal * gap_mm))


def mosaic_of(csa: Mapping[str, tuple[float, ...]], whole: tuple[int, int], orientation: FloatArray) -> Mosaic:
    """Return how slices lie in a mosaic of `whole` rows and columns; orientation: [2, 3], along a row, along a column.

    csa: the numbers of its CSA header. Raises UnreadableScanError, with the reason alone, where that is missing, or
    does not fit.
    """
    count, normal = next(iter(csa.get("NumberOfImagesInMosaic", ())), None), csa.get("SliceNormalVector", ())
    if count is None or len(normal) != 3:
        raise UnreadableScanError(
            "a Siemens mosaic without its private header (CSA), which alone tells how its slices lie; export it with "
            "private tags, or as single or enhanced images"
        )
    if not (count >= 1 and float(count).is_integer()) or any(pixels % ceil(sqrt(count)) for pixels in whole):
        raise UnreadableScanError(
            f"a Siemens mosaic of {whole[0]} x {whole[1]} pixels that claims {count:g} slices; export it again"
        )
    cosine = float(np.cross(*orientation) @ normal)
    if not isclose(abs(cosine), 1, abs_tol=1 - PARALLEL):
        raise UnreadableScanError("a Siemens mosaic whose slices are stacked on a slant; export it again")
    if next(iter(csa.get("ProtocolSliceNumber", ())), 0) > 1:
        raise UnreadableScanError(
            "a Siemens mosaic whose slices are numbered in reverse, which programs place differently; export it as "
            "single or enhanced images"
        )
    return Mosaic(int(count), whole, cosine < 0)
