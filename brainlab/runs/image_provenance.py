"""What is said of an image that a run made, or that a prepared dataset holds."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.images.provenance import Kind, Provenance
from brainlab.methods.conditions import Told
from brainlab.types import FloatArray

if TYPE_CHECKING:
    from brainlab.runs.run import Run


def made_by(
    run: "Run",
    kind: Kind = "generated",
    *,
    seed: int | None = None,
    draw: int | None = None,
    code: FloatArray | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Provenance:
    """Return the provenance of an image that a run made.

    code: the latent code [*code_shape], or the styles, that it was decoded from; its hash is kept, for the code of a
    scan is the scan as far as the run can draw it. settings: what else decided it, as JSON holds it.
    """
    return Provenance(
        kind=kind,
        run={
            "name": run.name,
            "preset": run.preset,
            "weights_sha256": run.sha256,
            "trained_on": run.origin,
        },
        seed=seed,
        draw=draw,
        code_sha256=None if code is None else hashlib.sha256(np.asarray(code, dtype="<f4").tobytes()).hexdigest(),
        settings=settings or {},
    )


def edited_by(run: "Run", own: Told, wanted: Told, guidance: float) -> Provenance:
    """Return the provenance of a scan that a run decoded under `wanted`: its reconstruction where nothing is changed.

    Only what was changed is told: what the scan shows by itself is the person's.
    """
    changes = {name: wanted.get(name) for name in {**own, **wanted} if own.get(name) != wanted.get(name)}
    if not changes:
        return made_by(run, "reconstructed")
    return made_by(run, settings={"edit": changes, "guidance": guidance})


def translated_by(run: "Run", recipe: str) -> Provenance:
    """Return the provenance of a sequence that a run made of scans which were prepared by a recipe."""
    return made_by(run, "translated", settings={"target": run.config.target, "recipe": recipe})


def of_scan(data: PreparedDataset, row: int) -> Provenance:
    """Return the provenance of an image of a prepared dataset; neither the person nor the dataset is named."""
    return Provenance(kind=data.origin.kind(row), settings={"recipe": data.recipe["name"]})
