"""Sort images into series, and a series into volumes: one for each echo, component, b-value or repetition."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brainlab.cohort.dicom.headers.frames import MAGNITUDE, SCANNER_MAPS, Frame
from brainlab.cohort.dicom.stacking import SAME_PLACE_MM, check_orientation, heights_of, repeats, stack
from brainlab.counted import counted
from brainlab.errors import UnreadableScanError
from brainlab.types import FloatArray

TIME = "time point"
MOST_REPETITIONS = 4
"""Acquisitions of one volume in a series; more are a time series."""
SPLITS: tuple[tuple[str, Callable[[Frame], Hashable]], ...] = (
    ("echo", lambda frame: _rounded(frame.settings.get("EchoTime"), 5)),
    ("b-value", lambda frame: _rounded(frame.weighting.b_value, 0)),
    ("direction", lambda frame: tuple(round(part, 3) for part in frame.weighting.direction or ())),
    ("inversion", lambda frame: _rounded(frame.settings.get("InversionTime"), 4)),
    ("flip", lambda frame: _rounded(frame.settings.get("FlipAngle"), 2)),
    ("kind", lambda frame: frame.kind),
    (TIME, lambda frame: frame.time_point),
    ("acquisition", lambda frame: frame.acquisition),
)
"""By what images at one place may differ; the first that does tells them apart. Where no two lie at one place nothing
is split: parameters of single slices may differ by themselves."""


@dataclass(frozen=True)
class Volume:
    """One image to write. images: of each volume its frames from one end to the other; several of diffusion alone.

    affine: [4, 4] voxel indices to mm, RAS. part: what sets it apart from the others of its series, such as `echo-2`,
    empty where it is the only one.
    """

    images: tuple[tuple[Frame, ...], ...]
    affine: FloatArray
    part: str = ""
    split: tuple[str, ...] = ()

    @property
    def frames(self) -> tuple[Frame, ...]:
        return tuple(frame for image in self.images for frame in image)

    @property
    def first(self) -> Frame:
        return self.images[0][0]


@dataclass
class Sorted:
    """The volumes of a series, and for its other images one of them with the reason why they are left out."""

    volumes: list[Volume] = field(default_factory=list)
    refused: list[tuple[Frame, str]] = field(default_factory=list)


def is_diffusion(frame: Frame) -> bool:
    """Whether an image is weighted by diffusion, or was taken with those that are.

    A b-value of 0 does not tell it of a gradient or spin echo that is not echo planar: some makers write it everywhere.
    """
    used = frame.settings.get("ScanningSequence") or ()
    anatomical = isinstance(used, tuple) and "EP" not in used and ("GR" in used or "SE" in used)
    told = bool(frame.weighting.b_value) if anatomical else frame.weighting.b_value is not None
    return told or bool({"DIFFUSION", "TRACEW"} & frame.kinds)


def is_weighted(frames: Iterable[Frame]) -> bool:
    """Whether one of them is weighted by diffusion: many b = 0 alone are a time series."""
    return any(frame.weighting.b_value or "DIFFUSION" in frame.kinds for frame in frames)


def without_copies(frames: Iterable[Frame]) -> list[Frame]:
    """Return one of each image: the same file may lie in several folders. It is known by its instance's identifier."""
    kept: dict[tuple[str, int | None], Frame] = {}
    for frame in frames:
        kept.setdefault((frame.uid, frame.number), frame)
    return list(kept.values())


def sort_series(frames: Sequence[Frame]) -> Sorted:
    """Return the volumes of one series."""
    found = Sorted()
    alike: dict[tuple[Any, ...], list[Frame]] = defaultdict(list)
    for frame in frames:
        scanner_map = sorted(set(frame.kind) & set(SCANNER_MAPS))
        alike[frame.component, frame.shape, tuple(round(mm, 3) for mm in frame.pixel_mm), *scanner_map].append(frame)
    groups = [alike[key] for key in sorted(alike)]
    whole = [group for group in groups if group[0].component == MAGNITUDE]
    for group in groups:
        if (component := group[0].component) != MAGNITUDE:
            reason = f"{component}: {counted(len(group), 'image')}; magnitude images are needed"
            found.refused.append((group[0], reason))
    for number, group in enumerate(whole, 1):
        try:
            volumes = _volumes(group, f"size-{number}" if len(whole) > 1 else "")
        except UnreadableScanError as error:
            found.refused.append((group[0], error.reason))
        else:
            found.volumes += volumes
    return found


def _volumes(frames: list[Frame], part: str) -> list[Volume]:
    """Split the images of one size into volumes."""
    check_orientation(frames)
    if reason := next((frame.weighting.reason for frame in frames if frame.weighting.reason), ""):
        raise UnreadableScanError(reason)
    groups, used = _split(frames)
    if any(repeats(group) for group in groups):
        raise UnreadableScanError(
            f"{counted(len(frames), 'image')}, several at one place, which their headers do not tell apart; a volume "
            "needs one image a slice"
        )
    if len({len(group) for group in groups}) > 1 or not _at_same_places(groups):
        least, most = min(map(len, groups)), max(map(len, groups))
        raise UnreadableScanError(
            f"volumes of {least} to {most} slices at unlike places: some are missing or repeated; copy the series again"
        )
    if not is_weighted(frames) and (TIME in used or ("acquisition" in used and len(groups) > MOST_REPETITIONS)):
        raise UnreadableScanError(
            f"a series of {len(groups)} time points, such as functional or perfusion images; anatomical and diffusion "
            "images are imported"
        )
    diffusion = any(is_diffusion(frame) for frame in frames)
    if diffusion:  # in the order in which they were taken: what corrects motion goes by it
        groups.sort(key=lambda group: min(frame.instance for frame in group))
    stacks = [stack(group) for group in groups]
    affine = stacks[0][1]
    if len(groups) > 1 and diffusion:
        return [Volume(tuple(tuple(ordered) for ordered, _ in stacks), affine, part, used)]
    names = [f"{used[0]}-{number}" if used else "" for number in range(1, len(groups) + 1)]
    return [
        Volume((tuple(ordered),), own_affine, "_".join(filter(None, (part, name))), used)
        for (ordered, own_affine), name in zip(stacks, names, strict=True)
    ]


def _split(frames: list[Frame]) -> tuple[list[list[Frame]], tuple[str, ...]]:
    """Return groups without two images at one place as far as they can be told apart, and by what they were."""
    groups = [sorted(frames, key=lambda frame: frame.instance)]
    used: list[str] = []
    for name, key in SPLITS:
        if not any(repeats(group) for group in groups):
            break
        finer = [part for group in groups for part in _by(group, key)]
        if len(finer) > len(groups):
            groups, used = finer, [*used, name]
    if is_weighted(frames) and any(repeats(group) for group in groups):
        # several images without weighting, or of one direction, which some makers tell apart by their numbers alone
        groups, used = [turn for group in groups for turn in _turns(group)], [*used, "repetition"]
    return groups, tuple(used)


def _turns(group: list[Frame]) -> list[list[Frame]]:
    """Return the first image at each place, the second at each, and so on, in the order of the group."""
    turns: dict[int, list[Frame]] = defaultdict(list)
    heights = heights_of(group)
    for number, frame in enumerate(group):
        turns[int((np.abs(heights[:number] - heights[number]) < SAME_PLACE_MM).sum())].append(frame)
    return list(turns.values())


def _by(group: list[Frame], key: Callable[[Frame], Hashable]) -> list[list[Frame]]:
    parts: dict[Hashable, list[Frame]] = defaultdict(list)
    for frame in group:
        parts[key(frame)].append(frame)
    known = all(isinstance(value, int | float) for value in parts)
    return [parts[value] for value in (sorted(parts, key=float) if known else parts)]  # type: ignore[arg-type]


def _at_same_places(groups: Sequence[Sequence[Frame]]) -> bool:
    places = [sorted(round(float(height), 1) for height in heights_of(group)) for group in groups]
    return all(abs(here - there) < 0.2 for other in places[1:] for here, there in zip(places[0], other, strict=True))


def _rounded(value: object, digits: int) -> float:
    """Return a number to so many digits, -1 where there is none."""
    return round(value, digits) if isinstance(value, float) else -1.0
