"""One scan to prepare and what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ScanSource:
    """One scan to prepare, or one file of pictures, or one visit.

    relative: path as the user sees it, relative to the source folder. details: columns of `scans.tsv`, truth included.
    in_template_space: already skull-stripped and on the MNI152 template, so that it needs no registration.
    image_of_series: of a 4D file, the image that was asked for, counted from 0.
    others: of a recipe of several sequences, the visit's further scans by sequence.
    segmentation: its label image, where the labels are carried along.
    grey_range: of pictures of more than 8 bits, the levels that are black and white.
    """

    path: Path
    relative: str
    details: dict[str, Any] = field(default_factory=dict)
    in_template_space: bool = False
    image_of_series: int | None = None
    simulated: bool = False
    others: Mapping[str, "ScanSource"] = field(default_factory=dict)
    grey_range: tuple[float, float] | None = None
    segmentation: Path | None = None
