"""What a translating run makes of whole scans: patch by patch, so that memory does not grow with them.

A network whose reach is known sees each patch with so many voxels more on each side, and what it makes is just what it
would make of the whole. Patches of other networks overlap and are blended.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from brainlab.cohort.intensity import Z_SCORES
from brainlab.errors import InputError
from brainlab.methods.translator import Translator
from brainlab.runs.run import Run
from brainlab.types import BoolArray, Float32Array

LARGEST_PATCH = 96
"""Voxels along each side of what goes through a network at once, at most: 64 maps of such a patch take 226 MB."""

TOGETHER = 4
"""Patches that go through at once, where that many are no larger than the largest. In single precision PyTorch takes
its slow path for small single ones: a scan took 7.3 s by ones and 1.7 s by fours, with attention on 32^3 voxels."""

OVERLAP = 0.25
"""Of neighbouring patches; where they overlap, the middle of a patch counts more than its edge."""


def translate(run: Run, images: Float32Array) -> Float32Array:
    """Return the target of one scan's inputs, both z-scores: [C, X, Y, Z] -> [X, Y, Z].

    The channels are those of `run.config.inputs`, in that order. A run that learned within the brain was never told
    what lies around it: where no input shows anything, as beyond the brain of skull-stripped scans, it is 0 intensity.
    Raises InputError where the run does not translate, or the images are not of so many channels, or not of finite
    numbers.
    """
    network = translator(run, images)
    with torch.inference_mode():
        x = torch.from_numpy(np.ascontiguousarray(images)).to(run.device)[None]
        made = in_parts(network.translate, x, network, run.config.patch)[0, 0].float().cpu().numpy()
    if run.config.within == "brain":
        mean, spread = numbers_of_target(run)
        made = np.where(shown_by(images), made, np.float32(-mean / spread))
    return np.asarray(made, dtype=np.float32)


def translator(run: Run, images: Float32Array) -> Translator:
    """Return a run's network in evaluation mode. Raises InputError where it cannot translate images [C, X, Y, Z]."""
    run.require("translate")
    network = cast(Translator, run.model())
    if images.ndim != 4 or len(images) != len(network.inputs):
        raise InputError(
            f"{run.name}: needs volumes of {', '.join(network.inputs)}, [{len(network.inputs)}, X, Y, Z], got "
            f"{list(images.shape)}"
        )
    if not np.isfinite(images).all():
        raise InputError(f"{run.name}: needs images of finite numbers, got NaN or infinity among them")
    return network


def shown_by(images: Float32Array) -> BoolArray:
    """Return where any of some images [C, X, Y, Z] shows something, which is where it is not at its darkest: [X, Y, Z].

    Of skull-stripped scans the brain: beyond it every voxel has one value.
    """
    return np.asarray((images > images.min(axis=(1, 2, 3), keepdims=True)).any(axis=0))


def in_parts(make: Callable[[Tensor], Tensor], x: Tensor, network: Translator, learned: Sequence[int]) -> Tensor:
    """Return what `make` makes of a whole volume, computed as suits the network: [1, C, X, Y, Z] -> [1, 1, X, Y, Z].

    make: the network's `translate`, or what does the same.  learned: sides of the patches that it learned from.
    """
    if network.reach is not None:
        return joined(make, x, network.reach)
    return blended(make, x, patch_sides(x.shape[2:], network, learned))


def patch_sides(shape: Sequence[int], network: Translator, learned: Sequence[int]) -> tuple[int, ...]:
    """Return the sides of the patches that a volume goes through a network in.

    As large as `LARGEST_PATCH` allows where the network takes any size: of seven simulated scans, a U-Net and a
    conditional GAN that learned from patches of 32 voxels made as good images of the whole (their errors are those from
    such patches, to 2%) in a quarter and a tenth of the time. Else those that it learned from. A shorter volume goes in
    one, its sides rounded up to the multiple.
    """
    limits = [LARGEST_PATCH if network.any_size else min(side, LARGEST_PATCH) for side in learned]
    wanted = [min(pair) for pair in zip(shape, limits, strict=True)]
    return tuple(network.multiple * math.ceil(side / network.multiple) for side in wanted)


def joined(make: Callable[[Tensor], Tensor], x: Tensor, reach: int) -> Tensor:
    """Return what `make` makes of a whole volume, computed part by part: [1, C, X, Y, Z] -> [1, 1, X, Y, Z].

    reach: see `Translator`. A part meets the edge of the volume where the volume ends, and nowhere else: to twice the
    voxels that overlapping patches take, it saves half the time.
    """
    made = x.new_empty(1, 1, *x.shape[2:], dtype=torch.float32)
    for spans in itertools.product(*(_spans(side) for side in x.shape[2:])):
        seen = tuple(slice(max(0, span.start - reach), span.stop + reach) for span in spans)
        own = tuple(
            slice(span.start - wide.start, span.stop - wide.start) for span, wide in zip(spans, seen, strict=True)
        )
        made[:, :, *spans] = make(x[:, :, *seen])[:, :, *own]
    return made


def _spans(side: int) -> Iterator[slice]:
    """Yield parts of a side, at most `LARGEST_PATCH` each and all about as long."""
    bounds = np.linspace(0, side, math.ceil(side / LARGEST_PATCH) + 1).round().astype(int).tolist()
    return itertools.starmap(slice, itertools.pairwise(bounds))


def blended(make: Callable[[Tensor], Tensor], x: Tensor, patch: Sequence[int]) -> Tensor:
    """Return what `make` makes of overlapping patches of volumes, put together: [1, C, X, Y, Z] -> [1, 1, X, Y, Z].

    MONAI's sliding window, with Gaussian weights.
    """
    from monai.inferers import sliding_window_inference

    def own(part: Tensor) -> Tensor:
        return make(part).clone()  # MONAI weights it in place, which must not reach the input

    at_once = max(1, min(TOGETHER, LARGEST_PATCH**3 // math.prod(patch)))
    made = sliding_window_inference(x, patch, at_once, own, overlap=OVERLAP, mode="gaussian", padding_mode="replicate")
    return cast(Tensor, made)


def to_intensities(run: Run, target: Float32Array) -> Float32Array:
    """Return z-scores of a run's target as intensities of the scans that it was trained on.

    Raises InputError where the run does not keep their mean and spread.
    """
    mean, spread = numbers_of_target(run)
    return target * np.float32(spread) + np.float32(mean)


def numbers_of_target(run: Run) -> tuple[float, float]:
    """Return mean and standard deviation of a run's target in the scans that it was trained on.

    Raises InputError where the run does not keep them.
    """
    try:
        numbers = run.settings["recipe"][Z_SCORES]
        place = {name.removesuffix("map"): name for name in numbers}[run.config.target.removesuffix("map")]
        return float(numbers[place]["mean"]), float(numbers[place]["sd"])
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"{run.folder}: config.json: needs mean and sd of {run.config.target}; train the run again"
        ) from error
