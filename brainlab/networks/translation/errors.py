"""How far a synthesised image is from the true one, as networks learn it, by name."""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from brainlab.errors import InputError
from brainlab.networks.translation.regional_losses import l1, normalised_weighted_l1, weighted_l1

ErrorName = Literal["mse", "l1", "weighted-l1", "nwl1"]

Error = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""Synthesised and true images [n, 1, *shape] and the regions of their voxels -> an error of each image [n]."""

BY_REGION = ("weighted-l1", "nwl1")
"""Errors that need regions."""


def mse(made: Tensor, truth: Tensor) -> Tensor:
    """Return the mean square of the differences of each image: [n, *shape], [n, *shape] -> [n]."""
    return (made.float() - truth.float()).square().flatten(1).mean(1)


ERRORS: Mapping[ErrorName, Error] = {
    "mse": lambda made, truth, _: mse(made, truth),
    "l1": lambda made, truth, _: l1(made, truth) / truth[0].numel(),
    "weighted-l1": lambda made, truth, regions: weighted_l1(made, truth, _known(regions)) * truth[0].numel(),
    "nwl1": lambda made, truth, regions: normalised_weighted_l1(made, truth, _known(regions)),
}
"""Each of the size of a difference in one voxel: Adam's division by the gradient's size needs gradients well above
1e-8, and those of one voxel among millions would not be."""


def errors_of(
    name: ErrorName, made: Tensor, truth: Tensor, regions: Tensor | None = None, brain: Tensor | None = None
) -> Tensor:
    """Return the error by name of each image, [n]; of its brain alone where that is given, 0 where it has none.

    made, truth, regions, brain: [n, 1, *shape]. Raises InputError where the error goes by regions and there are none.
    """
    refuse_without_regions(name, regions)
    error = ERRORS[name]
    if brain is None:
        return error(made, truth, regions)
    found = []
    for number, counted in enumerate(brain):
        if not counted.any():
            found.append(made[number].sum() * 0)  # a number that has gradients, all of them 0
            continue
        one = [None if each is None else each[number][counted][None, None] for each in (made, truth, regions)]
        found.append(error(one[0], one[1], one[2])[0])  # type: ignore[arg-type]
    return torch.stack(found)


def refuse_without_regions(name: str, regions: Tensor | None) -> None:
    """Raise InputError where an error goes by regions and there are none."""
    if name in BY_REGION and regions is None:
        raise InputError(
            f"--error {name}: needs segmentations with white matter and lesions, got data without; prepare them with "
            "--segmentations, or choose l1"
        )


def _known(regions: Tensor | None) -> Tensor:
    if regions is None:
        raise InputError("needs the regions of voxels, got none")
    return regions
