"""From a drawn image to the pixels that readers see: made alike with those of the other sources, then rendered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brainlab.errors import InputError
from brainlab.experiments.studies.stimuli import Stimulus
from brainlab.images.pictures import to_bytes
from brainlab.reading.images.blinding_check import rendering_features
from brainlab.reading.images.harmonising import as_jpeg, harmonise, largest_size
from brainlab.reading.images.jpeg_traces import coarseness, jpeg_quality
from brainlab.reading.images.rendering import magnification, render
from brainlab.reading.protocol.design import Protocol, Source
from brainlab.types import Float32Array, FloatArray, UInt8Array

COARSE_SHARE = 0.1
"""Share of a source's images of JPEG that may be of a lower quality than the one at which all are saved again."""


@dataclass(frozen=True, eq=False)
class ReadyImage:
    """image: in [0, 1], as it will be rendered. source: in the grid that it came in, saved again as JPEG where the
    protocol asks for it. voxel_size_mm: None where nobody knows. reduced: see `harmonising.Alike`."""

    image: Float32Array
    source: Float32Array
    voxel_size_mm: tuple[float, ...] | None
    reduced: float


def ready_image(stimulus: Stimulus, protocol: Protocol, source: Source) -> ReadyImage:
    """Make an image alike with those of the other sources, as the protocol says; without a policy it stays as it is."""
    image, size_mm, policy = stimulus.image, stimulus.voxel_size_mm, protocol.harmonisation
    if policy is None:
        return ReadyImage(image, image, size_mm, 1.0)
    if policy.reencode_jpeg:
        image = as_jpeg(image, policy.reencode_jpeg)
    try:
        alike = harmonise(image, size_mm, policy, protocol.background_floor)
    except InputError as error:
        raise InputError(f"{source.name}: {_place(stimulus)}: {error}") from error
    # How many mm a pixel of the target has differs from image to image, or is not known.
    return ReadyImage(alike.image, image, None if policy.size else size_mm, alike.reduced)


def refuse_coarse(drawn: Mapping[str, Sequence[Stimulus]], protocol: Protocol) -> None:
    """Raise InputError, naming the coarsest image, where one is too coarse for the size to which all are to be brought.

    drawn: by name of the source. All are looked at, so that the size that is named suits them all.
    """
    policy = protocol.harmonisation
    if policy is None or not policy.size:
        return
    largest: dict[str, int] = {}
    for name, stimuli in drawn.items():
        for stimulus in stimuli:
            place = f"{name}: {_place(stimulus)}"
            try:
                size = largest_size(stimulus.image, stimulus.voxel_size_mm, policy, protocol.background_floor)
            except InputError as error:
                raise InputError(f"{place}: {error}") from error
            largest[place] = min(size, largest.get(place, size))
    coarsest = min(largest, key=largest.__getitem__)
    if largest[coarsest] < policy.size:
        raise InputError(
            f"{coarsest}, the coarsest image of the study, would have to be enlarged more than "
            f"{policy.most_enlarged:g} times to size {policy.size}, and look smoother than others; take a size of at "
            f"most {largest[coarsest]}, or leave it out"
        )


def final_pixels(
    ready: ReadyImage, protocol: Protocol, source: Source, size_mm: tuple[float, ...] | None
) -> tuple[UInt8Array, tuple[float, ...]]:
    """Render one image: pixels, and their size; a file without a voxel size takes that of the study's other sources."""
    if ready.voxel_size_mm is None and size_mm is not None and len(size_mm) != ready.image.ndim:
        raise InputError(f"{source.name}: needs images with {len(size_mm)} dimensions as in the other sources")
    return render(ready.image, ready.voxel_size_mm or size_mm or (1.0,) * ready.image.ndim, protocol)


def common_size_mm(stimuli: Sequence[Stimulus], protocol: Protocol) -> tuple[float, ...] | None:
    """Return the voxel size of the first image that has one; None where all are brought to one grid without mm."""
    if protocol.harmonisation and protocol.harmonisation.size:
        return None
    return next((stimulus.voxel_size_mm for stimulus in stimuli if stimulus.voxel_size_mm), None)


def probed(stimulus: Stimulus, ready: ReadyImage, pixels: UInt8Array, protocol: Protocol) -> tuple[FloatArray, Any]:
    """Return an image's features for the probe, and the quality of JPEG that it came in, None where it did not."""
    came_in = jpeg_quality(to_bytes(stimulus.image))
    left = came_in if ready.source is stimulus.image else jpeg_quality(to_bytes(ready.source))
    return rendering_features(pixels, magnification(ready.image.shape, protocol), coarseness(left)), came_in


def refuse_coarser_jpeg(qualities: Mapping[str, Sequence[int | None]], protocol: Protocol) -> None:
    """Raise InputError where images came in a lower quality of JPEG than all are saved in again: it would still show.

    qualities: of the images of each source, None of those that were no JPEG.
    """
    chosen = protocol.harmonisation.reencode_jpeg if protocol.harmonisation else 0
    for name, found in qualities.items():
        known = sorted(quality for quality in found if quality is not None)
        if chosen and known and (lowest := known[int(COARSE_SHARE * len(known))]) < chosen:
            raise InputError(
                f"{name}: its images were saved as JPEG of quality {lowest}, which saving all at {chosen} would not "
                f"hide; set 'reencode_jpeg' to {lowest} or less"
            )


def jpeg_record(qualities: Mapping[str, Sequence[int | None]]) -> list[dict[str, Any]]:
    """Return what the record says of JPEG in each source: of how many images, how many, and of which quality."""
    entries = []
    for name, found in qualities.items():
        known = sorted(quality for quality in found if quality is not None)
        middle = known[len(known) // 2] if known else None
        entries.append({"name": name, "images": len(found), "jpeg": len(known), "quality": middle})
    return entries


def harmonised_record(
    protocol: Protocol, drawn: Mapping[str, Sequence[Stimulus]], reduced: Mapping[str, Sequence[float]]
) -> dict[str, Any] | None:
    """Return what the record says was done to the images of each source; None where the protocol makes nothing alike.

    drawn: by name of the source, those that readers see. reduced: of each, see `ReadyImage`.
    """
    policy = protocol.harmonisation
    if policy is None:
        return None
    sources = []
    for name, stimuli in drawn.items():
        stored = [stimulus.stored for stimulus in stimuli if stimulus.stored]
        sources.append({
            "name": name,
            "n": len(stimuli),
            "sizes": dict(Counter(" x ".join(map(str, stimulus.image.shape)) for stimulus in stimuli)),
            "formats": dict(Counter(one.format for one in stored)),
            "values": [min(one.low for one in stored), max(one.high for one in stored)] if stored else None,
            "reduced": [min(reduced[name]), max(reduced[name])],
        })  # fmt: skip
    return {"size": policy.size, "done": policy.in_words, "sources": sources}


def _place(stimulus: Stimulus) -> str:
    """Say which image of its source one is."""
    named = (
        f"{key} {stimulus.detail[key]}"
        for key in ("file", "number", "scan", "sample", "slice")
        if key in stimulus.detail
    )
    return ", ".join(named)
