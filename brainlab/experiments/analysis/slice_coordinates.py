"""The coordinates of a run that codes volumes slice by slice, read from its network."""

from typing import cast

import numpy as np

from brainlab.latent.slice_coordinates import SliceCoordinates
from brainlab.methods.generator import Stacked
from brainlab.runs.run import Run


def slice_coordinates(run: Run) -> SliceCoordinates:
    """Return the coordinates by which the volumes of a run can be moved. Raises InputError where it has none."""
    run.require("stack")
    gaussian = run.model().gaussian
    mean, root = (np.asarray(values.float().cpu().numpy(), np.float32) for values in (gaussian.mean, gaussian.root))
    return SliceCoordinates(mean, root, cast(Stacked, run.outline).plane)
